package newcomers

import (
	"math"
	"math/bits"
	"time"
)

// caller is what is kept of one.
type caller struct {
	last      int64  // Unix seconds
	first     int64  // Unix seconds
	callees   uint64 // a bit for each stranger of this period, by hash
	older     uint64 // and of the one before
	objectors uint64 // a bit for each who has objected
	praisers  uint64 // a bit for each who has said that it was wanted
	reached   uint64 // a bit for each whom it has reached, by hash
	passed    uint64 // a bit for each to whom it has passed a test, by hash
	failed    uint64 // and for each to whom it has not, of this period
	back      uint64 // a bit for each to whom it was not let through and came back
	lean      float32
	heard     float32
	period    int32
	hour      int32
	usual     uint16 // about how many strangers it had tried when it was last not in a rush
	failing   uint16 // of this hour: attempts that did not come through, and were not tried again
	next      uint8
	rush      [rushMost]uint32 // when the last strangers were tried, Unix seconds
}

// worth is higher for who was heard: of those who never came through there are more than can be remembered.
func (c *caller) worth() int64 {
	return c.last + int64(min(c.heard, 1)*14*24*3600+min(c.heard, 500)*3600)
}

const (
	rushMost = 8
	period   = 28 * 24 * 3600 // seconds: how long a stranger counts, and until twice that
	hour     = 3600

	returnFrom = 20       // seconds: what comes back earlier is a machine's redial
	returnTo   = 2 * hour // and what comes later has nothing to do with it

	rushing = 3 // strangers within an hour that are more than usual

	leanMost  = 6.0           // however much there is against a caller
	leanLeast = -5.0          // and for it
	leanKept  = 0.96          // with each further stranger whom it reaches
	leanHalf  = 3 * 24 * 3600 // seconds: how long it takes to forget half of what there is against a caller
)

// What each sign weighs, as the logarithm of how much more often it is seen of unwanted callers than of those that are wanted. The shares behind them
// are published ones: one in twenty unwanted calls is objected to and one in a hundred wanted ones at most; unwanted calls are answered half as often; people and
// systems that want to reach somebody try again, and those that have a list go on to the next.
const (
	leanObjected  = 2.8
	leanPraised   = -1.5
	leanHeard     = -0.05 // nobody has objected so far
	leanAnswered  = -0.4
	leanMissed    = 0.4
	leanShort     = 0.6
	leanTalked    = -0.3
	leanBack      = -0.8 // the called user calls back
	leanReturned  = -0.6
	leastReturned = -0.5
	mostFailing   = 4 // of an hour: who calls many at once may come back later to all of them
	leanGoneAway  = 0.5
	praisersCount = 3 // voices in favour that count: a mafia has some more
	talkShort     = 6 * time.Second
	talkLong      = time.Minute
	mostHeard     = 2 // attempts at one callee that tell something about the caller
)

// Standing is what is known of a caller who tries somebody.
type Standing struct {
	// Met tells that the pair knows each other, New that the caller has not tried this user before.
	Met, New bool
	// Heard is how often the callee was reached by this caller before, at most twice.
	Heard int
	// Returned is how long ago the caller was not let through to this user, 0 where it was or came back sooner or later than people do.
	Returned time.Duration
	// Callees is about how many different strangers it has tried, this one included; above 150 it says no more. Rush is how many within the hour, at most 8.
	Callees, Rush int
	// Usual is how many it had tried when it was last not in a rush, at most 64.
	Usual int
	// Reached is about how many of them it has reached who have not praised it: friends may be made, but not everybody.
	Reached int
	// Since is for how long the caller has been known here.
	Since time.Duration
	// Passed and Failed are about to how many of them it has passed a test, and failed one and passed none.
	Passed, Failed int
	// Back is about to how many of those it came back to whom it was not let through.
	Back int
	// Lean is which way the evidence leans: below 0 the caller is welcome, above 0 it is not. It is of at most two attempts for each callee.
	Lean float64
}

