package store

import (
	"context"
	"database/sql"
	"errors"
)

// prefixLen characters of a ULID are 30 of its 48 bits of time: 17 minutes have the same.
const prefixLen = 6

// noteBlocks adds rows, which are in the order of their ids, to the blocks they belong to.
func (s *Store) noteBlocks(ctx context.Context, tx *sql.Tx, rows []row) error {
	if s.dialect == postgresDialect {
		return noteSums(ctx, tx, rows)
	}
	return s.appender.noteRows(ctx, tx, rows)
}

// noteSums is for several writers: blocks have fixed bounds and are added to in place, in ascending order, so that two nodes never
// wait for each other in a circle.
func noteSums(ctx context.Context, tx *sql.Tx, rows []row) error {
	const query = `INSERT INTO attempt_blocks (first, count, bytes) VALUES ($1, $2, $3)
		ON CONFLICT (first) DO UPDATE SET count = attempt_blocks.count + excluded.count, bytes = attempt_blocks.bytes + excluded.bytes`
	for len(rows) > 0 {
		first := cut(rows[0].id, prefixLen)
		var count, bytes int64
		for len(rows) > 0 && cut(rows[0].id, prefixLen) == first {
			count++
			bytes += rows[0].size()
			rows = rows[1:]
		}
		if _, err := tx.ExecContext(ctx, query, first, count, bytes); err != nil {
			return err
		}
	}
	return nil
}

// noteRows is for the only writer, which knows the newest block. Rows behind its start were recorded late and belong to
// the block that covers their id: the order of blocks is the order of ids.
func (a *tail) noteRows(ctx context.Context, tx *sql.Tx, rows []row) error {
	var late *block
	for i := range rows {
		r := &rows[i]
		a.total += r.size()
		if r.id < a.newest.first {
			var err error
			if late, err = a.lateBlock(ctx, tx, late, r.id); err != nil {
				return err
			}
			late.add(r)
			continue
		}
		if a.newest.count == 0 && a.newest.first == "" {
			a.newest = block{first: r.id}
		} else if a.newest.count >= blockRows && r.id > a.newest.last {
			if err := a.newest.save(ctx, tx); err != nil {
				return err
			}
			a.newest = block{first: r.id}
		}
		a.newest.add(r)
	}
	if late != nil {
		if err := late.save(ctx, tx); err != nil {
			return err
		}
	}
	if a.newest.first == "" {
		return nil
	}
	return a.newest.save(ctx, tx)
}

// lateBlock returns the block that covers id: the given one if it does, else that is saved and the other one read. What is older than
// the oldest block belongs to the oldest.
func (a *tail) lateBlock(ctx context.Context, tx *sql.Tx, have *block, id string) (*block, error) {
	const covering = `SELECT first, count, bytes, filter FROM attempt_blocks WHERE first <= $1 ORDER BY first DESC LIMIT 1`
	const oldest = `SELECT first, count, bytes, filter FROM attempt_blocks ORDER BY first LIMIT 1`
	b, err := readBlock(tx.QueryRowContext(ctx, covering, id))
	if errors.Is(err, sql.ErrNoRows) {
		b, err = readBlock(tx.QueryRowContext(ctx, oldest))
	}
	if err != nil {
		return nil, err
	}
	switch {
	case b.first == a.newest.first:
		b = &a.newest
	case have != nil && have.first == b.first:
		return have, nil
	}
	if have != nil {
		err = have.save(ctx, tx)
	}
	return b, err
}

func (b *block) save(ctx context.Context, tx *sql.Tx) error {
	const query = `INSERT INTO attempt_blocks (first, count, bytes, filter) VALUES ($1, $2, $3, $4)
		ON CONFLICT (first) DO UPDATE SET count = excluded.count, bytes = excluded.bytes, filter = excluded.filter`
	_, err := tx.ExecContext(ctx, query, b.first, b.count, b.bytes, b.filter[:])
	return err
}

func readBlock(r *sql.Row) (*block, error) {
	var b block
	var filter []byte
	if err := r.Scan(&b.first, &b.count, &b.bytes, &filter); err != nil {
		return nil, err
	}
	copy(b.filter[:], filter)
	return &b, nil
}

// load reads the tail from the database.
func (a *tail) load(ctx context.Context, tx *sql.Tx) error {
	var err error
	if a.total, err = sumBytes(ctx, tx); err != nil {
		return err
	}
	return a.loadNewest(ctx, tx)
}

func sumBytes(ctx context.Context, tx *sql.Tx) (total int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM attempt_blocks`).Scan(&total)
	return total, err
}

// loadNewest reads the newest block as it stands in the database.
func (a *tail) loadNewest(ctx context.Context, tx *sql.Tx) error {
	a.newest = block{}
	b, err := readBlock(tx.QueryRowContext(ctx, `SELECT first, count, bytes, filter FROM attempt_blocks ORDER BY first DESC LIMIT 1`))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	var last sql.NullString
	if err := tx.QueryRowContext(ctx, `SELECT MAX(id) FROM attempts`).Scan(&last); err != nil {
		return err
	}
	a.newest = *b
	a.newest.last = max(last.String, b.first)
	return nil
}
