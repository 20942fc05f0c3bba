package tokens

import (
	"context"
	"errors"
	"fmt"
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

// ErrDamaged is what Load returns where what is stored is not what was stored. The memory is empty then and learns anew.
var ErrDamaged = errors.New("tokens: the stored memory is damaged; it is left out and learned anew")

// stateName is the memory's name in the storage; the version of its form is part of it.
const stateName = "tokens-2"

// image is the memory as it is stored.
type image struct {
	Keys                     []uint64
	Entries                  []stored
	SenderKeys               []uint64
	Senders                  []stored
	QuietKeys                []uint64 // none in what was stored before there were any
	Quiet                    []stored
	Spam, Ham                int
	Taught                   uint64
	Known                    [3]float64
	Examples                 []storedExample
	Domains, Users, Accounts map[string][2]int
}

type stored struct {
	Spam, Ham, Day uint16
}

type storedExample struct {
	ID                uint64
	Features          []uint64
	Spam, Wide, Local bool
	Domain, User, By  string
	Day               uint16
	Judged            bool
	Held              float32
}

// Load fills the memory from its storage.
func (m *Memory) Load(ctx context.Context) error {
	if m.cfg.Storage == nil {
		return nil
	}
	b, err := m.cfg.Storage.LoadState(ctx, stateName)
	if err != nil {
		return fmt.Errorf("tokens: load: %w", err)
	}
	if len(b) == 0 {
		return nil
	}
	return m.restore(b)
}

// Save stores the memory if it has changed.
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
	img := m.image()
	m.mu.Unlock()
	b, err := keep.Seal(img)
	if err == nil {
		err = m.cfg.Storage.PutState(ctx, stateName, b)
	}
	if err != nil {
		m.mu.Lock()
		m.dirty = true
		m.mu.Unlock()
		return fmt.Errorf("tokens: save: %w", err)
	}
	return nil
}

// saveEvery is how often Run saves.
const saveEvery = 5 * time.Minute

// Run saves the memory from time to time, and once more when ctx ends. Failures are told to complain, and tried again.
func (m *Memory) Run(ctx context.Context, complain func(error)) error {
	return keep.Every(ctx, saveEvery, m.Save, complain)
}

// image copies what is to be stored; features of examples are never changed and need no copy.
func (m *Memory) image() *image {
	img := &image{
		Spam: m.counted.spam, Ham: m.counted.ham, Taught: m.taught,
		Known:   [3]float64{m.held.known.n, m.held.known.mean, m.held.known.square},
		Domains: m.domains.export(), Users: m.users.export(), Accounts: m.accounts.export(),
	}
	img.Keys, img.Entries = m.table.export()
	img.SenderKeys, img.Senders = m.senders.export()
	img.QuietKeys, img.Quiet = m.quiet.export()
	for i := range m.examples.all {
		e := &m.examples.all[i]
		if len(e.features) > 0 {
			img.Examples = append(img.Examples, storedExample{e.id, e.features, e.spam, e.wide, e.local, e.domain, e.user, e.by, e.day, e.judged, e.held})
		}
	}
	return img
}

// restore reads a sealed image.
func (m *Memory) restore(b []byte) error {
	var img image
	if err := keep.Unseal(b, &img); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if len(img.Keys) != len(img.Entries) || len(img.SenderKeys) != len(img.Senders) || len(img.QuietKeys) != len(img.Quiet) {
		return ErrDamaged
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clear()
	m.counted, m.taught = lessons{img.Spam, img.Ham}, img.Taught
	m.table.fill(img.Keys, img.Entries)
	m.senders.fill(img.SenderKeys, img.Senders)
	m.quiet.fill(img.QuietKeys, img.Quiet)
	m.domains.fill(img.Domains)
	m.users.fill(img.Users)
	m.accounts.fill(img.Accounts)
	m.held.known = average{img.Known[0], img.Known[1], img.Known[2]}
	for i := range img.Examples {
		m.examples.add(img.Examples[i].example())
	}
	m.held.fit(m.examples.all)
	return nil
}

func (e *storedExample) example() example {
	return example{
		id: e.ID, features: e.Features, spam: e.Spam, wide: e.Wide, local: e.Local, domain: e.Domain, user: e.User, by: e.By, day: e.Day,
		counted: true, judged: e.Judged, held: e.Held,
	}
}

func (t *table) export() (keys []uint64, entries []stored) {
	for i, k := range t.keys {
		if k != 0 {
			e := &t.entries[i]
			keys, entries = append(keys, k), append(entries, stored{e.spam, e.ham, e.day})
		}
	}
	return keys, entries
}

func (t *table) fill(keys []uint64, entries []stored) {
	for i, k := range keys {
		s := entries[i]
		*t.put(k, s.Day) = entry{spam: s.Spam, ham: s.Ham, day: s.Day}
	}
}

func (c *counter) export() map[string][2]int {
	out := make(map[string][2]int, len(c.by))
	for name, l := range c.by {
		out[name] = [2]int{l.spam, l.ham}
	}
	return out
}

func (c *counter) fill(from map[string][2]int) {
	for name, n := range from {
		c.add(name, true, n[0])
		c.add(name, false, n[1])
	}
}

// Stats are the memory's counters.
type Stats struct {
	Entries, Capacity, Examples, Senders int
	Spam, Ham                            int
	Lessons, Refused, Evicted            uint64
	Bytes                                int
}

// Stats returns counters; Bytes is the memory that is held, about.
func (m *Memory) Stats() Stats {
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := Stats{
		Entries: m.table.used, Capacity: len(m.table.keys), Examples: len(m.examples.all), Senders: m.senders.used, Spam: m.counted.spam, Ham: m.counted.ham,
		Lessons: m.taught, Refused: m.refused, Evicted: m.table.evicted,
	}
	const entrySize = 14
	s.Bytes = entrySize * (len(m.table.keys) + len(m.senders.keys) + len(m.quiet.keys))
	for i := range m.examples.all {
		s.Bytes += 128 + 8*len(m.examples.all[i].features)
	}
	return s
}
