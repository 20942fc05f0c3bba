package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"gatehouse.example/internal/api"
	"gatehouse.example/internal/config"
	"gatehouse.example/internal/guard"
	"gatehouse.example/internal/guard/kernel"
	"gatehouse.example/internal/state/account"
	"gatehouse.example/internal/state/calls"
	"gatehouse.example/internal/state/history"
	"gatehouse.example/internal/state/lists"
	"gatehouse.example/internal/state/newcomers"
	"gatehouse.example/internal/state/numbering"
	"gatehouse.example/internal/state/usage"
	"gatehouse.example/internal/store"
	"gatehouse.example/internal/telemetry"
	"gatehouse.example/internal/wire"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// runner serves until its context ends, finishes what is under way and returns.
type runner func(context.Context) error

// server is everything that a running server is made of, except sockets.
type server struct {
	log      *slog.Logger
	lines    *telemetry.Buffered // what log and security write to
	level    *slog.LevelVar
	security *telemetry.SecurityLog
	metrics  *telemetry.Metrics
	notify   *notifier
	clock    wire.Clock // of packets; see guard.Config.Clock

	live      *config.Live
	token     string
	store     *store.Store
	lists     *lists.Lists
	accounts  *account.Accounts
	guard     *guard.Guard
	kernel    *kernel.Exporter // nil: the kernel drops nothing
	recorder  *history.Recorder
	calls     *calls.Table
	fraud     *fraud
	used      *usage.Keeper
	proofs    *proofs
	social    *social
	newcomers *newcomers.Memory
	kept      []kept
	texts     *texts
	registers *registers
	ids       *history.IDs
	checks    []screen.Check
	engine    *screen.Engine
	policies  atomic.Pointer[policies]
	probes    []api.Probe

	renew func(*config.Config) // reads files that the configuration names again; set before Run
}

// newServer builds every part from the configuration and loads its state.
func newServer(a *app, cfg *config.Config, db *store.Store, log *slog.Logger, lines *telemetry.Buffered, level *slog.LevelVar) (*server, error) {
	v, _ := version()
	s := &server{
		log: log, lines: lines, level: level, store: db, ids: new(history.IDs),
		security: telemetry.NewSecurityLog(lines),
		metrics:  telemetry.NewMetrics(v),
		notify:   newNotifier(log),
		clock:    wire.NewClock(),
	}
	s.live = config.NewLive(a.config, cfg, checkSignals, s.reloaded)
	s.live.Subscribe(s.reload)
	var err error
	if s.token, _, err = store.Token(cfg.Folder()); err != nil {
		return nil, err
	}
	if err := s.loadState(a.ctx, cfg); err != nil {
		return nil, err
	}
	if err := s.newCalls(a.ctx, cfg); err != nil {
		return nil, err
	}
	if s.proofs, err = newProofs(a.ctx, cfg, db, log); err != nil {
		return nil, err
	}
	seed, err := callersSeed(a.ctx, db)
	if err != nil {
		return nil, err
	}
	if s.social, err = newSocial(cfg, seed, db); err != nil {
		return nil, err
	}
	if err := s.social.load(a.ctx); err != nil {
		return nil, err
	}
	if s.registers, err = newRegisters(cfg, log); err != nil {
		return nil, err
	}
	if s.texts, err = loadTexts(a.ctx, cfg, db, log); err != nil {
		return nil, err
	}
	s.newcomers = newNewcomers(cfg, seed)
	if err := s.loadKept(a.ctx); err != nil {
		return nil, err
	}
	s.checks, err = newChecks(cfg, &known{newcomers: s.newcomers, lists: s.lists, memory: s.proofs.memory, policies: s.proofs.policies, fraud: s.fraud, social: s.social, registers: s.registers, texts: s.texts})
	if err != nil {
		return nil, err
	}
	if s.engine, err = screen.New(s.checks); err != nil {
		return nil, err
	}
	p, err := resolvePolicies(cfg, s.engine)
	if err != nil {
		return nil, err
	}
	s.policies.Store(p)
	s.probes = []api.Probe{s.storeProbe(), s.historyProbe(), s.diskProbe(cfg.Folder())}
	s.measure()
	return s, nil
}

