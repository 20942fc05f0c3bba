package store

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sealFile holds the checksums of what a clean stop leaves behind: SQLite has none, so a bit that flips on the disk would change a number on a list, and nobody
// would know. It is gone while the store is open; after a crash the form of the tables is checked instead, and SQLite's log has checksums of its own.
const sealFile = "gatehouse.sum"

// sealed are the files that a seal covers.
var sealed = [...]string{databaseFile, masterFile}

// verifySeal compares the files with their checksums and takes the seal away. found tells whether there was one, missing which of its files are gone.
func verifySeal(folder string) (found bool, missing []string, err error) {
	seal := filepath.Join(folder, sealFile)
	text, err := os.ReadFile(seal)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil, nil
	}
	if err != nil {
		return false, nil, fmt.Errorf("store: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		sum, name, ok := strings.Cut(line, "  ")
		if name, ok = strings.CutSuffix(name, "\n"); !ok || !slices.Contains(sealed[:], name) {
			return false, nil, damaged(seal, seal, "it is no file of checksums")
		}
		path := filepath.Join(folder, name)
		switch now, err := fileSum(path); {
		case errors.Is(err, fs.ErrNotExist): // lost, or moved away to begin anew
			missing = append(missing, path)
		case err != nil:
			return false, nil, fmt.Errorf("store: %w", err)
		case now != sum:
			return false, nil, damaged(path, seal, "its checksum is "+now+", and was "+sum+" when it was closed")
		}
	}
	if err := os.Remove(seal); err != nil {
		return false, nil, fmt.Errorf("store: cannot write the data folder: %w", err)
	}
	return len(text) > 0, missing, nil // a power failure may leave an empty one, which vouches for nothing
}

func damaged(path, seal, what string) error {
	return fmt.Errorf("store: %w: %s: %s; restore a backup of it, or remove %s if you have changed it yourself or want to go on with what is left",
		ErrCorrupt, path, what, seal)
}

// seal writes the checksums of a store that is closed.
func seal(folder string) error {
	if _, err := os.Stat(filepath.Join(folder, databaseFile+"-wal")); err == nil {
		return nil // somebody else has the database open
	}
	var text strings.Builder
	for _, name := range sealed {
		sum, err := fileSum(filepath.Join(folder, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%s  %s\n", sum, name)
	}
	temporary := filepath.Join(folder, sealFile+".new")
	if err := os.WriteFile(temporary, []byte(text.String()), 0o600); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return os.Rename(temporary, filepath.Join(folder, sealFile))
}

// fileSum is the CRC-32C of a file and its size: processors reckon it as fast as they read.
func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	n, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, make([]byte, 1<<20))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%08x-%d", h.Sum32(), n), nil
}

// inspect checks the form of all tables but those of the history, which is large and has checksums of its own.
func (s *Store) inspect(ctx context.Context) error {
	const tables = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'attempt%' AND name NOT LIKE 'sqlite_%'`
	names, err := load(ctx, s, "inspect", tables, oneText)
	if err != nil {
		return err
	}
	for _, name := range names {
		found, err := load(ctx, s, "inspect "+name, `PRAGMA quick_check('`+name+`')`, oneText)
		if err != nil {
			return err
		}
		if len(found) > 0 && found[0] != "ok" {
			return fmt.Errorf("store: %w: table %s of %s: %s; restore a backup of it, or move it and its -wal file away to start empty", ErrCorrupt, name, s.path, found[0])
		}
	}
	return nil
}

func oneText(scan func(...any) error) (text string, err error) {
	err = scan(&text)
	return text, err
}
