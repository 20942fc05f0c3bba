package proxy

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"gatehouse.example/internal/locate"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

const bobIsAt = "Contact: <sip:bob@192.0.2.80:5080>\r\n"

// dialog sets a call up and returns the Route header that it leaves at Alice.
func (n *paper) dialog() (route string) {
	n.t.Helper()
	route, _ = n.dialogs()
	return route
}

// dialogs returns those of both sides.
func (n *paper) dialogs() (alices, bobs string) {
	n.t.Helper()
	fwd := n.from(alice, invite)[1].text
	back := n.from(bob, answer(fwd, 200, "b1", bobIsAt))[0].text
	return routeOf(back), routeOf(fwd)
}

func routeOf(text string) string {
	return "Route: " + strings.Join(header(text, "Record-Route"), ", ") + "\n"
}

// inside is a request of Alice's within the dialog.
func inside(method, route string) string {
	return strings.NewReplacer(method+" sip:bob@example.test", method+" sip:bob@192.0.2.80:5080", "To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=b1",
		"CSeq: 1", "CSeq: 2", "Max-Forwards: 70\n", "Max-Forwards: 70\n"+route, "abc1", "abc9").Replace(as(method))
}

// insideBack is one of Bob's.
func insideBack(method, route string) string {
	return strings.NewReplacer("sip:bob@192.0.2.80:5080 SIP", "sip:alice@198.51.100.7:5060 SIP", "198.51.100.7:5060;branch=", "192.0.2.80:5080;branch=",
		"From: \"Alice\" <sip:alice@elsewhere.test>;tag=a1\nTo: <sip:bob@example.test>;tag=b1", "From: <sip:bob@example.test>;tag=b1\nTo: <sip:alice@elsewhere.test>;tag=a1").Replace(inside(method, route))
}

func TestDialogGoesOnWithoutState(t *testing.T) {
	n := newPaper(t)
	route, bobs := n.dialogs()
	n.after(sec)
	out := n.from(alice, inside("ACK", route))
	n.want(out, bob+" ACK sip:bob@192.0.2.80:5080")
	if strings.Contains(out[0].text, "\r\nRoute:") || header(out[0].text, "Max-Forwards")[0] != "69" {
		t.Errorf("ACK\n%s", out[0].text)
	}
	bye := inside("BYE", route)
	out = n.from(alice, bye)
	n.want(out, bob+" BYE sip:bob@192.0.2.80:5080")
	if again := n.from(alice, bye); len(again) != 1 || again[0].text != out[0].text {
		t.Error("RFC 3261 §16.11: a retransmission has another branch")
	}
	if n.layer.Active() != 0 {
		t.Error("state was kept")
	}
	ok := answer(out[0].text, 200, "", "")
	back := n.from(bob, ok)
	n.want(back, alice+" SIP/2.0 200")
	if len(header(back[0].text, "Via")) != 1 {
		t.Errorf("answer\n%s", back[0].text)
	}
	n.want(n.from(bob, insideBack("INFO", bobs)), alice+" INFO sip:alice@198.51.100.7:5060")
	n.wantIdle()
}

func TestForgedReturnsAreRefused(t *testing.T) {
	n := newPaper(t)
	ok := answer(n.from(alice, inside("BYE", n.dialog()))[0].text, 200, "", "")
	at := strings.Index(ok, statelessPrefix) + len(statelessPrefix)
	for name, forged := range map[string]string{
		"received":      strings.Replace(ok, "received=198.51.100.7", "received=192.0.2.66", 1),
		"rport":         strings.Replace(ok, "rport=5060", "rport=5061", 1),
		"other call":    strings.Replace(ok, "call-1", "call-2", 1),
		"socket":        ok[:at+16] + "01" + ok[at+18:],
		"local address": ok[:at+18] + "01" + ok[at+20:],
		"check":         ok[:at+20] + strings.Repeat("0", 16) + ok[at+36:],
		"no hex":        ok[:at+16] + "XX" + ok[at+18:],
		"short":         ok[:at] + ok[at+2:],
		"name":          strings.Replace(strings.Replace(ok, ";received=198.51.100.7", "", 1), "198.51.100.7:5060;branch", "victim.test;branch", 1),
	} {
		if forged == ok {
			t.Errorf("%s: nothing forged", name)
		}
		if out := n.from(bob, forged); len(out) != 0 {
			t.Errorf("%s: sent %v", name, out)
		}
	}
	vias := header(ok, "Via")
	n.want(n.from(bob, strings.Replace(ok, "Via: "+vias[1]+"\r\n", "", 1))) // none left
	n.want(n.from(bob, ok), alice+" SIP/2.0 200")
}

