package stirtest

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"time"
)

// CRLOption changes what a CRL says.
type CRLOption func(*crlTemplate)

// crlTemplate is a CRL in the making.
type crlTemplate struct {
	list     x509.RevocationList
	revoked  []*Cert
	bare     []*Cert
	uri      string
	flags    []byte // further fields of issuingDistributionPoint
	indirect bool
}

// CRL signs a CRL, DER. By default it is direct, empty, and current for a day.
func (c *Cert) CRL(opts ...CRLOption) []byte {
	now := time.Now()
	t := &crlTemplate{list: x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(24 * time.Hour)}}
	for _, o := range opts {
		o(t)
	}
	for _, r := range t.revoked {
		t.list.RevokedCertificateEntries = append(t.list.RevokedCertificateEntries, t.entry(r, t.indirect))
	}
	for _, r := range t.bare {
		t.list.RevokedCertificateEntries = append(t.list.RevokedCertificateEntries, t.entry(r, false))
	}
	t.finish()
	// CreateRevocationList wants of its issuer what tests may have left out on purpose.
	issuer := *c.Certificate
	issuer.KeyUsage |= x509.KeyUsageCRLSign
	if issuer.SubjectKeyId == nil {
		issuer.SubjectKeyId = []byte{1}
	}
	return must(x509.CreateRevocationList(rand.Reader, &t.list, &issuer, c.Key))
}

func (t *crlTemplate) entry(r *Cert, named bool) x509.RevocationListEntry {
	e := x509.RevocationListEntry{SerialNumber: r.SerialNumber, RevocationTime: t.list.ThisUpdate}
	if named {
		e.ExtraExtensions = []pkix.Extension{{
			Id: asn1.ObjectIdentifier{2, 5, 29, 29}, Critical: true, Value: der(0x30, der(0xa4, r.RawIssuer)),
		}}
	}
	return e
}

func (t *crlTemplate) finish() {
	var fields []byte
	if t.uri != "" {
		fields = der(0xa0, der(0xa0, der(0x86, []byte(t.uri))))
	}
	fields = append(fields, t.flags...)
	if t.indirect {
		fields = append(fields, 0x84, 1, 0xff)
	}
	if fields != nil {
		t.list.ExtraExtensions = append(t.list.ExtraExtensions, pkix.Extension{
			Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: der(0x30, fields),
		})
	}
}

// Revoke adds entries; where the CRL is Indirect they name the certificates' issuers.
func Revoke(certs ...*Cert) CRLOption {
	return func(t *crlTemplate) { t.revoked = append(t.revoked, certs...) }
}

// Updates sets thisUpdate and nextUpdate.
func Updates(this, next time.Time) CRLOption {
	return func(t *crlTemplate) { t.list.ThisUpdate, t.list.NextUpdate = this, next }
}

// Indirect makes it a CRL for the certificates of any issuer.
func Indirect() CRLOption { return func(t *crlTemplate) { t.indirect = true } }

// Point sets the distribution point's name in issuingDistributionPoint.
func Point(url string) CRLOption { return func(t *crlTemplate) { t.uri = url } }

// OnlyUsers limits it to certificates that are no CA's.
func OnlyUsers() CRLOption {
	return func(t *crlTemplate) { t.flags = append(t.flags, 0x81, 1, 0xff) }
}

// OnlyCAs limits it to certificates of CAs.
func OnlyCAs() CRLOption { return func(t *crlTemplate) { t.flags = append(t.flags, 0x82, 1, 0xff) } }

// SomeReasons limits it to some reasons of revocation.
func SomeReasons() CRLOption {
	return func(t *crlTemplate) { t.flags = append(t.flags, 0x83, 2, 1, 0x40) }
}

// Delta makes it a delta CRL.
func Delta() CRLOption {
	return CRLExtension(pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Critical: true, Value: []byte{2, 1, 1}})
}

// CRLExtension adds any extension.
func CRLExtension(e pkix.Extension) CRLOption {
	return func(t *crlTemplate) { t.list.ExtraExtensions = append(t.list.ExtraExtensions, e) }
}

// EntryExtension adds an entry for serial number 99 with any extension.
func EntryExtension(e pkix.Extension) CRLOption {
	return func(t *crlTemplate) {
		t.list.RevokedCertificateEntries = append(t.list.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: big.NewInt(99), RevocationTime: t.list.ThisUpdate, ExtraExtensions: []pkix.Extension{e},
		})
	}
}

// RevokeBare adds entries that never name an issuer: in an indirect CRL they belong to that of the entry before them.
func RevokeBare(certs ...*Cert) CRLOption {
	return func(t *crlTemplate) { t.bare = append(t.bare, certs...) }
}
