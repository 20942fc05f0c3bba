package known

import (
	"strings"
	"sync/atomic"
	"time"
)

// Dialled opens the window in which the peer is expected to call back. It is told when a call or message of the owner begins; nothing else is learned of it.
func (m *Memory) Dialled(owner, peer string, now time.Time) {
	if owner == "" || peer == "" || owner == peer {
		return
	}
	until := now.Add(expectFor).Unix()
	m.calls(owner, until)
	s := m.Subject(owner, "", peer, now)
	m.expect(s.recent, until)
	if s.near != 0 {
		m.expect(s.near, until)
	}
}

// Expect opens the window in which any call to owner is expected.
func (m *Memory) Expect(owner string, from, until time.Time) {
	if owner == "" || !until.After(from) {
		return
	}
	s := m.Subject(owner, "", "", from)
	m.expect(m.anyoneKey(&s), until.Unix())
	raise(&m.windows, until.Unix())
}

// raise puts down the later time of two.
func raise(at *atomic.Int64, until int64) {
	for old := at.Load(); old < until && !at.CompareAndSwap(old, until); old = at.Load() {
	}
}

// Placed learns from a call of the owner that has ended. answered is whether somebody took it.
func (m *Memory) Placed(owner, peer string, answered bool, now time.Time) {
	m.reached(owner, peer, now, func(r *relation, callBack bool) {
		switch {
		case callBack && answered:
			count(&r.callBacks)
		case callBack:
		default:
			count(&r.called)
			if answered {
				count(&r.answered)
			}
		}
	})
}

// Wrote learns from a message of the owner.
func (m *Memory) Wrote(owner, peer string, now time.Time) {
	m.reached(owner, peer, now, func(r *relation, callBack bool) {
		if callBack {
			count(&r.callBacks)
			return
		}
		count(&r.messaged)
	})
}

// reached learns from what the owner has sent, unless he was made to do it.
func (m *Memory) reached(owner, peer string, now time.Time, note func(r *relation, callBack bool)) {
	if owner == "" || peer == "" || owner == peer {
		return
	}
	s := m.Subject(owner, domainOf(owner), peer, now)
	if m.busy.Count(s.owner, s.peer, now.UnixNano()) > m.most {
		m.refused.Add(1)
		return
	}
	key := s.relation
	callBack := false
	if r, ok := m.recents.Get(s.recent); ok && !m.already(key) {
		since := now.Unix() - int64(callBackFor/time.Second)
		if r.oneRing > since {
			m.laundered.Add(1)
			return
		}
		callBack = r.missed > since
	}
	m.change(key, owner, peer, now, func(r *relation) { note(r, callBack) })
	if !callBack {
		m.learned.Add(1)
		m.colleague(&s, now)
	}
}

// already tells whether the owner knew the peer before, so that calling back launders nothing.
func (m *Memory) already(key uint64) bool {
	r, ok := m.peers.Get(key)
	return ok && (r.imported || r.answered > 0 || r.messaged > 0 || r.called > 0)
}

// colleague notes that one more user of the domain knows the peer.
func (m *Memory) colleague(s *Subject, now time.Time) {
	if s.domain == 0 {
		return
	}
	key := s.colleagues
	m.peers.Lock(key)
	r := m.peers.Take(key)
	r.owners |= 1 << (s.owner >> 58)
	r.last = max(r.last, now.Unix())
	m.peers.Unlock(key)
}

// change alters a relation and marks it to be stored.
func (m *Memory) change(key uint64, owner, peer string, now time.Time, f func(*relation)) {
	m.peers.Lock(key)
	r := m.peers.Take(key)
	if r.first == 0 {
		r.first = now.Unix()
	}
	r.last = max(r.last, now.Unix())
	f(r)
	m.peers.Unlock(key)
	m.mu.Lock()
	m.newest = max(m.newest, now.Unix())
	if m.storage != nil {
		m.dirty[key] = pair{Pair{strings.Clone(owner), strings.Clone(peer)}, false}
	}
	m.mu.Unlock()
}

// Import enters a peer of the owner's address book or buddy list.
func (m *Memory) Import(owner, peer string, now time.Time) {
	if owner == "" || peer == "" || owner == peer {
		return
	}
	s := m.Subject(owner, domainOf(owner), peer, now)
	m.change(s.relation, owner, peer, now, func(r *relation) { r.imported = true })
	m.colleague(&s, now)
}

// Judge learns what the owner says of a peer: wanted or not. Each time halves what was said before.
func (m *Memory) Judge(owner, peer string, wanted bool, now time.Time) {
	if owner == "" || peer == "" || owner == peer {
		return
	}
	s := m.Subject(owner, "", peer, now)
	m.change(s.relation, owner, peer, now, func(r *relation) {
		r.ham, r.spam = r.ham/2, r.spam/2
		if wanted {
			r.ham++
		} else {
			r.spam++
		}
	})
}

// Unjudge forgets what the owner has said of a peer.
func (m *Memory) Unjudge(owner, peer string, now time.Time) {
	s := m.Subject(owner, "", peer, now)
	key := s.relation
	if _, ok := m.peers.Get(key); ok {
		m.change(key, owner, peer, now, func(r *relation) { r.ham, r.spam = 0, 0 })
	}
}

// Received learns from a call of the peer that came through and has ended: a conversation, or a missed call that invites a call-back.
// rang is 0 where nobody knows; byCallee tells that the owner refused or hung up.
func (m *Memory) Received(owner, peer string, answered, byCallee bool, rang, talk time.Duration, now time.Time) {
	if owner == "" || peer == "" || owner == peer {
		return
	}
	s := m.Subject(owner, "", peer, now)
	if talk >= conversed && answered {
		m.change(s.relation, owner, peer, now, func(r *relation) { count(&r.talked) })
	}
	key := s.recent
	m.recents.Lock(key)
	r := m.recents.Take(key)
	switch {
	case answered:
		r.answered = true
	case byCallee:
	case rang < oneRing:
		r.oneRing = now.Unix()
	default:
		r.missed = now.Unix()
	}
	r.touched = max(r.touched, now.Unix())
	m.recents.Unlock(key)
}
