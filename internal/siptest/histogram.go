package siptest

import (
	"math/bits"
	"time"
)

// Histogram counts durations in buckets that are at most 1/32 wide, in fixed
// memory. The zero value is empty.
type Histogram struct {
	buckets [64 * steps]uint64
	count   uint64
	max     time.Duration
}

// steps is the number of buckets between two powers of two.
const steps = 32

// Add counts one duration.
func (h *Histogram) Add(d time.Duration) {
	if d < 0 {
		d = 0
	}
	h.buckets[bucket(uint64(d))]++
	h.count++
	h.max = max(h.max, d)
}

func bucket(v uint64) int {
	if v < steps {
		return int(v)
	}
	shift := bits.Len64(v) - 6 // keeps steps..2*steps-1
	return (shift+1)*steps + int(v>>shift) - steps
}

// Quantile returns the duration that the share q of all is not above.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank := uint64(q * float64(h.count))
	var seen uint64
	for i, n := range h.buckets {
		if seen += n; seen > rank {
			return min(upper(i), h.max)
		}
	}
	return h.max
}

// upper is the largest value of a bucket.
func upper(i int) time.Duration {
	if i < steps {
		return time.Duration(i)
	}
	shift := i/steps - 1
	return time.Duration((uint64(i%steps+steps)+1)<<shift - 1)
}

// Count returns how many durations were added.
func (h *Histogram) Count() uint64 { return h.count }

// Max returns the longest duration.
func (h *Histogram) Max() time.Duration { return h.max }
