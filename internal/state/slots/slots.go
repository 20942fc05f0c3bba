// Package slots is a memory of fixed size for what is known by a hash: eight rows to a set, a lock for each sixty-fourth of the sets. Where a set is
// full, the row that is worth least gives way, so a flood of fresh keys evicts other fresh keys first.
//
// Keys are hashes made with a secret seed (package rate's Seed): nobody outside can choose two that meet. Nothing is allocated after New; pages
// that were never used cost no memory. All methods may be called from any goroutine, between Lock and Unlock of the key.
package slots

import (
	"math/bits"
	"reflect"
	"sync"
)

const (
	ways   = 8
	shards = 64
)

// Table holds rows of T by key.
type Table[T any] struct {
	locks [shards]sync.Mutex
	used  [shards]int // guarded by locks
	tags  [][ways]uint64
	rows  [][ways]T
	worth func(*T) int64
}

// New returns an empty table for about that many rows. worth says what a row is worth keeping: of a full set the least one goes.
func New[T any](rows int, worth func(*T) int64) *Table[T] {
	sets := 1 << bits.Len(uint(max(rows/ways, shards)-1))
	return &Table[T]{tags: make([][ways]uint64, sets), rows: make([][ways]T, sets), worth: worth}
}

// Lock locks the part of the table that key belongs to.
func (t *Table[T]) Lock(key uint64) { t.locks[key%shards].Lock() }

// Unlock unlocks it.
func (t *Table[T]) Unlock(key uint64) { t.locks[key%shards].Unlock() }

// Find returns the row of key, nil if there is none. It is the caller's until Unlock.
func (t *Table[T]) Find(key uint64) *T {
	key |= 1 << 63 // no key is 0, which marks a row that is free
	set := key & uint64(len(t.tags)-1)
	for i, tag := range &t.tags[set] {
		if tag == key {
			return &t.rows[set][i]
		}
	}
	return nil
}

// Take returns the row of key, a new one with the zero value if there is none. It is the caller's until Unlock.
func (t *Table[T]) Take(key uint64) *T {
	if row := t.Find(key); row != nil {
		return row
	}
	shard := key % shards
	key |= 1 << 63
	set := key & uint64(len(t.tags)-1)
	tags, rows, at := &t.tags[set], &t.rows[set], 0
	for i, tag := range tags {
		if tag == 0 {
			at = i
			t.used[shard]++
			break
		}
		if i > 0 && t.worth(&rows[i]) < t.worth(&rows[at]) {
			at = i
		}
	}
	tags[at] = key
	var zero T
	rows[at] = zero
	return &rows[at]
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
	for set := range t.tags {
		lock := &t.locks[set%shards]
		lock.Lock()
		tags, rows := t.tags[set], t.rows[set]
		lock.Unlock()
		for i := range tags {
			if tags[i] != 0 && !f(&rows[i]) {
				return
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
	s := Stats{Most: len(t.tags) * ways}
	s.Octets = s.Most * (8 + int(reflect.TypeFor[T]().Size()))
	for i := range t.locks {
		t.locks[i].Lock()
		s.Rows += t.used[i]
		t.locks[i].Unlock()
	}
	return s
}
