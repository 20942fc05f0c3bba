package stirtest

import (
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"time"

	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/passport"
)

// Cert is a certificate with its key.
type Cert struct {
	*x509.Certificate
	Key    crypto.Signer
	Parent *Cert // nil for a root
}

// Option changes what a certificate says.
type Option func(*template)

type template struct{ x509.Certificate }

// NewRoot makes a self-signed CA.
func NewRoot(opts ...Option) *Cert { return nil }

// CA issues an intermediate CA.
func (c *Cert) CA(opts ...Option) *Cert { return nil }

// Leaf issues a certificate that signs tokens. It may be asked of a leaf too, which is then misused as a CA.
func (c *Cert) Leaf(opts ...Option) *Cert { return nil }

// PEM returns this certificate alone.
func (c *Cert) PEM() []byte { return nil }

// ChainPEM returns this certificate and those above it, without the root: what an x5u serves.
func (c *Cert) ChainPEM() []byte { return nil }

// Chain is ChainPEM, parsed.
func (c *Cert) Chain() *certificate.Chain { return nil }

// Roots trusts the root above this certificate, nothing else.
func (c *Cert) Roots() *certificate.Roots { return nil }

// Path is the path from this certificate to its root.
func (c *Cert) Path() *certificate.Path { return nil }

// Sign signs a token with this certificate's key.
func (c *Cert) Sign(h passport.Header, claims passport.Claims) string { return "" }

// Shaken signs a full shaken token from one number to another.
func (c *Cert) Shaken(x5u, from, to, attest string, iat time.Time) string { return "" }

// IdentityHeader returns the value of an Identity header field with this token.
func IdentityHeader(token, info, ppt string) string { return "" }

// Subject sets country, organization and common name.
func Subject(country, organization, commonName string) Option { return nil }

// Validity sets notBefore and notAfter.
func Validity(from, to time.Time) Option { return nil }

// Serial sets the serial number.
func Serial(n int64) Option { return nil }

// SPC adds service provider codes to the TNAuthList.
func SPC(codes ...string) Option { return nil }

// Number adds numbers to the TNAuthList.
func Number(numbers ...string) Option { return nil }

// Range adds a range to the TNAuthList.
func Range(start string, count uint64) Option { return nil }

// RawTNAuthList sets the TNAuthList's value to anything.
func RawTNAuthList(der []byte) Option { return nil }

// Constraints adds a JWTClaimConstraints extension; an enhanced one where MustExclude is set.
func Constraints(c certificate.Constraints) Option { return nil }

// IsCA sets the CA bit.
func IsCA(ca bool) Option { return nil }

// PathLen sets the path length constraint.
func PathLen(n int) Option { return nil }

// DNS adds DNS names to the subjectAltName.
func DNS(names ...string) Option { return nil }

// URI adds URIs to the subjectAltName.
func URI(uris ...string) Option { return nil }

// PermitDNS adds permitted DNS name constraints.
func PermitDNS(domains ...string) Option { return nil }

// ExcludeDNS adds excluded DNS name constraints.
func ExcludeDNS(domains ...string) Option { return nil }

// PermitURI adds permitted URI name constraints.
func PermitURI(hosts ...string) Option { return nil }

// ExcludeURI adds excluded URI name constraints.
func ExcludeURI(hosts ...string) Option { return nil }

// CRLPoint adds a CRL distribution point; issuer, where not nil, signs the indirect CRL there.
func CRLPoint(url string, issuer *Cert) Option { return nil }

// KeyUsage sets the key usage; zero omits the extension.
func KeyUsage(u x509.KeyUsage) Option { return nil }

// ExtKeyUsage sets extended key usages.
func ExtKeyUsage(oids ...asn1.ObjectIdentifier) Option { return nil }

// Curve sets the curve of the key.
func Curve(c elliptic.Curve) Option { return nil }

// RSA makes the key an RSA one.
func RSA() Option { return nil }

// SignedWith sets the signature algorithm.
func SignedWith(a x509.SignatureAlgorithm) Option { return nil }

// Extension adds any extension.
func Extension(e pkix.Extension) Option { return nil }

// CRLOption changes what a CRL says.
type CRLOption func(*crlTemplate)

type crlTemplate struct{ x509.RevocationList }

// CRL signs a CRL, DER.
func (c *Cert) CRL(opts ...CRLOption) []byte { return nil }

// Revoke adds entries; where the CRL is Indirect they name the certificates' issuers.
func Revoke(certs ...*Cert) CRLOption { return nil }

// Updates sets thisUpdate and nextUpdate.
func Updates(this, next time.Time) CRLOption { return nil }

// Indirect makes it a CRL for the certificates of any issuer.
func Indirect() CRLOption { return nil }

// Point sets the distribution point's name in issuingDistributionPoint.
func Point(url string) CRLOption { return nil }

// Delta makes it a delta CRL.
func Delta() CRLOption { return nil }
