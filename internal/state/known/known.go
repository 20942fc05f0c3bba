// Package known remembers whom our users know: white lists that fill themselves. RFC 5039 §3.3.
//
// A relation belongs to one of our users (the owner) and to one number or address elsewhere (the peer). It grows by what the owner does himself: calls,
// messages, an imported address book or buddy list, and what he says about a peer. What the peer does counts little: a conversation that the owner
// let happen, never an attempt. A relation fades when it is not used for months.
//
// # Why it is hard to launder
//
// Whoever gets a victim to call back would be on his white list for good. So an outbound call teaches nothing when the same peer has rung the
// owner once and hung up within a day before (one-ring fraud; a ring of unknown length counts as one), and half when it answers an ordinary missed call. An owner who calls many
// different peers within an hour is a machine, or somebody at a stolen account, and teaches nothing either. What the colleagues
// know counts from the second of them on.
//
// # Expectations
//
// For two hours after an outbound call a call from that peer, its block of ten numbers or its domain is expected; so is any call by who says "I expect
// a call" ([Memory.Expect]). A second attempt of a proven identity at the same owner, 20 seconds to an hour after the first, counts in its favour once a day, unless it
// tries many others as well ([Memory.Attempted]).
//
// # Time, memory, concurrency
//
// Time is the attempt's, so replays are deterministic under one Seed. Memory is fixed (package slots): relations are kept in the order of
// their worth, attempts by their age. Look-ups allocate nothing. All methods are safe for concurrent use.
package known

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/slots"
)

// Config says how much is remembered, and for how long.
type Config struct {
	// Peers is how many relations are remembered, about 80 octets each. Default: 262144.
	Peers int
	// Recent is how many attempts of the last hours are remembered, about 50 octets each. Default: 65536.
	Recent int
	// Busy is how many different peers an owner may call within an hour and still teach. Default: 40, at most 70.
	Busy int
	// Seed makes the hashes; the zero Seed is replaced by a random one.
	Seed rate.Seed
	// Storage keeps relations between runs; nil: nothing does.
	Storage Storage
	// Loaded is told of each relation that Load reads; it may be nil.
	Loaded func(*Entry)
}

const (
	defaultPeers  = 1 << 18
	defaultRecent = 1 << 16
	defaultBusy   = 40
	mostBusy      = rate.MaxFanout/2 - 5
)

// The windows.
const (
	expectFor   = 2 * time.Hour    // after an outbound call, or for who says that he expects one
	callBackFor = 24 * time.Hour   // an outbound call to who has called within this time is a call-back
	oneRing     = 6 * time.Second  // a call that rings shorter and is given up by the caller invites a call-back
	repeatFrom  = 20 * time.Second // a second attempt that comes earlier is a machine's redial
	repeatTo    = time.Hour        // and one that comes later is no retry
	repeatPause = 24 * time.Hour   // a retry counts once in that time
	repeatMost  = 6                // callees that the repeater may try in a day
	conversed   = 30 * time.Second // who talks that long has had a conversation
	fadeFrom    = 90 * 24 * time.Hour
	fadeTo      = 365 * 24 * time.Hour
)

// Entry is a relation as it is stored.
type Entry struct {
	// Owner is our user, Peer the number or address elsewhere, as [Key] makes them.
	Owner, Peer string
	// Called counts the owner's calls to the peer, Answered those that were answered, Messaged his messages, CallBacks his calls that only answered a
	// missed one, Talked the peer's calls that became a conversation.
	Called, Answered, Messaged, CallBacks, Talked uint16
	// Imported tells that the peer is in the owner's address book or on his buddy list.
	Imported bool
	// Ham and Spam weigh what the owner has said about the peer, the last time most.
	Ham, Spam float32
	// First and Last are when the relation began, and when it was used last.
	First, Last time.Time
}

// Storage keeps relations between runs.
type Storage interface {
	// LoadKnown returns at most that many relations, those used last first.
	LoadKnown(ctx context.Context, most int) ([]Entry, error)
	// KnownOf returns all relations of an owner.
	KnownOf(ctx context.Context, owner string) ([]Entry, error)
	// PutKnown stores relations, replacing those of the same owner and peer, and deletes those that are gone and those not used since before, in one
	// transaction.
	PutKnown(ctx context.Context, put []Entry, gone []Pair, before time.Time) error
}

// Memory knows whom our users know.
type Memory struct {
	seed    rate.Seed
	storage Storage
	loaded  func(*Entry)
	peers   *slots.Table[relation]
	recents *slots.Table[recent]
	busy    *rate.Fanout // of owners, by hour
	spread  *rate.Fanout // of callers, by day
	most    float64
	capped  int

	learned, laundered, refused atomic.Uint64
	windows                     atomic.Int64            // until when the last window of [Memory.Expect] is open: most of the time nobody has one
	dialled                     [dialledBy]atomic.Int64 // until when owners expect whom they have dialled, by their hash: see waits

	flushing sync.Mutex // held by who writes to the storage: what is written later is newer

	mu     sync.Mutex
	dirty  map[uint64]pair // what Flush writes; guarded by mu
	newest int64           // of all times seen; guarded by mu
}

