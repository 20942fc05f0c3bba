package proxy

import (
	"fmt"
	"strings"
	"testing"

	"gatehouse.example/sip"
)

// widest returns the INVITE with as many octets or fields as a parser takes.
func widest(t *testing.T) map[string]string {
	t.Helper()
	fits := func(s string) bool { return new(sip.Message).Parse([]byte(crlf(s))) == nil }
	grow := func(f func(n int) string) string {
		n := 1
		for fits(f(n + 1)) {
			n++
		}
		return f(n)
	}
	return map[string]string{
		"fields": grow(func(n int) string { return with(invite, strings.Repeat("X-A: b\n", n)) }),
		"a field": grow(func(n int) string {
			return strings.Replace(invite, ";rport", ";rport;x="+strings.Repeat("a", n), 1)
		}),
		"the header section": grow(func(n int) string {
			return with(invite, strings.Repeat("X-A: "+strings.Repeat("b", 6000)+"\n", 5)+"X-B: "+strings.Repeat("c", n)+"\n")
		}),
	}
}

// TestRequestAtTheLimitIsForwardedToItsEnd: what Parse takes gets fields of ours on its way, and is still read where another
// hop is tried, a response of our own written, an ACK or CANCEL made of it.
func TestRequestAtTheLimitIsForwardedToItsEnd(t *testing.T) {
	for what, text := range widest(t) {
		for _, to := range [][]string{{bob}, {bob, carol}} {
			t.Run(fmt.Sprint(what, len(to)), func(t *testing.T) {
				n := newPaper(t)
				n.serially(to...)
				sent := sentTo(n.from(alice, text), bob)
				if len(sent) != 1 {
					t.Fatalf("sent %v", n.sent)
				}
				n.from(bob, answer(sent[0].text, 180, "b", ""))
				n.want(n.from(alice, cancelOf(text)), alice+" SIP/2.0 200", "TCP "+bob+" CANCEL sip:bob@example.test")
				n.want(n.from(bob, answer(sent[0].text, 487, "b", "")), "TCP "+bob+" ACK", alice+" SIP/2.0 487")
				n.wantIdle()
			})
		}
	}
}
