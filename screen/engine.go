package screen

import (
	"context"
	"sync"
	"sync/atomic"

	"gatehouse.example/verdict"
)

// Engine runs checks against attempts. It is safe for concurrent use.
type Engine struct {
	catalog   *catalog
	checks    []Check     // as the catalog orders them
	selective []Selective // by check: nil where it is not a Lookup check of that kind
	learners  []learner
	witnesses []witness
	preparers []preparer
	counts    []counts
	ended     []atomic.Uint64 // runs of Cheap, by how many checks it took
	misuses   atomic.Uint64
	words     *words
	idle      [32]atomic.Pointer[tally]
	lookups   sync.WaitGroup
	cheap     int // checks[:cheap] are Cheap
	lookup    int // checks[cheap:lookup] are Lookup
	inFlight  int // most runs of one Lookup check at a time
}

// counts are the counters of one check.
type counts struct {
	runs, signals, timeouts, panics, unknown atomic.Uint64
	learned, judged                          atomic.Uint64
	busy                                     atomic.Int64 // Lookup runs under way, those given up included
}

// maxInFlight bounds the goroutines that a check which does not obey its deadline can hold.
const maxInFlight = 1024

// New returns an engine for these checks. Cheap ones run in the given order, so what should count each attempt (rate) stands before what may
// end the run early. Names of checks and signals must be unique.
func New(checks []Check) (*Engine, error) {
	infos := make([]Info, len(checks))
	for i, c := range checks {
		infos[i] = c.Info()
	}
	c, err := newCatalog(infos)
	if err != nil {
		return nil, err
	}
	n := len(checks)
	e := &Engine{catalog: c, checks: make([]Check, n), selective: make([]Selective, n), counts: make([]counts, n), words: newWords(), inFlight: maxInFlight}
	for given, at := range c.order {
		e.checks[at] = checks[given]
		if s, ok := checks[given].(Selective); ok && c.checks[at].Stage == Lookup {
			e.selective[at] = s
		}
	}
	for at, check := range e.checks {
		if p, ok := check.(Preparer); ok && c.checks[at].Stage == Cheap {
			e.preparers = append(e.preparers, preparer{p, at})
		}
		if l, ok := check.(Learner); ok {
			e.learners = append(e.learners, learner{l, &e.counts[at]})
		}
		if w, ok := check.(Witness); ok {
			e.witnesses = append(e.witnesses, witness{w, &e.counts[at]})
		}
	}
	for _, info := range c.checks {
		switch info.Stage {
		case Cheap:
			e.cheap++
			e.lookup++
		case Lookup:
			e.lookup++
		}
	}
	e.ended = make([]atomic.Uint64, e.cheap+1)
	return e, nil
}

// Resolve makes a policy for this engine's checks: see the function Resolve.
func (e *Engine) Resolve(layers ...Layer) (*Policy, error) { return e.catalog.resolve(layers) }

// Infos returns what the checks say about themselves, cheapest stage first, with the signals that the engine adds.
func (e *Engine) Infos() []Info {
	infos := append([]Info(nil), e.catalog.checks...)
	for i := range infos {
		infos[i].Signals = e.catalog.of(i)
	}
	return infos
}

// exemptSignal is the one reason that a verdict about an exempt attempt shows.
const exemptSignal = "EXEMPT"

// misuseSignal is shown when a policy was resolved for other checks than the engine runs.
const misuseSignal = "POLICY_MISMATCH"

// Cheap runs the Cheap checks and fills v's Mode, Signals, Score, Action, Would and Introduction; v.Signals is overwritten from
// its start and its capacity reused. The rest of v is the caller's ([Attempt.Describe]).
//
// done is false where Lookup checks could still change the action: then v holds the action by what is known so far, good enough to use
// when there is no room for a look-up, and the caller continues with Lookup.
func (e *Engine) Cheap(a *Attempt, p *Policy, v *verdict.Verdict) (done bool) {
	if e.begin(a, p, v) {
		return true
	}
	t := e.borrow(p)
	a.judged = t
	e.prepare(t, a)
	ran := 0
	for ran < e.cheap && !done {
		ran, done = e.stretch(ran, t, a, p, v)
	}
	e.ended[ran].Add(1)
	done = done || e.spare(t, a, p, v)
	e.finish(t, a, p, v)
	a.judged = nil
	e.giveBack(t)
	return done
}

// stretch runs Cheap checks from one on until all have run, they have decided, or one has failed: that one's report is heard by the next stretch. It returns how
// many have run.
func (e *Engine) stretch(at int, t *tally, a *Attempt, p *Policy, v *verdict.Verdict) (ran int, done bool) {
	ran = at
	defer e.rescue(t, &ran)
	for ; ran < e.cheap && !done; ran++ {
		r := &t.reports[ran]
		if !r.failed {
			e.checks[ran].Run(context.Background(), a, r)
		}
		t.ran[ran] = true
		if len(r.found) > 0 {
			e.heard(ran, r)
			t.note(ran, r)
			t.show(ran, r, p, v)
		}
		done = !p.Exhaustive && t.decidedAfter(ran, p, a)
	}
	return ran, done
}

