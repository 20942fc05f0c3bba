package certificate

import (
	"crypto/ecdsa"
	"crypto/x509"
	"strconv"
	"time"

	"gatehouse.example/stir/passport"
)

// Path is a verified path from a chain's leaf to a root: everything about it that does not depend on time. It is immutable,
// safe for concurrent use and meant to be cached.
type Path struct {
	chain               *Chain
	roots               *Roots
	links               []*x509.Certificate // leaf first, root last
	key                 *ecdsa.PublicKey
	entity              Entity
	notBefore, notAfter time.Time // when all links are valid
	numbers             *tnIndex  // nil: no TNAuthList
	domains, users      []string  // sorted
	rules               []claimRules
	points              [][]crlPoint // of each link but the root
	names               []linkNames  // of each link
}

// linkNames are what CRLs know a certificate by, in the forms for comparison.
type linkNames struct{ subject, issuer, entry string }

func namesOf(c *x509.Certificate) (n linkNames, ok bool) {
	n.subject, ok = nameKey(c.RawSubject)
	issuer, known := nameKey(c.RawIssuer)
	n.issuer, n.entry = issuer, entryKey(issuer, c.SerialNumber.Bytes())
	return n, ok && known
}

// Path builds a path from the chain to a root and verifies all that does not depend on time: signatures, CA bits, key
// usage, path lengths, name constraints, critical extensions (RFC 5280 §6.1), scopes of delegates (RFC 9060) and the form
// of every extension that Path's methods rely on. A few hundred microseconds; keep the result.
func (r *Roots) Path(c *Chain) (*Path, error) {
	links, err := r.climb(c.certs)
	if err != nil {
		return nil, err
	}
	p := &Path{chain: c, roots: r, links: links, entity: c.Entity(), notBefore: links[0].NotBefore, notAfter: links[0].NotAfter}
	if p.key, err = c.Key(); err != nil {
		return nil, err
	}
	for _, check := range []func() error{
		p.readNames, p.checkLeaf, p.checkIssuers, p.checkExtensions, p.checkNames, p.readNumbers, p.readRules, p.readPoints,
	} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	for _, l := range links[1:] {
		if l.NotBefore.After(p.notBefore) {
			p.notBefore = l.NotBefore
		}
		if l.NotAfter.Before(p.notAfter) {
			p.notAfter = l.NotAfter
		}
	}
	return p, nil
}

// climb follows the chain until a root has signed, and verifies each signature on the way. The shortest path is taken:
// what a chain carries beyond its root is of no use and of no harm.
func (r *Roots) climb(certs []*x509.Certificate) ([]*x509.Certificate, error) {
	for i, c := range certs {
		if !strongAlgorithm(c.SignatureAlgorithm) {
			return nil, fail(WeakAlgorithm, position(i, len(certs)))
		}
		if i > 0 && !signed(certs[i-1], c) {
			return nil, fail(NotTrusted, "signature of "+position(i-1, len(certs)))
		}
		issuer, _ := nameKey(c.RawIssuer)
		subject, ok := nameKey(c.RawSubject)
		if !ok {
			return nil, fail(Malformed, "subject of "+position(i, len(certs)))
		}
		if i == 0 && issuer == subject && signed(c, c) {
			return nil, fail(SelfSigned, "")
		}
		for _, root := range r.byName[subject] {
			if i > 0 && root.Equal(c) {
				return certs[: i+1 : i+1], nil
			}
		}
		for _, root := range r.byName[issuer] {
			if signed(c, root) {
				return append(certs[:i+1:i+1], root), nil
			}
		}
	}
	return nil, fail(NotTrusted, "no root issued "+position(len(certs)-1, len(certs)))
}

// Chain returns the chain that the path was built from.
func (p *Path) Chain() *Chain { return p.chain }

// Key returns the leaf's key, of P-256.
func (p *Path) Key() *ecdsa.PublicKey { return p.key }

// Entity returns whom the leaf was issued to.
func (p *Path) Entity() Entity { return p.entity }

// Validity returns the time during which every certificate of the path, the root too, is valid.
func (p *Path) Validity() (notBefore, notAfter time.Time) { return p.notBefore, p.notAfter }

// At returns an error, Expired or NotYetValid, unless every certificate of the path is valid at both times: when the call
// is verified and when its token was issued (RFC 8224 §6.2 step 4). It allocates only where it refuses.
func (p *Path) At(now, iat time.Time) error {
	if p.valid(now) && p.valid(iat) {
		return nil
	}
	if err := p.invalid(now, "now"); err != nil {
		return err
	}
	return p.invalid(iat, "at iat")
}

// valid: RFC 5280 §4.1.2.5, both ends belong to the validity.
func (p *Path) valid(t time.Time) bool { return !t.Before(p.notBefore) && !t.After(p.notAfter) }

func (p *Path) invalid(t time.Time, when string) error {
	for i, l := range p.links {
		if t.Before(l.NotBefore) {
			return fail(NotYetValid, position(i, len(p.links))+" "+when)
		}
		if t.After(l.NotAfter) {
			return fail(Expired, position(i, len(p.links))+" "+when)
		}
	}
	return nil
}

// Permits returns an error, ClaimRefused, where the claim constraints of a certificate of the path do not allow the token.
// Constraints of a CA bind what is issued below it: a delegate cannot give itself more than it has.
func (p *Path) Permits(t *passport.Token) error {
	for i := range p.rules {
		if err := p.rules[i].check(t); err != nil {
			return err
		}
	}
	return nil
}

// describe names a link in an error.
func (p *Path) describe(i int) string {
	return position(i, len(p.links)) + " " + strconv.QuoteToASCII(cut(p.links[i].Subject.CommonName))
}

func cut(s string) string {
	if len(s) > 64 {
		return s[:64]
	}
	return s
}
