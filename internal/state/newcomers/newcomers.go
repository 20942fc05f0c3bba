// Package newcomers remembers which first contacts have become acquaintances, what callers do who come to many, and how strangers of each kind
// turn out. RFC 5039 §3.3 and §3.5.
//
// # Pairs
//
// A pair has met when the called user has taken a call of the caller and talked, or said that it was wanted. To pass a test admits one call; whether the
// pair has met is decided by what becomes of it.
//
// # Callers
//
// Of each caller ([Memory.Tried]) is remembered how many strangers it has tried, within the hour and in all, and which way the evidence leans: objections,
// praise, answered and short calls, call-backs, and whether it comes back after it was not let through. People have an out-degree of two, and of
// eighteen at most within four weeks; whoever dials more is an organisation that is welcome or one that is not, and that is what the evidence is for.
// It fades with each further stranger who is reached, so a good record does not last when the behaviour changes; but not with the mere attempt, which says nothing yet:
// who is refused does not wait for its record to fade by trying on, and a burst of calls is not judged before any of them has ended. What there is against a
// caller fades with the days as well. An attempt at somebody to whom the caller has introduced itself is no part of a rush ([Standing].Guests), and to try the same
// user again and again within the hour is ([Standing].Again), whether he knows the caller or not.
//
// # Kinds of strangers
//
// An identity that is new each time has no record, but the way it comes does: [Memory.Odds] weighs how strangers turned out who had the same proof, came
// by the same trunk or network (lately, and at all), from the same part of the numbering plan, as near to the callee's number. It is learned here,
// from what becomes of strangers, and holds for strangers alone: nobody who is known is judged by whom he comes with.
//
// Memory is of fixed size; a Keeper stores it, so that a restart asks nobody once more. Times are passed in. All methods may be called from
// any goroutine.
package newcomers

import (
	"sync"
	"time"

	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/slots"
)

// Config says how much is remembered.
type Config struct {
	// Pairs and Callers are how many are remembered, some 32 and 176 octets each. 0: 262144 and 65536.
	Pairs, Callers int
	// Traits is how many traits of strangers are remembered, some 24 octets each. 0: 16384.
	Traits int
	// Seed makes the hashes; the zero Seed is replaced by a random one.
	Seed rate.Seed
}

// Memory is what is remembered.
type Memory struct {
	seed    rate.Seed
	pairs   *slots.Table[pair]
	callers *slots.Table[caller]
	traits  *slots.Table[cell]
	voices  *slots.Table[voice]
	counts  estimates
	salt    uint64

	mu   sync.Mutex
	test test // guarded by mu
	asks asks // guarded by mu
}

// pair is a caller and a called user. Times are in Unix seconds, 0 is never.
type pair struct {
	met, tried int64
	open       bool // the last attempt did not come through
	back       bool // but the one before did not, and this is a second try
	introduced bool // the caller has passed a test
	heard      uint8
}

func (p *pair) worth() int64 { return max(p.met+int64(7*24*time.Hour/time.Second), p.tried) }

// forgotten is how long a pair or a caller stays without being heard of.
const forgotten = 180 * 24 * time.Hour

// New returns an empty memory.
func New(cfg Config) *Memory {
	if cfg.Pairs == 0 {
		cfg.Pairs = 1 << 18
	}
	if cfg.Callers == 0 {
		cfg.Callers = 1 << 16
	}
	if cfg.Traits == 0 {
		cfg.Traits = 1 << 14
	}
	if cfg.Seed == (rate.Seed{}) {
		cfg.Seed = rate.NewSeed()
	}
	return &Memory{
		seed:    cfg.Seed,
		pairs:   slots.New(cfg.Pairs, (*pair).worth),
		callers: slots.New(cfg.Callers, (*caller).worth),
		traits:  slots.New(cfg.Traits, (*cell).worth),
		voices:  slots.New(voices, (*voice).worth),
		counts:  newEstimates(),
		salt:    cfg.Seed.Pair(hashTrait, 0, 0),
	}
}

// Subject is a caller and whom he calls, as hashes. A caller who only claims to be somebody is another than the one who proves it.
type Subject struct{ pair, caller, callee uint64 }

// The domains of hashes.
const (
	hashClaimed uint64 = iota + 1
	hashProven
	hashCallee
	hashPair
	hashTrait
	hashVoice
)

// Subject names a caller and a called user; neither may be empty.
func (m *Memory) Subject(name string, proven bool, callee string) Subject {
	domain := hashClaimed
	if proven {
		domain = hashProven
	}
	s := Subject{caller: m.seed.String(domain, name), callee: m.seed.String(hashCallee, callee)}
	s.pair = m.seed.Pair(hashPair, s.caller, s.callee)
	return s
}

// Met tells whether the pair has met.
func (m *Memory) Met(s Subject, now time.Time) bool {
	m.pairs.Lock(s.pair)
	defer m.pairs.Unlock(s.pair)
	p := m.pairs.Find(s.pair)
	return p != nil && p.acquainted(now.Unix())
}

func (p *pair) acquainted(now int64) bool {
	return p.met > 0 && now-p.met < int64(forgotten/time.Second)
}

// Meet puts down that the pair has met.
func (m *Memory) Meet(s Subject, now time.Time) {
	m.pairs.Lock(s.pair)
	defer m.pairs.Unlock(s.pair)
	m.pairs.Take(s.pair).met = max(now.Unix(), 1)
}

// Part puts down that the called user wants no more of the caller.
func (m *Memory) Part(s Subject) {
	m.pairs.Lock(s.pair)
	defer m.pairs.Unlock(s.pair)
	if p := m.pairs.Find(s.pair); p != nil {
		p.met = 0
	}
}

// Stats are figures about the memory.
type Stats struct{ Pairs, Callers, Traits, Voices slots.Stats }

// Stats returns the figures now.
func (m *Memory) Stats() Stats {
	return Stats{m.pairs.Stats(), m.callers.Stats(), m.traits.Stats(), m.voices.Stats()}
}
