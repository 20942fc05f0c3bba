package locate

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"gatehouse.example/sip"
)

// service is an SRV name with the transport that it stands for.
type service struct {
	name      string
	transport sip.Transport
}

// survey asks DNS about a target: RFC 3263 §4.1 and §4.2. An error means that
// DNS could not say; "not found" is a plan with err set.
func (r *Resolver) survey(ctx context.Context, k key) (*plan, time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &survey{r: r, ctx: ctx, ttl: r.cfg.MaxTTL}
	transport, err := r.transport(k)
	if err != nil {
		return nil, 0, err
	}
	var servers []server
	var found bool
	switch {
	case k.port != 0:
		// RFC 3263 §4.2: with a port there is neither NAPTR nor SRV.
	case transport != sip.UnknownTransport:
		servers, found, err = s.first(serviceOf(k.host, transport)...)
	default:
		if servers, found, err = s.naptr(k); err == nil && !found {
			servers, found, err = s.first(r.services(k)...)
		}
	}
	if err != nil {
		return nil, 0, err
	}
	if !found {
		if servers, err = s.host(k, transport); err != nil {
			return nil, 0, err
		}
	}
	p := r.guarded(k, servers)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.partial {
		s.ttl = min(s.ttl, partialTTL)
	}
	return p, s.ttl, nil
}

// host makes a plan out of the addresses of the target itself.
func (s *survey) host(k key, transport sip.Transport) ([]server, error) {
	if transport == sip.UnknownTransport {
		// RFC 3263 §4.1: without NAPTR and SRV it is UDP, for sips TLS.
		transport = sip.UDP
		if k.secure {
			transport = sip.TLS
		}
		if !s.r.has(transport) {
			return nil, nil
		}
	}
	addrs, err := s.addresses(k.host, nil)
	if err != nil || len(addrs) == 0 {
		return nil, err
	}
	port := k.port
	if port == 0 {
		port = defaultPort(transport)
	}
	return []server{{transport: transport, port: port, addrs: addrs}}, nil
}

// guarded makes the plan out of the servers and takes away the addresses that
// must not be used.
func (r *Resolver) guarded(k key, servers []server) *plan {
	p := &plan{serverName: k.host}
	allowed := r.Permitted
	if k.trusted {
		allowed = r.possible
	}
	denied := false
	for _, s := range servers {
		kept := s.addrs[:0]
		for _, a := range s.addrs {
			if allowed(netip.AddrPortFrom(a, s.port)) == nil {
				kept = append(kept, a)
			} else {
				denied = true
			}
		}
		if s.addrs = kept; len(kept) > 0 {
			p.servers = append(p.servers, s)
		}
	}
	switch {
	case len(p.servers) > 0:
	case denied:
		p.err = ErrDenied
	default:
		p.err = ErrNotFound
	}
	return p
}

// naptr follows the NAPTR records of a domain to the first SRV set that we can
// use. RFC 3263 §4.1. offered without servers: see first.
func (s *survey) naptr(k key) (servers []server, offered bool, err error) {
	name := k.host
	for range maxChain {
		records, err := s.naptrRecords(name, k)
		if err != nil || len(records) == 0 {
			// A server that chokes on NAPTR must not make a domain unreachable;
			// SRV, asked next, tells whether DNS answers at all.
			return nil, offered, nil
		}
		next := ""
		var failed error
		for _, rr := range records {
			servers, found, err := s.replacement(rr, k)
			if len(servers) > 0 {
				return servers, true, nil
			}
			offered = offered || found
			if err != nil {
				failed = err
			}
			if rr.Flags == "" && next == "" {
				next = rr.Replacement
			}
		}
		if failed != nil || next == "" {
			return nil, offered, failed
		}
		name = next
	}
	return nil, offered, nil
}

// replacement goes where one NAPTR record points.
func (s *survey) replacement(rr *dns.NAPTR, k key) (servers []server, found bool, err error) {
	transport := naptrTransport(rr.Service)
	switch strings.ToLower(rr.Flags) {
	case "s":
		return s.first(service{rr.Replacement, transport})
	case "a":
		host := strings.ToLower(strings.TrimSuffix(rr.Replacement, "."))
		servers, err = s.host(key{host: host, secure: k.secure}, transport)
	}
	return servers, false, err
}

// naptrRecords returns the NAPTR records for services that we support, in the
// order of RFC 3403 §4.1.
func (s *survey) naptrRecords(name string, k key) ([]*dns.NAPTR, error) {
	a, err := s.ask(name, dns.TypeNAPTR)
	if err != nil {
		return nil, err
	}
	var records []*dns.NAPTR
	for _, rr := range a.records {
		n, ok := rr.(*dns.NAPTR)
		// RFC 3263 §4.1: a regular expression has no place here.
		if !ok || n.Regexp != "" || n.Replacement == "." {
			continue
		}
		t := naptrTransport(n.Service)
		if !s.r.has(t) || k.secure && !secure(t) {
			continue
		}
		records = append(records, n)
	}
	slices.SortStableFunc(records, func(a, b *dns.NAPTR) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Preference, b.Preference))
	})
	return records, nil
}

// first asks for the SRV records of several services at once and returns the
// servers of the first that has any. found without servers means that the
// domain says it offers none: the host's own addresses are then not to be tried.
func (s *survey) first(services ...service) (servers []server, found bool, err error) {
	type result struct {
		answer answer
		err    error
	}
	results := make([]result, len(services))
	var wg sync.WaitGroup
	for i, v := range services {
		wg.Go(func() {
			results[i].answer, results[i].err = s.ask(v.name, dns.TypeSRV)
		})
	}
	wg.Wait()
	var failed error
	for i, res := range results {
		if res.err != nil {
			failed = res.err
			continue
		}
		list, offered := srvServers(res.answer.records, services[i].transport)
		found = found || offered
		if len(list) == 0 {
			continue
		}
		servers, err = s.targets(list, res.answer.extra)
		return servers, true, err
	}
	// Without an answer about a service nothing can be said about the host.
	return nil, found, failed
}

// target is an SRV record that waits for its addresses.
type target struct {
	server
	name string
}

// srvServers reads SRV records. RFC 2782: the target "." means that the service
// is decidedly not available; answered tells this from having no records.
func srvServers(records []dns.RR, transport sip.Transport) (list []target, answered bool) {
	for _, rr := range records {
		v, ok := rr.(*dns.SRV)
		if !ok {
			continue
		}
		answered = true
		if v.Target != "." && v.Port != 0 {
			list = append(list, target{server{priority: v.Priority, weight: v.Weight, transport: transport, port: v.Port}, v.Target})
		}
	}
	slices.SortStableFunc(list, func(a, b target) int {
		// RFC 2782: records of weight 0 stand first within their priority.
		return cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(min(a.weight, 1), min(b.weight, 1)))
	})
	return list[:min(len(list), maxServers)], answered
}

// targets finds the addresses of SRV targets. An error counts only when no
// target has an address.
func (s *survey) targets(list []target, extra []dns.RR) ([]server, error) {
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	for i := range list {
		wg.Go(func() { list[i].addrs, errs[i] = s.addresses(list[i].name, extra) })
	}
	wg.Wait()
	var servers []server
	var failed error
	for i, t := range list {
		if errs[i] != nil {
			failed = errs[i]
		}
		if len(t.addrs) > 0 {
			servers = append(servers, t.server)
		}
	}
	if len(servers) > 0 {
		return servers, nil
	}
	return nil, failed
}
