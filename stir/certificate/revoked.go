package certificate

import (
	"crypto/x509"
	"slices"
	"strconv"
	"time"
)

// Revocation is what CRLs tell about a path.
type Revocation uint8

// The states. What to do about an unknown one is a policy's matter: soft fail goes on, hard fail does not.
const (
	RevocationIsUnknown Revocation = iota // not every certificate is told about by a current CRL
	RevocationGood                        // none is revoked
	RevocationRevoked                     // at least one is
)

// String returns "unknown", "good" or "revoked".
func (r Revocation) String() string {
	switch r {
	case RevocationGood:
		return "good"
	case RevocationRevoked:
		return "revoked"
	}
	return "unknown"
}

// Revoked says what the CRLs tell about the path's certificates, the root excepted. The error tells why, with the reason
// Revoked or RevocationUnknown, and is nil exactly where the answer is RevocationGood. RFC 5280 §6.3.3, complete CRLs only.
//
// A CRL that is past its nextUpdate still tells who is revoked, for nobody can forge that, but not who is good.
func (p *Path) Revoked(now time.Time, crls ...*CRL) (Revocation, error) {
	var unknown error
	for i := range p.points {
		state, why := p.linkRevoked(i, now, crls)
		switch state {
		case RevocationRevoked:
			return state, why
		case RevocationIsUnknown:
			if unknown == nil {
				unknown = why
			}
		}
	}
	if unknown != nil {
		return RevocationIsUnknown, unknown
	}
	return RevocationGood, nil
}

// linkRevoked asks each CRL about one certificate.
func (p *Path) linkRevoked(i int, now time.Time, crls []*CRL) (Revocation, error) {
	good, why := false, "no CRL"
	for _, c := range crls {
		scope := p.scope(i, c)
		if scope == outOfScope {
			continue
		}
		if !p.believes(i, c, now) {
			why = "CRL with an untrusted signature"
			continue
		}
		if c.list.ThisUpdate.After(now) {
			why = "CRL from the future"
			continue
		}
		if e, listed := c.entries[p.names[i].entry]; listed {
			return RevocationRevoked, fail(Revoked, p.describe(i)+" since "+e.since.UTC().Format(time.RFC3339)+
				", reason code "+strconv.Itoa(e.reason))
		}
		switch {
		case !now.Before(c.list.NextUpdate):
			why = "CRL past its nextUpdate"
		case scope == someOfScope:
			why = "CRL that tells about a part only"
		default:
			good = true
		}
	}
	if !good {
		return RevocationIsUnknown, fail(RevocationUnknown, p.describe(i)+": "+why)
	}
	return RevocationGood, nil
}

// scopeOf says how much a CRL can tell about a certificate.
type scopeOf uint8

const (
	outOfScope  scopeOf = iota
	someOfScope         // that it is revoked, but not that it is good
	allOfScope
)

// scope obeys RFC 5280 §6.3.3 (b) and, where the certificate has no distribution points, the end of §6.3.3.
func (p *Path) scope(i int, c *CRL) scopeOf {
	idp := &c.point
	ca := isCA(p.links[i])
	if idp.onlyAttrs || idp.onlyUsers && ca || idp.onlyCAs && !ca {
		return outOfScope
	}
	issuer := p.names[i].issuer
	best := outOfScope
	for _, point := range p.points[i] {
		if s := point.scope(c, issuer); s > best {
			best = s
		}
	}
	switch {
	case best > outOfScope:
	case c.issuer == issuer && !idp.named:
		best = allOfScope
	case idp.indirect && p.configured(c) != nil:
		// Who is trusted to speak for all issuers may revoke what does not point at it.
		best = someOfScope
	}
	if best == allOfScope && idp.partial {
		best = someOfScope
	}
	return best
}

func (point *crlPoint) scope(c *CRL, issuer string) scopeOf {
	if len(point.issuers) > 0 {
		if !slices.Contains(point.issuers, c.issuer) || !c.point.indirect && c.issuer != issuer {
			return outOfScope
		}
	} else if c.issuer != issuer {
		return outOfScope
	}
	if c.point.named && !slices.ContainsFunc(c.point.uris, func(u string) bool { return slices.Contains(point.uris, u) }) {
		// A point that has no name takes the CRL issuer's, and any CRL of that issuer is meant.
		if len(point.uris) > 0 || len(point.issuers) == 0 {
			return outOfScope
		}
	}
	if point.partial {
		return someOfScope
	}
	return allOfScope
}

// configured returns the certificate among the CRL issuers of the roots that signed the CRL.
func (p *Path) configured(c *CRL) *x509.Certificate {
	for _, s := range p.roots.crlIssuers {
		if s.name == c.issuer && c.signedBy(s.cert) {
			return s.cert
		}
	}
	return nil
}

// believes says whether the CRL is signed by one who may tell about link i: the issuers above it, by their key and name, or
// a CRL issuer that is configured and valid now. RFC 5280 §6.3.3 (f) and (g).
func (p *Path) believes(i int, c *CRL, now time.Time) bool {
	for j := i + 1; j < len(p.links); j++ {
		if p.names[j].subject == c.issuer && c.signedBy(p.links[j]) {
			return true
		}
	}
	s := p.configured(c)
	return s != nil && !now.Before(s.NotBefore) && !now.After(s.NotAfter)
}
