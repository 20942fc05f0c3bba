package e2e

import (
	"strings"
	"testing"

	"gatehouse.example/test/harness"
)

func TestBlockedNumberHearsNetworkBlocked(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing)
	s.Block(t, "+15551230001")
	// The list means the number, however it is written.
	for _, from := range []string{"+15551230001", "+1-555-123-0001", "001 5551230001", "%2B15551230001"} {
		r := s.caller.Ask(t, s.caller.Invite(bob, spammer(strings.ReplaceAll(from, " ", ""))))
		if r.StartLine() != "SIP/2.0 603 Network Blocked" {
			t.Errorf("from %s: %s", from, r.StartLine())
		}
		if reason := r.Get("Reason"); !strings.Contains(reason, "cause=603") || !strings.Contains(reason, "v=analytics1") {
			t.Errorf("Reason: %q", reason)
		}
	}
	if in := s.pbx.Inbox(); len(in) > 0 {
		t.Errorf("the PBX got %s", in[0].StartLine())
	}
	a := s.Attempt(t, "the rejection", func(a *harness.Attempt) bool { return a.Action == "reject" })
	if !a.Has("LISTS_BLOCKED") || a.Response == nil || a.Response.Code != 603 || a.Response.Reason != "Network Blocked" || a.Mode != "enforce" {
		t.Errorf("%+v", a)
	}
	if len(a.Signals) > 0 && !strings.Contains(a.Signals[0].Evidence, "local") {
		t.Errorf("the evidence does not name the list: %q", a.Signals[0].Evidence)
	}
	harness.Eventually(t, harness.Patience, "the log says why", func() bool { return s.Said("msg=verdict", "LISTS_BLOCKED") })
}

func TestEachRejectionProfile(t *testing.T) {
	t.Parallel()
	for profile, want := range map[string]struct{ line, field, holds string }{
		"us-603plus": {"SIP/2.0 603 Network Blocked", "Reason", "url="},
		"607":        {"SIP/2.0 607 Unwanted", "Call-Info", "<https://example.test/card>"},
		"608":        {"SIP/2.0 608 Rejected", "Call-Info", "purpose=jwscard"},
		"603":        {"SIP/2.0 603 Decline", "", ""},
		"486":        {"SIP/2.0 486 Busy Here", "", ""},
		"404":        {"SIP/2.0 404 Not Found", "", ""},
	} {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, enforcing+"policy: {rejection: "+profile+"}\nredress: {jcard: https://example.test/card, url: https://example.test/complain}\n")
			s.Block(t, "+15551230001")
			r := s.caller.Ask(t, s.caller.Invite(bob, spammer("+15551230001")))
			if r.StartLine() != want.line {
				t.Errorf("got %s", r.StartLine())
			}
			if want.field != "" && !strings.Contains(r.Get(want.field), want.holds) {
				t.Errorf("%s: %q", want.field, r.Get(want.field))
			}
			if want.field == "" && r.Get("Reason")+r.Get("Call-Info") != "" {
				t.Errorf("tells too much:\n%s", r.Text)
			}
		})
	}
}

func TestLabelMarksNameAndHeader(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing+"policy: {thresholds: {label: 4, introduce: 100, reject: 100}}\nlabel: {display_prefix: \"[SPAM?] \", header: X-Spam-Report}\n")
	s.Block(t, "+15551230001")
	request := s.caller.Invite(bob, spammer("+15551230001"), "X-Spam-Report: relay;score=0")
	ok := s.caller.Ask(t, request)
	if ok.Status() != 200 {
		t.Fatalf("INVITE: %s", ok.StartLine())
	}
	m := s.pbx.ExpectRequest(t, "INVITE")
	if !strings.HasPrefix(m.Get("From"), `"[SPAM?] Bank" <sip:+15551230001@carrier.test>;tag=`) {
		t.Errorf("From: %s", m.Get("From"))
	}
	if all := m.All("X-Spam-Report"); len(all) != 1 || !strings.Contains(all[0], "LISTS_BLOCKED") {
		t.Errorf("X-Spam-Report: %q", all)
	}
	if m.Body() != harness.SDP {
		t.Errorf("the body was changed: %q", m.Body())
	}
	s.Attempt(t, "the label", func(a *harness.Attempt) bool { return a.Action == "label" })
	// He keeps it for the whole call, and does not see it.
	d := s.caller.CallerDialog(ok)
	s.caller.Send(d.Request("ACK"))
	for _, method := range []string{"INVITE", "UPDATE", "BYE"} {
		r := s.caller.Ask(t, d.Request(method, "Contact: <"+s.caller.URI("x")+">", "Subject: "+strings.Repeat("a long request ", 30)))
		inside := s.pbx.Expect(t, method, func(in harness.Message) bool {
			return in.Method() == method && harness.Param(in.Get("To"), "tag") != ""
		})
		if r.Status() != 200 || inside.Get("From") != m.Get("From") || r.Get("From") != ok.Get("From") {
			t.Errorf("%s: %s, the PBX sees %s, the caller %s", method, r.StartLine(), inside.Get("From"), r.Get("From"))
		}
	}
}

func TestMonitorRelaysAndShowsWhatWouldBe(t *testing.T) {
	t.Parallel()
	s := newSite(t, strings.Replace(enforcing, "enforce", "monitor", 1))
	s.Block(t, "+15551230001")
	s.call(t, spammer("+15551230001"))
	a := s.Attempt(t, "the call", func(a *harness.Attempt) bool { return a.Kind == "call" })
	if a.Action != "relay" || a.Mode != "monitor" || a.Score < 12 || !a.Has("LISTS_BLOCKED") {
		t.Errorf("%+v", a)
	}
	if from := s.pbx.ExpectRequest(t, "INVITE").Get("From"); !strings.HasPrefix(from, `"Bank"`) {
		t.Errorf("monitor mode changed the name: %s", from)
	}
}

