package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"gatehouse.example/internal/border"
	"gatehouse.example/internal/config"
	"gatehouse.example/internal/home"
	"gatehouse.example/internal/locate"
	"gatehouse.example/internal/proxy"
	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

// drainTime is how long calls in the middle of their signalling may take to
// finish it once the server has been told to stop.
const drainTime = 5 * time.Second

// sipSide is what serves SIP.
type sipSide struct {
	s         *server
	net       *wire.Net
	border    *border.Border
	layer     *txn.Layer
	proxy     *proxy.Proxy
	registrar *home.Registrar
	locator   *locate.Resolver
	workers   *workers
	certs     *certificates
	self      *proxy.Self
	finding   sync.Mutex
	publish   func(context.Context) error // serves our certificates; nil where nobody wants that
}

// startBorder opens the SIP sockets and returns what serves them.
func startBorder(ctx context.Context, s *server) (runner, error) {
	cfg := s.live.Current()
	side := &sipSide{s: s, workers: newWorkers(workerCount, workerQueue)}
	var err error
	if side.certs, err = loadCertificates(cfg); err != nil {
		return nil, err
	}
	entry := new(handler)
	sockets := wireConfig(cfg, side.certs)
	sockets.Clock, sockets.Readers, sockets.Known = s.clock, shareProcessors(), entry.known
	sockets.NewLocal = side.findAddresses
	sockets.Origins = func() []string { return s.live.Current().WebOrigins() }
	side.net, err = wire.Open(sockets, entry)
	if err != nil {
		return nil, listenProblem(cfg, err)
	}
	if err = side.build(ctx, cfg); err != nil {
		return nil, errors.Join(err, side.net.Close())
	}
	if side.publish, err = s.proofs.publish(cfg, side.certs); err != nil {
		return nil, errors.Join(err, side.net.Close())
	}
	entry.border.Store(side.border)
	side.measure()
	s.probes = append(s.probes, side.dnsProbe())
	s.live.Subscribe(func(_, cfg *config.Config) { side.reload(cfg) })
	s.renew = side.renew
	return side.run, nil
}

// build makes the parts above the sockets.
func (side *sipSide) build(ctx context.Context, cfg *config.Config) error {
	s := side.s
	signKey, err := s.store.Key(ctx, "record-route")
	if err != nil {
		return err
	}
	nonceKey, err := s.store.Key(ctx, "nonce")
	if err != nil {
		return err
	}
	self := newSelf(cfg, side.net)
	side.self = self
	resolver, err := newResolver(cfg, self)
	if err != nil {
		return err
	}
	side.locator = resolver
	prover := s.proofs.serve(resolver, side.workers.Go)
	site := newSite(cfg, s.policies.Load())
	hosted := func(host []byte) (string, bool) { return side.border.Hosted(host) }
	auth := home.NewAuthenticator(home.AuthConfig{
		Domain: hosted, Algorithms: offered(cfg), NonceTTL: time.Duration(cfg.Home.NonceTTL), Key: nonceKey,
		UserHash: cfg.Home.UserHash, Also: prover.Speaks,
	}, s.accounts, time.Unix(0, s.clock.Now()))
	side.registrar = home.NewRegistrar(home.RegistrarConfig{
		Domain: hosted, IsOwn: leadsBack(self, hosted), Storage: s.store, Log: s.log,
		MinExpires: time.Duration(cfg.Home.MinExpires), MaxExpires: time.Duration(cfg.Home.MaxExpires), MaxContacts: cfg.Home.MaxContacts,
	})
	s.accounts.OnRevoke(func(_ context.Context, aor string) error {
		side.registrar.Remove(aor)
		return nil
	})
	side.border = border.New(border.Config{
		Site: site, Self: self, Guard: s.guard, Engine: s.engine, Recorder: s.recorder,
		Auth: auth, Registrar: side.registrar, HasUser: s.accounts.Has, NewID: s.ids.New,
		Go: side.workers.Go, Clock: s.clock.Now, Outbox: func() txn.Flusher { return side.net.Outbox() },
		Log: s.log, MaxTransactions: cfg.Limits.Transactions, Identity: prover,
		Lookup: resolver.Lookup, Found: side.found, Calls: s.calls, Probed: s.fraud.probed(), Accusing: accusing(), Posing: posing(), Storming: storming(), Trapping: trapping(), Traps: s.lists,
	})
	side.layer = txn.New(txn.Config{Meter: side.border.Meter, Clock: s.clock.Now}, side.border)
	side.proxy = proxy.New(proxy.Config{
		Self: self, Signer: proxy.NewSigner(signKey), Locator: resolver, Go: side.workers.Go,
		Resume: side.border.Resume, FlowOf: side.border.FlowOf, OwnerOf: side.border.OwnerOf, Strip: side.border.Strip,
	})
	side.border.Connect(side.layer, side.proxy)
	return side.registrar.Load(ctx, time.Now())
}

// findTime is how long the start waits for DNS to say where the PBXs are.
const findTime = 3 * time.Second

