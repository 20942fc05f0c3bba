package border_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/border"
	"gatehouse.example/screen"
	"gatehouse.example/sip"
)

// asks lets a caller send a REGISTER for a user, and the PBX, where there is one, answer with a challenge. It tells whether the caller got an answer.
func (p *paper) asks(domain, user, credentials string) bool {
	p.t.Helper()
	text := strings.NewReplacer("bob@example.test", user+"@"+domain, "sip:example.test", "sip:"+domain, "z9hG4bKreg1", "z9hG4bK"+user+fmt.Sprint(len(credentials)), "reg-1@", user+"@",
		"Subject: ", credentials+"Subject: ").Replace(register)
	out := p.from(callerAddr, text)
	if len(out) == 1 && out[0].to.Remote.String() == pbxAddr {
		out = p.from(pbxAddr, answer(out[0].text, "401 Unauthorized", "s"+user))
	}
	return len(out) == 1 && out[0].to.Remote.String() == callerAddr && status(out[0]) == "SIP/2.0 401 Unauthorized"
}

const credentials = "Authorization: Digest username=\"x\", realm=\"x\", nonce=\"x\", uri=\"sip:example.test\", response=\"00000000000000000000000000000000\"\n"

// Whoever asks for one user after the other learns of four within a second, however fast he is, and is banned: with the fifth whom nobody has, where we know that, and
// after that second where a PBX challenges for everybody.
func TestFastSearchLearnsOfFourUsers(t *testing.T) {
	caller := netip.MustParseAddrPort(callerAddr)
	var errands []func(context.Context) // what a busy machine's workers have yet to do
	later := func(c *border.Config) {
		c.Go = func(f func(context.Context)) bool {
			errands = append(errands, f)
			return true
		}
	}
	for domain, p := range map[string]*paper{"home.test": newHome(t, later), "example.test": newPaper(t, nil, screen.Layer{})} {
		answered := 0
		for i := range 40 {
			if p.asks(domain, fmt.Sprint("user", i), "") {
				answered++
			}
			p.after(10 * time.Millisecond)
		}
		if answered != 4 {
			t.Errorf("%s: %d answers within 0.4 seconds", domain, answered)
		}
		for _, f := range errands {
			f(t.Context())
		}
		if domain == "example.test" {
			if !p.border.Admit(caller, sip.UDP, 500, p.now) {
				t.Error("banned at once: telephones may be about to show their credentials")
			}
			p.after(time.Second)
			p.asks(domain, "fifth", "")
		}
		if p.border.Admit(caller, sip.UDP, 500, p.now) {
			t.Errorf("%s: not banned", domain)
		}
	}
}

// A gateway registers its lines at once. As soon as it has shown credentials for one of them it is answered for all, those that come again included.
func TestManyLinesOfAGateway(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	var waiting []string
	for i := range 30 {
		if line := fmt.Sprint("line", i); !p.asks("example.test", line, "") {
			waiting = append(waiting, line)
		}
	}
	if len(waiting) != 26 {
		t.Fatalf("%d wait", len(waiting))
	}
	if !p.asks("example.test", "line0", credentials) {
		t.Fatal("credentials get no answer")
	}
	p.after(100 * time.Millisecond)
	for _, line := range waiting {
		if !p.asks("example.test", line, "") {
			t.Errorf("%s gets no answer", line)
		}
	}
	if !p.border.Admit(netip.MustParseAddrPort(callerAddr), sip.UDP, 500, p.now) {
		t.Error("banned")
	}
}
