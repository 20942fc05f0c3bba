package main

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"time"

	floodcheck "gatehouse.example/internal/check/flood"
	fraudcheck "gatehouse.example/internal/check/tollfraud"
	wangiricheck "gatehouse.example/internal/check/wangiri"
	"gatehouse.example/internal/config"
	"gatehouse.example/internal/guard"
	"gatehouse.example/internal/state/calls"
	"gatehouse.example/internal/state/numbering"
	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/rings"
	"gatehouse.example/internal/state/slots"
	"gatehouse.example/internal/state/usage"
	"gatehouse.example/screen"
)

// fraud is what the checks of fraud know. What accounts have used outlives a restart.
type fraud struct {
	ledger *usage.Ledger
	tries  *usage.Tries
	rings  *rings.Memory
	live   fraudcheck.Live   // nil where no calls are followed
	toll   *fraudcheck.Check // nil where it is off
}

// fraudWindow is how long a try under one prefix is remembered.
const fraudWindow = 24 * time.Hour

func newFraud(cfg *config.Checks, seed rate.Seed, live fraudcheck.Live) *fraud {
	if seed == (rate.Seed{}) {
		seed = rate.NewSeed()
	}
	return &fraud{
		ledger: usage.NewLedger(cfg.TollFraud.Ledger, seed), tries: usage.NewTries(cfg.TollFraud.Tails, fraudWindow, seed),
		rings: rings.New(cfg.Wangiri.Numbers, seed), live: live,
	}
}

// fraudChecks are those that the configuration leaves on.
func fraudChecks(cfg *config.Config, k *known) (checks []screen.Check, err error) {
	f := k.fraud
	if f == nil {
		f = newFraud(&cfg.Checks, seedOf(k.seed), nil)
	}
	if c := &cfg.Checks.Flood; c.Enabled {
		check, err := floodcheck.New(floodcheck.Config{
			Callers: c.Callers.Count, Window: c.Callers.Per, Hotlines: c.Hotlines, Keys: c.Keys, Seed: seedOf(k.seed),
		}, k.acquainted)
		if err != nil {
			return nil, cfg.Problem("checks.flood", err.Error(), err)
		}
		checks = append(checks, check)
	}
	if cfg.Checks.TollFraud.Enabled {
		plans, err := numbering.New()
		if err != nil {
			return nil, err
		}
		f.toll, err = fraudcheck.New(tollFraudConfig(cfg), fraudcheck.State{Plans: plans, Ledger: f.ledger, Tries: f.tries, Live: f.live})
		if err != nil {
			return nil, cfg.Problem("checks.tollfraud", err.Error(), err)
		}
		checks = append(checks, f.toll)
	}
	if c := &cfg.Checks.Wangiri; c.Enabled {
		check, err := wangiricheck.New(wangiricheck.Config{Plan: cfg.Plan(), Ring: time.Duration(c.Ring)}, f.rings)
		if err != nil {
			return nil, cfg.Problem("checks.wangiri", err.Error(), err)
		}
		checks = append(checks, check)
	}
	return checks, nil
}

// tollFraudConfig is what the check needs of the configuration, which has been validated.
func tollFraudConfig(cfg *config.Config) fraudcheck.Config {
	c := &cfg.Checks.TollFraud
	site := config.TollFraudRule{Countries: c.Countries, Deny: c.Deny, Limits: c.Limits, Hours: c.Hours}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		zone = time.UTC
	}
	out := fraudcheck.Config{
		Plan: cfg.Plan(), Rule: tollRule(&site, zone), PBX: tollLimits(&c.PBX),
		Accounts: map[string]fraudcheck.Rule{}, Rates: fraudcheck.Defaults().Rates,
	}
	maps.Copy(out.Rates, c.Rates)
	for who, own := range c.Accounts {
		rule := inherit(own, &site)
		out.Accounts[who] = tollRule(&rule, zone)
	}
	return out
}

