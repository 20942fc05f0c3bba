package register

import (
	"encoding/binary"
	"math/bits"
)

// The numbers of a page are divided into buckets of 2^b, these into halves of 128, two of which are a group; b is what makes the page smallest. An even page
// has of each group, in 66 octets,
//
//	border  where its values are, in octets behind the last group's 66
//	planes  two bits for each bucket, 16 octets of low and 16 of high ones for the left half and then as many for the right: no value (0), one, two, or
//	        a crowd of more (3)
//
// and then the values of the buckets, each group's left half to the left of its border and its right half to the right. So counting bits from the border on
// tells where the values of a bucket are, without a search, and nearly all look-ups need three lines of memory or four, which can be asked for at once:
// where the planes are is known, and where the values are is known well enough where numbers lie evenly.
//
// The values of a bucket are b bits for one, b−1 for each further one. That b−1 bits are enough for a further value: seen as a circle, a bucket has at
// most one gap between neighbours that is wider than half of it. The value behind the widest gap is written first, and then the distances from one to
// the next, less one. Behind three values is one more bit, which says that there are more: these are farther from the border than all that, the bucket
// first that is nearest to it, and behind each of them is again such a bit.
//
// With one number in 26 in the register each takes 6.3 bits, and 6.09 is the least that there can be.
//
// A page whose numbers lie together here and there is smaller as an uneven one: it has where each group is, in two octets, and then the groups, their planes
// between left and right values, or as one bit for each number where that is less; one with every number, or with none, is not written at all. A page with
// few numbers is a list of them.
const (
	halfBuckets  = 128
	groupBuckets = 2 * halfBuckets
	planeSize    = halfBuckets / 8 // octets of a half's low or high bits
	planesSize   = 4 * planeSize
	slotSize     = 2 + planesSize
	crowd        = 3

	minB = 3
	maxB = pageWidth - 8 // one group to a page

	uneven = 0x10 // is in the b of an uneven page

	// Where a group of an uneven page is said to be.
	nobody   = 0xffff
	everyone = 0xfffe
)

// margin is how many octets stand before the first page and behind the last, so that what is read besides a group's border is within the file.
const margin = 4096

// word reads 8 octets.
func word(b []byte, at uint) uint64 { return binary.LittleEndian.Uint64(b[at:]) }

// inEven says whether an even page at an octet, with so many octets of values, has v. The hint is how far from where they would be with all of the page
// spread evenly the values are, in 16 octets.
func inEven(data []byte, at, b, octets, hint, v uint) bool {
	bucket := v >> (b & 63)
	slot := at + bucket/groupBuckets*slotSize
	values := at + slotSize<<((pageWidth-8-b)&63)
	// Nobody waits for these octets, but a line that is asked for early comes early.
	expected := values + octets*v>>pageWidth + hint*16
	if uint(data[expected-24])+uint(data[expected+24]) >= margin {
		return false // which is never
	}
	bucket %= groupBuckets
	right := bucket / halfBuckets
	base := values + uint(binary.LittleEndian.Uint16(data[slot:]))
	return inHalf(data, slot+2+right*2*planeSize, base, right-1, bucket%halfBuckets, b, uint64(v))
}

// inUneven says whether an uneven page at an octet, so many groups of which are mapped, has v.
func inUneven(data []byte, at, b, maps, v uint) bool {
	bucket := v >> (b & 63)
	pointer := uint(binary.LittleEndian.Uint16(data[at+bucket/groupBuckets*2:]))
	if pointer >= everyone {
		return pointer == everyone
	}
	place := at + 2<<((pageWidth-8-b)&63) + pointer
	if pointer < maps*groupBuckets/8<<b {
		return data[place+v>>3&(groupBuckets/8<<b-1)]>>(v&7)&1 != 0
	}
	bucket %= groupBuckets
	right := bucket / halfBuckets
	return inHalf(data, place+right*2*planeSize, place+right*planesSize, right-1, bucket%halfBuckets, b, uint64(v))
}

