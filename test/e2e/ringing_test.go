package e2e

import (
	"strings"
	"testing"

	"gatehouse.example/sip/digest"
	"gatehouse.example/test/harness"
)

// commands have a telephone answer by itself.
var commands = []string{"Alert-Info: <http://127.0.0.1/x>;info=alert-autoanswer", "Call-Info: <sip:x>;answer-after=0", "Answer-Mode: Auto", "Priv-Answer-Mode: Auto"}

// TestIntercomIsForColleagues: who has given his password for a call reaches the telephone of a colleague at once; somebody outside, and who only says that he
// is one of us, has nobody's telephone answer, also where both are hosted here.
func TestIntercomIsForColleagues(t *testing.T) {
	t.Parallel()
	s := newSite(t, "domains: [{name: example.test, deliver: home}, {name: other.test, deliver: home}]\nchecks: {rate: {enabled: false}}\n")
	for _, user := range []string{"alice@example.test", "bob@example.test", "carol@other.test"} {
		s.AddUser(t, user, "secret")
	}
	phone := harness.UDP(t, s.Net.Addr(harness.BobHost, 5060), s.Net.Server()).Answering()
	register(t, phone, "bob", "secret")
	for from, want := range map[string]string{
		"alice@example.test": "Alert-Info Call-Info Answer-Mode", "carol@other.test": "", "stranger@elsewhere.test": "",
	} {
		tag := harness.Token()
		lines := append([]string{"From: <sip:" + from + ">;tag=" + tag, "Subject: " + strings.Repeat("a long INVITE ", 30)}, commands...)
		r := s.caller.Ask(t, s.caller.Invite(bob, lines...))
		if r.Status() == 407 {
			user, _, _ := strings.Cut(from, "@")
			r = s.caller.Ask(t, s.caller.Invite(bob, append(lines, "CSeq: 2 INVITE", answerTo(t, r, user, "INVITE", bob))...))
		}
		if r.Status() != 200 {
			t.Fatalf("%s: %s", from, r.StartLine())
		}
		m := phone.Expect(t, "the call of "+from, func(m harness.Message) bool { return m.Method() == "INVITE" && strings.Contains(m.Get("From"), tag) })
		var got []string
		for _, name := range []string{"Alert-Info", "Call-Info", "Answer-Mode", "Priv-Answer-Mode"} {
			if m.Get(name) != "" {
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: the telephone got %q, want %q", from, got, want)
		}
	}
}

// answerTo is the field that answers the challenge of a proxy.
func answerTo(t *testing.T, challenge harness.Message, user, method, uri string) string {
	t.Helper()
	var c digest.Challenge
	if err := c.Parse([]byte(challenge.Get("Proxy-Authenticate"))); err != nil {
		t.Fatalf("%v in\n%s", err, challenge.Text)
	}
	a, err := c.Answer(&digest.Request{User: user, Password: "secret", Method: method, URI: uri})
	if err != nil {
		t.Fatal(err)
	}
	return "Proxy-Authorization: " + string(a.AppendTo(nil))
}
