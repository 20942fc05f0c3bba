package proxy

import (
	"math/bits"
	"net/netip"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// outgoing chooses the address that names us towards a hop: of its transport and
// address family; loopback for loopback; the public one for the outside, where a
// NAT is in front of us; else the one that our packets to it come from. For a stream
// that we dial without listening on its kind, any transport will do: responses come
// back on the connection.
func (s *Self) outgoing(t sip.Transport, to netip.Addr) *listener {
	a := s.now.Load()
	if len(a.listeners) == 1 {
		return a.listeners[0]
	}
	near := s.near(a, to)
	best, score := (*listener)(nil), -1
	for _, l := range a.listeners {
		n := s.fit(l, to, near)
		if l.Transport == t {
			n += 4096
		}
		if n > score {
			best, score = l, n
		}
	}
	return best
}

// leaving chooses the address that names us towards a hop, and settles to on it. Inside
// a dialog, towards whoever opened it, that is the one that it was opened at; of a flow
// that leads to a phone, the one that the phone has used: a firewall or a NAT on the
// way lets nothing else through. Otherwise the kernel knows best what to send from.
func (s *Self) leaving(to *wire.Flow, flow bool, at *listener) *listener {
	if flow && to.Conn == 0 && (at == nil || to.Local != 0) {
		if l := s.owner(to); l != nil {
			return l
		}
	}
	if at != nil && at.Transport == to.Transport && at.Addr.Addr().Is4() == to.Remote.Addr().Is4() {
		if to.Conn == 0 {
			to.Socket, to.Local = at.Index, at.local
		}
		return at
	}
	l := s.outgoing(to.Transport, to.Remote.Addr())
	if to.Conn == 0 {
		to.Socket, to.Local = l.Index, 0
	}
	return l
}

// owner returns the address that a UDP flow is one of, nil where it is none of ours.
func (s *Self) owner(f *wire.Flow) (best *listener) {
	score := -1
	a := s.now.Load()
	near := s.near(a, f.Remote.Addr())
	for _, l := range a.listeners {
		if l.Index != f.Socket || l.Transport != f.Transport || l.Addr.Addr().Is4() != f.Remote.Addr().Is4() {
			continue
		}
		n := s.fit(l, f.Remote.Addr(), near)
		if f.Local != 0 && l.local == f.Local {
			n += 256 // more than all leading bits, less than what a NAT in front of us makes of it
		}
		if n > score {
			best, score = l, n
		}
	}
	return best
}

// at returns the listener whose very address a Route value of ours names, nil where it
// names us by name. The address of a NAT in front of us may stand for several.
func (s *Self) at(u *uri.URI) (best *listener) {
	addr, ok := u.Addr()
	if !ok {
		return nil
	}
	t, port := sip.UDP, u.Port
	if v, ok := u.Param("transport"); ok {
		t = sip.ParseTransport(v)
	}
	if port == 0 {
		port = defaultPort(u)
	}
	a, score := s.now.Load(), -1
	for _, l := range a.listeners {
		if l.Transport != t || l.Addr.Addr() != addr || l.Addr.Port() != port {
			continue
		}
		if !l.public {
			return l
		}
		if n := commonBits(l.bound, s.near(a, addr)); n > score {
			best, score = l, n
		}
	}
	return best
}

// near returns the address that our packets to another come from, where that makes a
// difference and is known; else the other address itself: the one of ours with most
// leading bits in common is then the best guess.
func (s *Self) near(a *addresses, to netip.Addr) netip.Addr {
	if a.several && s.cfg.Source != nil && !to.IsLoopback() {
		if from := s.cfg.Source(to); from.IsValid() {
			return from
		}
	}
	return to
}

// fit rates a listener for who is reached at to, and finds us near an address.
func (s *Self) fit(l *listener, to, near netip.Addr) (n int) {
	a := l.Addr.Addr()
	if a.Is4() == to.Is4() {
		n += 2048 + commonBits(l.bound, near)
	}
	if a.IsLoopback() == to.IsLoopback() {
		n += 1024
	}
	if s.cfg.Public.IsValid() && l.public == outside(to) {
		n += 512
	}
	return n
}

// outside tells whether an address is on the public internet.
func outside(a netip.Addr) bool {
	// RFC 6598: 100.64.0.0/10 is that of carrier-grade NAT.
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10)
	return a.IsGlobalUnicast() && !a.IsPrivate() && !shared.Contains(a)
}

func commonBits(a, b netip.Addr) int {
	x, y := a.As16(), b.As16()
	for i := range x {
		if d := x[i] ^ y[i]; d != 0 {
			return 8*i + bits.LeadingZeros8(d)
		}
	}
	return 128
}

// secured returns a listener that a sips: URI can name: l or the one nearest to
// it. nil = there is none.
func (s *Self) secured(l *listener) *listener {
	if l.secure != "" {
		return l
	}
	if t := s.outgoing(sip.TLS, l.Addr.Addr()); t.secure != "" {
		return t
	}
	return nil
}

// incoming returns the address that a message came to, as its sender knows it.
func (s *Self) incoming(f wire.Flow, local netip.AddrPort) *listener {
	a := s.now.Load()
	if len(a.listeners) == 1 {
		return a.listeners[0]
	}
	from, near := f.Remote.Addr(), local.Addr()
	if !near.IsValid() {
		near = s.near(a, from)
	}
	best, score := (*listener)(nil), -1
	for _, l := range a.listeners {
		n := s.fit(l, from, near)
		if l.Transport == f.Transport {
			n += 16384
		}
		behind := l.public && outside(from) && l.Addr.Port() == local.Port()
		if l.Addr == local || !local.IsValid() && f.Conn == 0 && l.Index == f.Socket || behind {
			n += 8192
		}
		if n > score {
			best, score = l, n
		}
	}
	return best
}
