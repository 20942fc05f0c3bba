package border_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"gatehouse.example/internal/state/calls"
	"gatehouse.example/screen"
	"gatehouse.example/sip"
)

// refusedTimes lets telephones behind one address call with credentials that the PBX refuses, and tells whether they are banned for it.
func refusedTimes(t *testing.T, n int, callee, challenge string) (banned bool) {
	t.Helper()
	p := newPaperWith(t, nil, screen.Layer{}, calls.New(calls.Config{Learn: func(*screen.Ending) {}}))
	for i := range n {
		call := strings.NewReplacer("bob@", strings.ReplaceAll(callee, "#", fmt.Sprint(i)), "abc1", fmt.Sprint("stale", i), "call-1", fmt.Sprint("stale-", i), "Subject: ", credentials+"Subject: ").Replace(invite)
		out := p.from(callerAddr, call)
		if len(out) == 0 || out[len(out)-1].to.Remote.String() != pbxAddr {
			return true
		}
		refusal := strings.Replace(answer(out[len(out)-1].text, "401 Unauthorized", fmt.Sprint("s", i)), "CSeq", "WWW-Authenticate: "+challenge+"\nCSeq", 1)
		if out = p.from(pbxAddr, refusal); len(out) == 0 || !strings.Contains(last(out), "401") {
			t.Fatalf("call %d: the caller got %v", i, out)
		}
	}
	return !p.border.Admit(netip.MustParseAddrPort(callerAddr), sip.UDP, 500, p.now)
}

// Asterisk takes a nonce only from the port that it gave it to. A call with credentials is longer than one without, and may go there over TCP: it is
// challenged once more, with the right password. Who guesses passwords in calls is banned, whomever he calls.
func TestCredentialsOfAnOldNonceAreNoFailure(t *testing.T) {
	const nonce = `Digest realm="asterisk", nonce="1795396805/5739849d", algorithm=MD5, qop="auth"`
	if refusedTimes(t, 40, "bob@", nonce+", stale=true") {
		t.Error("a telephone is banned whose nonce was too old")
	}
	if !refusedTimes(t, 10, "bob#@", nonce) {
		t.Error("who guesses passwords is not banned")
	}
}
