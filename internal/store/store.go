// Package store keeps everything that lasts: the history of attempts, lists, bans, users and bindings.
//
// It implements the Storage interfaces that the state packages declare, over SQLite in the data folder (the default) or over
// PostgreSQL, which several nodes may share. One set of queries serves both; SQL stands in strings beside the methods that use
// it, and nowhere outside this package. What a method writes it writes in one transaction; all may be called from any
// goroutine.
//
// With SQLite the store holds a lock on the data folder as long as it is open: one process at a time. Writes go through one
// connection, reads through a small pool beside it (WAL), so neither waits for the other. Page caches are bounded, about 8 MB in all. A commit is in the
// operating system's hands when a method returns: it outlives the process in any case; a power failure may take the last seconds
// (synchronous=NORMAL), never the database.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"gatehouse.example/internal/guard"
	"gatehouse.example/internal/state/account"
	"gatehouse.example/internal/state/binding"
	"gatehouse.example/internal/state/history"
	"gatehouse.example/internal/state/lists"
)

// Errors of this package; test with errors.Is. The text of what Open returns says what to do.
var (
	// ErrLocked says that another process has the data folder open.
	ErrLocked = errors.New("the data folder is in use")
	// ErrCorrupt says that the database file is damaged or is no database.
	ErrCorrupt = errors.New("the database is damaged")
	// ErrNewer says that a newer version of Gatehouse has written the data.
	ErrNewer = errors.New("the data is of a newer version")
)

var (
	_ history.Storage = (*Store)(nil)
	_ lists.Storage   = (*Store)(nil)
	_ guard.Storage   = (*Store)(nil)
	_ account.Storage = (*Store)(nil)
	_ binding.Storage = (*Store)(nil)
)

// Store is an open store.
type Store struct {
	dialect dialect
	writer  *sql.DB
	reader  *sql.DB
	lock    *os.File // SQLite: holds the folder
	folder  string   // SQLite
	sealed  bool     // SQLite: it was closed cleanly, and nothing has changed since
	missing []string // SQLite: files that were there when it was closed
	ready   bool     // it was opened, and is to be sealed when it is closed
	path    string   // SQLite: the database file; PostgreSQL: "the PostgreSQL database"
	at      string   // PostgreSQL: host and port

	appending sync.Mutex
	appender  appender // guarded by appending
}

// Missing returns the files that the last clean stop left and that were gone when
// the store was opened: it has made new ones, which hold nothing of what was in them.
func (s *Store) Missing() []string { return s.missing }

type dialect uint8

const (
	sqliteDialect dialect = iota
	postgresDialect
)

// Open opens the store that dsn names, makes it if there is none, and brings its schema up to date. dsn is a folder (SQLite inside)
// or a postgres:// URL.
func Open(ctx context.Context, dsn string) (*Store, error) {
	var s *Store
	var err error
	if IsPostgres(dsn) {
		s, err = openPostgres(dsn)
	} else {
		s, err = openSQLite(dsn)
	}
	if err != nil {
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(s.explain(err), s.Close())
	}
	return s, nil
}

// IsPostgres tells whether dsn names a PostgreSQL database; else it is a folder.
func IsPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

func (s *Store) prepare(ctx context.Context) error {
	if s.dialect == sqliteDialect && !s.sealed {
		if err := s.inspect(ctx); err != nil {
			return err
		}
	}
	if s.dialect == postgresDialect {
		if err := s.greet(ctx); err != nil {
			return err
		}
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if err := s.prepareAppend(ctx); err != nil {
		return err
	}
	s.ready = true
	return nil
}

// Close closes the database and gives the folder free.
func (s *Store) Close() error {
	errs := []error{s.appender.close()}
	if s.reader != nil && s.reader != s.writer {
		errs = append(errs, s.reader.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.Close())
	}
	if s.ready && s.dialect == sqliteDialect && errors.Join(errs...) == nil {
		_ = seal(s.folder) // without one the next start only looks less closely
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("store: close: %w", err)
	}
	return nil
}

// write runs f in one transaction on the writing connection. what names it in errors: "store: append attempts: …".
func (s *Store) write(ctx context.Context, what string, f func(tx *sql.Tx) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err == nil {
		if err = f(tx); err == nil {
			err = tx.Commit()
		} else {
			_ = tx.Rollback() // the first error is the one to tell
		}
	}
	if err != nil {
		return fmt.Errorf("store: %s: %w", what, err)
	}
	return nil
}

// exec runs one statement that is a transaction by itself and returns how many rows it changed.
func (s *Store) exec(ctx context.Context, what, query string, args ...any) (int64, error) {
	result, err := s.writer.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, fmt.Errorf("store: %s: %w", what, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("store: %s: %w", what, err)
	}
	return n, nil
}

// load reads all rows of a query; row scans one.
func load[T any](ctx context.Context, s *Store, what, query string, row func(scan func(...any) error) (T, error), args ...any) ([]T, error) {
	rows, err := s.reader.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", what, s.explain(err))
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := row(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("store: %s: %w", what, err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: %s: %w", what, s.explain(err))
	}
	return all, nil
}
