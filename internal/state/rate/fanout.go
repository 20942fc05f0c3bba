package rate

import (
	"fmt"
	"math"
	"math/bits"
	"reflect"
	"sync"
	"time"

	"gatehouse.example/internal/state/prefetch"
)

// MaxFanout is the largest number of different things that 64 bits tell apart well enough.
const MaxFanout = 150

// sketch remembers which of 64 bits the things touched in this window and the one before have set.
type sketch struct {
	hash      uint64
	window    int64 // number of the window that now is for
	now, past uint64
}

// Fanout estimates how many different things each of many keys has touched in about the last window.
type Fanout struct {
	window   int64
	estimate [65]float64 // by the number of bits set
	locks    [64]sync.Mutex
	sets     [][ways]sketch
}

// NewFanout returns a counter over a window that remembers at most about keys keys, 32 octets each.
func NewFanout(window time.Duration, keys int) (*Fanout, error) {
	if window <= 0 {
		return nil, fmt.Errorf("rate: fan-out window %s is not positive", window)
	}
	f := &Fanout{window: int64(window), sets: make([][ways]sketch, setsFor(keys))}
	for n := range 64 {
		f.estimate[n] = -64 * math.Log(float64(64-n)/64)
	}
	f.estimate[64] = 64 * math.Log(64) * 1.2 // all bits set: more than can be told
	return f, nil
}

// Octets is the memory that the counter takes, however many keys it has seen.
func (f *Fanout) Octets() int { return len(f.sets) * int(reflect.TypeFor[[ways]sketch]().Size()) }

// Count notes that key touches thing at now, and returns how many different things it has touched.
func (f *Fanout) Count(key, thing uint64, now int64) float64 { return f.measure(key, thing, now, true) }

// Prefetch asks for the memory that Count reads, and does not wait for it.
func (f *Fanout) Prefetch(key uint64) {
	prefetch.Of(&f.sets[key&uint64(len(f.sets)-1)][home(key)])
}

// Peek returns what Count would return, and notes nothing.
func (f *Fanout) Peek(key, thing uint64, now int64) float64 { return f.measure(key, thing, now, false) }

func (f *Fanout) measure(key, thing uint64, now int64, count bool) float64 {
	n := key & uint64(len(f.sets)-1)
	lock, set := &f.locks[n%uint64(len(f.locks))], &f.sets[n]
	window := now / f.window
	lock.Lock()
	defer lock.Unlock()
	s := &set[home(key)]
	for i := range ways {
		other := &set[(home(key)+i)%ways]
		if other.hash == key {
			s = other
			break
		}
		if f.weight(other, window) < f.weight(s, window) {
			s = other
		}
	}
	next := sketch{hash: key, window: window}
	if s.hash == key {
		switch s.window {
		case window:
			next.now, next.past = s.now, s.past
		case window - 1:
			next.past = s.now
		}
	}
	next.now |= 1 << (thing >> 58)
	if count {
		*s = next
	}
	return f.sliding(&next, now)
}

// weight says how much a sketch has to remember: the one with the least is forgotten first.
func (f *Fanout) weight(s *sketch, window int64) int {
	switch s.window {
	case window:
		return bits.OnesCount64(s.now | s.past)
	case window - 1:
		return bits.OnesCount64(s.now)
	}
	return 0
}

// sliding counts this window in full and of the one before what it had that this one has not, in the share that
// still lies within one window's length of now.
func (f *Fanout) sliding(s *sketch, now int64) float64 {
	share := 1 - float64(now%f.window)/float64(f.window)
	current := f.estimate[bits.OnesCount64(s.now)]
	both := f.estimate[bits.OnesCount64(s.now|s.past)]
	return current + (both-current)*share
}
