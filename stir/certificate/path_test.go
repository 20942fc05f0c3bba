package certificate_test

import (
	"bytes"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strconv"
	"testing"

	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/stirtest"
)

var (
	oidServerAuth = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
	oidSIPDomain  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 20}
	oidAnyUsage   = asn1.ObjectIdentifier{2, 5, 29, 37, 0}
	oidPrivate    = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 32473, 1}
)

// pathCase is a leaf and what becomes of its path to the root above it.
type pathCase struct {
	name string
	leaf func(root *stirtest.Cert) *stirtest.Cert
	want certificate.Reason
}

func runPaths(t *testing.T, cases []pathCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			leaf := c.leaf(stirtest.NewRoot())
			p, err := leaf.Roots().Path(leaf.Chain())
			wantReason(t, err, c.want)
			if (p == nil) != (err != nil) {
				t.Fatalf("path %v with error %v", p, err)
			}
		})
	}
}

var spc = stirtest.SPC("1234")

// TestPath: RFC 5280 §6.1 and the profile of ATIS-1000080. STANDARDS 5.20.
func TestPath(t *testing.T) {
	type cert = stirtest.Cert
	runPaths(t, []pathCase{
		{"leaf under the root", func(r *cert) *cert { return r.Leaf(spc) }, certificate.NoReason},
		{"one intermediate", func(r *cert) *cert { return r.CA().Leaf(spc) }, certificate.NoReason},
		{"six intermediates", func(r *cert) *cert { return r.CA().CA().CA().CA().CA().CA().Leaf(spc) }, certificate.NoReason},
		{"no TNAuthList", func(r *cert) *cert { return r.Leaf() }, certificate.NoReason},
		{"critical TNAuthList", func(r *cert) *cert { return r.Leaf(spc, stirtest.CriticalTNAuthList()) }, certificate.NoReason},
		{"garbage for a TNAuthList", func(r *cert) *cert {
			return r.Leaf(stirtest.RawTNAuthList([]byte("\x16\x04spam")))
		}, certificate.BadTNAuthList},
		{"empty TNAuthList", func(r *cert) *cert { return r.Leaf(stirtest.RawTNAuthList([]byte{0x30, 0})) }, certificate.BadTNAuthList},
		{
			"garbage for a TNAuthList of an intermediate",
			func(r *cert) *cert { return r.CA(stirtest.RawTNAuthList([]byte("1"))).Leaf(spc) }, certificate.BadTNAuthList,
		},
		{"leaf as a CA", func(r *cert) *cert { return r.Leaf(spc).Leaf(spc) }, certificate.NotCA},
		{"leaf as a CA by key usage", func(r *cert) *cert {
			return r.Leaf(spc, stirtest.KeyUsage(x509.KeyUsageDigitalSignature|x509.KeyUsageCertSign)).Leaf(spc)
		}, certificate.NotCA},
		{"CA without the CA bit", func(r *cert) *cert { return r.CA(stirtest.IsCA(false)).Leaf(spc) }, certificate.NotCA},
		{"CA that may not sign certificates", func(r *cert) *cert {
			return r.CA(stirtest.KeyUsage(x509.KeyUsageDigitalSignature)).Leaf(spc)
		}, certificate.BadKeyUsage},
		{"CA without key usage", func(r *cert) *cert { return r.CA(stirtest.KeyUsage(0)).Leaf(spc) }, certificate.NoReason},
		{"CA as the leaf", func(r *cert) *cert { return r.CA(spc) }, certificate.BadKeyUsage},
		{"CA without key usage as the leaf", func(r *cert) *cert { return r.CA(spc, stirtest.KeyUsage(0)) }, certificate.NotCA},
		{"delegate that signs tokens and certificates", func(r *cert) *cert {
			return r.CA(spc, stirtest.KeyUsage(x509.KeyUsageDigitalSignature|x509.KeyUsageCertSign))
		}, certificate.NoReason},
		{"leaf that may not sign", func(r *cert) *cert {
			return r.Leaf(spc, stirtest.KeyUsage(x509.KeyUsageKeyAgreement))
		}, certificate.BadKeyUsage},
		{"leaf without key usage", func(r *cert) *cert { return r.Leaf(spc, stirtest.KeyUsage(0)) }, certificate.NoReason},
		{"path length kept", func(r *cert) *cert {
			return r.CA(stirtest.PathLen(1)).CA(stirtest.PathLen(0)).Leaf(spc)
		}, certificate.NoReason},
		{"path length exceeded", func(r *cert) *cert { return r.CA(stirtest.PathLen(0)).CA().Leaf(spc) }, certificate.PathTooLong},
		{"path length exceeded further down", func(r *cert) *cert {
			return r.CA(stirtest.PathLen(1)).CA().CA().Leaf(spc)
		}, certificate.PathTooLong},
		{"unknown critical extension of the leaf", func(r *cert) *cert {
			return r.Leaf(spc, stirtest.Extension(pkix.Extension{Id: oidPrivate, Critical: true, Value: []byte{5, 0}}))
		}, certificate.CriticalExtension},
		{"unknown critical extension of a CA", func(r *cert) *cert {
			return r.CA(stirtest.Extension(pkix.Extension{Id: oidPrivate, Critical: true, Value: []byte{5, 0}})).Leaf(spc)
		}, certificate.CriticalExtension},
		{"critical policy constraints", func(r *cert) *cert {
			return r.CA(stirtest.Extension(pkix.Extension{
				Id: asn1.ObjectIdentifier{2, 5, 29, 36}, Critical: true, Value: []byte{0x30, 3, 0x80, 1, 0},
			})).Leaf(spc)
		}, certificate.CriticalExtension},
		{"unknown extension", func(r *cert) *cert {
			return r.Leaf(spc, stirtest.Extension(pkix.Extension{Id: oidPrivate, Value: []byte{5, 0}}))
		}, certificate.NoReason},
		{"extended key usage of a web server", func(r *cert) *cert {
			return r.Leaf(spc, stirtest.ExtKeyUsage(oidServerAuth))
		}, certificate.BadExtKeyUsage},
		{"extended key usage of a web CA", func(r *cert) *cert {
			return r.CA(stirtest.ExtKeyUsage(oidServerAuth)).Leaf(spc)
		}, certificate.BadExtKeyUsage},
		{"extended key usage any", func(r *cert) *cert {
			return r.Leaf(spc, stirtest.ExtKeyUsage(oidServerAuth, oidAnyUsage))
		}, certificate.NoReason},
		{"extended key usage SIP domain", func(r *cert) *cert {
			return r.Leaf(spc, stirtest.ExtKeyUsage(oidSIPDomain))
		}, certificate.NoReason},
		{"leaf's key of P-384", func(r *cert) *cert { return r.Leaf(spc, stirtest.Curve(elliptic.P384())) }, certificate.BadKey},
		{"leaf's key of P-224", func(r *cert) *cert { return r.Leaf(spc, stirtest.Curve(elliptic.P224())) }, certificate.BadKey},
		{"leaf's key RSA", func(r *cert) *cert { return r.Leaf(spc, stirtest.RSA()) }, certificate.BadKey},
		{"CA's key of P-384, SHA-384", func(r *cert) *cert {
			return r.CA(stirtest.Curve(elliptic.P384())).Leaf(spc)
		}, certificate.NoReason},
		{"CA's key of P-384, SHA-256", func(r *cert) *cert {
			return r.CA(stirtest.Curve(elliptic.P384())).Leaf(spc, stirtest.SignedWith(x509.ECDSAWithSHA256))
		}, certificate.NoReason},
		{"CA's key of P-224", func(r *cert) *cert { return r.CA(stirtest.Curve(elliptic.P224())).Leaf(spc) }, certificate.NotTrusted},
		{"CA's key RSA", func(r *cert) *cert { return r.CA(stirtest.RSA()).Leaf(spc) }, certificate.NoReason},
		{"CA's key RSA, PSS", func(r *cert) *cert {
			return r.CA(stirtest.RSA()).Leaf(spc, stirtest.SignedWith(x509.SHA384WithRSAPSS))
		}, certificate.NoReason},
		{"CA's key RSA of 1024 bits", func(r *cert) *cert { return r.CA(stirtest.Key(weakRSA(t))).Leaf(spc) }, certificate.NotTrusted},
		{"as many names as there may be", func(r *cert) *cert { return r.Leaf(spc, stirtest.DNS(manyNames(256)...)) }, certificate.NoReason},
		{"one name too many", func(r *cert) *cert { return r.Leaf(spc, stirtest.DNS(manyNames(257)...)) }, certificate.Malformed},
		{"one constraint too many", func(r *cert) *cert {
			return r.CA(stirtest.ExcludeDNS(manyNames(257)...)).Leaf(spc)
		}, certificate.Malformed},
		{"both kinds of claim constraints", func(r *cert) *cert {
			return r.Leaf(spc, stirtest.Constraints(certificate.Constraints{MustInclude: []string{"crn"}}),
				stirtest.Constraints(certificate.Constraints{MustExclude: []string{"rcd"}}))
		}, certificate.BadConstraints},
		{"garbage for claim constraints", func(r *cert) *cert {
			return r.Leaf(spc, stirtest.Extension(pkix.Extension{Id: certificate.OIDClaimConstraints, Value: []byte{0x30, 0}}))
		}, certificate.BadConstraints},
	})
}

