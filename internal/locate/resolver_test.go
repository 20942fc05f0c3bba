package locate

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"gatehouse.example/sip"
)

// clock is a hand-driven Config.Now.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestLiterals(t *testing.T) {
	r := newResolver(t, Config{Own: func(a netip.AddrPort) bool { return a.String() == "192.0.2.80:5060" }})
	cases := []struct {
		target Target
		want   string
	}{
		{Target{Host: "192.0.2.1"}, "UDP 192.0.2.1:5060"},
		{Target{Host: "192.0.2.1", Port: 5070, Transport: sip.TCP}, "TCP 192.0.2.1:5070"},
		{Target{Host: "192.0.2.1", Secure: true}, "TLS 192.0.2.1:5061 192.0.2.1"},
		{Target{Host: "[2001:db8::1]", Transport: sip.TLS}, "TLS [2001:db8::1]:5061 2001:db8::1"},
		{Target{Host: "2001:db8::1"}, "UDP [2001:db8::1]:5060"},
		{Target{Host: "[::ffff:192.0.2.1]"}, "UDP 192.0.2.1:5060"},
		{Target{Host: "10.0.0.1"}, "UDP 10.0.0.1:5060"}, // see Permitted
		{Target{Host: "127.0.0.1", Transport: sip.WS}, "WS 127.0.0.1:80"},
		{Target{Host: "0.0.0.0"}, "address not permitted"},
		{Target{Host: "[::]"}, "address not permitted"},
		{Target{Host: "239.1.1.1"}, "address not permitted"},
		{Target{Host: "255.255.255.255"}, "address not permitted"},
		{Target{Host: "192.0.2.80"}, "address not permitted"},
		{Target{Host: "192.0.2.80", Port: 5080}, "UDP 192.0.2.80:5080"},
		{Target{Host: "192.0.2.1", Secure: true, Transport: sip.UDP}, "bad target"},
		{Target{Host: "192.0.2.1", Transport: sip.SCTP}, "no such SIP service"},
		{Target{Host: "[2001:db8::1"}, "bad target"},
		{Target{Host: ""}, "bad target"},
	}
	for _, c := range cases {
		hops, ok := r.Cached(c.target, nil)
		looked, err := r.Lookup(t.Context(), c.target)
		if got := show(looked, err); got != c.want {
			t.Errorf("Lookup(%+v) = %s, want %s", c.target, got, c.want)
		}
		if ok != (err == nil) || ok && show(hops, nil) != c.want {
			t.Errorf("Cached(%+v) = %s, %v, want %s", c.target, show(hops, nil), ok, c.want)
		}
	}
}

// TestPermitted lists the ways to write an address that is inside.
func TestPermitted(t *testing.T) {
	r := newResolver(t, Config{
		Allow: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32")},
		Own:   func(a netip.AddrPort) bool { return a.Addr() == netip.MustParseAddr("192.0.2.80") },
	})
	for _, s := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "127.0.0.1", "127.9.9.9", "169.254.169.254", "172.16.0.1", "192.168.1.1",
		"100.64.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.80",
		"::", "::1", "fe80::1", "fc00::1", "fd00:2::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
		"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378::1",
	} {
		if err := r.Permitted(netip.AddrPortFrom(netip.MustParseAddr(s), 5060)); !errors.Is(err, ErrDenied) {
			t.Errorf("Permitted(%s) = %v", s, err)
		}
	}
	for _, s := range []string{"192.0.2.1", "10.1.2.3", "fd00:1::1", "2001:db8::1", "2002:c000:201::1", "172.32.0.1", "::ffff:192.0.2.1"} {
		if err := r.Permitted(netip.AddrPortFrom(netip.MustParseAddr(s), 5060)); err != nil {
			t.Errorf("Permitted(%s) = %v", s, err)
		}
	}
}

