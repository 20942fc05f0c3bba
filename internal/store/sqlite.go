package store

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

const databaseFile = "gatehouse.db"

// openSQLite locks the folder and opens the database in it.
//
// The checkpoint comes every 2000 pages (8 MB): a page that several commits change is copied back once. The caches: 4 MB for
// the writer, 1 MB for each of four readers.
func openSQLite(folder string) (*Store, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := makeFolder(folder); err != nil {
		return nil, err
	}
	lock, err := lockFolder(folder)
	if err != nil {
		return nil, err
	}
	s := &Store{dialect: sqliteDialect, lock: lock, folder: folder, path: filepath.Join(folder, databaseFile)}
	if s.sealed, s.missing, err = verifySeal(folder); err == nil {
		err = s.openFile()
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) openFile() error {
	// SQLite gives its -wal and -shm files the mode of the database.
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("store: cannot write the database: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	common := []string{"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(NORMAL)", "temp_store(MEMORY)"}
	if s.writer, err = sql.Open("sqlite", s.uri(append(common, "cache_size(-4000)", "wal_autocheckpoint(2000)", "journal_size_limit(67108864)"), "immediate")); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	s.writer.SetMaxOpenConns(1)
	if s.reader, err = sql.Open("sqlite", s.uri(append(common, "cache_size(-1000)", "query_only(1)"), "deferred")); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	s.reader.SetMaxOpenConns(4)
	s.reader.SetMaxIdleConns(2)
	return nil
}

func (s *Store) uri(pragmas []string, txlock string) string {
	u := url.URL{Scheme: "file", Path: s.path, RawQuery: url.Values{"_pragma": pragmas, "_txlock": {txlock}}.Encode()}
	return u.String()
}

func makeFolder(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("store: cannot make the data folder: %w", err)
	}
	return nil
}

// explain adds what to do to the errors that a person has to mend.
func (s *Store) explain(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xFF {
	case codes.SQLITE_CORRUPT, codes.SQLITE_NOTADB:
		return fmt.Errorf("store: %w: %s cannot be read (%v); restore a backup of it, or move it and its -wal file away to start empty",
			ErrCorrupt, s.path, err)
	case codes.SQLITE_READONLY, codes.SQLITE_CANTOPEN, codes.SQLITE_PERM:
		return fmt.Errorf("store: cannot open %s; the user that runs Gatehouse must be able to write the file and its folder: %w", s.path, err)
	case codes.SQLITE_FULL:
		return fmt.Errorf("store: no room left for %s; free some, or choose another folder with `data:`: %w", s.path, err)
	}
	return err
}
