package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// openPostgres connects to nothing yet; the migration does.
func openPostgres(dsn string) (*Store, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("store: data: %w", err) // pgx leaves the password out
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(4)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return &Store{dialect: postgresDialect, writer: db, reader: db, path: "the PostgreSQL database", at: config.Host + ":" + strconv.Itoa(int(config.Port))}, nil
}

// greet tells in a few words why the database cannot be used, where pgx lists each try.
func (s *Store) greet(ctx context.Context) error {
	err := s.writer.PingContext(ctx)
	if err == nil {
		return nil
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		err = refused
	} else {
		err = cause(err)
	}
	return fmt.Errorf("store: PostgreSQL at %s: %w", s.at, err)
}

// cause is the first of the errors at the end of a chain.
func cause(err error) error {
	for {
		var next error
		switch e := err.(type) {
		case interface{ Unwrap() []error }:
			if all := e.Unwrap(); len(all) > 0 {
				next = all[0]
			}
		case interface{ Unwrap() error }:
			next = e.Unwrap()
		}
		if next == nil {
			return err
		}
		err = next
	}
}
