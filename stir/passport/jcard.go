package passport

import "strconv"

// property is what this package needs of a property of a jCard: where its value is, and what.
type property struct {
	pointer string // of the value within the jCard
	value   string // of a URI, unescaped
}

// isJCard says whether text, which is JSON, has the shape of a jCard: "vcard" and an array of properties, each an array of
// name, parameters, type and values. RFC 7095 §3.2, §3.3.
func isJCard(text string) bool {
	_, ok := jCardURIs(text)
	return ok
}

// jCardURIs returns the properties of a jCard whose value is a URI.
func jCardURIs(text string) (uris []property, ok bool) {
	var r reader
	r.text = text
	if r.peek() != '[' {
		return nil, false
	}
	s, ok := r.open('[')
	if !ok || !r.element(&s) || !r.literalString("vcard") || !r.element(&s) || r.peek() != '[' {
		return nil, false
	}
	list, ok := r.open('[')
	for ok && r.element(&list) {
		uris, ok = r.property(uris, list.n-1)
	}
	return uris, ok && !r.element(&s) && r.reason == NoReason
}

// literalString consumes a string that must be want.
func (r *reader) literalString(want string) bool {
	if r.peek() != '"' {
		return false
	}
	s, ok := r.str()
	return ok && s == want
}

// property reads the property at an index and appends its values that are URIs.
func (r *reader) property(uris []property, index int) ([]property, bool) {
	if r.peek() != '[' {
		return uris, false
	}
	s, ok := r.open('[')
	kind := ""
	for ok && r.element(&s) {
		first := r.peek()
		switch {
		case s.n == 1 && first != '"', s.n == 2 && first != '{', s.n == 3 && first != '"':
			return uris, false
		case s.n == 3:
			kind, ok = r.str()
		case s.n > 3 && kind == "uri" && first != '"':
			return uris, false
		case s.n > 3 && kind == "uri":
			var value string
			value, ok = r.str()
			at := "/1/" + strconv.Itoa(index) + "/" + strconv.Itoa(s.n-1)
			uris = append(uris, property{at, value})
		default:
			_, ok = r.raw()
		}
	}
	return uris, ok && s.n >= 4
}
