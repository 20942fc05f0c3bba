package store

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"unicode/utf8"
)

const (
	tokenFile  = "api.token"
	masterFile = "secret.key"
	masterName = "master"
	secretLen  = 32
)

// Token returns the API's token from the file api.token in folder. The first call makes both: created is true then.
func Token(folder string) (token string, created bool, err error) {
	if err := makeFolder(folder); err != nil {
		return "", false, err
	}
	b, created, err := readOrMake(filepath.Join(folder, tokenFile))
	return string(b), created, err
}

// Key returns 32 octets for one use, such as "nonce" or "record-route": the same for that name each time, on every node that shares
// the store, and telling nothing about the other keys (HKDF, RFC 5869). What they are derived from is made on first use: the file
// secret.key in the data folder, or a row in PostgreSQL.
func (s *Store) Key(ctx context.Context, name string) ([]byte, error) {
	master, err := s.master(ctx)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, master, nil, "gatehouse "+name, secretLen)
	if err != nil {
		return nil, fmt.Errorf("store: key %s: %w", name, err)
	}
	return key, nil
}

func (s *Store) master(ctx context.Context) ([]byte, error) {
	if s.dialect == sqliteDialect {
		b, _, err := readOrMake(filepath.Join(s.folder, masterFile))
		return b, err
	}
	const put = `INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`
	if _, err := s.exec(ctx, "make the key", put, masterName, newSecret()); err != nil {
		return nil, err
	}
	var master []byte
	if err := s.writer.QueryRowContext(ctx, `SELECT value FROM secrets WHERE name = $1`, masterName).Scan(&master); err != nil {
		return nil, fmt.Errorf("store: read the key: %w", err)
	}
	return master, nil
}

func newSecret() []byte {
	b := make([]byte, secretLen)
	rand.Read(b) // never fails: crypto/rand
	return base64.RawURLEncoding.AppendEncode(nil, b)
}

// readOrMake returns the text of a file of one secret, which it makes, whole or not at all, if there is none.
func readOrMake(path string) (secret []byte, created bool, err error) {
	secret, err = readSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, false, err
	}
	temporary, err := writeSecret(filepath.Dir(path), newSecret())
	if err != nil {
		return nil, false, err
	}
	err = os.Link(temporary, path) // unlike a rename it never replaces what another process has made meanwhile
	if removed := os.Remove(temporary); removed != nil && err == nil {
		err = removed
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, false, fmt.Errorf("store: cannot make %s: %w", path, err)
	}
	created = err == nil
	secret, err = readSecret(path)
	return secret, created, err
}

func readSecret(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	b = bytes.TrimSpace(b)
	if len(b) < 16 || bytes.ContainsFunc(b, func(r rune) bool { return r <= ' ' || r >= utf8.RuneSelf || r == 0x7F }) {
		return nil, fmt.Errorf("store: %s holds no secret of 16 or more visible ASCII characters; remove the file and a new one is made", path)
	}
	return b, nil
}

// writeSecret leaves the secret on the disk in a file that only its owner reads (os.CreateTemp: mode 0600).
func writeSecret(folder string, secret []byte) (path string, err error) {
	f, err := os.CreateTemp(folder, ".secret-*")
	if err != nil {
		return "", fmt.Errorf("store: %w", err)
	}
	_, err = f.Write(append(secret, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("store: %w", err), os.Remove(f.Name()))
	}
	return f.Name(), nil
}
