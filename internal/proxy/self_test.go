package proxy

import (
	"net/netip"
	"strings"
	"testing"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

func testSelf() *Self {
	return NewSelf(SelfConfig{Listeners: []wire.Listener{
		{Transport: sip.UDP, Addr: netip.MustParseAddrPort(us)},
		{Transport: sip.UDP, Addr: netip.MustParseAddrPort("127.0.0.1:5060"), Index: 1},
		{Transport: sip.UDP, Addr: netip.MustParseAddrPort("[2001:db8::1]:5060"), Index: 2},
		{Transport: sip.TCP, Addr: netip.MustParseAddrPort("192.0.2.1:5070"), Index: 3},
		{Transport: sip.TLS, Addr: netip.MustParseAddrPort("192.0.2.1:5061"), Index: 4},
		{Transport: sip.WSS, Addr: netip.MustParseAddrPort("192.0.2.1:443"), Index: 5},
	}, Names: []string{"gate.example.test"}})
}

func testNoTLS() *Self {
	return NewSelf(SelfConfig{Listeners: []wire.Listener{{Transport: sip.UDP, Addr: netip.MustParseAddrPort(us)}}})
}

func TestSelfKnowsItsNames(t *testing.T) {
	s := testSelf()
	for text, want := range map[string]struct{ uri, host bool }{
		"sip:192.0.2.1":                    {true, true},
		"sip:192.0.2.1:5070":               {true, true},
		"sip:192.0.2.1:5080":               {false, true},
		"sips:192.0.2.1":                   {true, true}, // 5061
		"sip:192.0.2.1;transport=tls":      {true, true},
		"sip:[2001:db8::1]":                {true, true},
		"sip:[::ffff:192.0.2.1]":           {true, true},
		"sip:bob@GATE.example.TEST":        {true, false},
		"sip:gate.example.test:5070":       {true, false},
		"sip:gate.example.test:9":          {false, false},
		"sip:example.test":                 {false, false},
		"sip:192.0.2.2":                    {false, false},
		"sip:" + strings.Repeat("a.", 150): {false, false},
	} {
		u, err := uri.Parse([]byte(text))
		if err != nil {
			continue // too long for a host is fine too
		}
		if s.IsURI(&u) != want.uri || s.IsHost(&u) != want.host {
			t.Errorf("%s: URI %v, host %v", text, s.IsURI(&u), s.IsHost(&u))
		}
	}
	if !s.IsHostPort([]byte("192.0.2.1"), 0) || s.IsHostPort([]byte("192.0.2.1"), 1) {
		t.Error("IsHostPort")
	}
}

func TestSelfChoosesAListener(t *testing.T) {
	s := testSelf()
	for _, c := range []struct {
		t    sip.Transport
		to   string
		want uint8
	}{
		{sip.UDP, "198.51.100.7", 0},
		{sip.UDP, "127.0.0.1", 1},
		{sip.UDP, "2001:db8::9", 2},
		{sip.TCP, "127.0.0.1", 3},
		{sip.TLS, "198.51.100.7", 4},
	} {
		if l := s.outgoing(c.t, netip.MustParseAddr(c.to)); l.Index != c.want {
			t.Errorf("%v to %s leaves from %d, want %d", c.t, c.to, l.Index, c.want)
		}
	}
	for _, c := range []struct {
		f     wire.Flow
		local string
		want  uint8
	}{
		{wire.Flow{Transport: sip.UDP, Socket: 1}, "127.0.0.1:5060", 1},

		{wire.Flow{Transport: sip.TCP, Conn: 9}, "192.0.2.1:40000", 3},     // a connection that we made
		{wire.Flow{Transport: sip.WS, Conn: 9}, "192.0.2.1:80", 0},         // no listener of its kind
		{wire.Flow{Transport: sip.WSS, Conn: 9}, "192.0.2.1:443", 5},       //
		{wire.Flow{Transport: sip.UDP, Socket: 9}, "198.51.100.9:5060", 0}, // unknown
	} {
		c.f.Remote = netip.MustParseAddrPort(alice)
		if l := s.incoming(c.f, netip.MustParseAddrPort(c.local)); l.Index != c.want {
			t.Errorf("%+v came to %d, want %d", c.f, l.Index, c.want)
		}
	}
	l := s.outgoing(sip.WS, netip.MustParseAddr("198.51.100.7"))
	if got := string(l.appendVia(nil, sip.WS)); got != "Via: SIP/2.0/WS 192.0.2.1:5060;branch=" {
		t.Errorf("%q", got)
	}
	for i, want := range map[int][2]string{
		0: {"<sip:192.0.2.1:5060;lr"},
		3: {"<sip:192.0.2.1:5070;transport=tcp;lr"},
		4: {"<sip:192.0.2.1:5061;transport=tls;lr", "<sips:192.0.2.1:5061;lr"},
		5: {"<sip:192.0.2.1:443;transport=ws;lr", "<sips:192.0.2.1:443;transport=ws;lr"},
	} {
		if l := s.now.Load().listeners[i]; l.route != want[0] || l.secure != want[1] {
			t.Errorf("listener %d: %q and %q, want %q", i, l.route, l.secure, want)
		}
	}
	if l := s.secured(s.now.Load().listeners[0]); l == nil || l.Transport != sip.TLS || testNoTLS().secured(l) != l {
		t.Errorf("secured: %+v", l)
	}
	if l := testNoTLS().secured(s.now.Load().listeners[0]); l != nil {
		t.Errorf("without TLS: %+v", l)
	}
}

func TestWildcardsAndANATAreNamedByWhatTheOtherSideReaches(t *testing.T) {
	s := NewSelf(SelfConfig{
		Listeners: []wire.Listener{{Transport: sip.UDP, Addr: netip.MustParseAddrPort("0.0.0.0:5060")}},
		Locals:    []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:5060"), netip.MustParseAddrPort("10.0.0.5:5060"), netip.MustParseAddrPort("192.168.7.5:5060")},
		Public:    netip.MustParseAddr("203.0.113.5"),
	})
	for to, want := range map[string]string{
		"127.0.0.1":    "127.0.0.1:5060",
		"10.0.0.80":    "10.0.0.5:5060",
		"192.168.7.80": "192.168.7.5:5060",
		"198.51.100.7": "203.0.113.5:5060",
	} {
		if got := s.outgoing(sip.UDP, netip.MustParseAddr(to)).Addr.String(); got != want {
			t.Errorf("towards %s we are %s, want %s", to, got, want)
		}
		f := wire.Flow{Transport: sip.UDP, Remote: netip.AddrPortFrom(netip.MustParseAddr(to), 5060)}
		local := netip.MustParseAddrPort("10.0.0.5:5060")
		if to != "198.51.100.7" {
			local = netip.MustParseAddrPort(want)
		}
		if got := s.incoming(f, local).Addr.String(); got != want {
			t.Errorf("%s knows us as %s, want %s", to, got, want)
		}
	}
	for _, a := range []string{"203.0.113.5:5060", "10.0.0.5:5060"} {
		if !s.IsAddr(netip.MustParseAddrPort(a)) {
			t.Errorf("%s is ours", a)
		}
	}
	if s.IsAddr(netip.MustParseAddrPort("0.0.0.0:5060")) {
		t.Error("0.0.0.0 is an address of ours")
	}
}

// routes is a machine with one way to everybody and one into the PBX's network.
func routes(to netip.Addr) netip.Addr {
	switch {
	case netip.MustParsePrefix("192.168.77.0/24").Contains(to):
		return netip.MustParseAddr("192.168.77.1")
	case to.Is4():
		return netip.MustParseAddr("203.0.113.5")
	}
	return netip.Addr{}
}

func listeners(all ...string) (ls []wire.Listener) {
	for i, a := range all {
		ls = append(ls, wire.Listener{Transport: sip.UDP, Addr: netip.MustParseAddrPort(a), Index: uint8(i)})
	}
	return ls
}

// TestRoutesTellByWhichAddressWeAreReached: 198.51.100.7 has more leading bits in
// common with the address in the PBX's network than with the other.
func TestRoutesTellByWhichAddressWeAreReached(t *testing.T) {
	for name, cfg := range map[string]SelfConfig{
		"one by one": {Listeners: listeners("192.168.77.1:5060", "203.0.113.5:5060")},
		"wildcard": {
			Listeners: listeners("0.0.0.0:5060"),
			Locals:    []netip.AddrPort{netip.MustParseAddrPort("192.168.77.1:5060"), netip.MustParseAddrPort("203.0.113.5:5060")},
		},
	} {
		cfg.Source = routes
		s := NewSelf(cfg)
		for to, want := range map[string]string{"198.51.100.7": "203.0.113.5:5060", "192.168.77.10": "192.168.77.1:5060", "192.168.1.11": "203.0.113.5:5060"} {
			f := wire.Flow{Transport: sip.UDP, Remote: netip.AddrPortFrom(netip.MustParseAddr(to), 5060)}
			l := s.leaving(&f, false, nil)
			if got := l.Addr.String(); got != want || f.Socket != l.Index {
				t.Errorf("%s: towards %s we are %s of socket %d, want %s", name, to, got, f.Socket, want)
			}
			// A connection that we have made tells our address, and a port of its own.
			f.Transport = sip.TCP
			if got := s.incoming(f, netip.AddrPortFrom(netip.MustParseAddrPort(want).Addr(), 40000)).Addr.String(); got != want {
				t.Errorf("%s: %s knows us as %s, want %s", name, to, got, want)
			}
		}
	}
}

// TestANATInFrontStandsForTheAddressThatItForwardsTo, whatever other listeners there are.
func TestANATInFrontStandsForTheAddressThatItForwardsTo(t *testing.T) {
	behind := func(to netip.Addr) netip.Addr {
		if a := routes(to); a != netip.MustParseAddr("203.0.113.5") {
			return a
		}
		return netip.MustParseAddr("10.0.0.5")
	}
	for i, all := range [][]wire.Listener{listeners("10.0.0.5:5060", "192.168.77.1:5060"), listeners("192.168.77.1:5060", "10.0.0.5:5060")} {
		s := NewSelf(SelfConfig{Listeners: all, Source: behind, Public: netip.MustParseAddr("203.0.113.5")})
		to := wire.Flow{Transport: sip.UDP, Remote: netip.MustParseAddrPort("198.51.100.7:5060")}
		if l := s.leaving(&to, false, nil); l.Addr.String() != "203.0.113.5:5060" || int(to.Socket) != i {
			t.Errorf("the outside is reached from %v of socket %d, want %d", l.Addr, to.Socket, i)
		}
		u, _ := uri.Parse([]byte("sip:203.0.113.5:5060"))
		if l := s.at(&u); l == nil || int(l.Index) != i {
			t.Errorf("a dialog of the outside was opened at %+v, want socket %d", l, i)
		}
		to = wire.Flow{Transport: sip.UDP, Remote: netip.MustParseAddrPort("192.168.77.10:5060")}
		if l := s.leaving(&to, false, nil); l.Addr.String() != "192.168.77.1:5060" || int(to.Socket) != 1-i {
			t.Errorf("the PBX is reached from %v of socket %d, want %d", l.Addr, to.Socket, 1-i)
		}
	}
}

// TestAWildcardFollowsTheAddressesOfItsMachine, and what stays is the same as before.
func TestAWildcardFollowsTheAddressesOfItsMachine(t *testing.T) {
	first, second := netip.MustParseAddrPort("10.0.0.5:5060"), netip.MustParseAddrPort("10.0.0.6:5060")
	s := NewSelf(SelfConfig{Listeners: listeners("0.0.0.0:5060"), Locals: []netip.AddrPort{first}})
	l := s.outgoing(sip.UDP, first.Addr())
	if s.SetLocals([]netip.AddrPort{first}) || s.IsAddr(second) {
		t.Error("nothing has changed")
	}
	if !s.SetLocals([]netip.AddrPort{first, second}) || !s.IsAddr(second) {
		t.Error("an address that was added is ours")
	}
	if s.outgoing(sip.UDP, first.Addr()) != l {
		t.Error("a request under way finds its listener again")
	}
	if !s.SetLocals([]netip.AddrPort{second}) || s.IsAddr(first) {
		t.Error("an address that was removed is not ours any more")
	}
}
