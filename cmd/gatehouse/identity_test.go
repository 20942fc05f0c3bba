package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse.example/stir/stirtest"
)

// signatory is a provider with a key, a certificate and a server that has it, and a configuration that trusts it.
type signatory struct {
	*place
	root, leaf *stirtest.Cert
	server     *httptest.Server
	served     atomic.Pointer[[]byte] // nil: 404
	asked      atomic.Int64
	url        string
	key        string // of identity.keys, in the file
}

func newSignatory(t *testing.T, opts ...stirtest.Option) *signatory {
	t.Helper()
	s := &signatory{place: newPlace(t), root: stirtest.NewRoot(stirtest.Subject("US", "STI-PA", "Root"), aYear())}
	t.Chdir(s.dir)
	if opts == nil {
		opts = []stirtest.Option{stirtest.SPC("1234"), stirtest.DNS("example.test")}
	}
	s.leaf = s.root.CA(aYear()).Leaf(append(opts, aYear(), stirtest.Subject("US", "Example \x1b[2JTelecom", "SHAKEN 1234"))...)
	s.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		body := s.served.Load()
		if body == nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		_, _ = w.Write(*body) // the client may hang up
	}))
	t.Cleanup(s.server.Close)
	s.publish(s.leaf)
	s.url = s.server.URL + "/sti.pem"
	s.write("roots.pem", string(s.root.PEM()))
	s.write("chain.pem", string(s.leaf.ChainPEM()))
	s.write("sti.key", string(s.leaf.KeyPEM()))
	s.write("web.pem", certPEM(s.server.Certificate()))
	s.key = fmt.Sprintf("{cert: chain.pem, key: sti.key, url: %q, numbers: ['+1555123*'], domains: [example.test]}", s.url)
	s.configure("")
	return s
}

// run runs the program in this process; starting one for each case would take most of the time.
func (s *signatory) run(stdin string, args ...string) (stdout, stderr string, status int) {
	s.t.Helper()
	s.write("stdin", stdin)
	in, err := os.Open("stdin")
	if err != nil {
		s.t.Fatal(err)
	}
	defer in.Close()
	var out, errs bytes.Buffer
	status = run(args, in, &out, &errs)
	return out.String(), errs.String(), status
}

// must is run and wants success and silence on stderr.
func (s *signatory) must(stdin string, args ...string) string {
	s.t.Helper()
	out, errs, status := s.run(stdin, args...)
	if status != 0 || errs != "" {
		s.t.Fatalf("%v: status %d, stderr %q", args, status, errs)
	}
	return out
}

func aYear() stirtest.Option {
	return stirtest.Validity(time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0))
}

