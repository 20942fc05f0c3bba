package certificate_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"slices"
	"testing"
	"time"

	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/stirtest"
)

// pki is a root with a CA and two leaves, and a stranger and a policy administrator beside it.
type pki struct{ root, ca, leaf, other, pa, stranger *stirtest.Cert }

const crlURL = "https://crl.example.org/all.crl"

// newPKI makes one whose certificates point at the administrator's indirect CRL, as those of ATIS-1000080 do, or at their
// issuers' own.
func newPKI(indirect bool) *pki {
	k := &pki{root: stirtest.NewRoot(), pa: stirtest.NewRoot(), stranger: stirtest.NewRoot()}
	var signer *stirtest.Cert
	if indirect {
		signer = k.pa
	}
	point := stirtest.CRLPoint(crlURL, signer)
	k.ca = k.root.CA(point)
	k.leaf, k.other = k.ca.Leaf(spc, point), k.ca.Leaf(spc, point)
	return k
}

func (k *pki) path(t *testing.T, configured ...*stirtest.Cert) *certificate.Path {
	t.Helper()
	roots := k.leaf.Roots()
	for _, c := range configured {
		r, err := roots.WithCRLIssuers(c.PEM())
		roots = must(t, r, err)
	}
	path, err := roots.Path(k.leaf.Chain())
	return must(t, path, err)
}

func parseCRLs(t *testing.T, list [][]byte) (crls []*certificate.CRL) {
	t.Helper()
	for _, der := range list {
		c, err := certificate.ParseCRL(der)
		crls = append(crls, must(t, c, err))
	}
	return crls
}

func wantRevocation(t *testing.T, p *certificate.Path, list [][]byte, want certificate.Revocation) {
	t.Helper()
	crls := parseCRLs(t, list)
	for range 2 { // the second time signatures are remembered
		got, why := p.Revoked(time.Now(), crls...)
		reason := [...]certificate.Reason{certificate.RevocationUnknown, certificate.NoReason, certificate.Revoked}[want]
		if got != want || certificate.ReasonOf(why) != reason || (why == nil) != (want == certificate.RevocationGood) {
			t.Fatalf("%v (%v), want %v", got, why, want)
		}
	}
}

