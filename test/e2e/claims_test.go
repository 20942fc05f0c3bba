package e2e

import (
	"crypto/tls"
	"encoding/base64"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gatehouse.example/stir/passport"
	"gatehouse.example/stir/stirtest"
	"gatehouse.example/test/harness"
)

// The name in a signed token is the caller's own word: it is looked at as his display name is, and nobody but us says that it was checked.
func TestSignedNameIsLookedAtAsAnyOther(t *testing.T) {
	t.Parallel()
	s := newSigners(t, strings.Replace(verifying, "checks: {", "checks: {display: {protected: [{name: First Bank, by: [bank.test]}]}, ", 1)+
		"  caller_name: true\n")
	call := func(name, more string) *harness.Attempt {
		token := s.carrier.Sign(passport.Header{PPT: passport.Shaken, X5U: s.url}, passport.Claims{
			Orig: passport.Identity{TN: "15551230001"}, Dest: passport.Destinations{TN: []string{"15557770001"}}, IssuedAt: time.Now().Unix(),
			Attest: "A", OrigID: stirtest.UUID(), RCD: &passport.RCD{Name: name}, CallReason: "about your account",
		})
		tag := harness.Token()
		if r := s.caller.Ask(t, s.caller.Invite("sip:+15557770001@example.test;user=phone", "From: \"Anna "+tag+"\" <sip:+15551230001@carrier.test;user=phone>;tag="+tag,
			"To: <sip:+15557770001@example.test;user=phone>", "Identity: "+stirtest.IdentityHeader(token, s.url, "shaken"), more)); r.Status() != 200 {
			t.Fatalf("%s: %s", name, r.StartLine())
		}
		a := s.Attempt(t, name, func(a *harness.Attempt) bool { return a.From.Display == "Anna "+tag })
		return &a
	}
	if a := call("Anna's Shop", "Call-Info: <https://x.test/i.png>;purpose=icon;verified=\"true\""); a.Has("DISPLAY_MIXED_SCRIPT") || a.Has("DISPLAY_PROTECTED") {
		t.Errorf("an honest name: %+v", a)
	}
	m := s.pbx.ExpectRequest(t, "INVITE")
	if got := m.Get("Call-Info"); got != "<https://x.test/i.png>;purpose=icon" {
		t.Errorf("Call-Info %q", got)
	}
	if got := m.Get("P-Asserted-Identity"); !strings.HasPrefix(got, `"Anna's Shop" <tel:+15551230001;verstat=`) {
		t.Errorf("P-Asserted-Identity %q", got)
	}
	if a := call("First B\u0430nk", "Subject: x"); !a.Has("DISPLAY_MIXED_SCRIPT") || !a.Has("DISPLAY_PROTECTED") {
		t.Errorf("a forged name in the token: %+v", a)
	}
	if got := s.pbx.Expect(t, "the doubtful call", func(m harness.Message) bool { return m.Get("Subject") == "x" }).Get("P-Asserted-Identity"); !strings.HasPrefix(got, `"[SPAM?] " <tel:+15551230001;verstat=`) {
		t.Errorf("P-Asserted-Identity of a doubtful caller %q", got)
	}
	card := `["vcard",[["fn",{},"text","First B\u0430nk"]]]`
	info := "Call-Info: <data:application/json;base64," + base64.StdEncoding.EncodeToString([]byte(card)) + ">;purpose=jcard"
	if a := call("Anna's Shop", info); !a.Has("DISPLAY_MIXED_SCRIPT") || !a.Has("DISPLAY_PROTECTED") {
		t.Errorf("a forged name in a card: %+v", a)
	}
}

// A domain's certificate proves what comes over its connection, for that domain and no other (RFC 5039 §4.1), and what it asserts is not believed.
func TestDomainSpeaksForItselfOnly(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	own, peer := harness.NewCertificate(t, n, "example.test"), harness.NewCertificate(t, n, "carrier.test")
	pbx := harness.UDP(t, n.PBX(), n.Server()).Accept().Answering()
	listen := strings.Replace(own.SecureListen(n), "tls: {", "tls: {client_ca: "+peer.CertFile+", ", 1)
	server := harness.Start(t, n, listen+strings.TrimLeft(fill(n, enforcing), "\n"))
	pair, err := tls.LoadX509KeyPair(peer.CertFile, peer.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	cfg := own.Client(n)
	cfg.Certificates = []tls.Certificate{pair}
	caller := harness.TLS(t, n.Host(harness.CallerHost), n.Addr(harness.ServerHost, 5061), cfg)
	for from, want := range map[string]struct{ proof, signal string }{
		"sip:anna@carrier.test":     {"tls", "IDENTITY_PROVEN"},
		"sip:anna@CARRIER.test":     {"tls", "IDENTITY_PROVEN"},
		"sip:boss@bank.test":        {"none", "IDENTITY_SENDER_MISMATCH"},
		"sip:anna@sub.carrier.test": {"none", "IDENTITY_SENDER_MISMATCH"},
	} {
		tag := harness.Token()
		r := caller.Ask(t, caller.Invite("sip:bob@example.test", "From: \""+tag+"\" <"+from+">;tag="+tag, "P-Asserted-Identity: <"+from+">"))
		if r.Status() != 200 {
			t.Fatalf("%s: %s", from, r.StartLine())
		}
		a := server.Attempt(t, from, func(a *harness.Attempt) bool { return a.From.Display == tag })
		if a.From.Proof != want.proof || !a.Has(want.signal) {
			t.Errorf("%s: proof %s, %+v", from, a.From.Proof, a)
		}
		if m := pbx.Expect(t, tag, func(m harness.Message) bool { return strings.Contains(m.Get("From"), tag) }); m.Get("P-Asserted-Identity") != "" {
			t.Errorf("%s: the PBX got P-Asserted-Identity %q", from, m.Get("P-Asserted-Identity"))
		}
	}
}

// Nobody speaks in a hosted user's name without its password, whichever of our domains he calls.
func TestHostedNameNeedsItsPasswordEverywhere(t *testing.T) {
	t.Parallel()
	s := newSite(t, strings.Replace(enforcing, "domains: [", "domains: [{name: home.test, deliver: home}, ", 1))
	s.AddUser(t, "alice@home.test", "secret-alice")
	server := s.Net.Server()
	for _, name := range []string{
		"alice@home.test", "nobody@home.test", // what an unknown user gets differs in nothing
		"alice@HOME.test.:5070", "%61lice;x=y@home.test;user=phone", "alice@" + server.Addr().String(), "alice@" + server.String(), "alice@[::ffff:" + server.Addr().String() + "]",
	} {
		if r := s.caller.Ask(t, s.caller.Invite(bob, "From: <sip:"+name+">;tag=1")); r.Status() != 407 {
			t.Errorf("%s: %s", name, r.StartLine())
		}
	}
	if in := s.pbx.Inbox(); len(in) > 0 {
		t.Errorf("reached the PBX:\n%s", in[0].Text)
	}
	// Another program on this machine is none of us.
	other := "From: <sip:sipp@" + netip.AddrPortFrom(server.Addr(), server.Port()+1).String() + ">;tag=1"
	if r := s.caller.Ask(t, s.caller.Invite(bob, other)); r.Status() != 200 {
		t.Errorf("%s: %s", other, r.StartLine())
	}
	if r := s.caller.Ask(t, s.caller.Invite(bob, "From: <sip:anna@elsewhere.test>;tag=1")); r.Status() != 200 {
		t.Errorf("another caller: %s", r.StartLine())
	}
}
