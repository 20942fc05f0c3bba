package register

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"
)

// writer makes a file of ascending numbers.
type writer struct {
	file      NewFile
	header    header
	page      []uint32 // of the page that is being filled
	key       uint32
	last      uint64 // the last number, + 1
	out       []byte // not yet written
	at        uint64 // where out goes
	summed    int    // how much of out is in the checksum, or need not be
	directory []byte
	packer    packer
	err       error
}

// writeUnit is the size of a large page. A file written in such units stays in large pages of the kernel's cache where it has them, and is mapped as such.
const writeUnit = 2 << 20

func newWriter(f NewFile) *writer {
	// The header's place is kept until its content is known.
	return &writer{file: f, page: make([]uint32, 0, 1<<pageWidth), out: make([]byte, headerSize+margin, writeUnit+1<<18), summed: headerSize}
}

// add takes the next number. Numbers ascend; one that comes again is passed over.
func (w *writer) add(n uint64) {
	if n < w.last {
		return
	}
	w.last = n + 1
	if key := uint32(n >> pageWidth); key != w.key {
		w.endPage()
		w.key = key
	}
	w.page = append(w.page, uint32(n)&(1<<pageWidth-1))
}

func (w *writer) endPage() {
	if len(w.page) == 0 || w.err != nil {
		return
	}
	at := w.at + uint64(len(w.out))
	var p page
	w.out, p = w.packer.page(w.out, w.page)
	w.directory = binary.LittleEndian.AppendUint32(w.directory, w.key)
	w.directory = binary.LittleEndian.AppendUint64(w.directory, at|uint64(p))
	w.header.count += uint64(len(w.page))
	w.header.pages++
	w.page = w.page[:0]
	if len(w.out) >= writeUnit {
		w.flush(len(w.out) &^ (writeUnit - 1))
	}
}

// flush writes the first n octets of what has gathered.
func (w *writer) flush(n int) {
	if w.err != nil || n == 0 {
		return
	}
	w.header.sum = crc32.Update(w.header.sum, castagnoli(), w.out[w.summed:n])
	if _, err := w.file.Write(w.out[:n]); err != nil {
		w.err = fmt.Errorf("register: write: %w", err)
	}
	w.at, w.summed = w.at+uint64(n), 0
	w.out = w.out[:copy(w.out, w.out[n:])]
}

// close writes what is left, and the header.
func (w *writer) close(made time.Time) error {
	w.endPage()
	w.out, _ = grow(w.out, margin)
	w.header.directory = w.at + uint64(len(w.out))
	w.out = append(w.out, w.directory...)
	w.flush(len(w.out))
	if w.err != nil {
		return w.err
	}
	w.header.size, w.header.made = w.at, made.Unix()
	if _, err := w.file.WriteAt(w.header.append(nil), 0); err != nil {
		return fmt.Errorf("register: write: %w", err)
	}
	return nil
}
