package store

import (
	"context"
	"database/sql"
	"errors"

	"gatehouse.example/internal/state/history"
	"gatehouse.example/verdict"
)

// Respond sets the response of an attempt that is stored already; see history.Storage.
func (s *Store) Respond(ctx context.Context, id string, response verdict.Response) error {
	return s.write(ctx, "set response", func(tx *sql.Tx) error {
		var body []byte
		err := tx.QueryRowContext(ctx, `SELECT body FROM attempts WHERE id = $1`, text(id)).Scan(&body)
		if errors.Is(err, sql.ErrNoRows) {
			return history.ErrNotFound
		}
		if err != nil {
			return err
		}
		var v verdict.Verdict
		if err := readBody(body, &v); err != nil {
			return err
		}
		v.Response = &response
		_, err = tx.ExecContext(ctx, `UPDATE attempts SET body = $1 WHERE id = $2`, string(appendBody(nil, &v)), text(id))
		return err
	})
}