func TestHostsFileNeedsNoDNS(t *testing.T) {
	r := newResolver(t, Config{Hosts: "127.0.0.1 localhost\n192.0.2.7\tpbx PBX.example.test # the old one\n2001:db8::7 pbx\nnonsense pbx\n"})
	for target, want := range map[Target]string{
		{Host: "pbx", Port: 5060}:                            "UDP [2001:db8::7]:5060, UDP 192.0.2.7:5060",
		{Host: "pbx.example.test", Port: 5060}:               "UDP 192.0.2.7:5060",
		{Host: "localhost", Port: 5060}:                      "address not permitted",
		{Host: "localhost", Port: 5060, Trusted: true}:       "UDP 127.0.0.1:5060",
		{Host: "pbx.localhost", Port: 5060, Trusted: true}:   "UDP 127.0.0.1:5060, UDP [::1]:5060",
		{Host: "elsewhere.example.test", Port: 5060}:         "no DNS server configured",
		{Host: "pbx", Transport: sip.TLS, Port: 5061}:        "TLS [2001:db8::7]:5061 pbx, TLS 192.0.2.7:5061 pbx",
		{Host: "PBX", Secure: true, Port: 7, Trusted: true}:  "TLS [2001:db8::7]:7 pbx, TLS 192.0.2.7:7 pbx",
		{Host: "pbx", Secure: true, Transport: sip.TLSSCTP}:  "bad target",
		{Host: "pbx", Secure: false, Transport: sip.TLSSCTP}: "no such SIP service",
	} {
		if got := show(r.Lookup(t.Context(), target)); got != want {
			t.Errorf("Lookup(%+v) = %s, want %s", target, got, want)
		}
	}
}

func TestOrderPutsFailedHopsLast(t *testing.T) {
	now := newClock()
	r := newResolver(t, Config{Now: now.Now})
	var hops []Hop
	for n := range byte(3) {
		hops = append(hops, Hop{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, n}), 5060), Transport: sip.UDP})
	}
	want := []Hop{hops[1], hops[2], hops[0]}
	r.Order(hops)
	r.Failed(hops[0])
	got := slices.Clone(hops)
	if r.Order(got); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	now.advance(time.Minute)
	got = slices.Clone(hops)
	if r.Order(got); !slices.Equal(got, hops) {
		t.Errorf("a minute later: %v", got)
	}
}

// A hop that failed gets one request when its time is over, and all when it has answered.
func TestOneRequestTriesAHopThatFailed(t *testing.T) {
	now := newClock()
	r := newResolver(t, Config{Now: now.Now})
	down := Hop{Addr: netip.MustParseAddrPort("192.0.2.1:5060"), Transport: sip.UDP}
	up := Hop{Addr: netip.MustParseAddrPort("192.0.2.2:5060"), Transport: sip.UDP}
	first := func() Hop {
		hops := []Hop{down, up}
		r.Order(hops)
		return hops[0]
	}
	r.Failed(down)
	now.advance(30 * time.Second)
	for i, want := range []Hop{down, up, up} {
		if got := first(); got != want {
			t.Errorf("request %d goes to %v first", i, got.Addr)
		}
	}
	now.advance(tryFor) // nobody knows what became of it
	if first() != down || first() != up {
		t.Error("it is not tried again")
	}
	r.Good(down)
	if first() != down || first() != down {
		t.Error("it has answered and does not come first")
	}
	alone := []Hop{down}
	r.Failed(down)
	if r.Order(alone); alone[0] != down {
		t.Error("the only hop is gone")
	}
}

