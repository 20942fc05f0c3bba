package stranger

import (
	"time"

	"gatehouse.example/internal/state/known"
	"gatehouse.example/internal/state/newcomers"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

var (
	_ screen.Learner = (*Check)(nil)
	_ screen.Witness = (*Check)(nil)
)

// calledBack is how long after an emergency call anybody is expected to call.
const calledBack = 2 * time.Hour

// talked is how long a conversation is that a stranger becomes an acquaintance by.
const talked = 20 * time.Second

// What an ending says about strangers of the same kind, in strangers. A voice says more than a deed, because few people say anything.
const (
	saysFailed      = 1.0
	saysPassed      = 1.0
	saysTalked      = 0.8
	saysCalledAgain = 2.0 // and has failed before, as everybody does who is asked to
	saysTaken       = 0.1 // a message that is taken: nobody talks, and silence is all that speaks for it
	saysObjected    = 5.0 // and up to saysMore beyond that, where tests tell nothing: one objects in twenty
	saysMore        = 13.0
	saysWanted      = 4.0
	tellsOfMost     = 1 // stranger: what becomes of a caller who goes on to others is its own record
)

// Learn implements screen.Learner. Who has called for help is called back; who has talked is no stranger any more.
func (c *Check) Learn(e *screen.Ending) {
	a := e.Attempt
	if a.Outbound {
		c.placed(e)
		return
	}
	if !social(a.Kind) || ours(a) {
		return
	}
	s, named := c.subject(a)
	called := named && c.calledAgain(e, s)
	if reached(e) && !patient(a.Kind) {
		c.memory.Admitted(c.cfg.Patience, called || e.Action == verdict.Introduce, mistakes)
	}
	if c.knows != nil && c.knows(a) { // by what became of this call, perhaps
		if named && tested(e) && a.Kind == verdict.Call && reached(e) {
			c.memory.Passed(s, a.Time)
		}
		return
	}
	if named && c.memory.Met(s, e.Time) {
		return
	}
	if !reached(e) {
		c.failed(e, s, named)
		return
	}
	long := e.Answered && e.Talk >= talked && !e.ByCallee
	passed := tested(e)
	agreed := e.Action == verdict.Introduce && !passed
	switch {
	case agreed:
		c.teach(a, s, named, true, saysWanted)
	case called:
		c.teach(a, s, named, true, saysCalledAgain)
	case passed:
		w := c.memory.Worth(e.Time)
		c.teach(a, s, named, true, saysPassed*w*w)
	case long:
		c.teach(a, s, named, true, saysTalked)
	case a.Kind == verdict.Message:
		c.teach(a, s, named, true, saysTaken)
	}
	if named {
		c.memory.Heard(s, newcomers.Came{Answered: e.Answered, Introduced: passed, Labelled: e.Action == verdict.Label,
			Talk: e.Talk, Began: a.Time, Declared: c.cfg.Declared != nil && c.cfg.Declared(a), Judged: a.Kind == verdict.Call && !e.Lost}, e.Time)
	}
	switch {
	case !named:
	case agreed:
		c.memory.Praised(s, a.To.Requested)
		c.memory.Meet(s, e.Time)
	case (long || passed) && c.personal(s, e, long):
		c.memory.Meet(s, e.Time)
	}
}

// personal tells whether who has introduced himself, or has talked for long, is an acquaintance by that: where he does not do it all day long.
func (c *Check) personal(s newcomers.Subject, e *screen.Ending, talked bool) bool {
	standing := c.memory.Standing(s, e.Time)
	if talked {
		return standing.Rush < rushOfNobody || c.welcome(&standing)
	}
	return standing.Callees <= fewCallees && standing.Lean < manyLean
}

// failed learns from an attempt that did not come through.
func (c *Check) failed(e *screen.Ending, s newcomers.Subject, named bool) {
	if named {
		c.memory.Failed(s, e.Action == verdict.Introduce && e.Introduction != callAgain && e.Attempt.Kind == verdict.Call)
	}
	if tested(e) && e.Attempt.Kind == verdict.Call {
		c.memory.Flunked()
	}
	if e.Action == verdict.Introduce {
		c.teach(e.Attempt, s, named, false, saysFailed)
	}
}

// teach puts down how a stranger turned out, for strangers of its kind. Who comes to a second one tells of himself alone: kinds are for those who have no record
// of their own, and sellers with a number that they keep are not of the kind of campaigns that have a new one for each call.
func (c *Check) teach(a *screen.Attempt, s newcomers.Subject, named, wanted bool, weight float64) {
	heard := 0
	if named {
		standing := c.memory.Standing(s, a.Time)
		if standing.Callees > tellsOfMost {
			return
		}
		heard = standing.Heard
	}
	var buf [mostTraits]newcomers.Trait
	c.memory.Teach(c.traits(a, heard, buf[:0]), wanted, weight, a.Time)
}

// Exempted implements screen.Witness: who calls for help is called back, and soonest where that call was cut off, of which nobody may hear.
func (c *Check) Exempted(a *screen.Attempt) {
	if a.Outbound && a.Emergency && a.Kind == verdict.Call {
		c.helped(a, a.Time)
	}
}

// helped opens the window in which somebody who has called for help is called back.
func (c *Check) helped(a *screen.Attempt, from time.Time) {
	if owner := sender(a); c.expect != nil && owner != "" {
		c.expect(owner, from, from.Add(calledBack))
	}
}

// placed learns from what our users send.
func (c *Check) placed(e *screen.Ending) {
	a := e.Attempt
	if a.Kind != verdict.Call {
		return
	}
	if a.Exempt != "" {
		if a.Emergency {
			c.helped(a, e.Time)
		}
		return
	}
	owner := sender(a)
	peer := known.Key(a.ToNumber, a.To.Requested)
	if owner == "" || peer == "" {
		return
	}
	for _, proven := range [...]bool{true, false} {
		c.memory.CalledBack(c.memory.Subject(peer, proven, owner))
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
	if a.Outbound || !social(a.Kind) || ours(a) {
		return
	}
	s, named := c.subject(a)
	stranger := c.knows == nil || !c.knows(a)
	switch label {
	case "spam":
		first := true
		if named {
			first = c.memory.Objected(s, by)
			c.memory.Part(s)
		}
		if first && stranger {
			c.teach(a, s, named, false, c.voice(a, by)*(saysObjected+saysMore*(1-c.memory.Worth(a.Time))))
		}
	case "ham":
		if named {
			c.memory.Praised(s, by)
			c.memory.Meet(s, a.Time)
		}
		if stranger {
			c.teach(a, s, named, true, c.voice(a, by)*saysWanted)
		}
	}
}

// voice is how far a person's word about a stranger counts for others like that one.
func (c *Check) voice(a *screen.Attempt, by string) float64 {
	if by == operator {
		return 1
	}
	return c.memory.Voice(by, a.Time)
}

// operator is whose word comes through the API.
const operator = "admin"
