package known

import (
	"math/bits"
	"time"
)

// relation is what is kept of an owner and a peer; of a domain and a peer, owners alone is in use.
type relation struct {
	first, last                                   int64  // Unix seconds
	owners                                        uint64 // of a domain: a bit for each owner who has called, by hash
	ham, spam                                     float32
	called, answered, messaged, callBacks, talked uint16
	imported                                      bool
}

// worth prefers what the owner entered himself, then what he said, then what is fresh: a month counts like one answered call.
func (r *relation) worth() int64 {
	const month = 30 * 24 * 3600
	bonus := min(int64(r.answered)+int64(r.messaged), 6)
	if r.imported || r.spam > 0 || r.ham > 0 {
		bonus += 12
	}
	return r.last + bonus*month
}

// Relation says what is known of a peer, from its owner's point of view.
type Relation struct {
	// Strength says how well the owner knows the peer by what he has done himself, from 0 to 1, faded by age.
	Strength float64
	// Talk says how much they have talked when the peer called, from 0 to 1, faded by age.
	Talk float64
	// Verdict is what the owner has said of the peer, from -1 (unwanted) to 1 (wanted); 0: nothing, or both.
	Verdict float64
	// The counts are those of [Entry].
	Called, Answered, Messaged, CallBacks, Talked int
	Imported                                      bool
	// Last is when it was used last.
	Last time.Time
	// Colleagues is how many users of the owner's domain have called the peer, at most 64.
	Colleagues int
}

// Between is Look for who asks nothing else about a subject.
func (m *Memory) Between(owner, domain, peer string, now time.Time) Relation {
	return m.Look(m.hashes(owner, domain, peer), now)
}

// Look returns what the owner of s knows of its peer.
func (m *Memory) Look(s Subject, now time.Time) (out Relation) {
	if s.owner == 0 || s.peer == 0 {
		return out
	}
	if r, ok := m.peers.Get(s.relation); ok {
		out = r.relation(now.Unix())
	}
	if s.domain != 0 {
		if r, ok := m.peers.Get(s.colleagues); ok {
			out.Colleagues = bits.OnesCount64(r.owners)
			if r.owners&(1<<(s.owner>>58)) != 0 && out.Strength > 0 {
				out.Colleagues-- // himself
			}
		}
	}
	return out
}

func (r *relation) relation(now int64) Relation {
	fade := faded(now - r.last)
	out := Relation{
		Called: int(r.called), Answered: int(r.answered), Messaged: int(r.messaged), CallBacks: int(r.callBacks), Talked: int(r.talked),
		Imported: r.imported, Last: time.Unix(r.last, 0).UTC(),
		Strength: r.strength() * fade,
		Talk:     min(float64(r.talked)*0.4, 1) * fade,
	}
	// One opinion is nearly certain; of two that differ the later one holds, because each halves what was said before.
	if n := float64(r.ham + r.spam); n > 0 {
		out.Verdict = float64(r.ham-r.spam) / n
	}
	if r.imported {
		out.Strength = max(out.Strength, r.strength()*0.8)
	}
	return out
}

// strength is what the owner's own deeds are worth before they fade.
func (r *relation) strength() float64 {
	s := 0.0
	switch {
	case r.imported || r.answered > 0:
		return 1
	case r.called >= 2:
		s = 0.8
	case r.called == 1:
		s = 0.6
	}
	switch {
	case r.messaged >= 2:
		s = max(s, 0.9)
	case r.messaged == 1:
		s = max(s, 0.7)
	}
	if r.callBacks > 0 {
		s = max(s, 0.5)
	}
	return s
}

// faded is 1 for three months and falls to 0.3 within a year.
func faded(age int64) float64 {
	from, to := int64(fadeFrom/time.Second), int64(fadeTo/time.Second)
	switch {
	case age <= from:
		return 1
	case age >= to:
		return 0.3
	}
	return 1 - 0.7*float64(age-from)/float64(to-from)
}

func count(n *uint16) {
	if *n < 1<<16-1 {
		*n++
	}
}
