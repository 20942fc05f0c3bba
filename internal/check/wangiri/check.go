// Package wangiri is the check of calls that ring once and hang up, to be called back at the callee's cost ("one ring and cut").
//
// It learns from how inbound calls end: a number abroad, or of no country, that has rung briefly at several people and given up is reported when it rings
// again, and anybody of ours who calls such a number back is warned. A number with which people talk is none of these, and numbers of one's own
// country are left alone: who calls them back pays little, and people do hang up early.
//
// Cost: some hundred nanoseconds, no allocation unless something is found. It cannot see a first ring for what it is, and not a caller who lets it ring
// as long as people do.
package wangiri

import (
	"context"
	"errors"
	"strconv"
	"time"

	"gatehouse.example/internal/state/rings"
	"gatehouse.example/screen"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

// The signals of this check.
const (
	signalCaller   = "WANGIRI_CALLER"
	signalCallback = "WANGIRI_CALLBACK"
)

// Info returns the check's name, stage and signals.
func Info() screen.Info {
	return screen.Info{
		Name: "wangiri", Stage: screen.Cheap, RFC: "5039 §3.5",
		Signals: []screen.SignalInfo{
			{Name: signalCaller, Weight: 8,
				Description: "A number abroad has rung briefly at several people and hung up: half at three, in full at six. Its whole block counts from five on."},
			{Name: signalCallback, Weight: 4,
				Description: "A call of ours goes to a number abroad that rings once and hangs up; a quarter as strong where it has done so at one callee only."},
		},
	}
}

// Config holds the settings.
type Config struct {
	// Plan is the site's numbering plan: its country is home.
	Plan uri.Plan
	// Ring is the longest ring that counts as one. 0 = 3 s.
	Ring time.Duration
	// Talk is how long a call lasts that speaks for a number. 0 = 20 s.
	Talk time.Duration
}

// Check learns and reports. It is safe for concurrent use.
type Check struct {
	cfg    Config
	memory *rings.Memory
}

// New returns the check over a memory.
func New(cfg Config, m *rings.Memory) (*Check, error) {
	if m == nil {
		return nil, errors.New("wangiri: the check needs a memory")
	}
	if cfg.Ring < 0 || cfg.Ring > 10*time.Second {
		return nil, errors.New("wangiri: ring: more than 10 s is no single ring")
	}
	if cfg.Ring == 0 {
		cfg.Ring = 3 * time.Second
	}
	if cfg.Talk <= 0 {
		cfg.Talk = 20 * time.Second
	}
	return &Check{cfg, m}, nil
}

// Info implements screen.Check.
func (c *Check) Info() screen.Info { return Info() }

// The numbers of callees from which a caller, and a block, is suspicious.
const (
	suspicious = 3
	certain    = 6
	blockFrom  = 5
)

// Run implements screen.Check.
func (c *Check) Run(_ context.Context, a *screen.Attempt, r *screen.Report) {
	if a.Kind != verdict.Call {
		return
	}
	number := c.number(a)
	if number == "" {
		return
	}
	seen := c.memory.Look(number, a.Time.UnixNano())
	if a.Outbound {
		c.warn(number, seen, r)
		return
	}
	switch {
	case seen.Callees >= suspicious && seen.Talks < seen.Callees:
		r.Signal(signalCaller, strength(seen.Callees), number+" has rung briefly at "+atLeast(seen.Callees)+" people and hung up")
	case seen.Block >= blockFrom && seen.BlockTalks < seen.Block:
		r.Signal(signalCaller, strength(seen.Block)/2, "numbers like "+number+" have rung briefly at "+atLeast(seen.Block)+" people and hung up")
	}
}

// warn reports a call back.
func (c *Check) warn(number string, seen rings.Count, r *screen.Report) {
	switch {
	case seen.Talks >= max(1, seen.Callees):
	case seen.Callees >= suspicious, seen.Block >= blockFrom && seen.BlockTalks < seen.Block:
		r.Signal(signalCallback, 1, number+" rings once and hangs up, at "+atLeast(max(seen.Callees, seen.Block))+" people: a call back is what it wants")
	case seen.Callees > 0:
		r.Signal(signalCallback, 0.25*float64(seen.Callees), number+" has rung once and hung up")
	}
}

// strength is 0.5 where it becomes suspicious and 1 where it is certain.
func strength(callees int) float64 {
	return min(1, 0.5+0.5*float64(callees-suspicious)/(certain-suspicious))
}

func atLeast(n int) string {
	if n >= 8 {
		return "8 or more"
	}
	return strconv.Itoa(n)
}

// number is that of the outside party where it is one abroad, or of no country; else it is empty. A proven number goes before a claimed one.
func (c *Check) number(a *screen.Attempt) string {
	n := a.FromNumber
	switch {
	case a.Outbound:
		n = a.ToNumber
	case a.IdentityNumber != "":
		n = a.IdentityNumber
	}
	home := c.cfg.Plan.Country
	if len(n) < 7 || home == "" || n[0] == '+' && len(n) > len(home) && n[1:1+len(home)] == home {
		return ""
	}
	if a.Outbound && n[0] != '+' {
		return ""
	}
	return n
}

// Learn implements screen.Learner.
func (c *Check) Learn(e *screen.Ending) {
	a := e.Attempt
	if a.Kind != verdict.Call || e.Action >= verdict.Introduce {
		return
	}
	number, now := c.number(a), e.Time.UnixNano()
	switch {
	case number == "":
	case e.Answered && e.Talk >= c.cfg.Talk && !e.Lost:
		c.memory.Talked(number, now)
	case !a.Outbound && !e.Answered && !e.ByCallee && !e.Lost && e.Ring > 0 && e.Ring <= c.cfg.Ring && e.Status == cancelled:
		c.memory.Missed(number, a.To.Requested, now)
	}
}

// cancelled is the final status of a call that its caller gave up (RFC 3261 §15.1.2).
const cancelled = 487

// Judge implements screen.Learner: who was called back to a number that is wanted says so, and that speaks for it.
func (c *Check) Judge(a *screen.Attempt, label, _ string) {
	if number := c.number(a); number != "" && label == "ham" {
		c.memory.Talked(number, a.Time.UnixNano())
	}
}
