package proof

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gatehouse.example/internal/state/keep"
)

// flushEvery is how often Run writes. What is lost with a crash is that much of learning, no more.
const flushEvery = 30 * time.Second

// Load reads what is stored. It is called once, before anything is learned.
func (m *Memory) Load(ctx context.Context) error {
	if m.storage == nil {
		return nil
	}
	entries, err := m.storage.LoadProofs(ctx)
	if err != nil {
		return fmt.Errorf("proof: %w", err)
	}
	// The strongest first, so that a smaller memory than before keeps what is worth most.
	slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(b.Proven, a.Proven) })
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range entries {
		m.restore(&entries[i])
	}
	return nil
}

func (m *Memory) restore(s *Entry) {
	e := &entry{
		subject: s.Subject, proven: max(s.Proven, 0), missing: max(s.Missing, 0), updated: s.Updated.UnixNano(),
		first: s.First.UnixNano(), last: s.Last.UnixNano(), numbers: s.Numbers, established: s.Established, signer: s.Signer, repository: s.Repository,
	}
	known, others := e.known[:0], e.others[:0]
	for _, p := range s.Paths {
		if p.Proven > 0 && len(known) < len(e.known) {
			known = append(known, p)
		} else if p.Proven == 0 && len(others) < len(e.others) {
			others = append(others, p)
		}
	}
	pool := poolOf(e.signer)
	switch {
	case m.entries[e.subject] != nil:
		return
	case e.subject.Kind == Peer || e.subject.Kind == Carriage:
		pool = peerPool
	case e.proven >= probation && len(m.old.slots) < m.old.most:
		m.old.add(e, e.updated)
	case len(m.young.slots) < m.young.most:
		m.young.add(e, e.updated)
	default:
		if m.storage != nil {
			m.gone[e.subject] = struct{}{}
		}
		return
	}
	m.entries[e.subject] = e
	m.held[pool]++
}

// stored is an entry as it is kept.
func (e *entry) stored() Entry {
	s := Entry{
		Subject: e.subject, Proven: e.proven, Missing: e.missing, Updated: fromNanos(e.updated), First: fromNanos(e.first), Last: fromNanos(e.last),
		Numbers: e.numbers, Established: e.established, Signer: e.signer, Repository: e.repository,
	}
	for _, p := range e.known {
		if p.Proven > 0 {
			s.Paths = append(s.Paths, p)
		}
	}
	for _, p := range e.others {
		if p.Hash != 0 {
			s.Paths = append(s.Paths, p)
		}
	}
	return s
}

// Flush writes what has changed since the last time, in one transaction. What could not be written is tried again with the next.
func (m *Memory) Flush(ctx context.Context) error {
	if m.storage == nil {
		return nil
	}
	put, gone := m.changes()
	if len(put)+len(gone) == 0 {
		return nil
	}
	err := m.storage.PutProofs(ctx, put, gone)
	if err == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range put {
		if e := m.entries[put[i].Subject]; e != nil {
			m.dirty[e.subject] = struct{}{}
		}
	}
	for _, s := range gone {
		if m.entries[s] == nil {
			m.gone[s] = struct{}{}
		}
	}
	return fmt.Errorf("proof: %w", err)
}

func (m *Memory) changes() (put []Entry, gone []Subject) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for s := range m.dirty {
		if e := m.entries[s]; e != nil {
			put = append(put, e.stored())
		}
	}
	for s := range m.gone {
		gone = append(gone, s)
	}
	clear(m.dirty)
	clear(m.gone)
	slices.SortFunc(put, func(a, b Entry) int { return compareSubjects(a.Subject, b.Subject) })
	slices.SortFunc(gone, compareSubjects)
	return put, gone
}

func compareSubjects(a, b Subject) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Name, b.Name))
}

// Run writes what changes until ctx is done, and once more then. report is told of each failure.
func (m *Memory) Run(ctx context.Context, report func(error)) error {
	return keep.Every(ctx, flushEvery, m.Flush, report)
}

// All returns what is known, strongest first: for people to look at.
func (m *Memory) All() []Entry {
	m.mu.Lock()
	all := make([]Entry, 0, len(m.entries))
	for _, e := range m.entries {
		all = append(all, e.stored())
	}
	m.mu.Unlock()
	slices.SortFunc(all, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(b.Proven, a.Proven), compareSubjects(a.Subject, b.Subject))
	})
	return all
}

// Stats are figures about the memory now.
type Stats struct {
	// Entries is how many subjects are known, Probation how many of them are new.
	Entries, Probation int
	// Refused counts subjects that were not taken in because their signer holds too many.
	Refused uint64
}

// Stats returns the figures now.
func (m *Memory) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Stats{Entries: len(m.entries), Probation: len(m.young.slots), Refused: m.refused}
}
