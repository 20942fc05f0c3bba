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

// appender is what Append reuses from batch to batch.
type appender struct {
	stmt    *sql.Stmt // insertSegment
	newIDs  history.IDs
	entries []entry
	builder builder
	tail    // SQLite: what the only writer knows without asking
}

// tail is kept in memory of what SQLite has. An error makes it unknown, and it is read again.
type tail struct {
	known bool
	last  string // no id is above
	total int64  // the bytes of all segments
}

// prepareAppend prepares the statement and reads the tail.
func (s *Store) prepareAppend(ctx context.Context) error {
	var err error
	if s.appender.stmt, err = s.writer.PrepareContext(ctx, insertSegment); err != nil {
		return fmt.Errorf("store: prepare: %w", err)
	}
	s.appending.Lock()
	defer s.appending.Unlock()
	return s.change(ctx, "read the end of the history", func(*sql.Tx) error { return nil })
}

func (a *appender) close() error {
	if a.stmt == nil {
		return nil
	}
	return a.stmt.Close()
}

// change runs f, which changes segments, in one transaction. The caller holds s.appending. In PostgreSQL f sees one snapshot, and
// fails, to be tried again, where another node has changed the same since.
func (s *Store) change(ctx context.Context, what string, f func(tx *sql.Tx) error) error {
	var options *sql.TxOptions
	if s.dialect == postgresDialect {
		options = &sql.TxOptions{Isolation: sql.LevelRepeatableRead}
	}
	tx, err := s.writer.BeginTx(ctx, options)
	if err == nil {
		if err = s.appender.load(ctx, s.dialect, tx); err == nil {
			err = f(tx)
		}
		if err == nil {
			err = tx.Commit()
		} else {
			_ = tx.Rollback() // the first error is the one to tell
		}
	}
	if err != nil {
		s.appender.known = false
		return fmt.Errorf("store: %s: %w", what, err)
	}
	return nil
}

// load reads the tail if it is unknown.
func (t *tail) load(ctx context.Context, d dialect, tx *sql.Tx) error {
	if t.known || d == postgresDialect {
		return nil
	}
	const query = `SELECT COALESCE(MAX(last), ''), COALESCE(SUM(bytes), 0) FROM attempt_segments`
	if err := tx.QueryRowContext(ctx, query).Scan(&t.last, &t.total); err != nil {
		return err
	}
	t.known = true
	return nil
}

// add notes a segment that has been written.
func (t *tail) add(s *segment) {
	t.last = max(t.last, s.last)
	t.total += s.bytes
}

// Append stores attempts, all or none; see history.Storage.
func (s *Store) Append(ctx context.Context, verdicts []verdict.Verdict) error {
	if len(verdicts) == 0 {
		return nil
	}
	s.appending.Lock()
	defer s.appending.Unlock()
	a := &s.appender
	a.sort(verdicts)
	defer a.release()
	if done, err := s.appendOne(ctx); done || err != nil {
		return err
	}
	return s.change(ctx, "append attempts", func(tx *sql.Tx) error {
		if err := s.dropStored(ctx, tx); err != nil {
			return err
		}
		return a.write(ctx, tx, a.entries, segmentRows)
	})
}

// appendOne is for what comes all the time: one segment, behind all that there is. It needs no look at what is stored, and is
// one statement.
func (s *Store) appendOne(ctx context.Context) (done bool, err error) {
	a := &s.appender
	if s.dialect == postgresDialect || !a.known || a.entries[0].id <= a.last {
		return false, nil
	}
	segment, rest := a.builder.build(a.entries, segmentRows)
	if len(rest) > 0 {
		return false, nil
	}
	if err := segment.insert(ctx, a.stmt); err != nil {
		a.known = false
		return false, fmt.Errorf("store: append attempts: %w", err)
	}
	a.add(segment)
	return true, nil
}

// sort makes entries of the verdicts, in the order of their ids, of which each comes once.
func (a *appender) sort(verdicts []verdict.Verdict) {
	a.entries = a.entries[:0]
	for i := range verdicts {
		a.entries = append(a.entries, entry{a.id(&verdicts[i]), &verdicts[i]})
	}
	a.entries = inOrder(a.entries)
}