// run serves until ctx ends; then no new call is taken, and what is in the
// middle of its signalling may finish.
func (side *sipSide) run(ctx context.Context) error {
	finding, found := context.WithTimeout(ctx, findTime)
	side.border.Find(finding)
	found()
	back, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, inner := errgroup.WithContext(back)
	group.Go(func() error { return side.net.Run(inner) })
	group.Go(func() error { return side.layer.Run(inner, side.net.Outbox()) })
	group.Go(func() error { return side.registrar.Run(inner) })
	group.Go(func() error { return side.workers.Run(inner) })
	group.Go(func() error { return side.watchLoad(inner) })
	group.Go(func() error { return side.watchAddresses(inner) })
	group.Go(func() error { return side.keepAlive(inner) })
	group.Go(func() error { return side.border.Run(inner) })
	group.Go(func() error { return side.s.calls.Run(inner, side.s.clock.Now) })
	if side.publish != nil {
		group.Go(func() error { return side.publish(inner) })
	}
	defer side.locator.Close()
	select {
	case <-ctx.Done():
	case <-inner.Done():
	}
	side.drain(back)
	stop()
	return group.Wait()
}

// partingTime is how long the answers to what is ended then may take.
const partingTime = 500 * time.Millisecond

// drain waits for transactions to finish. What rings for longer is ended.
func (side *sipSide) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	side.border.Drain()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for side.layer.Pending() > 0 {
		select {
		case <-ctx.Done():
			out := side.net.Outbox()
			side.layer.GiveUp(side.s.clock.Now(), out)
			out.Flush()
			time.Sleep(partingTime)
			return
		case <-tick.C:
		}
	}
	side.net.Drain(ctx)
}

// watchLoad tells the border how far behind the readers are.
func (side *sipSide) watchLoad(ctx context.Context) error {
	return each(ctx, border.BacklogTick, func(time.Time) { side.border.Backlog(side.net.Backlog()) })
}

// addressTick is how often we look which addresses 0.0.0.0 and [::] stand for.
const addressTick = 2 * time.Second

// watchAddresses follows the addresses of this machine: they come and go with
// networks, leases and other interfaces.
func (side *sipSide) watchAddresses(ctx context.Context) error {
	wild := func(l wire.Listener) bool { return l.Addr.Addr().IsUnspecified() }
	if !slices.ContainsFunc(side.net.Listeners(), wild) {
		return nil
	}
	return each(ctx, addressTick, func(time.Time) { side.findAddresses() })
}

// findAddresses has the wildcard listeners stand for the addresses that there are now.
func (side *sipSide) findAddresses() {
	side.finding.Lock()
	defer side.finding.Unlock()
	if now := side.net.LocalAddrs(); side.self.SetLocals(now) {
		side.s.log.Info("the addresses of this machine have changed", "now", fmt.Sprint(now))
	}
}

// reload puts domains and peers of a changed configuration in force.
func (side *sipSide) reload(cfg *config.Config) {
	side.self.SetNames(selfNames(cfg))
	side.border.SetSite(newSite(cfg, side.s.policies.Load()))
}

