// Package stranger is the check of first contacts: RFC 5039 §3.3 calls it the introduction problem. It reports that the called user has
// nothing to do with the caller so far, how far the caller is proven, how strangers of its kind turned out here, and whether it is one that dials many who
// have nothing to do with it. Whoever is new is not suspicious for that, but all spam that is any good comes from identities that are new.
//
// A stranger who has no way to introduce himself here and now ([screen.Attempt.Introductions]) is not reported as one: nothing good could come of it.
// What speaks for a stranger is said by other checks, in points that the policy sets off against these: colleagues know him, he has a good
// reputation, he is expected, he tries again. An emergency call opens two hours in which its caller is called back by anybody (RFC 7090 §1:
// control rooms call back from numbers that nobody knows).
//
// Cost: below a microsecond, one allocation when something is found. It cannot see whether a stranger is welcome: nobody can.
package stranger

import (
	"context"
	"errors"
	"fmt"
	"math"
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
	signalRisk     = "STRANGER_RISK"
	signalMany     = "STRANGER_MANY"
	signalRush     = "STRANGER_RUSH"
	signalBurst    = "STRANGER_BURST"
	signalReturned = "STRANGER_RETURNED"
	signalBroken   = "STRANGER_TESTS_BROKEN"
	signalWelcome  = "STRANGER_WELCOME"
)

// Info returns the check's name, stage and signals.
func Info() screen.Info {
	return screen.Info{
		Name: "stranger", Stage: screen.Cheap, RFC: "5039 §3.3",
		Signals: []screen.SignalInfo{
			{Name: signalUnproven, Weight: 2,
				Description: "The called user has nothing to do with the caller so far, and nothing proves who it is (attestation C is no proof)."},
			{Name: signalPartial, Weight: 2,
				Description: "The same of a caller that is proven in part: by attestation B, or by the word of a trunk."},
			{Name: signalProven, Weight: 3,
				Description: "The same of a caller that is proven. IDENTITY_PROVEN speaks against it with a point: a proof says who it is, not what it wants."},
			{Name: signalRisk, Weight: 10,
				Description: "Strangers like this one turn out unwanted here: with its proof, by its trunk or network lately, from its part of the numbering plan, so near to the " +
					"callee's number, under such a name. From four tenths of its strength on it is asked for an introduction, and in full, where hardly one in 100 is wanted, refused until it comes back. Where nobody can be asked it labels, from where it is likelier unwanted than not."},
			{Name: signalMany, Weight: 12,
				Description: "The caller dials many people who have nothing to do with it, and by what becomes of its calls hardly any of them wants it."},
			{Name: signalRush, Weight: 12,
				Description: "The caller has tried several people within the hour who have nothing to do with it, or two and the same again and again, which people do not: in full from the seventh attempt on. It is about " +
					"people: callers whom one to three users here have called themselves, or who have called a few for days. Somebody else may be at their telephone, or show their number."},
			{Name: signalBurst, Weight: 0,
				Description: "The caller tries strangers faster than anybody dials: a machine, such as a school's that closes or a thief's. One stranger in three is let through to tell, and all " +
					"once those who are reached listen; none, where they hang up at once, do not answer or object."},
			{Name: signalReturned, Weight: -3,
				Description: "The caller was not let through, and tries the same user again 20 seconds to two hours later: numbers that are forged anew for each call do not come " +
					"back, and who has a list goes on to the next. KNOWN_REPEAT takes its place."},
			{Name: signalBroken, Weight: 0, Distrusts: turing, Asks: callAgain,
				Description: "People object to so many who have passed a test here that more of those who are not wanted must pass it than fail: machines do. Who is to introduce himself is asked to call again " +
					"instead, under the same number in 20 seconds to two hours, which those who forge a new one for each call do not."},
			{Name: signalWelcome, Weight: -3,
				Description: "The caller calls many, and what becomes of its calls speaks for it: a sender of notices and reminders. Three quarters as strong where nothing proves it."},
		},
	}
}

// Acquainted tells whether the callee of an attempt knows its caller.
type Acquainted func(a *screen.Attempt) bool

// Config holds the settings.
type Config struct {
	// Trial is how many attempts of a caller must have come through before its record can make it welcome; 0: 7.
	Trial int
	// Risk is the share of unwanted callers among strangers of a kind from which on they are asked for an introduction; 0: 0.25.
	Risk float64
	// Patience is the share of attempts let through that may have been asked for an introduction; 0: 0.037. Where more were, only riskier strangers are asked, and
	// where fewer were, less risky ones as well.
	Patience float64
	// Friends is how many of the called user's domain have called the caller themselves; nil: nobody knows.
	Friends func(a *screen.Attempt) int
	// Chosen tells of a caller whom the called user knows whether that is by what he has done himself: called it, written to it, said that it is wanted. nil: it always is.
	Chosen Acquainted
	// Declared tells of a caller whether it is declared as a machine that people here want to hear; nil: none is. That nobody answers one says nothing about it.
	Declared func(a *screen.Attempt) bool
}