// inherit fills in what an account's rule leaves out.
func inherit(own config.TollFraudRule, site *config.TollFraudRule) config.TollFraudRule {
	only := func(words []string, word string) bool { return len(words) == 1 && words[0] == word }
	switch {
	case only(own.Countries, "any"):
		own.Countries = nil
	case len(own.Countries) == 0:
		own.Countries = site.Countries
	}
	switch {
	case only(own.Deny, "none"):
		own.Deny = nil
	case len(own.Deny) == 0:
		own.Deny = site.Deny
	}
	if own.Hours == "" {
		own.Hours = site.Hours
	}
	for _, f := range []struct{ own, site *int }{
		{&own.Limits.CallsHour, &site.Limits.CallsHour}, {&own.Limits.CallsDay, &site.Limits.CallsDay},
		{&own.Limits.MinutesHour, &site.Limits.MinutesHour}, {&own.Limits.MinutesDay, &site.Limits.MinutesDay},
		{&own.Limits.AtOnce, &site.Limits.AtOnce},
	} {
		if *f.own == 0 {
			*f.own = *f.site
		}
	}
	if own.Limits.CostHour == 0 {
		own.Limits.CostHour = site.Limits.CostHour
	}
	if own.Limits.CostDay == 0 {
		own.Limits.CostDay = site.Limits.CostDay
	}
	return own
}

func tollRule(r *config.TollFraudRule, zone *time.Location) fraudcheck.Rule {
	hours, _ := config.ParseHours(r.Hours)
	return fraudcheck.Rule{
		Countries: r.Countries, Deny: r.Deny, Limits: tollLimits(&r.Limits),
		From: hours.From, To: hours.To, Weekdays: hours.Weekdays, Zone: zone,
	}
}

func tollLimits(l *config.TollFraudLimits) fraudcheck.Limits {
	return fraudcheck.Limits{
		CallsHour: l.CallsHour, CallsDay: l.CallsDay, MinutesHour: l.MinutesHour, MinutesDay: l.MinutesDay, AtOnce: l.AtOnce,
		CostHour: l.CostHour, CostDay: l.CostDay,
	}
}

// probed is what the border asks about strangers who want to be connected; nil where the check is off.
func (f *fraud) probed() func(netip.Addr, string, time.Time) string {
	if f.toll == nil {
		return nil
	}
	return f.toll.Probed
}

// accusing are the signals that nobody causes by mistake.
func accusing() map[string]guard.FailureKind {
	return map[string]guard.FailureKind{fraudcheck.Searching: guard.TollFraud}
}

// posing are the signals of a search for users.
func posing() []string { return []string{"HARVEST_SEQUENCE", "HARVEST_DICTIONARY"} }

// storming are the signals of more attempts at more users than people make.
func storming() []string { return append(posing(), "RATE_SOURCE", "RATE_FANOUT") }

// trapping are the signals of a trap.
func trapping() []string { return []string{"LISTS_TRAP"} }

// newCalls makes the table of calls under way, and what is known of fraud, with what was used before the start. Whom it tells of their
// endings is made after it.
func (s *server) newCalls(ctx context.Context, cfg *config.Config) error {
	s.calls = calls.New(calls.Config{
		Max: cfg.Limits.Calls, MaxAge: time.Duration(cfg.Limits.CallAge),
		Account: func(a *screen.Attempt) (string, int64) {
			if s.fraud.toll == nil {
				return "", 0
			}
			return s.fraud.toll.Price(a)
		},
		Learn: func(e *screen.Ending) { s.engine.Learn(e) },
	})
	secret, err := s.store.Key(ctx, "usage")
	if err != nil {
		return err
	}
	s.fraud = newFraud(&cfg.Checks, rate.SeedOf(secret), s.calls)
	s.used = usage.NewKeeper(s.fraud.ledger, s.fraud.tries, s.store)
	err = s.used.Load(ctx)
	if errors.Is(err, usage.ErrDamaged) {
		s.log.Error("what accounts have used", "error", err)
		return nil
	}
	return err
}

// keepUsed stores what accounts use.
func (s *server) keepUsed(ctx context.Context) error {
	return s.used.Run(ctx, func(err error) { s.log.Warn("what accounts have used is not stored", "error", err) })
}

// measureFraud gives the figures of what is remembered of calls to the metrics.
func (s *server) measureFraud() {
	s.metrics.AddStats("calls", "Calls under way:", func() any { return s.calls.Stats() }, "Live", "Max", "Bytes")
	for name, stats := range map[string]func() slots.Stats{
		"tollfraud_accounts": s.fraud.ledger.Stats, "tollfraud_tails": s.fraud.tries.Stats, "wangiri_numbers": s.fraud.rings.Stats,
	} {
		s.metrics.AddStats(name, "Memory of fraud:", func() any { return stats() }, "Rows", "Most", "Octets")
	}
}
