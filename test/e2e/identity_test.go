package e2e

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gatehouse.example/sip"
	"gatehouse.example/stir"
	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/stirtest"
	"gatehouse.example/test/harness"
)

// signers are a root, a carrier whose certificate it signed and that serves it by https, and the server with the root in its configuration.
type signers struct {
	*site
	root, carrier *stirtest.Cert
	url           string
	asked         atomic.Int32
	web           *harness.Certificate
}

func newSigners(t *testing.T, yaml string) *signers {
	t.Helper()
	n := harness.NewNet(t)
	s := &signers{root: stirtest.NewRoot(), web: harness.NewCertificate(t, n, "certs.test")}
	s.carrier = s.root.Leaf(stirtest.SPC("709J"), stirtest.Number("15551230001"), stirtest.Subject("US", "Carrier Incorporated", "SHAKEN 709J"))
	at := n.Addr(harness.ServerHost, 8444)
	s.url = "https://" + at.String() + "/709J.pem"
	s.serve(t, at.String())
	dir := t.TempDir()
	roots := write(t, dir, "roots.pem", s.root.ChainPEM())
	own := s.root.Leaf(stirtest.SPC("OURS"), stirtest.Number("15559990001"), stirtest.Range("15559990100", 100))
	chain, key := write(t, dir, "own.pem", own.ChainPEM()), write(t, dir, "own.key", own.KeyPEM())
	yaml = strings.NewReplacer("ROOTS", roots, "OWNCHAIN", chain, "OWNKEY", key,
		"PUBLISH", n.Addr(harness.ServerHost, 8446).String(), "NETWORK", n.String(), "WEBCA", s.web.CertFile).Replace(yaml)
	pbx := harness.UDP(t, n.PBX(), n.Server()).Accept().Answering()
	s.site = &site{
		Server: harness.Start(t, n, fill(n, s.web.SecureListen(n)+yaml)), pbx: pbx,
		caller: harness.UDP(t, n.Addr(harness.CallerHost, 5060), n.Server()),
	}
	return s
}

func write(t *testing.T, dir, name string, text []byte) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// serve answers for the carrier's certificate, and counts how often it is asked.
func (s *signers) serve(t *testing.T, addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(s.web.CertFile, s.web.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			s.asked.Add(1)
			w.Header().Set("Content-Type", "application/pem-certificate-chain")
			_, _ = w.Write(s.carrier.ChainPEM())
		}),
	}
	go func() { _ = server.ServeTLS(ln, "", "") }()
	t.Cleanup(func() { _ = server.Close() })
}

// signed is an INVITE of the carrier's customer with a signature for the called number.
func (s *signers) signed(called string, change func(string) string) string {
	token := s.carrier.Shaken(s.url, "15551230001", "15557770001", "A", time.Now())
	identity := change(stirtest.IdentityHeader(token, s.url, "shaken"))
	return s.caller.Invite("sip:"+called+"@example.test;user=phone", "From: \"Anna\" <sip:+15551230001@carrier.test;user=phone>;tag="+harness.Token(),
		"To: <sip:"+called+"@example.test;user=phone>", "Identity: "+strings.TrimSpace(strings.TrimPrefix(identity, "Identity:")))
}

func same(s string) string { return s }

const verifying = `
domains: [{name: example.test, deliver: "sip:PBX", mode: enforce}]
checks: {rate: {enabled: false}}
policy: {lookup_deadline: 10s, weights: {IDENTITY_INVALID: 15}}
identity:
  roots: [ROOTS]
  answer: [invalid]
  fetch: {allow: [NETWORK], ports: [8444, 8445], ca: WEBCA}
`