// inOrder sorts entries by their ids; of those of one id the first is kept.
func inOrder(entries []entry) []entry {
	order := func(x, y entry) int { return cmp.Compare(x.id, y.id) }
	if !slices.IsSortedFunc(entries, order) {
		slices.SortStableFunc(entries, order)
	}
	return slices.CompactFunc(entries, func(x, y entry) bool { return x.id == y.id })
}

// id returns the verdict's id, or a new one if it came without.
func (a *appender) id(v *verdict.Verdict) string {
	if id := cut(text(v.ID), idLimit); id != "" {
		return id
	}
	return a.newIDs.New(v.Time)
}

// write writes entries as segments of at most limit attempts.
func (a *appender) write(ctx context.Context, tx *sql.Tx, entries []entry, limit int) error {
	stmt := tx.StmtContext(ctx, a.stmt)
	for len(entries) > 0 {
		segment, rest := a.builder.build(entries, limit)
		if err := segment.insert(ctx, stmt); err != nil {
			return err
		}
		a.add(segment)
		entries = rest
	}
	return nil
}

// dropStored takes the attempts that are stored already out of a.entries.
func (s *Store) dropStored(ctx context.Context, tx *sql.Tx) error {
	entries := s.appender.entries
	if s.dialect == sqliteDialect && entries[0].id > s.appender.last {
		return nil
	}
	ids := make([]string, len(entries))
	for i := range entries {
		ids[i] = entries[i].id
	}
	stored, err := find(ctx, tx, ids)
	if err != nil || len(stored) == 0 {
		return err
	}
	s.appender.entries = slices.DeleteFunc(entries, func(e entry) bool { return stored[e.id] })
	return nil
}

// find returns which of the ids, which are in order, are those of stored attempts. What is in damaged segments is not found.
func find(ctx context.Context, tx *sql.Tx, ids []string) (stored map[string]bool, err error) {
	numbers, err := segmentsOf(ctx, tx, ids)
	if err != nil || len(numbers) == 0 {
		return nil, err
	}
	stored = make(map[string]bool, len(ids))
	for _, number := range numbers {
		d, err := openSegment(ctx, tx, number)
		if errors.Is(err, errDamaged) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for d.next() {
			if _, ok := slices.BinarySearch(ids, d.v.ID); ok {
				stored[d.v.ID] = true
			}
		}
	}
	return stored, nil
}

// segmentsOf returns the segments that the filters of ids say may hold some of the ids, which are in order.
func segmentsOf(ctx context.Context, tx *sql.Tx, ids []string) (numbers []int64, err error) {
	const query = `SELECT segment, first, last, ids FROM attempt_segments WHERE last >= $1 AND last <= $2 AND first <= $3 ORDER BY segment`
	rows, err := tx.QueryContext(ctx, query, ids[0], behind(ids[len(ids)-1]), ids[len(ids)-1])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var number int64
		var first, last string
		var f sql.RawBytes
		if err := rows.Scan(&number, &first, &last, &f); err != nil {
			return nil, err
		}
		from, _ := slices.BinarySearch(ids, first)
		for _, id := range ids[from:] {
			if id > last {
				break
			}
			if filter(f).mayHold([]uint64{hashText(idKey, id)}, idHashes) {
				numbers = append(numbers, number)
				break
			}
		}
	}
	return numbers, rows.Err()
}

// openSegment reads the attempts of a segment. sql.ErrNoRows: there is no such segment any more.
func openSegment(ctx context.Context, tx *sql.Tx, number int64) (*decoder, error) {
	var blob []byte
	if err := tx.QueryRowContext(ctx, `SELECT attempts FROM attempt_segments WHERE segment = $1`, number).Scan(&blob); err != nil {
		return nil, err
	}
	return newDecoder(blob)
}

// release lets go of the batch's text and of room that only an unusual batch needs.
func (a *appender) release() {
	clear(a.entries)
	a.builder.release()
}
