// Package number is the check of what the calling number itself tells: whether there can be such a number, whether whoever owns it ever calls, and whether
// it was chosen for its effect on this callee. RFC 5039 §3.2; RFC 3966 §5.1.4, RFC 3323 (privacy).
//
// It sees numbers that no country has, that were written wrong, or that are in a register of numbers that never call; the callee's own number and those
// of our users, presented by somebody who has not proven it; a number just beside the callee's; no number at all; and a number of a country
// that does not go with the peer or the domain that brings it.
//
// Cost: a walk of at most 15 steps through a table, and one look-up in each register (at most 200 ns); no allocation unless something is found. It cannot see that a
// number is in use, nor by whom: who picks an existing number of a far city is not noticed here.
package number

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"gatehouse.example/internal/state/numbering"
	"gatehouse.example/internal/state/register"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// The signals of this check.
const (
	signalInvalid     = "NUMBER_INVALID"
	signalUnallocated = "NUMBER_UNALLOCATED"
	signalMalformed   = "NUMBER_MALFORMED"
	signalPremium     = "NUMBER_PREMIUM"
	signalNeverCalls  = "NUMBER_DO_NOT_ORIGINATE"
	signalDoNotCall   = "NUMBER_DO_NOT_CALL"
	signalOwn         = "NUMBER_OWN"
	signalNeighbour   = "NUMBER_NEIGHBOUR"
	signalAnonymous   = "NUMBER_ANONYMOUS"
	signalForeign     = "NUMBER_FOREIGN"
)

// Info returns the check's name, stage and signals.
func Info() screen.Info {
	return screen.Info{
		Name: "number", Stage: screen.Cheap, RFC: "5039 §3.2",
		Signals: []screen.SignalInfo{
			{Name: signalInvalid, Weight: 1.5, Description: "The claimed number is none that its country has."},
			{Name: signalUnallocated, Weight: 3, Description: "The claimed number begins with a country code that nobody has."},
			{Name: signalMalformed, Weight: 1.5,
				Description: "The claimed number is written as no number is: too long, with letters, or with a trunk prefix behind the country code."},
			{Name: signalPremium, Weight: 1.5, Description: "The claimed number is one that callers pay for: these are called and do not call."},
			{Name: signalNeverCalls, Weight: 10,
				Description: "The claimed or proven number is in a register of numbers that never call (do-not-originate)."},
			{Name: signalDoNotCall, Weight: 0,
				Description: "A local user calls a number of a do-not-call register. Without a weight this is shown only."},
			{Name: signalOwn, Weight: 8,
				Description: "The caller presents the callee's own number, or one of our users', without a proof of it; half as strong from a " +
					"peer or with attestation B, a quarter from a trusted trunk, or where that user has just called out: his call may have been forwarded to us."},
			{Name: signalNeighbour, Weight: 1,
				Description: "The claimed number differs from the callee's in its last four digits only, and is not proven: weak, since neighbours exist."},
			{Name: signalAnonymous, Weight: 1, Description: "The caller withholds who calls; weaker where the network knows it."},
			{Name: signalForeign, Weight: 1.5,
				Description: "The claimed number is of a country whose numbers this peer does not bring, or (weaker) not the one of the caller's domain."},
		},
	}
}

// Config says whose numbers are whose.
type Config struct {
	// World tells that the site uses the numbers of the world: it has named its country. Else numbers that no country has count only in calls to
	// numbers that exist.
	World bool
	// Own are numbers ("+15551230001") and prefixes ("+1555123*") of our users, beside those that users prove when they call out.
	Own []string
	// Peers are the beginnings of the numbers ("+49", "+1") that a peer's callers present, by the peer's name. A peer without any may present all.
	Peers map[string][]string
	// NeverCalls are registers of numbers that never call, DoNotCall of those whom our users must not call.
	NeverCalls, DoNotCall []*register.Register
}

// Check judges the calling number. It is safe for concurrent use.
type Check struct {
	table                 *numbering.Table
	world                 bool
	own                   map[string]struct{}
	prefixes              []string
	peers                 map[string][]string
	neverCalls, doNotCall []*register.Register
	learned               [learnedSize]atomic.Uint64
	callers               callers
}

