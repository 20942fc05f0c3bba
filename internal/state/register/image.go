package register

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"
)

// The file:
//
//	header     64 octets
//	margin     4096 octets, zero
//	pages      one for each 2^19 numbers of which any is in the register
//	margin     4096 octets, zero
//	directory  12 octets for each page, ascending: its key (4: number / 2^19), offset (5), buckets (1: b), and 2 more
//
// These 2 are how many numbers are in a list (b is 0), how many groups of an uneven page are mapped, or how many octets of values an even one has. All
// integers are little-endian.
//
// So what is searched first is so small that it stays in the processor's nearer caches.
const (
	pageWidth = 19

	family     = "GHregis"
	magic      = family + "3"
	headerSize = 64
	entrySize  = 4 + 8
)

// header is the start of a file.
type header struct {
	count     uint64 // at 8
	pages     uint64 // at 16
	directory uint64 // at 24: its offset
	size      uint64 // at 32: of the file
	made      int64  // at 40: Unix seconds
	sum       uint32 // at 56: of all that follows the header; at 60: that of the header before it
}

func (h *header) append(dst []byte) []byte {
	le := binary.LittleEndian
	dst = append(dst, magic...)
	dst = le.AppendUint64(dst, h.count)
	dst = le.AppendUint64(dst, h.pages)
	dst = le.AppendUint64(dst, h.directory)
	dst = le.AppendUint64(dst, h.size)
	dst = le.AppendUint64(dst, uint64(h.made))
	dst = le.AppendUint64(dst, 0)
	dst = le.AppendUint32(dst, h.sum)
	return le.AppendUint32(dst, crc32.Checksum(dst, castagnoli()))
}

// castagnoli is the polynomial that processors have an instruction for.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

func parseHeader(b []byte) (h header, err error) {
	le := binary.LittleEndian
	switch {
	case len(b) < headerSize:
		return h, damaged("it has %d octets, fewer than its header", len(b))
	case string(b[:len(magic)]) != magic:
		if string(b[:len(family)]) == family {
			return h, fmt.Errorf("%w: its form is %q, not %q", ErrVersion, b[:len(magic)], magic)
		}
		return h, damaged("it does not begin as a register does")
	case le.Uint32(b[60:]) != crc32.Checksum(b[:60], castagnoli()):
		return h, damaged("the checksum of its header is wrong")
	}
	h = header{
		count: le.Uint64(b[8:]), pages: le.Uint64(b[16:]), directory: le.Uint64(b[24:]), size: le.Uint64(b[32:]),
		made: int64(le.Uint64(b[40:])), sum: le.Uint32(b[56:]),
	}
	if h.size != uint64(len(b)) {
		return h, damaged("it has %d octets instead of %d", len(b), h.size)
	}
	if h.pages > h.size || h.directory < headerSize+2*margin || h.directory > h.size || h.directory+h.pages*entrySize > h.size {
		return h, damaged("its directory does not fit")
	}
	return h, nil
}

// image is a file as it is searched.
type image struct {
	data     []byte // the file
	entries  []byte // the directory
	near     []near // the directory by key − first where keys lie near to each other, else in its own order
	first    uint32
	index    []int32 // nil where they do, else a page's place in the directory + 1, by open addressing
	shift    uint
	count    uint64
	size     int
	made     time.Time
	identity string
}

// page is what the directory says about a page, which is 0 for one that is not there.
type page uint64

func newPage(b uint, more int) page { return page(b<<40 | uint(more)<<48) }

func (p page) at() uint   { return uint(p & (1<<40 - 1)) }
func (p page) b() uint    { return uint(p>>40) & 0xff }
func (p page) more() uint { return uint(p >> 48) }

func (i *image) page(n int) (key uint32, p page) {
	e := i.entries[n*entrySize : n*entrySize+entrySize]
	return binary.LittleEndian.Uint32(e), page(binary.LittleEndian.Uint64(e[4:]))
}

// near is a page and, for each eighth of it, how far its values are from where they would be if all of the page had them spread evenly, in 16 octets.
type near struct {
	page
	hints [8]int8
}

// newNear finds the hints of a page.
func (i *image) newNear(p page) near {
	n := near{page: p}
	if p.b() < minB || p.b() > maxB-4 {
		return n
	}
	groups := uint(1) << (maxB - p.b())
	for e := range uint(len(n.hints)) {
		middle := (2*e + 1) * groups / 16
		border := uint(binary.LittleEndian.Uint16(i.data[p.at()+middle*slotSize:]))
		away := (int(border) - int(p.more()*(2*middle+1)/(2*groups))) / 16
		n.hints[e] = int8(max(-128, min(away, 127)))
	}
	return n
}

