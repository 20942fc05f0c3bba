package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"gatehouse.example/internal/state/history"
	"gatehouse.example/verdict"
)

// read runs f in a transaction that sees one state of the database, whatever is appended, joined or removed meanwhile.
func (s *Store) read(ctx context.Context, what string, f func(tx *sql.Tx) error) error {
	var options *sql.TxOptions
	if s.dialect == postgresDialect {
		options = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	tx, err := s.reader.BeginTx(ctx, options)
	if err == nil {
		err = f(tx)
		_ = tx.Rollback() // nothing has changed
	}
	if err != nil && !errors.Is(err, history.ErrNotFound) {
		err = fmt.Errorf("store: %s: %w", what, err)
	}
	return err
}

// Get returns the attempt of that id, or history.ErrNotFound.
func (s *Store) Get(ctx context.Context, id string) (v verdict.Verdict, err error) {
	id = text(id)
	err = s.read(ctx, "get an attempt", func(tx *sql.Tx) error {
		found, err := get(ctx, tx, id)
		if err != nil {
			return err
		}
		v = *found
		return s.addNotes(ctx, tx, []*verdict.Verdict{&v})
	})
	return v, err
}

func get(ctx context.Context, tx *sql.Tx, id string) (*verdict.Verdict, error) {
	numbers, err := segmentsOf(ctx, tx, []string{id})
	if err != nil {
		return nil, err
	}
	err = history.ErrNotFound
	for _, number := range numbers {
		d, derr := openSegment(ctx, tx, number)
		if errors.Is(derr, errDamaged) {
			err = fmt.Errorf("segment %d: %w", number, derr)
			continue
		}
		if derr != nil {
			return nil, derr
		}
		for d.next() {
			if d.v.ID == id {
				v := d.v.Clone()
				mend(v)
				return v, nil
			}
		}
	}
	return nil, err
}

// Query returns attempts, the newest first; see history.Storage.
func (s *Store) Query(ctx context.Context, f history.Filter) (page []verdict.Verdict, next string, err error) {
	limit := f.Page()
	err = s.read(ctx, "query attempts", func(tx *sql.Tx) error {
		found, err := search(ctx, tx, &f, limit+1)
		if err != nil {
			return err
		}
		if len(found) > limit {
			found = found[:limit]
			next = found[limit-1].ID
		}
		for _, v := range found {
			mend(v)
		}
		if err := s.addNotes(ctx, tx, found); err != nil {
			return err
		}
		page = make([]verdict.Verdict, len(found))
		for i, v := range found {
			page[i] = *v
		}
		return nil
	})
	return page, next, err
}

// merge is a search under way. Segments are opened in the order of their last ids, each when its turn has come, and the attempts
// found in the open ones are merged.
type merge struct {
	tx     *sql.Tx
	match  matcher
	heads  heads
	need   int // how many attempts are still asked for
	before string
	open   [][]*verdict.Verdict // each in the order of its ids, none empty
}

// search returns up to limit attempts, the newest first, that may share their text with the segments they are from.
func search(ctx context.Context, tx *sql.Tx, f *history.Filter, limit int) (found []*verdict.Verdict, err error) {
	m := merge{tx: tx, match: newMatcher(f), need: limit, before: text(f.Before)}
	m.heads = heads{tx: tx, wanted: wanted(f), before: m.before}
	for m.need > 0 {
		if err := m.openNewer(ctx); err != nil {
			return nil, err
		}
		i := m.newest()
		if i < 0 {
			return found, nil
		}
		v := m.pop(i)
		if n := len(found); n > 0 && found[n-1].ID == v.ID {
			continue // two nodes have stored it
		}
		found = append(found, v)
		m.need--
	}
	return found, nil
}

// openNewer opens segments until all that are still closed are older than the newest found attempt.
func (m *merge) openNewer(ctx context.Context) error {
	for {
		h, err := m.heads.peek(ctx)
		if err != nil {
			return err
		}
		if i := m.newest(); h == nil || i >= 0 && last(m.open[i]).ID > h.last {
			return nil
		}
		m.heads.skip()
		d, err := openSegment(ctx, m.tx, h.number)
		if err == nil {
			err = m.collect(d)
		}
		if err != nil {
			return fmt.Errorf("segment %d, attempts %s to %s: %w", h.number, h.first, h.last, err)
		}
	}
}

// collect opens a segment: those of its attempts that are asked for, and of these no more than are needed.
func (m *merge) collect(d *decoder) error {
	var found []*verdict.Verdict
	for d.next() {
		if m.before != "" && d.v.ID >= m.before {
			break
		}
		if m.match.matches(&d.v) {
			found = append(found, d.v.Clone())
		}
	}
	if len(found) > 0 {
		m.open = append(m.open, found[max(len(found)-m.need, 0):])
	}
	return d.err()
}

// newest returns which of the open segments has the newest attempt; -1: all have been read. There are a few at most.
func (m *merge) newest() int {
	best := -1
	for i := range m.open {
		if best < 0 || last(m.open[i]).ID > last(m.open[best]).ID {
			best = i
		}
	}
	return best
}

func (m *merge) pop(i int) *verdict.Verdict {
	v := last(m.open[i])
	if m.open[i] = m.open[i][:len(m.open[i])-1]; len(m.open[i]) == 0 {
		m.open = slices.Delete(m.open, i, i+1)
	}
	return v
}

func last(all []*verdict.Verdict) *verdict.Verdict { return all[len(all)-1] }

// matcher says which attempts are asked for.
type matcher struct {
	f        *history.Filter
	from, to string
}

func newMatcher(f *history.Filter) matcher {
	return matcher{f: f, from: history.Key(f.From), to: history.Key(f.To)}
}

func (m *matcher) matches(v *verdict.Verdict) bool {
	return (m.f.Kind == nil || *m.f.Kind == v.Kind) && (m.f.Action == nil || *m.f.Action == v.Action) &&
		(m.f.From == "" || isEither(m.from, v.From.Identity, v.From.Claimed)) &&
		(m.f.To == "" || isEither(m.to, v.To.User, v.To.Requested))
}

func isEither(key, better, other string) bool {
	first, second := keys(better, other)
	return key == first || second != "" && key == second
}
