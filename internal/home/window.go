package home

import (
	"encoding/binary"
	"hash/maphash"
	"sync"
	"time"

	"gatehouse.example/sip/digest"
)

// use is what a nonce count turns out to be.
type use uint8

const (
	fresh use = iota
	replayed
	tooOld // below the window, or the table no longer remembers the nonce
)

const (
	windowBits  = 64
	bucketSlots = 8
)

// window remembers which nonce counts were used, in memory fixed at the start. It is a hash table of small
// buckets. When a bucket is full its oldest nonce goes, and from then on the bucket refuses every nonce it
// does not know that is not younger: under load nonces live shorter, but no count passes twice.
type window struct {
	seed    maphash.Seed
	mask    uint64
	buckets []bucket
}

type bucket struct {
	mu    sync.Mutex
	floor int64 // nonces issued up to here (Unix milliseconds) are too old unless they stand in a slot
	slots [bucketSlots]slot
}

// slot is one nonce in one user's hands. RFC 7616 §3.4.5 demands that a count is not used twice; the bit
// window lets requests overtake each other, as they do on UDP.
type slot struct {
	nonce  [16]byte
	user   uint64
	issued int64 // Unix milliseconds; 0 is an empty slot
	high   uint32
	seen   uint64 // bit i: count high-i was used
}

// newWindow makes a table for at least n nonces, all younger than floor.
func newWindow(n int, floor time.Time) *window {
	buckets := 1
	for buckets*bucketSlots < n {
		buckets *= 2
	}
	w := &window{seed: maphash.MakeSeed(), mask: uint64(buckets - 1), buckets: make([]bucket, buckets)}
	for i := range w.buckets {
		w.buckets[i].floor = floor.UnixMilli()
	}
	return w
}

// use records that a user used a nonce for the nc-th time, with a correct response.
func (w *window) use(n digest.Nonce, user string, nc uint32) use {
	// A nonce's ID is a MAC: nobody can aim at a bucket.
	b := &w.buckets[binary.LittleEndian.Uint64(n.ID[:8])&w.mask]
	who, issued := maphash.String(w.seed, user), n.Issued.UnixMilli()
	b.mu.Lock()
	defer b.mu.Unlock()
	oldest := &b.slots[0]
	for i := range b.slots {
		s := &b.slots[i]
		if s.nonce == n.ID && s.user == who && s.issued != 0 {
			return s.accept(nc)
		}
		if s.issued < oldest.issued {
			oldest = s
		}
	}
	if issued <= b.floor || issued < oldest.issued {
		return tooOld
	}
	b.floor = max(b.floor, oldest.issued)
	*oldest = slot{nonce: n.ID, user: who, issued: issued, high: nc, seen: 1}
	return fresh
}

// accept moves the window.
func (s *slot) accept(nc uint32) use {
	if nc > s.high {
		// A shift by 64 or more leaves zero.
		s.seen = s.seen<<(nc-s.high) | 1
		s.high = nc
		return fresh
	}
	behind := s.high - nc
	if behind >= windowBits {
		return tooOld
	}
	if s.seen&(1<<behind) != 0 {
		return replayed
	}
	s.seen |= 1 << behind
	return fresh
}
