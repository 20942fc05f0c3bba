package sip

import "bytes"

// Character classes of RFC 3261 §25.1, one bit each.
const (
	isToken   uint8 = 1 << iota
	isWord          // what a Call-ID is made of
	isLWS           // SP, HTAB and, within a folded value, CR and LF
	isDisplay       // an unquoted display name: tokens, white space, and UTF-8 that phones do not quote
	isValue         // an unquoted parameter value
	isAddr          // an address without brackets, up to its parameters
	isDigit
)

// class is never written after it is built.
var class = buildClass()

func buildClass() (t [256]uint8) {
	mark := func(set string, bits uint8) {
		for i := 0; i < len(set); i++ {
			t[set[i]] |= bits
		}
	}
	for c := byte('0'); c <= '9'; c++ {
		t[c] |= isToken | isWord | isDisplay | isDigit
	}
	for c := byte('a'); c <= 'z'; c++ {
		t[c] |= isToken | isWord | isDisplay
		t[c-32] |= isToken | isWord | isDisplay
	}
	mark("-.!%*_+`'~", isToken|isWord|isDisplay)
	mark("()<>:\\\"/[]?{}@", isWord)
	mark(" \t\r\n", isLWS|isDisplay)
	for c := 0x21; c <= 0x7e; c++ {
		t[c] |= isValue | isAddr
	}
	for c := 0x80; c <= 0xff; c++ {
		t[c] |= isValue | isDisplay
	}
	for _, c := range []byte(";,\"<>\\") {
		t[c] &^= isValue | isAddr
	}
	t['?'] &^= isAddr
	return t
}

// skipLWS returns the end of the white space, folds included, that starts at b[i].
func skipLWS(b []byte, i int) int {
	for i < len(b) && class[b[i]]&isLWS != 0 {
		i++
	}
	return i
}

func trimLWS(b []byte) []byte {
	b = b[skipLWS(b, 0):]
	for len(b) > 0 && class[b[len(b)-1]]&isLWS != 0 {
		b = b[:len(b)-1]
	}
	return b
}

// skip returns the end of the run of the class that starts at b[i]. It goes by four octets: a branch for each of them
// costs more than the look-up.
func skip(b []byte, i int, bits uint8) int {
	for i+4 <= len(b) {
		q := b[i : i+4 : i+4]
		if class[q[0]]&class[q[1]]&class[q[2]]&class[q[3]]&bits == 0 {
			break
		}
		i += 4
	}
	for i < len(b) && class[b[i]]&bits != 0 {
		i++
	}
	return i
}

// quotedEnd returns the index after the closing quote of the quoted-string that starts at b[i], or -1. RFC 3261 §25.1:
// a backslash quotes the next octet, which is no line break: some would take what follows for another line.
func quotedEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			if i++; i < len(b) && (b[i] == '\r' || b[i] == '\n') {
				return -1
			}
		}
	}
	return -1
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 32
	}
	return c
}

// equalFold compares b with s, which is in lower case.
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		if lower(b[i]) != s[i] {
			return false
		}
	}
	return true
}

// number reads 1*DIGIT up to max; anything else, a sign among it, is no number.
func number(b []byte, max uint64) (v uint64, ok bool) {
	if len(b) == 0 {
		return 0, false
	}
	for _, c := range b {
		if class[c]&isDigit == 0 {
			return 0, false
		}
		v = v*10 + uint64(c-'0')
		if v > max {
			return 0, false
		}
	}
	return v, true
}

// AppendUnquoted writes the text of a quoted-string without quotes and backslashes, and with its folding undone; any
// other text is written with its folding undone.
func AppendUnquoted(dst, b []byte) []byte {
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return appendUnfolded(dst, b)
	}
	b = b[1 : len(b)-1]
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\\' && i+1 < len(b):
			i++
			dst = append(dst, b[i])
		case c == '\r' || c == '\n':
			i = skipLWS(b, i) - 1
			dst = append(dst, ' ')
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// appendUnfolded writes b with each fold as one space (RFC 3261 §7.3.1), and so without any CR or LF.
func appendUnfolded(dst, b []byte) []byte {
	for {
		i := lineBreak(b)
		if i < 0 {
			return append(dst, b...)
		}
		dst = append(dst, b[:i]...)
		dst = append(dst, ' ')
		b = b[skipLWS(b, i):]
	}
}

// lineBreak returns the index of the first CR or LF, or -1.
func lineBreak(b []byte) int {
	lf := bytes.IndexByte(b, '\n')
	if lf >= 0 {
		b = b[:lf]
	}
	if cr := bytes.IndexByte(b, '\r'); cr >= 0 {
		return cr
	}
	return lf
}
