package proof

import (
	"fmt"
	"strings"
	"sync"

	"gatehouse.example/verdict"
)

// Config says how much is remembered.
type Config struct {
	// Entries is how many domains, numbers and blocks are remembered, about 400 octets each. Default: 32768.
	Entries int
	// Storage keeps them between runs; nil: nothing does.
	Storage Storage
}

const (
	defaultEntries = 1 << 15
	leastEntries   = 64
	mostPeers      = 1024
	probation      = 2.5 // an entry leaves the part for new ones with its third proof, decay allowed for
)

// Memory learns who always proves to be who it says.
type Memory struct {
	storage Storage
	quota   int // entries of one signer

	mu      sync.Mutex
	entries map[Subject]*entry
	young   ring // new entries, on probation
	old     ring
	held    map[string]int // by signer: entries
	dirty   map[Subject]struct{}
	gone    map[Subject]struct{}
	refused uint64
}

// New returns an empty memory.
func New(cfg Config) (*Memory, error) {
	if cfg.Entries == 0 {
		cfg.Entries = defaultEntries
	}
	if cfg.Entries < leastEntries || cfg.Entries > 1<<24 {
		return nil, fmt.Errorf("proof: entries: %d is not within %d and %d", cfg.Entries, leastEntries, 1<<24)
	}
	return &Memory{
		storage: cfg.Storage, quota: cfg.Entries / 8,
		entries: make(map[Subject]*entry), young: ring{most: cfg.Entries / 4}, old: ring{most: cfg.Entries - cfg.Entries/4},
		held: make(map[string]int), dirty: make(map[Subject]struct{}), gone: make(map[Subject]struct{}),
	}, nil
}

// Look returns what is expected of an attempt that lacks proof, and learns nothing.
func (m *Memory) Look(o *Observation) Expectation {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.look(o, o.Time.UnixNano())
}

// Observe returns what Look returns, and learns from the attempt.
func (m *Memory) Observe(o *Observation) Expectation {
	now := o.Time.UnixNano()
	m.mu.Lock()
	defer m.mu.Unlock()
	x := m.look(o, now)
	m.learn(o, now)
	return x
}

// look finds the strongest expectation that the attempt disappoints.
func (m *Memory) look(o *Observation, now int64) (x Expectation) {
	if o.proven() {
		return x
	}
	var buf [4]Subject
	subjects := o.subjects(buf[:0], o.Domain, o.Number)
	if o.Peer != "" {
		subjects = append(subjects, Subject{Peer, o.method(), o.Peer})
	}
	left := m.left(o, now)
	for _, s := range subjects {
		e := m.entries[s]
		if e == nil || o.Proof == verdict.StirC && s.Kind != Number && s.Kind != Block {
			continue
		}
		strength := e.strength(now)
		if e.weak(o) {
			strength *= weakPart
		}
		part := left
		switch {
		case s.Kind == Peer:
			part = e.lost(now)
		case e.explained(o, now):
			part = min(part, explainedPart)
		}
		if strength *= part; strength > x.Strength {
			x = e.expectation(strength, now, part < 1)
		}
	}
	return x
}

// left is what is left of the surprise at a missing proof because of the peer through which the attempt came: it may hardly ever carry signatures, or lose some.
func (m *Memory) left(o *Observation, now int64) float64 {
	if o.Peer == "" {
		return 1
	}
	if e := m.entries[Subject{Peer, o.method(), o.Peer}]; e != nil && e.bare(now) {
		return explainedPart
	}
	if e := m.entries[Subject{Carriage, o.method(), o.Peer}]; e != nil {
		return e.lost(now)
	}
	return 1
}

// bare says whether a peer hardly ever carries signatures.
func (e *entry) bare(now int64) bool {
	return (e.proven+e.missing)*decay(e.updated, now) >= peerLeast && e.proven < peerShare*(e.proven+e.missing)
}

// Talked takes an attempt that became a conversation. One of a number that always proves itself tells whether the peer through which it came loses proofs: a
// conversation is what genuine calls become, and forged ones hardly ever.
func (m *Memory) Talked(o *Observation) {
	number := ""
	switch o.Proof {
	case verdict.StirA:
		number = o.ProvenNumber
	case verdict.None, verdict.Trunk:
		number = o.Number
	}
	if o.Peer == "" || number == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.entries[Subject{Number, o.method(), number}]
	if e == nil || !e.established {
		return
	}
	if way := m.peer(Subject{Carriage, o.method(), o.Peer}, o.Time.UnixNano()); way != nil {
		way.tally(o.Proof == verdict.StirA, o.Time.UnixNano())
		m.touch(way)
	}
}

