package proxy

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"gatehouse.example/internal/locate"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

func TestCallThereAndBack(t *testing.T) {
	n := newPaper(t)
	out := n.from(alice, invite)
	n.want(out, alice+" SIP/2.0 100", bob+" INVITE sip:bob@example.test SIP/2.0")
	fwd := out[1].text
	for name, want := range map[string]string{"Max-Forwards": "69", "Max-Breadth": "60", "Contact": "<sip:alice@198.51.100.7:5060>"} {
		if got := header(fwd, name); len(got) != 1 || got[0] != want {
			t.Errorf("%s %q, want %q", name, got, want)
		}
	}
	vias := header(fwd, "Via")
	if len(vias) != 2 || !strings.HasPrefix(vias[0], "SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK-gh") ||
		vias[1] != "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKabc1;rport=5060;received=198.51.100.7" {
		t.Errorf("Via %q", vias)
	}
	if rr := header(fwd, "Record-Route"); len(rr) != 1 || !strings.HasPrefix(rr[0], "<sip:192.0.2.1:5060;lr;gh=") {
		t.Errorf("Record-Route %q", rr)
	}
	back := n.from(bob, answer(fwd, 180, "b1", ""))
	n.want(back, alice+" SIP/2.0 180")
	ok := answer(fwd, 200, "b1", "")
	back = n.from(bob, ok)
	n.want(back, alice+" SIP/2.0 200")
	if vias := header(back[0].text, "Via"); len(vias) != 1 {
		t.Errorf("Via %q", vias)
	}
	n.wantOutcome("id1 200 false")
	n.want(n.from(bob, ok), alice+" SIP/2.0 200") // RFC 6026: retransmissions and other forks
	n.want(n.from(bob, answer(fwd, 200, "b2", "")), alice+" SIP/2.0 200")
	n.wantIdle()
	n.want(n.from(bob, ok)) // but no stray
	if s := n.p.Stats(); s.Forwarded != 1 || s.ResponsesDropped != 1 {
		t.Errorf("%+v", s)
	}
}

// What a proxy must not touch, in the forms that tempt to.
func TestBytesNotTouchedStay(t *testing.T) {
	const before = "v:  SIP / 2.0 / UDP\r\n 198.51.100.7:5060 ;branch=z9hG4bKodd ; rport"
	const after = "\r\nX-Odd  :\t \x80\xffjunk;;=,\"\r\n\tfolded   \r\n" +
		"m : \"A\\\"lice\" <sip:alice@198.51.100.7:5060>  \r\n" +
		"f: \"Ali ce\"  <sip:alice@elsewhere.test> ;tag=a1;x\r\nt:<sip:bob@example.test>\r\n" +
		"i:call-1@elsewhere.test\r\nCSEQ : 0001   INVITE\r\nsubject :\r\nk: 100rel ,timer,, x\r\nRecord-Route: <sip:edge.example.test;lr>\r\n" +
		"c: application/x-nul\r\nl: 12\r\n"
	const body = "\r\na\x00b\r\n\r\nv=0\r\n\n"
	n := newPaper(t)
	out := n.from(alice, "INVITE sip:bob@example.test SIP/2.0\r\n"+before+"\r\nMAX-forwards:\t7"+after+body)
	if len(out) != 2 {
		t.Fatalf("sent %v", out)
	}
	_, rest, _ := strings.Cut(out[1].text, "Max-Breadth: 60\r\n")
	want := before + "=5060;received=198.51.100.7\r\nMAX-forwards:\t6" + after + body[:2+12]
	if rest != want {
		t.Errorf("got\n%q\nwant\n%q", rest, want)
	}
	// Our Record-Route stands above the one that was there.
	if i, j := strings.Index(out[1].text, "gh="), strings.Index(out[1].text, "edge."); i > j {
		t.Error("Record-Route below another's")
	}
	resp := strings.Replace(answer(out[1].text, 183, "b1", "x-odd :\tyes\r\n  folded,,\r\n"), "Content-Length: 0\r\n\r\n", "l : 5\r\n\r\n\x00\r\n\n\x01", 1)
	back := n.from(bob, resp)
	if len(back) != 1 {
		t.Fatalf("sent %v", back)
	}
	first, tail, _ := strings.Cut(resp, "Via: SIP/2.0/UDP 192.0.2.1")
	_, tail, _ = strings.Cut(tail, "\r\n")
	// Our token is the one thing that differs: each side has its own.
	token := func(text string) string { at := strings.Index(text, "gh=") + 3; return text[at : at+tokenLen] }
	if want := strings.Replace(first+tail, token(first+tail), token(back[0].text), 1); back[0].text != want {
		t.Errorf("response\n%q\nwant\n%q", back[0].text, want)
	}
}

