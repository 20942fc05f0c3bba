package store

import (
	"context"
	"encoding/json"
	"fmt"

	"gatehouse.example/internal/state/account"
)

// LoadUsers returns every user.
func (s *Store) LoadUsers(ctx context.Context) ([]account.User, error) {
	const query = `SELECT aor, ha1, ha1_full, created FROM users ORDER BY aor`
	return load(ctx, s, "load users", query, func(scan func(...any) error) (account.User, error) {
		var u account.User
		var ha1, full []byte
		var created int64
		if err := scan(&u.AoR, &ha1, &full, &created); err != nil {
			return u, err
		}
		if err := json.Unmarshal(ha1, &u.HA1); err != nil {
			return u, fmt.Errorf("keys of %s: %w", u.AoR, err)
		}
		if err := json.Unmarshal(full, &u.HA1Full); err != nil {
			return u, fmt.Errorf("keys of %s: %w", u.AoR, err)
		}
		u.Created = fromMicros(created)
		return u, nil
	})
}

// PutUser adds a user or replaces the one of the same AoR.
func (s *Store) PutUser(ctx context.Context, u account.User) error {
	const query = `INSERT INTO users (aor, ha1, ha1_full, created) VALUES ($1, $2, $3, $4)
		ON CONFLICT (aor) DO UPDATE SET ha1 = excluded.ha1, ha1_full = excluded.ha1_full, created = excluded.created`
	ha1, err := json.Marshal(u.HA1)
	if err != nil {
		return fmt.Errorf("store: put a user: %w", err)
	}
	full, err := json.Marshal(u.HA1Full)
	if err != nil {
		return fmt.Errorf("store: put a user: %w", err)
	}
	_, err = s.exec(ctx, "put a user", query, text(u.AoR), string(ha1), string(full), micros(u.Created))
	return err
}

// DeleteUser removes a user and tells whether there was one.
func (s *Store) DeleteUser(ctx context.Context, aor string) (bool, error) {
	n, err := s.exec(ctx, "delete a user", `DELETE FROM users WHERE aor = $1`, text(aor))
	return n > 0, err
}
