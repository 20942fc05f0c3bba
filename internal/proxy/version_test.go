package proxy

import (
	"net/netip"
	"strings"
	"testing"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

// TestVersionGoesOnInUpperCase: whoever reads the version is to take it in any case, whoever sends it is to write it in
// upper case (RFC 3261 §7.1), also for another.
func TestVersionGoesOnInUpperCase(t *testing.T) {
	lower := func(text string) string {
		for _, v := range []string{"SIP/2.0\n", "SIP/2.0 ", "SIP/2.0\r\n"} {
			if at := strings.Index(text, v); at == 0 || at > 0 && !strings.Contains(text[1:at], "\n") {
				return text[:at] + strings.ToLower(v) + text[at+len(v):]
			}
		}
		return text
	}
	for _, hop := range []sip.Transport{sip.UDP, sip.TCP} {
		n := newPaper(t)
		n.targets[0].Next.Transport = hop
		sent := sentTo(n.from(alice, lower(strings.TrimLeft(invite, "\n"))), bob)
		if len(sent) != 1 || !strings.HasPrefix(sent[0].text, "INVITE sip:bob@example.test SIP/2.0\r\n") {
			t.Fatalf("%v: sent %v", hop, n.sent)
		}
		back := wire.Flow{Transport: hop, Remote: netip.MustParseAddrPort(bob)}
		for _, status := range []int{180, 200, 200} { // the last one is late
			text := lower(answer(sent[0].text, status, "b", "Contact: <sip:bob@192.0.2.80:5080>\r\n"))
			if got := sentTo(n.receive(back, text), alice); len(got) != 1 || !strings.HasPrefix(got[0].text, "SIP/2.0 ") {
				t.Errorf("%v: answered %v", hop, got)
			}
		}
	}
	n := newPaper(t)
	sent := n.from(alice, lower(strings.TrimLeft(inside("BYE", n.dialog()), "\n")))
	if len(sent) != 1 || !strings.Contains(sent[0].text, " SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060") {
		t.Fatalf("without state: sent %v", sent)
	}
	if got := n.from(bob, lower(answer(sent[0].text, 200, "b", ""))); len(got) != 1 || !strings.HasPrefix(got[0].text, "SIP/2.0 200") {
		t.Errorf("without state: answered %v", got)
	}
}
