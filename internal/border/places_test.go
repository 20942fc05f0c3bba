package border_test

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse.example/internal/border"
	"gatehouse.example/internal/locate"
	"gatehouse.example/screen"
	"gatehouse.example/sip"
)

// named is a site whose PBX is known by its host name.
func named(t *testing.T, p *paper) *border.Site {
	t.Helper()
	policy, err := mustEngine(t).Resolve(screen.Layer{})
	if err != nil {
		t.Fatal(err)
	}
	site := &border.Site{}
	carrier := &border.Peer{Name: "carrier", Number: 1, Prefixes: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}, Send: locate.Target{Host: "203.0.113.5"}}
	inner := &border.Peer{Name: "inner", Number: 2, Prefixes: []netip.Prefix{netip.MustParsePrefix("192.0.2.64/26")}}
	site.AddDomain(&border.Domain{Name: "example.test", Policy: policy, Outbound: carrier, Targets: []locate.Target{{Host: "pbx.example.test"}}})
	site.AddPeer(carrier)
	site.AddPeer(inner)
	site.Seal()
	return site
}

func mustEngine(t *testing.T) *screen.Engine {
	t.Helper()
	e, err := screen.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func hopsAt(addrs ...string) (hops []locate.Hop) {
	for _, a := range addrs {
		hops = append(hops, locate.Hop{Addr: netip.MustParseAddrPort(a), Transport: sip.UDP})
	}
	return hops
}

// mayCallOut tells whether a source may call elsewhere, as only the PBX may.
func (p *paper) mayCallOut(from string) bool {
	p.t.Helper()
	p.calls++
	n := strconv.Itoa(p.calls)
	out := p.from(from, strings.NewReplacer("bob@example.test SIP", "+15551230001@elsewhere.test SIP", "abc1", "out"+n, "call-1", "out"+n).Replace(invite))
	return strings.HasPrefix(last(out), "203.0.113.5:5060 INVITE")
}

func TestPBXByNameIsKnownByWhatDNSSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaper(t, nil, screen.Layer{})
		p.border.SetSite(named(t, p))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- p.border.Run(ctx) }()
		synctest.Wait()
		if p.mayCallOut("192.0.2.80:5060") {
			t.Error("known before DNS knows it")
		}
		p.dns.Store(&map[string][]locate.Hop{"pbx.example.test": hopsAt("192.0.2.80:5060", "192.0.3.81:5070")})
		time.Sleep(31 * time.Second)
		synctest.Wait()
		for from, want := range map[string]bool{
			"192.0.2.80:5060": true, "192.0.3.81:5070": true, "192.0.3.81:5060": false, "192.0.3.82:5070": false,
			"192.0.2.90:5060": true, // a peer that the PBX is among
		} {
			if got := p.mayCallOut(from); got != want {
				t.Errorf("%s may call out: %v", from, got)
			}
		}
		if len(*p.found.Load()) != 2 {
			t.Errorf("found %v", *p.found.Load())
		}
		// A new configuration knows it at once; a silent DNS takes nothing away.
		p.dns.Store(nil)
		p.border.SetSite(named(t, p))
		if !p.mayCallOut("192.0.3.81:5070") {
			t.Error("forgotten with the reload")
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if !p.mayCallOut("192.0.3.81:5070") {
			t.Error("forgotten while DNS is silent")
		}
		// Moved: the old address goes after a while.
		p.dns.Store(&map[string][]locate.Hop{"pbx.example.test": hopsAt("192.0.3.99:5060")})
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if !p.mayCallOut("192.0.3.99:5060") || p.mayCallOut("192.0.3.81:5070") {
			t.Error("the move is not seen")
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestPBXOverTCPDoesNotCallItself: its connections come from ports of their own, and what it calls in its own domain is a number of elsewhere all the same.
func TestPBXOverTCPDoesNotCallItself(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	policy, err := mustEngine(t).Resolve(screen.Layer{})
	if err != nil {
		t.Fatal(err)
	}
	site := &border.Site{}
	carrier := &border.Peer{Name: "carrier", Number: 1, Send: locate.Target{Host: "203.0.113.5"}}
	site.AddDomain(&border.Domain{Name: "example.test", Policy: policy, Outbound: carrier, Targets: []locate.Target{{Host: "192.0.2.80"}}})
	site.AddDomain(&border.Domain{Name: "second.test", Policy: policy, Targets: []locate.Target{{Host: "192.0.2.80", Port: 5080}}})
	site.AddDomain(&border.Domain{Name: "third.test", Policy: policy, Targets: []locate.Target{{Host: "192.0.2.81", Port: 5080}}})
	site.Seal()
	p.border.SetSite(site)
	for called, want := range map[string]string{
		"+15551230001@example.test": "203.0.113.5:5060 INVITE",
		"+15551230001@192.0.2.1":    "203.0.113.5:5060 INVITE",
		"bob@third.test":            "192.0.2.81:5080 INVITE",
	} {
		out := p.fromStream("192.0.2.80:41234", strings.NewReplacer("bob@example.test SIP", called+" SIP", "abc1", called[len(called)-6:], "call-1", called, "UDP", "TCP").Replace(invite))
		if got := last(out); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %s", called, got, want)
		}
	}
}
