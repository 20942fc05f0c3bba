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
	etherIPv4         = 0x0800
	etherIPv6         = 0x86DD
	etherVLAN         = 0x8100 // IEEE 802.1Q
	etherQinQ         = 0x88A8 // IEEE 802.1ad
	etherOldQ         = 0x9100
	etherPPPoE        = 0x8864 // a session of RFC 2516
	etherMPLS         = 0x8847 // RFC 3032
	etherMPLSUpstream = 0x8848 // RFC 5332
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
		return inside(binary.BigEndian.Uint16(b), b[20:])
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

// afterType reads the EtherType at an offset, and what follows it.
func afterType(b []byte, at int) ([]byte, bool) {
	if len(b) < at+2 {
		return nil, false
	}
	return inside(binary.BigEndian.Uint16(b[at:]), b[at+2:])
}

// maxTags bounds the tags of virtual networks before a packet.
const maxTags = 4

// inside takes off what stands between an EtherType and an IP packet.
func inside(kind uint16, b []byte) ([]byte, bool) {
	for range maxTags {
		switch kind {
		case etherIPv4, etherIPv6:
			return b, len(b) > 0
		case etherVLAN, etherQinQ, etherOldQ:
			if len(b) < 4 {
				return nil, false
			}
			kind, b = binary.BigEndian.Uint16(b[2:]), b[4:]
		case etherPPPoE:
			return session(b)
		case etherMPLS, etherMPLSUpstream:
			return unlabelled(b)
		default:
			return nil, false
		}
	}
	return nil, false
}

// session reads what a PPPoE session carries. RFC 2516 §4; the protocols are those of RFC 1332 §3 and RFC 5072 §3.
func session(b []byte) ([]byte, bool) {
	const header = 6
	if len(b) <= header+2 || b[0] != 0x11 || b[1] != 0 {
		return nil, false
	}
	protocol := binary.BigEndian.Uint16(b[header:])
	return b[header+2:], protocol == 0x0021 || protocol == 0x0057
}

// unlabelled takes off a stack of MPLS labels; nothing but the packet tells what is below. RFC 3032 §2.1.
func unlabelled(b []byte) ([]byte, bool) {
	for len(b) > 4 {
		last := b[2]&1 != 0
		if b = b[4:]; last {
			return b, b[0]>>4 == 4 || b[0]>>4 == 6
		}
	}
	return nil, false
}
