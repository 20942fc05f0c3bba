package e2e

import (
	"strings"
	"testing"

	"gatehouse.example/test/harness"
)

// An address book and a word beforehand let through who would be rejected: the known number by itself, anybody while a call is expected.
func TestAddressBooksAndExpectedCalls(t *testing.T) {
	t.Parallel()
	s := newSite(t, "domains: [{name: example.test, deliver: \"sip:PBX\", mode: enforce}]\n"+
		"policy: {weights: {KNOWN_CLAIMED: -3, KNOWN_EXPECTED: -15}}\nchecks: {rate: {enabled: false}}\n")
	command := func(stdin string, want int, args ...string) string {
		t.Helper()
		out, errs, code := harness.Command(t, s.Dir, stdin, append([]string{"--config", s.ConfigFile()}, args...)...)
		if code != want {
			t.Fatalf("%v: status %d, %s%s", args, code, out, errs)
		}
		return out + errs
	}
	said := command("BEGIN:VCARD\nFN:Anna\nTEL:+1 555 123 0001\nEND:VCARD\n", 0, "user", "import", "bob@example.test")
	if !strings.Contains(said, "sip:bob@example.test knows 1 numbers") {
		t.Error(said)
	}
	s.caller.Ask(t, s.caller.Invite(bob, spammer("+15551230001")))
	s.Attempt(t, "the known caller", func(a *harness.Attempt) bool { return a.Has("KNOWN_CLAIMED") })

	s.Block(t, "+15551230002")
	unwanted := func() int { return s.caller.Ask(t, s.caller.Invite(bob, spammer("+15551230002"))).Status() }
	if got := unwanted(); got != 603 {
		t.Errorf("blocked: %d", got)
	}
	if said := command("", 0, "user", "expect", "bob@example.test", "--for", "30m"); !strings.Contains(said, "sip:bob@example.test expects calls until") {
		t.Error(said)
	}
	if got := unwanted(); got != 200 {
		t.Errorf("expected: %d", got)
	}
	if got := s.caller.Ask(t, s.caller.Invite("sip:carol@example.test", spammer("+15551230002"))).Status(); got != 603 {
		t.Errorf("another user: %d", got)
	}
	command("", 1, "user", "expect", "bob@elsewhere.test")
	command("x", 1, "user", "import", "elsewhere.test")
	command("", 2, "user", "expect", "bob@example.test", "--for", "3y")

	// Contacts are shown, added and removed singly.
	command("", 0, "user", "contact", "add", "bob@example.test", "sip:mum@example.org")
	if said := command("", 0, "user", "contact", "show", "bob@example.test"); !strings.Contains(said, "+15551230001") || !strings.Contains(said, "sip:mum@example.org") {
		t.Error(said)
	}
	command("", 0, "user", "contact", "remove", "bob@example.test", "sip:mum@example.org")
	command("", 1, "user", "contact", "remove", "bob@example.test", "sip:mum@example.org")
	command("", 1, "user", "contact", "add", "bob@example.test", "who is this")
	if said := command("", 0, "user", "contact", "show", "bob@example.test", "--json"); !strings.Contains(said, "+15551230001") || strings.Contains(said, "mum") {
		t.Error(said)
	}

	// What was imported and what is expected outlives a restart, also what was said while no server ran.
	s.Stop(t)
	command("+15551230003\n", 0, "user", "import", "bob@example.test")
	command("", 0, "user", "expect", "carol@example.test")
	s.Restart(t)
	for _, number := range []string{"+15551230001", "+15551230003"} {
		s.caller.Ask(t, s.caller.Invite(bob, spammer(number)))
	}
	s.Attempt(t, "who was imported while no server ran", func(a *harness.Attempt) bool {
		return a.Has("KNOWN_CLAIMED") && strings.Contains(a.From.Claimed, "+15551230003")
	})
	if got := unwanted(); got != 200 {
		t.Errorf("expected before the restart: %d", got)
	}
	if got := s.caller.Ask(t, s.caller.Invite("sip:carol@example.test", spammer("+15551230002"))).Status(); got != 200 {
		t.Errorf("expected while no server ran: %d", got)
	}
	if got := s.caller.Ask(t, s.caller.Invite("sip:dora@example.test", spammer("+15551230002"))).Status(); got != 603 {
		t.Errorf("not expected: %d", got)
	}
}