// Tried returns the standing of a caller towards a user, and counts the attempt unless it is only looked at.
func (m *Memory) Tried(s Subject, now time.Time, look bool) Standing {
	at := now.Unix()
	out := m.triedPair(s, at, look)
	m.callers.Lock(s.caller)
	defer m.callers.Unlock(s.caller)
	var c *caller
	if look {
		var copied caller
		if c = m.callers.Find(s.caller); c != nil {
			copied = *c
		}
		c = &copied
	} else {
		c = m.callers.Take(s.caller)
	}
	c.pass(at)
	if !out.Met {
		c.try(s.callee, at, &out)
	}
	c.tell(&out, at, &m.counts)
	return out
}

// tell says what is known of the caller.
func (c *caller) tell(s *Standing, at int64, about *estimates) {
	s.Callees, s.Reached, s.Rush = about.of(c.callees|c.older), about.of(c.reached&^c.praisers), c.rushed(at)
	s.Passed, s.Failed, s.Back = about.of(c.passed), about.of(c.failed&^c.passed), about.of(c.back)
	s.Usual, s.Lean, s.Since = int(c.usual), float64(c.lean), time.Duration(at-c.first)*time.Second
}

func (m *Memory) triedPair(s Subject, at int64, look bool) (out Standing) {
	m.pairs.Lock(s.pair)
	defer m.pairs.Unlock(s.pair)
	p := m.pairs.Find(s.pair)
	if p != nil {
		out.Met, out.Heard = p.acquainted(at), int(p.heard)
	}
	out.New = p == nil || p.tried == 0
	if p != nil && p.open && !out.Met {
		if since := at - p.tried; since >= returnFrom && since <= returnTo {
			out.Returned = time.Duration(since) * time.Second
		}
	}
	if look || out.Met {
		return out
	}
	if p == nil {
		p = m.pairs.Take(s.pair)
	}
	p.tried, p.open = max(at, 1), false
	return out
}

// pass lets time pass.
func (c *caller) pass(at int64) {
	if at-c.last > int64(forgotten/time.Second) {
		*c = caller{}
	}
	if c.first == 0 {
		c.first = at
	}
	if since := at - c.last; c.lean > 0 && c.last > 0 && since > 0 {
		c.lean *= float32(math.Exp2(-float64(since) / leanHalf))
	}
	c.last = at
	if p := int32(at / period); p != c.period {
		c.older = 0
		if p == c.period+1 {
			c.older = c.callees
		}
		c.callees, c.objectors, c.passed, c.failed, c.period = 0, 0, 0, 0, p
	}
	if h := int32(at / hour); h != c.hour {
		c.leans(leanGoneAway * float64(c.failing))
		c.failing, c.hour = 0, h
		if c.rushed(at) < rushing {
			c.usual = uint16(bits.OnesCount64(c.callees | c.older))
		}
	}
}

// try counts an attempt at a stranger.
func (c *caller) try(callee uint64, at int64, s *Standing) {
	c.callees |= 1 << (callee >> 58)
	if s.New {
		c.rush[c.next%rushMost] = uint32(at)
		c.next++
	}
	if s.Returned > 0 {
		c.back |= 1 << (callee >> 58)
		if c.lean > leastReturned { // coming back is no merit that adds up: nobody becomes welcome by trying everybody twice
			c.leans(leanReturned)
		}
		if c.failing > 0 {
			c.failing--
		} else {
			c.leans(-leanGoneAway)
		}
	}
}

func (c *caller) leans(by float64) {
	c.lean = float32(min(max(float64(c.lean)+by, leanLeast), leanMost))
}

func (c *caller) rushed(at int64) (n int) {
	for _, t := range c.rush {
		if t != 0 && int64(t) > at-hour {
			n++
		}
	}
	return n
}

// Standing returns what is known of a caller, without counting anything.
func (m *Memory) Standing(s Subject, now time.Time) (out Standing) {
	m.pairs.Lock(s.pair)
	if p := m.pairs.Find(s.pair); p != nil {
		out.Met, out.Heard = p.acquainted(now.Unix()), int(p.heard)
	}
	m.pairs.Unlock(s.pair)
	m.callers.Lock(s.caller)
	defer m.callers.Unlock(s.caller)
	if c := m.callers.Find(s.caller); c != nil {
		c.tell(&out, now.Unix(), &m.counts)
	}
	return out
}

// estimates are about how many different hashes have set that many of 64 bits (linear counting, Whang et al. 1990).
type estimates [65]int

