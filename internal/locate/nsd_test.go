package locate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"gatehouse.example/sip"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestLocateFromRealZone asks a real name server for every shape of zone that
// RFC 3263 talks about.
func TestLocateFromRealZone(t *testing.T) {
	server := startNSD(t, "testdata/example.test.zone")
	cases := []struct {
		name   string
		target Target
		want   string // hops, or the error
	}{
		{"NAPTR chooses TLS", Target{Host: "naptr.example.test"}, "TLS 192.0.2.1:5061 naptr.example.test"},
		{"NAPTR, names fold case", Target{Host: "NAPTR.Example.TEST."}, "TLS 192.0.2.1:5061 naptr.example.test"},
		{"sips keeps to TLS", Target{Host: "mixed.example.test", Secure: true}, "TLS 192.0.2.3:5061 mixed.example.test"},
		{"sip takes the order of the domain", Target{Host: "mixed.example.test"}, "UDP 192.0.2.2:5062"},
		{"a transport parameter skips NAPTR", Target{Host: "mixed.example.test", Transport: sip.TCP}, "TCP 192.0.2.4:5064"},
		{"a port skips NAPTR and SRV", Target{Host: "naptr.example.test", Port: 5090}, "UDP 192.0.2.9:5090"},
		{"a port in sips means TLS", Target{Host: "naptr.example.test", Port: 5090, Secure: true}, "TLS 192.0.2.9:5090 naptr.example.test"},
		{"sips with transport=tcp is TLS", Target{Host: "srv.example.test", Transport: sip.TCP, Secure: true}, "TLS 192.0.2.5:5061 srv.example.test"},
		{"SRV without NAPTR, own preference", Target{Host: "srv.example.test"}, "TLS 192.0.2.5:5061 srv.example.test"},
		{"priorities in order", Target{Host: "prio.example.test", Transport: sip.UDP}, "UDP 192.0.2.6:5060, UDP 192.0.2.7:5060, UDP 192.0.2.8:5060"},
		{"addresses only", Target{Host: "plain.example.test"}, "UDP [2001:db8::9]:5060, UDP 192.0.2.9:5060"},
		{"addresses only, sips", Target{Host: "plain.example.test", Secure: true}, "TLS [2001:db8::9]:5061 plain.example.test, TLS 192.0.2.9:5061 plain.example.test"},
		{"IPv6 only", Target{Host: "six.example.test"}, "UDP [2001:db8::6]:5060"},
		{"alias", Target{Host: "alias.example.test"}, "UDP [2001:db8::9]:5060, UDP 192.0.2.9:5060"},
		{"alias of an alias", Target{Host: "alias2.example.test", Port: 5070}, "UDP [2001:db8::9]:5070, UDP 192.0.2.9:5070"},
		{"SRV target is an alias", Target{Host: "srvalias.example.test", Transport: sip.UDP}, "UDP [2001:db8::9]:5060, UDP 192.0.2.9:5060"},
		{"not offered over UDP", Target{Host: "dot.example.test", Transport: sip.UDP}, "no such SIP service"},
		{"not offered at all", Target{Host: "dot.example.test"}, "no such SIP service"},
		{"NAPTR leads to nothing offered, the next one does", Target{Host: "naptrdot.example.test"}, "TCP 192.0.2.4:5060"},
		{"NAPTR with flag a", Target{Host: "naptra.example.test"}, "TCP 192.0.2.9:5060"},
		{"NAPTR by way of another", Target{Host: "naptrchain.example.test"}, "TLS 192.0.2.1:5061 naptrchain.example.test"},
		{"NAPTR for transports that we lack", Target{Host: "sctp.example.test"}, "UDP 192.0.2.9:5060"},
		{"NAPTR with a regular expression is passed over", Target{Host: "regexp.example.test"}, "UDP 192.0.2.9:5060"},
		{"NAPTR loop", Target{Host: "naptrloop.example.test"}, "UDP 192.0.2.9:5060"},
		{"CNAME loop", Target{Host: "loop1.example.test"}, "no such SIP service"},
		{"no such name", Target{Host: "nowhere.example.test"}, "no such SIP service"},
		{"no addresses", Target{Host: "txt.example.test"}, "no such SIP service"},
		{"a name that leads inside", Target{Host: "inside.example.test"}, "address not permitted"},
		{"inside and outside", Target{Host: "both.example.test"}, "UDP 192.0.2.9:5060"},
		{"the operator's name may lead inside", Target{Host: "inside.example.test", Trusted: true}, "UDP 10.0.0.1:5060"},
		{"SRV that leads inside", Target{Host: "srvinside.example.test", Transport: sip.UDP}, "address not permitted"},
		{"WebSocket has default ports only", Target{Host: "naptr.example.test", Transport: sip.WSS}, "WSS 192.0.2.9:443 naptr.example.test"},
		{"sips over UDP is a contradiction", Target{Host: "srv.example.test", Transport: sip.UDP, Secure: true}, "bad target"},
		{"SCTP is not ours", Target{Host: "srv.example.test", Transport: sip.SCTP}, "no such SIP service"},
		{"garbage", Target{Host: "a..b"}, "bad target"},
		{"garbage octets", Target{Host: "a\x00.example.test"}, "bad target"},
	}
	r := newResolver(t, Config{Servers: []netip.AddrPort{server}})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			hops, err := r.Lookup(t.Context(), c.target)
			if got := show(hops, err); got != c.want {
				t.Fatalf("Lookup(%+v) = %s\nwant %s", c.target, got, c.want)
			}
			if err != nil {
				return
			}
			cached, ok := r.Cached(c.target, nil)
			if !ok || len(cached) != len(hops) {
				t.Errorf("Cached after Lookup = %v, %v", cached, ok)
			}
		})
	}
}

