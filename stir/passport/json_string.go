package passport

import (
	"unicode/utf16"
	"unicode/utf8"
)

// str reads a string. RFC 8259 §7.
func (r *reader) str() (s string, ok bool) {
	if !r.take('"') {
		return "", false
	}
	from := r.pos
	for i := from; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '"':
			r.pos = i + 1
			return r.text[from:i], true
		case c == '\\':
			return r.escaped(from, i)
		case c < ' ':
			return "", r.fail(MalformedJSON, "control character")
		}
	}
	return "", r.fail(MalformedJSON, "string without end")
}

// escaped reads the rest of a string whose first escape is at i.
func (r *reader) escaped(from, i int) (s string, ok bool) {
	b := append(make([]byte, 0, i-from+32), r.text[from:i]...)
	r.pos = i
	for r.pos < len(r.text) {
		c := r.text[r.pos]
		r.pos++
		switch {
		case c == '"':
			return string(b), true
		case c < ' ':
			return "", r.fail(MalformedJSON, "control character")
		case c != '\\':
			b = append(b, c)
		default:
			if b, ok = r.escape(b); !ok {
				return "", false
			}
		}
	}
	return "", r.fail(MalformedJSON, "string without end")
}

// escape appends what the escape behind a backslash stands for.
func (r *reader) escape(b []byte) ([]byte, bool) {
	if r.pos >= len(r.text) {
		return b, r.fail(MalformedJSON, "string without end")
	}
	c := r.text[r.pos]
	r.pos++
	switch c {
	case '"', '\\', '/':
		return append(b, c), true
	case 'b':
		return append(b, '\b'), true
	case 'f':
		return append(b, '\f'), true
	case 'n':
		return append(b, '\n'), true
	case 'r':
		return append(b, '\r'), true
	case 't':
		return append(b, '\t'), true
	case 'u':
		return r.codePoint(b)
	}
	return b, r.fail(MalformedJSON, "escape")
}

// codePoint appends the character of one \u escape, or of the two of a surrogate pair. A surrogate alone is no character:
// readers differ in what they make of it, so it is refused.
func (r *reader) codePoint(b []byte) ([]byte, bool) {
	c, ok := r.hex4()
	if ok && utf16.IsSurrogate(c) {
		if len(r.text)-r.pos < 2 || r.text[r.pos] != '\\' || r.text[r.pos+1] != 'u' {
			return b, r.fail(MalformedJSON, "lone surrogate")
		}
		r.pos += 2
		var low rune
		if low, ok = r.hex4(); ok {
			if c = utf16.DecodeRune(c, low); c == utf8.RuneError {
				return b, r.fail(MalformedJSON, "lone surrogate")
			}
		}
	}
	if !ok {
		return b, r.fail(MalformedJSON, "escape")
	}
	return utf8.AppendRune(b, c), true
}

func (r *reader) hex4() (c rune, ok bool) {
	if len(r.text)-r.pos < 4 {
		return 0, false
	}
	for _, h := range []byte(r.text[r.pos : r.pos+4]) {
		switch {
		case isDigit(h):
			c = c<<4 | rune(h-'0')
		case h|0x20 >= 'a' && h|0x20 <= 'f':
			c = c<<4 | rune(h|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	r.pos += 4
	return c, true
}
