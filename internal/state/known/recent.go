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

func (m *Memory) recentKey(owner, domain uint64, what string) uint64 {
	return m.seed.Pair(hashRecent, owner, m.seed.String(domain, what))
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

// Expected says whether owner expects a call from peer now.
func (m *Memory) Expected(owner, peer string, now time.Time) Expectation {
	if owner == "" {
		return Unexpected
	}
	o, at := m.seed.String(hashOwner, owner), now.Unix()
	if r, ok := m.recents.Get(m.recentKey(o, hashAnyone, "")); ok && r.expected >= at {
		return Anyone
	}
	if peer == "" {
		return Unexpected
	}
	if r, ok := m.recents.Get(m.recentKey(o, hashRecent, peer)); ok && r.expected >= at {
		return Peer
	}
	if b := blockOf(peer); b != "" {
		if r, ok := m.recents.Get(m.recentKey(o, hashBlock, b)); ok && r.expected >= at {
			return Organisation
		}
	}
	return Unexpected
}

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

// Attempted counts an attempt of a proven peer at owner, and says whether it is a retry that counts in its favour, and how long after the first.
// With look set nothing is counted.
func (m *Memory) Attempted(owner, peer string, now time.Time, look bool) (retry bool, after time.Duration) {
	if owner == "" || peer == "" {
		return false, 0
	}
	o, at := m.seed.String(hashOwner, owner), now.Unix()
	caller := m.seed.String(hashSpread, peer)
	tried := 0.0
	if look {
		tried = m.spread.Peek(caller, o, now.UnixNano())
	} else {
		tried = m.spread.Count(caller, o, now.UnixNano())
	}
	key := m.recentKey(o, hashRecent, peer)
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
