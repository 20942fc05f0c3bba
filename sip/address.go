package sip

import (
	"bytes"
	"errors"
)

// ErrAddress is returned by Address.Parse.
var ErrAddress = errors.New("sip: malformed address")

// Address is the value of From, To, Contact, Route and their like: name-addr or addr-spec with parameters. All slices are
// views, as written. RFC 3261 §20.10, RFC 8217.
type Address struct {
	Span      Span   // the value within the message, or within what was given to Parse
	Display   []byte // with its quotes; nil: absent
	URI       []byte // without its brackets; not checked beyond the characters that end it
	Params    []byte // the header's parameters: what follows the first ';' behind the address, without it
	Tag       []byte // nil: absent
	Bracketed bool
}

// Parse reads b, which must be one address and nothing else.
func (a *Address) Parse(b []byte) error {
	if !a.parse(b, 0) || !addrOctets(a.URI) {
		return ErrAddress
	}
	return nil
}

// addrOctets says whether a URI in brackets holds visible characters only, and none that needs escaping everywhere.
func addrOctets(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c >= 0x7f || c == '<' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// Param returns the value of a parameter of the header, not of the URI, as written, and whether it is present; name is in
// lower case.
func (a *Address) Param(name string) (value []byte, ok bool) { return findParam(a.Params, name) }

// AppendDisplay writes the display name as a reader sees it: without quotes, backslashes and folding.
func (a *Address) AppendDisplay(dst []byte) []byte { return AppendUnquoted(dst, a.Display) }

// parse reads all of b, which starts at offset base of the message.
func (a *Address) parse(b []byte, base uint32) bool {
	*a = Address{}
	start := skipLWS(b, 0)
	i, ok := a.parseAddr(b, start)
	if !ok {
		return false
	}
	end := i
	i = skipLWS(b, i)
	first := i + 1
	for i < len(b) && b[i] == ';' {
		p, next, ok := scanParam(b, i+1)
		if !ok {
			return false
		}
		if p.nameEnd-p.name == 3 && equalFold(b[p.name:p.nameEnd], "tag") && !setOnce(&a.Tag, b[p.value:p.valueEnd]) {
			return false
		}
		end = max(p.nameEnd, p.valueEnd)
		a.Params = b[first:end]
		i = next
	}
	a.Span = Span{base + uint32(start), base + uint32(end)}
	return i == len(b) && !a.ambiguous()
}

// ambiguous says whether there are two ways to read an address without brackets: "sip:alice;x@example.test" is the host alice with a parameter (RFC 8217 §3),
// but others find a user and another host. No '@' is a token's, so that the grammar has neither.
func (a *Address) ambiguous() bool {
	return !a.Bracketed && bytes.IndexByte(a.Params, '@') >= 0 && bytes.IndexByte(a.URI, '@') < 0
}

// parseAddr reads the display name and the address and returns what follows them.
func (a *Address) parseAddr(b []byte, start int) (next int, ok bool) {
	i := start
	if i < len(b) && b[i] == '"' {
		end := quotedEnd(b, i)
		if end < 0 {
			return 0, false
		}
		a.Display = b[i:end]
		i = skipLWS(b, end)
	} else {
		i = skip(b, i, isDisplay)
		if i < len(b) && b[i] == '<' && i > start {
			// RFC 3261 §25.1: *(token LWS). RFC 4475 §3.1.1.6: the space before '<' may be missing.
			a.Display = trimLWS(b[start:i])
		}
	}
	if i == len(b) {
		return 0, false
	}
	if b[i] == '<' {
		end := bytes.IndexByte(b[i:], '>')
		if end < 2 {
			return 0, false
		}
		a.Bracketed, a.URI = true, b[i+1:i+end]
		return i + end + 1, true
	}
	if b[i] != ':' || a.Display != nil {
		return 0, false
	}
	// RFC 3261 §20.10, RFC 8217: in an address without brackets ';' starts the header's parameters, and ',' and '?' may
	// not appear.
	end := skip(b, start, isAddr)
	if end < len(b) && b[end] != ';' && class[b[end]]&isLWS == 0 {
		return 0, false
	}
	a.URI = b[start:end]
	return end, true
}