// TestFailoverMemory: RFC 3263 §4.3 and RFC 3261 §21.5.4.
func TestFailoverMemory(t *testing.T) {
	now := newClock()
	r := newResolver(t, Config{Now: now.Now, Hosts: "192.0.2.1 pbx\n192.0.2.2 pbx\n192.0.2.3 pbx\n"})
	target := Target{Host: "pbx", Port: 5060}
	hop := func(n byte) Hop {
		return Hop{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, n}), 5060), Transport: sip.UDP}
	}
	expect := func(when, want string) {
		t.Helper()
		got := ""
		hops, err := r.Lookup(t.Context(), target)
		for _, h := range hops {
			got += h.Addr.Addr().String()[len("192.0.2."):]
		}
		if err != nil {
			got = show(nil, err)
		}
		if got != want {
			t.Errorf("%s: order %s, want %s", when, got, want)
		}
	}
	expect("at first", "123")
	r.Failed(hop(1))
	expect("1 failed", "231")
	r.Busy(hop(2), 10*time.Second)
	expect("2 asked for rest", "31")
	r.Good(hop(2))
	expect("2 has answered an older request", "31")
	r.Failed(hop(3))
	expect("3 failed too", "13")
	r.Good(hop(3))
	expect("3 is back", "31")
	now.advance(10 * time.Second)
	expect("2 has rested", "231")
	now.advance(20 * time.Second)
	expect("1 is forgiven", "123")
	for n := range byte(3) {
		r.Busy(hop(n+1), 1<<62)
	}
	expect("all rest", "every hop is busy")
	if _, ok := r.Cached(target, nil); ok {
		t.Error("Cached has hops though all rest")
	}
	if _, ok := r.Cached(Target{Host: "192.0.2.1"}, nil); ok {
		t.Error("a literal has no rest")
	}
	now.advance(5 * time.Minute)
	expect("Retry-After is capped", "123")
}

func TestHealthIsBounded(t *testing.T) {
	h := health{max: 100}
	now := time.Now()
	for i := range 1000 {
		hop := Hop{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), uint16(i+1)), Transport: sip.UDP}
		h.failed(hop, now.Add(time.Hour))
		if h.of(hop, now) != failing {
			t.Fatalf("hop %d is not remembered", i)
		}
		if i%3 == 0 {
			h.good(hop, time.Now())
		}
	}
	if len(h.hops) > 100 || len(h.order) > 100 {
		t.Errorf("%d hops, %d slots", len(h.hops), len(h.order))
	}
}

func TestCacheIsBounded(t *testing.T) {
	c := cache{max: 50, plans: make(map[key]*plan)}
	for i := range 5000 {
		k := key{host: fmt.Sprint(i)}
		c.put(k, &plan{})
		if c.get(k) == nil {
			t.Fatal("the newest is not there")
		}
	}
	if len(c.plans) != 50 {
		t.Errorf("%d plans", len(c.plans))
	}
}