// TestRevokedByItsIssuer: direct CRLs, RFC 5280 §6.3.3.
func TestRevokedByItsIssuer(t *testing.T) {
	k := newPKI(false)
	namesake := stirtest.NewRoot(stirtest.Subject("US", "Example", k.ca.Subject.CommonName))
	mute := stirtest.Key(k.ca.Key)
	muteCA := k.root.CA(mute, stirtest.Subject("US", "Example", "mute"), stirtest.KeyUsage(x509.KeyUsageCertSign))
	yesterday, hour := time.Now().Add(-24*time.Hour), time.Hour
	stale := stirtest.Updates(yesterday, yesterday.Add(hour))
	future := stirtest.Updates(time.Now().Add(hour), time.Now().Add(2*hour))
	rootCRL := k.root.CRL()
	const unknown, good, revoked = certificate.RevocationIsUnknown, certificate.RevocationGood, certificate.RevocationRevoked
	for _, c := range []struct {
		name string
		crls [][]byte
		want certificate.Revocation
	}{
		{"no CRL", nil, unknown},
		{"both current and empty", [][]byte{rootCRL, k.ca.CRL()}, good},
		{"another leaf revoked", [][]byte{rootCRL, k.ca.CRL(stirtest.Revoke(k.other))}, good},
		{"leaf revoked", [][]byte{rootCRL, k.ca.CRL(stirtest.Revoke(k.other, k.leaf))}, revoked},
		{"leaf revoked, nothing known of the CA", [][]byte{k.ca.CRL(stirtest.Revoke(k.leaf))}, revoked},
		{"CA revoked", [][]byte{k.root.CRL(stirtest.Revoke(k.ca)), k.ca.CRL()}, revoked},
		{"CA revoked, nothing known of the leaf", [][]byte{k.root.CRL(stirtest.Revoke(k.ca))}, revoked},
		{"nothing known of the CA", [][]byte{k.ca.CRL()}, unknown},
		{"nothing known of the leaf", [][]byte{rootCRL}, unknown},
		{"of a stranger", [][]byte{rootCRL, k.stranger.CRL(stirtest.Revoke(k.leaf))}, unknown},
		{"of a stranger with the CA's name", [][]byte{rootCRL, namesake.CRL(stirtest.Revoke(k.leaf))}, unknown},
		{"of a stranger with the CA's name, and the CA's", [][]byte{rootCRL, namesake.CRL(stirtest.Revoke(k.leaf)), k.ca.CRL()}, good},
		{"past nextUpdate", [][]byte{rootCRL, k.ca.CRL(stale)}, unknown},
		{"past nextUpdate, revoked", [][]byte{rootCRL, k.ca.CRL(stale, stirtest.Revoke(k.leaf))}, revoked},
		{"past nextUpdate, and a current one", [][]byte{rootCRL, k.ca.CRL(stale), k.ca.CRL()}, good},
		{"from the future", [][]byte{rootCRL, k.ca.CRL(future, stirtest.Revoke(k.leaf))}, unknown},
		{"of the same point", [][]byte{rootCRL, k.ca.CRL(stirtest.Point(crlURL))}, good},
		{"of another point", [][]byte{rootCRL, k.ca.CRL(stirtest.Point("https://crl.example.org/b"), stirtest.Revoke(k.leaf))}, unknown},
		{"of some reasons", [][]byte{rootCRL, k.ca.CRL(stirtest.SomeReasons())}, unknown},
		{"of some reasons, revoked", [][]byte{rootCRL, k.ca.CRL(stirtest.SomeReasons(), stirtest.Revoke(k.leaf))}, revoked},
		{"of users and of CAs", [][]byte{k.root.CRL(stirtest.OnlyCAs()), k.ca.CRL(stirtest.OnlyUsers())}, good},
		{"of CAs only, for the leaf", [][]byte{rootCRL, k.ca.CRL(stirtest.OnlyCAs(), stirtest.Revoke(k.leaf))}, unknown},
		{"of users only, for the CA", [][]byte{k.root.CRL(stirtest.OnlyUsers(), stirtest.Revoke(k.ca)), k.ca.CRL()}, unknown},
	} {
		t.Run(c.name, func(t *testing.T) { wantRevocation(t, k.path(t), c.crls, c.want) })
	}
	t.Run("issuer that may not sign CRLs", func(t *testing.T) {
		leaf := muteCA.Leaf(spc)
		wantRevocation(t, leaf.Path(), [][]byte{rootCRL, muteCA.CRL(stirtest.Revoke(leaf))}, certificate.RevocationIsUnknown)
	})
}

// TestRevokedByAnother: indirect CRLs, RFC 5280 §5.3.3 and ATIS-1000080.
func TestRevokedByAnother(t *testing.T) {
	k, direct := newPKI(true), newPKI(false)
	now := time.Now()
	expired := stirtest.NewRoot(stirtest.Validity(now.Add(-2*time.Hour), now.Add(-time.Hour)))
	old := &pki{root: stirtest.NewRoot(), pa: expired}
	old.ca = old.root.CA(stirtest.CRLPoint(crlURL, expired))
	old.leaf = old.ca.Leaf(spc, stirtest.CRLPoint(crlURL, expired))
	all := []stirtest.CRLOption{stirtest.Indirect(), stirtest.Point(crlURL)}
	with := func(certs ...*stirtest.Cert) []stirtest.CRLOption {
		return append(slices.Clone(all), stirtest.Revoke(certs...))
	}
	const unknown, good, revoked = certificate.RevocationIsUnknown, certificate.RevocationGood, certificate.RevocationRevoked
	for _, c := range []struct {
		name       string
		k          *pki
		configured *stirtest.Cert
		crl        []byte
		want       certificate.Revocation
	}{
		{"nobody revoked", k, k.pa, k.pa.CRL(all...), good},
		{"leaf revoked", k, k.pa, k.pa.CRL(with(k.leaf)...), revoked},
		{"CA revoked", k, k.pa, k.pa.CRL(with(k.ca)...), revoked},
		{"others revoked", k, k.pa, k.pa.CRL(with(k.other, direct.leaf, direct.ca)...), good},
		{"others and the leaf revoked", k, k.pa, k.pa.CRL(with(direct.ca, k.leaf, direct.leaf)...), revoked},
		{"the serial number at another issuer", k, k.pa, k.pa.CRL(with(sameSerial(k.leaf))...), good},
		{"administrator not configured", k, nil, k.pa.CRL(all...), unknown},
		{"administrator not configured, revoked", k, nil, k.pa.CRL(with(k.leaf)...), unknown},
		{"of a stranger", k, k.pa, k.stranger.CRL(with(k.leaf)...), unknown},
		{"of a configured stranger", k, k.stranger, k.stranger.CRL(all...), unknown},
		{"of a configured stranger, revoked", k, k.stranger, k.stranger.CRL(with(k.leaf)...), revoked},
		{"of no distribution point", k, k.pa, k.pa.CRL(stirtest.Indirect()), good},
		{"of another distribution point", k, k.pa, k.pa.CRL(stirtest.Indirect(), stirtest.Point("https://crl.example.org/b")), unknown},
		{"not marked indirect", k, k.pa, k.pa.CRL(stirtest.Point(crlURL)), unknown},
		{"certificates that point at their issuers", direct, k.pa, k.pa.CRL(all...), unknown},
		{"certificates that point at their issuers, revoked", direct, k.pa, k.pa.CRL(with(direct.leaf)...), revoked},
		{"administrator expired", old, expired, expired.CRL(all...), unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			configured := []*stirtest.Cert{}
			if c.configured != nil {
				configured = append(configured, c.configured)
			}
			wantRevocation(t, c.k.path(t, configured...), [][]byte{c.crl}, c.want)
		})
	}
}