// learnedSize is how many numbers are kept that users have proven when they called out: 128 KB. A number finds its place by its digits; a later one takes it.
const learnedSize = 1 << 14

var errOwn = errors.New("number: own: neither a number (+15551230001) nor a prefix (+1555123*)")

// New returns the check over a table of numbering plans.
func New(cfg Config, table *numbering.Table) (*Check, error) {
	if table == nil {
		return nil, errors.New("number: the check needs numbering plans")
	}
	c := &Check{table: table, world: cfg.World, own: map[string]struct{}{}, peers: cfg.Peers, neverCalls: cfg.NeverCalls, doNotCall: cfg.DoNotCall}
	for _, own := range cfg.Own {
		prefix, isPrefix := strings.CutSuffix(own, "*")
		if len(prefix) < 3 || prefix[0] != '+' || strings.Trim(prefix[1:], "0123456789") != "" {
			return nil, fmt.Errorf("%w: %q", errOwn, own)
		}
		if isPrefix {
			c.prefixes = append(c.prefixes, prefix)
		} else {
			c.own[own] = struct{}{}
		}
	}
	return c, nil
}

// Info implements screen.Check.
func (c *Check) Info() screen.Info { return Info() }

// Run implements screen.Check.
func (c *Check) Run(_ context.Context, a *screen.Attempt, r *screen.Report) {
	if a.Outbound {
		c.callers.note(a)
		if in := inAny(c.doNotCall, a.ToNumber); in != nil {
			r.Signal(signalDoNotCall, 1, "number "+a.ToNumber+" in register '"+in.Name()+"'")
		}
		return
	}
	c.registered(a, r)
	if a.FromNumber == "" {
		nameless(a, r)
		return
	}
	c.form(a, r)
	if !c.ours(a, r) {
		neighbour(a, r)
	}
}

// Learn implements screen.Learner: what a user of ours proves by password when he calls out is his.
func (c *Check) Learn(e *screen.Ending) {
	a := e.Attempt
	if !a.Outbound || a.From.Proof != verdict.Digest {
		return
	}
	if n, ok := register.Number(a.IdentityNumber); ok {
		c.learned[place(n)].Store(n)
	}
}

// Judge implements screen.Learner. Opinions do not change what a number is.
func (c *Check) Judge(*screen.Attempt, string, string) {}

func (c *Check) hasLearned(number string) bool {
	n, ok := register.Number(number)
	return ok && c.learned[place(n)].Load() == n
}

func place(n uint64) uint64 { return n * 0x9E3779B97F4A7C15 >> (64 - 14) }

// registered looks the number up in the registers of those that never call.
func (c *Check) registered(a *screen.Attempt, r *screen.Report) {
	if len(c.neverCalls) == 0 {
		return
	}
	number := a.FromNumber
	in := inAny(c.neverCalls, number)
	if in == nil && a.IdentityNumber != number {
		number = a.IdentityNumber
		in = inAny(c.neverCalls, number)
	}
	if in != nil {
		r.Signal(signalNeverCalls, 1, "number "+number+" in register '"+in.Name()+"'")
	}
}

func inAny(registers []*register.Register, number string) *register.Register {
	for _, r := range registers {
		if r.Has(number) {
			return r
		}
	}
	return nil
}

// nameless judges a claim without a number.
func nameless(a *screen.Attempt, r *screen.Report) {
	user := userOf(a.From.Claimed)
	switch {
	case a.Withheld():
		strength := 1.0
		if a.From.Proof != verdict.None {
			strength = 0.3 // RFC 3325: the network knows who it is and keeps it to itself
		}
		r.Signal(signalAnonymous, strength, "the caller withholds who calls")
	case len(user) > 2 && user[0] == '+' && isDigit(user[1]):
		r.Signal(signalMalformed, 1, screen.Quote(user)+" begins as a number and is none")
	}
}

func userOf(aor string) string {
	from := strings.IndexByte(aor, ':') + 1
	to := strings.LastIndexByte(aor, '@')
	if to < from {
		return ""
	}
	return aor[from:to]
}

func isDigit(c byte) bool { return c-'0' <= 9 }
