package newcomers

import (
	"math"
	"math/bits"
	"time"
)

// caller is what is kept of one.
type caller struct {
	last      int64  // Unix seconds
	first     int64  // Unix seconds: when it tried a stranger
	callees   uint64 // a bit for each stranger of this period, by hash
	older     uint64 // and of the one before
	objectors uint64 // a bit for each who has objected
	praisers  uint64 // a bit for each who has said that it was wanted
	reached   uint64 // a bit for each whom it has reached, by hash
	passed    uint64 // a bit for each to whom it has passed a test of the last ones, by hash
	failed    uint64 // and for each to whom it has not
	back      uint64 // a bit for each to whom it was not let through and came back
	lean      float32
	heard     float32
	period    int32
	hour      int32
	usual     uint16 // about how many strangers it had tried when it was last not in a rush
	failing   uint16 // of this hour: attempts that did not come through, and were not tried again
	next      uint8
	guests    uint8            // a bit for each of those to whom it has introduced itself
	tested    uint32           // Unix seconds: the first test of the last ones, about
	rush      [rushMost]uint32 // when the last strangers were tried, Unix seconds
	burst     burst
	again     [againMost]again // who was tried several times within the hour
}

// again is somebody whom a caller has tried: one who knows it, or whom it had reached.
type again struct {
	at     uint32 // Unix seconds
	callee uint16 // by hash
	times  uint16 // again within the hour
}

// worth is higher for who was heard: of those who never came through there are more than can be remembered.
func (c *caller) worth() int64 {
	return c.last + int64(min(c.heard, 1)*14*24*3600+min(c.heard, 500)*3600)
}

const (
	rushMost  = 8
	againMost = 4
	period    = 28 * 24 * 3600 // seconds: how long a stranger counts, and until twice that
	hour      = 3600

	returnFrom = 20       // seconds: what comes back earlier is a machine's redial
	returnTo   = 2 * hour // and what comes later has nothing to do with it

	rushing    = 3  // strangers within an hour that are more than usual
	mostGuests = 12 // strangers to whom a person introduces himself one after the other

	leanMost  = 6.0           // however much there is against a caller
	leanLeast = -5.0          // and for it
	leanKept  = 0.96          // with each further stranger whom it reaches
	leanHalf  = 3 * 24 * 3600 // seconds: how long it takes to forget half of what there is against a caller
	testsLast = 7 * 24 * 3600 // seconds for which tests say something: whoever has somebody else's telephone does not keep it
)

// What each sign weighs, as the logarithm of how much more often it is seen of unwanted callers than of those that are wanted. The shares behind them
// are published ones: one in twenty unwanted calls is objected to and one in a hundred wanted ones at most; unwanted calls are answered half as often; people and
// systems that want to reach somebody try again, and those that have a list go on to the next.
const (
	leanObjected       = 2.8
	leanPraised        = -1.5
	leanHeard          = -0.05 // nobody has objected so far
	leanAnswered       = -0.4
	leanMissed         = 0.4
	leanMissedLabelled = 0.2 // the label is a reason not to answer, whoever calls
	leanShort          = 0.6
	leanTalked         = -0.3
	leanListened       = -0.3
	leanBack           = -0.8 // the called user calls back
	leanReturned       = -0.6
	leastReturned      = -0.5
	mostFailing        = 4 // of an hour: who calls many at once may come back later to all of them
	leanGoneAway       = 0.5
	praisersCount      = 3 // voices in favour that count: a mafia has some more
	talkShort          = 6 * time.Second
	talkListened       = 20 * time.Second
	talkLong           = time.Minute
	mostHeard          = 2 // attempts at one callee that tell something about the caller
)

