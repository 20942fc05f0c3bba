package identity_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/identity"
	"gatehouse.example/internal/locate"
	"gatehouse.example/screen"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
	"gatehouse.example/stir"
	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/passport"
	"gatehouse.example/stir/stirtest"
	"gatehouse.example/verdict"
)

// request is a call as it arrives.
func request(t testing.TB, from string, lines ...string) *sip.Message {
	t.Helper()
	text := "INVITE sip:+15557770001@example.test;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n" +
		"From: " + from + ";tag=1\r\nTo: <sip:+15557770001@example.test;user=phone>\r\nCall-ID: 1@192.0.2.7\r\nCSeq: 1 INVITE\r\n"
	for _, l := range lines {
		text += l + "\r\n"
	}
	var m sip.Message
	if err := m.Parse([]byte(text + "Content-Length: 0\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	return &m
}

func valid(attestation byte, id passport.Identity) *stir.Result {
	return &stir.Result{Outcome: stir.Valid, Attestation: attestation, Identity: id}
}

// The ladder: what counts where several things prove something.
func TestWho(t *testing.T) {
	const from, pai = "<sip:+15551230001@carrier.test;user=phone>", "P-Asserted-Identity: <sip:boss@carrier.test>, <tel:+15551230002>"
	number := passport.Identity{TN: "15551230001"}
	for _, c := range []struct {
		what     string
		evidence identity.Evidence
		proof    verdict.Proof
		who      string
	}{
		{"nothing but a claim", identity.Evidence{}, verdict.None, ""},
		{"attestation A", identity.Evidence{Signature: valid('A', number)}, verdict.StirA, "tel:+15551230001"},
		{"attestation B", identity.Evidence{Signature: valid('B', number)}, verdict.StirB, "tel:+15551230001"},
		{"attestation C", identity.Evidence{Signature: valid('C', number)}, verdict.StirC, "tel:+15551230001"},
		{"a signed address", identity.Evidence{Signature: valid(0, passport.Identity{URI: "sip:anna@carrier.test"})}, verdict.StirURI, "sip:anna@carrier.test"},
		{"a short number stays as it is", identity.Evidence{Signature: valid(0, passport.Identity{TN: "1005"})}, verdict.StirURI, "tel:1005"},
		{"a signature that does not hold", identity.Evidence{Signature: &stir.Result{Outcome: stir.Invalid, Attestation: 'A', Identity: number}}, verdict.None, ""},
		{"the domain's certificate", identity.Evidence{Domains: []string{"carrier.test"}}, verdict.TLS, "sip:+15551230001@carrier.test"},
		{"another domain's certificate", identity.Evidence{Domains: []string{"evil.test"}}, verdict.None, ""},
		{"a certificate of a part of the name", identity.Evidence{Domains: []string{"test", "*.test"}}, verdict.None, ""},
		{"a trusted peer", identity.Evidence{Trusted: true}, verdict.Trunk, "tel:+15551230002"},
		{"our own account", identity.Evidence{Account: "sip:alice@example.test"}, verdict.Digest, "sip:alice@example.test"},
		{"a signature over a peer's word", identity.Evidence{Trusted: true, Signature: valid('C', number)}, verdict.StirC, "tel:+15551230001"},
		{"a signature over the connection", identity.Evidence{Domains: []string{"carrier.test"}, Signature: valid('A', number)}, verdict.StirA, "tel:+15551230001"},
		{"the connection over a peer's word", identity.Evidence{Domains: []string{"carrier.test"}, Trusted: true}, verdict.TLS, "sip:+15551230001@carrier.test"},
		{"our account over all", identity.Evidence{Account: "sip:alice@example.test", Trusted: true, Signature: valid('A', number)}, verdict.Digest, "sip:alice@example.test"},
	} {
		c.evidence.Message = request(t, from, pai)
		got := identity.Who(&c.evidence)
		text := ""
		if got.Proof != verdict.None {
			text = string(got.URI.AppendAoR(nil))
		}
		if got.Proof != c.proof || text != c.who {
			t.Errorf("%s: %v %q, want %v %q", c.what, got.Proof, text, c.proof, c.who)
		}
	}
}

func TestWhoOfAPeerThatAssertsNobody(t *testing.T) {
	for _, line := range []string{"P-Asserted-Identity: <sip:a@b", "Subject: none"} {
		e := identity.Evidence{Message: request(t, "<sip:a@b.test>", line), Trusted: true}
		if got := identity.Who(&e); got.Proof != verdict.None {
			t.Errorf("%s: %v", line, got.Proof)
		}
	}
}

func signer(t testing.TB) (*stir.Signer, *stirtest.Cert) {
	t.Helper()
	root := stirtest.NewRoot()
	leaf := root.Leaf(stirtest.SPC("OURS"), stirtest.Range("15559990000", 1000), stirtest.DNS("example.test"))
	s, err := stir.NewSigner(stir.SignerConfig{Credentials: []stir.Credential{{
		Key: leaf.Key, Chain: leaf.Chain(), URL: "https://certs.example.test/own.pem", Numbers: []string{"1555999*"}, Domains: []string{"example.test"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return s, leaf
}

type at struct{ path *certificate.Path }

func (s at) Path(context.Context, string) (*certificate.Path, error) { return s.path, nil }

// What we vouch for follows from what we know of the sender, and is never assumed.
func TestSign(t *testing.T) {
	s, leaf := signer(t)
	verifier, err := stir.NewVerifier(stir.VerifierConfig{Source: at{leaf.Path()}})
	if err != nil {
		t.Fatal(err)
	}
	service := identity.New(identity.Config{})
	service.SetRules(&identity.Rules{Signer: s, Verifier: verifier, Signed: []string{"+1555999*"}, Numbers: map[string][]string{
		"alice@example.test": {"+15559990001"}, "example.test": {"+15559990100"},
	}})
	const alice = "sip:alice@example.test"
	for _, c := range []struct {
		what, from string
		who        identity.Signatory
		err        error
		attested   byte
		signed     bool
	}{
		{"her own number", "<sip:+15559990001@example.test;user=phone>", identity.Signatory{User: alice}, nil, 'A', true},
		{"another number of ours", "<sip:+15559990002@example.test;user=phone>", identity.Signatory{User: alice}, nil, 'B', true},
		{"a number that is not ours", "<sip:+15551230001@example.test;user=phone>", identity.Signatory{User: alice}, identity.ErrNotOurs, 0, false},
		{"her address", "<sip:alice@example.test>", identity.Signatory{User: alice}, nil, 0, true},
		{"another's address", "<sip:bob@example.test>", identity.Signatory{User: alice}, identity.ErrNotOurs, 0, false},
		{"the PBX's number", "<sip:+15559990100@example.test;user=phone>", identity.Signatory{PBX: "example.test"}, nil, 'A', true},
		{"the PBX, a number that is not listed", "<sip:+15559990001@example.test;user=phone>", identity.Signatory{PBX: "example.test"}, nil, 'B', true},
		{"the PBX, an address of its domain", "<sip:bob@EXAMPLE.test>", identity.Signatory{PBX: "example.test"}, nil, 0, true},
		{"the PBX, an address of elsewhere", "<sip:bob@elsewhere.test>", identity.Signatory{PBX: "example.test"}, identity.ErrNotOurs, 0, false},
		{"nobody", "<sip:+15559990001@example.test;user=phone>", identity.Signatory{}, identity.ErrNotOurs, 0, false},
	} {
		m := request(t, c.from)
		lines, err := service.Sign(m, c.who)
		if !errors.Is(err, c.err) || (len(lines) > 0) != c.signed {
			t.Errorf("%s: %q, %v", c.what, lines, err)
			continue
		}
		if !c.signed {
			continue
		}
		got := service.Prove(t.Context(), request(t, c.from, strings.Split(strings.TrimSuffix(string(lines), "\r\n"), "\r\n")...), identity.Sender{})
		if got.Outcome != stir.Valid || got.Attestation != c.attested {
			t.Errorf("%s: %v (%s), attestation %q", c.what, got.Outcome, got.Detail, got.Attestation)
		}
	}
}

// Who may call by a number is who it is listed for, at a host of his own domain.
func TestSpeaks(t *testing.T) {
	service := identity.New(identity.Config{})
	service.SetRules(&identity.Rules{Numbers: map[string][]string{"alice@example.test": {"+15559990001"}, "example.test": {"+15559990100"}}})
	for _, c := range []struct {
		user, from string
		want       bool
	}{
		{"sip:alice@example.test", "sip:+15559990001@example.test;user=phone", true},
		{"sip:alice@example.test", "sip:+1-555-999-0001@EXAMPLE.test", true},
		{"sip:alice@example.test", "tel:+15559990001", true},
		{"sip:alice@example.test", "sip:+15559990001@elsewhere.test", false},
		{"sip:alice@example.test", "sip:+15559990002@example.test", false},
		{"sip:alice@example.test", "sip:+15559990100@example.test", false},
		{"sip:bob@example.test", "sip:+15559990001@example.test", false},
		{"sip:alice@example.test", "sip:bob@example.test", false},
		{"", "sip:+15559990001@", false},
	} {
		u, _ := uri.Parse([]byte(c.from))
		if got := service.Speaks(c.user, &u); got != c.want {
			t.Errorf("%s as %s: %v", c.user, c.from, got)
		}
	}
}

// A call with signatures that goes out is one that the PBX forwards: it is signed as who was called.
func TestSignOfWhatThePBXForwards(t *testing.T) {
	s, leaf := signer(t)
	service := identity.New(identity.Config{})
	service.SetRules(&identity.Rules{Signer: s, Signed: []string{"+1555999*"}})
	const from = "<sip:+15551230001@carrier.test;user=phone>"
	about := func(dest string) string {
		token := leaf.Shaken("https://certs.example.test/a.pem", "15551230001", dest, "A", time.Now())
		return strings.TrimSpace(stirtest.IdentityHeader(token, "https://certs.example.test/a.pem", "shaken"))
	}
	for _, c := range []struct {
		what, dest string
		who        identity.Signatory
		err        error
	}{
		{"for a number of ours", "15559990001", identity.Signatory{PBX: "example.test"}, nil},
		{"for nobody of ours", "15551110001", identity.Signatory{PBX: "example.test"}, stir.ErrNotDiverted},
		{"by a user", "15559990001", identity.Signatory{User: "sip:alice@example.test"}, identity.ErrNotOurs},
	} {
		lines, err := service.Sign(request(t, from, "Identity: "+about(c.dest)), c.who)
		if !errors.Is(err, c.err) || strings.Contains(string(lines), "ppt=div") != (c.err == nil) {
			t.Errorf("%s: %q, %v", c.what, lines, err)
		}
	}
}

func TestWithoutRulesNothingIsDone(t *testing.T) {
	s := identity.New(identity.Config{})
	m := request(t, "<sip:alice@example.test>")
	lines, err := s.Sign(m, identity.Signatory{User: "sip:alice@example.test"})
	if s.Verifies() || s.Signs() || lines != nil || err != nil || s.Prove(t.Context(), m, identity.Sender{}) != nil {
		t.Error("something was done")
	}
	if f := identity.Facts(nil); f != (verdict.Signature{}) {
		t.Errorf("facts %+v", f)
	}
}

// What a verification came to, in the words of verdicts.
func TestFacts(t *testing.T) {
	for outcome, want := range map[stir.Outcome]string{
		stir.Missing: verdict.SignatureMissing, stir.Valid: verdict.SignatureValid, stir.Stale: verdict.SignatureStale,
		stir.Invalid: verdict.SignatureInvalid, stir.Unsupported: verdict.SignatureUnsupported, stir.Unreachable: verdict.SignatureUnreachable,
	} {
		if got := identity.Facts(&stir.Result{Outcome: outcome}).Outcome; got != want {
			t.Errorf("%v: %q, want %q", outcome, got, want)
		}
	}
	got := identity.Facts(&stir.Result{Outcome: stir.Invalid, Reason: stir.BadSignature, Detail: "r is zero"})
	if !strings.Contains(got.Reason, "r is zero") || got.Signer != "" {
		t.Errorf("got %+v", got)
	}
}

// hosts is a resolver whose cache is filled by looking up.
type hosts struct {
	found  map[string]string
	cached map[string]bool
	asked  []string
}

func (h *hosts) Cached(t locate.Target, dst []locate.Hop) ([]locate.Hop, bool) {
	if !h.cached[t.Host] {
		return dst, false
	}
	return append(dst, locate.Hop{Addr: netip.MustParseAddrPort(h.found[t.Host])}), true
}

func (h *hosts) Lookup(_ context.Context, t locate.Target) ([]locate.Hop, error) {
	h.asked = append(h.asked, t.Host)
	if h.found[t.Host] == "" {
		return nil, locate.ErrNotFound
	}
	h.cached[t.Host] = true
	return nil, nil
}

// RFC 5039 §4.1: a source is asked about without making the caller wait, and a name that leads nowhere is not asked for again and again.
func TestServes(t *testing.T) {
	h := &hosts{found: map[string]string{"carrier.test": "192.0.2.7:5060"}, cached: map[string]bool{}}
	s := identity.New(identity.Config{Locator: h, Go: func(f func(context.Context)) bool { f(t.Context()); return true }})
	own, other, now := netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("192.0.2.8"), time.Now()
	for _, c := range []struct {
		domain string
		source netip.Addr
		want   screen.Ternary
	}{
		{"carrier.test", own, screen.Unknown}, // looked up meanwhile
		{"carrier.test", own, screen.Yes},
		{"carrier.test", other, screen.No},
		{"carrier.test", netip.MustParseAddr("::ffff:192.0.2.7"), screen.Yes},
		{"nowhere.test", own, screen.Unknown},
		{"nowhere.test", own, screen.Unknown},
		{"192.0.2.7", own, screen.Unknown},
		{"", own, screen.Unknown},
	} {
		if got := s.Serves(c.domain, c.source, now); got != c.want {
			t.Errorf("%s from %s: %v, want %v", c.domain, c.source, got, c.want)
		}
	}
	if len(h.asked) != 2 {
		t.Errorf("asked for %q", h.asked)
	}
	for i := range 1000 {
		s.Serves(strings.Repeat("x", i%50+1)+string(rune('a'+i%26))+".invented.test", other, now)
	}
	if n := len(h.asked); n > 2+20 {
		t.Errorf("%d look-ups in a second for names that a stranger invents", n)
	}
	if got := s.Serves("later.test", other, now.Add(2*time.Second)); got != screen.Unknown || h.asked[len(h.asked)-1] != "later.test" {
		t.Errorf("%v, %q", got, h.asked[len(h.asked)-1])
	}
}
