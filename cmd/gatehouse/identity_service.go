package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"sync/atomic"
	"time"

	"gatehouse.example/internal/config"
	"gatehouse.example/internal/fetch"
	"gatehouse.example/internal/identity"
	"gatehouse.example/internal/locate"
	"gatehouse.example/internal/state/proof"
	"gatehouse.example/internal/store"
	"gatehouse.example/sip/uri"
	"gatehouse.example/stir"
)

// proofs is what the server knows about who proves to be who.
type proofs struct {
	memory    *proof.Memory
	policies  *proof.Policies
	fetcher   *fetch.Fetcher
	replay    *stir.Replay
	publisher *fetch.Publisher
	texts     *lateTexts
	log       *slog.Logger
	// service is the border's; set once the SIP side is built.
	service *identity.Service
	rules   *identity.Rules // of the start, until there is a service
}

// newProofs makes them and fills them from the store; what is in the configuration has to be right.
func newProofs(ctx context.Context, cfg *config.Config, db *store.Store, log *slog.Logger) (*proofs, error) {
	p := &proofs{texts: new(lateTexts), replay: stir.NewReplay(stir.ReplayConfig{Lifetime: 2*time.Duration(cfg.Identity.Freshness) + 30*time.Second}), log: log}
	var err error
	if p.memory, p.policies, err = newProofState(ctx, db, p.texts); err != nil {
		return nil, err
	}
	if p.fetcher, err = newFetcher(cfg, db, log); err != nil {
		return nil, err
	}
	p.publisher = fetch.NewPublisher(0)
	if p.rules, err = p.read(cfg); err != nil {
		return nil, err
	}
	if err := p.fetcher.Load(ctx); err != nil {
		log.Warn("certificates will be fetched anew", "error", err)
	}
	return p, nil
}

// newProofState makes the memory of who always proves to be who it says, and that of what domains publish.
func newProofState(ctx context.Context, db *store.Store, texts proof.Texts) (*proof.Memory, *proof.Policies, error) {
	memory, err := proof.New(proof.Config{Storage: db})
	if err != nil {
		return nil, nil, err
	}
	policies := proof.NewPolicies(proof.PoliciesConfig{Texts: texts, Storage: db, Pinned: memory.Proven})
	return memory, policies, errors.Join(memory.Load(ctx), policies.Load(ctx))
}

// newFetcher makes what gets certificates.
func newFetcher(cfg *config.Config, storage fetch.Storage, log *slog.Logger) (*fetch.Fetcher, error) {
	f := &cfg.Identity.Fetch
	fc := fetch.Config{Ports: f.Ports, Deadline: time.Duration(f.Deadline), Storage: storage, Log: log,
		Waiting: workerCount - workerCount/4, // calls wait on workers, and others need some too
	}
	var servers []netip.AddrPort
	for _, a := range f.Allow {
		fc.Allow = append(fc.Allow, a.Prefix)
	}
	for _, text := range cfg.DNS.Servers {
		a, err := parseServer(text)
		if err != nil {
			return nil, cfg.Problem("dns.servers", err.Error(), err)
		}
		servers = append(servers, a)
	}
	if len(servers) > 0 {
		fc.Resolver = fetch.ResolverAt(servers)
	}
	if f.CA != "" {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		text, err := readBounded(f.CA)
		if err != nil {
			return nil, cfg.Problem("identity.fetch.ca", "the CA file cannot be read: "+err.Error(), err)
		}
		if !pool.AppendCertsFromPEM(text) {
			return nil, cfg.Problem("identity.fetch.ca", f.CA+" holds no PEM certificate", nil)
		}
		fc.WebRoots = pool
	}
	return fetch.New(fc), nil
}

// read makes the rules of a configuration from the files that it names.
func (p *proofs) read(cfg *config.Config) (*identity.Rules, error) {
	id := &cfg.Identity
	rules := &identity.Rules{Plan: cfg.Plan(), Numbers: numbersOf(cfg), Answer: map[string]bool{}, CallerName: id.CallerName,
		AssertIdentity: id.Verstat == config.VerstatAsserted || id.Verstat == config.VerstatBoth,
		VerstatInFrom:  id.Verstat == config.VerstatFrom || id.Verstat == config.VerstatBoth}
	for _, o := range id.Answer {
		rules.Answer[string(o)] = true
	}
	roots, err := loadRoots(cfg)
	if err != nil {
		return nil, err
	}
	if roots != nil || id.LegacyRoots != "" {
		vc := stir.VerifierConfig{
			Source: p.fetcher, Freshness: time.Duration(id.Freshness), CheckRequestURI: id.RequestURI, Lenient: id.Lenient, Replay: p.replay,
			RequireRevocation: id.Revocation == config.RevocationHard,
		}
		if id.Revocation != config.RevocationOff {
			vc.Revoker = p.fetcher
		}
		if vc.Legacy, err = p.legacy(cfg); err != nil {
			return nil, err
		}
		if rules.Verifier, err = stir.NewVerifier(vc); err != nil {
			return nil, cfg.Problem("identity", err.Error(), err)
		}
	}
	credentials, err := loadCredentials(cfg)
	if err != nil {
		return nil, err
	}
	if usable := p.valid(credentials); len(usable) > 0 {
		rules.Signer, err = stir.NewSigner(stir.SignerConfig{Credentials: usable, Plan: cfg.Plan(), Freshness: time.Duration(id.Freshness)})
		if err != nil {
			return nil, cfg.Problem("identity.keys", err.Error(), err)
		}
	}
	for i := range id.Keys {
		for _, n := range id.Keys[i].Numbers {
			rules.Signed = append(rules.Signed, string(n))
		}
	}
	if id.Publish != "" {
		if err := p.publishAt(cfg, credentials); err != nil {
			return nil, err
		}
	}
	p.fetcher.SetRoots(roots)
	return rules, nil
}

