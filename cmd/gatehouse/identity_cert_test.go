package main

import (
	"context"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/api"
	"gatehouse.example/internal/fetch"
	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/stirtest"
)

func TestCertShow(t *testing.T) {
	s := newSignatory(t, stirtest.SPC("1234"), stirtest.Number("15551230001"), stirtest.Range("15551230100", 50), stirtest.DNS("example.test"),
		stirtest.Constraints(certificate.Constraints{MustInclude: []string{"attest"}, Permitted: map[string][]string{"attest": {"B", "C"}}}),
		stirtest.CRLPoint("https://crl.example.test/a.crl", nil))
	s.write("other.pem", string(stirtest.NewRoot().PEM()))
	var report chainReport
	decode(t, s.must("", "identity", "cert", "show", "chain.pem", "--json"), &report)
	leaf := report.Certificates[0]
	if report.Trusted == nil || !*report.Trusted || !report.Valid || !strings.Contains(report.Root, "STI-PA") || len(report.Certificates) != 2 ||
		leaf.SPC[0] != "1234" || leaf.Numbers[0] != "15551230001" || leaf.Ranges[0] != (numberRange{"15551230100", 50}) || leaf.Domains[0] != "example.test" ||
		leaf.Constraints.Permitted["attest"][1] != "C" || leaf.CRLPoints[0] != "https://crl.example.test/a.crl" || len(leaf.Fingerprint) != 64 || leaf.CA || !report.Certificates[1].CA {
		t.Errorf("%+v", report)
	}
	out := squeezed(s.must("", "identity", "cert", "show", s.url))
	for _, want := range []string{"leads to a root yes, ", "valid now yes", `SPC "1234"`, "numbers 15551230001", "ranges 50 from 15551230100", `domains "example.test"`,
		`must claim "attest"`, `may claim "attest" as "B", "C"`, `CRLs "https://crl.example.test/a.crl"`, "certificate 2 ", `Example \x1b[2JTelecom`} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if out := squeezed(s.must("", "identity", "cert", "show", "chain.pem", "--roots", "other.pem")); !strings.Contains(out, "leads to a root no: not trusted") {
		t.Errorf("%s", out)
	}
	s.write("garbage.pem", string(s.root.Leaf(stirtest.RawTNAuthList([]byte("\x16\x04spam"))).PEM()))
	if out := squeezed(s.must("", "identity", "cert", "show", "garbage.pem")); !strings.Contains(out, "and is refused: malformed TNAuthList") {
		t.Errorf("%s", out)
	}
	for args, want := range map[string]string{
		"none.pem":               "none.pem: no such file",
		"sti.key":                "private key",
		"http://127.0.0.1/":      "not https",
		"https://10.0.0.1/x.pem": "address not allowed",
	} {
		if _, errs, status := s.run("", append([]string{"identity", "cert", "show"}, strings.Fields(args)...)...); status != 1 || !strings.Contains(errs, want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%s: %d %q", args, status, errs)
		}
	}
	s.alone()
	if out := squeezed(s.must("", "identity", "cert", "show", "chain.pem")); !strings.Contains(out, "leads to a root not judged") {
		t.Errorf("%s", out)
	}
}

// What is wrong with the chain at an address is what whoever looks at it wants to know.
func TestCertShowOfAnAddress(t *testing.T) {
	s := newSignatory(t)
	s.write("other.pem", string(stirtest.NewRoot().PEM()))
	lapsed := s.root.Leaf(stirtest.SPC("1234"), stirtest.Validity(time.Now().Add(-time.Hour), time.Now().Add(-time.Minute)))
	list := s.root.Leaf(stirtest.DNS("example.test"))
	for _, c := range []struct {
		what   string
		cert   *stirtest.Cert
		roots  string
		want   []string
		absent string
	}{
		{"good", s.leaf, "roots.pem", []string{"leads to a root yes", "valid now yes"}, ""},
		{"of another root", s.leaf, "other.pem", []string{"leads to a root no: not trusted", "valid now yes", `SPC "1234"`}, ""},
		{"its own root", stirtest.NewRoot(), "roots.pem", []string{"leads to a root no: self-signed"}, "SPC"},
		{"expired", lapsed, "roots.pem", []string{"leads to a root yes", "valid now no: certificate 1 expired on "}, ""},
		{"without numbers", list, "roots.pem", []string{`domains "example.test"`}, "SPC"},
	} {
		s.publish(c.cert)
		out := squeezed(s.must("", "identity", "cert", "show", s.url, "--roots", c.roots))
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in\n%s", c.what, want, out)
			}
		}
		if c.absent != "" && strings.Contains(out, c.absent) {
			t.Errorf("%s: %q in\n%s", c.what, c.absent, out)
		}
	}
	var report chainReport
	s.publish(lapsed)
	if decode(t, s.must("", "identity", "cert", "show", s.url, "--json"), &report); report.Valid || report.Invalid == "" || report.Source != s.url {
		t.Errorf("%+v", report)
	}
	body := []byte("<html>moved</html>")
	s.served.Store(&body)
	if _, errs, status := s.run("", "identity", "cert", "show", s.url); status != 1 || !strings.Contains(errs, "not acceptable") {
		t.Errorf("%d %q", status, errs)
	}
}

