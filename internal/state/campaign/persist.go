package campaign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gatehouse.example/internal/state/keep"
)

// Storage keeps named states.
type Storage interface {
	// LoadState returns what was put last under a name; nil, nil where there is nothing.
	LoadState(ctx context.Context, name string) ([]byte, error)
	// PutState replaces it.
	PutState(ctx context.Context, name string, state []byte) error
}

// ErrDamaged is what Load returns where what is stored is not what was stored. The memory is empty then.
var ErrDamaged = errors.New("campaign: the stored reports are damaged and left out")

// stateName is the memory's name in the storage; the version of its form is part of it.
const stateName = "campaign-2"

type stored struct {
	Features, Spam, Ham []uint64
	First, Last         time.Time
}

// Load fills the memory from its storage.
func (m *Memory) Load(ctx context.Context) error {
	if m.cfg.Storage == nil {
		return nil
	}
	b, err := m.cfg.Storage.LoadState(ctx, stateName)
	if err != nil {
		return fmt.Errorf("campaign: load: %w", err)
	}
	if len(b) == 0 {
		return nil
	}
	var all []stored
	if err := keep.Unseal(b, &all); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range all[max(0, len(all)-m.cfg.Reports):] {
		r := &report{id: identify(s.Features), features: s.Features, spam: s.Spam, ham: s.Ham, first: s.First, last: s.Last}
		m.reports[r.id] = r
		for _, f := range r.sketch() {
			if l := m.index[f]; len(l) < postings {
				m.index[f] = append(l, r.id)
			}
		}
	}
	return nil
}

// Save stores the reports if they have changed.
func (m *Memory) Save(ctx context.Context) error {
	if m.cfg.Storage == nil {
		return nil
	}
	m.mu.Lock()
	if !m.dirty {
		m.mu.Unlock()
		return nil
	}
	m.dirty = false
	all := make([]stored, 0, len(m.reports))
	for _, r := range m.reports {
		all = append(all, stored{r.features, slices.Clone(r.spam), slices.Clone(r.ham), r.first, r.last})
	}
	m.mu.Unlock()
	slices.SortFunc(all, func(a, b stored) int {
		return cmp.Or(a.Last.Compare(b.Last), slices.Compare(a.Features, b.Features))
	})
	b, err := keep.Seal(all)
	if err == nil {
		err = m.cfg.Storage.PutState(ctx, stateName, b)
	}
	if err != nil {
		m.mu.Lock()
		m.dirty = true
		m.mu.Unlock()
		return fmt.Errorf("campaign: save: %w", err)
	}
	return nil
}

// saveEvery is how often Run saves.
const saveEvery = 5 * time.Minute

// Run saves the reports from time to time, and once more when ctx ends. Failures are told to complain, and tried again.
func (m *Memory) Run(ctx context.Context, complain func(error)) error {
	return keep.Every(ctx, saveEvery, m.Save, complain)
}

// Stats are the memory's counters.
type Stats struct {
	Reports, Capacity, Bytes int
	Evicted                  uint64
}

// Stats returns counters; Bytes is the memory that is held, about.
func (m *Memory) Stats() Stats {
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := Stats{Reports: len(m.reports), Capacity: m.cfg.Reports, Evicted: m.evicted}
	for _, r := range m.reports {
		s.Bytes += 400 + 8*(len(r.features)+len(r.spam)+len(r.ham)) + 16*sketch
	}
	return s
}