// TestAllowedFriendPassesWhereProven: allow counts fully for a proven identity,
// so a mere claim does not outweigh a block.
func TestAllowedFriendPassesWhereProven(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing+"peers: [{name: carrier, addresses: [CARRIERHOST], trust: [pai]}]\n")
	s.Block(t, "+1555123*")
	s.Allow(t, "+15551230009")
	carrier := harness.UDP(t, s.Net.Addr(harness.CarrierHost, 5060), s.Net.Server())
	s.callFrom(t, carrier, spammer("+15551230009"), "P-Asserted-Identity: <tel:+15551230009>")
	r := carrier.Ask(t, carrier.Invite(bob, spammer("+15551230008"), "P-Asserted-Identity: <tel:+15551230008>"))
	if r.Status() != 603 {
		t.Errorf("the neighbour: %s", r.StartLine())
	}
	r = s.caller.Ask(t, s.caller.Invite(bob, spammer("+15551230009"), "P-Asserted-Identity: <tel:+15551230009>"))
	if r.Status() != 603 {
		t.Errorf("a stranger who claims to be the friend: %s", r.StartLine())
	}
}

func TestEmergencyCallsAreNeverScreened(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing+"exempt: [\"4711\"]\n")
	s.Block(t, "+15551230001")
	for _, uri := range []string{"sip:112@example.test", "sip:911@example.test", "tel:112;phone-context=+49", "urn:service:sos.police", "sip:4711@example.test"} {
		r := s.caller.Ask(t, s.caller.Invite(uri, spammer("+15551230001")))
		if r.Status() != 200 {
			t.Errorf("%s: %s", uri, r.StartLine())
		}
		s.pbx.ExpectRequest(t, "INVITE")
	}
	// The number is what counts, and not a header that anybody can write.
	r := s.caller.Ask(t, s.caller.Invite(bob, spammer("+15551230001"), "Priority: emergency"))
	if r.Status() != 603 {
		t.Errorf("with Priority: emergency: %s", r.StartLine())
	}
}

// Who calls for help is called back; but a stranger who calls for help in a user's name, which nobody keeps him from, does not open that user's telephone.
func TestOnlyWhoCallsForHelpHimselfIsCalledBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, "domains: [{name: example.test, deliver: home, mode: enforce, outbound: carrier}]\n"+
		"peers: [{name: carrier, addresses: [CARRIERHOST], send: \"sip:CARRIER\"}]\nchecks: {rate: {enabled: false}}\n")
	carrier := harness.UDP(t, s.Net.Addr(harness.CarrierHost, 5060), s.Net.Server()).Answering()
	s.AddUser(t, "bob@example.test", "secret")
	phone := harness.UDP(t, s.Net.Addr(harness.BobHost, 5060), s.Net.Server()).Answering()
	register(t, phone, "bob", "secret")
	expected := func() bool {
		tag := harness.Token()
		s.caller.Ask(t, s.caller.Invite(bob, "From: \""+tag+"\" <sip:anna@elsewhere.test>;tag="+tag, "Subject: "+strings.Repeat("a long INVITE ", 30)))
		a := s.Attempt(t, "the next call", func(a *harness.Attempt) bool { return a.From.Display == tag })
		return a.Has("KNOWN_EXPECTED")
	}
	for _, c := range []struct {
		caller *harness.Endpoint
		want   bool
	}{{s.caller, false}, {phone, true}} {
		request := c.caller.Invite("sip:112@example.test", "From: <"+bob+">;tag="+harness.Token(), "To: <sip:112@example.test>")
		if r := c.caller.Ask(t, request); r.Status() != 200 {
			t.Fatalf("a call for help: %s", r.StartLine())
		}
		carrier.ExpectRequest(t, "INVITE")
		if got := expected(); got != c.want {
			t.Errorf("called back: %v, want %v", got, c.want)
		}
	}
}

func TestRetransmittedInviteIsOneAttempt(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing)
	s.Block(t, "+15551230001")
	for _, from := range []string{"+15551230001", "+15551230002"} {
		request := s.caller.Invite(bob, spammer(from))
		for range 5 {
			s.caller.Send(request)
		}
		s.caller.ExpectFinal(t, request)
	}
	s.call(t, spammer("+15551230003")) // whatever was counted, was counted before
	s.Attempt(t, "the last call", func(a *harness.Attempt) bool { return strings.Contains(a.From.Claimed, "0003") })
	if all := s.Attempts(t, ""); len(all) != 3 {
		t.Errorf("%d attempts in the history, want 3", len(all))
	}
	invites := 0
	for _, m := range s.pbx.Inbox() {
		if m.Status() == 0 && m.Method() == "INVITE" {
			invites++
		}
	}
	if invites != 2 {
		t.Errorf("the PBX got %d INVITEs, want 2", invites)
	}
}

func TestFeedbackStaysWithTheAttempt(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing)
	s.call(t)
	a := s.Attempt(t, "the call", func(a *harness.Attempt) bool { return a.Kind == "call" })
	s.Must(t, "POST", "/attempts/"+a.ID+"/feedback", map[string]string{"label": "spam"}, nil)
	var got harness.Attempt
	s.Must(t, "GET", "/attempts/"+a.ID, nil, &got)
	if got.Feedback != "spam" {
		t.Errorf("feedback %q", got.Feedback)
	}
}
