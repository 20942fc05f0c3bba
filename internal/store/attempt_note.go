package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"gatehouse.example/internal/state/history"
	"gatehouse.example/verdict"
)

// What becomes known of an attempt after it was stored is a row of its own, laid over the attempt when that is read: segments never change.

// noteRows is how many rows one statement reads or changes.
const noteRows = 256

// Feedback sets what a person says about an attempt and notes when; see history.Storage.
func (s *Store) Feedback(ctx context.Context, id, label string) error {
	if err := history.CheckLabel(label); err != nil {
		return err
	}
	const query = `INSERT INTO attempt_notes (id, feedback, feedback_at) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET feedback = excluded.feedback, feedback_at = excluded.feedback_at`
	id = text(id)
	stored, err := s.stored(ctx, "set feedback", []string{id})
	if err != nil {
		return err
	}
	if !stored[id] {
		return history.ErrNotFound
	}
	_, err = s.exec(ctx, "set feedback", query, id, label, micros(time.Now()))
	return err
}

// Respond sets responses of attempts that are stored already; see history.Storage. The size by which old attempts are pruned leaves them
// out: each takes some fifty octets.
func (s *Store) Respond(ctx context.Context, outcomes []history.Outcome) (missing []string, err error) {
	responses := make(map[string]verdict.Response, len(outcomes))
	for i := range outcomes {
		responses[cut(text(outcomes[i].ID), idLimit)] = outcomes[i].Response
	}
	// Rows are locked in the order of their ids, so that two nodes never wait for each other in a circle.
	ids := slices.Sorted(maps.Keys(responses))
	stored, err := s.stored(ctx, "set responses", ids)
	if err != nil {
		return nil, err
	}
	there := ids[:0:0]
	for _, id := range ids {
		if stored[id] {
			there = append(there, id)
		} else {
			missing = append(missing, id)
		}
	}
	if len(there) == 0 {
		return missing, nil
	}
	err = s.write(ctx, "set responses", func(tx *sql.Tx) error { return s.noteResponses(ctx, tx, there, responses) })
	if err != nil {
		return nil, err
	}
	return missing, nil
}

// stored returns which of the ids, which are in order, are those of stored attempts. Should one of them be pruned before its note is
// written, the note goes with the next that are pruned.
func (s *Store) stored(ctx context.Context, what string, ids []string) (stored map[string]bool, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = s.read(ctx, what, func(tx *sql.Tx) error {
		stored, err = find(ctx, tx, ids)
		return err
	})
	return stored, err
}

func (s *Store) noteResponses(ctx context.Context, tx *sql.Tx, ids []string, responses map[string]verdict.Response) error {
	for part := range slices.Chunk(ids, noteRows) {
		args := make([]any, 0, 3*len(part))
		for _, id := range part {
			r := responses[id]
			args = append(args, id, r.Code, []byte(cut(r.Reason, fieldLimit)))
		}
		query := `INSERT INTO attempt_notes (id, code, reason) VALUES ` + s.placeholders(len(part), 3) +
			` ON CONFLICT (id) DO UPDATE SET code = excluded.code, reason = excluded.reason`
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return err
		}
	}
	return nil
}

// addNotes lays what became known later over attempts.
func (s *Store) addNotes(ctx context.Context, tx *sql.Tx, all []*verdict.Verdict) error {
	for part := range slices.Chunk(all, noteRows) {
		byID := make(map[string]*verdict.Verdict, len(part))
		args := make([]any, len(part))
		for i, v := range part {
			byID[v.ID], args[i] = v, v.ID
		}
		if err := s.addNotesTo(ctx, tx, byID, args); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) addNotesTo(ctx context.Context, tx *sql.Tx, byID map[string]*verdict.Verdict, args []any) error {
	query := `SELECT id, feedback, code, reason FROM attempt_notes WHERE id IN ` + s.placeholders(1, len(args))
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var feedback sql.NullString
		var code sql.NullInt64
		var reason []byte
		if err := rows.Scan(&id, &feedback, &code, &reason); err != nil {
			return err
		}
		v := byID[id]
		if feedback.Valid {
			v.Feedback = feedback.String
		}
		if code.Valid {
			v.Response = &verdict.Response{Code: int(code.Int64), Reason: string(reason)}
			mendText(&v.Response.Reason)
		}
	}
	return rows.Err()
}

// placeholders is rows of columns, as VALUES takes them: ($1, $2), ($3, $4). SQLite gets ? and
// not $1: it looks named parameters up one after the other, which costs more than an insert when there are hundreds.
func (s *Store) placeholders(rows, columns int) string {
	var q strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			q.WriteByte('(')
		case i%columns == 0:
			q.WriteString("), (")
		default:
			q.WriteString(", ")
		}
		if s.dialect == sqliteDialect {
			q.WriteByte('?')
		} else {
			q.WriteString("$" + strconv.Itoa(i+1))
		}
	}
	q.WriteByte(')')
	return q.String()
}
