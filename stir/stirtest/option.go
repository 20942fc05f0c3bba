package stirtest

import (
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net/url"
	"time"

	"gatehouse.example/stir/certificate"
)

// Option changes what a certificate says.
type Option func(*template)

// template is a certificate in the making.
type template struct {
	cert     x509.Certificate
	curve    elliptic.Curve
	key      crypto.Signer
	numbers  certificate.TNAuthList
	raw      []byte // a TNAuthList as it is
	critical bool   // the TNAuthList
	points   []byte // contents of cRLDistributionPoints
}

func newTemplate(usage x509.KeyUsage, parent *Cert) *template {
	now := time.Now()
	ca := usage&x509.KeyUsageCertSign != 0
	n := serial()
	t := &template{curve: defaultCurve()}
	t.cert = x509.Certificate{
		SerialNumber: n, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		Subject: pkix.Name{
			Country: []string{"US"}, Organization: []string{"Example"},
			CommonName: kind(ca, parent) + " " + n.Text(36),
		},
		KeyUsage: usage, BasicConstraintsValid: true, IsCA: ca, MaxPathLen: -1,
	}
	return t
}

func kind(ca bool, parent *Cert) string {
	switch {
	case ca && parent == nil:
		return "Root"
	case ca:
		return "CA"
	}
	return "SHAKEN"
}

// finish turns what options gathered into extensions.
func (t *template) finish() {
	value := t.raw
	if l := t.numbers; value == nil && len(l.SPC)+len(l.Ranges)+len(l.Numbers) > 0 {
		value = l.AppendTo(nil)
	}
	if value != nil {
		t.add(certificate.OIDTNAuthList, t.critical, value)
	}
	if t.points != nil {
		t.add(asn1.ObjectIdentifier{2, 5, 29, 31}, false, der(0x30, t.points))
	}
}

func (t *template) add(id asn1.ObjectIdentifier, critical bool, value []byte) {
	t.cert.ExtraExtensions = append(t.cert.ExtraExtensions, pkix.Extension{Id: id, Critical: critical, Value: value})
}

// Subject sets country, organization and common name.
func Subject(country, organization, commonName string) Option {
	return func(t *template) {
		t.cert.Subject = pkix.Name{Country: []string{country}, Organization: []string{organization}, CommonName: commonName}
	}
}

// Validity sets notBefore and notAfter.
func Validity(from, to time.Time) Option {
	return func(t *template) { t.cert.NotBefore, t.cert.NotAfter = from, to }
}

// Serial sets the serial number.
func Serial(n int64) Option { return func(t *template) { t.cert.SerialNumber = big.NewInt(n) } }

// SPC adds service provider codes to the TNAuthList.
func SPC(codes ...string) Option {
	return func(t *template) { t.numbers.SPC = append(t.numbers.SPC, codes...) }
}

// Number adds numbers to the TNAuthList.
func Number(numbers ...string) Option {
	return func(t *template) { t.numbers.Numbers = append(t.numbers.Numbers, numbers...) }
}

// Range adds a range to the TNAuthList.
func Range(start string, count uint64) Option {
	return func(t *template) {
		t.numbers.Ranges = append(t.numbers.Ranges, certificate.TNRange{Start: start, Count: count})
	}
}

// RawTNAuthList sets the TNAuthList's value to anything.
func RawTNAuthList(value []byte) Option { return func(t *template) { t.raw = value } }

// CriticalTNAuthList marks the TNAuthList critical.
func CriticalTNAuthList() Option { return func(t *template) { t.critical = true } }

// Constraints adds a JWTClaimConstraints extension; an enhanced one where MustExclude is set.
func Constraints(c certificate.Constraints) Option {
	return func(t *template) {
		id := certificate.OIDClaimConstraints
		if len(c.MustExclude) > 0 {
			id = certificate.OIDEnhancedClaimConstraints
		}
		t.add(id, false, c.AppendTo(nil))
	}
}

