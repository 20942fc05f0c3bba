package main

import (
	listcheck "gatehouse.example/internal/check/lists"
	strangercheck "gatehouse.example/internal/check/stranger"
	"gatehouse.example/internal/config"
	"gatehouse.example/internal/state/newcomers"
	"gatehouse.example/internal/state/rate"
)

// newNewcomers makes the memory of first contacts, empty.
func newNewcomers(cfg *config.Config, seed rate.Seed) *newcomers.Memory {
	c := &cfg.Checks.Stranger
	return newcomers.New(newcomers.Config{Pairs: c.Pairs, Callers: c.Callers, Seed: seed})
}

func newStrangerCheck(cfg *config.Config, k *known) (*strangercheck.Check, error) {
	if k.newcomers == nil {
		k.newcomers = newNewcomers(cfg, seedOf(k.seed))
	}
	c := strangercheck.Config{Trial: cfg.Checks.Stranger.Trial, Risk: cfg.Checks.Stranger.Risk, Patience: cfg.Checks.Stranger.Patience, Friends: k.friends, Chosen: k.chosen}
	if cfg.Checks.Lists.Enabled {
		c.Declared = listcheck.Declared(k.lists)
	}
	check, err := strangercheck.New(c, k.newcomers, k.acquainted, k.social.known.Expect)
	if err != nil {
		return nil, cfg.Problem("checks.stranger", err.Error(), err)
	}
	return check, nil
}

// measureStranger gives the figures of the memory of first contacts to the metrics.
func (s *server) measureStranger() {
	s.metrics.AddStats("stranger_pairs", "First contacts, who has met:", func() any { return s.newcomers.Stats().Pairs }, "Rows", "Most", "Octets")
	s.metrics.AddStats("stranger_callers", "First contacts, callers:", func() any { return s.newcomers.Stats().Callers }, "Rows", "Most", "Octets")
	s.metrics.AddStats("stranger_voices", "First contacts, who has said something today:", func() any { return s.newcomers.Stats().Voices }, "Rows", "Most", "Octets")
	s.metrics.AddStats("stranger_traits", "First contacts, kinds of strangers:", func() any { return s.newcomers.Stats().Traits }, "Rows", "Most", "Octets")
}
