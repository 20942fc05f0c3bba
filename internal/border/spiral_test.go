package border_test

import (
	"strings"
	"testing"
	"time"

	"gatehouse.example/screen"
)

// A telephone's call goes through us to a PBX that is a proxy, and from there through us again to the outside, where we
// refuse it. Our answer comes back through us: the telephone's ACK has the tag of an answer without state, and ends the
// transaction that we have passed it on with (RFC 3261 §17.2.1).
func TestAckToOurOwnRefusalThatCameBackToUsIsHeard(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	toPBX := strings.ReplaceAll(p.from(callerAddr, invite)[1].text, "\r\n", "\n")
	again := strings.Replace(toPBX, "INVITE sip:bob@example.test", "INVITE sip:+15551230001@elsewhere.test", 1)
	again = strings.Replace(again, "Via: ", "Via: SIP/2.0/UDP "+pbxAddr+";branch=z9hG4bKpbx1;rport\nVia: ", 1)
	refused := p.from(pbxAddr, again)
	if len(refused) != 1 || !strings.HasPrefix(status(refused[0]), "SIP/2.0 403 ") {
		t.Fatalf("to the outside: %v", refused)
	}
	_, below, _ := strings.Cut(strings.ReplaceAll(refused[0].text, "\r\n", "\n"), "\n")
	_, below, _ = strings.Cut(below, "\n") // without the Via of the PBX
	ack := func(via, to string) string {
		return "ACK sip:bob@example.test SIP/2.0\nVia: " + via + "\nMax-Forwards: 70\nFrom: \"Alice\" <sip:alice@elsewhere.test>;tag=a1\nTo: " + to +
			"\nCall-ID: call-1@elsewhere.test\nCSeq: 1 ACK\nContent-Length: 0\n"
	}
	if out := p.from(pbxAddr, ack("SIP/2.0/UDP "+pbxAddr+";branch=z9hG4bKpbx1;rport", header(refused[0].text, "To"))); len(out) != 0 {
		t.Errorf("the ACK of the PBX: %v", out)
	}
	var back letter
	for _, l := range p.from(pbxAddr, "SIP/2.0 403 Relaying Denied\n"+below) {
		if l.to.Remote.String() == callerAddr {
			back = l
		}
	}
	if !strings.HasPrefix(status(back), "SIP/2.0 403 ") {
		t.Fatalf("the answer does not go back: %v", back)
	}
	if out := p.from(callerAddr, ack("SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKabc1;rport", header(back.text, "To"))); len(out) != 0 {
		t.Errorf("the ACK of the telephone: %v", out)
	}
	if out := p.after(40 * time.Second); len(out) != 0 {
		t.Errorf("said again after the ACK: %d times", len(out))
	}
}
