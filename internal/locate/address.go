package locate

import (
	"cmp"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// resolutionDelay is how long the addresses of one family wait for those of the
// other: a server that answers A but not AAAA must not hold up a call (RFC 8305
// §3 has the idea; its 50 ms is meant for a person who waits).
const resolutionDelay = 150 * time.Millisecond

// addresses returns the addresses of a host in the order of RFC 6724, from the
// hosts file, the additional section of an earlier answer, or DNS. RFC 7984 §4:
// an additional section that names one family says nothing about the other, so
// that one is asked for.
func (s *survey) addresses(name string, extra []dns.RR) ([]netip.Addr, error) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if a, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{a.Unmap()}, nil // Some zones hold literals as SRV targets.
	}
	addrs := slices.Clone(s.r.hosts[name])
	// RFC 6761 §6.3: localhost is never asked for.
	if len(addrs) == 0 && (name == "localhost" || strings.HasSuffix(name, ".localhost")) {
		addrs = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	}
	if len(addrs) > 0 {
		return s.r.order(addrs), nil
	}
	addrs = s.glue(extra, name)
	missing := []uint16{}
	for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
		if !slices.ContainsFunc(addrs, func(a netip.Addr) bool { return a.Is4() == (qtype == dns.TypeA) }) {
			missing = append(missing, qtype)
		}
	}
	addrs, err := s.families(name, missing, addrs)
	return s.r.order(addrs), err
}

// families asks for the addresses of several families at once. An error counts
// only when no family has an address.
func (s *survey) families(name string, qtypes []uint16, addrs []netip.Addr) ([]netip.Addr, error) {
	type result struct {
		answer answer
		err    error
	}
	results := make(chan result, len(qtypes))
	for _, qtype := range qtypes {
		s.r.wg.Go(func() { // Close waits for it; the survey's context ends it.
			a, err := s.ask(name, qtype)
			results <- result{a, err}
		})
	}
	var failed error
	var enough <-chan time.Time
	if len(addrs) > 0 {
		enough = time.After(s.r.delay)
	}
	for range qtypes {
		select {
		case res := <-results:
			addrs = appendAddresses(addrs, res.answer.records)
			if res.err != nil {
				failed = res.err
			}
			if len(addrs) > 0 && enough == nil {
				enough = time.After(s.r.delay)
			}
		case <-enough:
			s.fault()
			return addrs, nil
		}
	}
	if len(addrs) > 0 {
		return addrs, nil
	}
	return nil, failed
}

// glue returns the addresses of name in an additional section.
func (s *survey) glue(extra []dns.RR, name string) []netip.Addr {
	var addrs []netip.Addr
	for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
		records, end, ttl := follow(extra, dns.Fqdn(name), qtype)
		if len(records) > 0 && end == dns.Fqdn(name) {
			s.limit(max(ttl, s.r.cfg.MinTTL))
			addrs = appendAddresses(addrs, records)
		}
	}
	return addrs
}

func appendAddresses(addrs []netip.Addr, records []dns.RR) []netip.Addr {
	for _, rr := range records {
		var ip net.IP
		switch rr := rr.(type) {
		case *dns.A:
			ip = rr.A
		case *dns.AAAA:
			ip = rr.AAAA
		}
		if a, ok := netip.AddrFromSlice(ip); ok && !slices.Contains(addrs, a.Unmap()) {
			addrs = append(addrs, a.Unmap())
		}
	}
	return addrs
}

// routeSource asks the kernel's routing table by connecting a datagram socket,
// which sends nothing.
func routeSource(dst netip.Addr) (netip.Addr, bool) {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(dst, 5060)))
	if err != nil {
		return netip.Addr{}, false
	}
	defer c.Close()
	src := c.LocalAddr().(*net.UDPAddr).AddrPort().Addr()
	return src.Unmap(), true
}

// destination is an address with what RFC 6724 compares.
type destination struct {
	addr       netip.Addr
	usable     bool
	sameScope  bool
	sameLabel  bool
	precedence uint8
	scope      uint8
}

// order sorts addresses by RFC 6724 §6, rules 1, 2, 5, 6, 8 and 10. Rules 3, 4
// and 7 are about the state of interfaces, which the kernel applied when it
// chose the source. Rule 9 (longest match) would defeat load sharing by
// address records, so it is not done.
func (r *Resolver) order(addrs []netip.Addr) []netip.Addr {
	if len(addrs) < 2 {
		return addrs
	}
	d := make([]destination, len(addrs))
	for i, a := range addrs {
		src, ok := r.cfg.Source(a)
		label, precedence := policyOf(a)
		d[i] = destination{addr: a, usable: ok, precedence: precedence, scope: scopeOf(a)}
		if ok {
			sourceLabel, _ := policyOf(src)
			d[i].sameLabel = sourceLabel == label
			d[i].sameScope = scopeOf(src) == d[i].scope
		}
	}
	slices.SortStableFunc(d, func(a, b destination) int {
		return cmp.Or(
			first(a.usable, b.usable),
			first(a.sameScope, b.sameScope),
			first(a.sameLabel, b.sameLabel),
			cmp.Compare(b.precedence, a.precedence),
			cmp.Compare(a.scope, b.scope),
		)
	})
	for i := range d {
		addrs[i] = d[i].addr
	}
	return addrs
}

// first sorts true before false.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// policyOf is the default policy table of RFC 6724 §2.1.
func policyOf(a netip.Addr) (label, precedence uint8) {
	switch {
	case a.Is4() || a.Is4In6():
		return 4, 35
	case a == netip.IPv6Loopback():
		return 0, 50
	case prefix6to4.Contains(a):
		return 2, 30
	case prefixTeredo.Contains(a):
		return 5, 5
	case prefixULA.Contains(a):
		return 13, 3
	case prefixSiteLocal.Contains(a):
		return 11, 1
	}
	return 1, 40
}

// scopeOf is the scope of a unicast address: RFC 6724 §3.1 and §3.2.
func scopeOf(a netip.Addr) uint8 {
	const linkLocal, siteLocal, global = 0x2, 0x5, 0xe
	switch {
	case a.IsLoopback(), a.IsLinkLocalUnicast():
		return linkLocal
	case prefixSiteLocal.Contains(a):
		return siteLocal
	}
	return global
}
