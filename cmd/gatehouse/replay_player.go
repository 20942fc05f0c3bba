package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"gatehouse.example/internal/action"
	"gatehouse.example/internal/config"
	"gatehouse.example/internal/replay"
	"gatehouse.example/internal/state/lists"
	"gatehouse.example/internal/state/proof"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// player is one policy in a replay, with checks and memories of its own.
type player struct {
	*replay.Replay
	engine *screen.Engine
	result replay.Result
}

// newPlayer builds the checks as the server does, over memories that begin empty and that nothing stores.
func newPlayer(ctx context.Context, cfg *config.Config, c *replayCmd, begin time.Time) (*player, error) {
	k, err := freshState(cfg, c.Seed, begin)
	if err != nil {
		return nil, err
	}
	if err := c.fillLists(ctx, k.lists); err != nil {
		return nil, err
	}
	checks, err := newChecks(cfg, k)
	if err != nil {
		return nil, err
	}
	engine, err := screen.New(checks)
	if err != nil {
		return nil, err
	}
	choose, p, err := replayPolicies(cfg, engine, c.Enforce)
	if err != nil {
		return nil, err
	}
	site := newSite(cfg, p)
	wall, err := newReplayGuard(cfg, site, k.lists, c.Seed)
	if err != nil {
		return nil, err
	}
	return &player{engine: engine, Replay: replay.New(ctx, replay.Config{
		Engine: engine, Guard: wall, Policy: choose, Plan: cfg.Plan(), Upkeep: func() { k.social.web.Settle() }, Every: settleEvery,
		Prepare: func(ev *screen.Event, a *screen.Attempt) {
			if a.Peer == "" && a.Source.IsValid() {
				a.Peer = site.PeerAt(a.Source.Addr())
			}
			a.Exempt, a.Emergency = site.Exemption(ev.To)
		},
		Answer: func(_ *screen.Attempt, p *screen.Policy) *verdict.Response {
			r := action.NewRejection(p.Rejection, redress(cfg))
			return r.Response()
		},
	})}, nil
}

// freshState is what checks read, as it is in a server that starts for the first time.
func freshState(cfg *config.Config, seed uint64, begin time.Time) (*known, error) {
	memory, err := proof.New(proof.Config{})
	if err != nil {
		return nil, err
	}
	web, err := newSocial(cfg, seedOf(seed), nil)
	if err != nil {
		return nil, err
	}
	return &known{
		seed:     seed,
		social:   web,
		lists:    lists.New(lists.Config{Plan: cfg.Plan(), Now: func() time.Time { return begin }}),
		memory:   memory,
		policies: proof.NewPolicies(proof.PoliciesConfig{Pinned: memory.Proven}), // without DNS: no domain has published anything
	}, nil
}

// fillLists reads the files that are given as lists.
func (c *replayCmd) fillLists(ctx context.Context, l *lists.Lists) error {
	for _, g := range []struct {
		list  string
		kind  lists.Kind
		files []string
	}{{"block", lists.Block, c.Block}, {"allow", lists.Allow, c.Allow}, {lists.Declared, lists.Allow, c.Declared}} {
		for _, file := range g.files {
			in, err := os.Open(file)
			if err != nil {
				return usagef("--%s: %w", g.list, err)
			}
			_, err = l.Import(ctx, g.list, in, lists.ImportOptions{Kind: g.kind})
			in.Close()
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return nil
}

// replayPolicies says which policy is whose. A domain that the configuration does not name is judged by the site's policy in
// enforce mode: nobody has asked that it only be watched.
func replayPolicies(cfg *config.Config, engine *screen.Engine, enforce bool) (func(*screen.Attempt) *screen.Policy, *policies, error) {
	if enforce {
		all := *cfg
		all.Domains = append([]config.Domain(nil), cfg.Domains...)
		for i := range all.Domains {
			all.Domains[i].Mode = config.Mode(verdict.Enforce)
			all.Domains[i].Users = enforced(all.Domains[i].Users)
		}
		cfg = &all
	}
	p, err := resolvePolicies(cfg, engine)
	if err != nil {
		return nil, nil, err
	}
	mode := verdict.Enforce
	elsewhere, err := engine.Resolve(shipped(engine), cfg.Policy.Layer("policy"), screen.Layer{Mode: &mode})
	if err != nil {
		return nil, nil, err
	}
	choose := func(a *screen.Attempt) *screen.Policy {
		domain := a.ToDomain
		if a.Outbound {
			domain = a.FromDomain
		}
		if domain == "" && len(cfg.Domains) > 0 && cfg.Path() != "" {
			domain = cfg.Domains[0].Name // tel: belongs to the first, as in the border
		}
		if _, ok := p.domain[strings.ToLower(domain)]; !ok {
			return elsewhere
		}
		if strings.EqualFold(domain, a.ToDomain) {
			return p.called(a)
		}
		return p.of(domain)
	}
	return choose, p, nil
}

// enforced is users with everybody in enforce mode.
func enforced(users map[string]config.User) map[string]config.User {
	all := make(map[string]config.User, len(users))
	mode := config.Mode(verdict.Enforce)
	for name, u := range users {
		u.Mode = &mode
		all[name] = u
	}
	return all
}
