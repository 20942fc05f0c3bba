package proxy

import (
	"encoding/hex"
	"strings"
	"testing"
)

// RFC 4493 §4.
func TestCMACIsThatOfTheRFC(t *testing.T) {
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	c := newCMACKey([16]byte(unhex("2b7e151628aed2a6abf7158809cf4f3c")))
	text := unhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710")
	for n, want := range map[int]string{
		0: "bb1d6929e95937287fa37d129b756746", 16: "070a16b46b4d4144f79bdd9dd04a287c",
		40: "dfa66747de9ae63030ca32611497c827", 64: "51f0bebf7e3b9d92fc49741779363cfe",
	} {
		for piece := 1; piece <= 64; piece *= 4 {
			c.reset()
			for at := 0; at < n; at += piece {
				c.write(text[at:min(at+piece, n)])
			}
			if got := hex.EncodeToString(c.sum()); got != want {
				t.Errorf("%d octets in pieces of %d: %s", n, piece, got)
			}
		}
	}
}

// Who was let in may send where the other side is, and nowhere else.
func TestTokenLeadsToTheOtherSideOnly(t *testing.T) {
	n := newPaper(t)
	alices, bobs := n.dialogs()
	to := func(text, from, uri string) string { return strings.Replace(text, from+" SIP", uri+" SIP", 1) }
	const bobs80, alices7 = "sip:bob@192.0.2.80:5080", "sip:alice@198.51.100.7:5060"
	for _, c := range []struct {
		name, text string
		bound      bool
	}{
		{"Alice to Bob", inside("INFO", alices), true},
		{"another user there", to(inside("INFO", alices), bobs80, "sip:192.0.2.80:5080;transport=tcp"), true},
		{"another port", to(inside("INFO", alices), bobs80, "sip:bob@192.0.2.80:5081"), false},
		{"another address", to(inside("INFO", alices), bobs80, "sip:bob@192.0.2.66:5080"), false},
		{"a name", to(inside("INFO", alices), bobs80, "sip:bob@victim.test:5080"), false},
		{"maddr", to(inside("INFO", alices), bobs80, bobs80+";maddr=192.0.2.66"), false},
		{"a Route of hers", inside("INFO", strings.Replace(alices, "\n", ", <sip:192.0.2.66;lr>\n", 1)), false},
		{"herself", to(inside("INFO", alices), bobs80, alices7), false},
		{"Bob to Alice", insideBack("INFO", bobs), true},
		{"as a mapped address", to(insideBack("INFO", bobs), alices7, "sip:alice@[::ffff:198.51.100.7]"), true},
		{"Bob to another", to(insideBack("INFO", bobs), alices7, "sip:alice@198.51.100.66:5060"), false},
	} {
		if r := n.routing(c.text); !r.InDialog || r.Bound != c.bound {
			t.Errorf("%s: in dialog %v, bound %v", c.name, r.InDialog, r.Bound)
		}
	}
	r := n.routing(inside("INFO", strings.Replace(alices, "\n", ", <sip:192.0.2.66;lr>\n", 1)))
	if r.Leave(); r.InDialog || !r.Foreign {
		t.Errorf("left: %+v", r)
	}
}

// The next hop is the proxy that stands before the other side, where one does.
func TestTokenLeadsToTheNextProxy(t *testing.T) {
	n := newPaper(t)
	fwd := n.from(alice, with(invite, "Record-Route: <sip:edge.test;lr>\n"))[1].text
	resp := strings.Replace(answer(fwd, 200, "b1", bobIsAt), "Record-Route: <sip:192", "Record-Route: <sip:pbx.test:5070;lr>, <sip:192", 1)
	back := n.from(bob, resp)[0].text
	rr := header(back, "Record-Route") // pbx.test and ours in one, edge.test
	if len(rr) != 2 || !strings.HasPrefix(rr[0], "<sip:pbx.test:5070;lr>, <sip:192.0.2.1") {
		t.Fatalf("%q", rr)
	}
	pbx, ours, _ := strings.Cut(rr[0], ", ")
	if r := n.routing(inside("INFO", "Route: "+ours+", "+pbx+"\n")); !r.Bound {
		t.Errorf("along the Route: %+v", r)
	}
	if r := n.routing(inside("INFO", "Route: "+ours+"\n")); !r.InDialog || r.Bound {
		t.Errorf("past the proxy: %+v", r)
	}
	bobs := header(fwd, "Record-Route")
	if r := n.routing(insideBack("INFO", "Route: "+bobs[0]+"\nRoute: "+bobs[1]+"\n")); !r.Bound {
		t.Errorf("Bob's along the Route: %+v", r)
	}
}

