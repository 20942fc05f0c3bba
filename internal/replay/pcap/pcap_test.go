package pcap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"
)

var (
	four = netip.MustParseAddr("192.0.2.1")
	five = netip.MustParseAddr("192.0.2.2")
	six  = netip.MustParseAddr("2001:db8::1")
	nine = netip.MustParseAddr("2001:db8::2")
)

// udp is a datagram, tcp a segment without options.
func udp(payload string) []byte {
	b := binary.BigEndian.AppendUint16(nil, 5060)
	b = binary.BigEndian.AppendUint16(b, 5070)
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	return append(append(b, 0, 0), payload...)
}

func tcp(sequence uint32, flags byte, payload string) []byte {
	b := make([]byte, 20)
	binary.BigEndian.PutUint16(b, 5060)
	binary.BigEndian.PutUint16(b[2:], 5070)
	binary.BigEndian.PutUint32(b[4:], sequence)
	b[12], b[13] = 5<<4, flags
	return append(b, payload...)
}

// ipv4 is a packet, or with an offset or more a fragment of one.
func ipv4(proto byte, offset int, more bool, payload []byte) []byte {
	b := make([]byte, 20)
	b[0], b[8], b[9] = 0x45, 64, proto
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(payload)))
	binary.BigEndian.PutUint16(b[4:], 7)
	field := uint16(offset / 8)
	if more {
		field |= 0x2000
	}
	binary.BigEndian.PutUint16(b[6:], field)
	copy(b[12:], four.AsSlice())
	copy(b[16:], five.AsSlice())
	return append(b, payload...)
}

// ipv6 is a packet; a fragment where offset is not negative.
func ipv6(proto byte, offset int, more bool, payload []byte) []byte {
	b := make([]byte, 40)
	b[0], b[6], b[7] = 0x60, proto, 64
	copy(b[8:], six.AsSlice())
	copy(b[24:], nine.AsSlice())
	if offset >= 0 {
		b[6] = 44
		field := uint16(offset)
		if more {
			field |= 1
		}
		head := []byte{proto, 0, byte(field >> 8), byte(field), 0, 0, 0, 9}
		payload = append(head, payload...)
	}
	binary.BigEndian.PutUint16(b[4:], uint16(len(payload)))
	return append(b, payload...)
}

func ethernet(kind uint16, tags []uint16, payload []byte) []byte {
	b := make([]byte, 12)
	for _, tag := range tags {
		b = binary.BigEndian.AppendUint16(b, tag)
		b = append(b, 0, 42)
	}
	return append(binary.BigEndian.AppendUint16(b, kind), payload...)
}

// classic writes a pcap file, one packet a second.
func classic(order binary.AppendByteOrder, magic uint32, kind link, packets ...[]byte) []byte {
	b := order.AppendUint32(nil, magic)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	b = order.AppendUint32(order.AppendUint32(b, 65535), uint32(kind))
	for i, p := range packets {
		b = order.AppendUint32(b, uint32(1000+i))
		b = order.AppendUint32(b, 500)
		b = order.AppendUint32(order.AppendUint32(b, uint32(len(p))), uint32(len(p)))
		b = append(b, p...)
	}
	return b
}

// block writes a pcapng block.
func block(order binary.AppendByteOrder, kind uint32, body []byte) []byte {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	b := order.AppendUint32(nil, kind)
	b = order.AppendUint32(b, uint32(12+len(body)))
	return order.AppendUint32(append(b, body...), uint32(12+len(body)))
}

// next writes a pcapng file with an interface of nanoseconds, one packet a second.
func next(order binary.AppendByteOrder, kind link, packets ...[]byte) []byte {
	section := append(order.AppendUint32(nil, 0x1A2B3C4D), 1, 0, 0, 0)
	b := block(order, magicSection, order.AppendUint64(section, ^uint64(0)))
	in := order.AppendUint32(order.AppendUint16(order.AppendUint16(nil, uint16(kind)), 0), 0)
	in = append(order.AppendUint16(order.AppendUint16(in, 9), 1), 9, 0, 0, 0)
	b = append(b, block(order, blockInterface, order.AppendUint32(in, 0))...)
	b = append(b, block(order, 5, []byte("statistics that nobody asks for."))...)
	for i, p := range packets {
		stamp := uint64(1000+i)*1e9 + 500_000
		body := order.AppendUint32(order.AppendUint32(order.AppendUint32(nil, 0), uint32(stamp>>32)), uint32(stamp))
		body = order.AppendUint32(order.AppendUint32(body, uint32(len(p))), uint32(len(p)))
		b = append(b, block(order, blockPacket, append(body, p...))...)
	}
	return b
}

