package known

import "time"

// recent is what the last hours hold of an owner and a peer, a block of numbers, a domain, or anyone.
type recent struct {
	touched  int64 // when it was used last; all times in Unix seconds
	expected int64 // until when a call is expected
	oneRing  int64 // when a call rang once
	missed   int64 // when a call rang long and was missed
	attempt  int64 // when the last attempt came
	credited int64 // when a retry was counted last
	answered bool  // since the first attempt
}

func (r *recent) worth() int64 {
	return max(r.touched, r.expected, r.oneRing+int64(callBackFor/time.Second))
}

func (m *Memory) expect(key uint64, until int64) {
	m.recents.Lock(key)
	r := m.recents.Take(key)
	r.expected = max(r.expected, until)
	r.touched = max(r.touched, until-int64(expectFor/time.Second))
	m.recents.Unlock(key)
}

// Expectation says why a call is expected.
type Expectation uint8

// The reasons, weakest first.
const (
	Unexpected   Expectation = iota
	Organisation             // the owner has just called somebody of the same domain, or of the ten numbers around
	Peer                     // the owner has just called this peer
	Anyone                   // the owner has said that he expects a call
)

// Expected says whether the owner of s expects a call from its peer now.
func (m *Memory) Expected(s Subject, now time.Time) Expectation {
	at := now.Unix()
	switch {
	case s.owner == 0:
	case m.windows.Load() >= at && m.open(m.anyoneKey(&s), at):
		return Anyone
	case s.peer == 0 || !m.waits(&s, at):
	case m.open(s.recent, at):
		return Peer
	case s.near != 0 && m.open(s.near, at):
		return Organisation
	}
	return Unexpected
}

// dialledBy is how many places there are for when owners have dialled.
const dialledBy = 1 << 11

// calls puts down that the owner dials somebody, who is expected until then.
func (m *Memory) calls(owner string, until int64) {
	raise(&m.dialled[m.seed.String(hashOwner, owner)%dialledBy], until)
}

// waits tells whether the owner, or another of the same place, has dialled somebody lately. Most of the time most owners have not, and nothing has to be looked up
// for them. What was stored does not say whose it is: until it is over, all wait.
func (m *Memory) waits(s *Subject, at int64) bool {
	return m.dialled[s.owner%dialledBy].Load() >= at || m.windows.Load() >= at
}

func (m *Memory) open(key uint64, at int64) bool {
	m.recents.Lock(key)
	defer m.recents.Unlock(key)
	r := m.recents.Find(key)
	return r != nil && r.expected >= at
}

// Attempted counts an attempt of the proven peer of s at its owner, and says whether it is a retry that counts in its favour, and how long after the
// first. With look set nothing is counted.
func (m *Memory) Attempted(s Subject, now time.Time, look bool) (retry bool, after time.Duration) {
	if s.owner == 0 || s.peer == 0 {
		return false, 0
	}
	at := now.Unix()
	count := m.spread.Count
	if look {
		count = m.spread.Peek
	}
	tried := count(s.peer, s.owner, now.UnixNano())
	key := s.recent
	m.recents.Lock(key)
	defer m.recents.Unlock(key)
	r := m.recents.Find(key)
	if r != nil && r.attempt > 0 {
		after = time.Duration(at-r.attempt) * time.Second
		retry = after >= repeatFrom && after <= repeatTo && !r.answered && tried < repeatMost+0.5 &&
			(r.credited == 0 || at-r.credited >= int64(repeatPause/time.Second))
	}
	if look {
		return retry, after
	}
	if r == nil {
		r = m.recents.Take(key)
	}
	if retry {
		r.credited = at
	}
	if after > repeatTo {
		r.answered = false
	}
	r.attempt, r.touched = at, max(r.touched, at)
	return retry, after
}
