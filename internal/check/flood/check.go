// Package flood is the check of telephony denial of service (TDoS): many callers at one callee within a short time. RFC 5039 §2.1 counts calls per second;
// here it is the crowd that tells, because each of its callers calls but once, and no limit of a single caller or source sees that.
//
// It counts how many different callers one callee has had within about a window. Above the limit, callers whom the callee knows are left alone, all
// others get a signal that asks for an introduction at most: who calls for the first time in the middle of an attack is not at fault. Callees that
// are made to be called by many (hotlines) are named in the configuration.
//
// Cost: some hundred nanoseconds, no allocation unless something is found. It cannot tell an attack from a broadcast that names the number.
package flood

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gatehouse.example/internal/state/rate"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

const signalCallee = "FLOOD_CALLEE"

// Info returns the check's name, stage and signals.
func Info() screen.Info {
	return screen.Info{
		Name: "flood", Stage: screen.Cheap, RFC: "5039 §2.1",
		Signals: []screen.SignalInfo{
			{Name: signalCallee, Weight: 6,
				Description: "Many different callers call one callee within a short time, and the callee does not know this one; full strength at twice the limit."},
		},
	}
}

// Config holds the settings.
type Config struct {
	// Callers is how many different callers one callee may have within the window, at most 70. 0 = 20.
	Callers int
	// Window is the time within which they are counted. 0 = 1 m.
	Window time.Duration
	// Hotlines are callees that are left alone: addresses ("hotline@example.test") and numbers ("+15551230100").
	Hotlines []string
	// Keys is how many callees are remembered, 40 octets each. 0 = 65536.
	Keys int
	// Seed makes the hashes; the zero Seed is replaced by a random one.
	Seed rate.Seed
}

// Acquainted tells whether the callee of an attempt knows its caller; it may be told so on the packet's path.
type Acquainted func(a *screen.Attempt) bool

// Check counts callers. It is safe for concurrent use.
type Check struct {
	cfg      Config
	callers  *rate.Fanout
	hotlines map[string]struct{}
	knows    Acquainted
}

// maxCallers leaves room to measure twice the limit.
const maxCallers = rate.MaxFanout/2 - 5

// New returns the check. knows may be nil: then nobody knows anybody.
func New(cfg Config, knows Acquainted) (*Check, error) {
	if cfg.Callers == 0 {
		cfg.Callers = 20
	}
	if cfg.Window == 0 {
		cfg.Window = time.Minute
	}
	if cfg.Keys == 0 {
		cfg.Keys = 1 << 16
	}
	if cfg.Seed == (rate.Seed{}) {
		cfg.Seed = rate.NewSeed()
	}
	if cfg.Callers < 2 || cfg.Callers > maxCallers {
		return nil, fmt.Errorf("flood: callers: %d is not within 2 and %d", cfg.Callers, maxCallers)
	}
	if cfg.Keys < 0 || cfg.Keys > 1<<26 {
		return nil, errors.New("flood: keys: not within 1 and 67108864")
	}
	callers, err := rate.NewFanout(cfg.Window, cfg.Keys)
	if err != nil {
		return nil, fmt.Errorf("flood: %w", err)
	}
	c := &Check{cfg: cfg, callers: callers, knows: knows, hotlines: map[string]struct{}{}}
	for _, h := range cfg.Hotlines {
		c.hotlines[strings.ToLower(h)] = struct{}{}
	}
	return c, nil
}

// Octets is the memory that counting takes.
func (c *Check) Octets() int { return c.callers.Octets() }

// Info implements screen.Check.
func (c *Check) Info() screen.Info { return Info() }

const (
	hashCallee uint64 = iota + 1
	hashCaller
	hashSource
)

// Run implements screen.Check.
func (c *Check) Run(_ context.Context, a *screen.Attempt, r *screen.Report) {
	if !c.counts(a) {
		return
	}
	callee, ok := r.Notes().(*uint64)
	if !ok {
		callee = new(uint64)
		*callee = c.callee(a)
	}
	count := c.callers.Count
	if a.Probe {
		count = c.callers.Peek
	}
	// The count is an estimate: at the limit itself it is not yet above it.
	n := count(*callee, c.caller(a), a.Time.UnixNano())
	most := float64(c.cfg.Callers)
	if n < most+1 || c.knows != nil && c.knows(a) {
		return
	}
	r.Signal(signalCallee, n/most-1, "callee "+screen.Quote(name(a))+" has had about "+strconv.Itoa(int(n+0.5))+" callers within "+
		c.cfg.Window.String()+", limit "+strconv.Itoa(c.cfg.Callers))
}

// counts tells whether an attempt belongs to a crowd: our own users do not.
func (c *Check) counts(a *screen.Attempt) bool {
	return a.Kind == verdict.Call && !a.Outbound && a.From.Proof != verdict.Digest && a.To.Requested != "" && !c.hotline(a)
}

// Notes implements screen.Preparer: they are the callee's key.
func (c *Check) Notes() any { return new(uint64) }

// Prepare implements screen.Preparer.
func (c *Check) Prepare(a *screen.Attempt, sheet any) {
	if c.counts(a) {
		key := c.callee(a)
		*sheet.(*uint64) = key
		c.callers.Prefetch(key)
	}
}

func (c *Check) callee(a *screen.Attempt) uint64 { return c.cfg.Seed.String(hashCallee, name(a)) }

// name is what the callee is known by.
func name(a *screen.Attempt) string {
	if a.ToNumber != "" {
		return a.ToNumber
	}
	return a.To.Requested
}

// caller stands for who calls: the identity, else the claim, else the source.
func (c *Check) caller(a *screen.Attempt) uint64 {
	who := a.From.Identity
	if who == "" {
		who = a.FromNumber
	}
	if who == "" {
		who = a.From.Claimed
	}
	if who == "" || a.From.Identity == "" && a.Withheld() {
		b := a.Source.Addr().As16()
		return c.cfg.Seed.Pair(hashSource, uint64(b[12])<<24|uint64(b[13])<<16|uint64(b[14])<<8|uint64(b[15]), uint64(b[0])<<8|uint64(b[1]))
	}
	return c.cfg.Seed.String(hashCaller, who)
}

// hotline tells whether the callee is left alone.
func (c *Check) hotline(a *screen.Attempt) bool {
	if len(c.hotlines) == 0 {
		return false
	}
	if _, ok := c.hotlines[a.ToNumber]; ok && a.ToNumber != "" {
		return true
	}
	_, ok := c.hotlines[a.To.Requested[strings.IndexByte(a.To.Requested, ':')+1:]]
	return ok
}
