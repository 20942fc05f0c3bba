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
	directory []byte
	heads     []byte
	err       error
}

const writeAbove = 1 << 20

func newWriter(f NewFile) *writer {
	w := &writer{file: f, page: make([]uint32, 0, 1<<pageWidth), at: headerSize, out: make([]byte, 0, writeAbove+1<<18)}
	// The header's place is kept until its content is known.
	_, w.err = f.Write(make([]byte, headerSize))
	return w
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
	detail := uint32(len(w.heads) / headSize)
	if n := len(w.page); n <= maxSparse {
		at, detail = at|sparseFlag, uint32(n)
		w.out, _ = appendBlock(w.out, w.page, pageWidth)
	} else {
		w.densePage()
	}
	w.directory = binary.LittleEndian.AppendUint32(w.directory, w.key)
	w.directory = binary.LittleEndian.AppendUint32(w.directory, detail)
	w.directory = binary.LittleEndian.AppendUint64(w.directory, at)
	w.header.count += uint64(len(w.page))
	w.header.pages++
	w.page = w.page[:0]
	if len(w.out) >= writeAbove {
		w.flush()
	}
}

func (w *writer) densePage() {
	start := len(w.out)
	var head []byte
	w.heads, head = grow(w.heads, headSize)
	for rest := w.page; len(rest) > 0; {
		block := rest[0] >> blockWidth
		n := 0
		for n < len(rest) && rest[n]>>blockWidth == block {
			rest[n] &= 1<<blockWidth - 1
			n++
		}
		entry := head[4*block:]
		binary.LittleEndian.PutUint16(entry, uint16(len(w.out)-start))
		var count uint16
		w.out, count = appendBlock(w.out, rest[:n], blockWidth)
		binary.LittleEndian.PutUint16(entry[2:], count)
		rest = rest[n:]
	}
}

// flush writes what has gathered.
func (w *writer) flush() {
	if w.err != nil || len(w.out) == 0 {
		return
	}
	w.header.sum = crc32.Update(w.header.sum, castagnoli(), w.out)
	if _, err := w.file.Write(w.out); err != nil {
		w.err = fmt.Errorf("register: write: %w", err)
	}
	w.at += uint64(len(w.out))
	w.out = w.out[:0]
}

// close writes what is left, and the header.
func (w *writer) close(made time.Time) error {
	w.endPage()
	w.out, _ = grow(w.out, tail)
	w.flush()
	w.header.directory = w.at
	w.out = append(append(w.out, w.directory...), w.heads...)
	w.flush()
	if w.err != nil {
		return w.err
	}
	w.header.size, w.header.made = w.at, made.Unix()
	if _, err := w.file.WriteAt(w.header.append(nil), 0); err != nil {
		return fmt.Errorf("register: write: %w", err)
	}
	return nil
}
