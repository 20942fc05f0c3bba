package register

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// packer writes pages.
type packer struct {
	groups []group // of the page that is being written
	gaps   []uint64
}

// group is what is known of a group before it is written.
type group struct {
	numbers int
	bits    [2]uint // that the values of its halves take
}

// form is how a group of an uneven page is written: as everyone, nobody or mapped, else bordered.
func (g *group) form(b uint) int {
	switch {
	case g.numbers == 0:
		return nobody
	case g.numbers == groupBuckets<<b:
		return everyone
	case (g.bits[0]+g.bits[1]+7)/8+planesSize >= groupBuckets<<b/8:
		return mapped
	}
	return bordered
}

const (
	mapped = iota
	bordered
)

// page appends ascending numbers of a page, of which there is at least one.
func (p *packer) page(dst []byte, values []uint32) ([]byte, page) {
	// The best b is near the logarithm of the mean distance.
	guess := uint(max(pageWidth-bits.Len(uint(len(values))), minB+1))
	best, size := uint(0), uint(listed*len(values))
	for b := min(guess-1, maxB); b <= min(guess+2, maxB); b++ {
		p.survey(values, b)
		if octets, s := p.even(); s < size && octets < 1<<16 {
			best, size = b, s
		}
		if s := p.uneven(b); s < size-size/32 {
			best, size = b|uneven, s
		}
	}
	if best == 0 {
		for _, v := range values {
			dst = append(dst, byte(v), byte(v>>8), byte(v>>16))
		}
		return dst, newPage(0, len(values))
	}
	b := best &^ uneven
	p.survey(values, b)
	dst, fresh := grow(dst, int(size))
	if best == b {
		p.fillEven(fresh, values, b)
		return dst, newPage(b, len(fresh)-slotSize*len(p.groups))
	}
	return dst, newPage(best, p.fillUneven(fresh, values, b))
}

// survey finds out about the groups of a page with buckets of 2^b.
func (p *packer) survey(values []uint32, b uint) {
	p.groups = append(p.groups[:0], make([]group, 1<<(maxB-b))...)
	for len(values) > 0 {
		k := sameBucket(values, b)
		bucket := values[0] >> b
		g := &p.groups[bucket/groupBuckets]
		g.numbers += k
		g.bits[bucket/halfBuckets%2] += bitsOf(k, b)
		values = values[k:]
	}
}

// even is how many octets of values an even page has, and how many in all.
func (p *packer) even() (values, all uint) {
	at := uint(0)
	for i := range p.groups {
		at = p.groups[i].border(at) + p.groups[i].bits[1]
	}
	return (at + 7) / 8, (at+7)/8 + slotSize*uint(len(p.groups))
}

// uneven is how many octets an uneven page has.
func (p *packer) uneven(b uint) uint {
	maps, at := uint(0), uint(0)
	for i := range p.groups {
		switch g := &p.groups[i]; g.form(b) {
		case mapped:
			maps += groupBuckets << b / 8
		case bordered:
			at = g.border(at) + planesSize*8 + g.bits[1]
		}
	}
	return maps + (at+7)/8 + 2*uint(len(p.groups))
}

// border is the bit where the border of a group is whose values begin at a bit.
func (g *group) border(at uint) uint { return (at + g.bits[0] + 7) &^ 7 }

// take takes the numbers of a group from the others, and divides them.
func (p *packer) take(values []uint32, group int, b uint) (left, right, rest []uint32) {
	own := values[:p.groups[group].numbers]
	n, _ := slices.BinarySearch(own, uint32(2*group+1)*halfBuckets<<b)
	return own[:n], own[n:], values[len(own):]
}

// fillEven writes an even page that has been surveyed.
func (p *packer) fillEven(block []byte, values []uint32, b uint) {
	begin := slotSize * uint(len(p.groups)) * 8
	at := begin
	var left, right []uint32
	for i := range p.groups {
		border := p.groups[i].border(at)
		at = border + p.groups[i].bits[1]
		left, right, values = p.take(values, i, b)
		slot := block[i*slotSize : (i+1)*slotSize]
		binary.LittleEndian.PutUint16(slot, uint16((border-begin)/8))
		p.half(block, slot[2:], border, left, b, true)
		p.half(block, slot[2+2*planeSize:], border, right, b, false)
	}
}

