package identity_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"gatehouse.example/internal/identity"
	"gatehouse.example/internal/locate"
)

// BenchmarkServes is the sender check on the packet path, of a domain that is known and of one that is not to be found.
func BenchmarkServes(b *testing.B) {
	h := &hosts{found: map[string]string{"carrier.test": "192.0.2.7:5060"}, cached: map[string]bool{"carrier.test": true}}
	s := identity.New(identity.Config{Locator: h, Go: func(f func(context.Context)) bool { f(b.Context()); return true }})
	source, now := netip.MustParseAddr("192.0.2.7"), time.Now()
	for _, domain := range []string{"carrier.test", "nowhere.test"} {
		s.Serves(domain, source, now)
		b.Run(domain, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Serves(domain, source, now)
			}
		})
	}
}

var _ identity.Locator = (*locate.Resolver)(nil)