// The answer leaves by the socket and from the address that the request came to.
func TestStatelessAnswerKeepsItsFlow(t *testing.T) {
	n := newPaper(t)
	f := wire.Flow{Transport: sip.UDP, Socket: 0x1c, Local: 0xa7, Remote: netip.MustParseAddrPort(alice)}
	out := n.receive(f, inside("BYE", n.dialog()))
	back := n.from(bob, answer(out[0].text, 200, "", ""))
	if len(back) != 1 || back[0].to.Flow != f {
		t.Errorf("sent %+v", back)
	}
}

func TestTokens(t *testing.T) {
	n := newPaper(t)
	n.pass = Pass{Outbound: true, Peer: 0x1234}
	route, bobs := n.dialogs()
	i := strings.Index(route, "gh=") + 3
	token := route[i : i+tokenLen]
	swapped := strings.NewReplacer("tag=a1", "tag=b1", "tag=b1", "tag=a1").Replace(inside("INFO", route))
	for _, c := range []struct {
		name, text string
		ok         bool
	}{
		{"as it is", inside("INFO", route), true},
		{"from the other side", insideBack("INFO", bobs), true},
		{"tags swapped", swapped, false},
		{"with the other side's token", inside("INFO", bobs), false},
		{"back with the other side's token", insideBack("INFO", route), false},
		{"forged", inside("INFO", strings.Replace(route, token, strings.Repeat("A", tokenLen), 1)), false},
		{"one bit", inside("INFO", strings.Replace(route, token, token[:31]+string(token[31]^1), 1)), false},
		{"direction", inside("INFO", strings.Replace(route, token, "MB"+token[2:], 1)), false},
		{"short", inside("INFO", strings.Replace(route, token, token[:16], 1)), false},
		{"not base64", inside("INFO", strings.Replace(route, token, token[:31]+"!", 1)), false},
		{"other call", strings.Replace(inside("INFO", route), "call-1", "call-2", 1), false},
		{"other tags", strings.Replace(inside("INFO", route), "tag=a1", "tag=a2", 1), false},
		{"another callee's dialog", strings.Replace(inside("INFO", route), "tag=b1", "tag=b2", 1), false},
		{"no To tag", strings.Replace(inside("INFO", route), ";tag=b1", "", 1), false},
		{"no Route", inside("INFO", ""), false},
		{"somebody else's Route", inside("INFO", strings.Replace(route, "192.0.2.1", "192.0.2.2", 1)), false},
	} {
		var m sip.Message
		if err := m.Parse([]byte(crlf(c.text))); err != nil {
			t.Fatal(c.name, err)
		}
		var e sip.Edit
		var r Routing
		e.Begin(&m)
		n.p.Preroute(&m, &e, &r)
		if r.InDialog != c.ok || c.ok && r.Pass != n.pass || r.Foreign != (c.name == "somebody else's Route") {
			t.Errorf("%s: in dialog %v, pass %+v, foreign %v", c.name, r.InDialog, r.Pass, r.Foreign)
		}
	}
}

