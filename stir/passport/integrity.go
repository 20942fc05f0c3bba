package passport

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Fetch returns the content of an https URI of rcd: an icon, a jCard, a picture in one. ok is false where it is not to be
// had. Whoever fetches guards against what a stranger's URI may point at.
type Fetch func(uri string) (content []byte, ok bool)

// CheckIntegrity checks rcd against the digests of rcdi. What is within the token is always checked; what a URI refers to
// only as far as fetch has it (nil: not at all), and the pointers of the rest are returned. Where there is an rcdi, it must
// cover each URI, or the content behind one could be exchanged. A token without rcdi has nothing to check. RFC 9795 §6.
func (c *Claims) CheckIntegrity(fetch Fetch) (unchecked []string, err error) {
	if len(c.RCDIntegrity) == 0 || c.RCD == nil {
		return nil, nil
	}
	parts := c.RCD.parts(fetch)
	for _, p := range parts {
		if p.remote && c.RCDIntegrity[p.pointer] == "" {
			return nil, fail(MissingClaim, "rcdi")
		}
	}
	for _, pointer := range slices.Sorted(maps.Keys(c.RCDIntegrity)) {
		content, state := c.RCD.find(parts, pointer)
		switch state {
		case absent:
			return nil, fail(DigestMismatch, "rcdi")
		case unknown:
			unchecked = append(unchecked, pointer)
		case present:
			if err := CheckDigest(c.RCDIntegrity[pointer], content); err != nil {
				return nil, err
			}
		}
	}
	return unchecked, nil
}

// DigestRCD returns the rcdi of d: a digest of each of its elements and of the content of each URI, which fetch must have.
// RFC 9795 §6.1.
func DigestRCD(hash string, d *RCD, fetch Fetch) (map[string]string, error) {
	if d.JCard != "" && !checkText(d.JCard) {
		return nil, fail(MalformedJSON, "jcd")
	}
	m := make(map[string]string)
	for _, p := range d.parts(fetch) {
		if p.content == nil {
			return nil, fail(BadDigest, "content of a URI is not to be had")
		}
		digest, err := Digest(hash, p.content)
		if err != nil {
			return nil, err
		}
		m[p.pointer] = digest
	}
	return m, nil
}

// part is an element of rcd with the octets that its digest is made of.
type part struct {
	pointer string
	content []byte // nil: not to be had
	remote  bool   // behind a URI
}

// parts lists the elements of d. A string is digested with its quotes: the digest is that of its deterministic JSON text.
func (d *RCD) parts(fetch Fetch) []part {
	list := []part{{pointer: "/nam", content: appendString(nil, d.Name)}}
	if d.Alias != "" {
		list = append(list, part{pointer: "/apn", content: appendString(nil, d.Alias)})
	}
	if d.Icon != "" {
		list = append(list, part{"/icn", fetch.get(d.Icon), true})
	}
	if d.JCard != "" {
		card := appendCanonical(nil, d.JCard)
		list = append(list, part{pointer: "/jcd", content: card})
		list = appendPictures(list, "/jcd", string(card), fetch)
	}
	if d.JCardURL != "" {
		card := fetch.get(d.JCardURL)
		if card != nil && len(card) <= maxToken && checkText(string(card)) {
			card = appendCanonical(nil, string(card))
			list = appendPictures(list, "/jcl", string(card), fetch)
		}
		list = append(list, part{"/jcl", card, true})
	}
	return list
}

// appendPictures appends the content of the URIs of a jCard. One URI refers to content, never to further URIs.
func appendPictures(list []part, at, card string, fetch Fetch) []part {
	uris, _ := jCardURIs(card)
	for _, p := range uris {
		list = append(list, part{at + p.pointer, fetch.get(p.value), true})
	}
	return list
}

func (f Fetch) get(uri string) []byte {
	if f == nil || !isHTTPS(uri) {
		return nil
	}
	content, ok := f(uri)
	if !ok {
		return nil
	}
	return append([]byte{}, content...)
}

// finding says what is known of a pointer's content.
type finding uint8

const (
	absent finding = iota
	unknown
	present
)

// find returns what a pointer refers to: one of the parts, or anything else within the rcd object.
func (d *RCD) find(parts []part, pointer string) ([]byte, finding) {
	for _, p := range parts {
		if p.pointer == pointer {
			if p.content == nil {
				return nil, unknown
			}
			return p.content, present
		}
	}
	if strings.HasPrefix(pointer, "/jcl/") && d.JCardURL != "" {
		return nil, unknown // within a jCard that was not fetched, or beside its URIs
	}
	text, ok := resolve(string(d.appendJSON(nil)), pointer)
	if !ok {
		return nil, absent
	}
	return []byte(text), present
}

// resolve returns the JSON text that a pointer refers to. RFC 6901 §4.
func resolve(text, pointer string) (string, bool) {
	for pointer != "" {
		step, rest, more := strings.Cut(pointer[1:], "/")
		if pointer = ""; more {
			pointer = "/" + rest
		}
		var ok bool
		if text, ok = child(text, strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")); !ok {
			return "", false
		}
	}
	return text, true
}

// child returns the text of a member or an element.
func child(text, step string) (string, bool) {
	var r reader
	r.text = text
	switch r.peek() {
	case '{':
		return r.find(step)
	case '[':
		s, ok := r.open('[')
		for ok && r.element(&s) {
			var value string
			if value, ok = r.raw(); ok && strconv.Itoa(s.n-1) == step {
				return value, true
			}
		}
	}
	return "", false
}

// find returns the text of an object's member.
func (r *reader) find(want string) (value string, ok bool) {
	s, ok := r.open('{')
	for ok {
		var name string
		if name, ok = r.member(&s); !ok {
			break
		}
		if value, ok = r.raw(); ok && name == want {
			return value, true
		}
	}
	return "", false
}
