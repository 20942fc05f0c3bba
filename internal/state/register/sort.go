package register

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// sorter brings numbers into order in bounded memory: as many as there is room for are sorted and written to a scratch file as one run, and the
// runs are merged in the end. Numbers that come in order cost the sorting nothing.
type sorter struct {
	storage Storage
	scratch Scratch
	numbers []uint64
	spare   []uint64
	runs    []int64 // where they end
	encoded []byte
	count   uint64
}

func newSorter(s Storage, memory int) *sorter {
	most := max(memory/16, 1024) // 8 octets a number, twice
	return &sorter{storage: s, numbers: make([]uint64, 0, most)}
}

func (s *sorter) add(n uint64) error {
	s.count++
	if s.numbers = append(s.numbers, n); len(s.numbers) == cap(s.numbers) {
		return s.spill()
	}
	return nil
}

// sort orders what is in memory.
func (s *sorter) sort() {
	if slices.IsSorted(s.numbers) {
		return
	}
	if s.spare == nil {
		s.spare = make([]uint64, cap(s.numbers))
	}
	var varies uint64
	for _, n := range s.numbers {
		varies |= n ^ s.numbers[0]
	}
	from, to := s.numbers, s.spare[:len(s.numbers)]
	for shift := 0; shift < 64; shift += radixBits {
		if varies>>shift&(1<<radixBits-1) == 0 {
			continue
		}
		radix(from, to, shift)
		from, to = to, from
	}
	// What is sorted may stand in either of the two.
	s.numbers, s.spare = from, to[:cap(to)]
}

const radixBits = 11

// radix moves numbers into the order of radixBits of their bits.
func radix(from, to []uint64, shift int) {
	var at [1 << radixBits]int32
	for _, n := range from {
		at[n>>shift&(1<<radixBits-1)]++
	}
	sum := int32(0)
	for i, n := range at {
		at[i] = sum
		sum += n
	}
	for _, n := range from {
		p := &at[n>>shift&(1<<radixBits-1)]
		to[*p] = n
		*p++
	}
}

// spillUnit is how many octets are written at once.
const spillUnit = 1 << 20

// spill writes what is in memory as a run: the difference of each number to the one before it, as a varint.
func (s *sorter) spill() error {
	s.sort()
	if s.scratch == nil {
		var err error
		if s.scratch, err = s.storage.ScratchRegister(); err != nil {
			return fmt.Errorf("register: import: %w", err)
		}
	}
	end := int64(0)
	if len(s.runs) > 0 {
		end = s.runs[len(s.runs)-1]
	}
	last := uint64(0)
	b := s.encoded[:0]
	for _, n := range s.numbers {
		b = binary.AppendUvarint(b, n-last)
		last = n
		if len(b) >= spillUnit {
			if _, err := s.scratch.Write(b); err != nil {
				return fmt.Errorf("register: import: %w", err)
			}
			end += int64(len(b))
			b = b[:0]
		}
	}
	if _, err := s.scratch.Write(b); err != nil {
		return fmt.Errorf("register: import: %w", err)
	}
	s.encoded = b
	s.runs = append(s.runs, end+int64(len(b)))
	s.numbers = s.numbers[:0]
	return nil
}

// each gives all numbers in ascending order to f, those that came twice twice.
func (s *sorter) each(f func(uint64) error) error {
	if len(s.runs) == 0 {
		s.sort()
		for _, n := range s.numbers {
			if err := f(n); err != nil {
				return err
			}
		}
		return nil
	}
	if len(s.numbers) > 0 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.numbers, s.spare = nil, nil
	var m merge
	from := int64(0)
	for _, to := range s.runs {
		r := &run{in: bufio.NewReaderSize(io.NewSectionReader(s.scratch, from, to-from), 64<<10)}
		from = to
		if ok, err := r.next(); err != nil {
			return err
		} else if ok {
			m = append(m, r)
		}
	}
	return m.each(f)
}

func (s *sorter) close() error {
	if s.scratch == nil {
		return nil
	}
	return s.scratch.Close()
}

// run is one run as it is read.
type run struct {
	in   *bufio.Reader
	head uint64
}

// next reads the next number; false is the end.
func (r *run) next() (bool, error) {
	d, err := binary.ReadUvarint(r.in)
	if err == io.EOF {
		return false, nil
	}
	r.head += d
	return true, err
}

// merge is a heap of runs, the one with the smallest number first.
type merge []*run

func (m merge) each(f func(uint64) error) error {
	for i := len(m)/2 - 1; i >= 0; i-- {
		m.down(i)
	}
	for len(m) > 0 {
		first := m[0]
		if err := f(first.head); err != nil {
			return err
		}
		ok, err := first.next()
		if err != nil {
			return err
		}
		if !ok {
			m[0] = m[len(m)-1]
			m = m[:len(m)-1]
		}
		m.down(0)
	}
	return nil
}

// down moves a run to its place.
func (m merge) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(m) {
			return
		}
		if child+1 < len(m) && m[child+1].head < m[child].head {
			child++
		}
		if m[i].head <= m[child].head {
			return
		}
		m[i], m[child] = m[child], m[i]
		i = child
	}
}
