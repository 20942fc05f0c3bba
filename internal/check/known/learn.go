package known

import (
	"gatehouse.example/internal/state/known"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

var _ screen.Learner = (*Check)(nil)

// unwanted is the code by which a callee says that he does not want a caller: as the answer, or in the Reason of a BYE (RFC 8197).
const unwanted = 607

// Learn implements screen.Learner: our users' own calls and messages make relations, and so do conversations. A 607 is the called user's word.
func (c *Check) Learn(e *screen.Ending) {
	a := e.Attempt
	if a.Outbound {
		c.placed(e)
		return
	}
	if e.Action == verdict.Reject || e.Action == verdict.Drop {
		return
	}
	s := subjectOf(a)
	if e.ByCallee && (e.Status == unwanted || e.Cause == unwanted) {
		c.memory.Judge(s.owner, s.peer, false, e.Time)
	}
	if a.Kind != verdict.Call || e.Action == verdict.Introduce && !e.Answered {
		return
	}
	talk := e.Talk
	if s.trust == 0 || e.Lost {
		talk = 0 // no conversation is put down to who was not there
	}
	c.memory.Received(s.owner, s.peer, e.Answered, e.ByCallee, e.Ring, talk, e.Time)
	if claim := known.Key(a.FromNumber, a.From.Claimed); s.trust > 0 && claim != s.peer {
		c.memory.Received(s.owner, claim, e.Answered, e.ByCallee, e.Ring, 0, e.Time) // it is the claim that the phone shows, and that is called back
	}
}

// placed learns from what our user has sent. What was not let through was not his doing in the end.
func (c *Check) placed(e *screen.Ending) {
	a := e.Attempt
	if e.Action != verdict.Relay && e.Action != verdict.Label {
		return
	}
	switch a.Kind {
	case verdict.Call:
		c.memory.Placed(sender(a), callee(a), e.Answered, e.Time)
	case verdict.Message:
		c.memory.Wrote(sender(a), callee(a), e.Time)
	}
}

// Judge implements screen.Learner. Only what the called user himself says is his relation; the operator judges for him.
func (c *Check) Judge(a *screen.Attempt, label, by string) {
	s := subjectOf(a)
	if a.Outbound || s.peer == "" || by != "admin" && by != s.owner && by != a.To.User && by != a.To.Requested {
		return
	}
	switch label {
	case "spam", "ham":
		c.memory.Judge(s.owner, s.peer, label == "ham", a.Time)
	case "":
		c.memory.Unjudge(s.owner, s.peer, a.Time)
	}
}

// owner is the called user.
func owner(a *screen.Attempt) string {
	if a.To.User != "" && a.To.User != a.To.Requested {
		return a.To.User // an alias was called
	}
	return known.Key(a.ToNumber, a.To.Requested)
}

// sender is the user of ours who sends an outbound attempt.
func sender(a *screen.Attempt) string {
	if a.From.Proof != verdict.None && a.From.Identity != "" {
		return known.Key(a.IdentityNumber, a.From.Identity)
	}
	return known.Key(a.FromNumber, a.From.Claimed)
}

// callee is whom an outbound attempt is for.
func callee(a *screen.Attempt) string { return known.Key(a.ToNumber, a.To.Requested) }
