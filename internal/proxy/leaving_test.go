package proxy

import (
	"net/netip"
	"strings"
	"testing"

	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// manyAddresses is a machine with two addresses, each of which the outside may call, and two UDP listeners on all of them.
func manyAddresses(n *paper) {
	at := []netip.AddrPort{netip.MustParseAddrPort("198.51.100.1:5060"), netip.MustParseAddrPort("192.0.2.2:5060"),
		netip.MustParseAddrPort("198.51.100.1:5070"), netip.MustParseAddrPort("192.0.2.2:5070")}
	n.p.self = NewSelf(SelfConfig{
		Listeners: []wire.Listener{
			{Transport: sip.UDP, Addr: netip.MustParseAddrPort("0.0.0.0:5060")},
			{Transport: sip.UDP, Addr: netip.MustParseAddrPort("0.0.0.0:5070"), Index: 1},
		},
		Locals: at,
		Number: func(_ uint8, a netip.Addr) uint8 { return map[bool]uint8{true: 1, false: 2}[a == at[0].Addr()] },
	})
}

// A dialog that was opened at one of our addresses goes on from it, although another one is nearer: a firewall or a NAT
// in front of its caller lets nothing else through.
func TestDialogLeavesFromTheAddressItWasOpenedAt(t *testing.T) {
	for _, contact := range []string{"198.51.100.7", "10.1.2.3"} { // in public, and behind a NAT
		n := newPaper(t)
		manyAddresses(n)
		request := strings.ReplaceAll(invite, "alice@198.51.100.7", "alice@"+contact)
		data := []byte(crlf(request))
		m := new(sip.Message)
		if err := m.Parse(data); err != nil {
			t.Fatal(err)
		}
		came := wire.Flow{Transport: sip.UDP, Socket: 1, Local: 2, Remote: netip.MustParseAddrPort(alice)}
		n.layer.Receive(&txn.Incoming{Msg: m, Packet: &wire.Packet{Data: data, Flow: came, Local: netip.MustParseAddrPort("192.0.2.2:5070"), Now: n.now}}, n)
		fwd := sentTo(n.sent, bob)[0].text
		n.from(bob, answer(fwd, 200, "b1", bobIsAt))
		for _, method := range []string{"INFO", "INVITE"} { // without and with state
			text := strings.Replace(insideBack(method, routeOf(fwd)), "alice@198.51.100.7", "alice@"+contact, 1)
			out := sentTo(n.from(bob, text), alice)
			if len(out) != 1 {
				t.Fatalf("%s to %s: %v", method, contact, n.sent)
			}
			if got := out[0].to.Flow; got != came || !strings.HasPrefix(header(out[0].text, "Via")[0], "SIP/2.0/UDP 192.0.2.2:5070;") {
				t.Errorf("%s to %s leaves from %+v, Via %s", method, contact, got, header(out[0].text, "Via")[0])
			}
		}
	}
}

// Outside of dialogs a phone is called from the address that it has registered at; who is no phone from what the kernel
// thinks best.
func TestPhoneIsCalledFromTheAddressThatItUses(t *testing.T) {
	n := newPaper(t)
	manyAddresses(n)
	phone := wire.Flow{Transport: sip.UDP, Socket: 1, Local: 2, Remote: netip.MustParseAddrPort("198.51.100.9:40000")}
	n.targets = []Target{{Flow: phone, Phone: true}}
	n.from(alice, invite)
	out := sentTo(n.sent, phone.Remote.String())
	if len(out) != 1 || out[0].to.Flow != phone || !strings.HasPrefix(header(out[0].text, "Via")[0], "SIP/2.0/UDP 192.0.2.2:5070;") {
		t.Errorf("%+v", out)
	}
	phone.Socket = 9 // of an earlier configuration
	n.targets[0].Flow = phone
	n.from(alice, strings.ReplaceAll(invite, "abc1", "abc2"))
	if out = sentTo(n.sent, phone.Remote.String()); len(out) != 2 || out[1].to.Socket != 0 || out[1].to.Local != 0 {
		t.Errorf("%+v", out)
	}
	n.to(bob)
	if out = sentTo(n.from(alice, strings.ReplaceAll(invite, "abc1", "abc3")), bob); len(out) != 1 || out[0].to.Local != 0 {
		t.Errorf("%+v", out)
	}
}

// A phone may call itself by another address in a dialog than it has registered: the port that its connection was opened
// from, to which nobody can connect. What is inside the dialog takes the connection, or the one that it has now.
func TestDialogWithAPhoneTakesItsConnection(t *testing.T) {
	phone := wire.Flow{Transport: sip.TLS, Socket: 2, Conn: 7, Remote: netip.MustParseAddrPort("198.51.100.9:40000")}
	anew := wire.Flow{Transport: sip.TLS, Socket: 2, Conn: 8, Remote: netip.MustParseAddrPort("198.51.100.9:40002")}
	for _, again := range []bool{false, true} {
		want := phone
		n := newPaperWith(t, Config{FlowOf: func(*uri.URI) (wire.Flow, bool) { return anew, again }})
		n.targets = []Target{{Flow: phone, Phone: true, Only: true}}
		n.from(alice, invite)
		call := sentTo(n.sent, phone.Remote.String())[0]
		ok := sentTo(n.receive(phone, answer(call.text, 200, "b1", "Contact: <sip:bob@198.51.100.9:40000;transport=tls>\r\n")), alice)[0].text
		if again {
			want = anew
		}
		for _, method := range []string{"ACK", "BYE"} {
			request := strings.Replace(inside(method, routeOf(ok)), "sip:bob@192.0.2.80:5080", "sip:bob@198.51.100.9:40000;transport=tls", 1)
			if out := sentTo(n.from(alice, request), want.Remote.String()); len(out) != 1 || out[0].to.Flow != want {
				t.Errorf("%s, registered anew %v: %v", method, again, n.sent[len(n.sent)-1])
			}
		}
	}
}

// The same holds for the phone that has called, if it is its user who has registered that contact; and what its NAT hides is not dialled.
func TestDialogWithTheCallerTakesTheConnectionThatItHasNow(t *testing.T) {
	old := wire.Flow{Transport: sip.TCP, Conn: 7, Remote: netip.MustParseAddrPort("198.51.100.9:40000")}
	anew := wire.Flow{Transport: sip.TCP, Conn: 8, Remote: netip.MustParseAddrPort("198.51.100.9:40002")}
	for owner, want := range map[string]wire.Flow{"": old, "sip:mallory@elsewhere.test": old, "sip:alice@elsewhere.test": anew} {
		n := newPaperWith(t, Config{
			FlowOf:  func(u *uri.URI) (wire.Flow, bool) { return anew, owner != "" && string(u.User) == "alice" },
			OwnerOf: func(*uri.URI) string { return owner },
		})
		n.to(bob)
		n.receive(old, strings.NewReplacer("alice@198.51.100.7", "alice@10.1.2.3", "UDP", "TCP").Replace(invite))
		fwd := sentTo(n.sent, bob)[0].text
		n.from(bob, answer(fwd, 200, "b1", bobIsAt))
		for _, method := range []string{"INFO", "INVITE"} {
			text := strings.Replace(insideBack(method, routeOf(fwd)), "alice@198.51.100.7", "alice@10.1.2.3", 1)
			n.from(bob, text)
			out := n.sent[len(n.sent)-1]
			if out.to.Conn != want.Conn || !out.to.Only {
				t.Errorf("%s, registered by %q: to %+v", method, owner, out.to)
			}
		}
	}
}
