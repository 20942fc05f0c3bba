package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"gatehouse.example/internal/state/history"
	"gatehouse.example/verdict"
)

func TestSecondInstanceIsRefused(t *testing.T) {
	folder := t.TempDir()
	first, err := Open(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), folder)
	if !errors.Is(err, ErrLocked) {
		t.Fatalf("second: %v", err)
	}
	for _, part := range []string{folder, fmt.Sprintf("process %d", os.Getpid()), "stop it first"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, folder)
}

func TestFilesAreForTheOwnerOnly(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "data ?#%")
	s := open(t, folder)
	if _, err := s.Key(t.Context(), "nonce"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Token(folder); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
		names = append(names, e.Name())
	}
	if got, want := strings.Join(names, " "), "api.token gatehouse.db gatehouse.db-shm gatehouse.db-wal lock secret.key"; got != want {
		t.Errorf("files %s, want %s", got, want)
	}
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", info.Mode(), err)
	}
}

func TestDamagedDatabaseSaysWhatToDo(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, databaseFile)
	if err := os.WriteFile(path, bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), folder)
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "backup") {
		t.Errorf("damaged: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	open(t, folder) // the lock has been given back
}

func TestNewerSchemaIsRefused(t *testing.T) {
	for name, dsn := range map[string]string{"sqlite": t.TempDir(), "postgres": newDatabase(t)} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.exec(t.Context(), "age", `INSERT INTO schema_version (version_id, is_applied) VALUES (999, true)`); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			_, err = Open(t.Context(), dsn)
			if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "999") {
				t.Errorf("newer: %v", err)
			}
		})
	}
}

func TestUnreachablePostgresSaysWhere(t *testing.T) {
	_, err := Open(t.Context(), "postgres://user:hunter2@/db?host="+t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "PostgreSQL") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("unreachable: %v", err)
	}
}

func TestSeveralNodesStartAtOnceAndShareTheKey(t *testing.T) {
	dsn := newDatabase(t)
	keys := make([][]byte, 4)
	var nodes sync.WaitGroup
	for i := range keys {
		nodes.Go(func() {
			s, err := Open(context.Background(), dsn)
			if err != nil {
				t.Error(err)
				return
			}
			keys[i], err = s.Key(context.Background(), "nonce")
			if err = errors.Join(err, s.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	nodes.Wait()
	for _, k := range keys {
		if len(k) != secretLen || !bytes.Equal(k, keys[0]) {
			t.Errorf("keys %x", keys)
		}
	}
}

func TestKeysLastAndDiffer(t *testing.T) {
	for name, dsn := range map[string]string{"sqlite": t.TempDir(), "postgres": newDatabase(t)} {
		t.Run(name, func(t *testing.T) {
			var keys [2][2][]byte
			for run := range keys {
				s, err := Open(t.Context(), dsn)
				if err != nil {
					t.Fatal(err)
				}
				for i, name := range []string{"nonce", "record-route"} {
					if keys[run][i], err = s.Key(t.Context(), name); err != nil {
						t.Fatal(err)
					}
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(keys[0][0], keys[1][0]) || bytes.Equal(keys[0][0], keys[0][1]) {
				t.Errorf("keys %x", keys)
			}
		})
	}
}

func TestTokenIsMadeOnce(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	token, created, err := Token(folder)
	if err != nil || !created || !regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(token) {
		t.Fatalf("%q, %v, %v", token, created, err)
	}
	again, created, err := Token(folder)
	if err != nil || created || again != token {
		t.Errorf("again %q, %v, %v", again, created, err)
	}
	for _, bad := range []string{"short\n", strings.Repeat("\x00", 44), "sixteen and more\xff", "two words, and long enough"} {
		if err := os.WriteFile(filepath.Join(folder, tokenFile), []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Token(folder); err == nil {
			t.Errorf("the token %q is taken", bad)
		}
	}
}

// TestSchemaIsWhatTheMigrationsMake compares schema/ with the outcome of migrations/.
func TestSchemaIsWhatTheMigrationsMake(t *testing.T) {
	const sqliteSchema = `SELECT COALESCE(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'schema_version%' AND name NOT LIKE 'sqlite_%' ORDER BY name`
	const postgresSchema = `SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || COALESCE(column_default, '') || ' ' || COALESCE(collation_name, '')
		FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'schema_version'
		UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'schema_version' ORDER BY 1`
	tests := []struct{ name, query, migrated, empty string }{
		{"sqlite", sqliteSchema, t.TempDir(), t.TempDir()},
		{"postgres", postgresSchema, newDatabase(t), newDatabase(t)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ddl, err := os.ReadFile("schema/" + test.name + ".sql")
			if err != nil {
				t.Fatal(err)
			}
			want := describe(t, open(t, test.migrated), test.query)
			connect := openSQLite
			if IsPostgres(test.empty) {
				connect = openPostgres
			}
			s, err := connect(test.empty)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for statement := range strings.SplitSeq(string(ddl), ";\n") {
				if _, err := s.writer.ExecContext(t.Context(), statement); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			}
			if got := describe(t, s, test.query); got != want {
				t.Errorf("schema/%s.sql makes\n%s\nmigrations make\n%s", test.name, got, want)
			}
		})
	}
}

func describe(t *testing.T, s *Store, query string) string {
	t.Helper()
	lines, err := load(t.Context(), s, "describe", query, func(scan func(...any) error) (string, error) {
		var line string
		err := scan(&line)
		return line, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func TestLostConnectionIsMadeAgain(t *testing.T) {
	s := open(t, newDatabase(t))
	other := open(t, newDatabase(t))
	const kill = `SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL`
	var killed int
	if err := other.writer.QueryRowContext(t.Context(), kill).Scan(&killed); err != nil || killed == 0 {
		t.Fatalf("%d connections ended, %v", killed, err)
	}
	var ids history.IDs
	v := attempt(&ids, noon, "+15551230001")
	eventually(t, "an attempt is stored", func() bool { return s.Append(t.Context(), []verdict.Verdict{v}) == nil })
}
