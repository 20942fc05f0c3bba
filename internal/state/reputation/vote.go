package reputation

import (
	"strings"
	"time"
)

// Subject names one of those that a vote is about.
type Subject struct {
	Key  Key
	Kind Kind
	Name string
}

// What deeds weigh; an opinion weighs 1.
const (
	Talked   = 0.5  // minutes of conversation
	Listened = 0.2  // half a minute
	HungUp   = -0.1 // at once: short calls are normal, so it means little
	Declined = -0.1
	CallBack = 0.4  // our user called the subject
	Machine  = -0.2 // another network's analytics (608) object; no human did
)

const (
	admin       = "admin"
	adminWeight = 3
	dailyVotes  = 20
)

// voter is what is kept of one of our users as a judge of others.
type voter struct {
	day            int32
	today          uint16
	agreed, denied float32 // with what all others say
}

func (v *voter) worth() int64 { return int64(v.day) }

// weight is the voter's standing, damped where he votes all day long.
func (v *voter) weight() float64 {
	w := float64(v.agreed+3) / float64(v.agreed+v.denied*2+3)
	if v.today > dailyVotes {
		w *= dailyVotes / float64(v.today)
	}
	return w
}

// Opinion learns what a person says about subjects, most specific first: for or against.
func (m *Memory) Opinion(by string, wanted bool, now time.Time, about ...Subject) {
	if len(about) == 0 || by == "" {
		return
	}
	w := m.opinionWeight(by, wanted, about[0].Key, now)
	says := w
	if !wanted {
		says = -w
	}
	who := m.seed.String(hashVoter, by)
	for i := range about {
		m.vote(&about[i], who, says, true, now)
	}
	m.votes.Add(1)
}

// TakeBack forgets what a person has said.
func (m *Memory) TakeBack(by string, now time.Time, about ...Subject) {
	who := m.seed.String(hashVoter, by)
	for i := range about {
		m.vote(&about[i], who, 0, true, now)
	}
}

// Deed learns what a person did about subjects; by is one of the constants above.
func (m *Memory) Deed(by string, weight float64, now time.Time, about ...Subject) {
	if by == "" {
		return
	}
	who := m.seed.String(hashVoter, by)
	w := weight * m.standing(by, who)
	for i := range about {
		m.vote(&about[i], who, w, false, now)
	}
}

// Reached counts a call that the callee took, as much as his objection to it would count.
func (m *Memory) Reached(callee string, now time.Time, about ...Subject) {
	bit := uint64(1) << (m.seed.String(hashCallee, callee) >> 58)
	weight := float32(min(m.standing(callee, m.seed.String(hashVoter, callee)), 1))
	for i := range about {
		key := uint64(about[i].Key)
		m.subjects.Lock(key)
		s := m.subjects.Take(key)
		s.age(now.Unix())
		s.updated = max(s.updated, now.Unix())
		s.reached = min(s.reached+weight, 1<<24)
		s.callees |= bit
		m.subjects.Unlock(key)
		m.touch(&about[i], now)
	}
}

// standing is how far a voter counts.
func (m *Memory) standing(by string, who uint64) float64 {
	if by == admin {
		return adminWeight
	}
	w := 1.0
	if v, ok := m.voters.Get(who); ok {
		w = v.weight()
	}
	if m.trust != nil {
		w *= min(max(m.trust(by), 0), 1)
	}
	return w
}

// opinionWeight counts the opinion, compares it with what others say of the first subject, and returns what it weighs.
func (m *Memory) opinionWeight(by string, wanted bool, first Key, now time.Time) float64 {
	who := m.seed.String(hashVoter, by)
	if by == admin {
		return adminWeight
	}
	agrees := m.agrees(first, uint32(who|1), wanted, now)
	m.voters.Lock(who)
	v := m.voters.Take(who)
	if day := int32(now.Unix() / 86400); v.day != day {
		v.day, v.today = day, 0
	}
	if v.today < 1<<15 {
		v.today++
	}
	switch {
	case agrees > 0:
		v.agreed = min(v.agreed+1, 50)
	case agrees < 0:
		v.denied = min(v.denied+1, 50)
	}
	damped := v.today > dailyVotes
	m.voters.Unlock(who)
	if damped {
		m.damped.Add(1)
	}
	return m.standing(by, who)
}

// agrees compares an opinion with what is sure without the voter's own evidence: 1, -1, or 0 where nothing is.
func (m *Memory) agrees(key Key, who uint32, wanted bool, now time.Time) int {
	s, ok := m.subjects.Get(uint64(key))
	if !ok {
		return 0
	}
	s.age(now.Unix())
	others := 0
	for i := range s.votes {
		if s.votes[i].who == who {
			s.vote(who, 0, true, now.Unix())
		} else if s.votes[i].who != 0 && (s.votes[i].says > 300 || s.votes[i].says < -300) {
			others++
		}
	}
	switch sure := s.standing().Sure; {
	case others < 3 || sure > -0.3 && sure < 0.3:
		return 0
	case wanted == (sure > 0):
		return 1
	}
	return -1
}

func (m *Memory) vote(about *Subject, who uint64, says float64, opinion bool, now time.Time) {
	key := uint64(about.Key)
	m.subjects.Lock(key)
	s := m.subjects.Take(key)
	s.updated = max(s.updated, 1)
	if says > 1 || says < -1 { // the operator's word is more than a vote
		for range adminWeight - 1 {
			s.age(now.Unix())
			if says > 0 {
				s.good++
			} else {
				s.bad++
			}
		}
	}
	s.vote(uint32(who|1), says, opinion, now.Unix())
	m.subjects.Unlock(key)
	m.touch(about, now)
}

// touch marks a subject to be stored.
func (m *Memory) touch(about *Subject, now time.Time) {
	m.mu.Lock()
	m.newest = max(m.newest, now.Unix())
	if m.storage != nil && about.Name != "" {
		m.dirty[uint64(about.Key)] = name{about.Kind, strings.Clone(about.Name)}
	}
	m.mu.Unlock()
}
