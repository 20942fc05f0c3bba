// Package pcap reads packets from captures: the pcap and pcapng file formats (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng), Ethernet with
// VLANs, PPPoE and MPLS, Linux cooked, loopback and raw IP links, IPv4 and IPv6 with fragments, UDP and TCP.
//
// It reads what a SIP capture holds and skips all else. A damaged file is an error, a damaged packet is skipped and counted. Memory is
// bounded whatever the file says: one packet, and for fragments a fixed number of datagrams under way.
package pcap

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"
)

// ErrFormat says that a file is neither pcap nor pcapng, or damaged. Test with errors.Is.
var ErrFormat = errors.New("pcap: the file is no capture, or damaged")

// Packet is one UDP datagram or TCP segment.
type Packet struct {
	// Time is when it was captured.
	Time time.Time
	// Source and Destination are its ends.
	Source, Destination netip.AddrPort
	// TCP is true for a segment, false for a datagram; Sequence is then that of its first octet, and Start that of a SYN's follower.
	TCP      bool
	Sequence uint32
	// Begins and Ends tell that the segment opens or closes its direction (SYN; FIN or RST).
	Begins, Ends bool
	// Payload is valid until the next packet is read.
	Payload []byte
}

// maxPacket is the largest packet that is read: what tcpdump captures at most.
const maxPacket = 262144

// Reader reads the packets of one capture.
type Reader struct {
	in      *bufio.Reader
	next    func(*frame) error
	frame   frame
	data    []byte
	order   binary.ByteOrder
	link    link // of pcap
	nanos   bool // of pcap: the fraction of a second
	links   []port
	parts   fragments
	skipped int
}

// port is an interface of a pcapng section.
type port struct {
	link   link
	ticks  uint64        // a second
	offset time.Duration // of its stamps
}

// frame is one captured packet as it stands in the file.
type frame struct {
	time time.Time
	link link
	data []byte
}

// The magic numbers of the formats.
const (
	magicMicros  = 0xA1B2C3D4
	magicNanos   = 0xA1B23C4D
	magicSection = 0x0A0D0D0A
)

// IsCapture tells whether a file that begins with these octets (at least 4) is one that NewReader knows.
func IsCapture(head []byte) bool {
	if len(head) < 4 {
		return false
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(head) {
		case magicMicros, magicNanos, magicSection:
			return true
		}
	}
	return false
}

// NewReader reads the head of a capture.
func NewReader(r io.Reader) (*Reader, error) {
	p := &Reader{in: bufio.NewReaderSize(r, 1<<16)}
	head, err := p.in.Peek(4)
	if err != nil {
		return nil, fmt.Errorf("%w: too short", ErrFormat)
	}
	if binary.BigEndian.Uint32(head) == magicSection {
		p.next = p.nextBlock
		return p, nil
	}
	p.next = p.nextRecord
	return p, p.readHead(head)
}

// readHead reads the file header of pcap.
func (p *Reader) readHead(magic []byte) error {
	switch {
	case binary.LittleEndian.Uint32(magic) == magicMicros:
		p.order = binary.LittleEndian
	case binary.LittleEndian.Uint32(magic) == magicNanos:
		p.order, p.nanos = binary.LittleEndian, true
	case binary.BigEndian.Uint32(magic) == magicMicros:
		p.order = binary.BigEndian
	case binary.BigEndian.Uint32(magic) == magicNanos:
		p.order, p.nanos = binary.BigEndian, true
	default:
		return fmt.Errorf("%w: unknown first octets % x", ErrFormat, magic)
	}
	var head [24]byte
	if _, err := io.ReadFull(p.in, head[:]); err != nil {
		return fmt.Errorf("%w: the head is cut", ErrFormat)
	}
	p.link = link(p.order.Uint32(head[20:]) & 0xFFFF) // above it: the length of a frame check sequence
	if !p.link.known() {
		return fmt.Errorf("pcap: link type %d is none of Ethernet, Linux cooked, loopback and raw IP, which are read", p.link)
	}
	return nil
}

// Skipped is how many packets were not what they should be.
func (p *Reader) Skipped() int { return p.skipped }

// Next reads the next datagram or segment, or returns io.EOF. A capture whose end is cut off, as that of a program that was
// killed, ends there.
func (p *Reader) Next(to *Packet) error {
	for {
		if err := p.next(&p.frame); err != nil {
			return err
		}
		*to = Packet{Time: p.frame.time}
		ip, ok := p.frame.link.network(p.frame.data)
		if !ok {
			continue
		}
		switch p.parts.datagram(ip, to) {
		case whole:
			return nil
		case broken:
			p.skipped++
		}
	}
}

// nextRecord reads a packet of a pcap file.
func (p *Reader) nextRecord(f *frame) error {
	var head [16]byte
	if _, err := io.ReadFull(p.in, head[:]); err != nil {
		return io.EOF
	}
	n := p.order.Uint32(head[8:])
	if n > maxPacket {
		return fmt.Errorf("%w: a packet of %d octets", ErrFormat, n)
	}
	fraction := int64(p.order.Uint32(head[4:]))
	if !p.nanos {
		fraction *= 1000
	}
	f.time = time.Unix(int64(p.order.Uint32(head[:])), fraction).UTC()
	f.link = p.link
	return p.read(&f.data, int(n))
}

// read reads n octets into memory that is used again.
func (p *Reader) read(to *[]byte, n int) error {
	if cap(p.data) < n {
		p.data = make([]byte, max(n, 2048))
	}
	*to = p.data[:n]
	if _, err := io.ReadFull(p.in, *to); err != nil {
		return io.EOF
	}
	return nil
}