func manyNames(n int) (names []string) {
	for i := range n {
		names = append(names, strconv.Itoa(i)+".example.org")
	}
	return names
}

// TestPathToOtherRoots: only the given roots count, whatever else a chain brings along.
func TestPathToOtherRoots(t *testing.T) {
	root, other := stirtest.NewRoot(), stirtest.NewRoot()
	twin := stirtest.NewRoot(stirtest.Subject("US", "Example", root.Subject.CommonName))
	ca := root.CA()
	leaf := ca.Leaf(spc)
	self := stirtest.SelfSigned(spc)
	namesake := stirtest.NewRoot(stirtest.Subject("US", "Example", ca.Subject.CommonName))
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for _, c := range []struct {
		name  string
		chain []byte
		roots []byte
		want  certificate.Reason
	}{
		{"its own", leaf.ChainPEM(), root.PEM(), certificate.NoReason},
		{"its own and others", leaf.ChainPEM(), join(other.PEM(), twin.PEM(), root.PEM()), certificate.NoReason},
		{"another", leaf.ChainPEM(), other.PEM(), certificate.NotTrusted},
		{"another of the same name", leaf.ChainPEM(), twin.PEM(), certificate.NotTrusted},
		{"another, with its own root in the chain", join(leaf.ChainPEM(), root.PEM()), other.PEM(), certificate.NotTrusted},
		{"its own, root in the chain", join(leaf.ChainPEM(), root.PEM()), root.PEM(), certificate.NoReason},
		{"intermediate missing", leaf.PEM(), root.PEM(), certificate.NotTrusted},
		{"intermediate trusted by itself", leaf.ChainPEM(), ca.PEM(), certificate.NoReason},
		{"intermediate of the same name", join(leaf.PEM(), namesake.PEM()), root.PEM(), certificate.NotTrusted},
		{"leaf signed by itself", self.PEM(), root.PEM(), certificate.SelfSigned},
		{"root as the leaf", root.PEM(), root.PEM(), certificate.SelfSigned},
	} {
		t.Run(c.name, func(t *testing.T) {
			chain, err := certificate.ParseChain(c.chain)
			wantReason(t, err, certificate.NoReason)
			roots, err := certificate.ParseRoots(c.roots)
			wantReason(t, err, certificate.NoReason)
			_, err = roots.Path(chain)
			wantReason(t, err, c.want)
		})
	}
}

// TestTamperedSignature: one bit of the leaf's signature.
func TestTamperedSignature(t *testing.T) {
	leaf := stirtest.NewRoot().Leaf(spc)
	der := bytes.Clone(leaf.Raw)
	der[len(der)-1] ^= 1
	chain, err := certificate.ParseChain(der)
	wantReason(t, err, certificate.NoReason)
	_, err = leaf.Roots().Path(chain)
	wantReason(t, err, certificate.NotTrusted)
}
