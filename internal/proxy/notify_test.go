package proxy

import (
	"strings"
	"testing"
)

// TestRefreshFollowsTheRouteOfTheNotify: a subscriber may take its dialog from the NOTIFY, which can come first and, of a
// forked SUBSCRIBE, is all that it gets from some (RFC 6665 §4.1.4, §4.4.1; SIP.js always does so): what it sends then comes
// by here only if that had a Record-Route (§4.3).
func TestRefreshFollowsTheRouteOfTheNotify(t *testing.T) {
	n := newPaper(t)
	bobs := routeOf(n.from(alice, as("SUBSCRIBE"))[0].text)
	out := n.from(bob, strings.Replace(insideBack("NOTIFY", bobs), "Contact: <sip:alice@198.51.100.7:5060>", "Contact: <sip:bob@192.0.2.80:5080>", 1))
	if len(out) != 1 || !strings.HasPrefix(out[0].text, "NOTIFY sip:alice@198.51.100.7:5060 ") {
		t.Fatalf("sent %v", out)
	}
	route := routeOf(out[0].text)
	n.want(n.from(alice, answer(out[0].text, 200, "", "")), bob+" SIP/2.0 200")
	refresh := strings.Replace(inside("SUBSCRIBE", route), "z9hG4bKSUBSCRIBE", "z9hG4bKrefresh", 1)
	r := n.routing(refresh)
	if !r.InDialog || !r.Bound || !r.Opener || r.HasNext {
		t.Errorf("the refresh is routed by %+v", r)
	}
	n.want(n.from(alice, refresh), bob+" SUBSCRIBE sip:bob@192.0.2.80:5080")
	n.wantIdle()
}
