package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// pruneRows is the most that one step removes: about 5 ms during which no batch is stored.
const pruneRows = 1024

// Prune removes the oldest attempts, one step's worth; see history.Storage. The room is used again by new attempts, the file does not shrink.
// How much they take is the sum of their texts, not the size of the file, which is some 10 % more.
func (s *Store) Prune(ctx context.Context, before time.Time, maxBytes int64) (rows int64, err error) {
	s.appending.Lock() // the newest block may change
	defer s.appending.Unlock()
	newest := s.appender.newest
	err = s.write(ctx, "prune attempts", func(tx *sql.Tx) error {
		rows, err = s.pruneOldest(ctx, tx, before, maxBytes)
		return err
	})
	if err != nil {
		s.appender.newest = newest
		return 0, err
	}
	return rows, nil
}

// pruneOldest works on the oldest block that has rows; a block that is empty goes with it.
func (s *Store) pruneOldest(ctx context.Context, tx *sql.Tx, before time.Time, maxBytes int64) (int64, error) {
	for {
		oldest, err := readBlock(tx.QueryRowContext(ctx, `SELECT first, count, bytes, filter FROM attempt_blocks ORDER BY first LIMIT 1`))
		if errors.Is(err, sql.ErrNoRows) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		var next sql.NullString
		if err := tx.QueryRowContext(ctx, `SELECT MIN(first) FROM attempt_blocks WHERE first > $1`, oldest.first).Scan(&next); err != nil {
			return 0, err
		}
		end := lastID
		if next.Valid {
			end = next.String
		}
		n, empty, err := oldest.prune(ctx, tx, end, before, maxBytes)
		if err != nil {
			return 0, err
		}
		if err := s.notePruned(ctx, tx, oldest, n, empty); err != nil {
			return 0, err
		}
		if n > 0 || !empty {
			return n, nil
		}
	}
}

// prune removes rows of the oldest block, which ends before the id end, and tells whether none is left.
func (b *block) prune(ctx context.Context, tx *sql.Tx, end string, before time.Time, maxBytes int64) (n int64, empty bool, err error) {
	const byAge = `DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE id < $1 AND at < $2 ORDER BY id LIMIT $3)`
	const bySize = `DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE id < $1 ORDER BY id LIMIT $2)`
	excess, err := excessRows(ctx, tx, b, maxBytes)
	if err != nil {
		return 0, false, err
	}
	var result sql.Result
	switch {
	case excess > 0:
		result, err = tx.ExecContext(ctx, bySize, end, excess)
	case !before.IsZero():
		result, err = tx.ExecContext(ctx, byAge, end, before.UnixMicro(), int64(pruneRows))
	default:
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	if n, err = result.RowsAffected(); err != nil {
		return 0, false, err
	}
	var left bool
	err = tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM attempts WHERE id < $1)`, end).Scan(&left)
	return n, !left, err
}

// excessRows is how many of the oldest block's rows have to go, at most one step's, so that all together fit into maxBytes.
func excessRows(ctx context.Context, tx *sql.Tx, b *block, maxBytes int64) (int64, error) {
	if maxBytes <= 0 {
		return 0, nil
	}
	var total int64
	if err := tx.QueryRowContext(ctx, `SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM attempt_blocks`).Scan(&total); err != nil {
		return 0, err
	}
	if total <= maxBytes {
		return 0, nil
	}
	perRow := max(b.bytes/max(b.count, 1), 1)
	return min((total-maxBytes)/perRow+1, pruneRows), nil
}

// notePruned takes n rows off the block, or the block away.
func (s *Store) notePruned(ctx context.Context, tx *sql.Tx, b *block, n int64, empty bool) error {
	var err error
	switch {
	case empty:
		_, err = tx.ExecContext(ctx, `DELETE FROM attempt_blocks WHERE first = $1`, b.first)
	case n > 0:
		bytes := b.bytes * n / max(b.count, n)
		_, err = tx.ExecContext(ctx, `UPDATE attempt_blocks SET count = count - $1, bytes = bytes - $2 WHERE first = $3`, n, bytes, b.first)
	}
	if err == nil && s.dialect == sqliteDialect && b.first == s.appender.newest.first {
		err = s.appender.loadNewest(ctx, tx)
	}
	return err
}