// Check notices first contacts. It is safe for concurrent use.
//
// Counting is its way of looking, so it must see each attempt: give it to the engine before checks that may end a run early.
type Check struct {
	cfg    Config
	asked  float64 // Risk as the logarithm of odds
	shares [100]string
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
		cfg.Trial = 7
	}
	if cfg.Risk == 0 {
		cfg.Risk = 0.25
	}
	if cfg.Patience == 0 {
		cfg.Patience = 0.037
	}
	if cfg.Trial < 1 || cfg.Trial > 100 {
		return nil, fmt.Errorf("stranger: trial: %d is not within 1 and 100", cfg.Trial)
	}
	if !(cfg.Patience > 0 && cfg.Patience <= 1) {
		return nil, fmt.Errorf("stranger: patience: %v is not between 0 and 1", cfg.Patience)
	}
	if !(cfg.Risk > 0 && cfg.Risk < 1) {
		return nil, fmt.Errorf("stranger: risk: %v is not between 0 and 1", cfg.Risk)
	}
	return &Check{cfg: cfg, asked: math.Log(cfg.Risk / (1 - cfg.Risk)), shares: shares(), knows: knows, memory: memory, expect: expect}, nil
}

// Info implements screen.Check.
func (c *Check) Info() screen.Info { return Info() }

// Run implements screen.Check.
func (c *Check) Run(_ context.Context, a *screen.Attempt, r *screen.Report) {
	if a.Outbound || !social(a.Kind) || ours(a) {
		return
	}
	who := c.whom(a, r)
	standing, is := c.standing(a, who)
	if !is {
		return
	}
	if standing.Burst != newcomers.NoBurst {
		r.Signal(signalBurst, 1, bursts(&standing))
	}
	if c.welcome(&standing) {
		r.Signal(signalWelcome, vouched(a.From.Proof), record(&standing))
		return
	}
	standing.Lean += mixed(standing.Passed, standing.Failed)
	tried := c.unheard(a, &standing) || standing.Burst != newcomers.NoBurst
	if who.named && c.broken(a, &standing) {
		r.Signal(signalBroken, 1, "of those who are not wanted more pass a test here than fail: who calls again is heard")
		tried = tried || standing.Returned > 0
	}
	if c.behaves(a, &standing, r) {
		standing.Lean = 0 // is said already
	}
	switch {
	case standing.Met:
	case len(a.Introductions) > 0:
		c.first(a, &standing, who.named, tried, r)
	default:
		c.doubted(a, &standing, r)
	}
}

// standing is what is known of the caller. Who has no more to show than that he was talked with, and dials one stranger after the other, is a stranger himself: to keep
// somebody on the line is a seller's trade. It is false where nothing is to be said.
func (c *Check) standing(a *screen.Attempt, who pair) (s newcomers.Standing, is bool) {
	if c.knows != nil && c.knows(a) {
		if !who.named {
			return s, false
		}
		s = c.memory.Known(who.subject, a.Time, a.Probe)
		if !c.doubtful(a, &s) || c.cfg.Chosen == nil || c.cfg.Chosen(a) {
			s.Met = true
			return s, true
		}
	}
	if who.named {
		s = c.memory.Tried(who.subject, a.Time, a.Probe)
		s.Met = s.Met && !c.doubtful(a, &s)
	}
	return s, true
}

// doubtful tells whether a caller dials so many strangers that to have talked with it says little.
func (c *Check) doubtful(a *screen.Attempt, s *newcomers.Standing) bool {
	if c.welcome(s) {
		return false
	}
	if s.Callees >= manyCallees && s.Lean > manyLean {
		return true
	}
	return s.Burst == newcomers.NoBurst && (s.Rush >= rushOfNobody || hurry(s) >= againOfNobody) && s.Usual < manyUsual && c.friends(a) < organisations
}

// Burst says what is to become of a caller who tries strangers faster than anybody dials. It is asked before Run has counted the attempt.
func (c *Check) Burst(a *screen.Attempt) newcomers.Burst {
	if a.Outbound || !social(a.Kind) || ours(a) {
		return newcomers.NoBurst
	}
	who, named := c.subject(a)
	if !named {
		return newcomers.NoBurst
	}
	s := c.memory.Standing(who, a.Time)
	return s.Burst
}

func (c *Check) friends(a *screen.Attempt) int {
	if c.cfg.Friends == nil {
		return 0
	}
	return c.cfg.Friends(a)
}

// vouched is how far a good record counts.
func vouched(p verdict.Proof) float64 {
	if p == verdict.None || p == verdict.StirC {
		return 0.75
	}
	return 1
}