// sameSerial is a certificate of another issuer with the serial number of c.
func sameSerial(c *stirtest.Cert) *stirtest.Cert {
	twin := *stirtest.NewRoot().Leaf()
	inner := *twin.Certificate
	inner.SerialNumber = c.SerialNumber
	twin.Certificate = &inner
	return &twin
}

// TestIndirectEntriesInheritTheirIssuer: RFC 5280 §5.3.3, an entry without certificateIssuer belongs to the one before it.
func TestIndirectEntriesInheritTheirIssuer(t *testing.T) {
	k := newPKI(true)
	der := k.pa.CRL(stirtest.Indirect(), stirtest.Revoke(k.other), stirtest.RevokeBare(k.leaf))
	wantRevocation(t, k.path(t, k.pa), [][]byte{der}, certificate.RevocationRevoked)
	der = k.pa.CRL(stirtest.Indirect(), stirtest.RevokeBare(k.leaf))
	wantRevocation(t, k.path(t, k.pa), [][]byte{der}, certificate.RevocationGood)
}

// TestParseCRL: RFC 5280 §5.
func TestParseCRL(t *testing.T) {
	root := stirtest.NewRoot()
	leaf := root.Leaf()
	plain := root.CRL(stirtest.Revoke(leaf))
	rsa := stirtest.NewRoot(stirtest.RSA())
	ext := func(critical bool, value []byte, id ...int) pkix.Extension {
		return pkix.Extension{Id: asn1.ObjectIdentifier(id), Critical: critical, Value: value}
	}
	issuer := tlv(0x30, []byte{0x82, 1, 'a'})
	asPEM := pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: plain})
	for _, c := range []struct {
		name string
		data []byte
		want certificate.Reason
	}{
		{"DER", plain, certificate.NoReason},
		{"PEM", asPEM, certificate.NoReason},
		{"unknown extension", root.CRL(stirtest.CRLExtension(ext(false, []byte{5, 0}, 1, 2, 3))), certificate.NoReason},
		{"unknown extension of an entry", root.CRL(stirtest.EntryExtension(ext(false, []byte{5, 0}, 1, 2, 3))), certificate.NoReason},
		{"nothing", nil, certificate.BadCRL},
		{"garbage", []byte("garbage"), certificate.BadCRL},
		{"a certificate", root.Raw, certificate.BadCRL},
		{"a certificate, PEM", root.PEM(), certificate.BadCRL},
		{"PEM twice", append(bytes.Clone(asPEM), asPEM...), certificate.BadCRL},
		{"cut short", plain[:len(plain)-1], certificate.BadCRL},
		{"octets after it", append(bytes.Clone(plain), 0), certificate.BadCRL},
		{"delta", root.CRL(stirtest.Delta()), certificate.BadCRL},
		{"too large", make([]byte, certificate.MaxCRLSize+1), certificate.TooLarge},
		{"RSA", rsa.CRL(), certificate.NoReason},
		{"critical extension", root.CRL(stirtest.CRLExtension(ext(true, []byte{5, 0}, 1, 2, 3))), certificate.CriticalExtension},
		{"critical extension of an entry", root.CRL(stirtest.EntryExtension(ext(true, []byte{5, 0}, 1, 2, 3))), certificate.CriticalExtension},
		{"issuing point of garbage", root.CRL(stirtest.CRLExtension(ext(true, []byte{5, 0}, 2, 5, 29, 28))), certificate.BadCRL},
		{
			"issuing point with an unknown field",
			root.CRL(stirtest.CRLExtension(ext(true, []byte{0x30, 3, 0x86, 1, 0xff}, 2, 5, 29, 28))), certificate.BadCRL,
		},
		{
			"certificateIssuer in a direct CRL",
			root.CRL(stirtest.EntryExtension(ext(true, tlv(0x30, tlv(0xa4, leaf.RawIssuer)), 2, 5, 29, 29))), certificate.BadCRL,
		},
		{
			"certificateIssuer that is no directory name",
			root.CRL(stirtest.Indirect(), stirtest.EntryExtension(ext(true, issuer, 2, 5, 29, 29))), certificate.BadCRL,
		},
		{
			"certificateIssuer of garbage",
			root.CRL(stirtest.Indirect(), stirtest.EntryExtension(ext(true, []byte{1}, 2, 5, 29, 29))), certificate.BadCRL,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			crl, err := certificate.ParseCRL(c.data)
			wantReason(t, err, c.want)
			if (crl == nil) != (err != nil) {
				t.Fatalf("CRL %v with error %v", crl, err)
			}
		})
	}
	crl, err := certificate.ParseCRL(plain)
	if must(t, crl, err).Entries() != 1 || !crl.NextUpdate().After(crl.ThisUpdate()) {
		t.Fatalf("%d entries, from %v to %v", crl.Entries(), crl.ThisUpdate(), crl.NextUpdate())
	}
}

