package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"gatehouse.example/internal/state/history"
	"gatehouse.example/verdict"
)

// idLimit bounds an id; ours have 26 characters.
const idLimit = 64

// row is an attempt as the table has it.
type row struct {
	id                           string
	at                           int64
	kind                         verdict.Kind
	action                       verdict.Action
	from, claimed, to, requested string
	body                         string
}

// size is what the row takes on the disk, about: its text, the id's second copy in the index, headers.
func (r *row) size() int64 {
	return int64(2*len(r.id) + len(r.from) + len(r.claimed) + len(r.to) + len(r.requested) + len(r.body) + 40)
}

// insertSizes are the numbers of rows that one prepared INSERT takes. Many at a time cost a third less than one by one.
var insertSizes = [...]int{256, 32, 4, 1}

const rowColumns = 9

// appender is what Append reuses from batch to batch.
type appender struct {
	inserts [len(insertSizes)]*sql.Stmt
	rows    []row
	bodies  []byte
	ends    []int
	args    []any
	ids     history.IDs
	tail    // SQLite: what the only writer knows without asking
}

// tail is what is in the database about the end of the history, kept in memory. It goes back when a transaction fails.
type tail struct {
	newest block // the block that is still growing
	total  int64 // the bytes of all blocks
}

// prepareAppend prepares the statements and reads the newest block.
func (s *Store) prepareAppend(ctx context.Context) error {
	a := &s.appender
	for i, n := range insertSizes {
		stmt, err := s.writer.PrepareContext(ctx, s.insertQuery(n))
		if err != nil {
			return fmt.Errorf("store: prepare: %w", err)
		}
		a.inserts[i] = stmt
	}
	if s.dialect == postgresDialect {
		return nil
	}
	return s.write(ctx, "read the newest block", func(tx *sql.Tx) error { return a.load(ctx, tx) })
}

func (a *appender) close() error {
	var errs []error
	for _, stmt := range a.inserts {
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	return errors.Join(errs...)
}

// insertQuery is the INSERT of n rows.
func (s *Store) insertQuery(n int) string {
	return `INSERT INTO attempts (id, at, kind, action, from_key, claimed_key, to_key, requested_key, body) VALUES ` +
		s.placeholders(n, rowColumns) + ` ON CONFLICT (id) DO NOTHING`
}

// Append stores attempts, all or none; see history.Storage.
func (s *Store) Append(ctx context.Context, verdicts []verdict.Verdict) error {
	if len(verdicts) == 0 {
		return nil
	}
	s.appending.Lock()
	defer s.appending.Unlock()
	a := &s.appender
	a.encode(verdicts)
	defer a.release()
	before := a.tail
	err := s.write(ctx, "append attempts", func(tx *sql.Tx) error {
		if err := a.insert(ctx, tx); err != nil {
			return err
		}
		if err := s.noteBlocks(ctx, tx, a.rows); err != nil {
			return err
		}
		return setFeedback(ctx, tx, verdicts)
	})
	if err != nil {
		a.tail = before
	}
	return err
}

// encode makes rows of the verdicts, in the order of their ids: that is the order of the pages.
func (a *appender) encode(verdicts []verdict.Verdict) {
	a.rows, a.bodies, a.ends = a.rows[:0], a.bodies[:0], a.ends[:0]
	for i := range verdicts {
		v := &verdicts[i]
		r := row{id: a.id(v), at: v.Time.UnixMicro(), kind: v.Kind, action: v.Action}
		r.from, r.claimed = keys(v.From.Identity, v.From.Claimed)
		r.to, r.requested = keys(v.To.User, v.To.Requested)
		a.rows = append(a.rows, r)
		a.bodies = appendBody(a.bodies, v)
		a.ends = append(a.ends, len(a.bodies))
	}
	bodies, start := string(a.bodies), 0 // one string for all
	for i, end := range a.ends {
		a.rows[i].body, start = bodies[start:end], end
	}
	slices.SortStableFunc(a.rows, func(x, y row) int { return cmp.Compare(x.id, y.id) })
}

// id returns the verdict's id, or a new one if it came without.
func (a *appender) id(v *verdict.Verdict) string {
	if v.ID == "" {
		return a.ids.New(v.Time)
	}
	return cut(text(v.ID), idLimit)
}

// keys returns the key of the better address and that of the other one where it differs; never only the second.
func keys(better, other string) (first, second string) {
	second = history.Key(other)
	if better == "" || better == other {
		return second, ""
	}
	first = history.Key(better)
	if first == second {
		second = ""
	}
	return first, second
}

func (a *appender) insert(ctx context.Context, tx *sql.Tx) error {
	rows := a.rows
	for i, n := range insertSizes {
		if len(rows) < n {
			continue
		}
		stmt := tx.StmtContext(ctx, a.inserts[i])
		for ; len(rows) >= n; rows = rows[n:] {
			a.args = a.args[:0]
			for j := range rows[:n] {
				r := &rows[j]
				a.args = append(a.args, r.id, r.at, int64(r.kind), int64(r.action), r.from, r.claimed, r.to, r.requested, r.body)
			}
			if _, err := stmt.ExecContext(ctx, a.args...); err != nil {
				return err
			}
		}
	}
	return nil
}

// release lets go of the batch's text and of room that only an unusual batch needs.
func (a *appender) release() {
	const spareBytes = 1 << 20
	clear(a.rows)
	clear(a.args)
	if cap(a.bodies) > spareBytes {
		a.bodies = nil
	}
}
