package uri

import "bytes"

// Equal compares two URIs by RFC 3261 §19.1.4 (sip:, sips:), RFC 3966 §4 (tel:) and RFC 8141 §3 (urn:); other schemes are
// equal when their text is. It is reflexive and symmetric but not transitive: never build a map key on it.
func Equal(a, b *URI) bool {
	if a.Scheme != b.Scheme {
		return false
	}
	switch a.Scheme {
	case SIP, SIPS:
		return equalSIP(a, b)
	case TEL:
		return equalTel(a, b)
	case URN:
		return equalURN(a.Opaque, b.Opaque)
	}
	return bytes.EqualFold(a.SchemeName, b.SchemeName) && bytes.Equal(a.Opaque, b.Opaque)
}

func equalSIP(a, b *URI) bool {
	// The userinfo is case-sensitive; an omitted port is not the default port.
	return a.HasUser == b.HasUser && a.HasPass == b.HasPass && a.HasPort == b.HasPort && a.Port == b.Port &&
		sameEscaped(a.User, b.User, false) && sameEscaped(a.Password, b.Password, false) &&
		sameHost(a.Host, b.Host) &&
		agreeParams(a, b, true) && agreeParams(b, a, false) &&
		sameHeaders(a.Headers, b.Headers)
}

// sameHost compares names without regard to case and IPv6 references in binary (RFC 5954 §4.2).
func sameHost(a, b []byte) bool {
	if len(a) > 0 && a[0] == '[' && len(b) > 0 && b[0] == '[' {
		x, _ := parseIPv6(a[1 : len(a)-1])
		y, _ := parseIPv6(b[1 : len(b)-1])
		return x == y
	}
	return asciiFold(a, b)
}

func asciiFold(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// agreeParams goes through the parameters of a: one that b has too must have the same value; one that b lacks must be of
// no consequence. The values are compared on one of the two passes only.
func agreeParams(a, b *URI, values bool) bool {
	for rest := a.Params; len(rest) > 0; {
		var p []byte
		p, rest = cut(rest, ';')
		key, val := cut(p, '=')
		other, ok := findParam(b.Params, key)
		if !ok && mustMatch(key) || ok && values && !sameEscaped(val, other, true) {
			return false
		}
	}
	return true
}

// mustMatch names the parameters that are never ignored. RFC 3261 §19.1.4 names user, ttl, method and maddr; transport is
// one by its examples.
func mustMatch(key []byte) bool {
	return namedLike(key, "user") || namedLike(key, "ttl") || namedLike(key, "method") || namedLike(key, "maddr") ||
		namedLike(key, "transport")
}

func findParam(params, name []byte) (value []byte, ok bool) {
	for len(params) > 0 {
		var p []byte
		p, params = cut(params, ';')
		key, val := cut(p, '=')
		if sameEscaped(key, name, true) {
			return val, true
		}
	}
	return nil, false
}

// sameHeaders compares two sets of headers, in any order: each must stand in both, as often. Values compare without
// regard to case, the default of RFC 3261 §7.3.1.
func sameHeaders(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	if bytes.Count(a, []byte{'&'}) != bytes.Count(b, []byte{'&'}) || len(a) == 0 || len(b) == 0 {
		return false
	}
	for rest := a; len(rest) > 0; {
		var h []byte
		h, rest = cut(rest, '&')
		if countHeader(a, h) != countHeader(b, h) {
			return false
		}
	}
	return true
}

func countHeader(headers, h []byte) (n int) {
	for len(headers) > 0 {
		var x []byte
		x, headers = cut(headers, '&')
		if sameEscaped(x, h, true) {
			n++
		}
	}
	return n
}

// equalURN folds the namespace, and all of a service URN (RFC 5031 §3).
func equalURN(a, b []byte) bool {
	nid, nss := cut(a, ':')
	otherNID, otherNSS := cut(b, ':')
	if !asciiFold(nid, otherNID) {
		return false
	}
	return bytes.Equal(nss, otherNSS) || foldEqual(nid, "service") && asciiFold(nss, otherNSS)
}

// sameEscaped compares two texts in which an escape equals its character, unless the character is reserved ("a%40b" is
// not "a@b"). RFC 3261 §19.1.4.
func sameEscaped(a, b []byte, fold bool) bool {
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		x, in := unit(a, i)
		y, jn := unit(b, j)
		if x != y {
			if !fold || x > 0xff || y > 0xff || lower(byte(x)) != lower(byte(y)) {
				return false
			}
		}
		i, j = in, jn
	}
	return i == len(a) && j == len(b)
}

// unit reads one character at b[i], escaped or not. A reserved one that is escaped is another value than itself.
func unit(b []byte, i int) (c uint16, next int) {
	if b[i] != '%' {
		return uint16(b[i]), i + 1
	}
	e, ok := escaped(b, i)
	if !ok {
		return '%', i + 1
	}
	if class[e]&isReserved != 0 {
		return 0x100 | uint16(e), i + 3
	}
	return uint16(e), i + 3
}
