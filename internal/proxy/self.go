package proxy

import (
	"net/netip"
	"strconv"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// Self knows by which addresses and names this server is meant. It is built
// once and then only read.
type Self struct {
	addrs     map[netip.AddrPort]struct{}
	ips       map[netip.Addr]struct{}
	names     map[string]struct{}
	listeners []listener
}

// listener is one of our listeners with the texts that name it in messages.
type listener struct {
	wire.Listener
	sentBy string // "SIP/2.0/UDP 192.0.2.1:5060;rport;branch="
	route  string // "<sip:192.0.2.1:5060;lr;gh="
}

// NewSelf describes a server by its listeners and the host names that stand
// for them. extra are further addresses under which the listeners are reached,
// such as the public address of a NAT.
func NewSelf(listeners []wire.Listener, names []string, extra []netip.AddrPort) *Self {
	s := &Self{
		addrs: make(map[netip.AddrPort]struct{}),
		ips:   make(map[netip.Addr]struct{}),
		names: make(map[string]struct{}),
	}
	for _, l := range listeners {
		s.addAddr(l.Addr)
		s.listeners = append(s.listeners, describe(l))
	}
	for _, a := range extra {
		s.addAddr(a)
	}
	for _, n := range names {
		s.names[n] = struct{}{}
	}
	return s
}

func (s *Self) addAddr(a netip.AddrPort) {
	s.addrs[a] = struct{}{}
	s.ips[a.Addr()] = struct{}{}
}

func describe(l wire.Listener) listener {
	at := l.Addr.String()
	d := listener{Listener: l}
	d.sentBy = "SIP/2.0/" + l.Transport.String() + " " + at
	if l.Transport == sip.UDP {
		d.sentBy += ";rport" // RFC 3581 §3
	}
	d.sentBy += ";branch="
	d.route = "<sip:" + at
	switch l.Transport {
	case sip.UDP:
	case sip.TLS, sip.WSS:
		d.route = "<sips:" + at
		if l.Transport == sip.WSS {
			d.route += ";transport=ws"
		}
	default:
		d.route += ";transport=" + l.Transport.Lower()
	}
	d.route += ";lr;gh="
	return d
}

// IsAddr reports whether a is one of our listeners' addresses.
func (s *Self) IsAddr(a netip.AddrPort) bool {
	_, ok := s.addrs[a]
	return ok
}

// IsURI reports whether the host and port of u are ours: an address with a
// port that we listen on, or a name that stands for us with any of our ports.
func (s *Self) IsURI(u *uri.URI) bool {
	return s.isHost(u, u.Host, u.Port, defaultPort(u))
}

// IsHost reports whether u names one of our addresses without regard to the
// port: what a request for "whoever you are" looks like.
func (s *Self) IsHost(u *uri.URI) bool {
	if a, ok := u.Addr(); ok {
		_, ours := s.ips[a]
		return ours
	}
	return false
}

// IsHostPort is IsURI for a host and port as package home gives them; port 0 is
// none given.
func (s *Self) IsHostPort(host []byte, port uint16) bool {
	u := uri.URI{Scheme: uri.SIP, Host: host, Port: port}
	return s.IsURI(&u)
}

func defaultPort(u *uri.URI) uint16 {
	if u.Scheme == uri.SIPS {
		return 5061
	}
	if t, ok := u.Param("transport"); ok && sip.ParseTransport(t) == sip.TLS {
		return 5061
	}
	return 5060
}

func (s *Self) isHost(u *uri.URI, host []byte, port, standard uint16) bool {
	if port == 0 {
		port = standard
	}
	if a, ok := u.Addr(); ok {
		return s.IsAddr(netip.AddrPortFrom(a, port))
	}
	if len(s.names) == 0 {
		return false
	}
	var low [256]byte
	if len(host) > len(low) {
		return false
	}
	for i, c := range host {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		low[i] = c
	}
	_, ok := s.names[string(low[:len(host)])]
	return ok && s.listensOn(port)
}

func (s *Self) listensOn(port uint16) bool {
	for i := range s.listeners {
		if s.listeners[i].Addr.Port() == port {
			return true
		}
	}
	return false
}

// isVia reports whether a Via was written by us.
func (s *Self) isVia(v *sip.Via) bool {
	u := uri.URI{Scheme: uri.SIP, Host: v.Host}
	standard := uint16(5060)
	if v.Transport.Secure() {
		standard = 5061
	}
	return s.isHost(&u, v.Host, v.Port, standard)
}

// outgoing chooses the listener that names us towards a hop: of its transport
// and address family, a loopback one for a loopback hop; else, for a stream
// that we dial without listening on its kind, whatever listener is nearest,
// since responses come back on the connection.
func (s *Self) outgoing(t sip.Transport, to netip.Addr) *listener {
	best, score := (*listener)(nil), -1
	for i := range s.listeners {
		l := &s.listeners[i]
		n := 0
		if l.Transport == t {
			n += 8
		}
		if l.Addr.Addr().Is4() == to.Is4() {
			n += 4
		}
		if l.Addr.Addr().IsLoopback() == to.IsLoopback() {
			n += 2
		}
		if n > score {
			best, score = l, n
		}
	}
	return best
}

// incoming returns the listener that a message came to.
func (s *Self) incoming(f wire.Flow, local netip.AddrPort) *listener {
	var fallback *listener
	for i := range s.listeners {
		l := &s.listeners[i]
		if l.Transport != f.Transport {
			continue
		}
		if l.Addr == local || f.Conn == 0 && l.Index == f.Socket {
			return l
		}
		if fallback == nil {
			fallback = l
		}
	}
	if fallback == nil {
		return s.outgoing(f.Transport, f.Remote.Addr())
	}
	return fallback
}

// via appends our Via field, up to and with "branch=".
func (l *listener) appendVia(dst []byte, t sip.Transport) []byte {
	dst = append(dst, "Via: "...)
	if l.Transport == t {
		return append(dst, l.sentBy...)
	}
	dst = append(dst, "SIP/2.0/"...)
	dst = append(dst, t.String()...)
	dst = append(dst, ' ')
	dst = l.Addr.AppendTo(dst)
	return append(dst, ";branch="...)
}

func appendInt(dst []byte, n int) []byte { return strconv.AppendInt(dst, int64(n), 10) }
