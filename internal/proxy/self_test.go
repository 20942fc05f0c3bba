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
		if l := &s.listeners[i]; l.route != want[0] || l.secure != want[1] {
			t.Errorf("listener %d: %q and %q, want %q", i, l.route, l.secure, want)
		}
	}
	if l := s.secured(&s.listeners[0]); l == nil || l.Transport != sip.TLS || testNoTLS().secured(l) != l {
		t.Errorf("secured: %+v", l)
	}
	if l := testNoTLS().secured(&s.listeners[0]); l != nil {
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