// IsCA sets the CA bit.
func IsCA(ca bool) Option { return func(t *template) { t.cert.IsCA = ca } }

// PathLen sets the path length constraint.
func PathLen(n int) Option {
	return func(t *template) { t.cert.MaxPathLen, t.cert.MaxPathLenZero = n, n == 0 }
}

// DNS adds DNS names to the subjectAltName.
func DNS(names ...string) Option {
	return func(t *template) { t.cert.DNSNames = append(t.cert.DNSNames, names...) }
}

// URI adds URIs to the subjectAltName.
func URI(uris ...string) Option {
	return func(t *template) {
		for _, u := range uris {
			t.cert.URIs = append(t.cert.URIs, must(url.Parse(u)))
		}
	}
}

// Email adds e-mail addresses to the subjectAltName.
func Email(addresses ...string) Option {
	return func(t *template) { t.cert.EmailAddresses = append(t.cert.EmailAddresses, addresses...) }
}

// PermitDNS adds permitted DNS name constraints.
func PermitDNS(domains ...string) Option {
	return func(t *template) { t.cert.PermittedDNSDomains = append(t.cert.PermittedDNSDomains, domains...) }
}

// ExcludeDNS adds excluded DNS name constraints.
func ExcludeDNS(domains ...string) Option {
	return func(t *template) { t.cert.ExcludedDNSDomains = append(t.cert.ExcludedDNSDomains, domains...) }
}

// PermitURI adds permitted URI name constraints.
func PermitURI(hosts ...string) Option {
	return func(t *template) { t.cert.PermittedURIDomains = append(t.cert.PermittedURIDomains, hosts...) }
}

// ExcludeURI adds excluded URI name constraints.
func ExcludeURI(hosts ...string) Option {
	return func(t *template) { t.cert.ExcludedURIDomains = append(t.cert.ExcludedURIDomains, hosts...) }
}

// PermitEmail adds permitted e-mail name constraints.
func PermitEmail(names ...string) Option {
	return func(t *template) { t.cert.PermittedEmailAddresses = append(t.cert.PermittedEmailAddresses, names...) }
}

// CRLPoint adds a CRL distribution point; issuer, where not nil, signs the indirect CRL there.
func CRLPoint(url string, issuer *Cert) Option {
	return func(t *template) {
		point := der(0xa0, der(0xa0, der(0x86, []byte(url))))
		if issuer != nil {
			point = append(point, der(0xa2, der(0xa4, issuer.RawSubject))...)
		}
		t.points = append(t.points, der(0x30, point)...)
	}
}

// KeyUsage sets the key usage; zero omits the extension.
func KeyUsage(u x509.KeyUsage) Option { return func(t *template) { t.cert.KeyUsage = u } }

// ExtKeyUsage sets extended key usages.
func ExtKeyUsage(ids ...asn1.ObjectIdentifier) Option {
	return func(t *template) { t.cert.UnknownExtKeyUsage = append(t.cert.UnknownExtKeyUsage, ids...) }
}

// Curve sets the curve of the key.
func Curve(c elliptic.Curve) Option { return func(t *template) { t.curve = c } }

// RSA makes the key an RSA one.
func RSA() Option { return func(t *template) { t.key = rsaKey() } }

// Key uses a key that exists, such as that of another Cert.
func Key(k crypto.Signer) Option { return func(t *template) { t.key = k } }

// SignedWith sets the signature algorithm, one that the issuer's key can do.
func SignedWith(a x509.SignatureAlgorithm) Option {
	return func(t *template) { t.cert.SignatureAlgorithm = a }
}

// Extension adds any extension.
func Extension(e pkix.Extension) Option {
	return func(t *template) { t.cert.ExtraExtensions = append(t.cert.ExtraExtensions, e) }
}

// der writes one value of at most 65535 octets.
func der(tag byte, body []byte) []byte {
	n := len(body)
	switch {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, body...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, body...)
	}
	return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body...)
}