// loadState makes the parts that remember, and fills them from the store.
func (s *server) loadState(ctx context.Context, cfg *config.Config) error {
	plans, err := numbering.New()
	if err != nil {
		return err
	}
	s.lists = lists.New(lists.Config{Plan: cfg.Plan(), Storage: s.store, Plans: plans,
		Protected: func(v lists.Value) string { return protectedValue(s.live.Current(), v) }})
	if err := s.lists.Load(ctx); err != nil {
		// Entries of an older version that mean nothing now are no reason to stand still.
		s.log.Warn("lists loaded with errors", "error", err)
	}
	s.accounts = account.New(s.store, algorithms(cfg))
	if err := s.accounts.Load(ctx); err != nil {
		return err
	}
	s.recorder = history.NewRecorder(s.store, history.Config{
		KeepAge:   time.Duration(cfg.History.KeepDays) * 24 * time.Hour,
		KeepBytes: int64(cfg.History.MaxSize),
		Log:       s.log,
	})
	settings := guardConfig(cfg, s.store, s.securityEvent)
	settings.Clock = s.clock.Now
	if settings.Seed, err = guardSeed(ctx, s.store); err != nil {
		return err
	}
	if s.guard, err = guard.New(settings); err != nil {
		return cfg.Problem("limits", err.Error(), err)
	}
	if err := s.guard.Load(ctx); err != nil {
		return err
	}
	return s.kernelBans(cfg)
}

// guardConfig is what the guard needs of the configuration.
func guardConfig(cfg *config.Config, storage guard.Storage, events func(guard.Event)) guard.Config {
	g := guard.Default()
	l := &cfg.Limits
	perSecond := func(b config.Burst) guard.Rate {
		return guard.Rate{PerSecond: float64(b.Count) / b.Per.Seconds(), Burst: b.Burst}
	}
	limit := func(r config.Rate) guard.FailureLimit { return guard.FailureLimit{Count: r.Count, Window: r.Per} }
	g.Peers = cfg.PeerPrefixes()
	g.Limits = guard.Limits{
		V4Host: perSecond(l.Flood.V4Host), V4Net24: perSecond(l.Flood.V4Net24), V4Net16: perSecond(l.Flood.V4Net16),
		V6Host: perSecond(l.Flood.V6Host), V6Net64: perSecond(l.Flood.V6Net64), V6Net48: perSecond(l.Flood.V6Net48),
		V6Net32: perSecond(l.Flood.V6Net32),
	}
	g.Failures = guard.Failures{
		Auth: limit(l.Failures.Auth), UnknownUser: limit(l.Failures.UnknownUser), Malformed: limit(l.Failures.Malformed),
		Scan: limit(l.Failures.Scan), TollFraud: limit(l.Failures.TollFraud),
	}
	g.AccountFailures, g.NetworkFailures = limit(l.Failures.Account), limit(l.Failures.Network)
	g.Ban, g.BanMax = time.Duration(l.Ban.Time), time.Duration(l.Ban.MaxTime)
	g.UnprovenBan, g.UnprovenBanMax = time.Duration(l.Ban.Unproven), time.Duration(l.Ban.UnprovenMax)
	g.Storage, g.Events = storage, events
	return g
}

// securityEvent writes what the guard noticed.
func (s *server) securityEvent(e guard.Event) {
	if s.kernel != nil {
		s.kernel.Note(e)
	}
	kinds := map[guard.EventKind]telemetry.SecurityKind{
		guard.EventAuthFailure: telemetry.AuthFailure, guard.EventScan: telemetry.Scan, guard.EventTollFraud: telemetry.TollFraud,
		guard.EventFlood: telemetry.Flood, guard.EventBan: telemetry.Ban, guard.EventUnban: telemetry.Unban,
		guard.EventMalformed: telemetry.Malformed,
	}
	source := e.Source
	if !source.IsValid() && e.Remote.IsValid() {
		source = netip.PrefixFrom(e.Remote.Addr(), e.Remote.Addr().BitLen())
	}
	s.security.Write(&telemetry.SecurityEvent{
		Kind: kinds[e.Kind], Source: source, Port: e.Remote.Port(), Transport: e.Transport,
		Account: e.Account, Reason: e.Reason, Count: e.Count,
	})
}

// api builds the HTTP API over the server's parts.
func (s *server) api(v string) *api.Server {
	return api.New(api.Config{
		Version: v, Token: s.token, Log: s.log,
		Attempts: &judged{s.store, s.proofs.memory, s.live.Current, s.engine.Judge}, Lists: s.lists, Bans: s.guard, Accounts: s.accounts, Certificates: s.proofs.fetcher,
		Hosts:  func(domain string) bool { return hosts(s.live.Current())(domain) },
		People: &people{social: s.social, cfg: s.live.Current},
		Screen: s.screen, Metrics: s.metrics.Gatherer(), Probes: s.probes,
	})
}

// screen judges an event of the API with the rules and state in force.
func (s *server) screen(ctx context.Context, ev *screen.Event) (*verdict.Verdict, error) {
	return probe(ctx, s.live.Current(), s.engine, s.policies.Load(), s.ids, ev)
}

