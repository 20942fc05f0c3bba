package store

import (
	"context"
	"fmt"
	"net/netip"

	"gatehouse.example/internal/guard"
)

// LoadBans returns all bans, expired ones too.
func (s *Store) LoadBans(ctx context.Context) ([]guard.Ban, error) {
	const query = `SELECT source, reason, evidence, created, expires FROM bans ORDER BY created, source`
	return load(ctx, s, "load bans", query, func(scan func(...any) error) (guard.Ban, error) {
		var b guard.Ban
		var source string
		var created, expires int64
		if err := scan(&source, &b.Reason, &b.Evidence, &created, &expires); err != nil {
			return b, err
		}
		var err error
		if b.Source, err = netip.ParsePrefix(source); err != nil {
			return b, fmt.Errorf("a ban's source: %w", err)
		}
		b.Created, b.Expires = fromMicros(created), fromMicros(expires)
		return b, nil
	})
}

// SaveBan adds a ban or replaces the one of the same source.
func (s *Store) SaveBan(ctx context.Context, b guard.Ban) error {
	const query = `INSERT INTO bans (source, reason, evidence, created, expires) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (source) DO UPDATE SET reason = excluded.reason, evidence = excluded.evidence, created = excluded.created, expires = excluded.expires`
	_, err := s.exec(ctx, "save a ban", query, b.Source.String(), text(b.Reason), text(b.Evidence), micros(b.Created), micros(b.Expires))
	return err
}

// DeleteBan removes a ban; that there was none is no error.
func (s *Store) DeleteBan(ctx context.Context, source netip.Prefix) error {
	_, err := s.exec(ctx, "delete a ban", `DELETE FROM bans WHERE source = $1`, source.String())
	return err
}
