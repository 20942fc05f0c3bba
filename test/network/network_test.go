// Package network holds the server against networks: several machines, made of
// network namespaces, with routes, a NAT and addresses that come and go. It is
// skipped where these cannot be made (it needs root, or CAP_SYS_ADMIN).
package network

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse.example/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// Where everybody is. The server has a card towards the internet and one towards
// the PBX, whose network leads nowhere else.
const (
	public  = "203.0.113.5"
	inner   = "192.168.77.1"
	pbxHost = "192.168.77.10"
	carrier = "198.51.100.10"
	caller  = "198.51.100.20"
	nat     = "198.51.100.131"
	phone   = "192.168.1.11"
)

type world struct{ server, router, outside, pbx *harness.Host }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{harness.NewHost(t), harness.NewHost(t), harness.NewHost(t), harness.NewHost(t)}
	w.router.Set("net/ipv4/ip_forward", "1")
	w.server.Link("wan", public+"/24", w.router, "hosting", "203.0.113.1/24")
	w.server.Link("lan", inner+"/24", w.pbx, "lan", pbxHost+"/24")
	w.router.Link("net", "198.51.100.1/25", w.outside, "net", caller+"/25")
	w.outside.IP("address add " + carrier + "/25 dev net")
	w.server.IP("route add default via 203.0.113.1")
	w.outside.IP("route add default via 198.51.100.1")
	return w
}

// start starts the server and waits until it answers somebody.
func (w *world) start(t *testing.T, yaml string, users ...string) {
	t.Helper()
	s := &harness.Server{Dir: t.TempDir()}
	s.Write(t, fmt.Sprintf("data: %s\nconsole: 127.0.0.1:8060\n%s", filepath.Join(s.Dir, "data"), yaml))
	w.server.Do(func() {
		for _, u := range users {
			if _, errs, code := harness.Command(t, s.Dir, "secret\n", "--config", s.ConfigFile(), "user", "add", u); code != 0 {
				t.Fatal(errs)
			}
		}
		s.Launch(t, "--config", s.ConfigFile(), "serve")
	})
	at := endpoint(t, w.outside, caller, 5999, public)
	harness.Eventually(t, harness.Patience, "the server answers", func() bool {
		at.Send(at.Request("OPTIONS", "sip:"+public))
		_, ok := at.Find(200*time.Millisecond, func(m harness.Message) bool { return m.Status() == 200 })
		return ok
	})
	at.Close()
}

func addr(host string, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(host), port)
}

// endpoint is a UDP endpoint on a machine; its peer is the server by one of its addresses.
func endpoint(t *testing.T, h *harness.Host, host string, port uint16, server string) (e *harness.Endpoint) {
	t.Helper()
	h.Do(func() { e = harness.UDP(t, addr(host, port), addr(server, 5060)) })
	return e
}

const beforePBX = `
domains: [{name: example.test, deliver: "sip:192.168.77.10:5060", outbound: carrier}]
peers: [{name: carrier, addresses: [198.51.100.10], send: "sip:198.51.100.10:5060"}]
checks: {rate: {enabled: false}}
`

// call makes a call that the callee hangs up, and one that the caller does. Each side
// may see nothing but the address of ours that it reaches.
func call(t *testing.T, from, to *harness.Endpoint, uri, seenByCaller, seenByCallee string) {
	t.Helper()
	for _, byCallee := range []bool{true, false} {
		from.Send(from.Invite(uri))
		invite := to.ExpectRequest(t, "INVITE")
		if invite.From.Addr().String() != seenByCallee || !strings.Contains(invite.Get("Via"), " "+seenByCallee+":") {
			t.Errorf("the callee sees %v, Via %s; want %s", invite.From, invite.Get("Via"), seenByCallee)
		}
		ok := from.ExpectStatus(t, 200)
		up := from.CallerDialog(ok)
		if first := up.Routes()[0]; ok.From.Addr().String() != seenByCaller || !strings.Contains(first, ":"+seenByCaller+":") {
			t.Errorf("the caller sees %v, Route %s; want %s", ok.From, first, seenByCaller)
		}
		from.Send(up.Request("ACK"))
		to.ExpectRequest(t, "ACK")
		sender, receiver, d, seen := from, to, up, seenByCallee
		if byCallee {
			sender, receiver, d, seen = to, from, to.CalleeDialog(invite, invite.Answer(200, "OK")), seenByCaller
		}
		if !strings.Contains(d.Routes()[0], ":"+sender.Peer().Addr().String()+":") {
			t.Errorf("%v is to send to %s", sender.Addr, d.Routes()[0])
		}
		if bye := sender.Ask(t, d.Request("BYE")); bye.Status() != 200 {
			t.Errorf("BYE by the callee %v: %s", byCallee, bye.StartLine())
		}
		if bye := receiver.ExpectRequest(t, "BYE"); bye.From.Addr().String() != seen {
			t.Errorf("BYE comes from %v, want %s", bye.From, seen)
		}
	}
}

