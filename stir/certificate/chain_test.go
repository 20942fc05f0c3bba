package certificate_test

import (
	"bytes"
	"strings"
	"testing"

	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/stirtest"
)

// TestParseChain: RFC 8555 §9.1, and what a fetched file may be instead. STANDARDS 5.18, 5.20.
func TestParseChain(t *testing.T) {
	root := stirtest.NewRoot()
	ca := root.CA()
	leaf := ca.Leaf(spc)
	deep := root.CA().CA().CA().CA().CA().CA().CA()
	p := leaf.ChainPEM()
	join := func(parts ...any) []byte {
		var b []byte
		for _, part := range parts {
			switch part := part.(type) {
			case string:
				b = append(b, part...)
			case []byte:
				b = append(b, part...)
			}
		}
		return b
	}
	for _, c := range []struct {
		name string
		data []byte
		n    int
		want certificate.Reason
	}{
		{"one certificate", leaf.PEM(), 1, certificate.NoReason},
		{"chain", p, 2, certificate.NoReason},
		{"chain with its root", join(p, root.PEM()), 3, certificate.NoReason},
		{"eight certificates", deep.Leaf().ChainPEM(), 8, certificate.NoReason},
		{"CRLF", bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n")), 2, certificate.NoReason},
		{"white space around", join("\n ", leaf.PEM(), "\r\n\t", ca.PEM(), "\n\n"), 2, certificate.NoReason},
		{"DER", leaf.Raw, 1, certificate.NoReason},
		{"DER chain", join(leaf.Raw, ca.Raw), 2, certificate.NoReason},
		{"nine certificates", deep.CA().Leaf().ChainPEM(), 0, certificate.TooLarge},
		{"nine certificates, DER", bytes.Repeat(leaf.Raw, 9), 0, certificate.TooLarge},
		{"a thousand certificates", bytes.Repeat(leaf.PEM(), 1000), 0, certificate.TooLarge},
		{"one octet too many", bytes.Repeat([]byte(" "), certificate.MaxChainSize+1), 0, certificate.TooLarge},
		{"nothing", nil, 0, certificate.Malformed},
		{"white space", []byte("\n\n"), 0, certificate.Malformed},
		{"HTML", []byte("<html>404 not found</html>"), 0, certificate.Malformed},
		{"text before", join("subject=CN\n", p), 2, certificate.NoReason},
		{"text between", join(leaf.PEM(), "and now\n", ca.PEM()), 2, certificate.NoReason},
		{"text after", join(p, "x"), 2, certificate.NoReason},
		{"text before the first line of a block", join("x", p), 0, certificate.Malformed},
		{"gzip", []byte("\x1f\x8b\x08\x00\x00\x00"), 0, certificate.Malformed},
		{"damaged block first", join("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", p), 0, certificate.Malformed},
		{"damaged block last", join(p, "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"), 0, certificate.Malformed},
		{"block without an end", leaf.PEM()[:200], 0, certificate.Malformed},
		{"block of a key", []byte("-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"), 0, certificate.Malformed},
		{"block with headers", bytes.Replace(p, []byte("-----\n"), []byte("-----\nProc-Type: 4\n\n"), 1), 0, certificate.Malformed},
		{"trusted certificate", bytes.ReplaceAll(p, []byte("CERTIFICATE"), []byte("TRUSTED CERTIFICATE")), 0, certificate.Malformed},
		{"block of something else", []byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"), 0, certificate.Malformed},
		{"DER with an octet after it", join(leaf.Raw, "x"), 0, certificate.Malformed},
		{"DER cut short", leaf.Raw[:len(leaf.Raw)-1], 0, certificate.Malformed},
		{"private key after", join(p, leaf.KeyPEM()), 0, certificate.PrivateKey},
		{"private key before", join(leaf.KeyPEM(), p), 0, certificate.PrivateKey},
		{"private key alone", leaf.KeyPEM(), 0, certificate.PrivateKey},
		{"leaf last", join(ca.PEM(), leaf.PEM()), 0, certificate.WrongOrder},
		{"leaf twice", join(leaf.PEM(), leaf.PEM(), ca.PEM()), 0, certificate.WrongOrder},
		{"gap", join(leaf.PEM(), root.PEM()), 0, certificate.WrongOrder},
		{"stranger behind", join(p, stirtest.NewRoot().PEM()), 0, certificate.WrongOrder},
	} {
		t.Run(c.name, func(t *testing.T) {
			chain, err := certificate.ParseChain(c.data)
			wantReason(t, err, c.want)
			if (chain == nil) != (err != nil) {
				t.Fatalf("chain %v with error %v", chain, err)
			}
			if err == nil && (len(chain.Certificates()) != c.n || !chain.Leaf().Equal(chain.Certificates()[0])) {
				t.Fatalf("%d certificates, want %d", len(chain.Certificates()), c.n)
			}
		})
	}
}

func TestParseRoots(t *testing.T) {
	a, b := stirtest.NewRoot(), stirtest.NewRoot()
	for _, c := range []struct {
		name string
		data []byte
		n    int
		want certificate.Reason
	}{
		{"one", a.PEM(), 1, certificate.NoReason},
		{"two", append(a.PEM(), b.PEM()...), 2, certificate.NoReason},
		{"one twice", append(a.PEM(), a.PEM()...), 1, certificate.NoReason},
		{"comments", append([]byte("# the first\n"), a.PEM()...), 1, certificate.NoReason},
		{"an intermediate, on purpose", a.CA().PEM(), 1, certificate.NoReason},
		{"nothing", nil, 0, certificate.Malformed},
		{"no certificate", []byte("# none yet"), 0, certificate.Malformed},
		{"damaged", append(a.PEM(), "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"...), 0, certificate.Malformed},
		{"DER", a.Raw, 0, certificate.Malformed},
		{"leaf", a.Leaf().PEM(), 0, certificate.NotCA},
		{"no CA bit", stirtest.NewRoot(stirtest.IsCA(false)).PEM(), 0, certificate.NotCA},
		{"RSA", stirtest.NewRoot(stirtest.RSA()).PEM(), 1, certificate.NoReason},
		{"RSA of 1024 bits", stirtest.NewRoot(stirtest.Key(weakRSA(t))).PEM(), 0, certificate.BadKey},
		{"private key", append(a.PEM(), a.KeyPEM()...), 0, certificate.PrivateKey},
		{"too large", bytes.Repeat([]byte("#"), certificate.MaxRootsSize+1), 0, certificate.TooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			roots, err := certificate.ParseRoots(c.data)
			wantReason(t, err, c.want)
			if err == nil && len(roots.Certificates()) != c.n {
				t.Fatalf("%d roots, want %d", len(roots.Certificates()), c.n)
			}
		})
	}
}

func TestChainTellsItsLeaf(t *testing.T) {
	leaf := stirtest.NewRoot().CA().Leaf(stirtest.Subject("FR", "Exemple SA", "SHAKEN 1"), stirtest.SPC("4321", "x"))
	c := leaf.Chain()
	want := certificate.Entity{Organization: "Exemple SA", CommonName: "SHAKEN 1", SPC: "4321", Country: "FR"}
	if got := c.Entity(); got != want {
		t.Fatalf("entity %+v, want %+v", got, want)
	}
	if !bytes.Equal(c.PEM(), leaf.ChainPEM()) {
		t.Fatal("the chain is written otherwise than it was read")
	}
	if key, err := c.Key(); err != nil || !key.Equal(leaf.Key.Public()) {
		t.Fatalf("key %v, %v", key, err)
	}
	if list, err := c.TNAuthList(); err != nil || len(list.SPC) != 2 {
		t.Fatalf("list %+v, %v", list, err)
	}
	_, err := leaf.Root().Leaf().Chain().TNAuthList()
	wantReason(t, err, certificate.NoTNAuthList)
	if got, err := c.Constraints(); got != nil || err != nil {
		t.Fatalf("constraints %v, %v", got, err)
	}
}

// TestErrorsQuoteWhatCertificatesSay: a subject is an attacker's text.
func TestErrorsQuoteWhatCertificatesSay(t *testing.T) {
	name := "a\r\nb\x1b[31m" + strings.Repeat("x", 200)
	leaf := stirtest.NewRoot().Leaf(stirtest.Subject("US", "", name), stirtest.ExtKeyUsage(oidServerAuth))
	_, err := leaf.Roots().Path(leaf.Chain())
	wantReason(t, err, certificate.BadExtKeyUsage)
	if s := err.Error(); strings.ContainsAny(s, "\r\n\x1b") || len(s) > 200 {
		t.Fatalf("error %q", s)
	}
}

// FuzzParseChain: what is read is written as something that reads the same; building a path never panics, and never
// succeeds for a chain that the root did not sign. Signatures make its coverage vary: fuzz it with -fuzzminimizetime=5x.
func FuzzParseChain(f *testing.F) {
	root, stranger := stirtest.NewRoot(), stirtest.NewRoot()
	leaf := root.CA(stirtest.PermitDNS("example.org"), stirtest.PathLen(0)).Leaf(
		spc, stirtest.DNS("example.org"), stirtest.CRLPoint("https://crl.example.org/a", root),
		stirtest.Constraints(certificate.Constraints{MustInclude: []string{"attest"}}))
	f.Add(leaf.ChainPEM())
	f.Add(leaf.Raw)
	f.Add(append(bytes.Clone(leaf.Raw), leaf.Parent.Raw...))
	roots, others := root.Roots(), stranger.Roots()
	f.Fuzz(func(t *testing.T, data []byte) {
		chain, err := certificate.ParseChain(data)
		if err != nil {
			if chain != nil || certificate.ReasonOf(err) == certificate.NoReason {
				t.Fatalf("chain %v, error %v", chain, err)
			}
			return
		}
		again, err := certificate.ParseChain(chain.PEM())
		if err != nil && len(chain.PEM()) <= certificate.MaxChainSize {
			t.Fatalf("written and read: %v", err)
		}
		if err == nil && !again.Leaf().Equal(chain.Leaf()) {
			t.Fatal("written and read, the leaf is another")
		}
		if _, err := others.Path(chain); err == nil {
			t.Fatal("a path to a root that signed nothing")
		}
		if path, err := roots.Path(chain); err == nil && !path.Key().Equal(leaf.Key.Public()) {
			t.Fatal("a path for a key that the root's CA did not certify")
		}
	})
}
