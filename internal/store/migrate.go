package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// migrate runs the steps that the database lacks. Of several nodes that start at once on one PostgreSQL, one does, the others wait.
func (s *Store) migrate(ctx context.Context) error {
	provider, err := s.steps()
	if err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	current, newest, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("store: cannot read %s: %w", s.path, err)
	}
	if current > newest {
		return fmt.Errorf("store: %w: %s has schema %d, this Gatehouse knows schemas up to %d; run the newer one, or restore a backup from before",
			ErrNewer, s.path, current, newest)
	}
	if s.dialect == sqliteDialect { // goose holds a connection while a step in Go uses another
		s.writer.SetMaxOpenConns(2)
		defer s.writer.SetMaxOpenConns(1)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	return nil
}

// steps are all the steps there are.
func (s *Store) steps() (*goose.Provider, error) {
	folder, dialect := "migrations/sqlite", goose.DialectSQLite3
	options := []goose.ProviderOption{
		goose.WithTableName("schema_version"), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()),
		goose.WithGoMigrations(s.convertRows()),
	}
	if s.dialect == postgresDialect {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, err
		}
		folder, dialect = "migrations/postgres", goose.DialectPostgres
		options = append(options, goose.WithSessionLocker(locker))
	}
	folders, err := fs.Sub(migrations, folder)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, s.writer, folders, options...)
}
