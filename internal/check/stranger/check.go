// Package stranger is the check of first contacts: RFC 5039 §3.3 calls it the introduction problem. It reports that the called user has
// nothing to do with the caller so far, and how far the caller is proven; whoever is new is not suspicious for that, but he is the one to be
// asked for an introduction, because all spam that is any good comes from identities that are new.
//
// A stranger who has no way to introduce himself here and now ([screen.Attempt.Introductions]) is not reported: nothing good could come of it.
// What speaks for a stranger is said by other checks, in points that the policy sets off against these: colleagues know him, he has a good
// reputation, he is expected, he tries again. An emergency call opens two hours in which its caller is called back by anybody (RFC 7090 §1:
// control rooms call back from numbers that nobody knows).
//
// Cost: some hundred nanoseconds, one allocation when something is found. It cannot see whether a stranger is welcome: nobody can.
package stranger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gatehouse.example/internal/state/known"
	"gatehouse.example/internal/state/newcomers"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// The signals of this check.
const (
	signalUnproven = "STRANGER_UNPROVEN"
	signalPartial  = "STRANGER_PARTIAL"
	signalProven   = "STRANGER_PROVEN"
)

// Info returns the check's name, stage and signals.
func Info() screen.Info {
	return screen.Info{
		Name: "stranger", Stage: screen.Cheap, RFC: "5039 §3.3",
		Signals: []screen.SignalInfo{
			{Name: signalUnproven, Weight: 6,
				Description: "The called user has nothing to do with the caller so far, and nothing proves who it is (attestation C is no proof): by itself a reason to ask " +
					"for an introduction, and no more."},
			{Name: signalPartial, Weight: 6,
				Description: "The same of a caller that is proven in part: by attestation B, or by the word of a trunk."},
			{Name: signalProven, Weight: 3,
				Description: "The same of a caller that is proven. IDENTITY_PROVEN speaks against it with a point: a proof says who it is, not what it wants."},
		},
	}
}

// Acquainted tells whether the callee of an attempt knows its caller.
type Acquainted func(a *screen.Attempt) bool

// Config holds the settings.
type Config struct {
	// Trial is how many different users a caller must have tried to be on trial; 0: 12. Before, he is asked like anybody.
	Trial int
	// Objections is the share of people who may object to a caller on trial; 0: 0.02.
	Objections float64
}

// Check notices first contacts. It is safe for concurrent use.
//
// Counting is its way of looking, so it must see each attempt: give it to the engine before checks that may end a run early.
type Check struct {
	cfg    Config
	knows  Acquainted
	memory *newcomers.Memory
	expect func(owner string, from, until time.Time)
}

// New returns the check. knows may be nil: then nobody knows anybody but whom memory has seen. expect opens the window after an emergency call; nil: there is none.
func New(cfg Config, memory *newcomers.Memory, knows Acquainted, expect func(owner string, from, until time.Time)) (*Check, error) {
	if memory == nil {
		return nil, errors.New("stranger: the check needs a memory")
	}
	if cfg.Trial == 0 {
		cfg.Trial = 12
	}
	if cfg.Objections == 0 {
		cfg.Objections = .02
	}
	if cfg.Trial < 1 || cfg.Trial > 100 {
		return nil, fmt.Errorf("stranger: trial: %d is not within 1 and 100", cfg.Trial)
	}
	return &Check{cfg: cfg, knows: knows, memory: memory, expect: expect}, nil
}

// Info implements screen.Check.
func (c *Check) Info() screen.Info { return Info() }