func TestRecordRouteGoesAboveOthersWhateverTheOrder(t *testing.T) {
	n := newPaper(t)
	via := "Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKabc1;rport\n"
	late := strings.Replace(invite, via, "Record-Route: <sip:edge.example.test;lr>\n", 1)
	out := n.from(alice, strings.Replace(late, "Content-Length", via+"Content-Length", 1))
	rr := header(out[1].text, "Record-Route")
	if len(rr) != 2 || !strings.Contains(rr[0], "192.0.2.1") {
		t.Errorf("Record-Route %q", rr)
	}
	if vias := header(out[1].text, "Via"); len(vias) != 2 || !strings.Contains(vias[0], "192.0.2.1") {
		t.Errorf("Via %q", vias)
	}
}

func TestMaxForwards(t *testing.T) {
	for _, c := range []struct{ field, want string }{
		{"Max-Forwards: 70\n", "69"},
		{"Max-Forwards: 1\n", "0"},
		{"", "70"},
		{"Max-Forwards: 255\n", "254"},
		{"Max-Forwards: 4000000000\n", "254"},
	} {
		n := newPaper(t)
		out := n.from(alice, strings.Replace(invite, "Max-Forwards: 70\n", c.field, 1))
		if got := header(out[len(out)-1].text, "Max-Forwards"); len(got) != 1 || got[0] != c.want {
			t.Errorf("%q became %q, want %s", c.field, got, c.want)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"Max-Forwards 0", strings.Replace(invite, "Max-Forwards: 70", "Max-Forwards: 0", 1), "SIP/2.0 483"},
		{"unknown scheme", strings.Replace(invite, "INVITE sip:bob@example.test", "INVITE nobody:knows/this", 1), "SIP/2.0 416"},
		{"tel", strings.Replace(invite, "INVITE sip:bob@example.test", "INVITE tel:+15551230001", 1), "SIP/2.0 100"},
		{"sos", strings.Replace(invite, "INVITE sip:bob@example.test", "INVITE urn:service:sos", 1), "SIP/2.0 100"},
		{"Proxy-Require", with(invite, "Proxy-Require: foo\nProxy-Require: bar ,baz\n"), "SIP/2.0 420"},
		{"Require is not ours", with(invite, "Require: foo\n"), "SIP/2.0 100"},
		{"Max-Breadth 0", with(invite, "Max-Breadth: 0\n"), "SIP/2.0 440"},
		{"Max-Breadth junk", with(invite, "Max-Breadth: many\n"), "SIP/2.0 100"},
	} {
		n := newPaper(t)
		out := n.from(alice, c.text)
		if len(out) == 0 || !strings.HasPrefix(out[0].text, c.want) {
			t.Errorf("%s: %v, want %s", c.name, out, c.want)
		}
		if c.name == "Proxy-Require" {
			if got := header(out[0].text, "Unsupported"); len(got) != 1 || got[0] != "foo, bar, baz" {
				t.Errorf("Unsupported %q", got)
			}
		}
	}
}

func TestLoopAndSpiral(t *testing.T) {
	n := newPaper(t)
	fwd := n.from(alice, invite)[1].text
	n.want(n.from(bob, fwd), bob+" SIP/2.0 482")
	// A spiral comes back for somebody else.
	spiral := strings.Replace(fwd, "INVITE sip:bob@", "INVITE sip:rob@", 1)
	out := n.from(bob, spiral)
	n.want(out, bob+" SIP/2.0 100", bob+" INVITE sip:rob@")
	n.want(n.from(bob, out[1].text), bob+" SIP/2.0 482")
	// A forged value is none of ours.
	n.want(n.from(carol, strings.Replace(spiral, "sip:rob@", "sip:tob@", 1)), carol+" SIP/2.0 100", bob+" INVITE sip:tob@")
}

