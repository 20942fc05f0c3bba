package register

import (
	"encoding/binary"
	"math/bits"
)

// A block is a set of values below 2^width, as Elias and Fano write one: the upper bits of the values in unary, one bit for each value and one for
// the end of each bucket, then the lower bits side by side. How many are lower follows from the number n of values, which stands elsewhere:
// who knows it beforehand can ask the memory for all parts at once. A block that would be larger that way than as one bit for each possible value
// is written so.
//
//	high (n + buckets) bits, lowest first, filled to the octet
//	low  n × lower bits
//
// Instead of a number of values n says full where there is every value, which takes no octets, and mapped where there is one bit for each.
const (
	full     = 0xFFFF
	mapped   = 0xFFFE
	maxCount = mapped - 1
)

// lowerBits is the number of lower bits that makes a block of n values smallest: one more costs n bits and saves half the buckets.
func lowerBits(width uint, n int) uint {
	l := int(width) - bits.Len(uint(n))
	return uint(max(l, 0))
}

// blockSize returns the octets of a block written by Elias and Fano.
func blockSize(width uint, n int) int {
	l := lowerBits(width, n)
	high := n + 1<<(width-l)
	return (high+7)/8 + (n*int(l)+7)/8
}

// appendBlock writes ascending values below 2^width, of which there is at least one, and returns n as well.
func appendBlock(dst []byte, values []uint32, width uint) ([]byte, uint16) {
	n := len(values)
	if n == 1<<width {
		return dst, full
	}
	size := blockSize(width, n)
	if asMap := 1 << width / 8; n > maxCount || asMap <= size {
		dst, b := grow(dst, asMap)
		for _, v := range values {
			b[v>>3] |= 1 << (v & 7)
		}
		return dst, mapped
	}
	dst, b := grow(dst, size)
	l := lowerBits(width, n)
	low := b[(n+1<<(width-l)+7)/8:]
	for i, v := range values {
		at := uint(v>>l) + uint(i)
		b[at>>3] |= 1 << (at & 7)
		putBits(low, uint(i)*l, v&(1<<l-1))
	}
	return dst, uint16(n)
}

// grow appends n zero octets and returns them as well.
func grow(dst []byte, n int) (whole, fresh []byte) {
	was := len(dst)
	for range n {
		dst = append(dst, 0)
	}
	return dst, dst[was:]
}

// putBits puts v at a bit, lowest first. There are zeros.
func putBits(b []byte, at uint, v uint32) {
	for x := uint64(v) << (at & 7); x != 0; x >>= 8 {
		b[at>>3] |= byte(x)
		at += 8
	}
}

// word reads 8 octets. Readable octets follow every block (tail).
func word(b []byte, at uint) uint64 { return binary.LittleEndian.Uint64(b[at:]) }

// tail is how many octets stand behind the last block, so that words can be read beyond its end.
const tail = 8

// inBlock says whether the block of n values at the start of b holds v. b reaches at least tail octets beyond the block.
func inBlock(b []byte, n uint16, v uint32, width uint) bool {
	switch n {
	case full:
		return true
	case mapped:
		return b[v>>3]>>(v&7)&1 != 0
	}
	l := lowerBits(width, int(n))
	bucket := uint(v >> l)
	low := (uint(n) + 1<<(width-l) + 7) / 8
	// Where the memory is far away, waiting for it twice doubles the time. The lower bits mostly lie near to where they would with values evenly
	// spread, so they are asked for together with the upper ones.
	rankThere := uint(n) * bucket >> (width - l)
	expect(word(b, (rankThere+bucket)/8), word(b, low+rankThere*l/8))
	at := uint(0)
	if bucket > 0 {
		at = afterZero(b, bucket-1)
	}
	rank := at - bucket // values in the buckets before
	want := uint64(v) & (1<<l - 1)
	for ; b[at>>3]>>(at&7)&1 != 0; at, rank = at+1, rank+1 {
		bit := rank * l
		got := word(b, low+bit>>3) >> (bit & 7) & (1<<l - 1)
		if got >= want {
			return got == want
		}
	}
	return false
}

// expect has words brought nearer: they are read, and nobody waits for them.
//
//go:noinline
func expect(_, _ uint64) {}

// afterZero returns the position behind the zero bit number k (from 0).
func afterZero(b []byte, k uint) uint {
	at := uint(0)
	w := ^word(b, 0)
	for {
		zeros := uint(bits.OnesCount64(w))
		if k < zeros {
			break
		}
		k -= zeros
		at += 8
		w = ^word(b, at)
	}
	at *= 8
	for half := uint(32); half >= 8; half >>= 1 {
		if zeros := uint(bits.OnesCount64(w & (1<<half - 1))); k >= zeros {
			k -= zeros
			w >>= half
			at += half
		}
	}
	for ; k > 0; k-- {
		w &= w - 1
	}
	return at + uint(bits.TrailingZeros64(w)) + 1
}
