package uri

import (
	"bytes"
	"slices"
)

// paramsLen checks the parameters at the start of b, which follow a ';', and returns their length, or -1. RFC 3261
// §19.1.1: no parameter may appear twice.
func paramsLen(b []byte) int {
	pos := 0
	for count := 0; ; count++ {
		start := pos
		pos += span(b[pos:], isParam)
		name, _ := cut(b[start:pos], '=')
		if len(name) == 0 || count >= MaxParams || 0 < count && count < fewParams && hasParam(b[:start-1], name) {
			return -1
		}
		if pos < len(b) && b[pos] == ';' {
			pos++
			continue
		}
		if count >= fewParams && twice(b[:pos]) {
			return -1
		}
		return pos
	}
}

// fewParams are compared each with each, more are sorted: who fills a message with addresses of many parameters has hundreds of
// thousands of pairs in it.
const fewParams = 8

// twice tells whether a name stands twice among parameters.
func twice(params []byte) bool {
	var names [MaxParams][]byte
	n := 0
	for ; len(params) > 0; n++ {
		var p []byte
		p, params = cut(params, ';')
		names[n], _ = cut(p, '=')
	}
	slices.SortFunc(names[:n], compareNames)
	for i := range n - 1 {
		if compareNames(names[i], names[i+1]) == 0 {
			return true
		}
	}
	return false
}

// compareNames orders names; what sameEscaped finds equal without regard to case is equal.
func compareNames(a, b []byte) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] != '%' && b[i] != '%' { // nearly always to the end
		if x, y := lower(a[i]), lower(b[i]); x != y {
			return int(x) - int(y)
		}
		i++
	}
	j := i
	for i < len(a) && j < len(b) {
		x, in := folded(a, i)
		y, jn := folded(b, j)
		if x != y {
			return int(x) - int(y)
		}
		i, j = in, jn
	}
	return (len(a) - i) - (len(b) - j)
}

// folded is unit in lower case.
func folded(b []byte, i int) (c uint16, next int) {
	if c, next = unit(b, i); c <= 0xff {
		c = uint16(lower(byte(c)))
	}
	return c, next
}

func hasParam(params, name []byte) bool {
	for len(params) > 0 {
		var p []byte
		p, params = cut(params, ';')
		p, _ = cut(p, '=')
		if sameEscaped(p, name, true) {
			return true
		}
	}
	return false
}

// Param returns the value of a URI parameter, as written, and whether it is present; name is in lower case. Escapes in the
// name count as what they stand for (RFC 4475 §3.1.1.3: "%6C%72" is "lr").
func (u *URI) Param(name string) (value []byte, ok bool) {
	for rest := u.Params; len(rest) > 0; {
		var p []byte
		p, rest = cut(rest, ';')
		key, val := cut(p, '=')
		if namedLike(key, name) {
			return val, true
		}
	}
	return nil, false
}

// Transport returns the value of the transport parameter, nil where there is none.
func (u *URI) Transport() []byte {
	v, _ := u.Param("transport")
	return v
}

// namedLike compares an escaped key with a plain name in lower case.
func namedLike(key []byte, name string) bool {
	if bytes.IndexByte(key, '%') < 0 {
		return foldEqual(key, name)
	}
	i, j := 0, 0
	for i < len(key) && j < len(name) {
		c, next := unit(key, i)
		if c > 0xff || lower(byte(c)) != name[j] {
			return false
		}
		i, j = next, j+1
	}
	return i == len(key) && j == len(name)
}