// reload puts a changed configuration in force, except for what needs a restart.
func (s *server) reload(_, cfg *config.Config) {
	s.level.Set(slog.Level(cfg.Log.Level))
	if p, err := resolvePolicies(cfg, s.engine); err != nil {
		s.log.Error("policy kept as it was", "error", err)
	} else {
		s.policies.Store(p)
	}
	if err := s.guard.Peers(cfg.PeerPrefixes()); err != nil {
		s.log.Error("peers kept as they were", "error", err)
	}
	s.peersChanged()
}

// reloaded tells the operator and systemd what came of a reload.
func (s *server) reloaded(r config.Reload) {
	s.notify.reloading()
	defer s.notify.send("READY=1")
	if r.Err != nil {
		s.log.Error("configuration refused, the old one stays", "error", r.Err)
		return
	}
	// The file may be as it was and the certificate that it names a new one.
	s.proofs.reload(r.Config)
	if s.renew != nil {
		s.renew(r.Config)
	}
	s.log.Info("configuration reloaded", "changed", r.Changed)
	if len(r.Restart) > 0 {
		s.log.Warn("some changes need a restart", "keys", r.Restart)
	}
}

// expireLists removes list entries whose time has come.
func (s *server) expireLists(ctx context.Context) error {
	return each(ctx, 10*time.Minute, func(now time.Time) {
		if _, err := s.lists.Expire(ctx, now); err != nil {
			s.log.Warn("expired list entries stay in the store", "error", err)
		}
	})
}

// each does f at an interval until ctx ends.
func each(ctx context.Context, interval time.Duration, f func(now time.Time)) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			f(now)
		}
	}
}

// measure gives every part's counters to the metrics.
func (s *server) measure() {
	s.metrics.Add("security", s.security.Collect)
	s.metrics.AddStats("guard", "Guard:", func() any { return s.guard.Stats() }, "TableBytes")
	s.metrics.AddStats("history", "History:", func() any { return s.recorder.Stats() }, "Queued", "Held")
	s.metrics.Add("screen", s.screenMetrics)
	s.measureFraud()
	s.measureStranger()
	s.metrics.Add("registers", s.registers.collect)
	s.metrics.AddStats("certificates", "Certificates:", func() any { return s.proofs.fetcher.Stats() }, "Chains", "CRLs", "Failed", "UnderWay")
	s.metrics.AddStats("proofs", "Who proves to be who:", func() any { return s.proofs.memory.Stats() }, "Entries")
	s.metrics.AddStats("tokens", "What was learned about texts:", func() any { return s.texts.tokens.Stats() },
		"Entries", "Capacity", "Examples", "Senders", "Spam", "Ham", "Bytes")
	s.metrics.AddStats("campaigns", "Texts that were reported:", func() any { return s.texts.campaigns.Stats() }, "Reports", "Capacity", "Bytes")
	s.metrics.AddStats("known", "Whom our users know:", func() any { return s.social.known.Stats() }, "Relations", "Recent", "Octets")
	s.metrics.AddStats("reputation", "What became of callers:", func() any { return s.social.reputation.Stats() }, "Subjects", "Behaviours", "Voters", "Octets")
	s.metrics.AddStats("trust", "Web of trust:", func() any { return s.social.web.Stats() }, "Nodes", "Own", "Edges")
	s.metrics.Add("lists", func(emit func(telemetry.Sample)) {
		emit(telemetry.Sample{Name: "gatehouse_list_entries", Help: "Entries on all lists.", Kind: telemetry.Gauge, Value: float64(s.lists.Len())})
	})
}

func (s *server) screenMetrics(emit func(telemetry.Sample)) {
	for _, c := range s.checks {
		if sized, ok := c.(interface{ Octets() int }); ok {
			emit(telemetry.Sample{Name: "gatehouse_check_bytes", Help: "Memory that a check has for itself, in octets.", Kind: telemetry.Gauge,
				Labels: []string{"check", c.Info().Name}, Value: float64(sized.Octets())})
		}
	}
	for _, c := range s.engine.Stats().Checks {
		for _, f := range []struct {
			name string
			n    uint64
		}{{"runs", c.Runs}, {"signals", c.Signals}, {"timeouts", c.Timeouts}, {"panics", c.Panics}, {"unknown_signals", c.Unknown}} {
			emit(telemetry.Sample{Name: "gatehouse_check_" + f.name + "_total", Help: fmt.Sprintf("Checks: %s.", f.name),
				Labels: []string{"check", c.Name}, Value: float64(f.n)})
		}
	}
}
