package certificate

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
)

// The extensions of RFC 5280 that are read here, by their last number under id-ce.
const (
	ceKeyUsage          = 15
	ceSubjectAltName    = 17
	ceDeltaCRL          = 27
	ceIssuingPoint      = 28
	ceCertificateIssuer = 29
	ceNameConstraints   = 30
	ceCRLPoints         = 31
	cePolicyMappings    = 33
	cePolicyConstraints = 36
)

// isCE says whether an OID is that one of id-ce (2.5.29).
func isCE(id asn1.ObjectIdentifier, n int) bool {
	return len(id) == 4 && id[0] == 2 && id[1] == 5 && id[2] == 29 && id[3] == n
}

// ce returns the value of an extension under id-ce.
func ce(list []pkix.Extension, n int) (e pkix.Extension, ok bool) {
	i := slices.IndexFunc(list, func(e pkix.Extension) bool { return isCE(e.Id, n) })
	if i < 0 {
		return e, false
	}
	return list[i], true
}

// extension returns the value of any extension.
func extension(c *x509.Certificate, id asn1.ObjectIdentifier) (value []byte, ok bool) {
	i := slices.IndexFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(id) })
	if i < 0 {
		return nil, false
	}
	return c.Extensions[i].Value, true
}

// criticalUnknown returns a critical extension that neither crypto/x509 nor this package understands. RFC 5280 §4.2.
func criticalUnknown(c *x509.Certificate) (asn1.ObjectIdentifier, bool) {
	for _, id := range c.UnhandledCriticalExtensions {
		ours := id.Equal(OIDTNAuthList) || id.Equal(OIDClaimConstraints) || id.Equal(OIDEnhancedClaimConstraints) ||
			isCE(id, ceNameConstraints) || isCE(id, ceCRLPoints)
		if !ours {
			return id, true
		}
	}
	for _, e := range c.Extensions {
		// crypto/x509 reads these, but leaves it to its verifier to obey them. RFC 5280 §6.1 policies not done: STI has one
		// policy, and no path that needs more is built.
		if e.Critical && (isCE(e.Id, cePolicyMappings) || isCE(e.Id, cePolicyConstraints)) {
			return e.Id, true
		}
	}
	return nil, false
}
