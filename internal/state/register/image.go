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
//	heads      128 octets for each dense page
//
// A dense page is up to 32 blocks, each of 2^14 numbers. Its head has two octets for the offset of each from the page's start and two for how many
// numbers there are, and its detail is the place of the head among the heads. A sparse page, which the highest bit of its offset marks, is one block
// of 2^19 numbers, and its detail is how many there are. All integers are little-endian.
//
// So what is searched first stands together: it is less than 1 % of the file and stays in the processor's caches.
const (
	pageWidth  = 19
	blockWidth = 14
	blocks     = 1 << (pageWidth - blockWidth)
	headSize   = 4 * blocks
	sparseFlag = 1 << 63
	maxSparse  = 1024 // numbers in a sparse page

	magic      = "GHregis1"
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
	index    []int32 // a page's place in the directory + 1: by key − first, or where keys lie far apart by open addressing
	first    uint32
	shift    uint // 0: by key
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
		if at := p.at &^ sparseFlag; at < headerSize || at+tail > h.directory || n > 0 && p.key <= last {
			return nil, damaged("a page lies outside of it")
		}
		if p.at&sparseFlag == 0 && (uint64(p.detail)+1)*headSize > uint64(len(i.heads)) {
			return nil, damaged("the head of a page lies outside of it")
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
	if span := int(last-i.first) + 1; span <= 8*pages+1024 {
		i.index = make([]int32, span)
		for n := range pages {
			i.index[i.page(n).key-i.first] = int32(n) + 1
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
	if i.shift == 0 {
		at := key - i.first // what lies before the first wraps around to beyond the last
		if uint(at) >= uint(len(i.index)) || i.index[at] == 0 {
			return false
		}
		p := i.page(int(i.index[at]) - 1)
		return i.inPage(&p, n)
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
		return inBlock(i.data[p.at&^sparseFlag:], uint16(p.detail), uint32(n)&(1<<pageWidth-1), pageWidth)
	}
	head := i.heads[uint(p.detail)*headSize+4*(uint(n)>>blockWidth&(blocks-1)):]
	count := binary.LittleEndian.Uint16(head[2:])
	if count == 0 {
		return false
	}
	return inBlock(i.data[p.at+uint64(binary.LittleEndian.Uint16(head)):], count, uint32(n)&(1<<blockWidth-1), blockWidth)
}
