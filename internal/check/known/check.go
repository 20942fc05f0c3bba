// Package known is the check of white lists that fill themselves: RFC 5039 §3.3. It reports whom the called user has called or written to himself, whom
// he expects, whom his colleagues know, who tries again, and what he has said about a caller before.
//
// A relation counts in full only for a proven caller; for a merely claimed one a little, since a mass caller does not know whom his victim knows. A friend whose
// behaviour breaks (REPUTATION_ZOMBIE) has no privileges while it lasts. Of a first contact nothing is reported: to be new is no offence.
//
// Cost: below a microsecond, no allocation unless something is found. It cannot see who sits at the phone of a friend.
package known

import (
	"context"
	"errors"
	"time"

	"gatehouse.example/internal/state/known"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// The signals of this check.
const (
	signalPeer       = "KNOWN_PEER"
	signalClaimed    = "KNOWN_CLAIMED"
	signalTalked     = "KNOWN_TALKED"
	signalColleagues = "KNOWN_COLLEAGUES"
	signalExpected   = "KNOWN_EXPECTED"
	signalRepeat     = "KNOWN_REPEAT"
	signalWanted     = "KNOWN_WANTED"
	signalUnwanted   = "KNOWN_UNWANTED"
)

// Info returns the check's name, stage and signals.
func Info() screen.Info {
	return screen.Info{
		Name: "known", Stage: screen.Cheap, RFC: "5039 §3.3",
		Signals: []screen.SignalInfo{
			{Name: signalPeer, Weight: -10,
				Description: "The called user has called or written to this proven caller himself, or has it in his address book. Weaker for weaker proofs, for what only " +
					"answered a missed call, and with age."},
			{Name: signalClaimed, Weight: -3,
				Description: "The same of a caller that nothing proves."},
			{Name: signalTalked, Weight: -3,
				Description: "The called user has talked with this proven caller when it called before."},
			{Name: signalColleagues, Weight: -3,
				Description: "At least two others of the called user's domain have called this proven caller; in full from four on."},
			{Name: signalExpected, Weight: -4,
				Description: "The called user has said that he expects a call, or has called this caller, or one of its organisation, within two hours."},
			{Name: signalRepeat, Weight: -3,
				Description: "A proven caller tries the same user again, 20 seconds to an hour later, and few others: counts once a day."},
			{Name: signalWanted, Weight: -8,
				Description: "The called user has said of this caller that it is wanted; a third as strong where nothing proves the caller."},
			{Name: signalUnwanted, Weight: 10,
				Description: "The called user has said of this caller that it is unwanted."},
		},
	}
}

// Config is empty: what is known is learned, and the weights are the policy's.
type Config struct{}

// Doubts says how far the behaviour of a caller has broken with what it was, from 0 to 1.
type Doubts interface {
	Broken(caller string, now time.Time) float64
}

// Check looks callers up, and learns from what our users do. It is safe for concurrent use.
type Check struct {
	memory *known.Memory
	doubts Doubts
}

// New returns the check over a memory. doubts may be nil.
func New(_ Config, m *known.Memory, doubts Doubts) (*Check, error) {
	if m == nil {
		return nil, errors.New("known: the check needs a memory")
	}
	return &Check{memory: m, doubts: doubts}, nil
}

// Info implements screen.Check.
func (c *Check) Info() screen.Info { return Info() }

// Run implements screen.Check. Of what our users send it only notes that an answer is expected.
func (c *Check) Run(_ context.Context, a *screen.Attempt, r *screen.Report) {
	switch a.Kind {
	case verdict.Call, verdict.Message, verdict.Subscription:
	default:
		return
	}
	if a.Outbound {
		if !a.Probe {
			c.memory.Dialled(sender(a), callee(a), a.Time)
		}
		return
	}
	t := c.tie(a, new(tie))
	if t.owner == "" {
		return
	}
	c.retried(a, t, r)
	c.related(a, t, r)
}

// subject is who calls whom, as the memory names them.
type subject struct {
	owner, domain string
	peer          string  // the proven caller, else the claimed one
	trust         float64 // how far the proof lets a relation count; 0: claimed
}

func subjectOf(a *screen.Attempt) subject {
	s := subject{owner: owner(a), domain: a.ToDomain}
	if s.trust = vouched(a.From.Proof); s.trust > 0 && a.From.Identity != "" {
		s.peer = known.Key(a.IdentityNumber, a.From.Identity)
		return s
	}
	s.trust = 0
	// Whoever claims to be one of the called user's own domain, or himself, would have proven it.
	if a.From.Claimed != "" && !a.Withheld() && (a.FromNumber != "" || a.FromDomain != a.ToDomain) {
		s.peer = known.Key(a.FromNumber, a.From.Claimed)
	}
	if s.peer == s.owner {
		s.peer = ""
	}
	return s
}

// retried counts the attempt, and reports a retry. What is merely claimed gets nothing for trying again.
func (c *Check) retried(a *screen.Attempt, s *tie, r *screen.Report) {
	if s.trust == 0 || a.Kind == verdict.Subscription {
		return
	}
	if retry, after := c.memory.Attempted(s.pair, a.Time, a.Probe); retry {
		r.Signal(signalRepeat, s.trust, "tried the same user "+ago(after)+" before, and few others")
	}
}

// related reports what is known of the caller.
func (c *Check) related(a *screen.Attempt, s *tie, r *screen.Report) {
	rel := c.relation(a, s)
	if rel.Verdict < 0 {
		r.Signal(signalUnwanted, -rel.Verdict, "the called user has said that this caller is unwanted")
	}
	expected := c.memory.Expected(s.pair, a.Time)
	if rel.Strength == 0 && rel.Talk == 0 && rel.Verdict <= 0 && rel.Colleagues < 2 && expected == known.Unexpected {
		return
	}
	keep := 1.0
	if c.doubts != nil && s.trust > 0 {
		keep = 1 - c.doubts.Broken(s.peer, a.Time)
	}
	relations(&s.subject, rel, keep, r)
	if strength := expectation(expected, s.trust) * keep; strength > 0 {
		r.Signal(signalExpected, strength, reason(expected))
	}
}

// relations reports what speaks for the caller; keep is what is left of its privileges.
func relations(s *subject, rel *known.Relation, keep float64, r *screen.Report) {
	if rel.Verdict > 0 {
		r.Signal(signalWanted, rel.Verdict*max(s.trust, 1.0/3)*keep, withheld("the called user has said that this caller is wanted", keep))
	}
	if rel.Strength > 0 {
		if s.trust > 0 {
			r.Signal(signalPeer, rel.Strength*s.trust*keep, withheld(evidence(r, rel), keep))
		} else {
			r.Signal(signalClaimed, rel.Strength, evidence(r, rel)+"; nothing proves the caller")
		}
	}
	if s.trust == 0 {
		return
	}
	if rel.Talk > 0 && rel.Verdict >= 0 {
		r.Signal(signalTalked, rel.Talk*s.trust*keep, withheld("the called user has talked with this caller before", keep))
	}
	if rel.Colleagues >= 2 {
		r.Signal(signalColleagues, float64(min(rel.Colleagues, 4))/4*s.trust*keep, withheld(colleagues(rel.Colleagues), keep))
	}
}

// vouched is how far a proof lets a relation count. Attestation B is about the customer, C about the gateway; what a trunk says is what the
// network before it believes.
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

// expectation is how far a reason to expect a call counts.
func expectation(e known.Expectation, trust float64) float64 {
	switch e {
	case known.Anyone:
		return 1
	case known.Peer:
		return max(trust, 0.6)
	case known.Organisation:
		return 0.5 * trust
	}
	return 0
}
