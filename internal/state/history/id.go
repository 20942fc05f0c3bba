package history

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// IDs makes ULIDs (128 bits: 48 of Unix milliseconds, 80 of chance; Crockford's base 32, 26 characters) that only
// ever grow, also within a millisecond and when the clock steps back. The zero value is ready; use one for each clock.
// It may be used by many goroutines at once.
type IDs struct {
	last atomic.Uint64 // the highest 64 bits of the newest id
}

const (
	idLen     = 26
	crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)

// New returns an id for that time. It allocates the string and nothing else.
func (g *IDs) New(t time.Time) string {
	return encode(g.next(millis(t)<<16|rand.Uint64()&0x7FFF), rand.Uint64())
}

// next returns candidate, or the number after the last one where that is larger. Time runs ahead of the clock only
// by what is made faster than 32 768 a millisecond.
func (g *IDs) next(candidate uint64) uint64 {
	for {
		last := g.last.Load()
		n := max(candidate, last+1)
		if g.last.CompareAndSwap(last, n) {
			return n
		}
	}
}

// FirstID returns the lowest id of the millisecond of t: as Filter.Before it asks for what is older than t.
func FirstID(t time.Time) string { return encode(millis(t)<<16, 0) }

func millis(t time.Time) uint64 {
	return uint64(min(max(t.UnixMilli(), 0), 1<<48-1))
}

func encode(high, low uint64) string {
	var b [idLen]byte
	for i := idLen - 1; i >= 0; i-- {
		b[i] = crockford[low&31]
		low = low>>5 | high<<59
		high >>= 5
	}
	return string(b[:])
}