// TestAnswersAgeAndStandIn follows one name through its life: fresh, expired,
// DNS down, DNS back, gone.
func TestAnswersAgeAndStandIn(t *testing.T) {
	const (
		answers = iota
		silent
		gone
	)
	var mode, address atomic.Int32
	address.Store(1)
	giveUp := make(chan struct{})
	server := startFaulty(t, func(w dns.ResponseWriter, q *dns.Msg) {
		switch mode.Load() {
		case answers:
			reply(w, q, fmt.Sprintf("a.example.test. 60 IN A 192.0.2.%d", address.Load()), anySOA)
		case silent:
			<-giveUp
			rcode(w, q, dns.RcodeServerFailure)
		case gone:
			m := response(q, anySOA)
			m.Rcode = dns.RcodeNameError
			w.WriteMsg(m)
		}
	})
	now := newClock()
	r := newResolver(t, Config{Now: now.Now, Servers: []netip.AddrPort{server.addr}, MaxTTL: time.Minute, MaxStale: time.Hour})
	lookup := func() string { return show(r.Lookup(t.Context(), direct)) }
	expect := func(when, want string) {
		t.Helper()
		if got := lookup(); got != want {
			t.Errorf("%s: %s, want %s", when, got, want)
		}
	}
	settle := func() { // until no look-up is under way
		for r.flights() > 0 {
			<-time.After(time.Millisecond)
		}
	}
	expect("fresh", "UDP 192.0.2.1:5060")
	address.Store(2)
	now.advance(29 * time.Second)
	expect("still believed", "UDP 192.0.2.1:5060")
	now.advance(2 * time.Second) // the negative AAAA answer lives 30 s
	expect("asked again", "UDP 192.0.2.2:5060")

	mode.Store(silent)
	now.advance(40 * time.Second)
	r.cfg.StaleWait = 20 * time.Millisecond
	expect("DNS is down", "UDP 192.0.2.2:5060")
	if r.flights() != 1 {
		t.Error("the stale answer waited for DNS")
	}
	close(giveUp)
	settle()
	r.cfg.StaleWait = time.Minute
	asked := server.asked.Load()
	expect("still down", "UDP 192.0.2.2:5060")
	if server.asked.Load() != asked {
		t.Error("DNS is asked again at once")
	}
	now.advance(2 * time.Hour)
	expect("too stale", "no usable answer from DNS")

	mode.Store(answers)
	expect("DNS is back", "UDP 192.0.2.2:5060")
	mode.Store(gone)
	now.advance(31 * time.Second)
	expect("the name is gone", "no such SIP service")
	mode.Store(answers)
	expect("which is remembered", "no such SIP service")
	now.advance(29 * time.Second)
	expect("for the SOA's minimum", "no such SIP service")
	now.advance(2 * time.Second)
	expect("and no longer", "UDP 192.0.2.2:5060")
}

func (r *Resolver) flights() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.flying)
}

// TestAddressOrder: the examples of RFC 6724 §10.2 that our rules cover.
func TestAddressOrder(t *testing.T) {
	cases := []struct {
		name         string
		src4, src6   string
		addrs, order string
	}{
		{"prefer matching scope", "169.254.13.78", "2001:db8::2", "[198.51.100.121 2001:db8:1::1]", "[2001:db8:1::1 198.51.100.121]"},
		{"prefer matching scope, the other way", "198.51.100.117", "fe80::1", "[2001:db8:1::1 198.51.100.121]", "[198.51.100.121 2001:db8:1::1]"},
		{"prefer higher precedence", "10.1.2.4", "2001:db8::2", "[10.1.2.3 2001:db8:1::1]", "[2001:db8:1::1 10.1.2.3]"},
		{"prefer smaller scope", "198.51.100.117", "fe80::2", "[2001:db8:1::1 fe80::1]", "[fe80::1 2001:db8:1::1]"},
		{"prefer matching label", "198.51.100.117", "2002:c633:6401::2", "[2001:db8:1::1 2002:c633:6401::1]", "[2002:c633:6401::1 2001:db8:1::1]"},
		{"avoid unusable", "198.51.100.117", "", "[2001:db8:1::1 198.51.100.121]", "[198.51.100.121 2001:db8:1::1]"},
		{"otherwise leave the order", "198.51.100.117", "", "[192.0.2.9 192.0.2.1]", "[192.0.2.9 192.0.2.1]"},
	}
	for _, c := range cases {
		r := newResolver(t, Config{Source: func(dst netip.Addr) (netip.Addr, bool) {
			s := c.src6
			if dst.Is4() {
				s = c.src4
			}
			a, err := netip.ParseAddr(s)
			return a, err == nil
		}})
		var addrs []netip.Addr
		var a, b string
		fmt.Sscanf(c.addrs, "[%s %s", &a, &b)
		addrs = append(addrs, netip.MustParseAddr(a), netip.MustParseAddr(b[:len(b)-1]))
		if got := fmt.Sprint(r.order(addrs)); got != c.order {
			t.Errorf("%s: %s, want %s", c.name, got, c.order)
		}
	}
	if src, ok := routeSource(netip.MustParseAddr("127.0.0.1")); !ok || src != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("routeSource(127.0.0.1) = %v, %v", src, ok)
	}
}

