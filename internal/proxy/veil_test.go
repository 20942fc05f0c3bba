package proxy

import (
	"strings"
	"testing"

	"gatehouse.example/sip"
)

// blanket hides every final response behind a 480.
type blanket struct{}

func (blanket) Instead(int) (sip.Response, bool) { return sip.Response{Status: 480}, true }

// wherever hides nothing.
type wherever struct{}

func (wherever) Instead(int) (r sip.Response, ok bool) { return r, false }

const telltale = "Server: PBX 1.0\r\nWarning: 399 pbx \"no such user\"\r\nReason: Q.850;cause=1\r\n"

// What goes upstream is written by us, the observer is told what came, and the other side gets its ACK.
func TestVeiledAnswerIsOursAndTheObserverHearsTheTrueOne(t *testing.T) {
	for _, label := range []bool{false, true} {
		n := newPaper(t)
		n.veil, n.label = blanket{}, label
		got := n.from(alice, invite)
		sent := sentTo(got, bob)[0].text
		out := n.from(bob, answer(sent, 404, "theirs", telltale))
		n.want(out, bob+" ACK sip:bob@example.test", alice+" SIP/2.0 480 Temporarily Unavailable")
		text := sentTo(out, alice)[0].text
		want := "SIP/2.0 480 Temporarily Unavailable\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKabc1;rport=5060;received=198.51.100.7\r\n" +
			"From: \"Alice\" <sip:alice@elsewhere.test>;tag=a1\r\nTo: <sip:bob@example.test>;tag=ours\r\n" +
			"Call-ID: call-1@elsewhere.test\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
		if text != want {
			t.Errorf("got\n%s\nwant\n%s", text, want)
		}
		n.wantOutcome("id1 404 false")
		n.wantIdle()
	}
}

// The best response is chosen among those that came (RFC 3261 §16.7 step 6).
func TestVeilComesAfterTheChoice(t *testing.T) {
	n := newPaper(t)
	n.veil = blanket{}
	got := n.fork(t, bob, carol)
	n.from(bob, answer(got[bob], 404, "b", ""))
	n.want(sentTo(n.from(carol, answer(got[carol], 603, "c", "")), alice), alice+" SIP/2.0 480")
	n.wantOutcome("id1 603 false")
}

// A 2xx to an INVITE is a call; to another request it only says that somebody is there.
func TestVeilLeavesCallsAlone(t *testing.T) {
	n := newPaper(t)
	n.veil = blanket{}
	sent := sentTo(n.from(alice, invite), bob)[0].text
	n.want(n.from(bob, answer(sent, 200, "b", "Contact: <sip:bob@192.0.2.80:5080>\r\n")), alice+" SIP/2.0 200")
	n.wantOutcome("id1 200 false")

	sent = sentTo(n.from(alice, as("OPTIONS")), bob)[0].text
	n.want(n.from(bob, answer(sent, 200, "b", telltale)), alice+" SIP/2.0 480")
	n.wantOutcome("id1 200 false")
	n.wantIdle()
}

func TestVeilThatHidesNothing(t *testing.T) {
	n := newPaper(t)
	n.veil = wherever{}
	sent := sentTo(n.from(alice, invite), bob)[0].text
	out := sentTo(n.from(bob, answer(sent, 404, "theirs", telltale)), alice)
	n.want(out, alice+" SIP/2.0 404")
	if !strings.Contains(out[0].text, telltale) || !strings.Contains(out[0].text, ";tag=theirs") {
		t.Errorf("changed:\n%s", out[0].text)
	}
	n.wantOutcome("id1 404 false")
}

// What the proxy says by itself is said of all alike.
func TestVeilIsNotAskedAboutOurOwnAnswers(t *testing.T) {
	n := newPaper(t)
	n.veil = blanket{}
	n.from(alice, invite)
	n.want(sentTo(n.after(33*sec), alice)[:1], alice+" SIP/2.0 503")
	n.wantOutcome("id1 503 true")
}
