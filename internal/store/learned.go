package store

import (
	"context"
	"database/sql"

	"gatehouse.example/internal/state/campaign"
	"gatehouse.example/internal/state/tokens"
)

var (
	_ tokens.Storage   = (*Store)(nil)
	_ campaign.Storage = (*Store)(nil)
)

// statePart is how large a row of a state is at most: PostgreSQL and SQLite both like many small rows better than a large one.
const statePart = 1 << 20

// LoadState returns what was put last under a name; nil where there is nothing.
func (s *Store) LoadState(ctx context.Context, name string) ([]byte, error) {
	const query = `SELECT data FROM states WHERE name = $1 ORDER BY part`
	parts, err := load(ctx, s, "load state", query, func(scan func(...any) error) (part []byte, err error) {
		err = scan(&part)
		return part, err
	}, name)
	if err != nil {
		return nil, err
	}
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return all, nil
}

// PutState replaces the state of a name, all of it or nothing.
func (s *Store) PutState(ctx context.Context, name string, state []byte) error {
	return s.write(ctx, "put state", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM states WHERE name = $1`, name); err != nil {
			return err
		}
		for part := 0; len(state) > 0; part++ {
			n := min(len(state), statePart)
			if _, err := tx.ExecContext(ctx, `INSERT INTO states (name, part, data) VALUES ($1, $2, $3)`, name, int64(part), state[:n]); err != nil {
				return err
			}
			state = state[n:]
		}
		return nil
	})
}