func TestTokensSurviveTheirText(t *testing.T) {
	s := NewSigner([]byte("k"))
	for _, want := range []claims{
		{}, {Pass: Pass{Outbound: true}, opener: true}, {Pass: Pass{Labelled: true}, opener: true}, {Pass: Pass{Exempt: true}}, {Pass: Pass{Peer: 65535}, hop: hopMark{1, 2, 3, 4, 5}},
		{Pass: Pass{Outbound: true, Peer: 1}, opener: true, from: fromMark{6, 7, 8, 9}},
	} {
		token := s.append(nil, &want, []byte("call"), []byte("tag"), []byte("other"))
		check := func(s *Signer, callID, fromTag, toTag string) (got claims, ok bool) {
			ok = s.check(&got, token, []byte(callID), []byte(fromTag), []byte(toTag))
			return got, ok
		}
		if got, ok := check(s, "call", "tag", "other"); !ok || got != want || len(token) != tokenLen {
			t.Errorf("%+v: %q gives %+v, %v", want, token, got, ok)
		}
		if _, ok := check(s, "call", "other", "tag"); ok {
			t.Error("the other side may use it")
		}
		if _, ok := check(s, "call", "tag", "another"); ok {
			t.Error("another dialog may use it")
		}
		if _, ok := check(s, "call", "unknown", "other"); ok == want.opener {
			t.Errorf("by another tag of the sender: %v", ok)
		}
		if _, ok := check(s, "callt", "ag", "other"); ok {
			t.Error("a part of the tag counts as Call-ID")
		}
		if _, ok := check(NewSigner([]byte("l")), "call", "tag", "other"); ok {
			t.Error("another key signs the same")
		}
	}
	// The version octet admits no other bits.
	if s.check(new(claims), []byte(strings.Repeat("A", tokenLen)), nil, nil, nil) {
		t.Error("version 0")
	}
}

// Each callee that answers a call opens a dialog of its own: its token is good for none of the others, answered first or late.
func TestEachForkHasItsToken(t *testing.T) {
	n := newPaper(t)
	fwd := sentTo(n.from(alice, invite), bob)[0].text
	for i, tag := range []string{"b1", "b2", "b1", "b3"} {
		status := 180
		if i > 1 {
			status = 200 // the second one late
		}
		route := routeOf(sentTo(n.from(bob, answer(fwd, status, tag, bobIsAt)), alice)[0].text)
		for _, of := range []string{"b1", "b2", "b3"} {
			var m sip.Message
			var e sip.Edit
			var r Routing
			if err := m.Parse([]byte(crlf(strings.Replace(inside("INFO", route), "tag=b1", "tag="+of, 1)))); err != nil {
				t.Fatal(err)
			}
			e.Begin(&m)
			if n.p.Preroute(&m, &e, &r); r.InDialog != (of == tag) {
				t.Errorf("with the token of answer %d, of %s, in the dialog of %s: %v", i, tag, of, r.InDialog)
			}
		}
	}
}

// A re-INVITE may come with another Contact. Its receiver gets a token for that,
// of the same dialog.
func TestReinviteBindsItsReceiverAnew(t *testing.T) {
	n := newPaper(t)
	n.pass = Pass{Peer: 5}
	alices, bobs := n.dialogs()
	n.pass = Pass{}
	moved := strings.Replace(insideBack("INVITE", bobs), "Contact: <sip:alice@198.51.100.7:5060>", "Contact: <sip:bob@192.0.2.85:5090>", 1)
	out := n.from(bob, moved)
	n.want(out, bob+" SIP/2.0 100", alice+" INVITE sip:alice@198.51.100.7:5060")
	fresh := routeOf(out[1].text)
	if fresh == alices || fresh == bobs {
		t.Errorf("%q, was %q", fresh, alices)
	}
	if r := n.routing(strings.Replace(inside("INFO", fresh), "192.0.2.80:5080 SIP", "192.0.2.85:5090 SIP", 1)); !r.Bound || !r.Opener || r.Pass.Peer != 5 {
		t.Errorf("Alice's request to Bob's new place: %+v", r)
	}
	back := n.from(alice, answer(out[1].text, 200, "", "Contact: <sip:alice@198.51.100.7:5060>\r\n"))
	n.want(back, bob+" SIP/2.0 200")
	if routeOf(back[0].text) != bobs {
		t.Errorf("Bob gets %q, had %q", routeOf(back[0].text), bobs)
	}
	n.wantIdle()
}