// cacheStory is what an operator does with the certificates that are kept, with or without a running server.
func (s *signatory) cacheStory(t *testing.T) {
	const imported = "https://certs.example.test/sti.pem"
	cert := func(args ...string) []string { return append([]string{"identity", "cert"}, args...) }
	var list api.CertificateList
	decode(t, s.must("", cert("list", "--json")...), &list)
	if len(list.Certificates) != 0 {
		t.Fatalf("%+v", list)
	}
	s.must("", cert("import", imported, "chain.pem")...)
	out := squeezed(s.must("", cert("prefetch", s.url)...))
	if !strings.Contains(out, `chain "`+s.url+`" SPC "1234"`) {
		t.Errorf("%s", out)
	}
	decode(t, s.must("", cert("list", "--json")...), &list)
	if len(list.Certificates) != 2 || !list.Certificates[1].Imported || list.Certificates[0].URL != s.url || list.Certificates[0].SPC != "1234" {
		t.Fatalf("%+v", list)
	}
	out, errs, status := s.run("", cert("prefetch", "--json", "https://127.0.0.1:1/", s.url, "file:///etc/passwd")...)
	if decode(t, out, &list); status != 1 || len(list.Certificates) != 1 || !strings.Contains(errs, "port not allowed") || !strings.Contains(errs, "not https") || strings.Count(errs, "\n") != 1 {
		t.Errorf("%d %q %+v", status, errs, list)
	}
	s.must("", cert("remove", imported)...)
	if _, errs, status := s.run("", cert("remove", imported)...); status != 1 || !strings.Contains(errs, "nothing from this address") {
		t.Errorf("%d %q", status, errs)
	}
	s.write("other.pem", string(stirtest.NewRoot().Leaf(stirtest.SPC("1")).ChainPEM()))
	if _, errs, status := s.run("", cert("import", imported, "other.pem")...); status != 1 || !strings.Contains(errs, "not trusted") {
		t.Errorf("%d %q", status, errs)
	}
	if out := s.must("", cert("list")...); !strings.Contains(out, s.url) || strings.Contains(out, imported) {
		t.Errorf("%s", out)
	}
}

func TestKeptCertificatesWithoutAServer(t *testing.T) {
	s := newSignatory(t)
	s.cacheStory(t)
	// Without roots what is kept is not shown, and not lost.
	s.write("none.yaml", "console: "+s.console+"\n")
	if out := s.must("", "--config", "none.yaml", "identity", "cert", "list"); strings.Contains(out, s.url) {
		t.Errorf("%s", out)
	}
	if _, errs, status := s.run("", "--config", "none.yaml", "identity", "cert", "import", "https://a.test/", "chain.pem"); status != 1 || !strings.Contains(errs, "identity.roots") {
		t.Errorf("%d %q", status, errs)
	}
	if out := s.must("", "identity", "cert", "list"); !strings.Contains(out, s.url) {
		t.Errorf("%s", out)
	}
}

