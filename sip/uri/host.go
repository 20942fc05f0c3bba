package uri

import (
	"bytes"
	"net/netip"
)

// HostLen returns the length of the host at the start of b, or a value below 1 where none stands there. What follows the
// host is not looked at. RFC 3261 §25.1.
func HostLen(b []byte) int { return hostLen(b) }

// hostLen returns the length of the host at the start of b, or a value below 1. RFC 3261 §25.1: a name, an IPv4 address
// or an IPv6 reference in brackets.
func hostLen(b []byte) int {
	if len(b) > 0 && b[0] == '[' {
		end := bytes.IndexByte(b, ']')
		if end < 0 {
			return -1
		}
		if _, ok := parseIPv6(b[1:end]); !ok {
			return -1
		}
		return end + 1
	}
	if len(b) > 0 && class[b[0]]&isDigit != 0 {
		if n := ipv4Len(b); n > 0 {
			return n
		}
	}
	label, n := 0, 0 // label: where the last label starts
	for {
		end := n + run(b[n:], isLabel)
		if end == n {
			break // nothing, or the final dot of a name is behind us
		}
		label, n = n, end
		if n == len(b) || b[n] != '.' {
			break
		}
		n++
	}
	// The top label of a name starts with a letter. A number there is no name, or a resolver further on might take
	// "2130706433" or "0177.1" for an address.
	if n == 0 || n > MaxHostLen || class[b[label]]&isDigit != 0 && numeric(b[label:n]) {
		return -1
	}
	return n
}

// numeric says whether a label, perhaps with the final dot of a name, is a number in decimal or "0x" form.
func numeric(b []byte) bool {
	b = bytes.TrimSuffix(b, []byte{'.'})
	bits := isDigit
	if len(b) > 1 && b[0] == '0' && lower(b[1]) == 'x' {
		b, bits = b[2:], isHex
	}
	for _, c := range b {
		if class[c]&bits == 0 {
			return false
		}
	}
	return true
}

// Addr returns the host as an address if it is an IP literal; an IPv4-mapped IPv6 address is the IPv4 address (RFC 5118
// §4.9: both forms are one source for limits and lists).
func (u *URI) Addr() (netip.Addr, bool) { return ParseHost(u.Host) }

// ParseHost returns the address that an IPv4 address or an IPv6 reference, with brackets or without, stands for;
// IPv4-mapped addresses are unmapped. A name gives false. It does not allocate.
func ParseHost(host []byte) (netip.Addr, bool) {
	if len(host) == 0 {
		return netip.Addr{}, false
	}
	if host[0] == '[' {
		if host[len(host)-1] != ']' {
			return netip.Addr{}, false
		}
		host = host[1 : len(host)-1]
	} else if class[host[0]]&isDigit != 0 {
		if a, ok := parseIPv4(host); ok {
			return a, true
		}
	}
	if bytes.IndexByte(host, ':') < 0 {
		return netip.Addr{}, false
	}
	a, ok := parseIPv6(host)
	return a.Unmap(), ok
}

// parseIPv4 reads four decimal octets and nothing else.
func parseIPv4(b []byte) (netip.Addr, bool) {
	a, n := scanIPv4(b)
	return netip.AddrFrom4(a), n > 0 && n == len(b)
}

// ipv4Len returns the length of the address at the start of b, 0 if what stands there is none, or goes on as a name.
func ipv4Len(b []byte) int {
	_, n := scanIPv4(b)
	if n < len(b) && (class[b[n]]&isLabel != 0 || b[n] == '.') {
		return 0
	}
	return n
}

// scanIPv4 reads four decimal octets at the start of b. A leading zero is refused: some systems read such a part as
// octal.
func scanIPv4(b []byte) (a [4]byte, n int) {
	for part := range a {
		if part > 0 {
			if n == len(b) || b[n] != '.' {
				return a, 0
			}
			n++
		}
		start, v := n, 0
		for n < len(b) && n < start+3 && class[b[n]]&isDigit != 0 {
			v = v*10 + int(b[n]-'0')
			n++
		}
		if n == start || v > 255 || n > start+1 && b[start] == '0' {
			return a, 0
		}
		a[part] = byte(v)
	}
	if n < len(b) && class[b[n]]&isDigit != 0 {
		return a, 0
	}
	return a, n
}

// parseIPv6 reads an IPv6 address without brackets and zone. RFC 5954 §4.1; ":::" before a dotted quad is "::" (RFC 5118
// §4.10).
func parseIPv6(b []byte) (netip.Addr, bool) {
	var a [16]byte
	n, gap := 0, -1 // octets filled; where "::" stands
	i := 0
	if len(b) >= 2 && b[0] == ':' {
		if b[1] != ':' {
			return netip.Addr{}, false
		}
		gap, i = 0, gapEnd(b, 0)
	}
	for i < len(b) {
		v, end := hexGroup(b, i)
		if end < len(b) && b[end] == '.' {
			v4, ok := parseIPv4(b[i:])
			if !ok || n > 12 {
				return netip.Addr{}, false
			}
			q := v4.As4()
			n += copy(a[n:], q[:])
			i = len(b)
			break
		}
		if end == i || n > 14 {
			return netip.Addr{}, false
		}
		a[n], a[n+1] = byte(v>>8), byte(v)
		n, i = n+2, end
		if i == len(b) {
			break
		}
		if b[i] != ':' || i+1 == len(b) {
			return netip.Addr{}, false
		}
		i++
		if b[i] == ':' {
			if gap >= 0 {
				return netip.Addr{}, false
			}
			gap, i = n, gapEnd(b, i-1)
		}
	}
	if gap < 0 {
		return netip.AddrFrom16(a), n == 16
	}
	if n == 16 {
		return netip.Addr{}, false
	}
	tail := n - gap
	copy(a[16-tail:], a[gap:n])
	clear(a[gap : 16-tail])
	return netip.AddrFrom16(a), true
}

// gapEnd returns where the groups go on after the "::" at b[i], or the ":::" if a dotted quad follows it.
func gapEnd(b []byte, i int) int {
	i += 2
	if i < len(b) && b[i] == ':' {
		if _, ok := parseIPv4(b[i+1:]); ok {
			i++
		}
	}
	return i
}

// hexGroup reads up to four hexadecimal digits at b[i].
func hexGroup(b []byte, i int) (v uint16, end int) {
	for end = i; end < len(b) && end < i+4 && class[b[end]]&isHex != 0; end++ {
		v = v<<4 | uint16(unhex(b[end]))
	}
	return v, end
}
