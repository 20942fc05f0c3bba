package tokens

import (
	"math"
	"sync"
)

// streams are what is known of the texts that users get lately, whether or not anybody says something about them, and that nobody takes for spam. Texts of another world, in which the
// same words mean something else, cannot always be told one by one, but a dozen of them can. Of each user an average is kept, and no text.
type streams struct {
	mu  sync.RWMutex
	all map[uint64]*average
}

const (
	// lately is over how many texts the average is taken, and fewest how many there must be.
	lately, fewest = 30, 12
	// apart is how many standard errors the average must lie below what is usual.
	apart = 4
	// mostStreams bounds the memory, to some 4 MB: when there are more users all begin anew.
	mostStreams = 1 << 16
)

func newStreams() *streams { return &streams{all: make(map[uint64]*average)} }

func (p Place) stream() uint64 {
	if p.User != "" {
		return keyOf("user", p.User)
	}
	return keyOf("domain", p.Domain)
}

// Met notes a text that came to a place and does not look like spam, of which so much is known ([Opinion.Known]).
func (m *Memory) Met(p Place, known float64) {
	s := m.streams
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) >= mostStreams {
		clear(s.all)
	}
	a := s.all[p.stream()]
	if a == nil {
		a = new(average)
		s.all[p.stream()] = a
	}
	a.add(known, lately)
}

// elsewhere says whether the texts that come to a place are other ones than people judged here.
func (m *Memory) elsewhere(p Place) bool {
	s := m.streams
	s.mu.RLock()
	defer s.mu.RUnlock()
	a, usual := s.all[p.stream()], &m.held.known
	if a == nil || a.n < fewest || usual.n < slowly/4 {
		return false
	}
	return usual.mean-a.mean > apart*usual.spread()/math.Sqrt(a.n)
}
