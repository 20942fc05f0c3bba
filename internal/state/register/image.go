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
//	directory  for each page, ascending: its key (4 octets: number / 2^19) and its offset (8 octets; the highest bit: sparse)
//
// A dense page is 32 offsets of 2 octets from its start, one for each block of 2^14 numbers (0: none), and the blocks. A sparse page is one
// block of 2^19 numbers. All integers are little-endian.
const (
	pageWidth  = 19
	blockWidth = 14
	blocks     = 1 << (pageWidth - blockWidth)
	pageHead   = 2 * blocks
	sparseFlag = 1 << 63
	maxSparse  = 1024 // numbers in a sparse page

	magic      = "GHregis1"
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
	if h.pages > uint64(len(b)) || h.directory < headerSize+tail || h.directory+h.pages*entrySize != h.size {
		return h, damaged("its directory does not fit")
	}
	return h, nil
}

// image is a file as it is searched.
type image struct {
	data      []byte // the file
	directory []byte
	index     []int32 // open addressing by page key: its place in the directory + 1
	shift     uint
	count     uint64
	size      int
	made      time.Time
	identity  string
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
	i := &image{data: b, directory: b[h.directory:], count: h.count, size: len(b), made: time.Unix(h.made, 0).UTC()}
	i.shift = 32 - 3
	for 1<<(32-i.shift) < 2*h.pages {
		i.shift--
	}
	i.index = make([]int32, 1<<(32-i.shift))
	for p := range int(h.pages) {
		key, at, _ := i.page(p)
		if uint64(at) < headerSize || uint64(at)+countLen+tail > h.directory {
			return nil, damaged("a page lies outside of it")
		}
		slot := i.slot(key)
		for i.index[slot] != 0 {
			slot = (slot + 1) & uint32(len(i.index)-1)
		}
		i.index[slot] = int32(p) + 1
	}
	return i, nil
}

// slot spreads keys, which mostly follow one another, by the golden ratio.
func (i *image) slot(key uint32) uint32 { return key * 0x9E3779B1 >> i.shift }

// page returns what the directory says of a page.
func (i *image) page(p int) (key uint32, at int, sparse bool) {
	e := i.directory[p*entrySize : p*entrySize+entrySize]
	offset := binary.LittleEndian.Uint64(e[4:])
	return binary.LittleEndian.Uint32(e), int(offset &^ sparseFlag), offset&sparseFlag != 0
}

// has says whether a number is in the file.
func (i *image) has(n uint64) bool {
	if n >= maxNumber {
		return false
	}
	want := uint32(n >> pageWidth)
	for slot := i.slot(want); ; slot = (slot + 1) & uint32(len(i.index)-1) {
		p := i.index[slot]
		if p == 0 {
			return false
		}
		key, at, sparse := i.page(int(p) - 1)
		if key != want {
			continue
		}
		page := i.data[at:]
		if sparse {
			return inBlock(page, uint32(n)&(1<<pageWidth-1), pageWidth)
		}
		block := uint(n) >> blockWidth & (blocks - 1)
		offset := binary.LittleEndian.Uint16(page[2*block:])
		return offset != 0 && inBlock(page[offset:], uint32(n)&(1<<blockWidth-1), blockWidth)
	}
}
