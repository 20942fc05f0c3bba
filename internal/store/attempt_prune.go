package store

import (
	"context"
	"database/sql"
	"strconv"
	"time"
)

// The most that one step of Prune removes: some milliseconds during which no batch is stored.
const (
	pruneSegments = 8
	pruneRows     = pruneSegments * mergedRows
	pruneNotes    = pruneRows
)

// upkeepLock is the number of PostgreSQL's advisory lock by which one node at a time prunes or joins segments.
const upkeepLock = 0x67617465_73656773

// Prune removes the oldest segments, one step's worth; see history.Storage. A segment is removed when all its attempts are too old, so
// some stay up to an hour longer. The room is used again by new attempts, the file does not shrink. How much they take is
// the sum of the segments, not the size of the file, which is some 10 % more.
func (s *Store) Prune(ctx context.Context, before time.Time, maxBytes int64) (rows int64, err error) {
	err = s.upkeep(ctx, "prune attempts", func(tx *sql.Tx) error {
		excess, err := s.excess(ctx, tx, maxBytes)
		if err != nil {
			return err
		}
		if rows, err = s.pruneOldest(ctx, tx, before, excess); err != nil {
			return err
		}
		return pruneOldNotes(ctx, tx)
	})
	if err != nil {
		return 0, err
	}
	return rows, nil
}

// upkeep runs f in one transaction, in PostgreSQL only if no other node does the like.
func (s *Store) upkeep(ctx context.Context, what string, f func(tx *sql.Tx) error) error {
	s.appending.Lock()
	defer s.appending.Unlock()
	return s.change(ctx, what, func(tx *sql.Tx) error {
		if s.dialect == postgresDialect {
			var mine bool
			err := tx.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock($1)`, int64(upkeepLock)).Scan(&mine)
			if err != nil || !mine {
				return err
			}
		}
		return f(tx)
	})
}

// excess is how many bytes have to go so that all segments together fit into maxBytes.
func (s *Store) excess(ctx context.Context, tx *sql.Tx, maxBytes int64) (int64, error) {
	if maxBytes <= 0 {
		return 0, nil
	}
	total := s.appender.total
	if s.dialect == postgresDialect {
		const query = `SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM attempt_segments`
		if err := tx.QueryRowContext(ctx, query).Scan(&total); err != nil {
			return 0, err
		}
	}
	return max(total-maxBytes, 0), nil
}

// pruneOldest removes segments while they are in excess, or all in them is from before a time.
func (s *Store) pruneOldest(ctx context.Context, tx *sql.Tx, before time.Time, excess int64) (rows int64, err error) {
	if excess == 0 && before.IsZero() {
		return 0, nil
	}
	query := `SELECT segment, first, last, newest, count, bytes FROM attempt_segments ORDER BY last LIMIT ` + strconv.Itoa(pruneSegments)
	oldest, err := readSegments(ctx, tx, query)
	if err != nil {
		return 0, err
	}
	for i := range oldest {
		h := &oldest[i]
		if excess <= 0 && (before.IsZero() || h.newest >= before.UnixMicro()) {
			break
		}
		if err := s.remove(ctx, tx, h); err != nil {
			return 0, err
		}
		excess -= h.bytes
		rows += h.count
	}
	return rows, nil
}

// remove deletes a segment.
func (s *Store) remove(ctx context.Context, tx *sql.Tx, g *segment) error {
	s.appender.total -= g.bytes
	_, err := tx.ExecContext(ctx, `DELETE FROM attempt_segments WHERE segment = $1`, g.number)
	return err
}

// pruneOldNotes removes notes of attempts that are gone: those whose ids are below any that a segment can still have. They follow
// their attempts some hours later.
func pruneOldNotes(ctx context.Context, tx *sql.Tx) error {
	var oldest sql.NullString
	if err := tx.QueryRowContext(ctx, `SELECT MIN(last) FROM attempt_segments`).Scan(&oldest); err != nil || !oldest.Valid {
		return err
	}
	const query = `DELETE FROM attempt_notes WHERE id IN (SELECT id FROM attempt_notes WHERE id < $1 ORDER BY id LIMIT $2)`
	_, err := tx.ExecContext(ctx, query, cut(oldest.String, runPrefix), pruneNotes)
	return err
}

// readSegments returns segments without their contents.
func readSegments(ctx context.Context, tx *sql.Tx, query string, args ...any) (all []segment, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var g segment
		if err := rows.Scan(&g.number, &g.first, &g.last, &g.newest, &g.count, &g.bytes); err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, rows.Err()
}