// begin clears v and deals with what is never screened.
func (e *Engine) begin(a *Attempt, p *Policy, v *verdict.Verdict) (done bool) {
	v.Mode, v.Action, v.Would, v.Score, v.Introduction = p.Mode, verdict.Relay, verdict.Relay, 0, ""
	v.Signals = v.Signals[:0]
	if a.Exempt != "" {
		v.Signals = append(v.Signals, verdict.Signal{Name: exemptSignal, Strength: 1, Evidence: a.Exempt})
		e.exempted(a)
		return true
	}
	if p.compiled.print != e.catalog.print || len(p.compiled.weights) != len(e.catalog.signals) {
		e.misuses.Add(1)
		v.Signals = append(v.Signals, verdict.Signal{Name: misuseSignal, Evidence: "the policy was made for other checks: not screened"})
		return true
	}
	return false
}

// borrow returns a tally for one run, an idle one where there is one. A sync.Pool would do the same, but loses what it holds at each
// garbage collection, and with it the promise that the hot path allocates nothing.
func (e *Engine) borrow(p *Policy) *tally {
	for i := range e.idle {
		if t := e.idle[i].Swap(nil); t != nil {
			t.reset(p)
			return t
		}
	}
	t := e.newTally()
	t.reset(p)
	return t
}

func (e *Engine) giveBack(t *tally) {
	for i := range e.idle {
		if e.idle[i].CompareAndSwap(nil, t) {
			return
		}
	}
}

// run runs one check; a panic becomes a finding.
func (e *Engine) run(ctx context.Context, check int, a *Attempt, r *Report) {
	e.counts[check].runs.Add(1)
	e.guarded(ctx, check, a, r)
	e.heard(check, r)
}

// heard counts what a check has reported.
func (e *Engine) heard(check int, r *Report) {
	if n := len(r.found); n > 0 {
		e.counts[check].signals.Add(uint64(n))
	}
}

func (e *Engine) guarded(ctx context.Context, check int, a *Attempt, r *Report) {
	defer e.recovered(check, r)
	e.checks[check].Run(ctx, a, r)
}

// recovered turns a check's panic into a counted reason: a bug in one technique must not cost a call.
func (e *Engine) recovered(check int, r *Report) {
	if recover() != nil {
		e.fail(check, r)
	}
}

// rescue is recovered for a stretch, which stands at that check. One that has failed does not run again: then it is the engine that fails.
func (e *Engine) rescue(t *tally, check *int) {
	if bug := recover(); bug != nil {
		r := &t.reports[*check]
		if r.failed {
			panic(bug)
		}
		e.fail(*check, r)
	}
}

func (e *Engine) fail(check int, r *Report) {
	e.counts[check].panics.Add(1)
	r.failed = true
	r.found = r.found[:0]
	r.Signal(failedSignal(e.catalog.checks[check].Name), 0, "the check failed and was left out")
}

// spare hears the Lookup checks that need no look-up for this attempt. It returns true where no other is left, or none that could
// change the action.
func (e *Engine) spare(t *tally, a *Attempt, p *Policy, v *verdict.Verdict) (done bool) {
	left := 0
	for i := e.cheap; i < e.lookup; i++ {
		if e.selective[i] == nil {
			left++
			continue
		}
		r := &t.reports[i]
		if e.wants(i, a, r) {
			left++
			continue
		}
		t.note(i, r)
		t.show(i, r, p, v)
		if !p.Exhaustive && t.decided(p, a) {
			return true
		}
	}
	return left == 0
}

// wants asks a selective check whether it needs its look-up; r holds its report where it does not. A panic is its report, too.
func (e *Engine) wants(check int, a *Attempt, r *Report) (wants bool) {
	defer e.recovered(check, r)
	if wants = e.selective[check].Wants(a, r); wants {
		r.found = r.found[:0]
		return true
	}
	e.counts[check].runs.Add(1)
	e.heard(check, r)
	return false
}

// finish writes scores and action.
func (e *Engine) finish(t *tally, a *Attempt, p *Policy, v *verdict.Verdict) {
	v.Score = t.settle(p, v)
	action, way := p.Decide(v.Score, a)
	if way != "" {
		way = t.trusted(way)
	}
	if p.Mode == verdict.Monitor {
		v.Action, v.Would = verdict.Relay, action
		return
	}
	v.Action, v.Would, v.Introduction = action, verdict.Relay, way
}