// A signed call tells who calls: in the history, and to the PBX.
func TestSignatureProvesTheCaller(t *testing.T) {
	t.Parallel()
	s := newSigners(t, verifying)
	for range 2 {
		if r := s.caller.Ask(t, s.signed("+15557770001", same)); r.Status() != 200 {
			t.Fatalf("INVITE: %s", r.StartLine())
		}
		m := s.pbx.ExpectRequest(t, "INVITE")
		if got, want := m.Get("P-Asserted-Identity"), "<tel:+15551230001;verstat=TN-Validation-Passed"; !strings.HasPrefix(got, want) {
			t.Errorf("the PBX got P-Asserted-Identity %q, want %s…", got, want)
		}
	}
	if n := s.asked.Load(); n != 1 {
		t.Errorf("the certificate was fetched %d times", n)
	}
	a := s.Attempt(t, "the signed call", func(a *harness.Attempt) bool { return a.From.Proof == "stir-a" })
	if a.From.Identity != "tel:+15551230001" || !a.Has("IDENTITY_PROVEN") {
		t.Errorf("got %+v", a)
	}
	if g := a.From.Signature; g == nil || g.Outcome != "valid" || g.Signer != "709J" || g.Organization != "Carrier Incorporated" || g.Attestation != "A" {
		t.Errorf("signature %+v", g)
	}
}

// A signature that was made for another call proves nothing, and is answered with its own code where the operator wants it.
func TestSignatureOfAnotherCallIsRefused(t *testing.T) {
	t.Parallel()
	s := newSigners(t, verifying)
	for what, request := range map[string]string{
		"another callee": s.signed("+15557770002", same),
		"changed token": s.signed("+15557770001", func(h string) string {
			dot := strings.IndexByte(h, '.')
			return h[:dot+3] + "A" + h[dot+4:]
		}),
	} {
		r := s.caller.Ask(t, request)
		if r.Status() != 438 || !strings.Contains(r.Get("Reason"), "STIR") {
			t.Errorf("%s: %s, Reason %q", what, r.StartLine(), r.Get("Reason"))
		}
	}
	for _, m := range s.pbx.Inbox() {
		if m.Method() == "INVITE" {
			t.Errorf("the PBX got\n%s", m.Text)
		}
	}
	a := s.Attempt(t, "the refused call", func(a *harness.Attempt) bool { return a.Action == "reject" })
	if !a.Has("IDENTITY_INVALID") || a.From.Proof != "none" {
		t.Errorf("got %+v", a)
	}
}

// A replayed token belongs to the first call that used it.
func TestReplayedSignatureIsNoProof(t *testing.T) {
	t.Parallel()
	s := newSigners(t, verifying)
	first := s.signed("+15557770001", same)
	if r := s.caller.Ask(t, first); r.Status() != 200 {
		t.Fatalf("first: %s", r.StartLine())
	}
	identity := harness.Message{Text: first}.Get("Identity")
	again := s.caller.Invite("sip:+15557770001@example.test;user=phone", "From: <sip:+15551230001@carrier.test;user=phone>;tag=x",
		"To: <sip:+15557770001@example.test;user=phone>", "Identity: "+identity)
	if r := s.caller.Ask(t, again); r.Status() != 438 {
		t.Errorf("replay: %s", r.StartLine())
	}
}

// A dead certificate host costs a call no more than the deadline of look-ups, and is asked once.
func TestDeadCertificateHostDelaysNobody(t *testing.T) {
	t.Parallel()
	// A call that is held up says so; one that waited until the host is given up would say that the host is too slow.
	s := newSigners(t, strings.NewReplacer("lookup_deadline: 10s", "lookup_deadline: 1s", "fetch: {", "fetch: {deadline: 10s, ").Replace(verifying))
	hung, err := net.Listen("tcp", s.Net.Addr(harness.ServerHost, 8445).String())
	if err != nil {
		t.Fatal(err)
	}
	defer hung.Close() // takes connections and never answers
	s.url = "https://" + hung.Addr().String() + "/sti.pem"
	start := time.Now()
	if r := s.caller.Ask(t, s.signed("+15557770001", same)); r.Status() != 200 {
		t.Fatalf("INVITE: %s", r.StartLine())
	}
	a := s.Attempt(t, "the call", func(a *harness.Attempt) bool { return a.From.Signature != nil })
	if a.From.Signature.Outcome != "unreachable" || a.Action != "relay" {
		t.Errorf("got %s, %+v", a.Action, a.From.Signature)
	}
	// Other addresses of that host hold up nobody: forty calls one after the other, each with a certificate of its own.
	tar := s.url
	for i := range 40 {
		s.url = fmt.Sprintf("%s?%d", tar, i)
		if r := s.caller.Ask(t, s.signed("+15557770001", same)); r.Status() != 200 {
			t.Fatalf("INVITE %d: %s", i, r.StartLine())
		}
	}
	most := 1 + int(time.Since(start)/time.Minute) // a host that was slow is given another chance after a minute
	var calls []harness.Attempt
	harness.Eventually(t, harness.Patience, "all calls are in the history", func() bool { calls = s.Attempts(t, "kind=call"); return len(calls) == 41 })
	held := 0
	for _, a := range calls {
		if g := a.From.Signature; g != nil && strings.Contains(g.Reason, context.DeadlineExceeded.Error()) {
			held++
		}
	}
	if held < 1 || held > most {
		t.Errorf("%d calls waited to the deadline of look-ups", held)
	}
}

