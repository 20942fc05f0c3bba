package certificate

import (
	"crypto/x509"
	"net/netip"
	"slices"
	"strings"
)

// altNames reads the subjectAltName, of any kind of name.
func altNames(c *x509.Certificate) (names []generalName, ok bool) {
	e, found := ce(c.Extensions, ceSubjectAltName)
	if !found {
		return nil, true
	}
	body, ok := readOnly(e.Value, tagSequence)
	if !ok {
		return nil, false
	}
	return parseGeneralNames(body)
}

// domainIdentities returns what a certificate speaks for in SIP: domains, and single users as user@host, in lower case and
// sorted. RFC 5922 §7.1: a URI without a user names a domain, as a DNS name does; §7.2: no wildcards. The common name is
// not believed.
func domainIdentities(names []generalName) (domains, users []string) {
	for _, n := range names {
		switch n.kind {
		case nameDNS:
			if d := lowerASCII(string(n.value)); isDomain(d) {
				domains = append(domains, d)
			}
		case nameURI:
			user, host, ok := sipParts(lowerASCII(string(n.value)))
			switch {
			case !ok || !strings.HasPrefix(lowerASCII(string(n.value)), "sip:"):
			case user == "" && isDomain(host):
				domains = append(domains, host)
			case user != "":
				users = append(users, user+"@"+host)
			}
		}
	}
	slices.Sort(domains)
	slices.Sort(users)
	return slices.Compact(domains), slices.Compact(users)
}

// isDomain says whether a lower-case name can be a domain: labels of letters, digits, hyphens; no wildcard, no address.
func isDomain(s string) bool {
	if len(s) == 0 || len(s) > 253 {
		return false
	}
	label := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.':
			if label == 0 {
				return false
			}
			label = 0
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
			label++
		default:
			return false
		}
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return false
	}
	return label > 0
}

// sipParts splits a SIP or SIPS URI into user and host, without password, port, parameters and headers. Views of uri.
func sipParts(uri string) (user, host string, ok bool) {
	scheme, rest, found := strings.Cut(uri, ":")
	if !found || !equalASCII(scheme, "sip") && !equalASCII(scheme, "sips") {
		return "", "", false
	}
	// A user may hold ; and ?, so parameters begin after the last @ at the earliest.
	host = rest
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, host = rest[:at], rest[at+1:]
		user, _, _ = strings.Cut(user, ":")
		if user == "" {
			return "", "", false
		}
	}
	if end := strings.IndexAny(host, ";?"); end >= 0 {
		host = host[:end]
	}
	if bracket := strings.LastIndexByte(host, ']'); bracket >= 0 {
		host = host[:bracket+1]
	} else {
		host, _, _ = strings.Cut(host, ":")
	}
	return user, host, host != "" && strings.IndexByte(user, '@') < 0
}
