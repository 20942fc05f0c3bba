package register

import (
	"encoding/binary"
	"math/bits"
)

// A block is a set of values below 2^width in three parts. The possible values are divided into buckets of 2^b; b is what makes the block smallest,
// and stands elsewhere with the block's size, so that all parts can be asked for at once.
//
//	used    one bit for each bucket: there is a value in it. Whoever asks for a number whose bucket has none reads no more than that
//	counts  one bit for each value, 1 for the first of its bucket; and a 1 at the end
//	lower   from the block's end backwards, the values of each used bucket: b bits for one, b−1 for each further one
//
// That b−1 bits are enough for a further value: seen as a circle, a bucket has at most one gap between neighbours that is wider than half of it. The value behind
// the widest gap is written first, and then the distances from one to the next, less one.
//
// Each value of n takes 3 + b − 1 bits or less, where Elias and Fano need half a bit more: with one number in 26 in the register it is 6.34 bits, and 6.09 is
// the least that there can be.
//
// A block that would be larger that way than as one bit for each possible value is written so; one with every value is not written at all.
const (
	empty   = 0
	full    = 15
	mapped  = 14
	mostB   = 13
	minUsed = 3 // binary logarithm of the least number of buckets, which fill an octet
)

// appendBlock writes ascending values below 2^width, of which there is at least one, and returns their form as well: b, full or mapped.
func appendBlock(dst []byte, values []uint32, width uint) ([]byte, uint8) {
	n := len(values)
	if n == 1<<width {
		return dst, full
	}
	// The best b is near the logarithm of the mean distance.
	guess := int(width) - bits.Len(uint(n))
	best, size := uint8(mapped), 1<<width/8
	for b := min(max(guess-1, 1), mostB); b <= min(guess+2, int(width)-minUsed, mostB); b++ {
		if s := blockSize(values, width, uint(b)); s < size {
			best, size = uint8(b), s
		}
	}
	dst, block := grow(dst, size)
	if best == mapped {
		for _, v := range values {
			block[v>>3] |= 1 << (v & 7)
		}
		return dst, mapped
	}
	fillBlock(block, values, width, uint(best))
	return dst, best
}

// blockSize returns the octets of a block with buckets of 2^b.
func blockSize(values []uint32, width, b uint) int {
	used, last := 0, ^uint32(0)
	for _, v := range values {
		if v>>b != last {
			last = v >> b
			used++
		}
	}
	n := len(values)
	return (1<<(width-b) + n + 1 + n*int(b-1) + used + 7) / 8
}

func fillBlock(block []byte, values []uint32, width, b uint) {
	counts := uint(1) << (width - b)
	lower := back{bits: block, at: uint(len(block)) * 8}
	for len(values) > 0 {
		bucket := values[0] >> b
		k := 1
		for k < len(values) && values[k]>>b == bucket {
			k++
		}
		block[bucket>>3] |= 1 << (bucket & 7)
		block[counts>>3] |= 1 << (counts & 7)
		counts += uint(k)
		lower.bucket(values[:k], b)
		values = values[k:]
	}
	block[counts>>3] |= 1 << (counts & 7)
}

// back writes bits from the end backwards.
type back struct {
	bits []byte
	at   uint
}

// put writes the n lowest bits of v. There are zeros.
func (w *back) put(v uint32, n uint) {
	w.at -= n
	at := w.at
	for x := uint64(v) << (at & 7); x != 0; x >>= 8 {
		w.bits[at>>3] |= byte(x)
		at += 8
	}
}

// bucket writes the values of one bucket.
func (w *back) bucket(values []uint32, b uint) {
	mask := uint32(1)<<b - 1
	k := len(values)
	first, widest := 0, uint32(0)
	for i := range values {
		before := values[(i+k-1)%k]
		if gap := (values[i] - before) & mask; k == 1 || gap > widest {
			first, widest = i, gap
		}
	}
	w.put(values[first]&mask, b)
	for i := 1; i < k; i++ {
		gap := values[(first+i)%k] - values[(first+i-1)%k]
		w.put((gap-1)&mask, b-1)
	}
}

// grow appends n zero octets and returns them as well.
func grow(dst []byte, n int) (whole, fresh []byte) {
	was := len(dst)
	for range n {
		dst = append(dst, 0)
	}
	return dst, dst[was:]
}

