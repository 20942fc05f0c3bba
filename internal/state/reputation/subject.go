package reputation

import (
	"math"
	"math/bits"
	"time"
)

const (
	halfLife  = 30 * 24 * 3600 // seconds
	sure      = 1.28           // z of 80 %, one-sided
	mostVotes = 12             // voters that a subject remembers apart
)

// subject is what is kept of one.
type subject struct {
	evidence
	next  uint8
	votes [mostVotes]vote
}

// evidence is what there is about a subject, whoever said it.
type evidence struct {
	updated    int64 // Unix seconds: when good and bad were as they are
	callees    uint64
	good, bad  float32
	complaints float32
	reached    float32 // calls that were taken, each as much as the callee's objection would count
}

// vote is what one voter has said and done about a subject.
type vote struct {
	who  uint32 // hash; 0: none
	at   uint32 // Unix time in hours
	says int16  // thousandths, below 0 against
}

// worth prefers what has much evidence, and then what is fresh: a vote counts like three days.
func (s *subject) worth() int64 {
	return s.updated + int64(min(s.good+s.bad, 30)*3*24*3600)
}

// age lets the evidence decay to now.
func (s *evidence) age(now int64) {
	if now <= s.updated {
		return
	}
	d := float32(decayed(now - s.updated))
	s.good, s.bad, s.complaints, s.reached, s.updated = s.good*d, s.bad*d, s.complaints*d, s.reached*d, now
}

func decayed(seconds int64) float64 { return math.Exp2(-float64(seconds) / halfLife) }

// vote adds evidence of one voter and returns what it came to. What he has said before is replaced by an opinion, and joined by a deed; together both
// stay within one vote for or against.
func (s *subject) vote(who uint32, by float64, opinion bool, now int64) {
	s.age(now)
	v := s.voter(who)
	before := 0.0
	if v.at != 0 {
		before = float64(v.says) / 1000 * decayed(now-int64(v.at)*3600)
	}
	after := by
	if !opinion {
		after = before + by
		if before < 0 && by > 0 {
			after = before // a deed does not take back what was said against
		}
	}
	after = min(max(after, -1), 1)
	if opinion && after < 0 && before >= 0 {
		s.complaints += float32(min(-by, 1)) // a flood of complaints is one
	}
	if before > 0 {
		s.good -= float32(before)
	} else {
		s.bad += float32(before)
	}
	if after > 0 {
		s.good += float32(after)
	} else {
		s.bad -= float32(after)
	}
	s.good, s.bad = max(s.good, 0), max(s.bad, 0)
	v.who, v.at, v.says = who, uint32(now/3600), int16(after*1000)
}

// voter finds the voter's vote, or the place for a new one: where the oldest stands that still counts, and is no longer told apart.
func (s *subject) voter(who uint32) *vote {
	for i := range s.votes {
		if s.votes[i].who == who {
			return &s.votes[i]
		}
	}
	v := &s.votes[s.next%mostVotes]
	s.next++
	*v = vote{}
	return v
}

// Standing is what is known of a subject.
type Standing struct {
	// Good and Bad are the decayed evidence.
	Good, Bad float64
	// Sure is how sure it is that the subject is unwanted (negative) or wanted (positive), from -1 to 1; 0 is inconclusive.
	Sure float64
	// Callees is about how many different callees took its calls, at most some 250; Reached how many calls.
	Callees, Reached int
	// Complaints is how many of them objected.
	Complaints float64
	// Wanted is how sure it is that hardly anybody of many callees objects, from 0 to 1.
	Wanted float64
}

// Look returns what is known of a subject.
func (m *Memory) Look(key Key, now time.Time) Standing {
	m.subjects.Lock(uint64(key))
	s := m.subjects.Find(uint64(key))
	if s == nil {
		m.subjects.Unlock(uint64(key))
		return Standing{}
	}
	aged := s.evidence
	m.subjects.Unlock(uint64(key))
	aged.age(now.Unix())
	return aged.standing()
}

func (s *evidence) standing() Standing {
	good, bad := float64(s.good), float64(s.bad)
	out := Standing{Good: good, Bad: bad, Complaints: float64(s.complaints), Reached: int(s.reached + 0.5), Callees: callees(s.callees)}
	switch against, in := lower(bad, good+bad), lower(good, good+bad); {
	case against > 0.5:
		out.Sure = -min((against-0.5)/0.3, 1)
	case in > 0.5:
		out.Sure = min((in-0.5)/0.3, 1)
	}
	out.Wanted = s.wanted()
	return out
}

// wanted is for those who call many: the upper bound of the share of calls to which people object, full at 3 % and nothing at 6 %.
func (s *evidence) wanted() float64 {
	n := float64(s.reached)
	if n < 20 || callees(s.callees) < 20 {
		return 0
	}
	objections := upper(min(float64(s.complaints), n), n)
	return min(max((0.06-objections)/0.03, 0), 1)
}

// lower and upper are the bounds of Wilson's score interval for k of n.
func lower(k, n float64) float64 {
	if n <= 0 {
		return 0
	}
	p, z2 := k/n, sure*sure
	return (p + z2/(2*n) - sure*math.Sqrt(p*(1-p)/n+z2/(4*n*n))) / (1 + z2/n)
}

func upper(k, n float64) float64 { return 1 - lower(n-k, n) }

// callees estimates how many different callees have set these bits (Whang, Vander-Zanden, Taylor 1990).
func callees(set uint64) int {
	n := bits.OnesCount64(set)
	if n == 64 {
		return 300
	}
	return int(-64*math.Log(float64(64-n)/64) + 0.5)
}
