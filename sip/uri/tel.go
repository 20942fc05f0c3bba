package uri

import "bytes"

// parseTel reads what follows "tel:". RFC 3966 §3. A local number without phone-context is accepted, though §5.1.5
// demands one: emergency and service numbers arrive that way.
func (u *URI) parseTel(b []byte) error {
	n := bytes.IndexByte(b, ';')
	if n < 0 {
		n = len(b)
	}
	u.User = b[:n]
	if !checkNumber(u.User) {
		return ErrNumber
	}
	if n < len(b) {
		u.Params = b[n+1:]
		if paramsLen(u.Params) != len(u.Params) {
			return ErrParams
		}
	}
	return nil
}

// checkNumber admits a global number ("+", digits, visual separators) or a local one (also A–F, '*', '#').
func checkNumber(b []byte) bool {
	global := len(b) > 0 && b[0] == '+'
	if global {
		b = b[1:]
	}
	digits := 0
	for _, c := range b {
		switch {
		case class[c]&isSeparator != 0:
		case class[c]&isDigit != 0, !global && (class[c]&isHex != 0 || c == '*' || c == '#'):
			digits++
		default:
			return false
		}
	}
	return digits > 0
}

// equalTel compares two tel URIs. RFC 3966 §4: numbers without their visual separators, parameters in any order, each in
// both.
func equalTel(a, b *URI) bool {
	return sameNumber(a.User, b.User) && coversTel(a, b) && coversTel(b, a)
}

// coversTel says whether every parameter of a stands in b with an equal value.
func coversTel(a, b *URI) bool {
	for rest := a.Params; len(rest) > 0; {
		var p []byte
		p, rest = cut(rest, ';')
		key, val := cut(p, '=')
		other, ok := findParam(b.Params, key)
		if !ok {
			return false
		}
		if foldEqual(key, "ext") || foldEqual(key, "phone-context") && len(val) > 0 && val[0] == '+' {
			if !sameNumber(val, other) {
				return false
			}
		} else if !sameEscaped(val, other, true) {
			return false
		}
	}
	return true
}

// sameNumber compares two numbers, ignoring visual separators and the case of hexadecimal digits.
func sameNumber(a, b []byte) bool {
	i, j := 0, 0
	for {
		for i < len(a) && class[a[i]]&isSeparator != 0 {
			i++
		}
		for j < len(b) && class[b[j]]&isSeparator != 0 {
			j++
		}
		if i == len(a) || j == len(b) {
			return i == len(a) && j == len(b)
		}
		if lower(a[i]) != lower(b[j]) {
			return false
		}
		i, j = i+1, j+1
	}
}
