package main

import (
	"context"
	"log/slog"
	"strings"
	"time"

	displaycheck "gatehouse.example/internal/check/display"
	numbercheck "gatehouse.example/internal/check/number"
	"gatehouse.example/internal/config"
	"gatehouse.example/internal/state/numbering"
	"gatehouse.example/internal/state/register"
	"gatehouse.example/internal/store"
	"gatehouse.example/internal/telemetry"
	"gatehouse.example/screen"
)

// registers are the number registers that the configuration names, each once.
type registers struct {
	byName map[string]*register.Register
	log    *slog.Logger
}

// newRegisters opens them. One that is damaged is empty until it is imported anew, and the log says so: no call waits for that.
func newRegisters(cfg *config.Config, log *slog.Logger) (*registers, error) {
	r := &registers{byName: map[string]*register.Register{}, log: log}
	files := store.NewRegisters(cfg.Folder())
	n := &cfg.Checks.Number
	for _, name := range append(append([]string(nil), n.NeverCalls...), n.DoNotCall...) {
		if r.byName[name] != nil {
			continue
		}
		one, err := register.New(name, files)
		if err != nil {
			return nil, cfg.Problem("checks.number", err.Error(), err)
		}
		r.byName[name] = one
		r.load(one)
	}
	return r, nil
}

func (r *registers) load(one *register.Register) {
	changed, err := one.Load()
	switch {
	case err != nil:
		r.log.Error("register refused, what was in force stays", "error", err)
	case changed:
		r.log.Info("register in force", "register", one.Name(), "numbers", one.Stats().Numbers)
	}
}

// watchEvery is how soon a register is noticed that another process has imported.
const watchEvery = 10 * time.Second

// run puts registers in force that were imported meanwhile.
func (r *registers) run(ctx context.Context) error {
	return each(ctx, watchEvery, func(time.Time) {
		for _, one := range r.byName {
			r.load(one)
		}
	})
}

func (r *registers) named(names []string) (all []*register.Register) {
	for _, name := range names {
		if one := r.byName[name]; one != nil {
			all = append(all, one)
		}
	}
	return all
}

// collect gives the sizes to the metrics.
func (r *registers) collect(emit func(telemetry.Sample)) {
	for name, one := range r.byName {
		s := one.Stats()
		emit(telemetry.Sample{Name: "gatehouse_register_numbers", Help: "Numbers in a register.", Kind: telemetry.Gauge,
			Labels: []string{"register", name}, Value: float64(s.Numbers)})
		emit(telemetry.Sample{Name: "gatehouse_register_bytes", Help: "Memory of a register's file, in octets.", Kind: telemetry.Gauge,
			Labels: []string{"register", name}, Value: float64(s.Bytes)})
	}
}

// factChecks are the checks of what a caller says of himself: his number and his name.
func factChecks(cfg *config.Config, k *known) ([]screen.Check, error) {
	var checks []screen.Check
	if c := &cfg.Checks.Number; c.Enabled {
		table, err := numbering.New()
		if err != nil {
			return nil, err
		}
		known := k.registers
		if known == nil {
			if known, err = newRegisters(cfg, slog.New(slog.DiscardHandler)); err != nil {
				return nil, err
			}
		}
		nc := numbercheck.Config{World: cfg.Numbers.Country != "", Own: ownNumbers(cfg), Peers: map[string][]string{}, NeverCalls: known.named(c.NeverCalls), DoNotCall: known.named(c.DoNotCall)}
		for peer, prefixes := range c.Peers {
			nc.Peers[peer] = plainTexts(prefixes)
		}
		check, err := numbercheck.New(nc, table)
		if err != nil {
			return nil, cfg.Problem("checks.number", err.Error(), err)
		}
		checks = append(checks, check)
	}
	if c := &cfg.Checks.Display; c.Enabled {
		var dc displaycheck.Config
		for _, p := range c.Protected {
			dc.Protected = append(dc.Protected, displaycheck.Protected{Name: p.Name, By: plainTexts(p.By)})
		}
		check, err := displaycheck.New(dc)
		if err != nil {
			return nil, cfg.Problem("checks.display", err.Error(), err)
		}
		checks = append(checks, check)
	}
	return checks, nil
}

func plainTexts(texts []config.Text) []string {
	all := make([]string, len(texts))
	for i, t := range texts {
		all[i] = string(t)
	}
	return all
}

// ownNumbers are those that the configuration says are our users'.
func ownNumbers(cfg *config.Config) []string {
	own := plainTexts(cfg.Checks.Number.Own)
	for _, numbers := range cfg.Identity.Users {
		for _, n := range numbers {
			if strings.HasPrefix(string(n), "+") {
				own = append(own, string(n))
			}
		}
	}
	return own
}
