package store

import (
	"context"

	"gatehouse.example/internal/fetch"
)

var _ fetch.Storage = (*Store)(nil)

// LoadFetched returns every chain and CRL that is stored, stale ones too.
func (s *Store) LoadFetched(ctx context.Context) ([]fetch.Entry, error) {
	const query = `SELECT kind, url, body, fetched, fresh, used, strict, proven, pinned FROM fetched ORDER BY kind, url`
	return load(ctx, s, "load certificates", query, func(scan func(...any) error) (fetch.Entry, error) {
		var e fetch.Entry
		var fetched, fresh, used int64
		err := scan(&e.Kind, &e.URL, &e.Body, &fetched, &fresh, &used, &e.Strict, &e.Proven, &e.Pinned)
		e.Fetched, e.Fresh, e.Used = fromMicros(fetched), fromMicros(fresh), fromMicros(used)
		return e, err
	})
}

// SaveFetched adds a chain or CRL or replaces the one of the same kind and URL.
func (s *Store) SaveFetched(ctx context.Context, e fetch.Entry) error {
	const query = `INSERT INTO fetched (kind, url, body, fetched, fresh, used, strict, proven, pinned)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (kind, url) DO UPDATE SET body = excluded.body, fetched = excluded.fetched, fresh = excluded.fresh, used = excluded.used,
			strict = excluded.strict, proven = excluded.proven, pinned = excluded.pinned`
	_, err := s.exec(ctx, "save a certificate", query, int64(e.Kind), text(e.URL), e.Body, micros(e.Fetched), micros(e.Fresh), micros(e.Used),
		e.Strict, e.Proven, e.Pinned)
	return err
}

// DeleteFetched removes a chain or CRL; that there was none is no error.
func (s *Store) DeleteFetched(ctx context.Context, k fetch.Kind, url string) error {
	_, err := s.exec(ctx, "delete a certificate", `DELETE FROM fetched WHERE kind = $1 AND url = $2`, int64(k), text(url))
	return err
}
