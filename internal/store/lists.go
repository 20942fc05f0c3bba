package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"gatehouse.example/internal/state/lists"
)

// LoadLists returns the entries of all lists.
func (s *Store) LoadLists(ctx context.Context) ([]lists.Entry, error) {
	const query = `SELECT list, value, kind, note, added, expires FROM list_entries ORDER BY list, value`
	return load(ctx, s, "load lists", query, func(scan func(...any) error) (lists.Entry, error) {
		var e lists.Entry
		var added, expires int64
		err := scan(&e.List, &e.Value, &e.Kind, &e.Note, &added, &expires)
		e.Added, e.Expires = fromMicros(added), fromMicros(expires)
		return e, err
	})
}

// PutEntries stores entries; one of the same list and value is replaced.
func (s *Store) PutEntries(ctx context.Context, entries []lists.Entry) error {
	return s.write(ctx, "put list entries", func(tx *sql.Tx) (err error) {
		var full *sql.Stmt
		if len(entries) >= perStatement {
			if full, err = tx.PrepareContext(ctx, putEntries(perStatement)); err != nil {
				return err
			}
			defer full.Close()
		}
		args := make([]any, 0, entryColumns*perStatement)
		for rest := entries; len(rest) > 0; {
			some := rest[:distinct(rest)]
			args = args[:0]
			for i := range some {
				e := &some[i]
				args = append(args, text(e.List), text(e.Value), int64(e.Kind), text(e.Note), micros(e.Added), micros(e.Expires))
			}
			if len(some) == perStatement {
				_, err = full.ExecContext(ctx, args...)
			} else {
				_, err = tx.ExecContext(ctx, putEntries(len(some)), args...)
			}
			if err != nil {
				return err
			}
			rest = rest[len(some):]
		}
		return nil
	})
}

const (
	// perStatement is how many entries one statement puts: a database at the end of a line is waited for once for all of them. SQLite looks for each
	// parameter among all, so more are slower there.
	perStatement = 32
	entryColumns = 6
)

// distinct is how many of the first entries one statement may put: PostgreSQL changes no row twice in one.
func distinct(entries []lists.Entry) int {
	type key struct{ list, value string }
	seen := make(map[key]struct{}, perStatement)
	for i := range entries[:min(len(entries), perStatement)] {
		k := key{entries[i].List, entries[i].Value}
		if _, again := seen[k]; again {
			return i
		}
		seen[k] = struct{}{}
	}
	return len(seen)
}

// putEntries is the statement that puts n entries.
func putEntries(n int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO list_entries (list, value, kind, note, added, expires) VALUES ")
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		at := i * entryColumns
		fmt.Fprintf(&b, "($%d, $%d, $%d, $%d, $%d, $%d)", at+1, at+2, at+3, at+4, at+5, at+6)
	}
	b.WriteString(" ON CONFLICT (list, value) DO UPDATE SET kind = excluded.kind, note = excluded.note, added = excluded.added, expires = excluded.expires")
	return b.String()
}

// DeleteEntry removes one entry and says whether there was one.
func (s *Store) DeleteEntry(ctx context.Context, list, value string) (bool, error) {
	n, err := s.exec(ctx, "delete a list entry", `DELETE FROM list_entries WHERE list = $1 AND value = $2`, text(list), text(value))
	return n > 0, err
}
