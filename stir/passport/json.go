package passport

import "unicode/utf8"

// The limits of a token. A SIP message has 64 KiB; a shaken token has some 600 octets, a div-o chain or a jCard a few
// thousand.
const (
	maxToken    = 16 << 10 // octets of a token in any form
	maxDepth    = 16       // objects and arrays within each other
	maxNames    = 64       // members of an object, together with those read of the objects around it
	maxElements = 256      // of an array
)

// reader reads JSON (RFC 8259) strictly: no duplicate names, no lone surrogates, bounded depth and sizes. The first error
// stays; after it every method returns false. Strings are views of the text unless they hold an escape.
type reader struct {
	text   string
	pos    int
	depth  int
	reason Reason
	detail string
	count  int // of names
	names  [maxNames]string
}

// fail records the first error.
func (r *reader) fail(reason Reason, detail string) bool {
	if r.reason == NoReason {
		r.reason, r.detail = reason, detail
	}
	return false
}

func (r *reader) err() error {
	if r.reason == NoReason {
		return nil
	}
	return fail(r.reason, r.detail)
}

// start checks what concerns the whole text: JSON is UTF-8, and only strings may hold more than ASCII.
func (r *reader) start(text string) bool {
	r.text = text
	return utf8.ValidString(text) || r.fail(MalformedJSON, "not UTF-8")
}

// end checks that nothing follows.
func (r *reader) end() bool {
	r.space()
	return r.reason == NoReason && (r.pos == len(r.text) || r.fail(MalformedJSON, "trailing text"))
}

func (r *reader) space() {
	for r.pos < len(r.text) {
		switch r.text[r.pos] {
		case ' ', '\t', '\r', '\n':
			r.pos++
		default:
			return
		}
	}
}

// peek returns the first octet of the next token, 0 at the end.
func (r *reader) peek() byte {
	r.space()
	if r.pos >= len(r.text) || r.reason != NoReason {
		return 0
	}
	return r.text[r.pos]
}

// take consumes c, which must be the next token.
func (r *reader) take(c byte) bool {
	if r.peek() != c || c == 0 {
		return r.fail(MalformedJSON, "")
	}
	r.pos++
	return true
}

// A scope is an object or an array that is being read.
type scope struct {
	base int // of the object's names
	n    int // members or elements so far
}

// open enters an object or an array.
func (r *reader) open(bracket byte) (scope, bool) {
	if !r.take(bracket) {
		return scope{}, false
	}
	r.depth++
	if r.depth > maxDepth {
		return scope{}, r.fail(TooLarge, "depth")
	}
	return scope{base: r.count}, true
}

// next says whether another member or element follows, and consumes the comma or the closing bracket.
func (r *reader) next(s *scope, bracket byte) bool {
	if r.peek() == bracket {
		r.pos++
		r.depth--
		r.count = s.base
		return false
	}
	if s.n > 0 && !r.take(',') {
		return false
	}
	s.n++
	return r.reason == NoReason
}

// member moves to an object's next member and returns its name; false: the object is over, or an error occurred.
func (r *reader) member(s *scope) (name string, ok bool) {
	if !r.next(s, '}') {
		return "", false
	}
	if name, ok = r.str(); !ok || !r.take(':') {
		return "", false
	}
	for _, seen := range r.names[s.base:r.count] {
		if seen == name {
			return "", r.fail(DuplicateKey, "")
		}
	}
	if r.count == maxNames {
		return "", r.fail(TooLarge, "members")
	}
	r.names[r.count] = name
	r.count++
	return name, true
}

// element moves to an array's next element; false: the array is over, or an error occurred.
func (r *reader) element(s *scope) bool {
	return r.next(s, ']') && (s.n <= maxElements || r.fail(TooLarge, "elements"))
}

// raw skips a value and returns its text as it stands.
func (r *reader) raw() (text string, ok bool) {
	c := r.peek()
	from := r.pos
	switch {
	case c == '{':
		s, ok := r.open('{')
		for ok {
			if _, ok = r.member(&s); ok {
				_, ok = r.raw()
			}
		}
	case c == '[':
		s, ok := r.open('[')
		for ok && r.element(&s) {
			_, ok = r.raw()
		}
	case c == '"':
		r.str()
	case c == '-' || c >= '0' && c <= '9':
		r.number()
	default:
		r.literal()
	}
	if r.reason != NoReason {
		return "", false
	}
	return r.text[from:r.pos], true
}

func (r *reader) literal() {
	for _, l := range [...]string{"true", "false", "null"} {
		if len(r.text)-r.pos >= len(l) && r.text[r.pos:r.pos+len(l)] == l {
			r.pos += len(l)
			return
		}
	}
	r.fail(MalformedJSON, "")
}

// number skips a number. RFC 8259 §6.
func (r *reader) number() {
	if r.at('-') {
		r.pos++
	}
	if r.at('0') {
		if r.pos++; r.pos < len(r.text) && isDigit(r.text[r.pos]) {
			r.fail(MalformedJSON, "leading zero")
		}
	} else {
		r.digits()
	}
	if r.at('.') {
		r.pos++
		r.digits()
	}
	if r.at('e') || r.at('E') {
		r.pos++
		if r.at('+') || r.at('-') {
			r.pos++
		}
		r.digits()
	}
}

func (r *reader) at(c byte) bool { return r.pos < len(r.text) && r.text[r.pos] == c }

func (r *reader) digits() {
	from := r.pos
	for r.pos < len(r.text) && isDigit(r.text[r.pos]) {
		r.pos++
	}
	if r.pos == from {
		r.fail(MalformedJSON, "number")
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
