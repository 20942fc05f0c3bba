package wire

import (
	"net"
	"net/netip"
)

// Backlog returns how full the fullest UDP receive buffer is, from 0 to 1: how
// far behind the readers are.
func (n *Net) Backlog() float64 {
	full := 0.0
	for _, l := range n.udp {
		if l == nil {
			continue
		}
		l.mu.Lock()
		for _, r := range l.readers {
			full = max(full, fullness(r.fd))
		}
		l.mu.Unlock()
	}
	return full
}

func fullness(fd int) float64 {
	m := memInfoOf(fd)
	if m[memLimit] == 0 {
		return 0
	}
	return float64(m[memReceived]) / float64(m[memLimit])
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
			if err == nil && p.Addr().Is4() == l.Addr.Addr().Is4() {
				addrs = append(addrs, netip.AddrPortFrom(p.Addr(), l.Addr.Port()))
			}
		}
	}
	return addrs
}
