package stir

import (
	"gatehouse.example/sip/uri"
	"gatehouse.example/stir/passport"
)

// Party is an address in its canonical forms. A number that stands in a SIP URI has both: the signer decides which of them
// he vouches for. The zero Party is nobody.
type Party struct {
	TN  string // RFC 8224 §8.3; empty where the address holds no number
	URI string // RFC 8224 §8.5; empty for a tel URI with a number
}

// Identity returns the form that we would sign: the number if there is one.
func (p Party) Identity() passport.Identity {
	if p.TN != "" {
		return passport.Identity{TN: p.TN}
	}
	return passport.Identity{URI: p.URI}
}

// Is says whether id is this party, in whichever form it is.
func (p Party) Is(id passport.Identity) bool {
	if id.TN != "" {
		return id.TN == p.TN
	}
	return id.URI != "" && id.URI == p.URI
}

// In says whether this party is one of the destinations, in whichever form.
func (p Party) In(d *passport.Destinations) bool {
	return p.TN != "" && d.Contains(passport.Identity{TN: p.TN}) || p.URI != "" && d.Contains(passport.Identity{URI: p.URI})
}

// IsZero says whether this is nobody.
func (p Party) IsZero() bool { return p == Party{} }

// CanonicalTN returns the canonical telephone number of an address and whether it holds one. RFC 8224 §8.3: digits, '#'
// and '*' only, with the country code that the plan supplies and no "+".
//
// A tel URI, one with user=phone, and one whose user part is a number with "+" or of seven or more digits holds a number
// (package uri has the details); and so does one whose user part is nothing but digits, which stays as it is: a short
// number that is private to somebody's network.
func CanonicalTN(u *uri.URI, plan uri.Plan) (string, bool) {
	b, ok := appendTN(make([]byte, 0, 24), u, plan)
	return string(b), ok
}

// CanonicalURI returns the canonical form of an address as a URI. RFC 8224 §8.5: scheme, user and host in lower case,
// nothing else. It is empty for addresses of a scheme that package uri does not know.
func CanonicalURI(u *uri.URI) string { return string(appendURI(make([]byte, 0, 64), u)) }

// Canonical returns both forms.
func Canonical(u *uri.URI, plan uri.Plan) Party {
	var buf [128]byte
	c := canonicaliser{text: buf[:0]}
	c.add(u, plan)
	return c.party(string(c.text), 0)
}

func appendTN(dst []byte, u *uri.URI, plan uri.Plan) ([]byte, bool) {
	n := len(dst)
	dst, ok := u.AppendNumber(dst, plan)
	if !ok {
		if user := u.UserBase(); (u.Scheme == uri.SIP || u.Scheme == uri.SIPS) && allDigits(user) {
			return append(dst, user...), true
		}
		return dst, false
	}
	if dst[n] == '+' {
		dst = append(dst[:n], dst[n+1:]...)
	}
	for _, c := range dst[n:] {
		if !isDigit(c) && c != '#' && c != '*' { // the hexadecimal digits of a local number, RFC 3966 §5.1.5
			return dst[:n], false
		}
	}
	return dst, len(dst) > n
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return len(b) > 0
}

func appendURI(dst []byte, u *uri.URI) []byte {
	if u.Scheme == uri.Other {
		return dst
	}
	n := len(dst)
	dst = u.AppendAoR(dst)
	for i := n; i < len(dst); i++ {
		dst[i] = lower(dst[i])
	}
	return dst
}

// canonicaliser makes the parties of a request with one string for all of them.
type canonicaliser struct {
	text []byte
	ends [2 * maxParties]int
	n    int
}

// maxParties are From, To, Request-URI and two of P-Asserted-Identity.
const maxParties = 5

func (c *canonicaliser) add(u *uri.URI, plan uri.Plan) {
	start := len(c.text)
	c.text, _ = appendTN(c.text, u, plan)
	c.ends[2*c.n] = len(c.text)
	if u.Scheme != uri.TEL || len(c.text) == start {
		c.text = appendURI(c.text, u)
	}
	c.ends[2*c.n+1] = len(c.text)
	c.n++
}

// again adds the last one once more.
func (c *canonicaliser) again() {
	p := c.n - 1
	tn, text := c.text[c.ends[2*p-1]:c.ends[2*p]], c.text[c.ends[2*p]:c.ends[2*p+1]]
	c.text = append(c.text, tn...)
	c.ends[2*c.n] = len(c.text)
	c.text = append(c.text, text...)
	c.ends[2*c.n+1] = len(c.text)
	c.n++
}

// party returns the i-th of those that were added; all is the text as a string.
func (c *canonicaliser) party(all string, i int) Party {
	start := 0
	if i > 0 {
		start = c.ends[2*i-1]
	}
	return Party{TN: all[start:c.ends[2*i]], URI: all[c.ends[2*i]:c.ends[2*i+1]]}
}
