package certificate

import (
	"crypto/ecdsa"
	"crypto/x509"
	"time"

	"gatehouse.example/stir/passport"
)

// Limits of what is parsed.
const (
	MaxChainSize = 64 << 10 // octets of a chain
	MaxChain     = 8        // certificates of a chain
	MaxCRLSize   = 1 << 20  // octets of a CRL
)

// TNAuthList is the authority of a certificate over numbers. RFC 8226 §9.
type TNAuthList struct {
	SPC     []string  // service provider codes: every number of these providers
	Ranges  []TNRange // ranges of numbers
	Numbers []string  // single numbers, canonical as in RFC 8224 §8.3
}

// TNRange is Count numbers from Start on, all of Start's length.
type TNRange struct {
	Start string
	Count uint64
}

// ParseTNAuthList reads the value of the extension.
func ParseTNAuthList(der []byte) (TNAuthList, error) { return TNAuthList{}, fail(BadTNAuthList, "") }

// AppendTo writes the list as the DER that ParseTNAuthList reads.
func (l TNAuthList) AppendTo(b []byte) []byte { return b }

// Constraints limit the claims of the tokens that a certificate signs. RFC 8226 §8, RFC 9118 §3.
type Constraints struct {
	MustInclude []string
	MustExclude []string
	Permitted   map[string][]string
}

// ParseConstraints reads the value of a JWTClaimConstraints extension, or of an EnhancedJWTClaimConstraints one.
func ParseConstraints(der []byte, enhanced bool) (Constraints, error) {
	return Constraints{}, fail(BadConstraints, "")
}

// AppendTo writes the constraints as the DER that ParseConstraints reads.
func (c *Constraints) AppendTo(b []byte) []byte { return b }

// Check returns an *Error with ClaimRefused where the token's claims are outside the constraints.
func (c *Constraints) Check(t *passport.Token) error { return nil }

// Chain is a certificate with those that lead from it towards a root, in order, as it was fetched. Nothing of it is
// verified.
type Chain struct{ certs []*x509.Certificate }

// ParseChain reads PEM (RFC 8555 §9.1: only certificates, leaf first, each certifying the one before it) or DER.
func ParseChain(data []byte) (*Chain, error) { return nil, fail(Malformed, "") }

// Leaf returns the certificate that signs tokens.
func (c *Chain) Leaf() *x509.Certificate { return c.certs[0] }

// Certificates returns all, leaf first.
func (c *Chain) Certificates() []*x509.Certificate { return c.certs }

// PEM writes the chain.
func (c *Chain) PEM() []byte { return nil }

// Key returns the leaf's key; it is an error if it is not of P-256.
func (c *Chain) Key() (*ecdsa.PublicKey, error) { return nil, fail(BadKey, "") }

// TNAuthList returns the leaf's; NoTNAuthList is the error where it has none.
func (c *Chain) TNAuthList() (TNAuthList, error) { return TNAuthList{}, fail(NoTNAuthList, "") }

// Constraints returns the leaf's, nil where it has none.
func (c *Chain) Constraints() (*Constraints, error) { return nil, nil }

// Entity returns whom the leaf was issued to.
func (c *Chain) Entity() Entity { return Entity{} }

// Entity is whom a certificate was issued to, as its CA says.
type Entity struct {
	Organization, CommonName, SPC, Country string
}

// Roots are the trust anchors: nothing else is trusted.
type Roots struct{}

// ParseRoots reads the PEM of the STI roots.
func ParseRoots(pem []byte) (*Roots, error) { return nil, fail(Malformed, "") }

// WithCRLIssuers returns roots that also believe the indirect CRLs of the given certificates (PEM), such as the STI-PA's.
func (r *Roots) WithCRLIssuers(pem []byte) (*Roots, error) { return nil, fail(Malformed, "") }

// Path builds a verified path from the chain to a root.
func (r *Roots) Path(c *Chain) (*Path, error) { return nil, fail(NotTrusted, "") }

// Path is a verified path, immutable and safe for concurrent use.
type Path struct{ chain *Chain }

// Chain returns the chain that the path was built from.
func (p *Path) Chain() *Chain { return p.chain }

// Key returns the leaf's key.
func (p *Path) Key() *ecdsa.PublicKey { return nil }

// Entity returns whom the leaf was issued to.
func (p *Path) Entity() Entity { return Entity{} }

// Validity returns the time during which every certificate of the path is valid.
func (p *Path) Validity() (notBefore, notAfter time.Time) { return }

// At returns an error unless every certificate of the path is valid at both times.
func (p *Path) At(now, iat time.Time) error { return nil }

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
func (c Coverage) String() string { return "" }

// Covers says by what the path speaks for id.
func (p *Path) Covers(id passport.Identity) Coverage { return CoversNone }

// Permits returns an error where the claim constraints of a certificate of the path do not allow the token.
func (p *Path) Permits(t *passport.Token) error { return nil }

// CRLPoints returns the http and https URLs of the CRLs that tell about the path's certificates, each once.
func (p *Path) CRLPoints() []string { return nil }

// CRL is a certificate revocation list whose signature is checked when it is used. Safe for concurrent use.
type CRL struct{}

// ParseCRL reads a complete CRL, direct or indirect, DER or PEM.
func ParseCRL(data []byte) (*CRL, error) { return nil, fail(BadCRL, "") }

// ThisUpdate and NextUpdate bound the time in which the CRL is current.
func (c *CRL) ThisUpdate() time.Time { return time.Time{} }

// NextUpdate is when a newer one is due.
func (c *CRL) NextUpdate() time.Time { return time.Time{} }

// Revocation is what CRLs tell about a path.
type Revocation uint8

// The states. What to do about Unknown is a policy's matter.
const (
	RevocationIsUnknown Revocation = iota // not every certificate is told about by a current CRL
	RevocationGood                        // none is revoked
	RevocationRevoked                     // at least one is
)

// String returns "unknown", "good" or "revoked".
func (r Revocation) String() string { return "" }

// Revoked says what the CRLs tell about the path; the error tells why, and is nil exactly where it is RevocationGood.
func (p *Path) Revoked(now time.Time, crls ...*CRL) (Revocation, error) {
	return RevocationIsUnknown, fail(RevocationUnknown, "")
}
