package proxy

import (
	"net/netip"
	"slices"
	"strconv"
	"sync/atomic"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// Self knows by which addresses and names this server is meant. They change by
// SetNames and SetLocals.
type Self struct {
	cfg   SelfConfig
	names atomic.Pointer[map[string]struct{}]
	now   atomic.Pointer[addresses]
}

// addresses are those of our listeners. They do not change; others take their place.
type addresses struct {
	addrs     map[netip.AddrPort]struct{}
	ips       map[netip.Addr]struct{}
	listeners []*listener
	several   bool // some differ in nothing but the network that they are in
}

// listener is one address of our listeners with the texts that name it in
// messages.
type listener struct {
	wire.Listener
	bound  netip.Addr // what it is on this machine; another one than Addr if public
	public bool       // the address of a NAT in front of us
	local  uint8      // Flow.Local, behind a wildcard
	sentBy string     // "SIP/2.0/UDP 192.0.2.1:5060;rport;branch="
	route  string     // "<sip:192.0.2.1:5060;lr"
	secure string     // "<sips:192.0.2.1:5061;lr", "" where no TLS is to be had
}

// SelfConfig says how a server is reached.
type SelfConfig struct {
	Listeners []wire.Listener
	// Locals are the addresses that wildcard listeners stand for.
	Locals []netip.AddrPort
	// Number returns what wire.Flow.Local calls such an address; nil: nothing.
	Number func(socket uint8, a netip.Addr) uint8
	// Public is the address of a NAT in front of us, by which the outside
	// reaches our ports; the zero Addr where there is none.
	Public netip.Addr
	// Source returns the address that this machine sends from to another, the zero
	// Addr where no route leads there; nil: nobody knows.
	Source func(to netip.Addr) netip.Addr
	// Names are host names that stand for the listeners, in lower case.
	Names []string
}

// NewSelf describes a server.
func NewSelf(cfg SelfConfig) *Self {
	s := &Self{cfg: cfg}
	s.SetNames(cfg.Names)
	s.SetLocals(cfg.Locals)
	return s
}

// SetLocals replaces the addresses that wildcard listeners stand for, and reports
// whether that changes anything.
func (s *Self) SetLocals(locals []netip.AddrPort) (changed bool) {
	old := s.now.Load()
	a := &addresses{addrs: make(map[netip.AddrPort]struct{}), ips: make(map[netip.Addr]struct{})}
	for _, l := range s.cfg.Listeners {
		s.add(a, old, l, locals)
		if p := s.cfg.Public; p.IsValid() && !l.Addr.Addr().IsLoopback() && l.Addr.Addr().Is4() == p.Is4() {
			bound := l.Addr.Addr()
			l.Addr = netip.AddrPortFrom(p, l.Addr.Port())
			a.add(old.like(listener{Listener: l, bound: bound, public: true}))
		}
	}
	a.several = slices.ContainsFunc(a.listeners, a.rivals)
	s.now.Store(a)
	return old == nil || !slices.Equal(old.listeners, a.listeners)
}

// SetNames replaces the host names that stand for the listeners.
func (s *Self) SetNames(names []string) {
	m := make(map[string]struct{}, len(names))
	for _, n := range names {
		m[n] = struct{}{}
	}
	s.names.Store(&m)
}

// add adds a listener, a wildcard one under each address that it stands for.
func (s *Self) add(a, old *addresses, l wire.Listener, locals []netip.AddrPort) {
	if !l.Addr.Addr().IsUnspecified() {
		a.add(old.like(listener{Listener: l, bound: l.Addr.Addr()}))
		return
	}
	for _, at := range locals {
		if at.Port() != l.Addr.Port() || at.Addr().Is4() != l.Addr.Addr().Is4() {
			continue
		}
		d := listener{Listener: l, bound: at.Addr()}
		d.Addr = at
		if s.cfg.Number != nil {
			d.local = s.cfg.Number(l.Index, at.Addr())
		}
		a.add(old.like(d))
	}
}

func (a *addresses) add(l *listener) {
	a.addrs[l.Addr] = struct{}{}
	a.ips[l.Addr.Addr()] = struct{}{}
	a.listeners = append(a.listeners, l)
}

// like returns the listener that is d already, else d with its texts: a request that
// is under way while addresses change finds the same one again.
func (a *addresses) like(d listener) *listener {
	if a != nil {
		for _, l := range a.listeners {
			if l.Listener == d.Listener && l.bound == d.bound && l.public == d.public && l.local == d.local {
				return l
			}
		}
	}
	d.describe()
	return &d
}

// rivals tells whether another listener than l fits the same destinations, but for
// the networks that they are in.
func (a *addresses) rivals(l *listener) bool {
	return slices.ContainsFunc(a.listeners, func(o *listener) bool {
		return o.bound != l.bound && o.bound.Is4() == l.bound.Is4() && o.bound.IsLoopback() == l.bound.IsLoopback() && o.public == l.public
	})
}

// describe writes the texts.
func (l *listener) describe() {
	at := l.Addr.String()
	l.sentBy = "SIP/2.0/" + l.Transport.String() + " " + at
	if l.Transport == sip.UDP {
		l.sentBy += ";rport" // RFC 3581 §3
	}
	l.sentBy += ";branch="
	l.route = "<sip:" + at
	switch l.Transport {
	case sip.UDP:
	case sip.TLS:
		// RFC 5630 §3.1.3 deprecates transport=tls, but a sip: URI with an address
		// can say TLS in no other way, and who came by TLS has to stay on it.
		l.route += ";transport=tls"
		l.secure = "<sips:" + at
	case sip.WS, sip.WSS:
		// RFC 7118 §5.2.2: ws is both; and a proxy in front may do the TLS.
		l.route += ";transport=ws"
		l.secure = "<sips:" + at + ";transport=ws"
	default:
		l.route += ";transport=" + l.Transport.Lower()
	}
	l.route += ";lr"
	if l.secure != "" {
		l.secure += ";lr"
	}
}

// IsAddr reports whether a is one of our listeners' addresses.
func (s *Self) IsAddr(a netip.AddrPort) bool {
	_, ok := s.now.Load().addrs[a]
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
		_, ours := s.now.Load().ips[a]
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
	names := *s.names.Load()
	if len(names) == 0 {
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
	_, ok := names[string(low[:len(host)])]
	return ok && s.listensOn(port)
}

func (s *Self) listensOn(port uint16) bool {
	for _, l := range s.now.Load().listeners {
		if l.Addr.Port() == port {
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
