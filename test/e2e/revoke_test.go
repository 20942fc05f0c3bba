package e2e

import (
	"testing"

	"gatehouse.example/test/harness"
)

// TestRevokedUserIsNotCalled: who has a user's calls, by his old password, has them no longer once it is another or the user is gone; the same
// password once more, as scripts set it, changes nothing.
func TestRevokedUserIsNotCalled(t *testing.T) {
	t.Parallel()
	s := newSite(t, "domains: [{name: example.test, deliver: home, mode: enforce}]\n")
	bobs := harness.UDP(t, s.Net.Addr(harness.BobHost, 5060), s.Net.Server()).Answering()
	rings := func(when string, want int) {
		t.Helper()
		if r := s.caller.Ask(t, s.caller.Invite(bob)); r.Status() != want {
			t.Errorf("%s: %s, want %d", when, r.StartLine(), want)
		}
	}
	s.AddUser(t, "bob@example.test", "secret")
	register(t, bobs, "bob", "secret")
	s.AddUser(t, "bob@example.test", "secret")
	rings("the same password", 200)
	s.AddUser(t, "bob@example.test", "another")
	rings("another password", 480)
	register(t, bobs, "bob", "another")
	rings("registered with it", 200)
	s.Must(t, "DELETE", "/users?user=bob@example.test", nil, nil)
	rings("removed", 480)

	s.AddUser(t, "bob@example.test", "secret")
	register(t, bobs, "bob", "secret")
	s.Stop(t)
	if _, stderr, code := harness.Command(t, s.Dir, "", "--config", s.ConfigFile(), "user", "remove", "bob@example.test"); code != 0 {
		t.Fatalf("user remove: %d %s", code, stderr)
	}
	s.Restart(t)
	rings("removed while the server was down", 480)
}