// first reports a first contact.
func (c *Check) first(a *screen.Attempt, s *newcomers.Standing, named, tried bool, r *screen.Report) {
	switch a.From.Proof {
	case verdict.StirA, verdict.StirURI, verdict.TLS, verdict.Digest:
		r.Signal(signalProven, 1, "first contact of a caller that is proven")
	case verdict.StirB, verdict.Trunk:
		r.Signal(signalPartial, 1, "first contact of a caller that is proven in part")
	default:
		r.Signal(signalUnproven, 1, "first contact of a caller that nothing proves")
	}
	kind := c.kind(a, s)
	odds := kind + ownOdds(s)
	if !named {
		kind = math.Inf(-1) // nobody could tell that it comes back
	}
	strength := c.strength(odds, kind, a.Kind)
	if strength < askedStrength && c.explores(a, s) {
		strength = askedStrength
	}
	if tried {
		strength = min(strength, triedStrength)
	}
	if strength > 0 {
		if strength == 1 && !a.Probe {
			c.memory.Refused(1 / (1 + math.Exp(kind)))
		}
		r.Signal(signalRisk, strength, c.likely(odds))
	}
	if s.Returned > 0 && (s.Rush < rushOfNobody || persistent(s)) {
		r.Signal(signalReturned, 1, "was not let through to the same user before, and tries again")
	}
}

// explores tells whether to ask somebody of whom nothing is known, so that how strangers turn out is learned soon: of those who are let through
// one talks for long and another hangs up, and hardly anybody says why.
func (c *Check) explores(a *screen.Attempt, s *newcomers.Standing) bool {
	return a.Kind == verdict.Call && !a.Probe && s.Callees <= fewCallees && c.memory.Explores()
}

// doubted reports a first contact that nobody can ask to introduce itself: where those of its kind are likelier unwanted than not, as much as labels it, and no
// more. Its own record can only excuse it: what it does to few says little, and what to many is STRANGER_MANY's to say.
func (c *Check) doubted(a *screen.Attempt, s *newcomers.Standing, r *screen.Report) {
	if odds := c.kind(a, s) + min(ownOdds(s), 0); odds > 0 {
		r.Signal(signalRisk, min(askedStrength+odds/20, labelledStrength), c.likely(odds))
	}
}

// kind is how strangers like this one turn out, as the logarithm of odds.
func (c *Check) kind(a *screen.Attempt, s *newcomers.Standing) float64 {
	var buf [mostTraits]newcomers.Trait
	heard := s.Heard
	if hurry(s) >= rushOfFriend {
		heard = 0 // who has no time for conversations is no acquaintance because somebody took its call
	}
	kind := c.memory.Odds(c.traits(a, heard, buf[:0]), a.Time)
	if persistent(s) {
		kind = min(kind, refusedOdds) // it is hardly of that kind
	}
	return kind
}

// strength is askedStrength where strangers are to be asked, and full where hardly any of their kind is wanted: those are refused, and asked when they come
// back. One in a hundred is not few where there are ten times as many of them as of all others, so from which odds on they are refused follows from what
// was refused. What the caller itself has done leads to a question at most: whether it is refused for it is for STRANGER_MANY to say.
func (c *Check) strength(odds, kind float64, what verdict.Kind) float64 {
	from := c.asked
	if !patient(what) {
		from += c.impatience()
	}
	if odds <= from {
		return max(askedStrength+(odds-from)/5, 0)
	}
	refused := c.refused()
	most := surelyAsked
	if kind >= refused {
		most = 1
	}
	return askedStrength + (most-askedStrength)*min((odds-from)/(max(refused, from+1)-from), 1)
}

// refused is from which odds on a stranger is refused until it comes back.
func (c *Check) refused() float64 {
	if p := c.memory.Lenience(); p < 0 {
		return refusedOdds - p*mostLenient
	} else {
		return refusedOdds - p*mostStrict
	}
}

// Where a risk leads.
const (
	askedStrength    = 0.4
	labelledStrength = 0.55
	surelyAsked      = 0.75
	refusedOdds      = 4.8    // 99 in 100 and more
	mistakes         = 0.0007 // as many as that of those who are let through may be refused although they are wanted
	mostLenient      = 4
	mostStrict       = 1
)

// patient tells whether nobody minds to be asked: a subscription waits for the called user's word anyhow (RFC 3856 §6.6.2, "pending").
func patient(k verdict.Kind) bool { return k == verdict.Subscription }

// impatience is how much riskier strangers must be to be asked, as the logarithm of odds.
func (c *Check) impatience() float64 {
	if p := c.memory.Patience(); p < 0 {
		return -p * mostImpatient
	} else {
		return -p * mostPatient
	}
}

const (
	mostImpatient = 4
	mostPatient   = 1.5
)