const signing = `
domains: [{name: example.test, deliver: "sip:PBX", mode: enforce, outbound: carrier}]
peers: [{name: carrier, addresses: [CARRIERHOST], send: "sip:CARRIER"}]
checks: {rate: {enabled: false}}
identity:
  roots: [ROOTS]
  keys: [{cert: OWNCHAIN, key: OWNKEY, url: "https://PUBLISH/own.pem", numbers: ["+1555999*"]}]
  users: {example.test: ["+15559990001"]}
  publish: PUBLISH
`

// What our PBX calls is signed, with what we know about the number, and the chain is where the signature says.
func TestOurCallsAreSigned(t *testing.T) {
	t.Parallel()
	s := newSigners(t, signing)
	carrier := harness.UDP(t, s.Net.Addr(harness.CarrierHost, 5060), s.Net.Server()).Accept().Answering()
	client := http.Client{Transport: &http.Transport{TLSClientConfig: s.web.Client(s.Net)}}
	defer client.CloseIdleConnections()
	page, err := client.Get("https://" + s.Net.Addr(harness.ServerHost, 8446).String() + "/own.pem")
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	text, err := io.ReadAll(page.Body)
	if err != nil || strings.Contains(string(text), "PRIVATE") {
		t.Fatalf("got %q, %v", text, err)
	}
	chain, err := certificate.ParseChain(text)
	if err != nil {
		t.Fatal(err)
	}
	path, err := s.root.Roots().Path(chain)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := stir.NewVerifier(stir.VerifierConfig{Source: known{path}})
	if err != nil {
		t.Fatal(err)
	}
	for number, want := range map[string]byte{"+15559990001": 'A', "+15559990150": 'B', "+15551230001": 0} {
		invite := s.pbx.Invite("sip:+15557770001@elsewhere.test;user=phone", fmt.Sprintf("From: <sip:%s@example.test;user=phone>;tag=1%s", number, number[1:]),
			"To: <sip:+15557770001@elsewhere.test;user=phone>")
		if r := s.pbx.Ask(t, invite); r.Status() != 200 {
			t.Fatalf("INVITE: %s", r.StartLine())
		}
		got := carrier.Expect(t, "the call of "+number, func(m harness.Message) bool {
			return m.Method() == "INVITE" && strings.Contains(m.Get("From"), number)
		})
		var m sip.Message
		if err := m.Parse([]byte(got.Text)); err != nil {
			t.Fatal(err)
		}
		req := stir.RequestOf(&m, stir.RequestOptions{})
		result := verifier.Verify(context.Background(), &req)
		if result.Attestation != want || (want != 0) != (result.Outcome == stir.Valid) {
			t.Errorf("%s: %v (%v), attestation %q, want %q", number, result.Outcome, result.Detail, result.Attestation, want)
		}
	}
}

type known struct{ path *certificate.Path }

func (k known) Path(context.Context, string) (*certificate.Path, error) { return k.path, nil }

// repository finds chains where tokens say that they are, as a verifier does, without a cache.
type repository struct {
	client *http.Client
	root   *stirtest.Cert
}

