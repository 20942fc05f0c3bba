package proxy

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

// smuggled is a request that a datagram without Content-Length has for its body.
const smuggled = "INVITE sip:+15550009@carrier.test SIP/2.0\r\n\r\n"

// without takes the Content-Length out of a message and gives it a body.
func without(text, body string) string {
	head, _, _ := strings.Cut(crlf(text), "\r\nContent-Length: ")
	return head + "\r\n\r\n" + body
}

// TestBodyOfADatagramIsNoMessageOnAStream: without Content-Length a datagram's body ends with it; a stream would go on
// with the next message there.
func TestBodyOfADatagramIsNoMessageOnAStream(t *testing.T) {
	check := func(what, text string, stream bool) {
		t.Helper()
		n, err := sip.Frame([]byte(text), 65535)
		if stream != (err == nil && n == len(text)) || !strings.HasSuffix(text, smuggled) {
			t.Errorf("%s: a stream is read up to %d of %d, %v\n%s", what, n, len(text), err, text)
		}
		if got := header(text, "Content-Length"); stream && len(got) != 1 || !stream && got != nil {
			t.Errorf("%s: Content-Length %q", what, got)
		}
	}
	for _, hop := range []sip.Transport{sip.UDP, sip.TCP, sip.TLS} {
		n, stream := newPaper(t), hop != sip.UDP
		n.targets[0].Next.Transport = hop
		n.quiet = true
		sent := sentTo(n.from(alice, without(invite, smuggled)), bob)
		if len(sent) != 1 {
			t.Fatalf("%v: sent %v", hop, n.sent)
		}
		check("INVITE over "+hop.String(), sent[0].text, stream)
	}
	// TCP is not there: UDP gets what came, and a second PBX over TCP a length of its own.
	n := newPaper(t)
	n.serially(bob, carol)
	n.targets[1].Next.Transport = sip.TCP
	first := sentTo(n.from(alice, without(invite, smuggled)), bob)
	check("first hop", first[0].text, false)
	second := sentTo(n.from(bob, answer(first[0].text, 404, "b", "")), carol)
	check("second hop", second[0].text, true)
}

// TestAnswerWithoutLengthGetsOneOnAStream: the same for what comes back.
func TestAnswerWithoutLengthGetsOneOnAStream(t *testing.T) {
	for _, from := range []sip.Transport{sip.UDP, sip.TCP, sip.TLS} {
		n, f := newPaper(t), wire.Flow{Transport: from, Remote: netip.MustParseAddrPort(alice)}
		if from != sip.UDP {
			f.Conn, f.Socket = 9, 1
		}
		request := sentTo(n.receive(f, strings.Replace(invite, "SIP/2.0/UDP", "SIP/2.0/"+from.String(), 1)), bob)[0].text
		ok := without(answer(request, 200, "b", "Contact: <sip:bob@192.0.2.80:5080>\r\n"), smuggled)
		for _, what := range []string{"first 200", "second 200"} {
			got := sentTo(n.from(bob, ok), alice)
			if len(got) != 1 {
				t.Fatalf("%s to %v: %v", what, from, got)
			}
			size, err := sip.Frame([]byte(got[0].text), 65535)
			if whole := err == nil && size == len(got[0].text); whole != (from != sip.UDP) {
				t.Errorf("%s to %v: a stream is read up to %d of %d, %v\n%s", what, from, size, len(got[0].text), err, got[0].text)
			}
		}
	}
}

// TestAckWithoutLengthGetsOneOnAStream: an ACK is forwarded without state.
func TestAckWithoutLengthGetsOneOnAStream(t *testing.T) {
	n := newPaper(t)
	n.targets[0].Next.Transport = sip.TCP
	request := sentTo(n.from(alice, invite), bob)[0].text
	f := wire.Flow{Transport: sip.TCP, Conn: 5, Remote: netip.MustParseAddrPort(bob)}
	ok := sentTo(n.receive(f, answer(request, 200, "b", "Contact: <sip:bob@192.0.2.80:5080;transport=tcp>\r\n")), alice)[0].text
	ack := strings.NewReplacer("INVITE sip:bob@example.test", "ACK sip:bob@192.0.2.80:5080;transport=tcp", "abc1", "ack1", "1 INVITE", "1 ACK",
		"To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=b").Replace(with(invite, "Route: "+strings.Join(header(ok, "Record-Route"), ", ")+"\n"))
	sent := sentTo(n.from(alice, without(ack, smuggled)), bob)
	if len(sent) != 1 {
		t.Fatalf("sent %v", n.sent)
	}
	if size, err := sip.Frame([]byte(sent[0].text), 65535); err != nil || size != len(sent[0].text) {
		t.Errorf("a stream is read up to %d of %d, %v\n%s", size, len(sent[0].text), err, sent[0].text)
	}
}

// RFC 3261 §25.1: a status line has a space behind its code, also without a reason phrase.
func TestStatusLineWithoutItsSpaceGetsIt(t *testing.T) {
	n := newPaper(t)
	bare := func(text string) string {
		head, rest, _ := strings.Cut(text, "\r\n")
		return head[:len("SIP/2.0 200")] + "\r\n" + rest
	}
	fwd := n.from(alice, invite)[1].text
	ok := ""
	for _, status := range []int{180, 200, 200} { // the second 200 after the end of its transaction
		got := sentTo(n.from(bob, bare(answer(fwd, status, "b1", bobIsAt))), alice)
		if want := fmt.Sprintf("SIP/2.0 %d \r\nVia: ", status); len(got) != 1 || !strings.HasPrefix(got[0].text, want) {
			t.Fatalf("%d: %v", status, got)
		}
		ok = got[0].text
	}
	info := sentTo(n.from(alice, inside("INFO", routeOf(ok))), bob)[0].text // forwarded without state
	if got := sentTo(n.from(bob, bare(answer(info, 200, "", ""))), alice); len(got) != 1 || !strings.HasPrefix(got[0].text, "SIP/2.0 200 \r\n") {
		t.Errorf("INFO: %v", got)
	}
}
