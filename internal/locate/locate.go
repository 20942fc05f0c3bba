// Package locate finds where a SIP target is served: RFC 3263 with NAPTR, SRV
// (RFC 2782) and A/AAAA look-ups, in the dual-stack order of RFC 7984 and
// RFC 6724.
//
// A Resolver keeps one bounded cache of plans. A plan is what DNS said about a
// target; the hops of one request are drawn from it each time, so that SRV
// weights spread the load. Draw once per transaction and keep the list: a
// retransmission goes where the first copy went, a failover (RFC 3263 §4.3)
// takes the next hop with a new branch.
//
// What it guarantees:
//
//   - Cached does no I/O and does not allocate when dst has room.
//   - Lookup is single-flight per target and ends by the caller's context or
//     Config.Timeout, whichever is first.
//   - A look-up that failed (timeout, SERVFAIL) is never remembered. When an
//     older answer is at hand it is used instead, in the manner of RFC 8767.
//   - Names that strangers chose never lead to private, loopback, link-local or
//     own addresses: the guard looks at addresses after resolution, so DNS
//     rebinding gains nothing.
//
// A Resolver is safe for concurrent use. DNSSEC validation, search domains and
// ENUM (RFC 6116) are left out; the first is the recursive resolver's task.
package locate

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"gatehouse.example/sip"
)

// Errors of Lookup. Any other error means that DNS could not be asked, or gave
// no usable answer in time: the target may exist, so a caller answers 503
// (with Retry-After) rather than 404.
var (
	// ErrNotFound: DNS says that the target does not exist or offers no SIP
	// service over a transport that we have.
	ErrNotFound = errors.New("locate: no such SIP service")
	// ErrDenied: every address of the target is one that a stranger's name must
	// not lead to.
	ErrDenied = errors.New("locate: address not permitted")
	// ErrBusy: every hop asked to be left alone for a while (503 with
	// Retry-After, RFC 3261 §21.5.4).
	ErrBusy = errors.New("locate: every hop is busy")
	// ErrTarget: the host is neither a domain name nor an IP address, or sips
	// was combined with a transport that cannot be secure.
	ErrTarget = errors.New("locate: bad target")
	// ErrNoServers: no DNS server is configured.
	ErrNoServers = errors.New("locate: no DNS server configured")
)

// Target is what a URI says about where to send: the host part (or maddr), the
// port and the transport parameter.
type Target struct {
	// Host is a domain name or an IP literal, with or without brackets.
	Host string
	// Port is the URI's port; 0 when it has none.
	Port uint16
	// Transport is the URI's transport parameter; UnknownTransport when it has
	// none. In a sips target TCP means TLS, and WS means WSS.
	Transport sip.Transport
	// Secure is true for sips: only TLS hops are returned.
	Secure bool
	// Trusted says that the operator wrote this host in the configuration, so
	// its name may lead to private and loopback addresses.
	Trusted bool
}

// Hop is one place to send a request to.
type Hop struct {
	Addr      netip.AddrPort
	Transport sip.Transport
	// ServerName is the name that the certificate has to bear, for TLS and WSS:
	// the domain of the URI, never the SRV target (RFC 5922 §4).
	ServerName string
}

// Resolver locates SIP servers and remembers which of them failed.
type Resolver struct {
	cfg    Config
	client client
	hosts  map[string][]netip.Addr
	cache  cache
	health health
	delay  time.Duration // resolutionDelay, but for tests

	ctx    context.Context
	cancel context.CancelFunc
	mu     sync.Mutex // guards flying and closed
	flying map[key]*flight
	closed bool
	wg     sync.WaitGroup
}

// New returns a Resolver. It starts nothing; look-ups that are under way when
// it is no longer needed are ended by Close.
func New(cfg Config) *Resolver {
	cfg = cfg.withDefaults()
	ctx, cancel := context.WithCancel(context.Background())
	return &Resolver{
		cfg:    cfg,
		client: client{cfg: &cfg, last: make(map[netip.AddrPort]time.Time)},
		hosts:  parseHosts(cfg.Hosts),
		cache:  cache{max: cfg.CacheSize, plans: make(map[key]*plan)},
		health: health{max: cfg.CacheSize},
		delay:  resolutionDelay,
		ctx:    ctx,
		cancel: cancel,
		flying: make(map[key]*flight),
	}
}

