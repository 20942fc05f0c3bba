package pcap

import (
	"encoding/binary"
	"net/netip"
)

// state says what became of an IP packet.
type state uint8

const (
	other  state = iota // not UDP or TCP, or a fragment that others must complete
	whole               // a datagram or segment
	broken              // not what it should be
)

// The protocols that matter.
const (
	protoTCP = 6
	protoUDP = 17
)

// packet is an IP packet without its headers.
type packet struct {
	from, to netip.Addr
	proto    byte
	id       uint32
	offset   int
	more     bool
	data     []byte
}

// datagram reads an IP packet, and puts it together where it was cut.
func (f *fragments) datagram(b []byte, to *Packet) state {
	var p packet
	if len(b) == 0 {
		return broken
	}
	ok := false
	switch b[0] >> 4 {
	case 4:
		ok = p.readIPv4(b)
	case 6:
		ok = p.readIPv6(b)
	}
	if !ok {
		return broken
	}
	if p.more || p.offset > 0 {
		if !f.join(&p) {
			return other
		}
	}
	switch p.proto {
	case protoUDP:
		return readUDP(&p, to)
	case protoTCP:
		return readTCP(&p, to)
	}
	return other
}

// readIPv4 reads a header. RFC 791 §3.1.
func (p *packet) readIPv4(b []byte) bool {
	if len(b) < 20 {
		return false
	}
	head, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	if total == 0 {
		total = len(b) // segmentation is left to the card: the length is not there yet
	}
	if head < 20 || total < head || len(b) < total {
		return false
	}
	field := binary.BigEndian.Uint16(b[6:])
	p.id, p.more, p.offset = uint32(binary.BigEndian.Uint16(b[4:])), field&0x2000 != 0, int(field&0x1FFF)*8
	p.from, _ = netip.AddrFromSlice(b[12:16])
	p.to, _ = netip.AddrFromSlice(b[16:20])
	p.proto, p.data = b[9], b[head:total]
	return true
}

// maxExtensions bounds the chain of extension headers.
const maxExtensions = 8

// readIPv6 reads a header and its extensions. RFC 8200 §3, §4.
func (p *packet) readIPv6(b []byte) bool {
	if len(b) < 40 {
		return false
	}
	n := int(binary.BigEndian.Uint16(b[4:]))
	if n == 0 || 40+n > len(b) {
		n = len(b) - 40 // a cut packet, a jumbogram, or segmentation left to the card
	}
	p.from, _ = netip.AddrFromSlice(b[8:24])
	p.to, _ = netip.AddrFromSlice(b[24:40])
	p.proto, p.data = b[6], b[40:40+n]
	for range maxExtensions {
		length := 0
		switch p.proto {
		case 0, 43, 60: // hop by hop, routing, destination options
			if len(p.data) < 8 {
				return false
			}
			length = 8 + int(p.data[1])*8
		case 44: // fragment
			if len(p.data) < 8 {
				return false
			}
			field := binary.BigEndian.Uint16(p.data[2:])
			p.offset, p.more = int(field&^7), field&1 != 0
			p.id, length = binary.BigEndian.Uint32(p.data[4:]), 8
		default:
			return true
		}
		if len(p.data) < length {
			return false
		}
		p.proto, p.data = p.data[0], p.data[length:]
		if p.offset > 0 {
			return true // what follows in the first fragment is not here
		}
	}
	return false
}

func readUDP(p *packet, to *Packet) state {
	if len(p.data) < 8 {
		return broken
	}
	to.Source = netip.AddrPortFrom(p.from, binary.BigEndian.Uint16(p.data))
	to.Destination = netip.AddrPortFrom(p.to, binary.BigEndian.Uint16(p.data[2:]))
	n := int(binary.BigEndian.Uint16(p.data[4:]))
	if n < 8 || n > len(p.data) {
		n = len(p.data)
	}
	to.Payload = p.data[8:n]
	return whole
}

func readTCP(p *packet, to *Packet) state {
	if len(p.data) < 20 {
		return broken
	}
	head := int(p.data[12]>>4) * 4
	if head < 20 || head > len(p.data) {
		return broken
	}
	to.TCP = true
	to.Source = netip.AddrPortFrom(p.from, binary.BigEndian.Uint16(p.data))
	to.Destination = netip.AddrPortFrom(p.to, binary.BigEndian.Uint16(p.data[2:]))
	to.Sequence = binary.BigEndian.Uint32(p.data[4:])
	flags := p.data[13]
	to.Begins, to.Ends = flags&2 != 0, flags&5 != 0
	to.Payload = p.data[head:]
	return whole
}

// Bounds of what waits for its other fragments.
const (
	maxDatagrams = 64
	maxDatagram  = 65535
)

// fragments are datagrams under way; the oldest makes room.
type fragments struct {
	all []*partial
}

type partial struct {
	from, to netip.Addr
	proto    byte
	id       uint32
	data     []byte
	have     []span
	length   int // of the whole; 0 while its end is missing
}

type span struct{ from, to int }

// join adds a fragment. It is true when p holds the whole then.
func (f *fragments) join(p *packet) bool {
	end := p.offset + len(p.data)
	if end > maxDatagram || p.more && len(p.data)%8 != 0 {
		return false
	}
	d := f.partial(p)
	if end > len(d.data) {
		d.data = append(d.data, make([]byte, end-len(d.data))...)
	}
	copy(d.data[p.offset:], p.data)
	d.have = append(d.have, span{p.offset, end})
	if p.offset == 0 {
		d.proto = p.proto
	}
	if !p.more {
		d.length = end
	}
	if !d.complete() {
		return false
	}
	f.drop(d)
	p.proto, p.data = d.proto, d.data[:d.length]
	return true
}

// partial finds the datagram that a fragment belongs to. IPv6 names the protocol in the first fragment for certain, so it is no part of the key.
func (f *fragments) partial(p *packet) *partial {
	for _, d := range f.all {
		if d.id == p.id && d.from == p.from && d.to == p.to && len(d.have) < 128 {
			return d
		}
	}
	if len(f.all) == maxDatagrams {
		f.all = append(f.all[:0], f.all[1:]...)
	}
	d := &partial{from: p.from, to: p.to, id: p.id, proto: p.proto}
	f.all = append(f.all, d)
	return d
}

func (f *fragments) drop(d *partial) {
	for i := range f.all {
		if f.all[i] == d {
			f.all = append(f.all[:i], f.all[i+1:]...)
			return
		}
	}
}

// complete tells whether the spans cover the whole.
func (d *partial) complete() bool {
	if d.length == 0 {
		return false
	}
	reached := 0
	for progress := true; progress && reached < d.length; {
		progress = false
		for _, s := range d.have {
			if s.from <= reached && s.to > reached {
				reached, progress = s.to, true
			}
		}
	}
	return reached >= d.length && len(d.data) >= d.length
}