// pair is a relation that is to be stored or, where it is gone, deleted.
type pair struct {
	Pair
	gone bool
}

// New returns an empty memory.
func New(cfg Config) (*Memory, error) {
	for _, d := range []struct {
		field   *int
		shipped int
	}{{&cfg.Peers, defaultPeers}, {&cfg.Recent, defaultRecent}, {&cfg.Busy, defaultBusy}} {
		if *d.field == 0 {
			*d.field = d.shipped
		}
	}
	if cfg.Peers < 64 || cfg.Peers > 1<<26 || cfg.Recent < 64 || cfg.Recent > 1<<26 {
		return nil, fmt.Errorf("known: peers %d and recent %d must be within 64 and %d", cfg.Peers, cfg.Recent, 1<<26)
	}
	if cfg.Busy < 1 || cfg.Busy > mostBusy {
		return nil, fmt.Errorf("known: busy: %d is not within 1 and %d", cfg.Busy, mostBusy)
	}
	if cfg.Seed == (rate.Seed{}) {
		cfg.Seed = rate.NewSeed()
	}
	m := &Memory{
		seed: cfg.Seed, storage: cfg.Storage, loaded: cfg.Loaded, most: float64(cfg.Busy), capped: cfg.Peers,
		peers: slots.New(cfg.Peers, (*relation).worth), recents: slots.New(cfg.Recent, (*recent).worth),
		dirty: make(map[uint64]pair),
	}
	var err error
	if m.busy, err = rate.NewFanout(time.Hour, max(cfg.Recent/8, 64)); err != nil {
		return nil, fmt.Errorf("known: %w", err)
	}
	if m.spread, err = rate.NewFanout(24*time.Hour, cfg.Recent); err != nil {
		return nil, fmt.Errorf("known: %w", err)
	}
	return m, nil
}

// Key is how owners and peers are named: by number where there is one, else by address.
func Key(number, aor string) string {
	if number != "" {
		return number
	}
	return aor
}

// domainOf is what an address belongs to, empty for a number.
func domainOf(key string) string {
	if key == "" || key[0] == '+' {
		return ""
	}
	return key[strings.LastIndexByte(key, '@')+1:]
}

// The domains of hashes.
const (
	hashOwner uint64 = iota + 1
	hashPeer
	hashPair
	hashDomain
	hashRecent
	hashBlock
	hashAnyone
)

// Subject is an owner and a peer, looked up several times at the price of once.
type Subject struct {
	owner, domain, peer uint64 // hashes; 0: none
	// The keys of the relation, of what all owners of the domain know of the peer, and of what the last hours hold of it.
	relation, colleagues, recent uint64
	near                         uint64 // the key of what the last hours hold of its block; 0: there is no block, or nothing to look for
}

// numbered is the circle of colleagues of owners that are known by a number: nothing says then which domain they are of.
const numbered = "+"

// Subject makes the subject of an owner, his domain and a peer, as they stand to each other now; each may be empty.
func (m *Memory) Subject(owner, domain, peer string, now time.Time) Subject {
	s := m.hashes(owner, domain, peer)
	if s.peer == 0 {
		return s
	}
	s.recent = m.seed.Pair(hashRecent, s.owner, s.peer)
	if b := blockOf(peer); b != "" && m.waits(&s, now.Unix()) {
		s.near = m.seed.Pair(hashBlock, s.owner, m.seed.String(hashBlock, b))
	}
	return s
}

// hashes makes what [Memory.Look] needs of a subject.
func (m *Memory) hashes(owner, domain, peer string) (s Subject) {
	if owner != "" {
		s.owner = m.seed.String(hashOwner, owner)
		if owner[0] == '+' {
			domain = numbered
		}
	}
	if domain != "" {
		s.domain = m.seed.String(hashDomain, domain)
	}
	if peer == "" {
		return s
	}
	s.peer = m.seed.String(hashPeer, peer)
	s.relation = m.seed.Pair(hashPair, s.owner, s.peer)
	if s.domain != 0 {
		s.colleagues = m.seed.Pair(hashDomain, s.domain, s.peer)
	}
	return s
}

// anyoneKey is the key of an owner who expects anybody.
func (m *Memory) anyoneKey(s *Subject) uint64 { return m.seed.Pair(hashAnyone, s.owner, 0) }

// blockOf is what a peer has in common with its colleagues: all but the last digit of its number, or its domain.
func blockOf(peer string) string {
	if peer[0] != '+' {
		return domainOf(peer)
	}
	if len(peer) < 9 {
		return ""
	}
	return peer[:len(peer)-1]
}