// TestCRLPoints: http and https only, each once.
func TestCRLPoints(t *testing.T) {
	ca := stirtest.NewRoot().CA(stirtest.CRLPoint("http://crl.example.org/ca", nil), stirtest.CRLPoint(crlURL, nil))
	leaf := ca.Leaf(stirtest.CRLPoint(crlURL, ca), stirtest.CRLPoint("ldap://crl.example.org/x", nil),
		stirtest.CRLPoint("file:///etc/passwd", nil))
	if got, want := leaf.Path().CRLPoints(), []string{crlURL, "http://crl.example.org/ca"}; !slices.Equal(got, want) {
		t.Fatalf("points %q, want %q", got, want)
	}
}

// FuzzParseCRL: no input makes the parser panic, and none that was not signed by the CA tells anything about its leaf.
func FuzzParseCRL(f *testing.F) {
	k := newPKI(true)
	path := k.leaf.Path()
	f.Add(k.ca.CRL(stirtest.Updates(time.Unix(0, 0), time.Unix(1, 0))))
	f.Add(k.pa.CRL(stirtest.Indirect(), stirtest.Point(crlURL), stirtest.Revoke(k.leaf)))
	f.Add(k.stranger.CRL(stirtest.SomeReasons(), stirtest.OnlyUsers()))
	f.Fuzz(func(t *testing.T, data []byte) {
		crl, err := certificate.ParseCRL(data)
		if err != nil {
			if crl != nil || certificate.ReasonOf(err) == certificate.NoReason {
				t.Fatalf("CRL %v, error %v", crl, err)
			}
			return
		}
		if state, why := path.Revoked(time.Now(), crl); state != certificate.RevocationIsUnknown || why == nil {
			t.Fatalf("%v, %v", state, why)
		}
	})
}

// TestCRLIssuersAreChecked: who signs CRLs for all issuers may do so by its key usage.
func TestCRLIssuersAreChecked(t *testing.T) {
	root := stirtest.NewRoot()
	for _, c := range []struct {
		name string
		data []byte
		want certificate.Reason
	}{
		{"a CA", root.PEM(), certificate.NoReason},
		{"one that only signs CRLs", stirtest.NewRoot(stirtest.IsCA(false), stirtest.KeyUsage(x509.KeyUsageCRLSign)).PEM(), certificate.NoReason},
		{"nothing", nil, certificate.Malformed},
		{"one that may not", root.Leaf().PEM(), certificate.BadKeyUsage},
		{"RSA", stirtest.NewRoot(stirtest.RSA()).PEM(), certificate.NoReason},
		{"RSA of 1024 bits", stirtest.NewRoot(stirtest.Key(weakRSA(t))).PEM(), certificate.BadKey},
		{"private key", root.KeyPEM(), certificate.PrivateKey},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := root.Roots().WithCRLIssuers(c.data)
			wantReason(t, err, c.want)
		})
	}
}
