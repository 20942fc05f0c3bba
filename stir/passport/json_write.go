package passport

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// object writes a JSON object in the deterministic form of RFC 8225 §9: no white space, names sorted. The known names must
// be written in order; those that the package does not interpret are put between them.
type object struct {
	dst   []byte
	extra []Member // sorted; what is left
	open  bool     // something was written
}

func beginObject(dst []byte, extra []Member) object {
	byName := func(a, b Member) int { return strings.Compare(a.Name, b.Name) }
	if !slices.IsSortedFunc(extra, byName) {
		extra = slices.SortedFunc(slices.Values(extra), byName)
	}
	return object{dst: append(dst, '{'), extra: extra}
}

// name writes a name and its colon; the caller writes the value to dst.
func (o *object) name(name string) {
	for len(o.extra) > 0 && o.extra[0].Name < name {
		o.takeExtra()
	}
	o.rawName(name)
}

func (o *object) takeExtra() {
	m := o.extra[0]
	o.extra = o.extra[1:]
	o.rawName(m.Name)
	o.dst = appendCanonical(o.dst, m.Value)
}

func (o *object) rawName(name string) {
	if o.open {
		o.dst = append(o.dst, ',')
	}
	o.open = true
	o.dst = append(appendString(o.dst, name), ':')
}

// text writes a member whose value is a string, unless it is empty.
func (o *object) text(name, value string) {
	if value != "" {
		o.name(name)
		o.dst = appendString(o.dst, value)
	}
}

func (o *object) end() []byte {
	for len(o.extra) > 0 {
		o.takeExtra()
	}
	return append(o.dst, '}')
}

// appendString writes a JSON string. Only what must be escaped is. RFC 8225 §9 with RFC 7638 §3.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, `\b`...)
		case '\f':
			dst = append(dst, `\f`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			if c < ' ' {
				dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			} else {
				dst = append(dst, c)
			}
		}
	}
	return append(dst, '"')
}

func appendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, s)
	}
	return append(dst, ']')
}

// appendCanonical writes JSON text, which was read before, in the form of RFC 8225 §9. Numbers stay as they stand: the RFC
// knows integers only, and another text of another number could be another value to its reader.
func appendCanonical(dst []byte, text string) []byte {
	var r reader
	r.text = text
	return r.appendValue(dst)
}

func (r *reader) appendValue(dst []byte) []byte {
	switch r.peek() {
	case '{':
		s, _ := r.open('{')
		var members []Member
		for {
			name, ok := r.member(&s)
			if !ok {
				break
			}
			value, _ := r.raw()
			members = append(members, Member{name, value})
		}
		o := beginObject(dst, members)
		return o.end()
	case '[':
		s, _ := r.open('[')
		dst = append(dst, '[')
		for r.element(&s) {
			if s.n > 1 {
				dst = append(dst, ',')
			}
			dst = r.appendValue(dst)
		}
		return append(dst, ']')
	case '"':
		s, _ := r.str()
		return appendString(dst, s)
	}
	value, _ := r.raw()
	return append(dst, value...)
}

// checkText says whether text is one JSON value, within the limits.
func checkText(text string) bool {
	var r reader
	if !r.start(text) {
		return false
	}
	_, ok := r.raw()
	return ok && r.end()
}

// printable says whether s is valid UTF-8 without control characters, so that it can be shown.
func printable(s string) bool {
	for _, c := range s {
		if c < ' ' || c >= 0x7f && c <= 0x9f {
			return false
		}
	}
	return utf8.ValidString(s)
}
