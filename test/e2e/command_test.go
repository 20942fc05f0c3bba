package e2e

import (
	"strings"
	"testing"

	"gatehouse.example/test/harness"
)

// TestOnlyOursTransferCalls: a stranger who was let in to a call has nobody call others, nor answer; a user of ours transfers as ever; and what is written in a
// call is read.
func TestOnlyOursTransferCalls(t *testing.T) {
	t.Parallel()
	s := newSite(t, "domains: [{name: example.test, deliver: home, mode: enforce}]\nchecks: {rate: {enabled: false}}\n")
	for _, user := range []string{"alice", "bob"} {
		s.AddUser(t, user+"@example.test", "secret")
	}
	bobs := harness.UDP(t, s.Net.Addr(harness.BobHost, 5060), s.Net.Server()).Answering()
	alices := harness.UDP(t, s.Net.Addr(harness.AliceHost, 5060), s.Net.Server()).Answering()
	register(t, bobs, "bob", "secret")
	register(t, alices, "alice", "secret")
	long := "Subject: " + strings.Repeat("a long request ", 30)
	for _, c := range []struct {
		caller *harness.Endpoint
		from   string
		want   int
	}{{s.caller, "sip:anna@elsewhere.test", 403}, {alices, "sip:alice@example.test", 200}} {
		lines := []string{"From: <" + c.from + ">;tag=" + harness.Token(), long}
		ok := c.caller.Ask(t, c.caller.Invite(bob, lines...))
		if ok.Status() == 407 {
			ok = c.caller.Ask(t, c.caller.Invite(bob, append(lines, "CSeq: 2 INVITE", answerTo(t, ok, "alice", "INVITE", bob))...))
		}
		if ok.Status() != 200 {
			t.Fatalf("%s: %s", c.from, ok.StartLine())
		}
		d := c.caller.CallerDialog(ok)
		c.caller.Send(d.Request("ACK"))
		for _, command := range [][]string{{"REFER", "Refer-To: <sip:+882130000001@example.test>"}, {"NOTIFY", "Event: talk", "Subscription-State: active"}} {
			if r := c.caller.Ask(t, d.Request(command[0], append(command[1:], long)...)); r.Status() != c.want {
				t.Errorf("%s of %s: %s", command[0], c.from, r.StartLine())
			}
		}
		if r := c.caller.Ask(t, d.Request("BYE", long)); r.Status() != 200 {
			t.Errorf("the call of %s: %s", c.from, r.StartLine())
		}
	}
	refer := bobs.ExpectRequest(t, "REFER")
	if !strings.Contains(refer.Get("From"), "alice") {
		t.Errorf("bob's telephone got\n%s", refer.Text)
	}
	for _, m := range bobs.Inbox() {
		if m.Method() == "REFER" || m.Method() == "NOTIFY" && !strings.Contains(m.Get("From"), "alice") {
			t.Errorf("bob's telephone got\n%s", m.Text)
		}
	}
}

// TestWhatIsWrittenInACallIsRead: a message in a call that was let in is screened as any other, and whatever is said about it the call goes on.
func TestWhatIsWrittenInACallIsRead(t *testing.T) {
	t.Parallel()
	for name, yaml := range map[string]string{"PBX": enforcing, "hosted": strings.Replace(enforcing, `"sip:PBX"`, "home", 1)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, yaml)
			callee := s.pbx
			if name == "hosted" {
				s.AddUser(t, "bob@example.test", "secret")
				callee = harness.UDP(t, s.Net.Addr(harness.BobHost, 5060), s.Net.Server()).Answering()
				register(t, callee, "bob", "secret")
			}
			long := "Subject: " + strings.Repeat("a long request ", 30)
			ok := s.caller.Ask(t, s.caller.Invite(bob, "From: <sip:anna@elsewhere.test>;tag=1", long))
			if ok.Status() != 200 {
				t.Fatalf("INVITE: %s", ok.StartLine())
			}
			d := s.caller.CallerDialog(ok)
			s.caller.Send(d.Request("ACK"))
			write := func() int {
				return s.caller.Ask(t, harness.WithBody(d.Request("MESSAGE", long), "text/plain", "see you at eight")).Status()
			}
			if got := write(); got != 200 {
				t.Errorf("MESSAGE: %d", got)
			}
			if m := callee.ExpectRequest(t, "MESSAGE"); m.Body() != "see you at eight" {
				t.Errorf("the callee gets\n%s", m.Text)
			}
			s.Attempt(t, "the message", func(a *harness.Attempt) bool { return a.Kind == "message" && a.To.Requested == bob })
			s.Block(t, "sip:anna@elsewhere.test")
			if got := write(); got != 603 {
				t.Errorf("MESSAGE of who is blocked meanwhile: %d", got)
			}
			if r := s.caller.Ask(t, d.Request("BYE", long)); r.Status() != 200 {
				t.Errorf("BYE: %s", r.StartLine())
			}
		})
	}
}