// RFC 5658: a dialog over two transports has two entries of ours in its Route
// set, and loses both on its way.
func TestBothEntriesAreTakenOff(t *testing.T) {
	n := newPaper(t)
	tcp := wire.Flow{Transport: sip.TCP, Socket: 1, Conn: 9, Remote: netip.MustParseAddrPort(alice)}
	fwd := n.receive(tcp, invite)[1].text
	ok := n.from(bob, answer(fwd, 200, "b1", bobIsAt))[0].text
	rr := strings.Split(strings.Join(header(ok, "Record-Route"), ", "), ", ")
	if len(rr) != 2 {
		t.Fatalf("Record-Route %q", rr)
	}
	for _, route := range []string{"Route: " + rr[1] + ", " + rr[0] + "\n", "Route: " + rr[1] + "\nRoute: " + rr[0] + ",<sip:192.0.2.90;lr>\n"} {
		out := n.receive(tcp, inside("BYE", route))
		if len(out) != 1 || n.layer.Active() == 0 {
			t.Fatalf("a BYE from TCP to UDP is forwarded with state: %v", out)
		}
		if got, want := strings.Join(header(out[0].text, "Route"), "|"), map[bool]string{true: "<sip:192.0.2.90;lr>"}[strings.Contains(route, "90")]; got != want {
			t.Errorf("Route %q, want %q", got, want)
		}
		n.after(60 * sec)
	}
	n.wantIdle()
}

func TestDirectHop(t *testing.T) {
	flow := wire.Flow{Transport: sip.TCP, Conn: 3, Remote: netip.MustParseAddrPort(carol)}
	n := newPaperWith(t, Config{FlowOf: func(u *uri.URI) (wire.Flow, bool) { return flow, string(u.User) == "phone" }})
	for text, want := range map[string]string{
		"sip:bob@192.0.2.80":                  "UDP 192.0.2.80:5060",
		"sip:bob@[2001:db8::1]:5070":          "UDP [2001:db8::1]:5070",
		"sip:bob@192.0.2.80;transport=tcp":    "TCP 192.0.2.80:5060",
		"sip:bob@192.0.2.80;transport=tls":    "TLS 192.0.2.80:5061",
		"sip:phone@10.0.0.1":                  "TCP " + carol,
		"sip:bob@pbx.example.test":            "",
		"sips:bob@192.0.2.80":                 "", // left to package locate
		"sip:bob@192.0.2.80;maddr=192.0.2.66": "",
		"sip:bob@192.0.2.80;transport=quic":   "",
		"sip:bob@192.0.2.1":                   "", // ourselves
		"sip:bob@0.0.0.0":                     "",
		"sip:bob@224.0.1.75":                  "",
	} {
		u, err := uri.Parse([]byte(text))
		if err != nil {
			t.Fatal(text, err)
		}
		to, _, ok := n.p.directHop(&u)
		got := ""
		if ok {
			got = to.Transport.String() + " " + to.Remote.String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	u, _ := uri.Parse([]byte("sips:bob@example.test:5071;maddr=192.0.2.66;transport=tcp"))
	if got, want := TargetOf(&u), (locate.Target{Host: "192.0.2.66", Port: 5071, Transport: sip.TCP, Secure: true}); got != want {
		t.Errorf("TargetOf: %+v, want %+v", got, want)
	}
}

func TestAckByName(t *testing.T) {
	n := newPaper(t)
	n.name("pbx.example.test", carol)
	byName := func(route string) string {
		return strings.Replace(inside("ACK", route), "192.0.2.80:5080 SIP", "pbx.example.test SIP", 1)
	}
	route := n.dialog()
	n.want(n.from(alice, byName(route)))
	out := n.work()
	n.want(out, carol+" ACK sip:bob@pbx.example.test SIP/2.0")
	if header(out[0].text, "Max-Forwards")[0] != "69" || strings.Contains(out[0].text, "\r\nRoute") || !strings.Contains(out[0].text, "received=198.51.100.7") {
		t.Errorf("ACK\n%s", out[0].text)
	}
	// A failure concerns this ACK only; the 2xx and with it the ACK comes again.
	n.errs["pbx.example.test"] = context.DeadlineExceeded
	n.from(alice, byName(route))
	n.want(n.work())
	n.errs["pbx.example.test"] = nil
	n.busy = true
	n.want(n.from(alice, byName(route)))
	n.busy = false
	n.from(alice, byName(route))
	n.want(n.work(), carol+" ACK ")
	n.wantIdle()
}

func TestForwardAckTo(t *testing.T) {
	n := newPaper(t)
	var m sip.Message
	if err := m.Parse([]byte(crlf(inside("ACK", "")))); err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{"192.0.2.80": 1, "unknown.example.test": 0} {
		n.sent = nil
		n.ackTo(&m, locate.Target{Host: host, Port: 5080})
		if len(n.sent) != want {
			t.Errorf("%s: sent %v", host, n.sent)
		}
	}
}
