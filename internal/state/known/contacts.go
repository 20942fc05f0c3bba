package known

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Pair names a relation.
type Pair struct{ Owner, Peer string }

// Contact tells whether the owner knows the peer by anything but an objection.
func (e *Entry) Contact() bool {
	return e.Imported || e.Called > 0 || e.Messaged > 0 || e.CallBacks > 0 || e.Talked > 0 || e.Ham > e.Spam
}

// Contacts returns whom an owner knows, by name, from behind after on; most is how many at most, 0 all.
func (m *Memory) Contacts(ctx context.Context, owner, after string, most int) ([]Entry, error) {
	if m.storage == nil {
		return nil, nil
	}
	if err := m.Flush(ctx); err != nil {
		return nil, err
	}
	all, err := m.storage.KnownOf(ctx, owner)
	if err != nil {
		return nil, fmt.Errorf("known: %w", err)
	}
	all = slices.DeleteFunc(all, func(e Entry) bool { return e.Peer <= after || !e.Contact() })
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(a.Peer, b.Peer) })
	if most > 0 && len(all) > most {
		all = all[:most]
	}
	return all, nil
}

// Forget removes a contact: what the owner has done, what they have talked, and the window in which its call is expected. That he objected to it stays. It
// is stored when Forget returns; found tells whether there was such a contact.
func (m *Memory) Forget(ctx context.Context, owner, peer string, now time.Time) (found bool, err error) {
	all, err := m.Contacts(ctx, owner, "", 0)
	if err != nil {
		return false, err
	}
	s := m.Subject(owner, domainOf(owner), peer, now)
	key := s.relation
	m.peers.Lock(key)
	if r := m.peers.Find(key); r != nil {
		e := r.entry(Pair{owner, peer})
		found = e.Contact()
		*r = relation{first: r.first, last: r.last, spam: r.spam}
	}
	m.peers.Unlock(key)
	at := slices.IndexFunc(all, func(e Entry) bool { return e.Peer == peer })
	if at < 0 && !found {
		return false, nil
	}
	if at >= 0 && all[at].Spam > 0 { // of long ago, perhaps only in the storage
		m.change(key, owner, peer, now, func(r *relation) { r.spam = all[at].Spam })
	} else {
		m.mu.Lock()
		m.dirty[key] = pair{Pair{strings.Clone(owner), strings.Clone(peer)}, true}
		m.mu.Unlock()
	}
	m.part(&s)
	return true, m.Flush(ctx)
}

// part takes away what others have of it: his share in what the colleagues know, and the expectation of a call back.
func (m *Memory) part(s *Subject) {
	key := s.colleagues
	m.peers.Lock(key)
	if r := m.peers.Find(key); r != nil {
		r.owners &^= 1 << (s.owner >> 58)
	}
	m.peers.Unlock(key)
	key = s.recent
	m.recents.Lock(key)
	if r := m.recents.Find(key); r != nil {
		r.expected = 0
	}
	m.recents.Unlock(key)
}
