package certificate

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strconv"
)

// MaxRootsSize limits the PEM of roots, in octets: the list of a whole country fits many times.
const MaxRootsSize = 1 << 20

// Roots are the trust anchors: nothing else is trusted. They are immutable.
type Roots struct {
	byName     map[string][]*x509.Certificate // by subject
	all        []*x509.Certificate
	crlIssuers []crlIssuer
}

// crlIssuer is one whose CRLs are believed because an operator says so.
type crlIssuer struct {
	name string // comparable
	cert *x509.Certificate
}

// ParseRoots reads the PEM of the STI roots, as an operator or a policy administrator lists them; text between the blocks
// is allowed there. Each must be a CA with an ECDSA key of P-256 or larger or an RSA key of 2048 to 4096 bits, and one that
// does not suit is an error rather than a root that is silently missing.
func ParseRoots(data []byte) (*Roots, error) {
	certs, err := parseAnchors(data)
	if err != nil {
		return nil, err
	}
	r := &Roots{byName: make(map[string][]*x509.Certificate)}
	for i, c := range certs {
		if !isCA(c) || !mayUse(c, x509.KeyUsageCertSign) {
			return nil, fail(NotCA, position(i, len(certs)))
		}
		name, ok := nameKey(c.RawSubject)
		if !ok {
			return nil, fail(Malformed, "subject of "+position(i, len(certs)))
		}
		if !slices.ContainsFunc(r.byName[name], c.Equal) {
			r.byName[name] = append(r.byName[name], c)
			r.all = append(r.all, c)
		}
	}
	return r, nil
}

// WithCRLIssuers returns roots that also believe the indirect CRLs of the given certificates (PEM), such as those of the
// policy administrator in ATIS-1000080.
func (r *Roots) WithCRLIssuers(data []byte) (*Roots, error) {
	certs, err := parseAnchors(data)
	if err != nil {
		return nil, err
	}
	out := *r
	out.crlIssuers = slices.Clone(r.crlIssuers)
	for i, c := range certs {
		if !mayUse(c, x509.KeyUsageCRLSign) {
			return nil, fail(BadKeyUsage, position(i, len(certs)))
		}
		name, ok := nameKey(c.RawSubject)
		if !ok || name == "" {
			return nil, fail(Malformed, "subject of "+position(i, len(certs)))
		}
		out.crlIssuers = append(out.crlIssuers, crlIssuer{name: name, cert: c})
	}
	return &out, nil
}

// Certificates returns the roots in the order in which they were given.
func (r *Roots) Certificates() []*x509.Certificate { return slices.Clone(r.all) }

// parseAnchors reads certificates that are trusted because they are here.
func parseAnchors(data []byte) (certs []*x509.Certificate, err error) {
	if len(data) > MaxRootsSize {
		return nil, fail(TooLarge, "more than "+strconv.Itoa(MaxRootsSize)+" octets")
	}
	if bytes.Contains(data, []byte("PRIVATE KEY-----")) {
		return nil, fail(PrivateKey, "")
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		which := "certificate " + strconv.Itoa(len(certs)+1)
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" {
			return nil, fail(Malformed, which)
		}
		if !strongKey(c) {
			return nil, fail(BadKey, which)
		}
		certs = append(certs, c)
	}
	if len(certs) == 0 || bytes.Count(data, []byte("-----BEGIN")) != len(certs) {
		return nil, fail(Malformed, "a PEM block is missing or damaged")
	}
	return certs, nil
}

// isCA: RFC 5280 §4.2.1.9.
func isCA(c *x509.Certificate) bool { return c.BasicConstraintsValid && c.IsCA }

// mayUse says whether key usage, where the certificate has it, allows u. RFC 5280 §4.2.1.3.
func mayUse(c *x509.Certificate, u x509.KeyUsage) bool {
	_, has := ce(c.Extensions, ceKeyUsage)
	return !has || c.KeyUsage&u != 0
}

// strongKey says whether a CA's key is one that we rely on: ECDSA of P-256 or larger, which ATIS-1000080 asks for, or RSA of 2048 bits or more, which the
// CAs of others have. Larger ones than of 4096 bits cost more than they are worth, and who serves a chain chooses its keys.
func strongKey(c *x509.Certificate) bool {
	switch key := c.PublicKey.(type) {
	case *ecdsa.PublicKey:
		return key.Curve == elliptic.P256() || key.Curve == elliptic.P384() || key.Curve == elliptic.P521()
	case *rsa.PublicKey:
		return key.N.BitLen() >= 2048 && key.N.BitLen() <= 4096
	}
	return false
}

// strongAlgorithm says whether a CA's signature is with SHA-256 or better.
func strongAlgorithm(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512, x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS:
		return true
	}
	return false
}

// signed says whether issuer's key made the signature of c.
func signed(c, issuer *x509.Certificate) bool {
	return strongKey(issuer) && issuer.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}
