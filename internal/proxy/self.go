package proxy

import (
	"math/bits"
	"net/netip"
	"strconv"
	"sync/atomic"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// Self knows by which addresses and names this server is meant. Only the names
// change, by SetNames.
type Self struct {
	addrs     map[netip.AddrPort]struct{}
	ips       map[netip.Addr]struct{}
	names     atomic.Pointer[map[string]struct{}]
	listeners []listener
	public    bool
}

// listener is one address of our listeners with the texts that name it in
// messages.
type listener struct {
	wire.Listener
	public bool   // the address of a NAT in front of us
	local  uint8  // Flow.Local, behind a wildcard
	sentBy string // "SIP/2.0/UDP 192.0.2.1:5060;rport;branch="
	route  string // "<sip:192.0.2.1:5060;lr"
	secure string // "<sips:192.0.2.1:5061;lr", "" where no TLS is to be had
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
	// Names are host names that stand for the listeners, in lower case.
	Names []string
}

// NewSelf describes a server.
func NewSelf(cfg SelfConfig) *Self {
	s := &Self{addrs: make(map[netip.AddrPort]struct{}), ips: make(map[netip.Addr]struct{}), public: cfg.Public.IsValid()}
	s.SetNames(cfg.Names)
	for _, l := range cfg.Listeners {
		s.add(l, &cfg)
		if s.public && !l.Addr.Addr().IsLoopback() && l.Addr.Addr().Is4() == cfg.Public.Is4() {
			l.Addr = netip.AddrPortFrom(cfg.Public, l.Addr.Port())
			s.addOne(l, true, 0)
		}
	}
	return s
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
func (s *Self) add(l wire.Listener, cfg *SelfConfig) {
	if !l.Addr.Addr().IsUnspecified() {
		s.addOne(l, false, 0)
		return
	}
	for _, a := range cfg.Locals {
		if a.Port() != l.Addr.Port() || a.Addr().Is4() != l.Addr.Addr().Is4() {
			continue
		}
		l.Addr = a
		local := uint8(0)
		if cfg.Number != nil {
			local = cfg.Number(l.Index, a.Addr())
		}
		s.addOne(l, false, local)
	}
}

func (s *Self) addOne(l wire.Listener, public bool, local uint8) {
	s.addrs[l.Addr] = struct{}{}
	s.ips[l.Addr.Addr()] = struct{}{}
	d := describe(l)
	d.public, d.local = public, local
	s.listeners = append(s.listeners, d)
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
	case sip.TLS:
		// RFC 5630 §3.1.3 deprecates transport=tls, but a sip: URI with an address
		// can say TLS in no other way, and who came by TLS has to stay on it.
		d.route += ";transport=tls"
		d.secure = "<sips:" + at
	case sip.WS, sip.WSS:
		// RFC 7118 §5.2.2: ws is both; and a proxy in front may do the TLS.
		d.route += ";transport=ws"
		d.secure = "<sips:" + at + ";transport=ws"
	default:
		d.route += ";transport=" + l.Transport.Lower()
	}
	d.route += ";lr"
	if d.secure != "" {
		d.secure += ";lr"
	}
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

// outgoing chooses the address that names us towards a hop: of its transport and
// address family; loopback for loopback; the public one for the outside, where a
// NAT is in front of us; else the one with most leading bits in common, which
// is the one in its network. For a stream that we dial without listening on its
// kind, any transport will do: responses come back on the connection.
func (s *Self) outgoing(t sip.Transport, to netip.Addr) *listener {
	if len(s.listeners) == 1 {
		return &s.listeners[0]
	}
	best, score := (*listener)(nil), -1
	for i := range s.listeners {
		l := &s.listeners[i]
		n := s.fit(l, to)
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
	for i := range s.listeners {
		l := &s.listeners[i]
		if l.Index != f.Socket || l.Transport != f.Transport || l.Addr.Addr().Is4() != f.Remote.Addr().Is4() {
			continue
		}
		n := s.fit(l, f.Remote.Addr())
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
// names us by name.
func (s *Self) at(u *uri.URI) *listener {
	a, ok := u.Addr()
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
	for i := range s.listeners {
		if l := &s.listeners[i]; l.Transport == t && l.Addr.Addr() == a && l.Addr.Port() == port {
			return l
		}
	}
	return nil
}

func (s *Self) fit(l *listener, to netip.Addr) (n int) {
	a := l.Addr.Addr()
	if a.Is4() == to.Is4() {
		n += 2048 + commonBits(a, to)
	}
	if a.IsLoopback() == to.IsLoopback() {
		n += 1024
	}
	if s.public && l.public == outside(to) {
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
	if len(s.listeners) == 1 {
		return &s.listeners[0]
	}
	from := f.Remote.Addr()
	best, score := (*listener)(nil), -1
	for i := range s.listeners {
		l := &s.listeners[i]
		n := s.fit(l, from)
		if l.Transport == f.Transport {
			n += 16384
		}
		if l.Addr == local || !local.IsValid() && f.Conn == 0 && l.Index == f.Socket || s.public && l.public && outside(from) && l.Addr.Port() == local.Port() {
			n += 8192
		}
		if n > score {
			best, score = l, n
		}
	}
	return best
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
