package passport

// decodedLen returns how many octets n characters of base64url without padding stand for.
func decodedLen(n int) int { return n * 6 / 8 }

// appendDecoded appends what src, base64url without padding, stands for. It is strict, unlike encoding/base64, which skips
// line breaks: there is one text for each value, so that nobody can make another valid token of one that was seen.
// RFC 7515 §2, RFC 4648 §3.5, §5.
func appendDecoded(dst []byte, src []byte) ([]byte, bool) {
	for len(src) >= 4 {
		a, b, c, d := sextet(src[0]), sextet(src[1]), sextet(src[2]), sextet(src[3])
		if a|b|c|d >= 64 {
			return dst, false
		}
		dst = append(dst, a<<2|b>>4, b<<4|c>>2, c<<6|d)
		src = src[4:]
	}
	switch len(src) {
	case 0:
		return dst, true
	case 2:
		a, b := sextet(src[0]), sextet(src[1])
		return append(dst, a<<2|b>>4), a|b < 64 && b&0x0f == 0
	case 3:
		a, b, c := sextet(src[0]), sextet(src[1]), sextet(src[2])
		return append(dst, a<<2|b>>4, b<<4|c>>2), a|b|c < 64 && c&0x03 == 0
	}
	return dst, false
}

// sextet returns the value of a character of the alphabet, 64 or more for any other.
func sextet(c byte) byte { return sextets[c] - '!' }

// sextets has, for each octet, its value above '!', and 'a' (a value of 64) for those outside the alphabet.
const sextets = "" +
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" + // 00-1f
	"aaaaaaaaaaaaa_aa" + // 20-2f: hyphen
	"UVWXYZ[\\]^aaaaaa" + // 30-3f: digits
	"a!\"#$%&'()*+,-./" + "0123456789:aaaa`" + // 40-5f: capitals, underscore
	"a;<=>?@ABCDEFGHI" + "JKLMNOPQRSTaaaaa" + // 60-7f: small letters
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" +
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