func certPEM(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

// publish puts a chain on the server; nil takes it away.
func (s *signatory) publish(c *stirtest.Cert) {
	if c == nil {
		s.served.Store(nil)
		return
	}
	body := c.ChainPEM()
	s.served.Store(&body)
}

// configure writes the configuration with more keys of identity.
func (s *signatory) configure(more string) {
	_, port, _ := strings.Cut(strings.TrimPrefix(s.server.URL, "https://"), ":")
	s.write("gatehouse.yaml", fmt.Sprintf("listen: ['udp://%s']\nconsole: %s\nidentity:\n  roots: [roots.pem]\n  fetch: {allow: [127.0.0.0/8], ports: [443, %s], ca: web.pem}\n  keys:\n    - %s\n%s",
		s.sip, s.console, port, s.key, more))
}

// alone takes the configuration away.
func (s *signatory) alone() {
	if err := os.Remove(filepath.Join(s.dir, "gatehouse.yaml")); err != nil {
		s.t.Fatal(err)
	}
}

func (s *signatory) flags(more ...string) []string {
	return append([]string{"identity", "sign", "--cert", "chain.pem", "--key", "sti.key", "--url", s.url}, more...)
}

const numbers = "INVITE sip:+15552220002@example.net;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n" +
	"From: \"Bank\" <sip:+15551230001@example.test;user=phone>;tag=1\r\nTo:   <sip:+15552220002@example.net;user=phone>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n" +
	"X-Odd:  kept \r\n as it came\r\nContent-Length: 4\r\n\r\nbody"

// TestWhatIsSignedVerifies needs no server and no configuration.
func TestWhatIsSignedVerifies(t *testing.T) {
	s := newSignatory(t)
	s.alone()
	signed := s.must(numbers, s.flags("--attest", "A")...)
	head, _, _ := strings.Cut(numbers, "Content-Length")
	if !strings.HasPrefix(signed, head) || !strings.HasSuffix(signed, "\r\n\r\nbody") || !strings.Contains(signed, "\r\nDate: ") || !strings.Contains(signed, "\r\nIdentity: ") {
		t.Errorf("signed:\n%s", signed)
	}
	verify := []string{"identity", "verify", "--roots", "roots.pem", "--cert", "chain.pem", "--request-uri"}
	out := squeezed(s.must(signed, verify...))
	for _, want := range []string{"outcome valid", `identity "tel:+15551230001"`, "attestation A", `SPC "1234"`, "verstat TN-Validation-Passed-A", `Example \x1b[2JTelecom`, "Identity 1 valid; "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	var report identityReport
	decode(t, s.must(signed, append(verify, "--json")...), &report)
	if report.Outcome != "valid" || report.Attestation != "A" || report.Identity != "tel:+15551230001" || report.Signer.SPC != "1234" ||
		report.Certificate.URL != s.url || report.Headers[0].Dest[0] != "15552220002" || report.Display != nil || report.Proof.String() != "stir-a" {
		t.Errorf("%+v", report)
	}
	if s.asked.Load() != 0 {
		t.Error("fetched what --cert gives")
	}
	// One that an editor has saved, with the chain of one address.
	plain := strings.ReplaceAll(signed, "\r\n", "\n")
	s.must(plain, "identity", "verify", "--roots", "roots.pem", "--cert", s.url+"=chain.pem", "--offline")
}

func TestVerifyExitStatusesAndReasons(t *testing.T) {
	s := newSignatory(t)
	s.write("other.pem", string(stirtest.NewRoot().PEM()))
	old := s.root.Leaf(stirtest.SPC("1234"), stirtest.Validity(time.Now().Add(-48*time.Hour), time.Now().Add(-time.Hour)), stirtest.Key(s.leaf.Key))
	s.write("old.pem", string(old.ChainPEM()))
	s.write("bad.pem", "nothing\n")
	signed := s.must(numbers, s.flags("--attest", "B")...)
	for _, c := range []struct {
		name, message, args string
		status              int
		want                string // in stdout, or in stderr where the status is 2
	}{
		{"fetched", signed, "", 0, "TN-Validation-Passed-B"},
		{"unsigned", numbers, "", 1, "428 Use Identity Header"},
		{"another caller", strings.Replace(signed, "+15551230001", "+15551230009", 1), "", 1, "orig is not the caller"},
		{"another body is not signed", strings.Replace(signed, "\r\nbody", "\r\nBODY", 1), "", 0, "valid"},
		{"signature", tampered(signed), "", 1, "438 Invalid Identity Header"},
		{"an hour later", signed, "--time " + time.Now().Add(time.Hour).Format(time.RFC3339), 1, "403 Stale Date"},
		{"no such time", signed, "--time noon", 2, "--time: \"noon\" is not a time"},
		{"another root", signed, "--roots other.pem", 1, "not trusted"},
		{"both roots", signed, "--roots other.pem --roots roots.pem", 0, "valid"},
		{"no roots", signed, "--roots bad.pem", 2, "--roots bad.pem"},
		{"roots that are not there", signed, "--roots none.pem", 2, "none.pem: no such file"},
		{"expired certificate", signed, "--cert old.pem", 1, "expired"},
		{"certificate that is none", signed, "--cert bad.pem", 2, "--cert bad.pem"},
		{"offline", signed, "--offline", 1, "436 Bad Identity Info"},
		{"offline, chain of another address", signed, "--offline --cert https://x.test/=chain.pem", 1, "436 Bad Identity Info"},
		{"two chains for all addresses", signed, "--cert chain.pem --cert old.pem", 2, "--cert old.pem"},
		{"offline with the chain", signed, "--offline --cert chain.pem", 0, "not checked"},
		{"no alg parameter", strings.Replace(signed, ";alg=ES256", "", 1), "", 1, "437 Unsupported Credential: no alg"},
		{"no alg parameter, lenient", strings.Replace(signed, ";alg=ES256", "", 1), "--lenient", 0, "valid"},
		{"another Request-URI", strings.Replace(signed, "INVITE sip:+15552220002", "INVITE sip:+15552220003", 1), "", 0, "valid"},
		{"another Request-URI, looked at", strings.Replace(signed, "INVITE sip:+15552220002", "INVITE sip:+15552220003", 1), "--request-uri", 1, "438 Invalid Identity Header"},
		{"no message", "hello\r\n\r\n", "", 1, ""},
		{"a flag that there is not", signed, "--bogus", 2, "unknown flag --bogus"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, errs, status := s.run(c.message, append([]string{"identity", "verify"}, strings.Fields(c.args)...)...)
			text := out
			if c.status == 2 {
				text = errs
			}
			if status != c.status || !strings.Contains(text, c.want) || c.status < 2 && c.want != "" && errs != "" || strings.Count(errs, "\n") > 1 {
				t.Errorf("status %d, stderr %q\n%s\nwant %d %q", status, errs, out, c.status, c.want)
			}
		})
	}
	for _, url := range []string{"http://certs.test/sti.pem", "file:///etc/ssl/sti.pem"} { // a server asks neither, so no file stands in for them unasked
		m := strings.Replace(numbers, "X-Odd:", "Identity: "+stirtest.IdentityHeader(s.leaf.Shaken(url, "15551230001", "15552220002", "A", time.Now()), url, "shaken")+"\r\nX-Odd:", 1)
		if out, _, status := s.run(m, "identity", "verify", "--offline", "--cert", "chain.pem"); status != 1 || !strings.Contains(out, "436 Bad Identity Info") {
			t.Errorf("%s: %d %s", url, status, out)
		}
		if out, _, status := s.run(m, "identity", "verify", "--offline", "--cert", url+"=chain.pem"); status != 0 {
			t.Errorf("%s, by its name: %d %s", url, status, out)
		}
	}
	s.publish(nil)
	if out, _, status := s.run(signed, "identity", "verify"); status != 1 || !strings.Contains(out, "436 Bad Identity Info") {
		t.Errorf("404: %d %s", status, out)
	}
}

// squeezed is a table without its columns.
func squeezed(table string) string {
	lines := strings.Split(table, "\n")
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	return strings.Join(lines, "\n")
}

// tampered changes one character in the middle of the signature.
func tampered(signed string) string {
	end := strings.Index(signed, ";info=")
	at := end - 40
	other := "A"
	if signed[at] == 'A' {
		other = "B"
	}
	return signed[:at] + other + signed[at+1:]
}

func TestVerifyWithoutConfigurationWantsRoots(t *testing.T) {
	s := newSignatory(t)
	s.alone()
	_, errs, status := s.run(numbers, "identity", "verify")
	if status != 2 || !strings.Contains(errs, "--roots FILE") || strings.Count(errs, "\n") != 1 {
		t.Errorf("%d %q", status, errs)
	}
	signed := s.must(numbers, s.flags("--attest", "A")...)
	// The fetcher's guard is that of the server: nobody has allowed loopback.
	out, errs, status := s.run(signed, "identity", "verify", "--roots", "roots.pem")
	if status != 1 || errs != "" || !strings.Contains(out, "port not allowed") || s.asked.Load() != 0 {
		t.Errorf("%d %q %s", status, errs, out)
	}
}

func TestWhatIsShownIsMarkedUnverified(t *testing.T) {
	s := newSignatory(t)
	signed := s.must(numbers, s.flags("--attest", "A")...)
	var report identityReport
	decode(t, s.must(signed, "identity", "verify", "--json"), &report)
	m := "INVITE sip:+15552220002@example.net SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:+15551230001@example.test>;tag=1\r\n" +
		"To: <sip:+15552220002@example.net>\r\nCall-ID: 2\r\nCSeq: 1 INVITE\r\nIdentity: " +
		stirtest.IdentityHeader(s.leaf.Sign(shakenHeader(s.url), shownClaims(time.Now())), s.url, "shaken") + "\r\nContent-Length: 0\r\n\r\n"
	out := squeezed(s.must(m, "identity", "verify"))
	if !strings.Contains(out, `unverified display name "Your \u202eBank", reason "Urgent"`) {
		t.Errorf("%s", out)
	}
	decode(t, s.must(m, "identity", "verify", "--json"), &report)
	if report.Display == nil || report.Display.Verified || report.Display.Name != "Your \u202eBank" {
		t.Errorf("%+v", report.Display)
	}
}

// TestVerifyJSONHasTheSameMembersWhateverComes holds the names that scripts rely on.
func TestVerifyJSONHasTheSameMembersWhateverComes(t *testing.T) {
	s := newSignatory(t)
	out, _, status := s.run(numbers, "identity", "verify", "--json")
	want := `{
  "outcome": "missing",
  "status": 428,
  "phrase": "Use Identity Header",
  "reason": "no Identity header field",
  "detail": "",
  "identity": "",
  "proof": "none",
  "ppt": "",
  "attestation": "",
  "origid": "",
  "signer": null,
  "certificate": null,
  "diverted": [],
  "body_proven": false,
  "display": null,
  "priorities": [],
  "emergency": "",
  "verstat": "No-TN-Validation",
  "headers": []
}
`
	if status != 1 || out != want {
		t.Errorf("%d %s", status, out)
	}
}

func TestIdentityCommandsHaveHelpWithAnExample(t *testing.T) {
	p := newPlace(t)
	for _, command := range []string{"identity", "identity verify", "identity sign", "identity cert", "identity cert show", "identity cert list",
		"identity cert import", "identity cert prefetch", "identity cert remove"} {
		out := p.must("", append(strings.Fields(command), "--help")...)
		if !strings.Contains(out, "Example") || !strings.Contains(out, "gatehouse identity") {
			t.Errorf("%s --help:\n%s", command, out)
		}
	}
}
