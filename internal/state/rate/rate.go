// Package rate counts attempts per key in memory of fixed size.
//
// [Meter] holds a GCRA (generic cell rate algorithm, ITU-T I.371) per key: one time stamp that says until when the key's past attempts
// would have lasted at the allowed rate. [Fanout] holds how many different things a key has touched within a window, by linear
// counting (Whang, Vander-Zanden, Taylor 1990) in 64 bits.
//
// Keys are 64-bit hashes with a secret seed, so that nobody can choose keys that collide. Tables are sets of eight ways: when a set
// is full, the key with the least to remember is forgotten. A flood of fresh keys therefore pushes out keys that have
// hardly been seen, not the heavy ones, and memory stays what it was at the start.
//
// Time is passed in as Unix nanoseconds and may be virtual. Both types are safe for concurrent use, take one short lock per call
// and allocate nothing.
package rate

import (
	"fmt"
	"math/bits"
	"reflect"
	"sync"
	"time"

	"gatehouse.example/internal/state/prefetch"
)

// Limit allows Count attempts at once, and Count per Per in the long run.
type Limit struct {
	Count int           `yaml:"count" json:"count"`
	Per   time.Duration `yaml:"per" json:"per"`
}

// Validate says what is wrong with a limit.
func (l Limit) Validate() error {
	if l.Count < 1 || l.Per <= 0 || l.Per/time.Duration(l.Count) <= 0 {
		return fmt.Errorf("rate: %d per %s is not a limit: count must be at least 1 and per long enough for it", l.Count, l.Per)
	}
	return nil
}

// Level is how full a key's allowance is: 1 is just within the limit, 2 is twice as many attempts as that.
type Level float64

// maxLevel is where counting stops: a key that was flooded is back within its limit after maxLevel-1 times Per of silence.
const maxLevel = 3

const ways = 8

// stamp is what is remembered of one key. A tat of the past says nothing any more: the place is free.
type stamp struct {
	hash uint64
	tat  int64 // theoretical arrival time, Unix nanoseconds
}

// Meter measures the rate of many keys against one limit.
type Meter struct {
	step  int64 // time that one attempt is worth
	full  int64 // time that the whole allowance is worth
	most  int64 // how far ahead of now a stamp may be
	locks [64]sync.Mutex
	sets  [][ways]stamp
}

// NewMeter returns a meter that remembers at most about keys keys, 16 octets each.
func NewMeter(l Limit, keys int) (*Meter, error) {
	if err := l.Validate(); err != nil {
		return nil, err
	}
	step := int64(l.Per) / int64(l.Count)
	return &Meter{
		step: step, full: step * int64(l.Count), most: step * int64(l.Count) * maxLevel,
		sets: make([][ways]stamp, setsFor(keys)),
	}, nil
}

// home is where a key stands in its set if that place is free: one line of cache is read of most, and not the whole set.
func home(key uint64) int { return int(key >> 61) }

func setsFor(keys int) int {
	n := max(keys/ways, 64)
	return 1 << bits.Len(uint(n-1))
}

// Octets is the memory that the meter takes, however many keys it has seen.
func (m *Meter) Octets() int { return len(m.sets) * int(reflect.TypeFor[[ways]stamp]().Size()) }

// Count counts an attempt of the key at now and returns its level with it.
func (m *Meter) Count(key uint64, now int64) Level { return m.measure(key, now, true) }

// Prefetch asks for the memory that Count reads, and does not wait for it.
func (m *Meter) Prefetch(key uint64) {
	prefetch.Of(&m.sets[key&uint64(len(m.sets)-1)][home(key)])
}

// Peek returns the level that Count would return, and counts nothing.
func (m *Meter) Peek(key uint64, now int64) Level { return m.measure(key, now, false) }

func (m *Meter) measure(key uint64, now int64, count bool) Level {
	n := key & uint64(len(m.sets)-1)
	lock, set := &m.locks[n%uint64(len(m.locks))], &m.sets[n]
	lock.Lock()
	defer lock.Unlock()
	at, found := home(key), false
	for i := range ways {
		way := (home(key) + i) % ways
		if set[way].hash == key && set[way].tat != 0 {
			at, found = way, true
			break
		}
		if set[way].tat < set[at].tat {
			at = way
		}
	}
	tat := now
	// A stamp further ahead than counting goes is of a clock that has been set back since, and says nothing.
	if found && set[at].tat <= now+m.most+m.step {
		tat = max(tat, set[at].tat)
	}
	tat = min(tat+m.step, now+m.most)
	if count {
		set[at] = stamp{key, tat}
	}
	return Level(float64(tat-now) / float64(m.full))
}

// Attempts is about how many attempts a level stands for, given the meter's limit.
func (m *Meter) Attempts(l Level) int { return int(float64(l)*float64(m.full)/float64(m.step) + 0.5) }
