package store

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"time"
)

// pruneRows is the most that one step removes: about 5 ms during which no batch is stored.
const pruneRows = 1024

// Prune removes the oldest attempts, one step's worth; see history.Storage. The room is used again by new attempts, the file does not shrink.
// How much they take is the sum of their texts, not the size of the file, which is some 10 % more.
func (s *Store) Prune(ctx context.Context, before time.Time, maxBytes int64) (rows int64, err error) {
	s.appending.Lock() // the newest block may change
	defer s.appending.Unlock()
	tail := s.appender.tail
	err = s.write(ctx, "prune attempts", func(tx *sql.Tx) error {
		rows, err = s.pruneOldest(ctx, tx, before, maxBytes)
		return err
	})
	if err != nil {
		s.appender.tail = tail
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
		excess, err := s.excessRows(ctx, tx, oldest, maxBytes)
		if err != nil {
			return 0, err
		}
		n, empty, err := pruneRange(ctx, tx, end, before, excess)
		if err != nil {
			return 0, err
		}
		if n == 0 && !empty {
			return 0, nil
		}
		if err := s.notePruned(ctx, tx, oldest, n, empty); err != nil || n > 0 {
			return n, err
		}
	}
}

// pruneRange removes rows below the id end: as many as are in excess, else those from before a time. It tells whether none is left there.
func pruneRange(ctx context.Context, tx *sql.Tx, end string, before time.Time, excess int64) (n int64, empty bool, err error) {
	const oldest = `SELECT MAX(id) FROM (SELECT id FROM attempts WHERE id < $1 AND at < $2 ORDER BY id LIMIT $3) AS step`
	const remove = `DELETE FROM attempts WHERE id <= $1 AND at < $2` // a range costs less than a list of ids
	limit, until := int64(pruneRows), before.UnixMicro()
	switch {
	case excess > 0:
		limit, until = excess, math.MaxInt64
	case before.IsZero():
		return 0, false, nil
	}
	var last sql.NullString
	if err := tx.QueryRowContext(ctx, oldest, end, until, limit).Scan(&last); err != nil {
		return 0, false, err
	}
	if last.Valid {
		result, err := tx.ExecContext(ctx, remove, last.String, until)
		if err != nil {
			return 0, false, err
		}
		if n, err = result.RowsAffected(); err != nil {
			return 0, false, err
		}
	}
	var left bool
	err = tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM attempts WHERE id < $1)`, end).Scan(&left)
	return n, !left, err
}

// excessRows is how many of the oldest block's rows have to go, at most one step's, so that all together fit into maxBytes.
func (s *Store) excessRows(ctx context.Context, tx *sql.Tx, b *block, maxBytes int64) (int64, error) {
	if maxBytes <= 0 {
		return 0, nil
	}
	total := s.appender.total
	if s.dialect == postgresDialect {
		var err error
		if total, err = sumBytes(ctx, tx); err != nil {
			return 0, err
		}
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
	bytes := b.bytes
	if empty {
		_, err = tx.ExecContext(ctx, `DELETE FROM attempt_blocks WHERE first = $1`, b.first)
	} else {
		bytes = b.bytes * n / max(b.count, n, 1)
		_, err = tx.ExecContext(ctx, `UPDATE attempt_blocks SET count = count - $1, bytes = bytes - $2 WHERE first = $3`, n, bytes, b.first)
	}
	if err != nil || s.dialect == postgresDialect {
		return err
	}
	s.appender.total -= bytes
	if b.first == s.appender.newest.first {
		return s.appender.loadNewest(ctx, tx)
	}
	return nil
}
