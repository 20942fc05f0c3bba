package e2e

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gatehouse.example/test/harness"
)

// office is a PBX that says more than it should: 100 to 104 exist and have no telephone, 105 talks, 106 answers; all others do not exist.
func (s *site) office() {
	status := map[string]int{"100": 480, "101": 480, "102": 480, "103": 480, "104": 480, "105": 486, "106": 200, "107": 410, "108": 484, "109": 604}
	s.pbx.Handle(func(m harness.Message) {
		if m.Status() != 0 || m.Method() == "ACK" {
			return
		}
		user, _, _ := strings.Cut(strings.TrimPrefix(harness.InBrackets(m.Get("To")), "sip:"), "@")
		code := status[user]
		if code == 0 {
			code = 404
		}
		lines := []string{"Server: Asterisk PBX 22.10", "Allow: INVITE, OPTIONS", fmt.Sprintf("Warning: 399 pbx \"extension %s\"", user)}
		switch {
		case code == 404:
			lines = append(lines, "X-Asterisk-HangupCause: Unallocated (unassigned) number")
		case m.Method() == "OPTIONS":
			code = 200
		case m.Method() == "REGISTER":
			code = 401
			lines = append(lines, "WWW-Authenticate: Digest realm=\"asterisk\",nonce=\"1790000000/"+strings.Repeat("0f", 16)+"\",algorithm=MD5,qop=\"auth\"")
		}
		m.Reply(code, "So", lines...)
	})
}

// perRequest is what differs between the answers to any two requests.
var perRequest = regexp.MustCompile(`(?m)^(Via|From|To|Call-ID|CSeq): .*\r\n|nonce="[^"]*"`)

// TestScannerCannotTellWhoIsThere: whoever is not there is not there in the same words, whether he exists or not (STANDARDS 5.14).
func TestScannerCannotTellWhoIsThere(t *testing.T) {
	t.Parallel()
	s := newSite(t, fronting)
	s.office()
	for i, method := range []string{"INVITE", "MESSAGE", "SUBSCRIBE", "OPTIONS", "REGISTER"} {
		users := []string{"998", "100", "997", "104", "107", "108", "109"}
		if method == "REGISTER" {
			users[0], users[1] = "100", "998" // once the PBX has challenged somebody
		}
		first := ""
		for j, user := range users {
			host := byte(100 + 10*i + j) // of a botnet, or it is banned before it has done
			e := harness.UDP(t, s.Net.Addr(host, 5060), s.Net.Server())
			request := callTo(method, "sip:"+user+"@example.test", "")(e, 0)
			if method == "REGISTER" {
				request = registerOf(user)(e, 0)
			}
			r := e.Ask(t, request)
			heard := perRequest.ReplaceAllString(r.Text, "")
			if first == "" {
				first = heard
			}
			if heard != first || strings.Contains(heard, "Asterisk PBX") {
				t.Errorf("%s: of %s it hears\n%s\nof %s\n%s", method, users[0], first, user, r.Text)
			}
		}
	}
	for user, want := range map[string]int{"105": 486, "106": 200} {
		e := harness.UDP(t, s.Net.Addr(200, 5060), s.Net.Server())
		if r := e.Ask(t, e.Invite("sip:"+user+"@example.test")); r.Status() != want {
			t.Errorf("%s: %s", user, r.StartLine())
		}
		e.Close()
	}
}

// The guard and the history hear what the PBX says.
func TestWhoDialsTheMissingIsBannedAllTheSame(t *testing.T) {
	t.Parallel()
	s := newSite(t, fronting)
	s.office()
	for i := range 5 {
		if s.Banned(t, harness.CallerHost) {
			t.Fatalf("banned after %d", i)
		}
		if r := s.caller.Ask(t, s.caller.Invite("sip:"+strconv.Itoa(900+i)+"@example.test")); r.Status() != 480 {
			t.Errorf("heard %s", r.StartLine())
		}
	}
	harness.Eventually(t, harness.Patience, "banned after five", func() bool { return s.Banned(t, harness.CallerHost) })
	harness.Eventually(t, harness.Patience, "the history tells both answers", func() bool {
		a := s.Attempts(t, "")
		return len(a) == 5 && a[0].Response != nil && a[0].Response.Code == 480 && a[0].Response.Reason == "instead of 404 behind us" && a[0].Action == "relay"
	})
}

// Whom the operator knows, or who has proven himself, hears that he has misdialled.
func TestKnownCallersHearThatANumberIsWrong(t *testing.T) {
	t.Parallel()
	s := newSigners(t, verifying+"peers: [{name: carrier, addresses: [CARRIERHOST]}]\n")
	s.office()
	carrier := harness.UDP(t, s.Net.Addr(harness.CarrierHost, 5060), s.Net.Server())
	if r := carrier.Ask(t, carrier.Invite("sip:998@example.test")); r.Status() != 404 || r.Get("Server") == "" {
		t.Errorf("a peer hears %s", r.Text)
	}
	if r := s.caller.Ask(t, s.signed("+15557770001", same)); r.Status() != 404 || r.Get("Server") == "" {
		t.Errorf("who is proven hears %s", r.Text)
	}
	if r := s.caller.Ask(t, s.caller.Invite("sip:+15557770001@example.test")); r.Status() != 480 || r.Get("Server") != "" {
		t.Errorf("a stranger hears %s", r.Text)
	}
}
