package digest

import (
	"strings"
	"unicode/utf8"
)

// decodeExtended reads the ext-value of RFC 5987 §3.2.1 in UTF-8: charset'language'percent-encoded.
func decodeExtended(s string) (string, bool) {
	charset, rest, ok := strings.Cut(s, "'")
	if !ok || !equalFold(charset, "UTF-8") {
		return "", false
	}
	if _, rest, ok = strings.Cut(rest, "'"); !ok {
		return "", false
	}
	b := make([]byte, 0, len(rest))
	for i := 0; i < len(rest); i++ {
		c := rest[i]
		if c == '%' {
			if i+2 >= len(rest) {
				return "", false
			}
			hi, lo := unhex(rest[i+1]), unhex(rest[i+2])
			if hi < 0 || lo < 0 {
				return "", false
			}
			c = byte(hi<<4 | lo)
			i += 2
			if isControl(c) {
				return "", false
			}
		} else if !isAttrChar(c) {
			return "", false
		}
		b = append(b, c)
	}
	return string(b), utf8.Valid(b)
}

// appendExtended writes an ext-value in UTF-8.
func appendExtended(dst []byte, s string) []byte {
	const digits = "0123456789ABCDEF"
	dst = append(dst, "UTF-8''"...)
	for i := range len(s) {
		if c := s[i]; isAttrChar(c) {
			dst = append(dst, c)
		} else if !isControl(c) {
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

// isAttrChar is the attr-char of RFC 5987 §3.2.1.
func isAttrChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c != 0 && strings.IndexByte("!#$&+-.^_`|~", c) >= 0
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
