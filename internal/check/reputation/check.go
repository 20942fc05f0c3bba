// Package reputation is the check of what became of those who called before: RFC 5039 §3.5. It reports the reputation of the caller's identity, domain, signer, network
// and user agent, how far the called user's friends know the caller, who calls many and is welcome, and whose behaviour has broken.
//
// It learns from what people say (607, feedback) and do (talk, hang up, call back). What it cannot tell it says so: evidence that is not conclusive has strength 0.
//
// Cost: below a microsecond, no allocation unless something is found. It cannot see who hides behind an identity that was never used before; that is no offence.
package reputation

import (
	"context"
	"errors"
	"net/netip"

	"gatehouse.example/internal/state/known"
	"gatehouse.example/internal/state/newcomers"
	"gatehouse.example/internal/state/reputation"
	"gatehouse.example/internal/state/trust"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// The signals of this check.
const (
	signalBad     = "REPUTATION_BAD"
	signalGood    = "REPUTATION_GOOD"
	signalClaimed = "REPUTATION_CLAIMED_BAD"
	signalDomain  = "REPUTATION_DOMAIN_BAD"
	signalSigner  = "REPUTATION_SIGNER_BAD"
	signalNetwork = "REPUTATION_NETWORK_BAD"
	signalAgent   = "REPUTATION_AGENT_BAD"
	signalUnsure  = "REPUTATION_UNSURE"
	signalSender  = "REPUTATION_WANTED_SENDER"
	signalTrusted = "REPUTATION_TRUSTED"
	signalZombie  = "REPUTATION_ZOMBIE"
)

// Info returns the check's name, stage and signals.
func Info() screen.Info {
	return screen.Info{
		Name: "reputation", Stage: screen.Cheap, RFC: "5039 §3.5",
		Signals: []screen.SignalInfo{
			{Name: signalBad, Weight: 8,
				Description: "People here have objected to this proven caller, and it is sure enough that others will; weaker for weaker proofs."},
			{Name: signalGood, Weight: -3,
				Description: "People here have talked with this proven caller, called it back, or said that it is wanted."},
			{Name: signalClaimed, Weight: 3,
				Description: "People here have objected to calls of who claimed to be this caller. Nothing proves it: it labels at most, or anybody could ruin anybody."},
			{Name: signalDomain, Weight: 3,
				Description: "People here have objected to many callers of this proven domain."},
			{Name: signalSigner, Weight: 2,
				Description: "People here have objected to many calls that this provider has signed."},
			{Name: signalNetwork, Weight: 3,
				Description: "People here have objected to many calls that came from this network (/24, IPv6 /48). Configured peers have none."},
			{Name: signalAgent, Weight: 1.5,
				Description: "People here have objected to most calls of this User-Agent."},
			{Name: signalUnsure, Weight: 0,
				Description: "There is evidence about this caller, and it is inconclusive."},
			{Name: signalSender, Weight: -6,
				Description: "A proven caller that calls many, and hardly anybody objects: a sender of notices and reminders that are wanted."},
			{Name: signalTrusted, Weight: -3,
				Description: "Friends of the called user know this proven caller; in full from three of them on."},
			{Name: signalZombie, Weight: 13,
				Description: "An identity that has behaved like a person tries several new callees within an hour, or was objected to while it does: " +
					"somebody else may use the account, and by the sixth of them it has full strength. It holds for a day, at half strength for who merely shows its name."},
		},
	}
}

// Config holds what the check is told of; the weights are the policy's.
type Config struct {
	// Knows tells whether the called user knows the caller of an attempt; nil: nobody does.
	Knows func(a *screen.Attempt) bool
	// Burst tells what is to become of a caller who tries strangers faster than anybody dials; nil: nobody does.
	Burst func(a *screen.Attempt) newcomers.Burst
}

// Check reports reputations and learns them. It is safe for concurrent use.
//
// Counting is its way of looking, so it must see each attempt: give it to the engine before checks that may end a run early.
type Check struct {
	cfg    Config
	memory *reputation.Memory
	web    *trust.Graph
}

// New returns the check over a memory and a web of trust, which may be nil.
func New(cfg Config, m *reputation.Memory, web *trust.Graph) (*Check, error) {
	if m == nil {
		return nil, errors.New("reputation: the check needs a memory")
	}
	return &Check{cfg: cfg, memory: m, web: web}, nil
}

// Info implements screen.Check.
func (c *Check) Info() screen.Info { return Info() }

// Run implements screen.Check. What our users send is not judged by reputation: they have passwords, and rates.
func (c *Check) Run(_ context.Context, a *screen.Attempt, r *screen.Report) {
	switch a.Kind {
	case verdict.Call, verdict.Message, verdict.Subscription:
	default:
		return
	}
	if a.Outbound {
		return
	}
	n, ok := r.Notes().(*notes)
	if !ok {
		n = new(notes)
		c.Prepare(a, n)
	}
	switch {
	case n.proven:
		c.proven(a, n, r)
	case n.caller != 0:
		s := c.memory.Look(n.caller, a.Time)
		bad(r, signalClaimed, &s, 1)
		if broken := c.memory.Level(n.behaviour, a.Time); broken > 0 {
			r.Signal(signalZombie, broken*shown, "shows the name of an account that behaved like a person and now tries many new callees")
		}
	}
	c.company(a, n, r)
}

// proven reports what is known of a caller that is who it says.
func (c *Check) proven(a *screen.Attempt, n *notes, r *screen.Report) {
	weight := vouched(a.From.Proof)
	s := c.memory.Look(n.caller, a.Time)
	switch {
	case s.Wanted > 0:
		r.Signal(signalSender, s.Wanted*weight, sender(&s))
	case s.Sure > 0:
		r.Signal(signalGood, s.Sure*weight, evidence(&s))
	case s.Sure < 0:
		bad(r, signalBad, &s, weight)
	case s.Bad >= 0.5:
		r.Signal(signalUnsure, 0, evidence(&s))
	}
	met := c.cfg.Knows != nil && c.cfg.Knows(a)
	broken := c.memory.Behaved(n.behaviour, owner(a), met, a.Text, a.Time, a.Probe)
	if broken > 0 && c.machine(a, n) {
		broken = 0
	}
	if broken > 0 {
		if a.From.Proof == verdict.Digest && a.IdentityDomain == a.ToDomain {
			broken *= colleague
		}
		r.Signal(signalZombie, broken, "the caller has behaved like a person and now tries many new callees")
	} else if c.web != nil {
		if reach := c.web.Reach(owner(a), proven(a)); reach.Distance == 2 {
			r.Signal(signalTrusted, float64(min(reach.Through, 3))/3*weight, distance(reach.Through))
		}
	}
}

// machine tells whether somebody whose behaviour has broken is let through nevertheless: nobody dials so fast, so it is no person's account that a thief has and
// dials with, and what those say who are reached is no thief's welcome, or yet to be seen.
func (c *Check) machine(a *screen.Attempt, n *notes) bool {
	if c.cfg.Burst == nil {
		return false
	}
	burst := c.cfg.Burst(a)
	if burst == newcomers.BurstHeeded && !a.Probe {
		c.memory.Machine(n.behaviour)
	}
	return burst != newcomers.NoBurst
}

// colleague is what is left of a suspicion against one of our own users: they have passwords, and somebody to ask.
const colleague = 0.3

// shown is what is left of a suspicion against an account where its name is merely shown: by whoever has the account, on a way that takes proofs away, or by its
// owner. He is asked, and not refused. What is merely shown says nothing about the account in turn.
const shown = 0.5

// company reports what is known of those that the caller comes with.
func (c *Check) company(a *screen.Attempt, n *notes, r *screen.Report) {
	if a.IdentityDomain != "" && a.IdentityDomain != a.ToDomain {
		s := c.memory.Look(c.memory.Key(reputation.Domain, a.IdentityDomain), a.Time)
		bad(r, signalDomain, &s, 1)
	}
	if a.Signature.Signer != "" && a.Signature.Outcome == verdict.SignatureValid {
		s := c.memory.Look(c.memory.Key(reputation.Signer, a.Signature.Signer), a.Time)
		bad(r, signalSigner, &s, 1)
	}
	if n.network != 0 {
		s := c.memory.Look(n.network, a.Time)
		bad(r, signalNetwork, &s, 1)
	}
	if a.UserAgent != "" && a.Peer == "" {
		s := c.memory.Look(c.memory.Key(reputation.Agent, a.UserAgent), a.Time)
		bad(r, signalAgent, &s, 1)
	}
}

// bad reports what is surely unwanted.
func bad(r *screen.Report, signal string, s *reputation.Standing, weight float64) {
	if s.Sure < 0 {
		r.Signal(signal, -s.Sure*weight, evidence(s))
	}
}

// vouched is how far a proof ties an attempt to its identity.
func vouched(p verdict.Proof) float64 {
	switch p {
	case verdict.StirA, verdict.StirURI, verdict.TLS, verdict.Digest:
		return 1
	case verdict.Trunk:
		return 0.9
	case verdict.StirB:
		return 0.7
	}
	return 0
}

// proven is the name of a caller that is who it says.
func proven(a *screen.Attempt) string { return known.Key(a.IdentityNumber, a.From.Identity) }

// claimed is the name of a caller that nothing proves; empty where it would throw strangers together.
func claimed(a *screen.Attempt) string {
	if a.FromNumber == "" && (a.FromDomain == "" || a.FromDomain == a.ToDomain || a.Withheld()) {
		return ""
	}
	return known.Key(a.FromNumber, a.From.Claimed)
}

// owner is the called user.
func owner(a *screen.Attempt) string {
	if a.To.User != "" && a.To.User != a.To.Requested {
		return a.To.User // an alias was called
	}
	return known.Key(a.ToNumber, a.To.Requested)
}

// network is the /24 or /48 that a stranger's packet came from.
func network(a *screen.Attempt) (hi, lo uint64, ok bool) {
	if a.Peer != "" || !a.Source.IsValid() {
		return 0, 0, false
	}
	return prefix(a.Source.Addr())
}

func prefix(addr netip.Addr) (hi, lo uint64, ok bool) {
	b := addr.As16()
	last := 6
	if addr.Is4() || addr.Is4In6() {
		last = 15
	}
	for i := range last {
		if i < 8 {
			hi = hi<<8 | uint64(b[i])
		} else {
			lo = lo<<8 | uint64(b[i])
		}
	}
	return hi, lo, true
}
