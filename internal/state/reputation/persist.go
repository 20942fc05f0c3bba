package reputation

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gatehouse.example/internal/state/keep"
)

const (
	flushEvery = 30 * time.Second
	keepFor    = 180 * 24 * time.Hour // six half-lives: what is left is 1.6 %
)

// Load reads what is stored. It is called once, before anything is learned.
func (m *Memory) Load(ctx context.Context) error {
	if m.storage == nil {
		return nil
	}
	entries, err := m.storage.LoadReputation(ctx, m.capped)
	if err != nil {
		return fmt.Errorf("reputation: %w", err)
	}
	for i := range entries {
		e := &entries[i]
		key := uint64(m.Key(e.Kind, e.Name))
		m.subjects.Lock(key)
		*m.subjects.Take(key) = subject{evidence: evidence{
			updated: e.Updated.Unix(), good: max(e.Good, 0), bad: max(e.Bad, 0), reached: float32(min(e.Reached, 1<<24)), callees: e.Callees, complaints: max(e.Complaints, 0),
		}}
		m.subjects.Unlock(key)
		m.newest = max(m.newest, e.Updated.Unix())
	}
	return nil
}

// Flush writes what has changed since the last time, in one transaction. What could not be written is tried again with the next.
func (m *Memory) Flush(ctx context.Context) error {
	if m.storage == nil {
		return nil
	}
	m.mu.Lock()
	dirty, newest := m.dirty, m.newest
	m.dirty = make(map[uint64]name)
	m.mu.Unlock()
	if len(dirty) == 0 {
		return nil
	}
	put := make([]Entry, 0, len(dirty))
	for key, n := range dirty {
		if s, ok := m.subjects.Get(key); ok {
			put = append(put, Entry{
				Kind: n.kind, Name: n.text, Good: s.good, Bad: s.bad, Updated: time.Unix(s.updated, 0).UTC(),
				Reached: uint32(s.reached + 0.5), Callees: s.callees, Complaints: s.complaints,
			})
		}
	}
	slices.SortFunc(put, func(a, b Entry) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	err := m.storage.PutReputation(ctx, put, time.Unix(newest, 0).Add(-keepFor))
	if err == nil {
		return nil
	}
	m.mu.Lock()
	for key, n := range dirty {
		m.dirty[key] = n
	}
	m.mu.Unlock()
	return fmt.Errorf("reputation: %w", err)
}

// Run writes what changes until ctx is done, and once more then. report is told of each failure.
func (m *Memory) Run(ctx context.Context, report func(error)) error {
	return keep.Every(ctx, flushEvery, m.Flush, report)
}

// Stats are figures about the memory.
type Stats struct {
	// Subjects, Behaviours and Voters are the rows in use, Octets what all of it takes at most.
	Subjects, Behaviours, Voters, Octets int
	// Votes counts opinions, Damped those of voters who vote all day, Zombies the identities whose behaviour broke.
	Votes, Damped, Zombies uint64
}

// Stats returns the figures now.
func (m *Memory) Stats() Stats {
	s, b, v := m.subjects.Stats(), m.behaviours.Stats(), m.voters.Stats()
	return Stats{
		Subjects: s.Rows, Behaviours: b.Rows, Voters: v.Rows, Octets: s.Octets + b.Octets + v.Octets,
		Votes: m.votes.Load(), Damped: m.damped.Load(), Zombies: m.zombies.Load(),
	}
}