// Every answer carries the caller's token, provisional ones, failures and what
// comes again after the call is up.
func TestNobodyGetsTheOthersToken(t *testing.T) {
	n := newPaper(t)
	fwd := n.from(alice, invite)[1].text
	bobs := routeOf(fwd)
	var alices string
	for _, status := range []int{180, 183, 200, 200} {
		back := n.from(bob, answer(fwd, status, "b1", bobIsAt))
		if len(back) != 1 {
			t.Fatalf("%d: %v", status, back)
		}
		if got := routeOf(back[0].text); got == bobs || alices != "" && got != alices {
			t.Errorf("%d: %s", status, got)
		} else {
			alices = got
		}
	}
	if r := n.routing(inside("INFO", alices)); !r.Bound {
		t.Error("it does not lead to Bob")
	}
	// A second callee of a forked call has a place of his own.
	late := n.from(bob, answer(fwd, 200, "b2", "Contact: <sip:carol@192.0.2.81:5080>\r\n"))
	carols := strings.NewReplacer("tag=b1", "tag=b2", "bob@192.0.2.80", "carol@192.0.2.81").Replace(inside("INFO", routeOf(late[0].text)))
	if r := n.routing(carols); !r.Bound {
		t.Errorf("Carol: %+v", r)
	}
	again := strings.NewReplacer("abc1", "abc2", "call-1", "call-2").Replace(invite)
	fwd = n.from(alice, again)[1].text
	out := sentTo(n.from(bob, answer(fwd, 486, "b1", "")), alice)
	if routeOf(out[0].text) == routeOf(fwd) {
		t.Error("486 gives Bob's token away")
	}
}

// On a spiral each passage exchanges its own token, the first answer and a late
// one alike.
func TestSpiralHasATokenForEachPassage(t *testing.T) {
	n := newPaper(t)
	first := n.from(alice, invite)[1].text
	n.to(carol)
	// The proxy at Bob's sends the call back through us, to a phone at Carol's.
	spiral := strings.Replace(strings.Replace(first, "INVITE sip:bob@example.test", "INVITE sip:phone@192.0.2.81:5080", 1),
		"\r\nVia: ", "\r\nRecord-Route: <sip:192.0.2.80:5080;lr>\r\nVia: SIP/2.0/UDP 192.0.2.80:5080;branch=z9hG4bKpbx;rport\r\nVia: ", 1)
	out := n.from(bob, spiral)
	second := out[len(out)-1].text
	if header(second, "Record-Route") == nil || len(header(second, "Record-Route")) != 3 {
		t.Fatalf("%s", second)
	}
	ok := answer(second, 200, "c1", "Contact: <sip:phone@192.0.2.81:5080>\r\n")
	for range 2 {
		mid := sentTo(n.from(carol, ok), bob)[0].text
		mid = strings.Replace(mid, "Via: SIP/2.0/UDP 192.0.2.80:5080;branch=z9hG4bKpbx;rport=5080;received=192.0.2.80\r\n", "", 1)
		end := sentTo(n.from(bob, mid), alice)
		if len(end) != 1 {
			t.Fatalf("%v\n%s", end, mid)
		}
		rr := header(end[0].text, "Record-Route")
		in := func(route string) *Routing {
			return n.routing(strings.NewReplacer("tag=b1", "tag=c1", "bob@192.0.2.80:5080 SIP", "phone@192.0.2.81:5080 SIP").Replace(inside("INFO", "Route: "+route+"\n")))
		}
		if r := in(rr[2] + ", " + rr[1] + ", " + rr[0]); !r.Bound || !r.Opener {
			t.Errorf("from Alice to the proxy: %+v", r)
		}
		if r := in(rr[0]); !r.Bound || !r.Opener {
			t.Errorf("from the proxy to the phone: %+v", r)
		}
	}
}