// Run implements screen.Check.
func (c *Check) Run(_ context.Context, a *screen.Attempt, r *screen.Report) {
	if a.Outbound || !social(a.Kind) || ours(a) || c.knows != nil && c.knows(a) {
		return
	}
	s, named := c.subject(a)
	if named {
		standing := c.memory.Tried(s, a.Time, a.Probe)
		if c.memory.Met(s, a.Time) || c.onTrial(&standing) {
			return
		}
	}
	if len(a.Introductions) == 0 {
		return
	}
	switch a.From.Proof {
	case verdict.StirA, verdict.StirURI, verdict.TLS, verdict.Digest:
		r.Signal(signalProven, 1, "first contact of a caller that is proven")
	case verdict.StirB, verdict.Trunk:
		r.Signal(signalPartial, 1, "first contact of a caller that is proven in part")
	default:
		r.Signal(signalUnproven, 1, "first contact of a caller that nothing proves")
	}
}

// onTrial tells whether a caller who comes to many is let through, as long as hardly anybody objects.
func (c *Check) onTrial(s *newcomers.Standing) bool {
	return s.Callees >= c.cfg.Trial && s.Objected <= c.cfg.Objections*(s.Heard+1)
}

// social tells whether an attempt is one to reach a person.
func social(k verdict.Kind) bool {
	return k == verdict.Call || k == verdict.Message || k == verdict.Subscription
}

// ours tells whether one of our own users calls another: they have passwords, and are no strangers to each other.
func ours(a *screen.Attempt) bool {
	return a.From.Proof == verdict.Digest && a.IdentityDomain == a.ToDomain
}

// subject names caller and callee. It is false for callers without a name, who would all be one.
func (c *Check) subject(a *screen.Attempt) (newcomers.Subject, bool) {
	callee := known.Key(a.ToNumber, a.To.Requested)
	proven := a.From.Proof != verdict.None && a.From.Proof != verdict.StirC && a.From.Identity != ""
	name := known.Key(a.IdentityNumber, a.From.Identity)
	if !proven {
		name = known.Key(a.FromNumber, a.From.Claimed)
		if a.FromDomain == "anonymous.invalid" || a.FromNumber == "" && a.FromDomain == a.ToDomain || name == callee {
			return newcomers.Subject{}, false
		}
	}
	return c.memory.Subject(name, proven, callee), name != "" && callee != ""
}

// calledBack is how long after an emergency call anybody is expected to call.
const calledBack = 2 * time.Hour

// talked is how long a conversation is that a stranger becomes an acquaintance by.
const talked = 20 * time.Second

// Learn implements screen.Learner. Who has called for help is called back; who has talked, or introduced himself, is no stranger any more.
func (c *Check) Learn(e *screen.Ending) {
	a := e.Attempt
	if a.Outbound {
		if a.Exempt != "" && a.Kind == verdict.Call && c.expect != nil {
			c.expect(sender(a), e.Time, e.Time.Add(calledBack))
		}
		return
	}
	s, named := c.subject(a)
	if !named || !social(a.Kind) || ours(a) || !reached(e) {
		return
	}
	c.memory.Heard(s)
	if e.Action == verdict.Introduce || e.Answered && e.Talk >= talked && !e.ByCallee {
		c.memory.Meet(s, e.Time)
	}
}

// reached tells whether the called user was. Of an introduction that failed nothing rings.
func reached(e *screen.Ending) bool {
	switch e.Action {
	case verdict.Relay, verdict.Label:
		return true
	case verdict.Introduce:
		return e.Answered || e.Ring > 0
	}
	return false
}

// sender is which of our users an outbound attempt is from.
func sender(a *screen.Attempt) string {
	if a.From.Proof != verdict.None && a.From.Identity != "" {
		return known.Key(a.IdentityNumber, a.From.Identity)
	}
	return known.Key(a.FromNumber, a.From.Claimed)
}

// Judge implements screen.Learner.
func (c *Check) Judge(a *screen.Attempt, label, by string) {
	s, named := c.subject(a)
	if a.Outbound || !named {
		return
	}
	switch label {
	case "spam":
		c.memory.Objected(s, by)
		c.memory.Part(s)
	case "ham":
		c.memory.Meet(s, a.Time)
	}
}
