// Package newcomers remembers which first contacts have become acquaintances, and what callers do who come to many.
//
// A pair has met when the called user has taken a call of the caller, or the caller has introduced himself. A caller who has come to a number of
// different users is on trial: he is let through without an introduction as long as hardly anybody objects, because machines that bring
// reminders cannot introduce themselves, and because a number that stays the same can be held to account. What was forged anew for each
// call never gets that far.
//
// Memory is of fixed size and lost at a restart: then people are asked once more. Times are passed in. All methods may be called from
// any goroutine.
package newcomers

import (
	"math"
	"math/bits"
	"time"

	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/slots"
)

// Config says how much is remembered.
type Config struct {
	// Pairs and Callers are how many are remembered, some 32 and 64 octets each. 0: 262144 and 65536.
	Pairs, Callers int
	// Seed makes the hashes; the zero Seed is replaced by a random one.
	Seed rate.Seed
}

// Memory is what is remembered.
type Memory struct {
	seed    rate.Seed
	pairs   *slots.Table[pair]
	callers *slots.Table[caller]
}

type pair struct{ last int64 }

type caller struct {
	last            int64
	callees         uint64 // a bit for each called user, by hash
	objectors       uint64 // a bit for each who has objected
	heard, objected float32
}

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
	if cfg.Seed == (rate.Seed{}) {
		cfg.Seed = rate.NewSeed()
	}
	return &Memory{
		seed:    cfg.Seed,
		pairs:   slots.New(cfg.Pairs, func(p *pair) int64 { return p.last }),
		callers: slots.New(cfg.Callers, func(c *caller) int64 { return c.last + int64(min(c.heard, 500))*3600 }),
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
	return p != nil && now.Unix()-p.last < int64(forgotten/time.Second)
}

// Meet puts down that the pair has met.
func (m *Memory) Meet(s Subject, now time.Time) {
	m.pairs.Lock(s.pair)
	defer m.pairs.Unlock(s.pair)
	m.pairs.Take(s.pair).last = now.Unix()
}

// Part puts down that the called user wants no more of the caller.
func (m *Memory) Part(s Subject) {
	m.pairs.Lock(s.pair)
	defer m.pairs.Unlock(s.pair)
	if p := m.pairs.Find(s.pair); p != nil {
		p.last = math.MinInt32
	}
}

// Standing is what a caller has done so far.
type Standing struct {
	// Callees is about how many different users he has tried, this one included; above 150 it says no more.
	Callees int
	// Heard is how many attempts have come through, Objected how many people have objected. Both fade: by half when Heard reaches 1000.
	Heard, Objected float64
}

// Tried returns the caller's standing, and counts the attempt unless it is only looked at.
func (m *Memory) Tried(s Subject, now time.Time, look bool) Standing {
	m.callers.Lock(s.caller)
	defer m.callers.Unlock(s.caller)
	var c *caller
	if look {
		if c = m.callers.Find(s.caller); c == nil {
			return Standing{Callees: 1}
		}
		copied := *c
		c = &copied
	} else {
		c = m.callers.Take(s.caller)
	}
	if now.Unix()-c.last > int64(forgotten/time.Second) {
		*c = caller{}
	}
	c.last = now.Unix()
	c.callees |= 1 << (s.callee >> 58)
	return Standing{Callees: estimate(c.callees), Heard: float64(c.heard), Objected: float64(c.objected)}
}

// estimate is about how many different hashes have set that many of 64 bits (linear counting, Whang et al. 1990).
func estimate(set uint64) int {
	zeros := 64 - bits.OnesCount64(set)
	if zeros == 0 {
		return 64 * 5
	}
	return int(math.Round(-64 * math.Log(float64(zeros)/64)))
}

// Heard counts an attempt that came through.
func (m *Memory) Heard(s Subject) {
	m.change(s, func(c *caller) {
		if c.heard++; c.heard >= 1000 {
			c.heard, c.objected, c.objectors = c.heard/2, c.objected/2, 0
		}
	})
}

// Objected counts a person who objects: a flood of objections of one person is one.
func (m *Memory) Objected(s Subject, by string) {
	bit := uint64(1) << (m.seed.String(hashCallee, by) >> 58)
	m.change(s, func(c *caller) {
		if c.objectors&bit == 0 {
			c.objectors |= bit
			c.objected++
		}
	})
}

// change changes a caller who is known.
func (m *Memory) change(s Subject, f func(*caller)) {
	m.callers.Lock(s.caller)
	defer m.callers.Unlock(s.caller)
	if c := m.callers.Find(s.caller); c != nil {
		f(c)
	}
}

// Stats are figures about the memory.
type Stats struct{ Pairs, Callers slots.Stats }

// Stats returns the figures now.
func (m *Memory) Stats() Stats { return Stats{m.pairs.Stats(), m.callers.Stats()} }
