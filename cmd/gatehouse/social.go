package main

import (
	"context"
	"log/slog"
	"time"

	knowncheck "gatehouse.example/internal/check/known"
	reputationcheck "gatehouse.example/internal/check/reputation"
	"gatehouse.example/internal/config"
	"gatehouse.example/internal/state/keep"
	knownstate "gatehouse.example/internal/state/known"
	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/reputation"
	"gatehouse.example/internal/state/trust"
	"gatehouse.example/internal/store"
	"gatehouse.example/screen"
)

// social is what the checks known and reputation read: whom our users know, what became of callers, and who knows whom.
type social struct {
	known      *knownstate.Memory
	reputation *reputation.Memory
	web        *trust.Graph
	windows    *keep.Keeper // stores which calls are expected
}

// newSocial makes it empty; db may be nil, then nothing is kept.
func newSocial(cfg *config.Config, seed rate.Seed, db *store.Store) (*social, error) {
	s := new(social)
	c := &cfg.Checks
	var err error
	if s.web, err = trust.New(trust.Config{Nodes: max(c.Reputation.Web/8, 1024), Edges: c.Reputation.Web, Seed: seed}); err != nil {
		return nil, cfg.Problem("checks.reputation.web", err.Error(), err)
	}
	known := knownstate.Config{Peers: c.Known.Peers, Recent: c.Known.Recent, Seed: seed, Loaded: s.knows}
	kept := reputation.Config{Subjects: c.Reputation.Subjects, Behaviours: c.Reputation.Behaviours, Seed: seed, Trust: s.web.Standing}
	var windows keep.Storage
	if db != nil {
		known.Storage, kept.Storage, windows = db, db, db
	}
	if s.known, err = knownstate.New(known); err != nil {
		return nil, cfg.Problem("checks.known", err.Error(), err)
	}
	s.windows = s.known.Windows(windows)
	if s.reputation, err = reputation.New(kept); err != nil {
		return nil, cfg.Problem("checks.reputation", err.Error(), err)
	}
	return s, nil
}

// knows weaves a stored relation into the web of trust.
func (s *social) knows(e *knownstate.Entry) {
	if e.Imported || e.Answered > 0 || e.Messaged > 0 {
		s.web.Own(e.Owner)
		s.web.Know(e.Owner, e.Peer, float64(min(max(int(e.Answered)+int(e.Messaged), 1), 3)))
	}
}

// load fills it from the store.
func (s *social) load(ctx context.Context) error {
	if err := s.known.Load(ctx); err != nil {
		return err
	}
	s.web.Settle()
	return s.reputation.Load(ctx)
}

// settleEvery is how often the trust of the domain is worked out for what has changed.
const settleEvery = time.Minute

// run keeps what changes, and the web of trust up to date.
func (s *social) run(log *slog.Logger, start func(name string, run func(context.Context) error)) {
	report := func(err error) { log.Warn("what is known of callers is not stored", "error", err) }
	start("known", func(ctx context.Context) error { return s.known.Run(ctx, report) })
	start("reputation", func(ctx context.Context) error { return s.reputation.Run(ctx, report) })
	start("trust", func(ctx context.Context) error {
		return each(ctx, settleEvery, func(time.Time) { s.web.Settle() })
	})
}

// introduce fills in what checks are to know of people, where it is not given.
func (k *known) introduce(cfg *config.Config) (err error) {
	if k.social == nil {
		if k.social, err = newSocial(cfg, seedOf(k.seed), nil); err != nil {
			return err
		}
	}
	if cfg.Checks.Known.Enabled {
		if k.people, err = knowncheck.New(knowncheck.Config{}, k.social.known, k.social.reputation); err != nil {
			return cfg.Problem("checks.known", err.Error(), err)
		}
		k.acquainted, k.chosen, k.friends = k.people.Acquainted, k.people.Chosen, k.people.Friends
	}
	k.strangers = nil
	if cfg.Checks.Stranger.Enabled {
		k.strangers, err = newStrangerCheck(cfg, k)
	}
	return err
}

// socialChecks builds the checks of who is known and what became of callers. Behaviour is counted first: who is a zombie has no privileges.
func socialChecks(cfg *config.Config, k *known) ([]screen.Check, error) {
	var checks []screen.Check
	if cfg.Checks.Reputation.Enabled {
		rc := reputationcheck.Config{Knows: k.acquainted}
		if k.strangers != nil {
			rc.Burst = k.strangers.Burst
		}
		check, err := reputationcheck.New(rc, k.social.reputation, k.social.web)
		if err != nil {
			return nil, cfg.Problem("checks.reputation", err.Error(), err)
		}
		checks = append(checks, check)
	}
	if k.people != nil {
		checks = append(checks, k.people)
	}
	return checks, nil
}