// Close ends the look-ups under way and waits for them.
func (r *Resolver) Close() {
	r.cancel()
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.wg.Wait()
}

// Cached appends the hops of t to dst, in the order in which to try them, when
// that needs no I/O: t is an IP literal or its plan is in the cache. With ok
// false, ask Lookup, which also says why when the hops are all busy or refused.
func (r *Resolver) Cached(t Target, dst []Hop) (hops []Hop, ok bool) {
	hops, err := r.literal(t, dst)
	if err != errNotLiteral {
		return hops, err == nil
	}
	var buf [maxName]byte
	name, ok := canonical(buf[:0], t.Host)
	if !ok {
		return dst, false
	}
	now := r.cfg.Now()
	// The conversion inside the key does not allocate in a map look-up.
	p := r.cache.get(key{host: string(name), port: t.Port, transport: t.Transport, secure: t.Secure, trusted: t.Trusted})
	if p == nil || p.err != nil || now.After(p.expires) {
		return dst, false
	}
	hops, err = r.draw(p, dst, now)
	return hops, err == nil
}

// Lookup returns the hops of t, in the order in which to try them, asking DNS
// when the cache does not know.
func (r *Resolver) Lookup(ctx context.Context, t Target) ([]Hop, error) {
	hops, err := r.literal(t, nil)
	if err != errNotLiteral {
		return hops, err
	}
	k, err := keyOf(t)
	if err != nil {
		return nil, err
	}
	p, err := r.plan(ctx, k)
	if err != nil {
		return nil, err
	}
	if p.err != nil {
		return nil, p.err
	}
	return r.draw(p, nil, r.cfg.Now())
}

// Failed remembers that h could not be reached or did not answer in time: for
// Config.FailedFor it is tried after the others of its target. It is still
// tried when there is no other.
func (r *Resolver) Failed(h Hop) { r.health.failed(h, r.cfg.Now().Add(r.cfg.FailedFor)) }

// Busy remembers that h answered 503 with Retry-After d: it gets no new request
// until then (RFC 3261 §21.5.4). Config.MaxBusy caps d.
func (r *Resolver) Busy(h Hop, d time.Duration) {
	r.health.busy(h, r.cfg.Now().Add(min(d, r.cfg.MaxBusy)))
}

// Order puts hops that have failed lately behind the others; call it once for each
// request, with the hops of all its targets. When a hop's time is over, one request
// tries it first and the others do so only once it has answered ([Resolver.Good]):
// a server that is still down costs one caller the wait and not all.
func (r *Resolver) Order(hops []Hop) {
	if len(hops) < 2 || !r.health.any() {
		return
	}
	now := r.cfg.Now()
	order := func() {
		slices.SortStableFunc(hops, func(a, b Hop) int { return int(r.health.of(a, now)) - int(r.health.of(b, now)) })
	}
	if order(); !r.health.try(hops[0], now) {
		order()
	}
}

// Good tells that h has answered: that it failed is forgotten. The rest of [Resolver.Busy] lasts.
func (r *Resolver) Good(h Hop) {
	if r.health.any() {
		r.health.good(h, r.cfg.Now())
	}
}

// keyOf checks and normalises a target that is no IP literal.
func keyOf(t Target) (key, error) {
	var buf [maxName]byte
	name, ok := canonical(buf[:0], t.Host)
	if !ok {
		return key{}, ErrTarget
	}
	return key{host: string(name), port: t.Port, transport: t.Transport, secure: t.Secure, trusted: t.Trusted}, nil
}

// maxName is the longest domain name in its text form (RFC 1035 §3.1).
const maxName = 253

// canonical appends host in lower case without a final dot. It refuses what
// cannot be a host name, so that garbage costs no query.
func canonical(dst []byte, host string) (name []byte, ok bool) {
	host = strings.TrimSuffix(host, ".")
	if host == "" || len(host) > maxName {
		return dst, false
	}
	label := 0
	for i := range len(host) {
		c := host[i]
		switch {
		case c == '.':
			if label == 0 {
				return dst, false
			}
			label = -1
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return dst, false
		}
		if label++; label > 63 {
			return dst, false
		}
		dst = append(dst, c)
	}
	return dst, label > 0
}