// valid are the credentials whose certificates are valid now. One that has expired is no reason not to start, nor to sign with the others:
// calls go out unsigned rather than not at all.
func (p *proofs) valid(credentials []stir.Credential) (usable []stir.Credential) {
	for _, c := range credentials {
		_, err := stir.NewSigner(stir.SignerConfig{Credentials: []stir.Credential{c}})
		if errors.Is(err, stir.ErrExpired) {
			p.log.Error("nothing is signed with a certificate that is not valid now", "url", c.URL, "error", err)
			continue
		}
		usable = append(usable, c)
	}
	return usable
}

// publishAt publishes the chains at the paths of their URLs. It comes last: what cannot be used has been refused by then.
func (p *proofs) publishAt(cfg *config.Config, credentials []stir.Credential) error {
	chains := map[string][]byte{}
	for i, c := range credentials {
		u, err := url.Parse(c.URL)
		if err != nil {
			continue // the signer has refused it
		}
		path, chain := u.EscapedPath(), c.Chain.PEM()
		if other, taken := chains[path]; taken && !bytes.Equal(other, chain) {
			return cfg.Problem(fmt.Sprintf("identity.keys[%d].url", i), "another certificate has this path already; give each its own", nil)
		}
		chains[path] = chain
	}
	for _, path := range p.publisher.Replaces(chains) {
		p.log.Warn("a new certificate at an old URL: who has kept the old one refuses our signatures until it asks again; give each certificate its own URL",
			"path", path)
	}
	if err := p.publisher.Set(chains); err != nil {
		return cfg.Problem("identity.publish", err.Error(), err)
	}
	return nil
}

// legacy verifies RFC 4474, where the operator wants that.
func (p *proofs) legacy(cfg *config.Config) (*stir.Legacy, error) {
	file := cfg.Identity.LegacyRoots
	if file == "" {
		return nil, nil
	}
	pool, err := legacyRoots(file)
	if err != nil {
		return nil, cfg.Problem("identity.legacy_roots", err.Error(), err)
	}
	return &stir.Legacy{Roots: pool, Certificates: p.fetcher.DomainCertificates}, nil
}

// legacyRoots reads the CAs that may vouch for domains.
func legacyRoots(file string) (*x509.CertPool, error) {
	text, err := readBounded(file)
	if err != nil {
		return nil, fmt.Errorf("the CA file cannot be read: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no PEM certificate", file)
	}
	return pool, nil
}

// numbersOf says whose numbers are whose.
func numbersOf(cfg *config.Config) map[string][]string {
	all := map[string][]string{}
	for user, numbers := range cfg.Identity.Users {
		key := user
		if u, err := uri.Parse([]byte("sip:" + user)); err == nil && len(u.User) > 0 {
			key = string(u.AppendAoR(nil))[len("sip:"):]
		}
		for _, n := range numbers {
			all[key] = append(all[key], string(n))
		}
	}
	return all
}

// serve makes the border's service. The resolver finds the hosts of domains and what they publish.
func (p *proofs) serve(resolver *locate.Resolver, run func(func(context.Context)) bool) *identity.Service {
	p.texts.resolver.Store(resolver)
	p.service = identity.New(identity.Config{Fetcher: p.fetcher, Locator: resolver, Go: run})
	p.service.SetRules(p.rules)
	return p.service
}

// reload reads keys and roots again; what cannot be used leaves everything as it was.
func (p *proofs) reload(cfg *config.Config) {
	rules, err := p.read(cfg)
	if err != nil {
		p.log.Error("keys and roots of `identity` stay as they were", "error", err)
		return
	}
	if p.service != nil {
		p.service.SetRules(rules)
	}
}

// run keeps memories and certificates fresh and stored until ctx ends.
func (p *proofs) run(start func(name string, run func(context.Context) error)) {
	report := func(err error) { p.log.Warn("what proofs were seen is not stored", "error", err) }
	start("proofs", func(ctx context.Context) error { return p.memory.Run(ctx, report) })
	start("identity policies", func(ctx context.Context) error { return p.policies.Run(ctx, report) })
	start("certificates", p.fetcher.Run)
}

// publish opens the address on which our certificates are served; nil where none is.
func (p *proofs) publish(cfg *config.Config, certs *certificates) (func(context.Context) error, error) {
	if cfg.Identity.Publish == "" {
		return nil, nil
	}
	ln, err := fetch.Listen(cfg.Identity.Publish)
	if err != nil {
		return nil, cfg.Problem("identity.publish", cannotListen(cfg.Identity.Publish, "identity.publish", err), err)
	}
	return func(ctx context.Context) error { return p.publisher.Serve(ctx, ln, certs.current) }, nil
}

// lateTexts asks the resolver, which comes to be after the checks that want it.
type lateTexts struct {
	resolver atomic.Pointer[locate.Resolver]
}

var errNoResolver = errors.New("DNS is not available here")

// Texts implements proof.Texts.
func (l *lateTexts) Texts(ctx context.Context, name string) ([]string, time.Duration, error) {
	r := l.resolver.Load()
	if r == nil {
		return nil, 0, errNoResolver
	}
	return r.Texts(ctx, name)
}