// found has the guard never limit or ban a PBX whose address DNS tells. Loopback
// is shared by all programs of this machine, see config.PeerPrefixes.
func (side *sipSide) found(addrs []netip.Addr) {
	all := side.s.live.Current().PeerPrefixes()
	for _, a := range addrs {
		if !a.IsLoopback() {
			all = append(all, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	if err := side.s.guard.Peers(all); err != nil {
		side.s.log.Error("peers kept as they were", "error", err)
	}
	side.s.peersChanged()
}

// renew reads the certificate again.
func (side *sipSide) renew(cfg *config.Config) {
	if err := side.certs.load(cfg); err != nil {
		side.s.log.Error("certificate kept as it was", "error", err)
	}
}

// measure gives the counters of the SIP side to the metrics.
func (side *sipSide) measure() {
	m := side.s.metrics
	m.AddStats("wire", "Sockets:", func() any { return side.net.Stats() }, "Readers", "Connections", "BufferBytes")
	m.AddStats("border", "Border:", func() any { return side.border.Stats() }, "Transactions")
	m.AddStats("proxy", "Proxy:", func() any { return side.proxy.Stats() }, "Live")
}

// handler is what wire hands packets to. Sockets are open before the border is
// complete; what arrives in between is not answered, and will be sent again.
type handler struct{ border atomic.Pointer[border.Border] }

func (h *handler) Admit(remote netip.AddrPort, t sip.Transport, size int, now int64) bool {
	b := h.border.Load()
	return b != nil && b.Admit(remote, t, size, now)
}

func (h *handler) known(a netip.Addr) bool {
	b := h.border.Load()
	return b != nil && b.Known(a)
}

func (h *handler) Packet(p *wire.Packet, out *wire.Outbox) { h.border.Load().Packet(p, out) }

func (h *handler) SendFailed(f wire.Flow, token uint64, head []byte, err error) {
	if b := h.border.Load(); b != nil {
		b.SendFailed(f, token, head, err)
	}
}

func (h *handler) Closed(f wire.Flow) {
	if b := h.border.Load(); b != nil {
		b.Closed(f)
	}
}

func wireConfig(cfg *config.Config, certs *certificates) wire.Config {
	w := wire.Config{Coalesce: wire.DefaultCoalesce, TLS: wire.TLSConfig{Certificate: certs.current, ClientRoots: certs.clientRoots}}
	if cfg.TLS.ClientCA != "" {
		w.TLS.ClientCerts = wire.RequestClientCerts
	}
	for _, l := range cfg.Listen {
		w.Listen = append(w.Listen, wire.Listen{Transport: l.Transport, Addr: l.Addr})
	}
	l := &cfg.Limits
	w.Limits = wire.Limits{
		Connections: l.Connections, PerSource: l.PerSource, Message: int(l.Message),
		HeaderTime: time.Duration(l.Headers), BodyTime: time.Duration(l.Body), Idle: time.Duration(l.Idle),
	}
	return w
}

// listenProblem names the line of the configuration that a socket comes from.
func listenProblem(cfg *config.Config, err error) error {
	for i, l := range cfg.Listen {
		if strings.Contains(err.Error(), l.Transport.Lower()+" "+l.Addr.String()) {
			key := fmt.Sprintf("listen[%d]", i)
			return cfg.Problem(key, cannotListen(l.String(), "listen", err), err)
		}
	}
	return cfg.Problem("listen", cannotListen("a SIP address", "listen", err), err)
}

// newSelf describes this server as others name it.
func newSelf(cfg *config.Config, net *wire.Net) *proxy.Self {
	return proxy.NewSelf(proxy.SelfConfig{
		Listeners: net.Listeners(), Locals: net.LocalAddrs(), Number: net.Local, Source: net.Source, Public: cfg.PublicAddr(),
		Names: selfNames(cfg),
	})
}

// leadsBack tells whether a contact would make us call ourselves. One at the name of a
// hosted domain is another user (RFC 4475 §3.3.14 registers one); loops are found.
func leadsBack(self *proxy.Self, hosted home.Domain) func([]byte, uint16) bool {
	return func(host []byte, port uint16) bool {
		_, name := hosted(host)
		_, err := netip.ParseAddr(strings.Trim(string(host), "[]"))
		return !(name && err != nil) && self.IsHostPort(host, port)
	}
}

// selfNames are the names that stand for us in Route and Via: those of our domains.
func selfNames(cfg *config.Config) (names []string) {
	for i := range cfg.Domains {
		for _, n := range cfg.Domains[i].Names() {
			names = append(names, strings.ToLower(n))
		}
	}
	return names
}

func newResolver(cfg *config.Config, self *proxy.Self) (*locate.Resolver, error) {
	lc := locate.Config{Timeout: time.Duration(cfg.DNS.Timeout), Own: self.IsAddr}
	for _, p := range cfg.DNS.Allow {
		lc.Allow = append(lc.Allow, p.Prefix)
	}
	for _, text := range cfg.DNS.Servers {
		a, err := parseServer(text)
		if err != nil {
			return nil, cfg.Problem("dns.servers", err.Error(), err)
		}
		lc.Servers = append(lc.Servers, a)
	}
	if len(lc.Servers) == 0 {
		if text, err := os.ReadFile("/etc/resolv.conf"); err == nil {
			lc.Servers, _ = locate.Servers(string(text)) // none: names cannot be looked up, and every error says so
		}
	}
	if text, err := os.ReadFile("/etc/hosts"); err == nil {
		lc.Hosts = string(text)
	}
	return locate.New(lc), nil
}

func parseServer(text string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.AddrPortFrom(a, 53), nil
	}
	a, err := netip.ParseAddrPort(text)
	if err != nil {
		return a, fmt.Errorf("%q is no name server; write it as 192.0.2.53 or 192.0.2.53:53", text)
	}
	return a, nil
}

// certificates hold our TLS material; a reload replaces it.
type certificates struct {
	cert  atomic.Pointer[tls.Certificate]
	roots atomic.Pointer[x509.CertPool]
}

func loadCertificates(cfg *config.Config) (*certificates, error) {
	c := new(certificates)
	return c, c.load(cfg)
}

func (c *certificates) load(cfg *config.Config) error {
	if cfg.TLS.Cert != "" {
		cert, err := tls.LoadX509KeyPair(cfg.TLS.Cert, cfg.TLS.Key)
		if err != nil {
			return cfg.Problem("tls.cert", "the certificate cannot be used: "+err.Error(), err)
		}
		c.cert.Store(&cert)
	}
	if cfg.TLS.ClientCA == "" {
		return nil
	}
	pem, err := os.ReadFile(cfg.TLS.ClientCA)
	if err != nil {
		return cfg.Problem("tls.client_ca", "the CA file cannot be read: "+err.Error(), err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return cfg.Problem("tls.client_ca", cfg.TLS.ClientCA+" holds no PEM certificate", nil)
	}
	c.roots.Store(pool)
	return nil
}

func (c *certificates) current() *tls.Certificate   { return c.cert.Load() }
func (c *certificates) clientRoots() *x509.CertPool { return c.roots.Load() }

var _ wire.Handler = (*handler)(nil)
