// Package replay runs events of the past through the screening engine: what would have happened.
//
// The engine, its checks and its policies are the ones that screen real requests; only the clock is another. It is virtual and follows the
// times of the events, so sixty days take seconds, and whatever a check learns from how an attempt ends it learns at the time when the
// attempt would have ended: endings wait in a queue and are told before the next event that is later.
//
// An event says in its outcome what would happen if the attempt came through or were asked to introduce itself; each part is used only
// where the verdict lets it happen. Introductions are played from it, in the policy's order, so a policy can be judged before the ways of
// introduction exist. An event may depend on another (after_failure, after_success): then it happens only if that one went so.
//
// With the same events, policy and seeds of the checks, a replay gives the same bytes each time. A [Replay] belongs to one goroutine; its
// memory is that of the checks, some 20 octets for each event (whether it was relayed), and the attempts that have not ended.
// Nothing is sent, stored or looked up on the network.
package replay

import (
	"context"
	"fmt"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

// Config is what a replay works with.
type Config struct {
	// Engine holds the checks, with state of their own: a replay teaches them.
	Engine *screen.Engine
	// Policy returns the policy for an attempt.
	Policy func(a *screen.Attempt) *screen.Policy
	// Prepare completes what the event cannot say about itself: the peer at its source, exemptions. Nil: nothing.
	Prepare func(ev *screen.Event, a *screen.Attempt)
	// Answer is the response to a rejected attempt. Nil: none is shown.
	Answer func(a *screen.Attempt, p *screen.Policy) *verdict.Response
	// Plan makes numbers comparable.
	Plan uri.Plan
	// Guard stands before the checks; nil: nobody does.
	Guard Guard
	// Upkeep is what a server does every so often beside its calls, Every on the virtual clock. Nil: nothing.
	Upkeep func()
	Every  time.Duration
}

// Guard keeps out who may not talk at all. It sees what comes from outside, in the order of the virtual clock.
type Guard interface {
	// Admit says why an attempt is dropped before anything looks at it, as a signal of the guard; nil: it goes on.
	Admit(ev *screen.Event, a *screen.Attempt) *verdict.Signal
	// Judged is told of the verdict about an attempt that went on.
	Judged(a *screen.Attempt, v *verdict.Verdict)
	// Ended is told how an attempt ended that came through: with the callee's final status, 0 where the event says nothing about it, and whether
	// that refused its credentials.
	Ended(a *screen.Attempt, status int, refused bool, at time.Time)
}

// Introduced is what came of an introduction that was asked for.
type Introduced string

// What may come of an introduction.
const (
	NotAsked Introduced = ""
	Passed   Introduced = "pass"
	Failed   Introduced = "fail"
)

// Result is what became of one event.
type Result struct {
	// Event is the event as it was read.
	Event *screen.Event
	// Verdict is what the engine said. It is valid until the next event.
	Verdict *verdict.Verdict
	// Happened is false where the event depends on another one that went otherwise; then nothing else is set.
	Happened bool
	// Relayed says that the callee was reached.
	Relayed bool
	// Introduced is what came of the introduction, if one was asked for.
	Introduced Introduced
}

// Replay plays events.
type Replay struct {
	cfg     Config
	went    map[uint64]bool // by the hash of its id: whether an event that happened was relayed
	endings endings
	now     time.Time
	next    time.Time // of the upkeep
	late    int
	verdict verdict.Verdict
	ctx     context.Context
}

// lookupDeadline is long because nothing is looked up outside of memory: no result may depend on how busy the machine is.
const lookupDeadline = time.Minute

// New returns a replay that has seen no event.
func New(ctx context.Context, cfg Config) *Replay {
	return &Replay{cfg: cfg, went: make(map[uint64]bool), ctx: ctx}
}

// Play lets one event happen, after all endings that come before it.
func (r *Replay) Play(ev *screen.Event, res *Result) error {
	*res = Result{Event: ev, Verdict: &r.verdict}
	if r.now.After(ev.Time) {
		r.late++
	} else {
		r.now = ev.Time
	}
	r.tell(ev.Time)
	r.upkeep()
	if !r.happens(ev) {
		return nil
	}
	a, err := ev.Attempt(r.cfg.Plan)
	if err != nil {
		return fmt.Errorf("replay: event %s: %w", screen.Quote(ev.ID), err)
	}
	if !a.Outbound {
		a.To.User = a.To.Requested
	}
	if r.cfg.Prepare != nil {
		r.cfg.Prepare(ev, a)
	}
	p := r.cfg.Policy(a)
	if r.dropped(ev, a, p) {
		res.Happened = true
		return nil
	}
	a.Introductions = ways(p, &ev.Outcome)
	r.judge(a, p)
	if r.cfg.Guard != nil && !a.Outbound {
		r.cfg.Guard.Judged(a, &r.verdict)
	}
	res.Happened = true
	res.Relayed, res.Introduced = played(&r.verdict, &ev.Outcome)
	if ev.ID != "" {
		r.went[hash(ev.ID)] = res.Relayed
	}
	r.end(ev, a, res)
	return nil
}

// dropped asks the guard. What it drops no check ever sees, whatever the policy's mode.
func (r *Replay) dropped(ev *screen.Event, a *screen.Attempt, p *screen.Policy) bool {
	if r.cfg.Guard == nil || a.Outbound {
		return false
	}
	why := r.cfg.Guard.Admit(ev, a)
	if why == nil {
		return false
	}
	r.verdict = verdict.Verdict{Signals: append(r.verdict.Signals[:0], *why), Action: verdict.Drop, Mode: p.Mode}
	a.Describe(&r.verdict)
	if ev.ID != "" {
		r.went[hash(ev.ID)] = false
	}
	return true
}

// upkeep does once what is due, however long nothing has happened.
func (r *Replay) upkeep() {
	if r.cfg.Upkeep == nil || r.now.Before(r.next) {
		return
	}
	r.next = r.now.Add(r.cfg.Every)
	r.cfg.Upkeep()
}

// Finish tells the checks of all endings that are still to come.
func (r *Replay) Finish() { r.tell(time.Time{}) }

// Late is how many events came before one that stood above them in the file. They are played where they stand.
func (r *Replay) Late() int { return r.late }

// judge runs the engine.
func (r *Replay) judge(a *screen.Attempt, p *screen.Policy) {
	v := &r.verdict
	signals := v.Signals[:0]
	*v = verdict.Verdict{Signals: signals}
	a.Describe(v)
	if !r.cfg.Engine.Cheap(a, p, v) {
		patient := *p
		patient.LookupDeadline, patient.Exhaustive = lookupDeadline, true
		r.cfg.Engine.Lookup(r.ctx, a, &patient, v)
	}
	if v.Action == verdict.Reject && r.cfg.Answer != nil {
		v.Response = r.cfg.Answer(a, p)
	}
}

// happens tells whether what the event depends on has come true.
func (r *Replay) happens(ev *screen.Event) bool {
	if ev.AfterFailure != "" {
		if relayed, happened := r.went[hash(ev.AfterFailure)]; !happened || relayed {
			return false
		}
	}
	return ev.AfterSuccess == "" || r.went[hash(ev.AfterSuccess)]
}

// hash is FNV-1a: an id takes 8 octets instead of its text.
func hash(id string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return h
}

// ways are the introductions that are offered, from the one that is played on: the first whose outcome says how it ends, else the first to which the caller
// does not react ("none"). A way without an outcome is none for this caller.
func ways(p *screen.Policy, o *screen.Outcome) []string {
	ignored := len(p.Introduce)
	for i, way := range p.Introduce {
		switch result(o, way) {
		case string(Passed), string(Failed):
			return p.Introduce[i:]
		case noReaction:
			ignored = min(ignored, i)
		}
	}
	return p.Introduce[ignored:]
}

// noReaction is the outcome of an introduction that was asked for and never came.
const noReaction = "none"

func result(o *screen.Outcome, way string) string {
	switch way {
	case "consent":
		return o.Consent
	case "turing":
		return o.Turing
	case "puzzle":
		return o.Puzzle
	}
	return ""
}

// played says what the verdict leads to with that outcome.
func played(v *verdict.Verdict, o *screen.Outcome) (relayed bool, in Introduced) {
	switch v.Action {
	case verdict.Relay, verdict.Label:
		return true, NotAsked
	case verdict.Introduce:
		if result(o, v.Introduction) == string(Passed) {
			return true, Passed
		}
		return false, Failed
	}
	return false, NotAsked
}
