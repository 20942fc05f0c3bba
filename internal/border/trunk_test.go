package border_test

import (
	"net/netip"
	"strings"
	"testing"

	"gatehouse.example/internal/border"
	"gatehouse.example/internal/locate"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

const trunkRegister = `
REGISTER sip:carrier.test SIP/2.0
Via: SIP/2.0/UDP 192.0.2.80:5080;branch=z9hG4bKtrunk1;rport
Max-Forwards: 70
From: <sip:4711@carrier.test>;tag=t1
To: <sip:4711@carrier.test>
Call-ID: trunk-1@192.0.2.80
CSeq: 1 REGISTER
Contact: <sip:4711@192.0.2.80:5080>
Content-Length: 0
`

// trunked is a border between two domains on one PBX, a third on another, and a carrier for each PBX.
func trunked(t *testing.T) *paper {
	t.Helper()
	p := newPaper(t, nil, screen.Layer{})
	policy, err := mustEngine(t).Resolve(screen.Layer{})
	if err != nil {
		t.Fatal(err)
	}
	site := &border.Site{}
	carrier := &border.Peer{Name: "carrier", Number: 1, Prefixes: []netip.Prefix{netip.MustParsePrefix("203.0.113.5/32")}, Send: locate.Target{Host: "203.0.113.5"}}
	other := &border.Peer{Name: "other", Number: 2, Prefixes: []netip.Prefix{netip.MustParsePrefix("203.0.113.6/32")}, Send: locate.Target{Host: "203.0.113.6"}}
	site.AddDomain(&border.Domain{Name: "example.test", Policy: policy, Outbound: carrier, Targets: []locate.Target{{Host: "192.0.2.80", Port: 5080}}})
	site.AddDomain(&border.Domain{Name: "second.test", Policy: policy, Outbound: carrier, Targets: []locate.Target{{Host: "192.0.2.80", Port: 5080}}})
	site.AddDomain(&border.Domain{Name: "third.test", Policy: policy, Outbound: other, Targets: []locate.Target{{Host: "192.0.2.90", Port: 5080}}})
	site.AddPeer(carrier)
	site.AddPeer(other)
	site.Seal()
	p.border.SetSite(site)
	return p
}

// A carrier may want its customers to register. The PBX does it through us, and the carrier's calls come to what it has
// registered: its own address.
func TestPBXRegistersItsTrunk(t *testing.T) {
	p := trunked(t)
	out := p.from("192.0.2.80:5080", trunkRegister)
	if got := last(out); !strings.HasPrefix(got, "203.0.113.5:5060 REGISTER sip:carrier.test SIP/2.0") || header(out[0].text, "Contact") != "<sip:4711@192.0.2.80:5080>" {
		t.Fatalf("REGISTER: %v", out)
	}
	challenge := strings.Replace(answer(out[len(out)-1].text, "401 Unauthorized", "c1"), "CSeq", "WWW-Authenticate: Digest realm=\"carrier.test\", nonce=\"1\"\nCSeq", 1)
	if back := p.from("203.0.113.5:5060", challenge); !strings.HasPrefix(last(back), "192.0.2.80:5080 SIP/2.0 401") || header(back[0].text, "WWW-Authenticate") == "" {
		t.Errorf("challenge: %v", back)
	}
	if got := p.seen[len(p.seen)-1]; got.Kind != verdict.Registration || got.To.Requested != "sip:4711@carrier.test" || got.Action != verdict.Relay {
		t.Errorf("history: %+v", got)
	}
	call := func(from, tag string) string {
		return last(p.from(from, strings.NewReplacer("bob@example.test SIP", "4711@192.0.2.80:5080 SIP", "abc1", tag, "call-1", tag).Replace(invite)))
	}
	if got := call("203.0.113.5:5060", "in1"); !strings.HasPrefix(got, "192.0.2.80:5080 INVITE sip:4711@192.0.2.80:5080 ") {
		t.Errorf("call of the carrier: %q", got)
	}
	if got := call("198.51.100.9:5060", "in2"); !strings.HasPrefix(got, "198.51.100.9:5060 SIP/2.0 403") {
		t.Errorf("call of a stranger to an inner address: %q", got)
	}
}

func TestOnlyThePBXRegistersElsewhere(t *testing.T) {
	p := trunked(t)
	for _, from := range []string{"198.51.100.9:5060", "203.0.113.6:5060"} {
		if got := last(p.from(from, trunkRegister)); !strings.HasPrefix(got, from+" SIP/2.0 403") {
			t.Errorf("%s: %q", from, got)
		}
	}
}

// Each PBX has the carrier of its own domain, whatever From says; and one that serves two domains is known in both.
func TestEachPBXUsesTheCarrierOfItsDomain(t *testing.T) {
	p := trunked(t)
	if got := last(p.from("192.0.2.90:5080", trunkRegister)); !strings.HasPrefix(got, "203.0.113.6:5060 REGISTER") {
		t.Errorf("REGISTER of the second PBX: %q", got)
	}
	for i, c := range []struct{ from, called, want string }{
		{"192.0.2.90:5080", "+15551230001@elsewhere.test", "203.0.113.6:5060 INVITE"},
		{"192.0.2.80:5080", "+15551230001@elsewhere.test", "203.0.113.5:5060 INVITE"},
		{"192.0.2.80:5080", "+15551230001@example.test", "203.0.113.5:5060 INVITE"},
		{"192.0.2.80:5080", "+15551230001@second.test", "203.0.113.5:5060 INVITE"},
	} {
		tag := string(rune('a'+i)) + "-out"
		if got := last(p.from(c.from, strings.NewReplacer("bob@example.test SIP", c.called+" SIP", "abc1", tag, "call-1", tag).Replace(invite))); !strings.HasPrefix(got, c.want) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
