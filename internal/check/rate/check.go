// Package rate is the check that notices who calls too often: floods, telephony denial of service, and callers who dial through a
// directory. RFC 5039 has no section of its own for it, but its §2.1 shows that spam lives by the number of calls per second, and §6
// asks to combine whatever tells spam apart.
//
// It counts attempts per source address, per caller and per callee, and how many different callees a caller has tried, in memory of fixed size. What
// is above a limit becomes a signal whose strength grows with the excess; nothing is refused by this check alone.
//
// Cost: about a microsecond, no allocation unless a limit is exceeded. It cannot see that two numbers belong to one caller:
// who changes the number with each call is seen only by source and callee.
package rate

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"gatehouse.example/internal/state/rate"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// The signals of this check.
const (
	signalSource = "RATE_SOURCE"
	signalCaller = "RATE_CALLER"
	signalCallee = "RATE_CALLEE"
	signalFanout = "RATE_FANOUT"
)

// Info returns the check's name, stage and signals.
func Info() screen.Info {
	return screen.Info{
		Name: "rate", Stage: screen.Cheap, RFC: "5039 §2.1, §6",
		Signals: []screen.SignalInfo{
			{Name: signalSource, Weight: 8,
				Description: "A source address that is not a configured peer sends more attempts than its limit; full strength at twice the limit."},
			{Name: signalCaller, Weight: 5,
				Description: "One caller makes more attempts than its limit; full strength at twice the limit."},
			{Name: signalCallee, Weight: 3,
				Description: "One callee gets more attempts than its limit, from whomever; full strength at twice the limit."},
			{Name: signalFanout, Weight: 3.5,
				Description: "One caller tries more different callees than its limit; full strength at twice the limit."},
		},
	}
}

// Config holds the limits. The defaults are far above what an office sees on a busy day: they are for floods, not for busy people.
type Config struct {
	// Source limits one source address (IPv6: one /64) that is not a configured peer.
	Source rate.Limit `yaml:"source" json:"source"`
	// Caller limits one calling number or address. Anonymous callers are not counted together.
	Caller rate.Limit `yaml:"caller" json:"caller"`
	// Callee limits what one called number or address gets from everyone together.
	Callee rate.Limit `yaml:"callee" json:"callee"`
	// Fanout limits how many different callees one caller tries.
	Fanout Fanout `yaml:"fanout" json:"fanout"`
	// Keys is how many sources, callers and callees are remembered at a time; each costs about 80 octets in all.
	Keys int `yaml:"keys" json:"keys"`
	// Seed makes the table's hashes; the zero Seed is replaced by a random one. A replay sets it, to be deterministic.
	Seed rate.Seed `yaml:"-" json:"-"`
}

// Fanout limits different callees within a window.
type Fanout struct {
	// Callees is the number of different callees, at most 70: full strength is reached at twice that.
	Callees int `yaml:"callees" json:"callees"`
	// Window is the time within which they are counted.
	Window time.Duration `yaml:"window" json:"window"`
}

// maxCallees leaves room to measure twice the limit.
const maxCallees = rate.MaxFanout/2 - 5

// Defaults returns the shipped settings.
func Defaults() Config {
	return Config{
		Source: rate.Limit{Count: 120, Per: time.Minute},
		Caller: rate.Limit{Count: 20, Per: time.Minute},
		Callee: rate.Limit{Count: 60, Per: time.Minute},
		Fanout: Fanout{Callees: 30, Window: time.Hour},
		Keys:   1 << 16,
	}
}

// withDefaults fills what is unset.
func (c Config) withDefaults() Config {
	d := Defaults()
	for _, l := range []struct{ set, shipped *rate.Limit }{{&c.Source, &d.Source}, {&c.Caller, &d.Caller}, {&c.Callee, &d.Callee}} {
		if *l.set == (rate.Limit{}) {
			*l.set = *l.shipped
		}
	}
	if c.Fanout == (Fanout{}) {
		c.Fanout = d.Fanout
	}
	if c.Keys == 0 {
		c.Keys = d.Keys
	}
	if c.Seed == (rate.Seed{}) {
		c.Seed = rate.NewSeed()
	}
	return c
}

// Check counts attempts. It is safe for concurrent use.
//
// Counting is its way of looking, so it must see each attempt: give it to the engine before checks that may end a run early.
type Check struct {
	cfg                    Config
	source, caller, callee *rate.Meter
	fanout                 *rate.Fanout
}

// Octets is the memory that counting takes.
func (c *Check) Octets() int {
	return c.source.Octets() + c.caller.Octets() + c.callee.Octets() + c.fanout.Octets()
}

// New returns the check; what is unset in cfg is as in Defaults.
func New(cfg Config) (*Check, error) {
	cfg = cfg.withDefaults()
	if cfg.Fanout.Callees < 1 || cfg.Fanout.Callees > maxCallees {
		return nil, fmt.Errorf("rate: fanout: callees: %d is not within 1 and %d", cfg.Fanout.Callees, maxCallees)
	}
	if cfg.Keys < 0 || cfg.Keys > 1<<26 {
		return nil, fmt.Errorf("rate: keys: %d is not within 1 and %d", cfg.Keys, 1<<26)
	}
	c := &Check{cfg: cfg}
	var err error
	if c.source, err = rate.NewMeter(cfg.Source, cfg.Keys); err != nil {
		return nil, fmt.Errorf("rate: source: %w", err)
	}
	if c.caller, err = rate.NewMeter(cfg.Caller, cfg.Keys); err != nil {
		return nil, fmt.Errorf("rate: caller: %w", err)
	}
	if c.callee, err = rate.NewMeter(cfg.Callee, cfg.Keys); err != nil {
		return nil, fmt.Errorf("rate: callee: %w", err)
	}
	if c.fanout, err = rate.NewFanout(cfg.Fanout.Window, cfg.Keys); err != nil {
		return nil, fmt.Errorf("rate: fanout: %w", err)
	}
	return c, nil
}

