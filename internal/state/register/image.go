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
//	pages      one for each 2^19 numbers of which any is in the register
//	tail       8 octets, zero
//	directory  16 octets for each page, ascending: its key (4: number / 2^19), detail (4) and offset (8)
//	heads      80 octets for each dense page
//
// A dense page is up to 32 blocks, each of 2^14 numbers. Its head has half an octet for the form of each, then two for where each ends from the page's start on; its detail is
// the place of the head among the heads. A sparse page, which the highest bit of its offset marks, is one block of 2^19 numbers, and its detail is the
// form, in the highest octet, and the size. All integers are little-endian.
//
// So what is searched first stands together: it is less than 1 % of the file and stays in the processor's caches.
const (
	pageWidth  = 19
	blockWidth = 14
	blocks     = 1 << (pageWidth - blockWidth)
	headSize   = blocks/2 + 2*blocks
	sparseFlag = 1 << 63
	maxSparse  = 1024 // numbers in a sparse page

	magic      = "GHregis2"
	headerSize = 64
	entrySize  = 4 + 4 + 8
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
	if h.pages > h.size || h.directory < headerSize+tail || h.directory > h.size || h.directory+h.pages*entrySize > h.size {
		return h, damaged("its directory does not fit")
	}
	return h, nil
}

// image is a file as it is searched.
type image struct {
	data     []byte // the file
	entries  []byte // the directory
	heads    []byte
	near     []page // the directory by key − first, where keys lie near to each other; at is 0 where there is no page
	first    uint32
	index    []int32 // else a page's place in the directory + 1, by open addressing
	shift    uint
	count    uint64
	size     int
	made     time.Time
	identity string
}

// page is an entry of the directory.
type page struct {
	key    uint32
	detail uint32
	at     uint64
}

func (i *image) page(n int) page {
	e := i.entries[n*entrySize : n*entrySize+entrySize]
	return page{binary.LittleEndian.Uint32(e), binary.LittleEndian.Uint32(e[4:]), binary.LittleEndian.Uint64(e[8:])}
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
		data: b, entries: b[h.directory : h.directory+h.pages*entrySize], heads: b[h.directory+h.pages*entrySize:],
		count: h.count, size: len(b), made: time.Unix(h.made, 0).UTC(),
	}
	last := uint32(0)
	for n := range int(h.pages) {
		p := i.page(n)
		if n > 0 && p.key <= last || !i.sound(&p, h.directory-tail) {
			return nil, damaged("a page lies outside of it")
		}
		last = p.key
	}
	i.makeIndex(int(h.pages), last)
	return i, nil
}

// makeIndex makes a table by key where there is a page for most keys, as with one country's numbers, else one by hash.
func (i *image) makeIndex(pages int, last uint32) {
	if pages == 0 {
		return
	}
	i.first = i.page(0).key
	if span := int(last-i.first) + 1; span <= 2*pages+1024 {
		i.near = make([]page, span)
		for n := range pages {
			p := i.page(n)
			i.near[p.key-i.first] = p
		}
		return
	}
	for i.shift = 32 - 3; 1<<(32-i.shift) < 2*pages; {
		i.shift--
	}
	i.index = make([]int32, 1<<(32-i.shift))
	for n := range pages {
		slot := i.slot(i.page(n).key)
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
	if i.near != nil {
		at := key - i.first // what lies before the first wraps around to beyond the last
		return uint(at) < uint(len(i.near)) && i.near[at].at != 0 && i.inPage(&i.near[at], n)
	}
	if i.index == nil {
		return false
	}
	for slot := i.slot(key); i.index[slot] != 0; slot = (slot + 1) & uint32(len(i.index)-1) {
		if p := i.page(int(i.index[slot]) - 1); p.key == key {
			return i.inPage(&p, n)
		}
	}
	return false
}

func (i *image) inPage(p *page, n uint64) bool {
	if p.at&sparseFlag != 0 {
		start, size, form := p.sparse()
		return inBlock(i.data, start, start+size, form, uint32(n)&(1<<pageWidth-1), pageWidth)
	}
	block := uint(n) >> blockWidth & (blocks - 1)
	start, end, form := p.block(i.heads[uint(p.detail)*headSize:], block)
	if form == empty || form == full {
		return form == full
	}
	return inBlock(i.data, start, end, form, uint32(n)&(1<<blockWidth-1), blockWidth)
}

// sparse returns where the one block of a sparse page is.
func (p *page) sparse() (start, size uint, form uint8) {
	return uint(p.at &^ sparseFlag), uint(p.detail & (1<<24 - 1)), uint8(p.detail >> 24)
}

// block returns where a block of a dense page is. The last octet of a page may be the 65536th, which its head writes as 0: only a mapped block
// ends there, whose end nobody asks for.
func (p *page) block(head []byte, block uint) (start, end uint, form uint8) {
	_ = head[headSize-1]
	ends := head[blocks/2:]
	if block > 0 {
		start = uint(binary.LittleEndian.Uint16(ends[2*block-2:]))
	}
	return uint(p.at) + start, uint(p.at) + uint(binary.LittleEndian.Uint16(ends[2*block:])), head[block/2] >> (block % 2 * 4) & 15
}

// sound says whether all blocks of a page lie before an end and have forms that there are.
func (i *image) sound(p *page, limit uint64) bool {
	if p.at&sparseFlag != 0 {
		start, size, form := p.sparse()
		return soundBlock(start, start+size, uint(limit), form, pageWidth)
	}
	if p.at > limit || (uint64(p.detail)+1)*headSize > uint64(len(i.heads)) {
		return false
	}
	head := i.heads[uint(p.detail)*headSize:]
	for n := range uint(blocks) {
		start, end, form := p.block(head, n)
		if form == mapped {
			end = start + 1<<blockWidth/8
		}
		if form != empty && form != full && !soundBlock(start, end, uint(limit), form, blockWidth) {
			return false
		}
	}
	return true
}

func soundBlock(start, end, limit uint, form uint8, width uint) bool {
	switch {
	case start < headerSize || end <= start || end > limit:
		return false
	case form == mapped:
		return end-start >= 1<<width/8
	}
	return form > 0 && uint(form) <= width-minUsed && (end-start)*8 > 1<<(width-uint(form))
}
