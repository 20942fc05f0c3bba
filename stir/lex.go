package stir

// Character classes, one bit each. RFC 3261 §25.1, RFC 8224 §4.
const (
	isToken64   uint8 = 1 << iota // base64url, the older base64, and dots
	isTokenChar                   // token
	isGenValue                    // token or host
	isURI                         // what may stand in a URI
	isScheme                      // what a scheme is made of
)

// class is never written after it is built.
var class = buildClass()

func buildClass() (t [256]uint8) {
	mark := func(set string, bits uint8) {
		for i := range len(set) {
			t[set[i]] |= bits
		}
	}
	const alnum = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	mark(alnum, isToken64|isTokenChar|isGenValue|isURI|isScheme)
	mark("-_.+/", isToken64)
	mark("-.!%*_+`'~", isTokenChar|isGenValue)
	mark("[]:", isGenValue)
	mark("-._~:/?#[]@!$&'()*+,;=%", isURI)
	mark("+-.", isScheme)
	return t
}

func skip(b []byte, i int, bits uint8) int {
	for i < len(b) && class[b[i]]&bits != 0 {
		i++
	}
	return i
}

// skipSWS returns the end of the white space at b[i]: spaces, tabs, and folds, which are a CRLF and at least one of them.
func skipSWS(b []byte, i int) int {
	for i < len(b) {
		switch {
		case b[i] == ' ' || b[i] == '\t':
			i++
		case b[i] == '\r' && i+2 < len(b) && b[i+1] == '\n' && (b[i+2] == ' ' || b[i+2] == '\t'):
			i += 3
		default:
			return i
		}
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

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
