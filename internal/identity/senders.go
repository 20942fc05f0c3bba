package identity

import (
	"context"
	"hash/maphash"
	"net/netip"
	"sync"
	"sync/atomic"
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

	rooms sync.Pool // of *[senderHops]locate.Hop
	seed  maphash.Seed
	asked [askedPlaces]atomic.Pointer[asked]

	mu    sync.Mutex
	count int // look-ups begun in this second
	since time.Time
}

// asked is a domain for which a look-up was begun that has left nothing in the cache. It never changes. Each has one place, by its hash, so that memory is
// bounded whatever domains strangers invent: who is pushed out is asked for again, within the budget.
type asked struct {
	domain string
	at     time.Time
}

const (
	askAgain    = 5 * time.Minute
	askedPlaces = 1024
	askPerSec   = 20 // DNS look-ups for domains that strangers name
	senderHops  = 16 // hosts of one domain that are compared
)

func (s *senders) init(l Locator, run func(func(context.Context)) bool) {
	s.locator, s.run, s.seed = l, run, maphash.MakeSeed()
}

// Serves tells whether a source is one of the hosts of a domain, as far as that is known without waiting.
func (s *Service) Serves(domain string, source netip.Addr, now time.Time) screen.Ternary {
	if s.senders.locator == nil || domain == "" {
		return screen.Unknown
	}
	if last := domain[len(domain)-1]; last <= '9' || last == ']' {
		return screen.Unknown // an address: DNS says nothing about it (RFC 3261 §25.1: a domain's last label begins with a letter)
	}
	place := &s.senders.asked[maphash.String(s.senders.seed, domain)%askedPlaces]
	if p := place.Load(); p != nil && p.domain == domain && now.Sub(p.at) < askAgain && !now.Before(p.at) {
		return screen.Unknown
	}
	room, _ := s.senders.rooms.Get().(*[senderHops]locate.Hop)
	if room == nil {
		room = new([senderHops]locate.Hop)
	}
	defer s.senders.rooms.Put(room)
	target := locate.Target{Host: domain}
	hops, ok := s.senders.locator.Cached(target, room[:0])
	if !ok {
		s.senders.ask(place, target, now)
		return screen.Unknown
	}
	for i := range hops {
		if hops[i].Addr.Addr().Unmap() == source.Unmap() {
			return screen.Yes
		}
	}
	return screen.No
}

// ask looks a domain up in the background, unless too much is asked for.
func (s *senders) ask(place *atomic.Pointer[asked], t locate.Target, now time.Time) {
	s.mu.Lock()
	ok := s.budget(now)
	s.mu.Unlock()
	if !ok {
		return
	}
	place.Store(&asked{t.Host, now})
	s.run(func(ctx context.Context) {
		if _, err := s.locator.Lookup(ctx, t); err == nil {
			place.Store(nil) // it is in the cache now; what is not found proves nothing and is not asked for soon
		}
	})
}

func (s *senders) budget(now time.Time) bool {
	if now.Sub(s.since) >= time.Second || now.Before(s.since) {
		s.since, s.count = now, 0
	}
	s.count++
	return s.count <= askPerSec
}
