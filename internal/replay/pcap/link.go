package pcap

import "encoding/binary"

// link is a LINKTYPE of https://www.tcpdump.org/linktypes.html.
type link uint32

// The links that are known.
const (
	linkNull     link = 0
	linkEthernet link = 1
	linkRawBSD   link = 12
	linkRaw      link = 101
	linkLoop     link = 108
	linkCooked   link = 113
	linkIPv4     link = 228
	linkIPv6     link = 229
	linkCooked2  link = 276
)

// The EtherTypes that matter.
const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86DD
	etherVLAN = 0x8100 // IEEE 802.1Q
	etherQinQ = 0x88A8 // IEEE 802.1ad
	etherOldQ = 0x9100
)

// known tells whether what goes over such a link is read.
func (l link) known() bool {
	switch l {
	case linkEthernet, linkCooked, linkCooked2, linkNull, linkLoop, linkRaw, linkRawBSD, linkIPv4, linkIPv6:
		return true
	}
	return false
}

// network takes the link's header off. It is false for what is not IP.
func (l link) network(b []byte) (ip []byte, ok bool) {
	switch l {
	case linkEthernet:
		return afterType(b, 12)
	case linkCooked:
		return afterType(b, 14)
	case linkCooked2:
		if len(b) < 20 {
			return nil, false
		}
		kind := binary.BigEndian.Uint16(b)
		return b[20:], kind == etherIPv4 || kind == etherIPv6
	case linkNull, linkLoop:
		return cut(b, 4) // the address family has no fixed value: the IP version tells
	case linkRaw, linkRawBSD, linkIPv4, linkIPv6:
		return b, len(b) > 0
	}
	return nil, false
}

func cut(b []byte, n int) ([]byte, bool) {
	if len(b) <= n {
		return nil, false
	}
	return b[n:], true
}

// afterType reads the EtherType at an offset, and over VLAN tags.
func afterType(b []byte, at int) ([]byte, bool) {
	for tags := 0; tags < 4; tags++ {
		if len(b) < at+2 {
			return nil, false
		}
		switch binary.BigEndian.Uint16(b[at:]) {
		case etherIPv4, etherIPv6:
			return b[at+2:], true
		case etherVLAN, etherQinQ, etherOldQ:
			at += 4
		default:
			return nil, false
		}
	}
	return nil, false
}