func TestCachedDoesNotAllocate(t *testing.T) {
	r := newResolver(t, Config{Hosts: "192.0.2.1 pbx7\n192.0.2.2 pbx7\n"})
	r.cache.put(key{host: "srv.example.test"}, &plan{
		servers: []server{
			{transport: sip.TLS, port: 5061, weight: 1, addrs: []netip.Addr{netip.MustParseAddr("192.0.2.3")}},
			{transport: sip.TLS, port: 5061, weight: 5, addrs: []netip.Addr{netip.MustParseAddr("192.0.2.4")}},
			{transport: sip.TLS, port: 5061, priority: 1, addrs: []netip.Addr{netip.MustParseAddr("192.0.2.5")}},
			{transport: sip.TLS, port: 5061, priority: 1, addrs: []netip.Addr{netip.MustParseAddr("192.0.2.6")}},
		},
		serverName: "srv.example.test", expires: time.Now().Add(time.Hour),
	})
	if _, err := r.Lookup(t.Context(), Target{Host: "pbx7", Port: 5060}); err != nil {
		t.Fatal(err)
	}
	r.Failed(Hop{Addr: netip.MustParseAddrPort("192.0.2.3:5061"), Transport: sip.TLS})
	buf := make([]Hop, 0, 8)
	for _, target := range []Target{{Host: "192.0.2.1"}, {Host: "[2001:db8::1]", Secure: true}, {Host: "pbx7", Port: 5060}, {Host: "SRV.example.test"}, {Host: "unknown.example.test"}} {
		if n := testing.AllocsPerRun(100, func() { r.Cached(target, buf) }); n != 0 {
			t.Errorf("Cached(%+v) allocates %v times", target, n)
		}
	}
}

func BenchmarkCachedLiteral(b *testing.B) { benchmarkCached(b, Target{Host: "127.0.0.1", Port: 5080}) }

func BenchmarkCachedName(b *testing.B) { benchmarkCached(b, Target{Host: "pbx", Port: 5080}) }

func benchmarkCached(b *testing.B, target Target) {
	r := New(Config{Hosts: "192.0.2.1 pbx\n"})
	defer r.Close()
	if _, err := r.Lookup(b.Context(), target); err != nil {
		b.Fatal(err)
	}
	buf := make([]Hop, 0, 8)
	b.ReportAllocs()
	for b.Loop() {
		r.Cached(target, buf)
	}
}

func TestResponseTarget(t *testing.T) {
	cases := []struct {
		via  sip.Via
		want Target
	}{
		{sip.Via{Transport: sip.UDP, Host: []byte("pc.example.test"), Port: 5066, Received: []byte("192.0.2.1"), RPort: 9988}, Target{Host: "192.0.2.1", Port: 9988, Transport: sip.UDP}},
		{sip.Via{Transport: sip.UDP, Host: []byte("pc.example.test"), Port: 5066, Received: []byte("192.0.2.1"), RPort: -1}, Target{Host: "192.0.2.1", Port: 5066, Transport: sip.UDP}},
		{sip.Via{Transport: sip.UDP, Host: []byte("pc.example.test"), RPort: -1}, Target{Host: "pc.example.test", Transport: sip.UDP}},
		{sip.Via{Transport: sip.TCP, Host: []byte("pc.example.test"), Port: 5066, Received: []byte("192.0.2.1"), RPort: 40000}, Target{Host: "192.0.2.1", Port: 5066, Transport: sip.TCP}},
		{sip.Via{Transport: sip.TLS, Host: []byte("pc.example.test"), Received: []byte("192.0.2.1"), RPort: -1}, Target{Host: "192.0.2.1", Transport: sip.TLS, Secure: true}},
	}
	for _, c := range cases {
		if got := ResponseTarget(&c.via); got != c.want {
			t.Errorf("ResponseTarget(%s) = %+v, want %+v", c.via.Host, got, c.want)
		}
	}
}
