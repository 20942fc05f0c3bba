package certificate

import (
	"crypto/x509"
	"encoding/asn1"
	"net/url"
	"slices"
	"strings"
)

// nameConstraints are the subtrees that an issuer permits and excludes. RFC 5280 §4.2.1.10.
type nameConstraints struct{ permitted, excluded []generalName }

// parseNameConstraints reads the extension of a certificate; all is empty where it has none.
func parseNameConstraints(c *x509.Certificate) (nc nameConstraints, ok bool) {
	e, found := ce(c.Extensions, ceNameConstraints)
	if !found {
		return nc, true
	}
	fields, ok := readOnly(e.Value, tagSequence)
	for last := byte(0); ok && len(fields) > 0; {
		var tag byte
		var body []byte
		if tag, body, fields, ok = readDER(fields); !ok || tag <= last {
			return nc, false
		}
		switch tag {
		case 0xa0:
			nc.permitted, ok = parseSubtrees(body)
		case 0xa1:
			nc.excluded, ok = parseSubtrees(body)
		default:
			return nc, false
		}
		last = tag
	}
	return nc, ok
}

// parseSubtrees reads GeneralSubtrees. RFC 5280 §4.2.1.10: minimum is zero, hence absent, and so is maximum.
func parseSubtrees(body []byte) (bases []generalName, ok bool) {
	for len(body) > 0 {
		tag, subtree, rest, ok := readDER(body)
		if !ok || tag != tagSequence || len(bases) == maxNames {
			return nil, false
		}
		base, more, ok := readGeneralName(subtree)
		if !ok || len(more) > 0 {
			return nil, false
		}
		bases, body = append(bases, base), rest
	}
	return bases, len(bases) > 0
}

// isEmailAttribute: emailAddress, a name of kind rfc822Name. RFC 5280 §4.2.1.10.
func isEmailAttribute(id asn1.ObjectIdentifier) bool {
	return id.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1})
}

// constrainedNames are the names of a certificate that an issuer's constraints apply to.
func constrainedNames(c *x509.Certificate) (names []generalName, ok bool) {
	names, ok = altNames(c)
	if !ok {
		return nil, false
	}
	if len(c.Subject.Names) > 0 {
		names = append(names, generalName{kind: nameDirectory, value: c.RawSubject})
	}
	for _, a := range c.Subject.Names {
		if isEmailAttribute(a.Type) {
			names = append(names, generalName{kind: nameEmail})
		}
	}
	return names, true
}

// allow says whether every name is outside the excluded subtrees, and inside a permitted one where any is given for names
// of its kind. It returns the first that is not.
func (nc nameConstraints) allow(names []generalName) (generalName, bool) {
	for _, n := range names {
		inside, constrained := false, false
		for _, base := range nc.excluded {
			if base.kind == n.kind && matchesSubtree(n, base, true) {
				return n, false
			}
		}
		for _, base := range nc.permitted {
			if base.kind == n.kind {
				constrained = true
				inside = inside || matchesSubtree(n, base, false)
			}
		}
		if constrained && !inside {
			return n, false
		}
	}
	return generalName{}, true
}

// matchesSubtree says whether a name is in the subtree of a base of the same kind. Of names that are not compared here, or
// that have no host, it returns whatever makes the path fail: RFC 5280 §4.2.1.10 lets a verifier process or reject.
func matchesSubtree(n, base generalName, excluding bool) bool {
	switch n.kind {
	case nameDNS:
		return inDomain(lowerASCII(string(n.value)), lowerASCII(string(base.value)))
	case nameURI:
		host := uriHost(string(n.value))
		if !isDomain(host) {
			return excluding
		}
		return inHost(host, lowerASCII(string(base.value)))
	case nameDirectory:
		name, ok := rdnKeys(n.value)
		prefix, known := rdnKeys(base.value)
		if !ok || !known {
			return excluding
		}
		return len(name) >= len(prefix) && slices.Equal(name[:len(prefix)], prefix)
	}
	return excluding
}

// inDomain: a name satisfies a constraint by adding labels on the left, none included.
func inDomain(name, base string) bool {
	base = strings.TrimPrefix(base, ".")
	return base == "" || name == base || strings.HasSuffix(name, "."+base)
}

// inHost: a URI's host satisfies a constraint by being it, or with a leading period by having labels on its left.
func inHost(host, base string) bool {
	if strings.HasPrefix(base, ".") {
		return strings.HasSuffix(host, base)
	}
	return host == base
}

// uriHost returns the host of a URI in lower case. A SIP URI has no authority component in the sense of RFC 3986, but a
// host all the same.
func uriHost(text string) string {
	text = lowerASCII(text)
	if _, host, ok := sipParts(text); ok {
		return host
	}
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
