package guard

import "sync/atomic"

// updateTries bounds every compare-and-swap loop on a table.
const updateTries = 8

// ways is how many cells share a bucket: one cache line.
const ways = 8

// A table remembers 32 bits about each of a fixed number of sources. A cell is
// a tag that says whose it is, and the value. A source that finds its bucket
// full takes the place of the one whose value is worth least: what is lost by
// that is memory of the past, never somebody else's good name.
type table struct {
	cells []atomic.Uint64
	mask  uint64 // of buckets
	seed  seed
	worth func(v uint32, now int64) int64 // the least is replaced first; < 0: says nothing any more
}

func (t *table) init(bits int, worth func(uint32, int64) int64) {
	t.cells = make([]atomic.Uint64, 1<<bits)
	t.mask = 1<<bits/ways - 1
	t.seed = newSeed()
	t.worth = worth
}

func (t *table) bytes() int { return len(t.cells) * 8 }

// slot returns the cell for k, what is in it now, and the tag to write. value
// is 0 unless the cell is k's own already.
func (t *table) slot(k key, now int64) (c *atomic.Uint64, old uint64, tag uint64, value uint32) {
	h := t.seed.hash(k.hi, k.lo)
	tag = k.lo << 32
	if !k.v4 {
		tag = h &^ (1<<32 - 1)
	}
	first := (h & t.mask) * ways
	bucket := t.cells[first : first+ways]
	least := int64(1<<63 - 1)
	for i := range bucket {
		w := bucket[i].Load()
		if w&^(1<<32-1) == tag && uint32(w) != 0 {
			return &bucket[i], w, tag, uint32(w)
		}
		worth := int64(-1 << 62)
		if w != 0 {
			worth = t.worth(uint32(w), now)
		}
		if worth < least {
			least, c, old = worth, &bucket[i], w
		}
	}
	return c, old, tag, 0
}

// get returns the value of k, 0 when there is none.
func (t *table) get(k key, now int64) uint32 {
	_, _, _, v := t.slot(k, now)
	return v
}

// sweep clears cells that say nothing any more, so that a value does not come
// back to life when its clock wraps round.
func (t *table) sweep(now int64) {
	for i := range t.cells {
		if w := t.cells[i].Load(); w != 0 && t.worth(uint32(w), now) < 0 {
			t.cells[i].CompareAndSwap(w, 0)
		}
	}
}

// Values that are points in time are kept in tenths of a second modulo 2³²
// (13 years) and compared as serial numbers, as RFC 1982 §3.2 does.
const tick = 100_000_000

func serial(now int64) uint32 { return uint32(now / tick) }

// until is how many ticks v lies ahead of now.
func until(v uint32, now int64) int64 { return int64(int32(v - serial(now))) }

// serialWorth ranks by time; what is in the past says nothing.
func serialWorth(v uint32, now int64) int64 { return until(v, now) }

// notZero keeps 0 free to mean "nothing".
func notZero(v uint32) uint32 {
	if v == 0 {
		return 1
	}
	return v
}
