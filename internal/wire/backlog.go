package wire

import (
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"
)

// Backlog is how far the UDP reader that is worst off is behind.
type Backlog struct {
	Since time.Duration // for how long it has not found its socket empty
	Full  float64       // how full its receive buffer is, from 0 to 1
}

// Backlog returns the present one. A reader that is merely busy, or was without a
// processor for a moment and makes up for it, finds its socket empty now and then.
func (n *Net) Backlog() (worst Backlog) {
	now := n.clock.Now()
	for _, l := range n.udp {
		if l == nil {
			continue
		}
		l.mu.Lock()
		for _, r := range l.readers {
			since := r.behind.Load()
			if since == 0 {
				continue
			}
			if full := fullness(r.fd); full > worst.Full {
				worst = Backlog{time.Duration(now - since), full}
			}
		}
		l.mu.Unlock()
	}
	return worst
}

// fullness is how full a receive buffer is, from 0 to 1.
func fullness(fd int) float64 {
	m := memInfoOf(fd)
	if m[memLimit] == 0 {
		return 0
	}
	return min(float64(m[memReceived])/float64(m[memLimit]), 1)
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

// Local returns the number by which Flow.Local names an address behind a wildcard
// UDP listener, 0 for any other listener.
func (n *Net) Local(socket uint8, a netip.Addr) uint8 {
	if int(socket) >= len(n.udp) || n.udp[socket] == nil || !n.udp[socket].wild {
		return 0
	}
	number, _ := n.udp[socket].locals.number(a)
	return number
}

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
			at := netip.AddrPortFrom(p.Addr(), l.Addr.Port())
			if err == nil && p.Addr().Is4() == l.Addr.Addr().Is4() && !slices.Contains(addrs, at) {
				addrs = append(addrs, at)
			}
		}
	}
	return addrs
}
