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
	folder, dialect := "migrations/sqlite", goose.DialectSQLite3
	options := []goose.ProviderOption{
		goose.WithTableName("schema_version"), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()),
	}
	if s.dialect == postgresDialect {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return fmt.Errorf("store: migrate: %w", err)
		}
		folder, dialect = "migrations/postgres", goose.DialectPostgres
		options = append(options, goose.WithSessionLocker(locker))
	}
	steps, err := fs.Sub(migrations, folder)
	if err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	provider, err := goose.NewProvider(dialect, s.writer, steps, options...)
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
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	return nil
}
