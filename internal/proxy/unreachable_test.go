package proxy

import (
	"net/netip"
	"strings"
	"testing"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

// RFC 5626 §5.3: whoever opened a dialog over a connection that is gone is not reached; that is 430, and no 503, by
// which the PBX would keep away from us for a while (RFC 3261 §21.5.4).
func TestRequestAlongADeadConnectionIs430(t *testing.T) {
	for _, tr := range []sip.Transport{sip.TCP, sip.TLS, sip.WSS} {
		n := newPaper(t)
		f := wire.Flow{Transport: tr, Socket: 1, Conn: 9, Remote: netip.MustParseAddrPort(alice)}
		fwd := n.receive(f, invite)[1].text
		n.from(bob, answer(fwd, 200, "b1", bobIsAt))
		bye := "BYE sip:alice@198.51.100.7:5060 SIP/2.0\nVia: SIP/2.0/UDP " + bob + ";branch=z9hG4bKbye\nMax-Forwards: 70\n" +
			"From: <sip:bob@example.test>;tag=b1\nTo: <sip:alice@elsewhere.test>;tag=a1\nCall-ID: call-1@elsewhere.test\nCSeq: 1 BYE\n" +
			"Route: " + strings.Join(header(fwd, "Record-Route"), ", ") + "\nContent-Length: 0\n"
		out := n.from(bob, bye)
		n.want(out, tr.String()+" "+alice+" BYE ")
		at := len(n.sent)
		n.layer.SendFailed(0, []byte(out[0].text), wire.ErrNotDialable, n.now, n)
		n.want(n.sent[at:], bob+" SIP/2.0 430")
		n.wantIdle()
	}
}

// A telephone that cannot be reached is no server that is down.
func TestPhonesThatCannotBeReachedAreNot503(t *testing.T) {
	for _, method := range []string{"INVITE", "MESSAGE"} {
		n := newPaper(t)
		n.to(bob, carol)
		for i := range n.targets {
			n.targets[i].Phone = true
			n.targets[i].Flow = wire.Flow{Transport: sip.TCP, Conn: wire.ConnID(i + 1), Remote: netip.MustParseAddrPort([]string{bob, carol}[i])}
		}
		n.from(alice, as(method))
		calls := append(sentTo(n.sent, bob), sentTo(n.sent, carol)...)
		at := len(n.sent)
		for _, call := range calls {
			n.layer.SendFailed(0, []byte(call.text), wire.ErrLost, n.now, n)
		}
		if n.want(n.sent[at:], alice+" SIP/2.0 480"); header(n.sent[at].text, "Retry-After") != nil {
			t.Errorf("Retry-After in\n%s", n.sent[at].text)
		}
		n.wantOutcome("id1 480 true")
		n.wantIdle()
	}
}