// learn takes an attempt in. What local users send (digest) proves nothing about elsewhere.
func (m *Memory) learn(o *Observation, now int64) {
	if o.Proof == verdict.Digest {
		return
	}
	m.learnPeer(o, now)
	var buf [3]Subject
	domain, number := "", ""
	switch o.Proof {
	case verdict.StirURI, verdict.TLS:
		domain = o.ProvenDomain
	case verdict.StirA:
		number = o.ProvenNumber
	case verdict.None, verdict.Trunk:
		for _, s := range o.subjects(buf[:0], o.Domain, o.Number) {
			if e := m.entries[s]; e != nil && e.miss(o, now) {
				m.touch(e)
			}
		}
		return
	}
	for _, s := range o.subjects(buf[:0], domain, number) {
		e := m.entries[s]
		if e == nil {
			if e = m.admit(s, o, now); e == nil {
				continue
			}
		}
		m.owner(e, o)
		e.prove(o, now)
		m.promote(e, now)
		m.touch(e)
	}
}

// learnPeer counts all that comes through a peer: its address is configured, so there is no doubt whose it is.
func (m *Memory) learnPeer(o *Observation, now int64) {
	if o.Peer == "" {
		return
	}
	if e := m.peer(Subject{Peer, o.method(), o.Peer}, now); e != nil {
		e.tally(o.Proof >= verdict.StirURI, now)
		m.touch(e)
	}
}

// peer returns the entry of a subject that is named by a peer, nil where there are too many.
func (m *Memory) peer(s Subject, now int64) *entry {
	e := m.entries[s]
	if e == nil && m.held[peerPool] < mostPeers {
		e = &entry{subject: s, first: now, updated: now, last: now}
		m.entries[s] = e
		m.held[peerPool]++
	}
	return e
}

// The pools that entries without a signer are counted in. Neither can be the name of one, because of the space.
const (
	tlsPool  = " tls"
	peerPool = " peer"
)

func poolOf(signer string) string {
	if signer == "" {
		return tlsPool
	}
	return signer
}

// admit makes an entry for a subject that has just proven itself for the first time, unless its signer holds too many.
func (m *Memory) admit(s Subject, o *Observation, now int64) *entry {
	if m.held[poolOf(o.Signer)] >= m.quota {
		m.refused++
		return nil
	}
	s.Name = strings.Clone(s.Name)
	e := &entry{subject: s, first: now, updated: now, signer: strings.Clone(o.Signer)}
	if out := m.young.add(e, now); out != nil {
		m.forget(out)
		if out == e {
			return nil
		}
	}
	m.entries[s] = e
	m.held[poolOf(e.signer)]++
	return e
}

// owner moves an entry to the account of its new signer. That may put the new one above its quota; then it makes no new entries.
func (m *Memory) owner(e *entry, o *Observation) {
	from, to := poolOf(e.signer), poolOf(o.Signer)
	if from == to {
		return
	}
	m.release(from)
	m.held[to]++
}

func (m *Memory) release(pool string) {
	if m.held[pool]--; m.held[pool] <= 0 {
		delete(m.held, pool)
	}
}

// promote takes an entry off probation.
func (m *Memory) promote(e *entry, now int64) {
	if e.ring != &m.young || e.proven < probation {
		return
	}
	m.young.remove(e)
	out := m.old.add(e, now)
	if out == e {
		out = m.young.add(e, now)
	}
	if out != nil {
		m.forget(out)
	}
}

// forget drops an entry that has lost its place.
func (m *Memory) forget(e *entry) {
	if m.entries[e.subject] != e {
		return
	}
	delete(m.entries, e.subject)
	delete(m.dirty, e.subject)
	m.release(poolOf(e.signer))
	if m.storage != nil {
		m.gone[e.subject] = struct{}{}
	}
}

func (m *Memory) touch(e *entry) {
	if m.storage != nil {
		m.dirty[e.subject] = struct{}{}
		delete(m.gone, e.subject)
	}
}
