package identity

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"gatehouse.example/internal/locate"
	"gatehouse.example/screen"
)

// Locator finds where a domain is served. *locate.Resolver is one.
type Locator interface {
	Cached(t locate.Target, dst []locate.Hop) ([]locate.Hop, bool)
	Lookup(ctx context.Context, t locate.Target) ([]locate.Hop, error)
}

// senders knows the hosts of domains for the sender check of RFC 5039 §4.1: a request that claims a domain is somewhat more believable from one of the
// hosts where RFC 3263 would look for that domain. Answers come from the resolver's cache; a domain that is not in it is looked up behind the caller's back,
// for the next time.
type senders struct {
	locator Locator
	run     func(f func(ctx context.Context)) bool

	mu    sync.Mutex
	asked map[string]time.Time // when a look-up was begun that has left nothing in the cache
	count int                  // look-ups begun in this second
	since time.Time
}

const (
	askAgain   = 5 * time.Minute
	askedMost  = 4096 // domains; anybody can invent them
	askPerSec  = 20   // DNS look-ups for domains that strangers name
	senderHops = 16   // hosts of one domain that are compared
)

func (s *senders) init(l Locator, run func(func(context.Context)) bool) {
	s.locator, s.run, s.asked = l, run, make(map[string]time.Time)
}

// Serves tells whether a source is one of the hosts of a domain, as far as that is known without waiting.
func (s *Service) Serves(domain string, source netip.Addr, now time.Time) screen.Ternary {
	if s.senders.locator == nil || domain == "" {
		return screen.Unknown
	}
	if _, err := netip.ParseAddr(domain); err == nil {
		return screen.Unknown // an address is no domain, and DNS says nothing about it
	}
	var room [senderHops]locate.Hop
	target := locate.Target{Host: domain}
	hops, ok := s.senders.locator.Cached(target, room[:0])
	if !ok {
		s.senders.ask(target, now)
		return screen.Unknown
	}
	for i := range hops {
		if hops[i].Addr.Addr().Unmap() == source.Unmap() {
			return screen.Yes
		}
	}
	return screen.No
}

// ask looks a domain up in the background, unless that was tried lately or too much is asked for.
func (s *senders) ask(t locate.Target, now time.Time) {
	s.mu.Lock()
	last, known := s.asked[t.Host]
	if known && now.Sub(last) < askAgain && !now.Before(last) || !s.budget(now) {
		s.mu.Unlock()
		return
	}
	if len(s.asked) >= askedMost {
		clear(s.asked) // what is worth knowing is in the resolver's cache
	}
	s.asked[t.Host] = now
	s.mu.Unlock()
	s.run(func(ctx context.Context) {
		_, _ = s.locator.Lookup(ctx, t) // what it finds is in the cache now; what it does not find proves nothing
	})
}

func (s *senders) budget(now time.Time) bool {
	if now.Sub(s.since) >= time.Second || now.Before(s.since) {
		s.since, s.count = now, 0
	}
	s.count++
	return s.count <= askPerSec
}
