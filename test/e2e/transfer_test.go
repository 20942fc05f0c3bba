package e2e

import (
	"strings"
	"testing"
	"time"

	"gatehouse.example/test/harness"
)

// TestTransferNamesATelephone: who transfers a call after asking names the very telephone that he talks with, by its Contact. A user of ours who is transferred
// reaches that one, and the call is one to its user; somebody outside reaches nobody by it.
func TestTransferNamesATelephone(t *testing.T) {
	t.Parallel()
	s := newSite(t, "domains: [{name: example.test, deliver: home, outbound: carrier}]\n"+
		"peers: [{name: carrier, addresses: [CARRIERHOST], send: \"sip:CARRIER\"}]\n")
	carrier := harness.UDP(t, s.Net.Addr(harness.CarrierHost, 5060), s.Net.Server()).Answering()
	desk := harness.UDP(t, s.Net.Addr(harness.BobHost, 5060), s.Net.Server()).Answering()
	mobile := harness.TCP(t, s.Net.Host(harness.StandbyHost), s.Net.Server()).Answering()
	for _, user := range []string{"alice@example.test", "bob@example.test"} {
		s.AddUser(t, user, "secret")
	}
	register(t, desk, "bob", "secret")
	register(t, mobile, "bob", "secret")

	contact := mobile.URI("bob")
	replaces := "Replaces: 7@example.test;to-tag=1;from-tag=2"
	lines := []string{"From: <sip:alice@example.test>;tag=" + harness.Token(), replaces}
	r := s.caller.Ask(t, s.caller.Invite(contact, lines...))
	if r.Status() != 407 {
		t.Fatalf("without a password: %s", r.StartLine())
	}
	r = s.caller.Ask(t, s.caller.Invite(contact, append(lines, "CSeq: 2 INVITE", answerTo(t, r, "alice", "INVITE", contact))...))
	if r.Status() != 200 {
		t.Fatalf("INVITE: %s", r.StartLine())
	}
	if m := mobile.ExpectRequest(t, "INVITE"); m.RequestURI() != contact || m.Get("Replaces") == "" {
		t.Errorf("the telephone got\n%s", m.Text)
	}
	s.Attempt(t, "the call to bob", func(a *harness.Attempt) bool { return a.Kind == "call" && a.To.User == bob })

	r = s.caller.Ask(t, s.caller.Invite(contact, replaces, "Subject: "+strings.Repeat("a long INVITE ", 30)))
	if r.Status() != 403 {
		t.Errorf("somebody outside: %s", r.StartLine())
	}
	for name, e := range map[string]*harness.Endpoint{"the other telephone": desk, "the carrier": carrier, "the telephone again": mobile} {
		if m, ok := e.Find(100*time.Millisecond, func(m harness.Message) bool { return m.Method() == "INVITE" }); ok {
			t.Errorf("%s got\n%s", name, m.Text)
		}
	}
}