func (r repository) Path(_ context.Context, info string) (*certificate.Path, error) {
	page, err := r.client.Get(info)
	if err != nil {
		return nil, err
	}
	defer page.Body.Close()
	text, err := io.ReadAll(page.Body)
	if err != nil || page.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s, %w", info, page.Status, errors.Join(err, stir.ErrUnreachable))
	}
	chain, err := certificate.ParseChain(text)
	if err != nil {
		return nil, err
	}
	return r.root.Roots().Path(chain)
}

// rotation is a server whose PBX calls out by a carrier, who verifies.
type rotation struct {
	*signers
	carrier  *harness.Endpoint
	source   stir.Source
	verifier *stir.Verifier
	calls    int
}

func newRotation(t *testing.T) *rotation {
	t.Helper()
	s := newSigners(t, signing)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: s.web.Client(s.Net)}}
	t.Cleanup(client.CloseIdleConnections)
	source := repository{client, s.root}
	verifier, err := stir.NewVerifier(stir.VerifierConfig{Source: source})
	if err != nil {
		t.Fatal(err)
	}
	return &rotation{signers: s, source: source, verifier: verifier, carrier: harness.UDP(t, s.Net.Addr(harness.CarrierHost, 5060), s.Net.Server()).Accept().Answering()}
}

// called is a call of the PBX as the carrier gets it.
func (r *rotation) called(t *testing.T) harness.Message {
	t.Helper()
	r.calls++
	tag := fmt.Sprintf("call%d", r.calls)
	if a := r.pbx.Ask(t, r.pbx.Invite("sip:+15557770001@elsewhere.test;user=phone", "From: <sip:+15559990001@example.test;user=phone>;tag="+tag,
		"To: <sip:+15557770001@elsewhere.test;user=phone>")); a.Status() != 200 {
		t.Fatalf("INVITE: %s", a.StartLine())
	}
	return r.carrier.Expect(t, "the call "+tag, func(m harness.Message) bool {
		return m.Method() == "INVITE" && strings.HasSuffix(m.Get("From"), tag)
	})
}

// verify says whether a verifier who has no chain yet believes a call.
func (r *rotation) verify(t *testing.T, got harness.Message) {
	t.Helper()
	var m sip.Message
	if err := m.Parse([]byte(got.Text)); err != nil {
		t.Fatal(err)
	}
	req := stir.RequestOf(&m, stir.RequestOptions{})
	if result := r.verifier.Verify(context.Background(), &req); result.Outcome != stir.Valid || result.Attestation != 'A' {
		t.Errorf("%v: %v\n%s", result.Outcome, result.Detail, got.Get("Identity"))
	}
}

// reload puts other keys into the configuration, as FILE/URL pairs, and says so to the server. done is what it then says.
func (r *rotation) reload(t *testing.T, done func() bool, keys ...string) {
	t.Helper()
	var list []string
	for _, k := range keys {
		list = append(list, fmt.Sprintf(`{cert: %[1]s.pem, key: %[1]s.key, url: "https://%[2]s/%[3]s.pem", numbers: ["+1555999*"]}`,
			filepath.Join(r.Dir, k), r.Net.Addr(harness.ServerHost, 8446), k))
	}
	roots := write(t, r.Dir, "roots.pem", r.root.ChainPEM())
	yaml := strings.NewReplacer("ROOTS", roots, "PUBLISH", r.Net.Addr(harness.ServerHost, 8446).String()).Replace(signing)
	var lines []string
	for _, l := range strings.Split(yaml, "\n") {
		if strings.Contains(l, "keys:") {
			l = "  keys: [" + strings.Join(list, ", ") + "]"
		}
		lines = append(lines, l)
	}
	r.Write(t, fill(r.Net, r.web.SecureListen(r.Net)+strings.Join(lines, "\n")))
	r.Signal(t, syscall.SIGHUP)
	harness.Eventually(t, harness.Patience, "the reload with the keys "+strings.Join(keys, ", "), done)
}

func (r *rotation) signedBy(t *testing.T, key string) bool {
	return strings.Contains(r.called(t).Get("Identity"), "/"+key+".pem>")
}

