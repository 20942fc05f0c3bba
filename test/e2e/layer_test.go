package e2e

import (
	"strings"
	"testing"

	"gatehouse.example/test/harness"
)

// TestUserLayerIsAboveTheDomains: what holds for calls to one user, by name and
// by number, is his own where his layer says so, and the domain's elsewhere.
func TestUserLayerIsAboveTheDomains(t *testing.T) {
	t.Parallel()
	s := newSite(t, strings.Replace(enforcing, "mode: enforce", `mode: enforce, policy: {rejection: "404"}, users: {
      carol: {mode: monitor},
      dora: {policy: {rejection: "486"}},
      erik: {policy: {weights: {LISTS_BLOCKED: 5}}},
      "+15551230100": {policy: {rejection: "607"}}}`, 1))
	s.Block(t, "+15551230001")
	for _, tc := range []struct {
		to     string
		status int
	}{
		{bob, 404}, {"sip:carol@example.test", 200}, {"sip:CAROL@example.test", 200}, {"sip:dora@EXAMPLE.test;user=ip", 486}, {"sip:%64ora@example.test", 486},
		{"sip:DORA@example.test", 486}, {"sip:dora;x=1@example.test", 486}, {"sip:+15551230100;x=1@example.test", 607}, // which a PBX may take for the same
		{"sip:erik@example.test", 200}, {"sip:+1-555-123-0100@example.test;user=phone", 607}, {"tel:+1-555-123-0100", 607},
	} {
		r := s.caller.Ask(t, s.caller.Invite(tc.to, spammer("+15551230001")))
		if r.Status() != tc.status {
			t.Errorf("%s: %s, want %d", tc.to, r.StartLine(), tc.status)
		}
	}
	s.Attempt(t, "what would have been done", func(a *harness.Attempt) bool {
		return a.Mode == "monitor" && a.Action == "relay" && strings.HasPrefix(a.To.Requested, "sip:carol@")
	})
}
