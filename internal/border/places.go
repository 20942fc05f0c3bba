package border

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"gatehouse.example/internal/locate"
)

// places are where the PBXs of a site send from. They do not change once a site
// has them; another value takes their place.
type places struct {
	pbx    map[netip.AddrPort][]*Domain // several domains may have one PBX
	inside map[netip.Addr][]*Domain
	peers  map[*Peer]struct{} // those that a PBX is among
}

func (p *places) add(a netip.AddrPort, d *Domain) {
	if p.pbx == nil {
		p.pbx, p.inside = make(map[netip.AddrPort][]*Domain), make(map[netip.Addr][]*Domain)
	}
	a = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	if slices.Contains(p.pbx[a], d) {
		return
	}
	p.pbx[a] = append(slices.Clip(p.pbx[a]), d)
	p.inside[a.Addr()] = append(slices.Clip(p.inside[a.Addr()]), d)
}

// serves tells whether it is the PBX of a domain that sends from a, or over a connection that it has opened from a port of its own.
func (p *places) serves(a netip.AddrPort, d *Domain) bool {
	a = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	if of, ok := p.pbx[a]; ok {
		return slices.Contains(of, d)
	}
	return slices.Contains(p.inside[a.Addr()], d)
}

// at returns the domain whose PBX is at a, the first of several; nil where there is none.
func (p *places) at(a netip.AddrPort) *Domain {
	if all := p.pbx[a]; len(all) > 0 {
		return all[0]
	}
	return nil
}

// owner returns the domain whose PBX is at a, or opens connections from its address; nil where there is none. Of several it is the first.
func (p *places) owner(a netip.AddrPort) *Domain {
	a = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	if d := p.at(a); d != nil {
		return d
	}
	if all := p.inside[a.Addr()]; len(all) > 0 {
		return all[0]
	}
	return nil
}

// literal returns the address of a target that names it.
func literal(t locate.Target) (netip.AddrPort, bool) {
	a, err := netip.ParseAddr(strings.Trim(t.Host, "[]"))
	port := t.Port
	if port == 0 {
		port = 5060
	}
	return netip.AddrPortFrom(a, port), err == nil
}

// places returns where the PBXs are now.
func (s *Site) places() *places {
	if p := s.now.Load(); p != nil {
		return p
	}
	return &s.fixed
}

// settle puts the addresses of targets that are named by host into force, beside
// the fixed ones.
func (s *Site) settle(found map[locate.Target][]netip.AddrPort) {
	p := &places{peers: make(map[*Peer]struct{})}
	p.pbx, p.inside = maps.Clone(s.fixed.pbx), maps.Clone(s.fixed.inside)
	for _, n := range s.named {
		for _, a := range found[n.target] {
			p.add(a, n.domain)
		}
	}
	for _, peer := range s.all {
		for _, prefix := range peer.Prefixes {
			for a := range p.inside {
				if prefix.Contains(a) {
					p.peers[peer] = struct{}{}
				}
			}
		}
	}
	s.now.Store(p)
}

// named is a target that is known by its host name.
type named struct {
	target locate.Target
	domain *Domain
}

const (
	// lookAgain is how often the addresses of named targets are asked for; the
	// locator's cache keeps to what DNS says (RFC 1035 §3.2.1).
	lookAgain = 30 * time.Second
	// stillThere is how long an address counts that DNS no longer names: calls are
	// up from there, and an answer holds but some of many (RFC 2782) and none
	// that asked to be left alone.
	stillThere = 10 * time.Minute
)

// finder knows the addresses of targets that are named by host. Find asks DNS.
type finder struct {
	mu    sync.Mutex
	seen  map[locate.Target]map[netip.AddrPort]time.Time
	again chan struct{} // has room for one: a site is new
}

// settle gives a site what is known.
func (f *finder) settle(s *Site) {
	f.mu.Lock()
	defer f.mu.Unlock()
	found := make(map[locate.Target][]netip.AddrPort)
	for t, at := range f.seen {
		for a := range at {
			found[t] = append(found[t], a)
		}
	}
	s.settle(found)
}

// note remembers an answer.
func (f *finder) note(t locate.Target, hops []locate.Hop, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen == nil {
		f.seen = make(map[locate.Target]map[netip.AddrPort]time.Time)
	}
	at := f.seen[t]
	if at == nil {
		at = make(map[netip.AddrPort]time.Time)
		f.seen[t] = at
	}
	for _, h := range hops {
		at[netip.AddrPortFrom(h.Addr.Addr().Unmap(), h.Addr.Port())] = now
	}
	maps.DeleteFunc(at, func(_ netip.AddrPort, last time.Time) bool { return now.Sub(last) > stillThere })
}

// Run keeps the addresses of PBXs that are named by host, until ctx ends. What
// DNS does not answer leaves what was known.
func (b *Border) Run(ctx context.Context) error {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-b.finder.again:
		}
		b.Find(ctx)
	}
}

// Find asks once for the targets of the site in force. A server does it before
// it takes the first packet: until its address is known a PBX that calls out is a
// stranger that dials numbers of elsewhere.
func (b *Border) Find(ctx context.Context) {
	site := b.site.Load()
	if b.cfg.Lookup == nil || len(site.named) == 0 {
		b.found(nil)
		return
	}
	var all sync.WaitGroup
	for _, n := range site.named {
		all.Go(func() {
			hops, err := b.cfg.Lookup(ctx, n.target)
			switch {
			case err == nil:
				b.finder.note(n.target, hops, time.Now())
			case !errors.Is(ctx.Err(), context.Canceled):
				b.cfg.Log.Warn("the address of a PBX is not known", "host", n.target.Host, "error", err)
			}
		})
	}
	all.Wait()
	b.finder.settle(site)
	b.found(slices.Collect(maps.Keys(site.places().inside)))
}

func (b *Border) found(all []netip.Addr) {
	if b.cfg.Found != nil {
		b.cfg.Found(all)
	}
}