// inHalf says whether a half of a group, whose planes are at an octet and whose values are beside another, has v in a bucket; left is all ones for a left
// half, else 0. It branches on nearly nothing that it has read from far memory, and calls nothing, so that the processor begins with the next look-up
// while it waits for this one.
func inHalf(data []byte, planes, base, left, bucket, b uint, v uint64) bool {
	h := half{word(data, planes), word(data, planes+8), word(data, planes+planeSize), word(data, planes+planeSize+8)}
	mask0, mask1 := before(bucket, left)
	place := base*8 + ((h.size(mask0, mask1, b) ^ left) - left)
	w := word(data, place>>3) >> (place & 7)
	mask := uint64(1)<<(b&63) - 1
	second := w + w>>(b&63)&(mask>>1) + 1
	third := second + w>>((2*b-1)&63)&(mask>>1) + 1
	// Of these the highest bit is set where a value is v.
	is1, is2, is3 := (w^v)&mask-1, (second^v)&mask-1, (third^v)&mask-1
	at := planes + bucket>>3
	low, high := uint64(data[at])<<(63-bucket&7), uint64(data[at+planeSize])<<(63-bucket&7)
	is := is1&(low|high) | is2&high | is3&low&high
	if low&high&(w<<((65-3*b)&63))&^is>>63 != 0 {
		return h.more(data, base, left, bucket, b, third, v)
	}
	return is>>63 != 0
}

// half is the planes of half a group: the low bits of its buckets and the high ones.
type half struct{ low0, low1, high0, high1 uint64 }

// size is how many bits values take: b for each bucket that has any, b−1 for the second, b for the third and the bit behind it.
func (h half) size(mask0, mask1 uint64, b uint) uint {
	two := uint(bits.OnesCount64(h.high0&mask0) + bits.OnesCount64(h.high1&mask1))
	return (2*two+uint(bits.OnesCount64(h.low0&mask0)+bits.OnesCount64(h.low1&mask1)))*b - two
}

// before are the buckets of a right half before one, or those of a left half from one on.
func before(bucket, left uint) (mask0, mask1 uint64) {
	return (uint64(1)<<bucket - 1) ^ uint64(left), (uint64(1)<<(bucket&63)-1)&-uint64(bucket>>6) ^ uint64(left)
}

// more says whether v is one of the values behind the third of a crowd.
func (h half) more(data []byte, base, left, bucket, b uint, third, v uint64) bool {
	skip := 0 // crowds that have more and are nearer to the border
	mask0, mask1 := before(bucket, left)
	crowds := [2]uint64{h.low0 & h.high0 & mask0, h.low1 & h.high1 & mask1}
	crowds[bucket>>6] &^= 1 << (bucket & 63)
	for i, set := range crowds {
		for ; set != 0; set &= set - 1 {
			mask0, mask1 := before(uint(64*i+bits.TrailingZeros64(set)), left)
			last := base*8 + ((h.size(mask0, mask1, b) ^ left) - left) + 3*b - 2
			skip += int(data[last>>3] >> (last & 7) & 1)
		}
	}
	mask := uint64(1)<<b - 1
	at := base*8 + ((h.size(^uint64(0), ^uint64(0), b) ^ left) - left)
	for at -= b & left; at>>3 <= uint(len(data)-8); at += (b ^ left) - left {
		w := word(data, at>>3) >> (at & 7)
		if skip == 0 {
			if third += w&(mask>>1) + 1; (third^v)&mask == 0 {
				return true
			}
		}
		if w>>(b-1)&1 == 0 {
			if skip--; skip < 0 {
				return false
			}
		}
	}
	return false // the file was not made by this package
}

// bitsOf is how many bits k values of a bucket take.
func bitsOf(k int, b uint) uint {
	switch {
	case k == 0:
		return 0
	case k < crowd:
		return uint(k)*b - uint(k-1)
	}
	return uint(k)*b - 1
}

// listed is how many octets a number of a list has.
const listed = 3

// inList says whether a list at an octet has v among its n numbers.
func inList(data []byte, at, n uint, v uint32) bool {
	for list := data[at : at+n*listed]; len(list) > 0; list = list[listed:] {
		if uint32(list[0])|uint32(list[1])<<8|uint32(list[2])<<16 == v {
			return true
		}
	}
	return false
}