// TestBetweenTwoNetworks: RFC 3261 §16.6 steps 4 and 8, RFC 5658.
func TestBetweenTwoNetworks(t *testing.T) {
	for name, listen := range map[string]string{
		"wildcard":    "[udp://0.0.0.0:5060, tcp://0.0.0.0:5060]",
		"one by one":  "[udp://203.0.113.5:5060, udp://192.168.77.1:5060]",
		"inner first": "[udp://192.168.77.1:5060, udp://203.0.113.5:5060]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start(t, "listen: "+listen+beforePBX)
			stranger := endpoint(t, w.outside, caller, 5060, public).Answering()
			trunk := endpoint(t, w.outside, carrier, 5060, public).Answering()
			pbx := endpoint(t, w.pbx, pbxHost, 5060, inner).Answering()
			call(t, stranger, pbx, "sip:bob@example.test", public, inner)
			call(t, trunk, pbx, "sip:+15551230001@"+public, public, inner)
			call(t, pbx, trunk, "sip:+15557654321@example.test", inner, public)
		})
	}
}

// TestAnAddressThatComesLaterIsOurs, behind a wildcard.
func TestAnAddressThatComesLaterIsOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t, "listen: [udp://0.0.0.0:5060]"+beforePBX)
	const later = "203.0.113.77"
	w.server.IP("address add " + later + "/24 dev wan")
	pbx := endpoint(t, w.pbx, pbxHost, 5060, inner).Answering()
	e := endpoint(t, w.outside, caller, 5060, later).Answering()
	if ok := e.Ask(t, e.Request("OPTIONS", "sip:"+later)); ok.Status() != 200 {
		t.Errorf("OPTIONS to it: %s", ok.StartLine())
	}
	call(t, e, pbx, "sip:+15551230001@"+later, later, inner)
}

const hosted = `listen: [udp://0.0.0.0:5060, tcp://0.0.0.0:5060]
domains: [{name: example.test, deliver: home, outbound: carrier}]
peers: [{name: carrier, addresses: [198.51.100.10], send: "sip:198.51.100.10:5060"}]
checks: {rate: {enabled: false}}
home: {keep_alive: 1s}
`

// home is a telephone in a network behind a NAT that soon forgets what is silent on UDP.
func (w *world) home(t *testing.T) *harness.Host {
	t.Helper()
	box, inside := harness.NewHost(t), harness.NewHost(t)
	box.Set("net/ipv4/ip_forward", "1")
	w.router.Link("homes", "198.51.100.129/25", box, "wan", nat+"/25")
	box.Link("lan", "192.168.1.1/24", inside, "lan", phone+"/24")
	box.IP("route add default via 198.51.100.129")
	box.Masquerade("wan")
	box.Set("net/netfilter/nf_conntrack_udp_timeout", "6")
	box.Set("net/netfilter/nf_conntrack_udp_timeout_stream", "6")
	inside.IP("route add default via 192.168.1.1")
	return inside
}

// TestAPhoneBehindANATIsFollowed: it has called, its connection is lost, and it registers
// over another one. Nothing else leads to it.
func TestAPhoneBehindANATIsFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inside := w.home(t)
	w.start(t, hosted, "anna@example.test")
	trunk := endpoint(t, w.outside, carrier, 5060, public).Answering()
	connect := func() (e *harness.Endpoint) {
		inside.Do(func() { e = harness.TCP(t, netip.MustParseAddr(phone), addr(public, 5060)) })
		register(t, e, "anna")
		return e.Answering()
	}
	first := connect()
	from := "From: <sip:anna@example.test>;tag=" + harness.Token()
	first.Send(prove(t, first, "anna", first.Invite("sip:+15557654321@example.test", from, contact(first, "anna"))))
	invite := trunk.ExpectRequest(t, "INVITE")
	first.Send(first.CallerDialog(first.ExpectStatus(t, 200)).Request("ACK"))
	first.Close()
	second := connect()
	d := trunk.CalleeDialog(invite, invite.Answer(200, "OK"))
	if bye := trunk.Ask(t, d.Request("BYE")); bye.Status() != 200 {
		t.Errorf("BYE to the phone: %s", bye.StartLine())
	}
	second.ExpectRequest(t, "BYE")
	// And it is called there.
	trunk.Send(trunk.Invite("sip:anna@example.test"))
	second.ExpectRequest(t, "INVITE")
}

// TestASilentPhoneStaysReachable: what it is sent keeps its NAT from forgetting it.
func TestASilentPhoneStaysReachable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inside := w.home(t)
	w.start(t, hosted, "anna@example.test")
	trunk := endpoint(t, w.outside, carrier, 5060, public).Answering()
	e := endpoint(t, inside, phone, 5060, public)
	register(t, e, "anna")
	e.Answering()
	for range 8 { // for longer than the NAT remembers
		e.Expect(t, "empty line", func(m harness.Message) bool { return strings.Trim(m.Text, "\r\n") == "" })
	}
	trunk.Send(trunk.Invite("sip:anna@example.test"))
	e.ExpectRequest(t, "INVITE")
}