// What a caller's own record adds to the odds of its kind.
const (
	fewCallees  = 2   // strangers that people call
	mostCallees = 7   // from which on more say no more
	eachCallee  = 0.7 // what each beyond the few says
	leanCounts  = 0.8
	fewRush     = 2   // strangers within the hour
	eachRush    = 0.8 // what each beyond those says, up to rushOfNobody
	eachBack    = 1.5 // what each to whom it came back says for it
	mostBack    = 4
	fewestBack  = 2 // from which on it is a habit
	oneInBack   = 5 // of those whom it did not reach
)

func ownOdds(s *newcomers.Standing) float64 {
	if persistent(s) {
		return leanCounts*min(max(s.Lean, -3), 3) - eachBack*float64(min(s.Back, mostBack))
	}
	rush := eachRush * float64(max(min(hurry(s), rushOfNobody)-fewRush, 0))
	return rush + eachCallee*float64(max(min(s.Callees, mostCallees)-fewCallees, 0)) + leanCounts*min(max(s.Lean, -3), 3)
}

// persistent tells whether a caller comes back to those to whom it was not let through, under the number that it had. Numbers that are forged anew for
// each call do not, and who has a list goes on to the next: what is thought of strangers of its kind does not tell of such a caller. It reaches some so, and is
// known then by what becomes of that.
func persistent(s *newcomers.Standing) bool {
	return s.Back >= fewestBack && oneInBack*s.Back >= s.Callees-s.Reached && s.Lean < manyLean
}

// Where evidence about a caller leads.
const (
	welcomeLean = -1.0
	provenMany  = 32  // reached, from which on a record that does not speak against a caller is enough: one objection among many is none
	manyLean    = 2.0 // from which on a caller is suspected
	sureLean    = 3.5
	manyCallees = 5
)

// welcome tells whether a caller who comes to many is let through like one that is known: enough has come through, and the evidence is in its favour.
func (c *Check) welcome(s *newcomers.Standing) bool {
	most := welcomeLean * float64(max(provenMany-s.Reached, 0)) / float64(max(provenMany-c.cfg.Trial, 1))
	return s.Reached >= c.cfg.Trial && s.Lean <= max(most, welcomeLean) && (s.Rush < rushOfFriend || s.Usual >= manyUsual || s.Burst != newcomers.NoBurst)
}

// behaves reports what is wrong with how a caller behaves, towards those who know it as well, and says whether it is one that many do not want.
func (c *Check) behaves(a *screen.Attempt, s *newcomers.Standing, r *screen.Report) (unwanted bool) {
	if unwanted = !s.Met && s.Callees >= manyCallees && s.Lean > manyLean; unwanted {
		r.Signal(signalMany, min((s.Lean-manyLean)/(sureLean-manyLean), 1), many(s))
	}
	if hurry(s) >= rushOfFriend {
		if strength := c.rush(a, s); strength > 0 {
			r.Signal(signalRush, strength, rush(s))
		}
	}
	return unwanted
}

// How many strangers within the hour are a rush. In the Copenhagen study one call in a hundred is the sixth to somebody new within the hour.
const (
	rushOfFriend  = 3
	fullOfFriend  = 7
	rushOfNobody  = 6
	againOfNobody = 5  // attempts, with those at the same users again
	manyAgain     = 4  // attempts, in vain mostly
	organisations = 4  // users who have called it themselves
	manyUsual     = 12 // strangers that an organisation has tried
	fewUsual      = 4  // and a person
	longKnown     = 2 * 24 * time.Hour
	rushBegins    = 0.3
)

// hurry is how many strangers a caller has tried within the hour. Of who has tried two or more, or one beside a friend again and again, each further attempt at those or at a
// friend of his counts like one at a stranger: whoever calls again and again is in no less of a hurry.
func hurry(s *newcomers.Standing) int {
	if tried := s.Rush + s.Guests; tried == 0 || tried < fewRush && s.Again < manyAgain {
		return s.Rush
	}
	return s.Rush + s.Again
}

func (c *Check) rush(a *screen.Attempt, s *newcomers.Standing) float64 {
	friends := c.friends(a)
	organisation := friends >= organisations || s.Usual >= c.cfg.Trial
	person := friends > 0 || s.Since >= longKnown && s.Usual <= fewUsual
	if organisation || !person || s.Burst != newcomers.NoBurst {
		return 0
	}
	return min(rushBegins+(1-rushBegins)*float64(hurry(s)-rushOfFriend)/(fullOfFriend-rushOfFriend), 1)
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
		if a.FromNumber == "" && (a.FromDomain == a.ToDomain || a.Withheld()) || name == callee {
			return newcomers.Subject{}, false
		}
	}
	return c.memory.Subject(name, proven, callee), name != "" && callee != ""
}