// TestWeightsSpreadTheLoad draws from 60:30:10 and counts who is first.
func TestWeightsSpreadTheLoad(t *testing.T) {
	server := startNSD(t, "testdata/example.test.zone")
	r := newResolver(t, Config{Servers: []netip.AddrPort{server}})
	target := Target{Host: "weights.example.test", Transport: sip.UDP}
	if _, err := r.Lookup(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	const draws = 20000
	first := map[string]int{}
	var buf [8]Hop
	for range draws {
		hops, ok := r.Cached(target, buf[:0])
		if !ok || len(hops) != 4 {
			t.Fatalf("Cached = %v, %v", hops, ok)
		}
		first[hops[0].Addr.Addr().String()]++
	}
	// RFC 2782 draws a number from 0 to the sum, both included.
	for addr, want := range map[string]float64{"192.0.2.60": 60. / 101, "192.0.2.30": 30. / 101, "192.0.2.10": 10. / 101, "192.0.2.100": 1. / 101} {
		if got := float64(first[addr]) / draws; got < want-0.02 || got > want+0.02 {
			t.Errorf("%s is first in %.3f of the draws, want %.3f", addr, got, want)
		}
	}
}

// startNSD runs a name server with one zone until the test ends.
func startNSD(t *testing.T, zone string) netip.AddrPort {
	t.Helper()
	program, err := exec.LookPath("nsd")
	if err != nil {
		program = "/usr/sbin/nsd"
		if _, err := os.Stat(program); err != nil {
			t.Fatal("this test needs the name server nsd (Debian: apt-get install nsd)")
		}
	}
	zonefile, err := filepath.Abs(zone)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	addr := freePort(t)
	conf := fmt.Sprintf(`server:
  ip-address: %s
  port: %d
  username: ""
  chroot: ""
  zonesdir: %q
  pidfile: ""
  database: ""
  zonelistfile: "%[3]s/zone.list"
  xfrdfile: "%[3]s/xfrd.state"
  xfrdir: %[3]q
  logfile: "%[3]s/nsd.log"
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: example.test
  zonefile: %[4]q
`, addr.Addr(), addr.Port(), dir, zonefile)
	path := filepath.Join(dir, "nsd.conf")
	if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-d", "-c", path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	})
	awaitDNS(t, addr, func() string {
		log, _ := os.ReadFile(filepath.Join(dir, "nsd.log"))
		return string(log)
	})
	return addr
}

func freePort(t *testing.T) netip.AddrPort {
	t.Helper()
	for range 20 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		addr := l.Addr().(*net.TCPAddr).AddrPort()
		if u, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr)); err == nil {
			u.Close()
			return addr
		}
	}
	t.Fatal("no port that is free for UDP and TCP")
	return netip.AddrPort{}
}

func awaitDNS(t *testing.T, addr netip.AddrPort, log func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	q := new(dns.Msg).SetQuestion("example.test.", dns.TypeSOA)
	for {
		m, err := dns.ExchangeContext(ctx, q, addr.String())
		if err == nil && m.Rcode == dns.RcodeSuccess {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("nsd does not answer: %v\n%s", err, log())
		case <-tick.C:
		}
	}
}

// newResolver makes a resolver whose routes are those of a dual-stack host. Where a
// test does not say how long it waits, it waits for the slowest of machines.
func newResolver(t *testing.T, cfg Config) *Resolver {
	t.Helper()
	if cfg.Source == nil {
		cfg.Source = func(dst netip.Addr) (netip.Addr, bool) {
			if dst.Is4() {
				return netip.MustParseAddr("192.0.2.200"), true
			}
			return netip.MustParseAddr("2001:db8::200"), true
		}
	}
	or(&cfg.QueryTimeout, time.Minute)
	or(&cfg.Timeout, 2*time.Minute)
	or(&cfg.StaleWait, time.Minute)
	r := New(cfg)
	r.delay = time.Minute
	t.Cleanup(r.Close)
	return r
}

// show writes hops, or the root of an error, as the test tables do.
func show(hops []Hop, err error) string {
	for _, known := range []error{ErrNotFound, ErrDenied, ErrBusy, ErrTarget, ErrNoServers, errQuery} {
		if errors.Is(err, known) {
			return strings.TrimPrefix(known.Error(), "locate: ")
		}
	}
	if err != nil {
		return err.Error()
	}
	var list []string
	for _, h := range hops {
		list = append(list, strings.TrimSpace(fmt.Sprintf("%s %s %s", h.Transport, h.Addr, h.ServerName)))
	}
	return strings.Join(list, ", ")
}