// parse checks all of a file and makes it searchable.
func parse(b []byte) (*image, error) {
	h, err := parseHeader(b)
	if err != nil {
		return nil, err
	}
	if crc32.Checksum(b[headerSize:], castagnoli()) != h.sum {
		return nil, damaged("the checksum of its content is wrong")
	}
	i := &image{
		data: b, entries: b[h.directory : h.directory+h.pages*entrySize],
		count: h.count, size: len(b), made: time.Unix(h.made, 0).UTC(),
	}
	last := uint32(0)
	for n := range int(h.pages) {
		key, p := i.page(n)
		if n > 0 && key <= last || !i.sound(p, uint(h.directory-margin)) {
			return nil, damaged("a page lies outside of it")
		}
		last = key
	}
	i.makeIndex(int(h.pages), last)
	return i, nil
}

// makeIndex makes a table by key where there is a page for most keys, as with one country's numbers, else one by hash.
func (i *image) makeIndex(pages int, last uint32) {
	if pages == 0 {
		return
	}
	i.first, _ = i.page(0)
	if span := int(last-i.first) + 1; span <= 4*pages+1024 {
		i.near = make([]near, span)
		for n := range pages {
			key, p := i.page(n)
			i.near[key-i.first] = i.newNear(p)
		}
		return
	}
	i.near = make([]near, pages)
	for i.shift = 32 - 3; 1<<(32-i.shift) < 2*pages; {
		i.shift--
	}
	i.index = make([]int32, 1<<(32-i.shift))
	for n := range pages {
		key, p := i.page(n)
		i.near[n] = i.newNear(p)
		slot := i.slot(key)
		for i.index[slot] != 0 {
			slot = (slot + 1) & uint32(len(i.index)-1)
		}
		i.index[slot] = int32(n) + 1
	}
}

// slot spreads keys by the golden ratio.
func (i *image) slot(key uint32) uint32 { return key * 0x9E3779B1 >> i.shift }

// has says whether a number is in the file.
func (i *image) has(n uint64) bool {
	if n >= maxNumber {
		return false
	}
	key := uint32(n >> pageWidth)
	if i.index == nil {
		at := key - i.first // what lies before the first wraps around to beyond the last
		return uint(at) < uint(len(i.near)) && i.near[at].page != 0 && i.inPage(&i.near[at], n)
	}
	for slot := i.slot(key); i.index[slot] != 0; slot = (slot + 1) & uint32(len(i.index)-1) {
		at := int(i.index[slot]) - 1
		if binary.LittleEndian.Uint32(i.entries[at*entrySize:]) == key {
			return i.inPage(&i.near[at], n)
		}
	}
	return false
}

func (i *image) inPage(p *near, n uint64) bool {
	v := uint(n) & (1<<pageWidth - 1)
	switch b := p.b(); {
	case b == 0:
		return inList(i.data, p.at(), p.more(), uint32(v))
	case b&uneven != 0:
		return inUneven(i.data, p.at(), b&^uneven, p.more(), v)
	default:
		return inEven(i.data, p.at(), b, p.more(), uint(int(p.hints[v>>(pageWidth-3)])), v)
	}
}

// sound says whether all of a page lies before an end and is of a form that there is.
func (i *image) sound(p page, end uint) bool {
	at, b := p.at(), p.b()&^uneven
	if at < headerSize+margin || at > end {
		return false
	}
	if p.b() == 0 {
		return p.more() > 0 && p.more()*listed <= end-at
	}
	if b < minB || b > maxB {
		return false
	}
	groups, size := uint(1)<<(maxB-b), uint(groupBuckets/8)<<b
	step, begin := uint(slotSize), at+slotSize*groups
	if p.b()&uneven != 0 {
		step, begin = 2, at+2*groups
	}
	if begin+p.more() > end && step == slotSize || begin > end {
		return false
	}
	for n := range groups {
		border := uint(binary.LittleEndian.Uint16(i.data[at+n*step:]))
		switch {
		case step == slotSize:
			if border > p.more() {
				return false
			}
		case border < p.more()*size && begin+border+size > end, border < everyone && begin+border+planesSize > end:
			return false
		}
	}
	return true
}
