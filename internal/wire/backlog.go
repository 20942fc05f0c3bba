package wire

import (
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// Behind returns for how long the UDP reader that is worst off has not found its
// socket empty while its receive buffer is more than half full: more comes than
// it can take. A reader that is merely busy, or was without a processor for a
// moment and makes up for it, is not behind.
func (n *Net) Behind() time.Duration {
	worst, now := int64(0), n.clock.Now()
	for _, l := range n.udp {
		if l == nil {
			continue
		}
		l.mu.Lock()
		for _, r := range l.readers {
			if since := r.behind.Load(); since != 0 && fullness(r.fd) > 0.5 {
				worst = max(worst, now-since)
			}
		}
		l.mu.Unlock()
	}
	return time.Duration(worst)
}

// fullness is how full a receive buffer is, from 0 to 1.
func fullness(fd int) float64 {
	m := memInfoOf(fd)
	if m[memLimit] == 0 {
		return 0
	}
	return float64(m[memReceived]) / float64(m[memLimit])
}

// note remembers since when each batch has been full.
func (b *behindSince) note(full bool, now int64) {
	switch since := b.Load(); {
	case !full && since != 0:
		b.Store(0)
	case full && since == 0:
		b.Store(now)
	}
}

// behindSince is a time in Unix nanoseconds, 0 = not behind.
type behindSince struct{ atomic.Int64 }

// LocalAddrs returns the addresses that wildcard listeners are reached by.
func (n *Net) LocalAddrs() []netip.AddrPort {
	var addrs []netip.AddrPort
	for _, l := range n.Listeners() {
		if !l.Addr.Addr().IsUnspecified() {
			continue
		}
		all, err := net.InterfaceAddrs()
		if err != nil {
			continue
		}
		for _, a := range all {
			p, err := netip.ParsePrefix(a.String())
			if err == nil && p.Addr().Is4() == l.Addr.Addr().Is4() {
				addrs = append(addrs, netip.AddrPortFrom(p.Addr(), l.Addr.Port()))
			}
		}
	}
	return addrs
}