// Standing is what is known of a caller who tries somebody.
type Standing struct {
	// Met tells that the pair knows each other, New that the caller has not tried this user before, Rang that the last attempt, within the hour, has reached him.
	Met, New, Rang bool
	// Heard is how often the callee was reached by this caller before, at most twice.
	Heard int
	// Returned is how long ago the caller was not let through to this user, 0 where it was or came back sooner or later than people do.
	Returned time.Duration
	// Callees is about how many different strangers it has tried, this one included; above 150 it says no more. Rush is how many within the hour, at most 8 with the Guests: those
	// to whom it has introduced itself.
	Callees, Rush, Guests int
	// Again is how often within the hour it has tried somebody again who knows it, or whom it had reached within the hour, and half of how many those are.
	Again int
	// Burst is set where it tries strangers faster than anybody dials.
	Burst Burst
	// Usual is how many it had tried when it was last not in a rush, at most 64.
	Usual int
	// Reached is about how many of them it has reached who have not praised it: friends may be made, but not everybody.
	Reached int
	// Since is for how long the caller has been trying strangers here.
	Since time.Duration
	// Passed and Failed are about to how many of them it has passed a test lately, and failed one and passed none.
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
	if out.Met {
		c.repeat(s.callee, at, 0)
	} else {
		c.try(s.callee, at, &out)
	}
	c.tell(&out, at, &m.counts)
	return out
}

// Known returns the standing of a caller towards a user who knows it, and counts the attempt unless it is only looked at.
func (m *Memory) Known(s Subject, now time.Time, look bool) Standing {
	if look {
		return m.Standing(s, now)
	}
	at := now.Unix()
	out := m.pairOf(s, at)
	m.callers.Lock(s.caller)
	defer m.callers.Unlock(s.caller)
	c := m.callers.Take(s.caller)
	c.age(at)
	c.repeat(s.callee, at, 0)
	c.tell(&out, at, &m.counts)
	return out
}

// tell says what is known of the caller.
func (c *caller) tell(s *Standing, at int64, about *estimates) {
	s.Callees, s.Reached = about.of(c.callees|c.older), about.of(c.reached&^c.praisers)
	s.Rush, s.Guests = c.rushed(at)
	s.Again = c.repeated(at)
	s.Back = about.of(c.back)
	if at-int64(c.tested) <= testsLast {
		s.Passed, s.Failed = about.of(c.passed), about.of(c.failed&^c.passed)
	}
	s.Usual, s.Lean = int(c.usual), float64(c.lean)
	if !s.New {
		s.Burst = c.heeded(at)
	}
	if c.first > 0 {
		s.Since = time.Duration(at-c.first) * time.Second
	}
}

func (m *Memory) triedPair(s Subject, at int64, look bool) (out Standing) {
	m.pairs.Lock(s.pair)
	defer m.pairs.Unlock(s.pair)
	p := m.pairs.Find(s.pair)
	if p != nil {
		out.Met, out.Heard = p.acquainted(at), int(p.heard)
	}
	out.New = p == nil || p.tried == 0
	out.Rang = !out.New && !p.open && at-p.tried < hour
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
	p.tried, p.open, p.back = max(at, 1), false, out.Returned > 0
	return out
}

// pass lets time pass.
func (c *caller) pass(at int64) {
	c.age(at)
	if c.first == 0 {
		c.first = at
	}
	if p := int32(at / period); p != c.period {
		c.older = 0
		if p == c.period+1 {
			c.older = c.callees
		}
		c.callees, c.objectors, c.period = 0, 0, p
	}
	if h := int32(at / hour); h != c.hour {
		c.leans(leanGoneAway * float64(c.failing))
		c.failing, c.hour = 0, h
		if strangers, _ := c.rushed(at); strangers < rushing {
			c.usual = uint16(bits.OnesCount64(c.callees | c.older))
		}
	}
}

// age lets what is held against it fade.
func (c *caller) age(at int64) {
	since := at - c.last
	if since > int64(forgotten/time.Second) {
		*c = caller{}
	}
	if c.lean > 0 && c.last > 0 && since > 0 {
		c.lean *= float32(math.Exp2(-float64(since) / leanHalf))
	}
	c.last = at
}