// fillUneven writes an uneven page that has been surveyed, first the groups that are mapped, and returns how many of these there are.
func (p *packer) fillUneven(block []byte, values []uint32, b uint) (maps int) {
	size, begin := uint(groupBuckets<<b/8), 2*uint(len(p.groups))
	for i := range p.groups {
		if p.groups[i].form(b) == mapped {
			maps++
		}
	}
	bitmap, at := begin, (begin+uint(maps)*size)*8
	var left, right []uint32
	for i := range p.groups {
		g := &p.groups[i]
		own := values[:g.numbers]
		left, right, values = p.take(values, i, b)
		pointer := uint(g.form(b))
		switch pointer {
		case mapped:
			for _, v := range own {
				v &= groupBuckets<<b - 1
				block[bitmap+uint(v>>3)] |= 1 << (v & 7)
			}
			pointer = bitmap - begin
			bitmap += size
		case bordered:
			border := g.border(at)
			at = border + planesSize*8 + g.bits[1]
			planes := block[border/8:][:planesSize]
			p.half(block, planes, border, left, b, true)
			p.half(block, planes[2*planeSize:], border+planesSize*8, right, b, false)
			pointer = border/8 - begin
		}
		binary.LittleEndian.PutUint16(block[2*i:], uint16(pointer))
	}
	return maps
}

// half writes the values of half a group from its border on, outwards, and then what crowds have more.
func (p *packer) half(block, planes []byte, base uint, values []uint32, b uint, left bool) {
	w := outward{block: block, at: base, left: left}
	for rest := values; len(rest) > 0; {
		var bucket []uint32
		bucket, rest = w.next(rest, b)
		n, at := min(len(bucket), crowd), bucket[0]>>b%halfBuckets
		planes[at>>3] |= byte(n&1) << (at & 7)
		planes[planeSize+at>>3] |= byte(n>>1) << (at & 7)
		p.gaps = circle(p.gaps, bucket, b)
		x, size := p.gaps[0], b
		for _, gap := range p.gaps[1:n] {
			x |= gap << size
			size += b - 1
		}
		if len(bucket) > crowd {
			x |= 1 << size
		}
		w.put(x, bitsOf(n, b))
	}
	for rest := values; len(rest) > 0; {
		var bucket []uint32
		if bucket, rest = w.next(rest, b); len(bucket) <= crowd {
			continue
		}
		p.gaps = circle(p.gaps, bucket, b)
		for i, gap := range p.gaps[crowd:] {
			if crowd+i+1 < len(p.gaps) {
				gap |= 1 << (b - 1)
			}
			w.put(gap, b)
		}
	}
}

// sameBucket is how many values are in the bucket of the first.
func sameBucket(values []uint32, b uint) int {
	k := 1
	for k < len(values) && values[k]>>b == values[0]>>b {
		k++
	}
	return k
}

// outward writes bits from a border to the left or to the right, where there are zeros.
type outward struct {
	block []byte
	at    uint
	left  bool
}

func (w *outward) put(x uint64, n uint) {
	if w.left {
		w.at -= n
	}
	at := w.at
	for x <<= at & 7; x != 0; x >>= 8 {
		w.block[at>>3] |= byte(x)
		at += 8
	}
	if !w.left {
		w.at += n
	}
}

// next takes the values of the next bucket.
func (w *outward) next(values []uint32, b uint) (bucket, rest []uint32) {
	if !w.left {
		k := sameBucket(values, b)
		return values[:k], values[k:]
	}
	k := len(values) - 1
	for k > 0 && values[k-1]>>b == values[k]>>b {
		k--
	}
	return values[k:], values[:k]
}

// circle returns the value behind the widest gap of a bucket, and the distances from each to the next, less one.
func circle(dst []uint64, values []uint32, b uint) []uint64 {
	mask := uint32(1)<<b - 1
	at := afterWidestGap(values, b)
	dst = append(dst[:0], uint64(values[at]&mask))
	for range len(values) - 1 {
		next := at + 1
		if next == len(values) {
			next = 0
		}
		dst = append(dst, uint64((values[next]-values[at]-1)&mask))
		at = next
	}
	return dst
}

// afterWidestGap is the place of the value behind the widest gap of a bucket seen as a circle.
func afterWidestGap(values []uint32, b uint) int {
	mask := uint32(1)<<b - 1
	k := len(values)
	first, widest := 0, (values[0]-values[k-1])&mask
	for i := 1; i < k; i++ {
		if gap := values[i] - values[i-1]; gap > widest {
			first, widest = i, gap
		}
	}
	return first
}

// grow appends n zero octets and returns them as well.
func grow(dst []byte, n int) (whole, fresh []byte) {
	was := len(dst)
	for range n {
		dst = append(dst, 0)
	}
	return dst, dst[was:]
}
