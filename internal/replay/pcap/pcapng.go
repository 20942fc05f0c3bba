package pcap

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// The types of pcapng blocks that matter; all others are skipped. draft-ietf-opsawg-pcapng §4.
const (
	blockInterface = 1
	blockOldPacket = 2
	blockSimple    = 3
	blockPacket    = 6
)

// maxBlock bounds a block: a packet and its options.
const maxBlock = maxPacket + 1<<16

// maxOffset bounds the seconds that an interface may add to its stamps: what a Duration holds.
const maxOffset = 9e9

// maxInterfaces bounds what one section may describe.
const maxInterfaces = 1024

// nextBlock reads blocks until one holds a packet.
func (p *Reader) nextBlock(f *frame) error {
	for {
		kind, body, err := p.block()
		if err != nil {
			return err
		}
		switch kind {
		case blockInterface:
			if err := p.describe(body); err != nil {
				return err
			}
		case blockPacket, blockOldPacket:
			ok, err := p.packet(f, body, kind == blockOldPacket)
			if err != nil || ok {
				return err
			}
		case blockSimple:
			if len(body) < 4 || len(p.links) == 0 {
				return fmt.Errorf("%w: a packet without its interface", ErrFormat)
			}
			n := min(uint64(p.order.Uint32(body)), uint64(len(body)-4))
			*f = frame{link: p.links[0].link, data: body[4 : 4+n]}
			return nil
		}
	}
}

// block reads one block. A section header sets the byte order and forgets the interfaces before it.
func (p *Reader) block() (kind uint32, body []byte, err error) {
	var head [12]byte
	if _, err := io.ReadFull(p.in, head[:8]); err != nil {
		return 0, nil, io.EOF
	}
	section := binary.BigEndian.Uint32(head[:]) == magicSection
	if section {
		if _, err := io.ReadFull(p.in, head[8:]); err != nil {
			return 0, nil, io.EOF
		}
		if err := p.section(head[8:]); err != nil {
			return 0, nil, err
		}
	}
	if p.order == nil {
		return 0, nil, fmt.Errorf("%w: no section header", ErrFormat)
	}
	length, read := p.order.Uint32(head[4:]), uint32(8)
	if section {
		read = 12
	}
	if length < read+4 || length > maxBlock || length%4 != 0 {
		return 0, nil, fmt.Errorf("%w: a block of %d octets", ErrFormat, length)
	}
	if err := p.read(&body, int(length-read)); err != nil {
		return 0, nil, err
	}
	body = body[:len(body)-4] // the length again
	if section {
		return magicSection, body, nil
	}
	return p.order.Uint32(head[:]), body, nil
}

func (p *Reader) section(magic []byte) error {
	switch uint32(0x1A2B3C4D) {
	case binary.LittleEndian.Uint32(magic):
		p.order = binary.LittleEndian
	case binary.BigEndian.Uint32(magic):
		p.order = binary.BigEndian
	default:
		return fmt.Errorf("%w: unknown byte order % x", ErrFormat, magic)
	}
	p.links = p.links[:0]
	return nil
}

// describe reads an interface description.
func (p *Reader) describe(body []byte) error {
	if len(body) < 8 || len(p.links) >= maxInterfaces {
		return fmt.Errorf("%w: an interface description", ErrFormat)
	}
	in := port{link: link(p.order.Uint16(body)), ticks: 1e6}
	for o := body[8:]; len(o) >= 4; {
		code, n := p.order.Uint16(o), int(p.order.Uint16(o[2:]))
		if code == 0 || len(o) < 4+n {
			break
		}
		switch {
		case code == 9 && n >= 1: // if_tsresol
			in.ticks = resolution(o[4])
		case code == 14 && n >= 8: // if_tsoffset
			in.offset = time.Duration(min(max(int64(p.order.Uint64(o[4:])), -maxOffset), maxOffset)) * time.Second
		}
		o = o[min(len(o), 4+(n+3)&^3):]
	}
	p.links = append(p.links, in)
	return nil
}

// resolution is how many ticks a second has: a power of ten, or of two where the top bit is set.
func resolution(b byte) uint64 {
	base, n := uint64(10), int(b&0x7F)
	if b&0x80 != 0 {
		base = 2
	}
	ticks := uint64(1)
	for range n {
		if ticks > 1<<60/base {
			return 1e6 // finer than a clock can be: nonsense, so the default
		}
		ticks *= base
	}
	return ticks
}

// packet reads an enhanced or an obsolete packet block. It is false where there is no such interface.
func (p *Reader) packet(f *frame, body []byte, old bool) (bool, error) {
	if len(body) < 20 {
		return false, fmt.Errorf("%w: a packet block of %d octets", ErrFormat, len(body))
	}
	number := p.order.Uint32(body)
	if old {
		number = uint32(p.order.Uint16(body))
	}
	if uint64(number) >= uint64(len(p.links)) {
		p.skipped++
		return false, nil
	}
	in := &p.links[number]
	stamp := uint64(p.order.Uint32(body[4:]))<<32 | uint64(p.order.Uint32(body[8:]))
	n := min(uint64(p.order.Uint32(body[12:])), uint64(len(body)-20))
	*f = frame{link: in.link, data: body[20 : 20+n], time: at(stamp, in.ticks).Add(in.offset)}
	return true, nil
}

func at(stamp, ticks uint64) time.Time {
	rest := float64(stamp%ticks) / float64(ticks)
	if ticks <= 1e9 {
		return time.Unix(int64(stamp/ticks), int64(stamp%ticks*(1e9/ticks))).UTC()
	}
	return time.Unix(int64(stamp/ticks), int64(rest*1e9)).UTC()
}