// Info implements screen.Check.
func (c *Check) Info() screen.Info { return Info() }

// The domains of hashes.
const (
	hashSource uint64 = iota + 1
	hashClaimed
	hashProven
	hashCallee
)

// Run implements screen.Check.
func (c *Check) Run(_ context.Context, a *screen.Attempt, r *screen.Report) {
	n, now := c.notesOf(a, r), a.Time.UnixNano()
	if a.Peer == "" && a.Source.IsValid() {
		c.runSource(a, r, n.source, now)
	}
	if a.Kind == verdict.Other {
		// What goes on in a call (BYE, INFO) and reaches the screening because the phone ignores Record-Route is
		// no attempt on anybody: the caller was counted by its call.
		return
	}
	if !a.Outbound && a.To.Requested != "" {
		if level := measure(c.callee, n.callee, a, now); level > 1 {
			c.report(r, signalCallee, level, c.callee, c.cfg.Callee, "callee "+name(a.ToNumber, a.To.Requested)+" gets")
		}
	}
	if n.named {
		c.runCaller(a, r, n.caller, n.callee, now)
	}
}

func (c *Check) runSource(a *screen.Attempt, r *screen.Report, key uint64, now int64) {
	if level := measure(c.source, key, a, now); level > 1 {
		c.report(r, signalSource, level, c.source, c.cfg.Source, "source "+a.Source.Addr().String()+" sends")
	}
}

func (c *Check) runCaller(a *screen.Attempt, r *screen.Report, key, callee uint64, now int64) {
	if level := measure(c.caller, key, a, now); level > 1 {
		c.report(r, signalCaller, level, c.caller, c.cfg.Caller, "caller "+c.callerName(a)+" makes")
	}
	count := c.fanout.Count
	if a.Probe {
		count = c.fanout.Peek
	}
	different := count(key, callee, now)
	// The count is an estimate: at the limit itself it is not yet above it.
	if most := float64(c.cfg.Fanout.Callees); different >= most+1 {
		r.Signal(signalFanout, different/most-1, "caller "+c.callerName(a)+" tries about "+strconv.Itoa(int(different+0.5))+
			" callees, limit "+strconv.Itoa(c.cfg.Fanout.Callees)+" in "+words(c.cfg.Fanout.Window))
	}
}

// callerKey is the identity as far as it is proven, else the claim. The two are counted apart, so that nobody uses up the
// allowance of a proven caller by claiming to be it. It is false where counting would throw strangers together: anonymous
// callers, and what a peer sends out for its users (a PBX shows one number for everyone).
func (c *Check) callerKey(a *screen.Attempt) (uint64, bool) {
	if a.Outbound && a.From.Proof < verdict.Digest {
		return 0, false
	}
	if a.From.Proof != verdict.None && a.From.Identity != "" {
		return c.hash(hashProven, a.IdentityNumber, a.From.Identity), true
	}
	if a.From.Claimed == "" || a.Withheld() {
		return 0, false
	}
	return c.hash(hashClaimed, a.FromNumber, a.From.Claimed), true
}

func (c *Check) callerName(a *screen.Attempt) string {
	if a.From.Proof != verdict.None && a.From.Identity != "" {
		return name(a.IdentityNumber, a.From.Identity)
	}
	return name(a.FromNumber, a.From.Claimed)
}

func (c *Check) hash(domain uint64, number, aor string) uint64 {
	if number != "" {
		return c.cfg.Seed.String(domain, number)
	}
	return c.cfg.Seed.String(domain, aor)
}

// report makes a signal whose strength is 0 at the limit and 1 at twice the limit.
func (c *Check) report(r *screen.Report, signal string, level rate.Level, m *rate.Meter, l rate.Limit, who string) {
	r.Signal(signal, float64(level)-1, who+" "+strconv.Itoa(m.Attempts(level))+" attempts, limit "+
		strconv.Itoa(l.Count)+" in "+words(l.Per))
}

func measure(m *rate.Meter, key uint64, a *screen.Attempt, now int64) rate.Level {
	if a.Probe {
		return m.Peek(key, now)
	}
	return m.Count(key, now)
}

// sourceKey is the address as two numbers. Of IPv6 only the first 64 bits count: that is what one subscriber has.
func sourceKey(addr netip.Addr) (hi, lo uint64) {
	b := addr.As16()
	for i := range 8 {
		hi = hi<<8 | uint64(b[i])
		lo = lo<<8 | uint64(b[8+i])
	}
	if addr.Is4() || addr.Is4In6() {
		return hi, lo
	}
	return hi, 0
}

func name(number, aor string) string {
	if number != "" {
		return number
	}
	return screen.Quote(aor)
}

// words writes a duration without zero parts: "1m", not "1m0s".
func words(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