func newEstimates() (all estimates) {
	for ones := range 64 {
		all[ones] = int(math.Round(-64 * math.Log(float64(64-ones)/64)))
	}
	all[64] = 64 * 5
	return all
}

func (e *estimates) of(set uint64) int { return e[bits.OnesCount64(set)] }

// Came says how an attempt went that came through.
type Came struct {
	// Answered and Talk are how the callee took it; Introduced tells that the caller had to pass a test.
	Answered, Introduced bool
	Talk                 time.Duration
	// Judged is false for what is no call: a message that arrives is always accepted.
	Judged bool
}

// Heard puts down that an attempt came through, and how it went.
func (m *Memory) Heard(s Subject, how Came, now time.Time) {
	m.pairs.Lock(s.pair)
	enough, again := false, false
	if p := m.pairs.Find(s.pair); p != nil {
		p.open, again = false, p.heard > 0
		p.introduced = p.introduced || how.Introduced
		if enough = p.heard >= mostHeard || p.acquainted(now.Unix()); !enough {
			p.heard++
		}
	}
	m.pairs.Unlock(s.pair)
	if enough {
		return
	}
	if how.Introduced {
		m.passed()
	}
	m.change(s, func(c *caller) {
		c.heard = min(c.heard+1, 1000)
		c.reached |= 1 << (s.callee >> 58)
		if !again {
			c.lean *= leanKept
		}
		if how.Introduced && how.Judged {
			c.passed |= 1 << (s.callee >> 58)
		}
		c.leans(leanHeard)
		if how.Judged {
			c.leans(how.lean())
		}
	})
}

func (h *Came) lean() float64 {
	switch {
	case !h.Answered:
		return leanMissed
	case h.Talk < talkShort:
		return leanAnswered + leanShort
	case h.Talk >= talkLong:
		return leanAnswered + leanTalked
	}
	return leanAnswered
}

// Failed puts down that an attempt did not come through; tested tells that it failed a test.
func (m *Memory) Failed(s Subject, tested bool) {
	m.pairs.Lock(s.pair)
	met := true
	if p := m.pairs.Find(s.pair); p != nil {
		p.open, met = true, p.met > 0
	}
	m.pairs.Unlock(s.pair)
	if !met {
		m.change(s, func(c *caller) {
			c.failing = min(c.failing+1, mostFailing)
			if tested {
				c.failed |= 1 << (s.callee >> 58)
			}
		})
	}
}

// Objected counts a person who objects, and says whether he is the first to: a flood of objections of one person is one.
func (m *Memory) Objected(s Subject, by string) (first bool) {
	m.pairs.Lock(s.pair)
	introduced := false
	if p := m.pairs.Find(s.pair); p != nil {
		introduced, p.introduced, p.heard = p.introduced, false, 0
	}
	m.pairs.Unlock(s.pair)
	if introduced {
		m.deceived()
	}
	bit := uint64(1) << (m.seed.String(hashCallee, by) >> 58)
	m.change(s, func(c *caller) {
		if first = c.objectors&bit == 0; first {
			c.objectors |= bit
			c.leans(leanObjected)
		}
	})
	return first
}

// Praised counts a person who says that the caller is wanted.
func (m *Memory) Praised(s Subject, by string) {
	bit := uint64(1) << (m.seed.String(hashCallee, by) >> 58)
	m.change(s, func(c *caller) {
		if c.praisers&bit == 0 && bits.OnesCount64(c.praisers) < praisersCount {
			c.praisers |= bit
			c.leans(leanPraised)
		}
	})
}

// CalledBack puts down that the called user has called the caller, who had tried him before.
func (m *Memory) CalledBack(s Subject) {
	m.pairs.Lock(s.pair)
	p := m.pairs.Find(s.pair)
	tried := p != nil && p.tried > 0 && p.met == 0
	m.pairs.Unlock(s.pair)
	if tried {
		m.change(s, func(c *caller) { c.leans(leanBack) })
	}
}

// change changes a caller who is known.
func (m *Memory) change(s Subject, f func(*caller)) {
	m.callers.Lock(s.caller)
	defer m.callers.Unlock(s.caller)
	if c := m.callers.Find(s.caller); c != nil {
		f(c)
	}
}
