package screen

import (
	"time"

	"gatehouse.example/verdict"
)

// Ending is how an attempt ended, for checks that learn from it. It and its Attempt are lent for the length of a call of Learn: a check
// copies what it keeps. The attempt's strings may be kept as they are.
type Ending struct {
	// Attempt is the attempt as it was judged.
	Attempt *Attempt
	// Action is what was done.
	Action verdict.Action
	// Introduction is the way of introduction that was asked for, as [verdict.Verdict] says.
	Introduction string
	// Time is when it ended.
	Time time.Time
	// Status is the callee's final status: 200, 486, 487, 603, 607 …; 0 = nobody knows.
	Status int
	// Cause is the SIP cause in the Reason field of the BYE or CANCEL that ended it (RFC 3326); 607 is how a callee says during a call that he
	// does not want this caller (RFC 8197 §3). 0 = none was given.
	Cause int
	// Answered tells that somebody, or something, took the call. A message counts as answered when it was accepted.
	Answered bool
	// Ring is how long it rang, from the first 180 or 183 until it was answered or ended, 0 where there was none; Talk is how long the
	// call lasted once it was answered.
	Ring, Talk time.Duration
	// ByCallee tells that the callee hung up or refused, and not the caller.
	ByCallee bool
	// Lost tells that the end was not seen: Talk is then counted to the last sign of life.
	Lost bool
}

// Learner is what a Check may be as well: it learns from how attempts end and from what people say about them.
//
// Both methods are called from workers, never on the packet's path, and from several goroutines at once. They take at most 5 µs, are
// bounded in memory, and use the times in what they are given, never the clock. They must not change what they are given.
type Learner interface {
	Check
	// Learn is told how an attempt ended that was let through. What was rejected, or asked to introduce itself, ended as well: then
	// Action says so.
	Learn(e *Ending)
	// Judge is told what a person says about an attempt: label is "spam", "ham", or empty where he takes back what he said. By is who
	// says it: an account ("sip:bob@example.test"), or "admin" for the operator.
	Judge(a *Attempt, label, by string)
}

// Witness is what a Check may be as well: one that wants to know of what is never screened. It may be told on the packet's path, as [Check.Run] of a Cheap
// check is.
type Witness interface {
	Check
	// Exempted is told of an exempt attempt when it is made. Probes are no attempts.
	Exempted(a *Attempt)
}

// exempted tells the witnesses.
func (e *Engine) exempted(a *Attempt) {
	if a.Probe {
		return
	}
	for _, w := range e.witnesses {
		e.witness(w, a)
	}
}

// witness is a check that wants to know, and where its failures are counted.
type witness struct {
	Witness
	counts *counts
}

func (e *Engine) witness(w witness, a *Attempt) {
	defer w.counts.survive()
	w.Exempted(a)
}

// Learn tells all checks that are Learners how an attempt ended. A check that fails is counted and left out. Probes teach nothing.
func (e *Engine) Learn(end *Ending) {
	if end.Attempt == nil || end.Attempt.Probe {
		return
	}
	for _, l := range e.learners {
		e.learn(l, end)
	}
}

// Judge tells all checks that are Learners what a person says about an attempt. Probes teach nothing.
func (e *Engine) Judge(a *Attempt, label, by string) {
	if a == nil || a.Probe {
		return
	}
	for _, l := range e.learners {
		e.judge(l, a, label, by)
	}
}

// learner is a check that learns, and where its failures are counted.
type learner struct {
	Learner
	counts *counts
}

func (e *Engine) learn(l learner, end *Ending) {
	defer l.counts.survive()
	l.counts.learned.Add(1)
	l.Learn(end)
}

func (e *Engine) judge(l learner, a *Attempt, label, by string) {
	defer l.counts.survive()
	l.counts.judged.Add(1)
	l.Judge(a, label, by)
}

// survive counts a panic: a bug in one technique must not cost the others what they learn.
func (c *counts) survive() {
	if recover() != nil {
		c.panics.Add(1)
	}
}
