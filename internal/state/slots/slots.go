// Package slots is a memory of fixed size for what is known by a hash: eight rows to a set, a lock for each sixty-fourth of the sets. Where a set is
// full, the row that is worth least gives way, so a flood of fresh keys evicts other fresh keys first.
//
// Keys are hashes made with a secret seed (package rate's Seed): nobody outside can choose two that meet. A sixty-fourth of the table is allocated
// when its first row is taken, so a table that nobody writes to costs nothing, and nothing is allocated after that. All methods may be called from
// any goroutine, Find and Take between Lock and Unlock of the key. Large tables are far away: who is going to read several asks for the rows first ([Table.Prefetch]).
package slots

import (
	"math/bits"
	"reflect"
	"sync"
	"sync/atomic"

	"gatehouse.example/internal/state/prefetch"
)

const (
	ways   = 8
	shards = 64
)

// Table holds rows of T by key.
type Table[T any] struct {
	parts [shards]part[T]
	sets  uint64 // of a part, a power of two
	worth func(*T) int64
}

// part is what one lock guards.
type part[T any] struct {
	mu    sync.Mutex
	used  int
	sets  []set[T]                 // nil until the first row
	ready atomic.Pointer[[]set[T]] // sets, for who does not lock
	_     [64]byte                 // each lock in a cache line of its own
}

// set holds the rows of keys that meet, and beside them by what they are known: 0 marks a row that is free.
type set[T any] struct {
	tags [ways]uint64
	rows [ways]T
}

// New returns an empty table for about that many rows. worth says what a row is worth keeping: of a full set the least one goes.
func New[T any](rows int, worth func(*T) int64) *Table[T] {
	return &Table[T]{sets: 1 << bits.Len(uint(max(rows/ways/shards, 1)-1)), worth: worth}
}

func (t *Table[T]) part(key uint64) *part[T] { return &t.parts[key%shards] }

// set returns which of a part's sets key belongs to.
func (t *Table[T]) set(key uint64) uint64 { return key / shards & (t.sets - 1) }

// tag is what a row is known by: 0 marks one that is free.
func tag(key uint64) uint64 { return key | 1<<63 }

// home is where a row stands in its set if that place is free, so that it can be asked for before it is known to be there.
func home(key uint64) int { return int(key >> 60 % ways) }

// Lock locks the part of the table that key belongs to.
func (t *Table[T]) Lock(key uint64) { t.part(key).mu.Lock() }

// Unlock unlocks it.
func (t *Table[T]) Unlock(key uint64) { t.part(key).mu.Unlock() }

// Prefetch asks for the memory that Find reads, the row included, and waits neither for it nor for a lock.
func (t *Table[T]) Prefetch(key uint64) {
	if sets := t.part(key).ready.Load(); sets != nil {
		s := &(*sets)[t.set(key)]
		prefetch.Of(&s.tags)
		prefetch.Of(&s.rows[home(key)])
	}
}

// PrefetchTags is Prefetch for a row that is hardly ever there.
func (t *Table[T]) PrefetchTags(key uint64) {
	if sets := t.part(key).ready.Load(); sets != nil {
		prefetch.Of(&(*sets)[t.set(key)].tags)
	}
}

// Find returns the row of key, nil if there is none. It is the caller's until Unlock.
func (t *Table[T]) Find(key uint64) *T {
	p := t.part(key)
	if p.sets == nil {
		return nil
	}
	s, want := &p.sets[t.set(key)], tag(key)
	for i := range ways {
		if way := (home(key) + i) % ways; s.tags[way] == want {
			return &s.rows[way]
		}
	}
	return nil
}

// Take returns the row of key, a new one with the zero value if there is none. It is the caller's until Unlock.
func (t *Table[T]) Take(key uint64) *T {
	if row := t.Find(key); row != nil {
		return row
	}
	p := t.part(key)
	if p.sets == nil {
		p.sets = make([]set[T], t.sets)
		p.ready.Store(&p.sets)
	}
	s, at := &p.sets[t.set(key)], home(key)
	for i := range ways {
		way := (home(key) + i) % ways
		if s.tags[way] == 0 {
			at = way
			p.used++
			break
		}
		if way != at && t.worth(&s.rows[way]) < t.worth(&s.rows[at]) {
			at = way
		}
	}
	s.tags[at] = tag(key)
	var zero T
	s.rows[at] = zero
	return &s.rows[at]
}

// Get returns a copy of the row of key.
func (t *Table[T]) Get(key uint64) (row T, found bool) {
	t.Lock(key)
	defer t.Unlock(key)
	if r := t.Find(key); r != nil {
		return *r, true
	}
	return row, false
}

// Each visits a copy of every row until f returns false.
func (t *Table[T]) Each(f func(row *T) bool) {
	for i := range t.parts {
		p := &t.parts[i]
		for set := range t.sets {
			p.mu.Lock()
			if p.sets == nil {
				p.mu.Unlock()
				break
			}
			all := p.sets[set]
			p.mu.Unlock()
			for i := range all.tags {
				if all.tags[i] != 0 && !f(&all.rows[i]) {
					return
				}
			}
		}
	}
}

// Parts is how many parts a table has; a key belongs to one for good. Whoever stores a table stores the parts that have changed.
const Parts = shards

// PartOf returns the part that a key belongs to.
func PartOf(key uint64) int { return int(key % shards) }

// EachOf visits a copy of every row of one part, with a key that finds it again.
func (t *Table[T]) EachOf(part int, f func(key uint64, row *T)) {
	p := &t.parts[part]
	for set := range t.sets {
		p.mu.Lock()
		if p.sets == nil {
			p.mu.Unlock()
			return
		}
		all := p.sets[set]
		p.mu.Unlock()
		for i := range all.tags {
			if all.tags[i] != 0 {
				f(all.tags[i], &all.rows[i])
			}
		}
	}
}

// Stats are figures about a table.
type Stats struct {
	// Rows is how many rows are in use, Most how many there can be, Octets what the full table takes.
	Rows, Most, Octets int
}

// Stats returns the figures now.
func (t *Table[T]) Stats() Stats {
	s := Stats{Most: int(t.sets) * shards * ways}
	s.Octets = s.Most * (8 + int(reflect.TypeFor[T]().Size()))
	for i := range t.parts {
		t.parts[i].mu.Lock()
		s.Rows += t.parts[i].used
		t.parts[i].mu.Unlock()
	}
	return s
}