// try counts an attempt at a stranger.
func (c *caller) try(callee uint64, at int64, s *Standing) {
	if strangers, guests := c.rushed(at); strangers+guests == 0 {
		c.burst = burst{}
	}
	c.callees |= 1 << (callee >> 58)
	switch {
	case s.New:
		s.Burst = c.heeded(at)
		i := c.next % rushMost
		c.rush[i], c.guests = uint32(at), c.guests&^(1<<i)
		c.next++
		c.hurries(at)
	case s.Rang:
		c.repeat(callee, at, 1)
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

// repeat notes an attempt at somebody who is no stranger, or whom the last one has reached; times is what the first such attempt counts.
func (c *caller) repeat(callee uint64, at int64, times uint16) {
	who, row := uint16(callee>>42)|1, &c.again[0]
	for i := range c.again {
		r := &c.again[i]
		if r.callee == who {
			row = r
			break
		}
		if r.at < row.at {
			row = r
		}
	}
	if row.callee == who && int64(row.at) > at-hour {
		times = row.times + 1
	}
	*row = again{uint32(at), who, times}
}

// repeated counts the attempts of the last hour at those whom the caller had tried already, and every second of them, friends as they are.
func (c *caller) repeated(at int64) (n int) {
	who := 0
	for _, r := range c.again {
		if int64(r.at) > at-hour {
			n += int(r.times)
			who++
		}
	}
	return n + who/2
}

// test begins to count tests anew where the first of them is long ago.
func (c *caller) test(at int64) {
	if at-int64(c.tested) > testsLast {
		c.passed, c.failed, c.tested = 0, 0, uint32(at)
	}
}

// introduced counts a test that was passed, and takes the attempt out of the rush: the caller has said who it is. To a party's guests people do, and not to everybody.
func (c *caller) introduced(callee uint64, at int64, about *estimates) {
	c.test(at)
	c.passed |= 1 << (callee >> 58)
	if about.of(c.callees|c.older) > mostGuests {
		return
	}
	for i := range c.rush {
		if c.rush[i] == uint32(at) {
			c.guests |= 1 << i
		}
	}
}

// rushed counts the strangers of the last hour, and apart from them those to whom the caller has introduced himself.
func (c *caller) rushed(at int64) (strangers, guests int) {
	for i, t := range c.rush {
		switch {
		case t == 0 || int64(t) <= at-hour:
		case c.guests>>i&1 != 0:
			guests++
		default:
			strangers++
		}
	}
	return strangers, guests
}

// Standing returns what is known of a caller, without counting anything.
func (m *Memory) Standing(s Subject, now time.Time) Standing {
	out := m.pairOf(s, now.Unix())
	m.callers.Lock(s.caller)
	defer m.callers.Unlock(s.caller)
	if c := m.callers.Find(s.caller); c != nil {
		c.tell(&out, now.Unix(), &m.counts)
	}
	return out
}

func (m *Memory) pairOf(s Subject, at int64) (out Standing) {
	m.pairs.Lock(s.pair)
	defer m.pairs.Unlock(s.pair)
	if p := m.pairs.Find(s.pair); p != nil {
		out.Met, out.Heard = p.acquainted(at), int(p.heard)
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
			c.introduced(s.callee, how.Began.Unix(), &m.counts)
		}
		c.leans(leanHeard)
		if how.Judged {
			c.leans(how.lean())
			c.burst.taken(how.tells())
		}
	})
}

// CameBack tells whether the caller's last attempt at this user was a second try, some time after one that was not let through.
func (m *Memory) CameBack(s Subject) bool {
	m.pairs.Lock(s.pair)
	defer m.pairs.Unlock(s.pair)
	p := m.pairs.Find(s.pair)
	return p != nil && p.back
}

// Passed puts down that the caller has passed a test before somebody who knows it by now, and nothing else of how that went.
func (m *Memory) Passed(s Subject, began time.Time) {
	m.change(s, func(c *caller) { c.introduced(s.callee, began.Unix(), &m.counts) })
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
				c.test(c.last)
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
			c.burst.taken(tellsObjected)
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