// all reads a capture to its end.
func all(t *testing.T, file []byte) (found []Packet, err error) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	for {
		var p Packet
		if err := r.Next(&p); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return found, err
		}
		p.Payload = bytes.Clone(p.Payload)
		found = append(found, p)
	}
}

func TestEveryFormatGivesTheSamePackets(t *testing.T) {
	whole := udp("hello")
	half := 8
	packets := [][]byte{
		ipv4(protoUDP, 0, false, whole),
		ipv4(protoTCP, 0, false, tcp(77, 0x18, "hello")),
		ipv6(protoUDP, -1, false, whole),
		ipv4(1, 0, false, []byte("an echo request")),
		ipv4(protoUDP, half, false, whole[half:]), ipv4(protoUDP, 0, true, whole[:half]), // the wrong way round
		ipv6(protoUDP, 0, true, whole[:half]), ipv6(protoUDP, half, false, whole[half:]),
		ipv4(protoUDP, 0, false, whole[:5]), // broken
		ipv4(protoUDP, 0, false, append(whole, "a padding that is no payload"...)),
	}
	inEthernet := make([][]byte, len(packets))
	for i, p := range packets {
		kind := uint16(etherIPv4)
		if p[0]>>4 == 6 {
			kind = etherIPv6
		}
		inEthernet[i] = ethernet(kind, [][]uint16{nil, {etherVLAN}, {etherQinQ, etherVLAN}}[i%3], p)
	}
	for name, file := range map[string][]byte{
		"little endian": classic(binary.LittleEndian, magicMicros, linkRaw, packets...),
		"big endian":    classic(binary.BigEndian, magicMicros, linkEthernet, inEthernet...),
		"cut off":       classic(binary.LittleEndian, magicMicros, linkEthernet, append(inEthernet, make([]byte, 99))...)[:24+16*11+50+total(inEthernet)],
		"next":          next(binary.LittleEndian, linkEthernet, inEthernet...),
		"next, big":     next(binary.BigEndian, linkIPv4, packets...),
	} {
		found, err := all(t, file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(found) != 6 {
			t.Errorf("%s: %d packets, want 6", name, len(found))
			continue
		}
		for i, p := range found {
			want := netip.AddrPortFrom(four, 5060)
			if i == 2 || i == 4 {
				want = netip.AddrPortFrom(six, 5060)
			}
			if string(p.Payload) != "hello" || p.Source != want || p.Destination.Port() != 5070 || p.TCP != (i == 1) || p.TCP && p.Sequence != 77 {
				t.Errorf("%s: packet %d is %+v %q", name, i, p, p.Payload)
			}
		}
		if at := time.Unix(1000, 500_000).UTC(); !found[0].Time.Equal(at) {
			t.Errorf("%s: %v, want %v", name, found[0].Time, at)
		}
	}
}

// Between Ethernet and IP there may be a line's session or a provider's labels.
func TestWhatIsBetween(t *testing.T) {
	inFour, inSix := ipv4(protoUDP, 0, false, udp("hello")), ipv6(protoUDP, -1, false, udp("hello"))
	pppoe := func(code byte, protocol uint16, ip []byte) []byte {
		b := []byte{0x11, code, 0, 7, 0, byte(2 + len(ip))}
		return append(binary.BigEndian.AppendUint16(b, protocol), ip...)
	}
	packets := [][]byte{
		ethernet(etherPPPoE, nil, pppoe(0, 0x0021, inFour)),
		ethernet(etherPPPoE, []uint16{etherVLAN}, pppoe(0, 0x0057, inSix)),
		ethernet(etherMPLS, nil, append([]byte{0, 1, 0x01, 64}, inFour...)),
		ethernet(etherMPLS, nil, append([]byte{0, 1, 0x00, 64, 0, 2, 0x01, 64}, inSix...)),
		ethernet(etherPPPoE, nil, pppoe(9, 0x0021, inFour)),                      // not of the session
		ethernet(etherPPPoE, nil, pppoe(0, 0xC021, inFour)),                      // the link's own
		ethernet(etherMPLS, nil, append([]byte{0, 1, 0x01, 64, 0}, inFour...)),   // Ethernet inside
		ethernet(etherMPLS, nil, append([]byte{0, 1, 0x00, 64}, inFour[:20]...)), // no last label
		ethernet(etherPPPoE, nil, []byte{0x11}),
		ethernet(etherMPLS, nil, []byte{0, 1, 1, 64}),
		ethernet(0x88CC, nil, inFour),
	}
	for name, file := range map[string][]byte{
		"pcap":   classic(binary.LittleEndian, magicMicros, linkEthernet, packets...),
		"pcapng": next(binary.BigEndian, linkEthernet, packets...),
	} {
		found, err := all(t, file)
		if err != nil || len(found) != 4 {
			t.Errorf("%s: %d packets, %v, want 4", name, len(found), err)
			continue
		}
		for i, p := range found {
			if want := []netip.Addr{four, six}[i%2]; string(p.Payload) != "hello" || p.Source.Addr() != want {
				t.Errorf("%s: packet %d is %+v %q", name, i, p, p.Payload)
			}
		}
	}
}

// An interface may count from another second than that of 1970 (if_tsoffset).
func TestStampsWithAnOffset(t *testing.T) {
	file := next(binary.BigEndian, linkRaw, ipv4(protoUDP, 0, false, udp("hello")))
	resolution := []byte{0, 9, 0, 1, 9, 0, 0, 0, 0, 0, 0, 0} // and the end, and the length of the block
	at := bytes.Index(file, resolution[:8])
	with := append(bytes.Clone(file[:at]), 0, 14, 0, 8, 0, 0, 0, 0, 0, 0, 0, 60)
	with = append(with, file[at:]...)
	start := at - 16 // type, length, link, reserved, snaplen
	length := binary.BigEndian.Uint32(with[start+4:]) + 12
	binary.BigEndian.PutUint32(with[start+4:], length)
	binary.BigEndian.PutUint32(with[start+int(length)-4:], length)
	found, err := all(t, with)
	if want := time.Unix(1060, 500_000); err != nil || len(found) != 1 || !found[0].Time.Equal(want) {
		t.Errorf("%v %v, want %v", found, err, want)
	}
}

func total(all [][]byte) (n int) {
	for _, p := range all {
		n += len(p)
	}
	return n
}

func TestDamagedFilesAreNamed(t *testing.T) {
	large := classic(binary.LittleEndian, magicMicros, linkRaw)
	large = append(large, make([]byte, 8)...)
	large = binary.LittleEndian.AppendUint32(large, maxPacket+1)
	large = append(large, make([]byte, 4)...)
	otherLink := classic(binary.LittleEndian, magicMicros, 147)
	if _, err := NewReader(bytes.NewReader(otherLink)); err == nil || !strings.Contains(err.Error(), "link type 147") {
		t.Errorf("another link: %v", err)
	}
	noSection := block(binary.LittleEndian, blockPacket, make([]byte, 20))
	for name, file := range map[string][]byte{
		"empty": nil, "text": []byte("INVITE sip:"), "cut head": {0xD4, 0xC3, 0xB2, 0xA1, 2, 0}, "large packet": large, "no section": noSection,
		"large block": append(next(binary.LittleEndian, linkRaw), 6, 0, 0, 0, 255, 255, 255, 127),
	} {
		if _, err := all(t, file); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// FuzzReader: whatever a file says, reading ends, and what comes out lies within what went in.
func FuzzReader(f *testing.F) {
	whole := udp("hello")
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		f.Add(classic(order, magicNanos, linkEthernet, ethernet(etherIPv4, nil, ipv4(protoUDP, 0, false, whole))))
		f.Add(classic(order, magicMicros, linkEthernet, ethernet(etherPPPoE, nil, append([]byte{0x11, 0, 0, 7, 0, 99, 0, 0x21}, ipv4(protoUDP, 0, false, whole)...)),
			ethernet(etherMPLS, nil, append([]byte{0, 1, 0, 64, 0, 2, 1, 64}, ipv6(protoUDP, -1, false, whole)...))))
		f.Add(next(order, linkRaw, ipv6(protoUDP, 0, true, whole[:8]), ipv6(protoUDP, 8, false, whole[8:]), ipv4(protoTCP, 0, false, tcp(1, 2, ""))))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := NewReader(bytes.NewReader(file))
		if err != nil {
			return
		}
		octets := 0
		for {
			var p Packet
			if r.Next(&p) != nil {
				break
			}
			if !p.Source.IsValid() || len(p.Payload) > maxDatagram {
				t.Fatalf("%+v", p)
			}
			octets += len(p.Payload)
		}
		// A fragment can hold octets that nobody sent in front of it, 64 KB at most, and only once for each packet.
		if octets > len(file)+len(file)/8*maxDatagram {
			t.Errorf("%d octets out of %d", octets, len(file))
		}
		if len(r.parts.all) > maxDatagrams {
			t.Errorf("%d datagrams wait", len(r.parts.all))
		}
	})
}