// TestKeptCertificatesOfARunningServer stands an API where the server's would be.
func TestKeptCertificatesOfARunningServer(t *testing.T) {
	s := newSignatory(t)
	a := &app{ctx: t.Context(), config: "gatehouse.yaml"}
	cfg, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	fetcher, err := newFetcher(cfg, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer fetcher.Close()
	fetcher.SetRoots(s.root.Roots())
	l, err := net.Listen("tcp", s.console)
	if err != nil {
		t.Fatal(err)
	}
	server := api.New(api.Config{Token: "secret", Certificates: fetcher}).HTTP()
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(l) }() // ends with Close
	defer func() { server.Close(); <-ended }()
	if err := os.MkdirAll(filepath.Join(s.dir, "gatehouse-data"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.write("gatehouse-data/api.token", "secret\n")
	s.cacheStory(t)
	if kept := fetcher.List(); len(kept) != 1 || kept[0].Kind != fetch.Chain || kept[0].URL != s.url {
		t.Errorf("%+v", kept)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "gatehouse-data", "lock")); err == nil {
		t.Error("the store was opened beside the server")
	}
}

// TestVerifyLooksAtCRLs waits for what a server would know the next time.
func TestVerifyLooksAtCRLs(t *testing.T) {
	s := newSignatory(t)
	ca := s.root.CA(aYear())
	leaf := ca.Leaf(stirtest.SPC("1234"), stirtest.CRLPoint(s.server.URL+"/crl", nil))
	s.write("chain.pem", string(leaf.ChainPEM()))
	s.write("sti.key", string(leaf.KeyPEM()))
	signed := s.must(numbers, s.flags("--attest", "A")...)
	for _, c := range []struct {
		crl    []byte
		status int
		want   string
	}{
		{ca.CRL(), 0, "unknown"}, // nobody tells of the intermediate
		{ca.CRL(stirtest.Revoke(leaf)), 1, "437 Unsupported Credential"},
		{[]byte("nothing"), 0, "unknown"},
	} {
		s.served.Store(&c.crl)
		out, errs, status := s.run(signed, "identity", "verify", "--cert", "chain.pem")
		if status != c.status || errs != "" || !strings.Contains(out, c.want) {
			t.Errorf("%d %q\n%s", status, errs, out)
		}
	}
	hard := strings.Replace(readFile(t, filepath.Join(s.dir, "gatehouse.yaml")), "identity:", "identity:\n  revocation: hard", 1)
	s.write("hard.yaml", hard)
	if out, _, status := s.run(signed, "--config", "hard.yaml", "identity", "verify", "--cert", "chain.pem"); status != 1 || !strings.Contains(out, "revocation could not be checked") {
		t.Errorf("%d %s", status, out)
	}
}

// TestVerifyBelievesIndirectCRLsOfWhomTheOperatorNames: one CRL for the certificates of all CAs, signed by somebody who is none of them (ATIS-1000080).
func TestVerifyBelievesIndirectCRLsOfWhomTheOperatorNames(t *testing.T) {
	s := newSignatory(t)
	pa := stirtest.NewRoot(stirtest.IsCA(false), stirtest.KeyUsage(x509.KeyUsageCRLSign))
	point := s.server.URL + "/crl"
	leaf := s.root.Leaf(stirtest.SPC("1234"), stirtest.CRLPoint(point, pa))
	s.write("chain.pem", string(leaf.ChainPEM()))
	s.write("sti.key", string(leaf.KeyPEM()))
	s.write("pa.pem", string(pa.PEM()))
	signed := s.must(numbers, s.flags("--attest", "A")...)
	good, revoked := pa.CRL(stirtest.Indirect(), stirtest.Point(point)), pa.CRL(stirtest.Indirect(), stirtest.Point(point), stirtest.Revoke(leaf))
	named := strings.Replace(readFile(t, filepath.Join(s.dir, "gatehouse.yaml")), "identity:", "identity:\n  crl_issuers: [pa.pem]", 1)
	s.write("named.yaml", named)
	for _, c := range []struct {
		crl    []byte
		args   string
		status int
		want   string
	}{
		{revoked, "identity verify --cert chain.pem", 0, "unknown"}, // nobody said that it is to be believed
		{revoked, "identity verify --cert chain.pem --crl-issuers pa.pem", 1, "certificate is revoked"},
		{revoked, "identity verify --cert chain.pem --crl-issuers pa.pem --roots roots.pem", 1, "certificate is revoked"},
		{revoked, "identity verify --cert chain.pem -c named.yaml", 1, "certificate is revoked"},
		{good, "identity verify --cert chain.pem -c named.yaml", 0, "good"},
		{good, "identity verify --cert chain.pem --crl-issuers roots.pem", 0, "unknown"},
		{good, "identity verify --cert chain.pem --crl-issuers chain.pem", 2, "--crl-issuers"},
		{good, "identity verify --cert chain.pem --crl-issuers none.pem --roots roots.pem", 2, "--crl-issuers"},
	} {
		s.served.Store(&c.crl)
		out, errs, status := s.run(signed, strings.Fields(c.args)...)
		if status != c.status || !strings.Contains(out+errs, c.want) {
			t.Errorf("%s: %d %q\n%s", c.args, status, errs, out)
		}
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSourceEndsWithItsContext(t *testing.T) {
	s := newSignatory(t)
	cfg, err := (&app{config: "gatehouse.yaml"}).load()
	if err != nil {
		t.Fatal(err)
	}
	source, err := newSource(cfg, s.root.Roots(), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := source.Path(onCommandLine(ctx), s.url); err == nil {
		t.Error("a certificate for nobody")
	}
	if err := source.close(); err != nil {
		t.Error(err)
	}
}
