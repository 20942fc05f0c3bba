package certificate

import "gatehouse.example/stir/passport"

// Coverage says by what a path speaks for an identity; the higher the more precise.
type Coverage uint8

// The kinds of coverage.
const (
	CoversNone     Coverage = iota // not at all
	CoversProvider                 // a number, by a service provider code only: any number of that provider
	CoversDomain                   // a URI, by the domain of a subjectAltName
	CoversURI                      // a URI, by itself in a subjectAltName
	CoversRange                    // a number, by a range of the TNAuthList
	CoversNumber                   // a number, by itself in the TNAuthList
)

// String returns the name that logs and API use.
func (c Coverage) String() string {
	switch c {
	case CoversProvider:
		return "provider"
	case CoversDomain:
		return "domain"
	case CoversURI:
		return "uri"
	case CoversRange:
		return "range"
	case CoversNumber:
		return "number"
	}
	return "none"
}

// Covers says by what the path's leaf speaks for id, which is canonical: a number by the TNAuthList (RFC 8226 §9), a SIP
// URI by the subjectAltName (RFC 5922 §7.1). The common name is not believed. It allocates nothing.
func (p *Path) Covers(id passport.Identity) Coverage {
	switch {
	case id.TN != "" && id.URI == "" && p.numbers != nil:
		return p.numbers.covers(id.TN)
	case id.URI != "" && id.TN == "":
		return p.coversURI(id.URI)
	}
	return CoversNone
}

func (p *Path) coversURI(uri string) Coverage {
	user, host, ok := sipParts(uri)
	if !ok {
		return CoversNone
	}
	for _, u := range p.users {
		n := len(u) - len(host) - 1
		if n > 0 && u[n] == '@' && equalASCII(host, u[n+1:]) && equalASCII(user, u[:n]) {
			return CoversURI
		}
	}
	for _, d := range p.domains {
		if equalASCII(host, d) {
			return CoversDomain
		}
	}
	return CoversNone
}