// word reads 8 octets.
func word(b []byte, at uint) uint64 { return binary.LittleEndian.Uint64(b[at:]) }

// tail is how many octets stand behind the last block, so that words can be read beyond its end. Before the first block is the header.
const tail = 8

// inBlock says whether the block from octet start to end of data, of a form that is neither empty nor full, holds v.
func inBlock(data []byte, start, end uint, form uint8, v uint32, width uint) bool {
	if form == mapped {
		return data[start+uint(v>>3)]>>(v&7)&1 != 0
	}
	b := uint(form)
	bucket := uint(v >> b)
	counts := uint(1) << (width - b)
	ahead(data, start, end, bucket, counts, b)
	// rank is how many used buckets are before. It is counted first, so that nothing is asked for only when something else has come.
	at := start + bucket>>6<<3
	used := word(data, at)
	rank := uint(bits.OnesCount64(used & (1<<(bucket&63) - 1)))
	for at > start {
		at -= 8
		rank += uint(bits.OnesCount64(word(data, at)))
	}
	if used>>(bucket&63)&1 == 0 {
		return false
	}
	from, to, ok := ones(data, start+counts>>3, end, rank)
	if !ok {
		return false
	}
	if to*(b-1)+rank+1 > (end-start)*8-counts {
		return false // the file was not made by this package
	}
	return inBucket(data, end*8-(from*(b-1)+rank), to-from, b, v&(1<<b-1))
}

// ahead has the memory bring what is read later, since waiting twice for far memory doubles the time: counts and lower bits lie near to where they would with
// values spread evenly.
func ahead(data []byte, start, end, bucket, counts, b uint) {
	rest := (end-start)*8 - counts
	n := rest * 4 / (4*b + 3) // three of four values begin a bucket
	part := bucket << 10 / counts
	first := start + counts>>3
	expect(data[first], data[first+n*part>>13], data[end-1-(rest-n)*part>>13])
}

// expect has octets brought nearer: they are read, and nobody waits for them.
//
//go:noinline
func expect(_, _, _ byte) {}

// ones returns the places of the ones number k and k+1 (from 0) of the bits from an octet on.
func ones(data []byte, octet, end, k uint) (from, to uint, ok bool) {
	at := octet
	w := word(data, at)
	for {
		n := uint(bits.OnesCount64(w))
		if k < n {
			break
		}
		k -= n
		if at += 8; at >= end {
			return 0, 0, false
		}
		w = word(data, at)
	}
	from = (at-octet)*8 + selectOne(w, k)
	for to = from + 1; ; to = to&^63 + 64 {
		if w := word(data, octet+to>>6<<3) >> (to & 63); w != 0 {
			return from, to + uint(bits.TrailingZeros64(w)), true
		}
		if octet+to>>3 >= end {
			return 0, 0, false
		}
	}
}

// inBucket says whether one of k values that are written backwards from a bit is v.
func inBucket(data []byte, at, k, b uint, v uint32) bool {
	mask := uint32(1)<<b - 1
	at -= b
	got := uint32(word(data, at>>3)>>(at&7)) & mask
	for ; k > 1 && got != v; k-- {
		at -= b - 1
		got = (got + uint32(word(data, at>>3)>>(at&7))&(mask>>1) + 1) & mask
	}
	return got == v
}

// selectOne returns the place of the one number k (from 0) of a word that has more than k, without branches: eight sums at once.
func selectOne(w uint64, k uint) uint {
	const each, high = 0x0101010101010101, 0x8080808080808080
	sums := w - w>>1&0x5555555555555555
	sums = sums&0x3333333333333333 + sums>>2&0x3333333333333333
	sums = (sums + sums>>4) & 0x0f0f0f0f0f0f0f0f * each // of each octet and those before it
	octet := uint(bits.OnesCount64(((uint64(k)*each|high)-sums)&high)) * 8
	k -= uint(sums<<8>>(octet&63)) & 0xff
	one := w >> (octet & 63) & 0xff * each & 0x8040201008040201 // a bit to an octet
	one = (one + 0x7f7f7f7f7f7f7f7f) >> 7 & each * each
	return octet + uint(bits.OnesCount64(((uint64(k)*each|high)-one)&high))
}
