package history

import "gatehouse.example/verdict"

// ring holds verdicts by value, in order, so that recording one allocates nothing: every slot keeps the room for its
// signals when it is emptied. Verdicts move out by being swapped with empty ones. The owner locks.
type ring struct {
	slots    []slot
	head, n  int
	bytes    int // text held by the n verdicts
	maxBytes int
}

type slot struct {
	verdict  verdict.Verdict
	response verdict.Response // what verdict.Response points to
	bytes    int
}

// spareSignals is how much room for signals an empty slot may keep.
const spareSignals = 16

func newRing(slots, maxBytes int) ring {
	return ring{slots: make([]slot, slots), maxBytes: maxBytes}
}

// push adds a copy of v at the end and returns how many of the oldest had to go for it.
func (r *ring) push(v *verdict.Verdict) (evicted int) {
	bytes := textBytes(v)
	for r.n > 0 && (r.n == len(r.slots) || r.bytes+bytes > r.maxBytes) {
		r.at(0).clear()
		r.drop()
		evicted++
	}
	s := r.at(r.n)
	s.set(v, bytes)
	r.n++
	r.bytes += bytes
	return evicted
}

// pop swaps the oldest with the empty slot into; false when there is none.
func (r *ring) pop(into *slot) bool {
	if r.n == 0 {
		return false
	}
	s := r.at(0)
	*s, *into = *into, *s
	into.adopt()
	s.bytes = into.bytes // what drop takes off the sum
	r.drop()
	return true
}

func (r *ring) at(i int) *slot { return &r.slots[(r.head+i)%len(r.slots)] }

func (r *ring) drop() {
	r.bytes -= r.at(0).bytes
	r.at(0).bytes = 0
	r.head = (r.head + 1) % len(r.slots)
	r.n--
}

func (s *slot) set(v *verdict.Verdict, bytes int) {
	signals := s.verdict.Signals[:0]
	s.verdict = *v
	s.verdict.Signals = append(signals, v.Signals...)
	if v.Response != nil {
		s.response = *v.Response
	}
	s.bytes = bytes
	s.adopt()
}

// adopt makes the verdict point to its own slot's response again after a move.
func (s *slot) adopt() {
	if s.verdict.Response != nil {
		s.verdict.Response = &s.response
	}
}

// clear lets go of everything but the room for signals. bytes stays for drop.
func (s *slot) clear() {
	signals := s.verdict.Signals
	if cap(signals) > spareSignals {
		signals = nil
	}
	clear(signals[:cap(signals)])
	s.verdict = verdict.Verdict{Signals: signals[:0]}
	s.response = verdict.Response{}
}

// textBytes is what a verdict keeps in memory beyond its slot, about.
func textBytes(v *verdict.Verdict) int {
	n := len(v.ID) + len(v.From.Claimed) + len(v.From.Display) + len(v.From.Identity) + len(v.To.Requested) +
		len(v.To.User) + len(v.To.Alias) + len(v.Source.Address) + len(v.Source.Peer) + len(v.Source.UserAgent)
	for i := range v.Signals {
		n += len(v.Signals[i].Evidence)
	}
	return n
}
