package store

import (
	"context"
	"database/sql"

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
	const query = `INSERT INTO list_entries (list, value, kind, note, added, expires) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (list, value) DO UPDATE SET kind = excluded.kind, note = excluded.note, added = excluded.added, expires = excluded.expires`
	return s.write(ctx, "put list entries", func(tx *sql.Tx) error {
		put, err := tx.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		defer put.Close()
		for i := range entries {
			e := &entries[i]
			_, err := put.ExecContext(ctx, text(e.List), text(e.Value), int64(e.Kind), text(e.Note), micros(e.Added), micros(e.Expires))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// DeleteEntry removes one entry and says whether there was one.
func (s *Store) DeleteEntry(ctx context.Context, list, value string) (bool, error) {
	n, err := s.exec(ctx, "delete a list entry", `DELETE FROM list_entries WHERE list = $1 AND value = $2`, text(list), text(value))
	return n > 0, err
}