// A loop through a neighbour that sends everything to us by Route: the request
// comes back as it came, and not as we sent it. With several hops to choose from
// as with one.
func TestLoopByRouteIsSeen(t *testing.T) {
	for _, hops := range [][]string{{bob}, {bob, carol}} {
		n := newPaper(t)
		n.name("pbx.example.test", hops...)
		n.cached["pbx.example.test"] = true
		n.targets = []Target{{Next: locate.Target{Host: "pbx.example.test"}}}
		out := n.from(alice, with(invite, "Route: <sip:192.0.2.1:5060;lr>\n"))
		fwd := out[1].text
		if strings.Contains(fwd, "\r\nRoute:") {
			t.Fatalf("our Route has stayed:\n%s", fwd)
		}
		again := strings.Replace(fwd, "Via: ", "Via: SIP/2.0/UDP 192.0.2.80:5080;branch=z9hG4bKpbx\r\nRoute: <sip:192.0.2.1:5060;lr>\r\nVia: ", 1)
		n.want(n.from(bob, again), bob+" SIP/2.0 482")
	}
}

func TestMaxBreadthIsShared(t *testing.T) {
	for _, c := range []struct {
		breadth string
		want    string // how many at once, and their shares
	}{
		{"", "3: 20 20 20"},
		{"Max-Breadth: 9999\n", "3: 20 20 20"},
		{"Max-Breadth: 10\n", "3: 3 3 3"},
		{"Max-Breadth: 3\n", "3: 1 1 1"},
		{"Max-Breadth: 2\n", "2: 1 1"}, // the third goes serially
		{"Max-Breadth: 1\n", "1: 1"},
	} {
		n := newPaper(t)
		n.to(bob, carol, dave)
		out := n.from(alice, with(invite, c.breadth))[1:]
		got := fmt.Sprint(len(out), ":")
		for _, l := range out {
			got += " " + strings.Join(header(l.text, "Max-Breadth"), ",")
		}
		if strings.Replace(got, " :", ":", 1) != c.want {
			t.Errorf("%q: %s, want %s", c.breadth, got, c.want)
		}
		asked := map[string]bool{}
		for len(out) > 0 {
			l := out[0]
			if strings.HasPrefix(l.text, "INVITE") {
				asked[l.to.Remote.String()] = true
				out = append(out[1:], n.from(l.to.Remote.String(), answer(l.text, 404, "x", ""))...)
				continue
			}
			out = out[1:]
		}
		if len(asked) != 3 {
			t.Errorf("%q: only %v were asked", c.breadth, asked)
		}
	}
}

func TestStrictRouterUpstream(t *testing.T) {
	n := newPaper(t)
	fwd := n.from(alice, invite)[1].text
	back := n.from(bob, answer(fwd, 200, "b1", bobIsAt))[0].text
	route := strings.Trim(header(back, "Record-Route")[0], "<>")
	bye := strings.NewReplacer("BYE sip:bob@example.test", "BYE "+route, "To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=b1",
		"CSeq: 1", "CSeq: 2", "Contact: <sip:alice@198.51.100.7:5060>\n", "Route: <sip:192.0.2.90:5060;lr>, <sip:bob@192.0.2.80:5080>\n").Replace(as("BYE"))
	out := n.from(alice, bye)
	n.want(out, "192.0.2.90:5060 BYE sip:bob@192.0.2.80:5080 SIP/2.0")
	if r := header(out[0].text, "Route"); len(r) != 1 || r[0] != "<sip:192.0.2.90:5060;lr>" {
		t.Errorf("Route %q", r)
	}
	// And with a target of the proxy's own: the Request-URI is written once.
	n.targets[0].URI = "sip:bob@192.0.2.80:5080"
	inv := strings.NewReplacer("INVITE sip:bob@example.test", "INVITE "+route, "abc1", "abc2", "To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=none",
		"tag=a1", "tag=other").Replace(with(invite, "Route: <sip:bob@192.0.2.80:5080>\n"))
	out = n.from(alice, inv)
	if len(out) != 2 || !strings.HasPrefix(out[1].text, "INVITE sip:bob@192.0.2.80:5080 SIP/2.0\r\n") {
		t.Errorf("sent %v", out)
	}
}

