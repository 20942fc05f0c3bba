package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pressly/goose/v3"

	"gatehouse.example/verdict"
)

// Up to schema 3 each attempt was a row of the table attempts. This step moves them into segments: as many at a time as make
// one segment, each time in a transaction of its own, so that a start that is broken off goes on where it was. About 30,000 attempts
// a second are moved with SQLite, 14,000 with PostgreSQL.

// segmentsVersion is the step that moves the rows; the one before it makes the tables.
const segmentsVersion = 5

// convertRows is the migration.
func (s *Store) convertRows() *goose.Migration {
	return goose.NewGoMigration(segmentsVersion, &goose.GoFunc{RunDB: func(ctx context.Context, _ *sql.DB) error {
		return s.moveRows(ctx)
	}}, nil)
}

func (s *Store) moveRows(ctx context.Context) error {
	s.appending.Lock()
	defer s.appending.Unlock()
	stmt, err := s.writer.PrepareContext(ctx, insertSegment)
	if err != nil {
		return fmt.Errorf("store: prepare: %w", err)
	}
	s.appender.stmt = stmt
	for more := true; more; {
		err := s.change(ctx, "move attempts", func(tx *sql.Tx) (err error) {
			more, err = s.moveSome(ctx, tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	if err := s.appender.close(); err != nil {
		return err
	}
	return s.write(ctx, "move attempts", func(tx *sql.Tx) error {
		for _, table := range []string{"attempts", "attempt_blocks"} {
			if _, err := tx.ExecContext(ctx, `DROP TABLE IF EXISTS `+table); err != nil {
				return err
			}
		}
		return nil
	})
}

// moveSome moves the oldest rows.
func (s *Store) moveSome(ctx context.Context, tx *sql.Tx) (more bool, err error) {
	if there, err := s.hasRows(ctx, tx); err != nil || !there {
		return false, err
	}
	entries, err := oldRows(ctx, tx)
	if err != nil || len(entries) == 0 {
		return false, err
	}
	defer s.appender.builder.release()
	if err := s.appender.write(ctx, tx, entries, segmentRows); err != nil {
		return false, err
	}
	newest := entries[len(entries)-1].id
	const notes = `INSERT INTO attempt_notes (id, feedback, feedback_at)
		SELECT id, feedback, feedback_at FROM attempts WHERE id <= $1 AND feedback_at <> 0`
	if _, err := tx.ExecContext(ctx, notes, newest); err != nil {
		return false, err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM attempts WHERE id <= $1`, newest)
	return true, err
}

// hasRows tells whether there is still a table of rows: a start may have been broken off after it had gone.
func (s *Store) hasRows(ctx context.Context, tx *sql.Tx) (there bool, err error) {
	query := `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'attempts')`
	if s.dialect == postgresDialect {
		query = `SELECT to_regclass('attempts') IS NOT NULL`
	}
	err = tx.QueryRowContext(ctx, query).Scan(&there)
	return there, err
}

func oldRows(ctx context.Context, tx *sql.Tx) (entries []entry, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, at, kind, action, body FROM attempts ORDER BY id LIMIT $1`, segmentRows)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		v := new(verdict.Verdict)
		var at int64
		var kind, action uint8
		var body []byte
		if err := rows.Scan(&v.ID, &at, &kind, &action, &body); err != nil {
			return nil, err
		}
		v.Time, v.Kind, v.Action = time.UnixMicro(at).UTC(), verdict.Kind(kind), verdict.Action(action)
		if readOldBody(body, v) != nil {
			// What cannot be read keeps nothing back: what had columns stays.
			v = &verdict.Verdict{ID: v.ID, Time: v.Time, Kind: v.Kind, Action: v.Action}
		}
		entries = append(entries, entry{v.ID, v})
	}
	return entries, rows.Err()
}

// readOldBody reads the JSON array that a row had:
//
//	[mode, would, score, proof, claimed, display, identity, requested, user, alias, address, transport, peer, user agent,
//	 introduction, elapsed µs, response code or 0, response reason, [[signal's name, strength, weight, score, evidence], …]]
func readOldBody(body []byte, v *verdict.Verdict) error {
	var mode, would, proof uint8
	var response verdict.Response
	var signals []oldSignal
	fields := []any{&mode, &would, &v.Score, &proof, &v.From.Claimed, &v.From.Display, &v.From.Identity, &v.To.Requested, &v.To.User,
		&v.To.Alias, &v.Source.Address, &v.Source.Transport, &v.Source.Peer, &v.Source.UserAgent, &v.Introduction, &v.ElapsedUS,
		&response.Code, &response.Reason, &signals}
	if err := json.Unmarshal(body, &fields); err != nil {
		return err
	}
	v.Mode, v.Would, v.From.Proof = verdict.Mode(mode), verdict.Action(would), verdict.Proof(proof)
	if response.Code != 0 {
		v.Response = &response
	}
	v.Signals = make(verdict.Signals, len(signals))
	for i := range signals {
		v.Signals[i] = verdict.Signal(signals[i])
	}
	return nil
}

type oldSignal verdict.Signal

// UnmarshalJSON reads an array.
func (s *oldSignal) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&s.Name, &s.Strength, &s.Weight, &s.Score, &s.Evidence})
}
