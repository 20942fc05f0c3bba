package known

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gatehouse.example/internal/state/keep"
	"gatehouse.example/internal/state/slots"
)

const (
	flushEvery = 30 * time.Second
	keepFor    = 2 * 365 * 24 * time.Hour // what was not used for so long is forgotten
)

// Load reads what is stored. It is called once, before anything is learned.
func (m *Memory) Load(ctx context.Context) error {
	if m.storage == nil {
		return nil
	}
	entries, err := m.storage.LoadKnown(ctx, m.capped)
	if err != nil {
		return fmt.Errorf("known: %w", err)
	}
	for i := range entries {
		m.restore(&entries[i])
		if m.loaded != nil {
			m.loaded(&entries[i])
		}
	}
	return nil
}

func (m *Memory) restore(e *Entry) {
	if e.Owner == "" || e.Peer == "" {
		return
	}
	s := m.Subject(e.Owner, domainOf(e.Owner), e.Peer, e.Last)
	key := s.relation
	m.peers.Lock(key)
	*m.peers.Take(key) = relation{
		first: e.First.Unix(), last: e.Last.Unix(), ham: max(e.Ham, 0), spam: max(e.Spam, 0),
		called: e.Called, answered: e.Answered, messaged: e.Messaged, callBacks: e.CallBacks, talked: e.Talked, imported: e.Imported,
	}
	m.peers.Unlock(key)
	if e.Imported || e.Called > 0 || e.Messaged > 0 {
		m.colleague(&s, e.Last)
	}
	m.newest = max(m.newest, e.Last.Unix())
}

func (r *relation) entry(p Pair) Entry {
	return Entry{
		Owner: p.Owner, Peer: p.Peer, Called: r.called, Answered: r.answered, Messaged: r.messaged, CallBacks: r.callBacks, Talked: r.talked,
		Imported: r.imported, Ham: r.ham, Spam: r.spam, First: time.Unix(r.first, 0).UTC(), Last: time.Unix(r.last, 0).UTC(),
	}
}

// Flush writes what has changed since the last time, in one transaction. What could not be written is tried again with the next.
func (m *Memory) Flush(ctx context.Context) error {
	if m.storage == nil {
		return nil
	}
	m.flushing.Lock()
	defer m.flushing.Unlock()
	m.mu.Lock()
	dirty, newest := m.dirty, m.newest
	m.dirty = make(map[uint64]pair)
	m.mu.Unlock()
	if len(dirty) == 0 {
		return nil
	}
	put := make([]Entry, 0, len(dirty))
	var gone []Pair
	for key, p := range dirty {
		if p.gone {
			gone = append(gone, p.Pair)
		} else if r, ok := m.peers.Get(key); ok {
			put = append(put, r.entry(p.Pair))
		}
	}
	slices.SortFunc(put, func(a, b Entry) int { return cmp.Or(cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Peer, b.Peer)) })
	err := m.storage.PutKnown(ctx, put, gone, time.Unix(newest, 0).Add(-keepFor))
	if err == nil {
		return nil
	}
	m.mu.Lock()
	for key, p := range dirty {
		if _, newer := m.dirty[key]; !newer {
			m.dirty[key] = p
		}
	}
	m.mu.Unlock()
	return fmt.Errorf("known: %w", err)
}

// Run writes what changes until ctx is done, and once more then. report is told of each failure.
func (m *Memory) Run(ctx context.Context, report func(error)) error {
	return keep.Every(ctx, flushEvery, m.Flush, report)
}

// WindowsEvery is how often what [Memory.Windows] keeps is to be saved: what a crash loses at most.
const WindowsEvery = 30 * time.Second

// storedRecent is what the last hours hold, as it is stored; a name never changes its meaning.
type storedRecent struct {
	Touched, Expected, OneRing, Missed, Attempt, Credited int64
	Answered                                              bool
}

// Windows keeps what the last hours hold, which calls are expected above all, between runs with the same seed. Keys are hashes.
func (m *Memory) Windows(storage keep.Storage) *keep.Keeper {
	return keep.NewKeeper(storage, keep.Rows("known-recent-1", m.recents,
		func(r *recent) (storedRecent, bool) {
			return storedRecent{r.touched, r.expected, r.oneRing, r.missed, r.attempt, r.credited, r.answered}, true
		},
		func(s *storedRecent) recent {
			raise(&m.windows, s.Expected) // perhaps it is a window of Expect: then it is looked for
			return recent{s.Touched, s.Expected, s.OneRing, s.Missed, s.Attempt, s.Credited, s.Answered}
		})...)
}

// Stats are figures about the memory.
type Stats struct {
	// Relations and Recent are the rows in use, Octets what all of it takes at most.
	Relations, Recent, Octets int
	// Learned counts what was learned from our users' own calls and messages, Laundered the call-backs to one-ring calls that taught nothing, Refused
	// what owners did who call too many.
	Learned, Laundered, Refused uint64
}

// Stats returns the figures now.
func (m *Memory) Stats() Stats {
	p, r := m.peers.Stats(), m.recents.Stats()
	return Stats{
		Relations: p.Rows, Recent: r.Rows, Octets: sum(p, r),
		Learned: m.learned.Load(), Laundered: m.laundered.Load(), Refused: m.refused.Load(),
	}
}

func sum(tables ...slots.Stats) (octets int) {
	for _, t := range tables {
		octets += t.Octets
	}
	return octets
}