// A new key takes over by a reload; what the old one has signed can still be verified, and one that is no good changes nothing.
func TestKeysAreExchangedWithoutARestart(t *testing.T) {
	t.Parallel()
	r := newRotation(t)
	late := r.called(t) // a call that the verifier comes to when the key has gone
	if !strings.Contains(late.Get("Identity"), "/own.pem>") {
		t.Fatalf("signed with %s", late.Get("Identity"))
	}
	pid := r.Pid()
	next := r.root.Leaf(stirtest.SPC("OURS"), stirtest.Range("15559990000", 1000))
	write(t, r.Dir, "next.pem", next.ChainPEM())
	write(t, r.Dir, "next.key", next.KeyPEM())
	r.reload(t, func() bool { return r.signedBy(t, "next") }, "next")
	r.verify(t, r.called(t))
	r.verify(t, late)

	broken := r.root.Leaf(stirtest.SPC("OURS"), stirtest.Range("15559990000", 1000))
	write(t, r.Dir, "broken.pem", broken.ChainPEM())
	write(t, r.Dir, "broken.key", next.KeyPEM())
	r.reload(t, func() bool { return r.Said("stay as they were", "the key is not the certificate's", "gatehouse.yaml:") }, "broken", "next")
	if m := r.called(t); !strings.Contains(m.Get("Identity"), "/next.pem>") {
		t.Errorf("after a key that is not its certificate's: %s", m.Get("Identity"))
	} else {
		r.verify(t, m)
	}
	write(t, r.Dir, "broken.key", broken.KeyPEM())
	r.reload(t, func() bool { return r.signedBy(t, "broken") }, "broken", "next")
	r.verify(t, r.called(t))
	if r.Exited() || r.Pid() != pid {
		t.Error("the server was started again")
	}

	// A certificate that has expired keeps nobody from signing with another one, or from starting.
	lapsed := r.root.Leaf(stirtest.SPC("OURS"), stirtest.Range("15559990000", 1000), stirtest.Validity(time.Now().Add(-time.Hour), time.Now().Add(-time.Minute)))
	write(t, r.Dir, "lapsed.pem", lapsed.ChainPEM())
	write(t, r.Dir, "lapsed.key", lapsed.KeyPEM())
	r.reload(t, func() bool { return r.signedBy(t, "next") && r.Said("not valid now", "lapsed.pem") }, "lapsed", "next")
	r.verify(t, r.called(t))
	r.Stop(t)
	r.Restart(t)
	if !r.signedBy(t, "next") {
		t.Error("after the restart it is not signed")
	}
}

// A signed call that the PBX forwards to elsewhere goes out with a signature of the number that was called, so that it can still be verified there.
func TestForwardedCallsAreSignedAsDiverted(t *testing.T) {
	t.Parallel()
	r := newRotation(t)
	token := r.signers.carrier.Shaken(r.url, "15551230001", "15559990001", "A", time.Now())
	identity := strings.TrimSpace(strings.TrimPrefix(stirtest.IdentityHeader(token, r.url, "shaken"), "Identity:"))
	if a := r.pbx.Ask(t, r.pbx.Invite("sip:+15557770009@elsewhere.test;user=phone", "From: <sip:+15551230001@carrier.test;user=phone>;tag=f",
		"To: <sip:+15559990001@example.test;user=phone>", "Identity: "+identity)); a.Status() != 200 {
		t.Fatalf("INVITE: %s", a.StartLine())
	}
	got := r.carrier.ExpectRequest(t, "INVITE")
	var m sip.Message
	if err := m.Parse([]byte(got.Text)); err != nil {
		t.Fatal(err)
	}
	verifier, err := stir.NewVerifier(stir.VerifierConfig{Source: r.source, CheckRequestURI: true})
	if err != nil {
		t.Fatal(err)
	}
	req := stir.RequestOf(&m, stir.RequestOptions{})
	if result := verifier.Verify(context.Background(), &req); result.Outcome != stir.Valid || len(result.Diverted) != 1 || result.Attestation != 'A' {
		t.Errorf("%v: %v, diverted %v\n%s", result.Outcome, result.Detail, result.Diverted, got.Text)
	}
}
