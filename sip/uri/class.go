package uri

// The character classes of RFC 3261 §25.1 and RFC 3966 §3, one bit each.
const (
	isAlpha uint16 = 1 << iota
	isDigit
	isHex
	isScheme
	isUser     // unreserved, user-unreserved and '#'
	isPassword // unreserved and "&=+$,"
	isLabel    // letters, digits, '-', '_'
	isParam    // unreserved, param-unreserved and '='
	isHeader   // unreserved, hnv-unreserved, '&' and '='
	isURIC
	isReserved  // RFC 2396 §2.2
	isSeparator // visual separators of a telephone number
	isAlnum     = isAlpha | isDigit
)

// class is never written after it is built.
var class = buildClass()

func buildClass() (t [256]uint16) {
	mark := func(set string, bits uint16) {
		for i := 0; i < len(set); i++ {
			t[set[i]] |= bits
		}
	}
	const everywhere = isUser | isPassword | isParam | isHeader | isURIC
	for c := byte('0'); c <= '9'; c++ {
		t[c] |= isDigit | isHex | isScheme | isLabel | everywhere
	}
	for c := byte('a'); c <= 'z'; c++ {
		t[c] |= isAlpha | isScheme | isLabel | everywhere
		t[c-32] |= isAlpha | isScheme | isLabel | everywhere
	}
	mark("abcdefABCDEF", isHex)
	mark("+-.", isScheme)
	mark("-_.!~*'()", everywhere) // mark: together with the above, unreserved
	mark("&=+$,;?/#", isUser)
	mark("&=+$,", isPassword)
	mark("-_", isLabel)
	mark("[]/:&+$=", isParam)
	mark("[]/?:+$&=", isHeader)
	mark(";/?:@&=+$,[]%#", isURIC)
	mark(";/?:@&=+$,", isReserved)
	mark("-.()", isSeparator)
	return t
}

// escaped reads "%" HEX HEX at b[i]. RFC 3261 §25.1.
func escaped(b []byte, i int) (c byte, ok bool) {
	if i+2 >= len(b) || b[i] != '%' || class[b[i+1]]&isHex == 0 || class[b[i+2]]&isHex == 0 {
		return 0, false
	}
	return unhex(b[i+1])<<4 | unhex(b[i+2]), true
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

// run returns the length of the run of the class at the start of b. It goes by four octets: a branch for each of them
// costs more than the look-up.
func run(b []byte, bits uint16) int {
	i := 0
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

// span is run for what may hold escapes.
func span(b []byte, bits uint16) int {
	n := run(b, bits)
	for n < len(b) {
		if _, ok := escaped(b, n); !ok {
			break
		}
		n += 3
		n += run(b[n:], bits)
	}
	return n
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 32
	}
	return c
}

// foldEqual compares b with s, which is in lower case.
func foldEqual(b []byte, s string) bool {
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