func TestStrictRouterDownstream(t *testing.T) {
	n := newPaper(t)
	fwd := n.from(alice, invite)[1].text
	back := n.from(bob, answer(fwd, 200, "b1", bobIsAt))[0].text
	for _, method := range []string{"BYE", "INVITE"} { // stateless and stateful
		bye := strings.NewReplacer(method+" sip:bob@example.test", method+" sip:bob@192.0.2.80:5080", "To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=b1",
			"CSeq: 1", "CSeq: 2", "abc1", "abc2", "Contact: <sip:alice@198.51.100.7:5060>\n", "Route: "+header(back, "Record-Route")[0]+"\nRoute: <sip:192.0.2.90:5070>,<sip:192.0.2.91>\n").Replace(as(method))
		out := n.from(alice, bye)
		l := out[len(out)-1]
		n.want([]letter{l}, "192.0.2.90:5070 "+method+" sip:192.0.2.90:5070 SIP/2.0")
		if r := header(l.text, "Route"); strings.Join(r, "|") != "<sip:192.0.2.91>|<sip:bob@192.0.2.80:5080>" {
			t.Errorf("%s: Route %q", method, r)
		}
	}
}

func TestPathBecomesRoute(t *testing.T) {
	n := newPaper(t)
	n.targets[0].Path = []string{"<sip:edge1.example.test;lr>", "<sip:edge2.example.test;lr>"}
	n.targets[0].URI = "sip:bob@10.0.0.9:5062"
	out := n.from(alice, invite)
	n.want(out, alice+" SIP/2.0 100", bob+" INVITE sip:bob@10.0.0.9:5062 SIP/2.0")
	if r := header(out[1].text, "Route"); len(r) != 1 || r[0] != "<sip:edge1.example.test;lr>, <sip:edge2.example.test;lr>" {
		t.Errorf("Route %q", r)
	}
}

func TestRegisteredFlowIsTheNextHop(t *testing.T) {
	n := newPaper(t)
	n.targets[0].Flow = wire.Flow{Transport: sip.TCP, Conn: 7, Socket: 1, Remote: netip.MustParseAddrPort(carol)}
	out := n.from(alice, invite)
	n.want(out, alice+" SIP/2.0 100", "TCP "+carol+" INVITE sip:bob@example.test")
	if out[1].to.Flow != n.targets[0].Flow {
		t.Errorf("flow %+v", out[1].to.Flow)
	}
	// RFC 5658: both sides get an entry of their own, the one towards the callee on top.
	rr := strings.Join(header(out[1].text, "Record-Route"), ", ")
	if strings.Count(rr, "gh=") != 2 || !strings.HasPrefix(rr, "<sip:192.0.2.1:5060;transport=tcp;lr;gh=") || !strings.Contains(rr, ", <sip:192.0.2.1:5060;lr;gh=") {
		t.Errorf("Record-Route %q", rr)
	}
	n.wantIdle()
}

// TestNothingGoesOnThatLooksLikeAFieldInAFold: to a PBX that knows no folding, each line of a folded value is a field of its own.
func TestNothingGoesOnThatLooksLikeAFieldInAFold(t *testing.T) {
	const folds = "Subject: x\n P-Asserted-Identity: <sip:boss@example.test>\n\tX-Gatehouse: relay\n and\n more\n"
	clean := func(what string, sent []letter) string {
		t.Helper()
		if len(sent) != 1 {
			t.Fatalf("%s: sent %v", what, sent)
		}
		const want = "\r\nSubject: x P-Asserted-Identity: <sip:boss@example.test> X-Gatehouse: relay\r\n and\r\n more\r\n"
		if head, _, _ := strings.Cut(sent[0].text, "\r\n\r\n"); !strings.Contains(head+"\r\n", want) {
			t.Errorf("%s:\n%s", what, sent[0].text)
		}
		return sent[0].text
	}
	n := newPaper(t)
	request := clean("INVITE", sentTo(n.from(alice, with(invite, folds)), bob))
	ok := clean("200", sentTo(n.from(bob, answer(request, 200, "b", "Contact: <sip:bob@192.0.2.80:5080>\r\n"+strings.ReplaceAll(folds, "\n", "\r\n"))), alice))
	ack := strings.NewReplacer("INVITE sip:bob@example.test", "ACK sip:bob@192.0.2.80:5080", "abc1", "ack1", "1 INVITE", "1 ACK",
		"To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=b").Replace(with(invite, "Route: "+strings.Join(header(ok, "Record-Route"), ", ")+"\n"+folds))
	clean("ACK", sentTo(n.from(alice, ack), bob))
}
