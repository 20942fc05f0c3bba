package passport

import "strings"

// isUUID says whether s is written as a UUID, of any version. RFC 9562 §4.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
		} else if !isHex(s[i]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// isFingerprint says whether s is hexadecimal octets, with colons as SDP has them or without.
func isFingerprint(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isHex(s[i]) && s[i] != ':' {
			return false
		}
	}
	return s != "" && len(s) <= 512
}

// isToken says whether s is a token of SIP. RFC 3261 §25.1. A dot is one of its characters.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') && strings.IndexByte("-.!%*_+`'~", c) < 0 {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

// isFull says whether s could be a token in full form: three parts of base64url.
func isFull(s string) bool {
	dots, part := 0, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '.' && part > 0:
			dots, part = dots+1, 0
		case s[i] != '.' && sextet(s[i]) < 64:
			part++
		default:
			return false
		}
	}
	return dots == 2 && part > 0
}

// isHTTPS says whether s is an https URI with a host. RFC 9795 §5.1.3 allows no other for icn and jcl.
func isHTTPS(s string) bool {
	const scheme = "https://"
	return len(s) > len(scheme) && foldEqual(s[:len(scheme)], scheme) && s[len(scheme)] != '/' && isURI(s)
}

// isPointer says whether s is a JSON pointer (RFC 6901 §3) into rcd.
func isPointer(s string) bool {
	if len(s) < 2 || s[0] != '/' || !printable(s) {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] == '~' && (i+1 == len(s) || s[i+1] != '0' && s[i+1] != '1') {
			return false
		}
	}
	return true
}
