package store

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"

	"gatehouse.example/internal/state/history"
	"gatehouse.example/verdict"
)

// respondRows is how many rows one statement reads or changes.
const respondRows = 256

// Respond sets responses of attempts that are stored already; see history.Storage. The sums by which old attempts are pruned leave the
// response out: it is some twenty octets.
func (s *Store) Respond(ctx context.Context, outcomes []history.Outcome) (missing []string, err error) {
	responses := make(map[string]*verdict.Response, len(outcomes))
	ids := make([]string, 0, len(outcomes))
	for i := range outcomes {
		id := cut(text(outcomes[i].ID), idLimit)
		if responses[id] == nil {
			ids = append(ids, id)
		}
		responses[id] = &outcomes[i].Response
	}
	// Rows are locked in the order of their ids, so that two nodes never wait for each other in a circle.
	slices.Sort(ids)
	err = s.write(ctx, "set responses", func(tx *sql.Tx) error {
		for part := range slices.Chunk(ids, respondRows) {
			if err := s.respondPart(ctx, tx, part, responses); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if responses[id] != nil {
			missing = append(missing, id)
		}
	}
	return missing, nil
}

// respondPart reads and changes one statement's worth of rows. Responses that have found their row become nil.
func (s *Store) respondPart(ctx context.Context, tx *sql.Tx, ids []string, responses map[string]*verdict.Response) error {
	pairs, err := s.answered(ctx, tx, ids, responses)
	if err != nil || len(pairs) == 0 {
		return err
	}
	query := `UPDATE attempts SET body = answered.column2 FROM (VALUES ` + s.placeholders(len(pairs)/2, 2) + `) AS answered WHERE attempts.id = answered.column1`
	_, err = tx.ExecContext(ctx, query, pairs...)
	return err
}

// answered returns the ids that there are with their new bodies, in turn. A body that cannot be read stays as it is.
func (s *Store) answered(ctx context.Context, tx *sql.Tx, ids []string, responses map[string]*verdict.Response) (pairs []any, err error) {
	query := `SELECT id, body FROM attempts WHERE id IN ` + s.placeholders(1, len(ids)) + ` ORDER BY id`
	if s.dialect == postgresDialect {
		query += ` FOR UPDATE` // SQLite has one writer
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var body []byte
		if err := rows.Scan(&id, &body); err != nil {
			return nil, err
		}
		var v verdict.Verdict
		if readBody(body, &v) != nil {
			continue
		}
		v.Response = responses[id]
		responses[id] = nil
		pairs = append(pairs, id, string(appendBody(nil, &v)))
	}
	return pairs, rows.Err()
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
