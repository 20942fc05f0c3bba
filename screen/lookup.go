package screen

import (
	"context"
	"errors"
	"slices"

	"gatehouse.example/verdict"
)

// Lookup runs the Lookup checks after Cheap has returned false, all at once, and completes v. It returns when all have
// reported, when none of those left can change the action, or at the policy's deadline. A check that is late fails open: it is counted,
// shown as a signal of strength 0 ("NAME_TIMEOUT"), and weighs nothing unless the policy gives that signal a weight.
//
// a is copied, so the caller may reuse it even while a late check still runs.
func (e *Engine) Lookup(ctx context.Context, a *Attempt, p *Policy, v *verdict.Verdict) {
	if a.Exempt != "" || e.lookup == e.cheap || p.compiled.print != e.catalog.print {
		return
	}
	t := e.borrow(p)
	e.restore(t, v)
	ctx, cancel := context.WithTimeout(ctx, p.LookupDeadline)
	defer cancel()

	reports := e.gather(ctx, t, *a, p)
	for i := e.cheap; i < e.lookup; i++ {
		if r := reports[i-e.cheap]; r != nil {
			t.show(i, r, p, v)
		}
	}
	e.finish(t, a, p, v)
	e.giveBack(t)
}

// Wait waits until no look-up runs any more, those that were given up included: for an orderly end.
func (e *Engine) Wait() { e.lookups.Wait() }

// restore reads back what the Cheap checks have found. Composites are dropped, they are judged anew; so is what selective checks have said,
// they are asked again.
func (e *Engine) restore(t *tally, v *verdict.Verdict) {
	kept := v.Signals[:0]
	for _, s := range v.Signals {
		if n, ok := e.catalog.index[s.Name]; ok && e.catalog.owner[n] < e.cheap {
			t.find(n, s.Strength)
			t.found = append(t.found, n)
			kept = append(kept, s)
		}
	}
	v.Signals = kept
	for i := range e.cheap {
		t.ran[i] = true
	}
}

type answer struct {
	check  int
	report *Report
}

// gather starts the Lookup checks and returns their reports by check, nil for those that were not needed.
func (e *Engine) gather(ctx context.Context, t *tally, a Attempt, p *Policy) []*Report {
	reports := make([]*Report, e.lookup-e.cheap)
	take := func(got answer) {
		// A check that has come back empty-handed because its time was up has not answered.
		if len(got.report.found) == 0 && ctx.Err() != nil {
			return
		}
		reports[got.check-e.cheap] = got.report
		t.note(got.check, got.report)
	}
	answers := make(chan answer, len(reports))
	pending, computing := 0, []int(nil)
	for i := e.cheap; i < e.lookup; i++ {
		if e.selective[i] != nil {
			r := e.blank(i)
			if !e.wants(i, &a, r) {
				reports[i-e.cheap] = r
				t.note(i, r)
				continue
			}
		}
		if e.counts[i].busy.Add(1) > int64(e.inFlight) {
			e.counts[i].busy.Add(-1)
			take(answer{i, e.late(i, p, "too many look-ups under way")})
			continue
		}
		if e.catalog.checks[i].Computes {
			computing = append(computing, i)
			continue
		}
		pending++
		e.lookups.Add(1)
		go e.look(ctx, i, &a, answers)
	}
	for _, i := range computing {
		take(answer{i, e.compute(ctx, i, &a)})
	}
	for pending > 0 {
		if !p.Exhaustive && t.decided(p, &a) {
			return reports
		}
		select {
		case got := <-answers:
			pending--
			take(got)
		case <-ctx.Done():
			for ; pending > 0 && len(answers) > 0; pending-- {
				take(<-answers)
			}
			pending = 0
		}
	}
	if slices.Contains(reports, nil) {
		e.giveUp(ctx, t, p, reports)
	}
	return reports
}

// look runs one Lookup check on its own goroutine.
func (e *Engine) look(ctx context.Context, check int, a *Attempt, answers chan<- answer) {
	defer e.lookups.Done()
	answers <- answer{check, e.compute(ctx, check, a)}
}

// compute runs one Lookup check.
func (e *Engine) compute(ctx context.Context, check int, a *Attempt) *Report {
	r := e.blank(check)
	e.run(ctx, check, a, r)
	e.counts[check].busy.Add(-1)
	return r
}

// blank returns an empty report for a check.
func (e *Engine) blank(check int) *Report {
	return &Report{signals: e.catalog.of(check), bugs: &e.counts[check].unknown, words: e.words}
}

// giveUp writes a report for each check that has not answered.
func (e *Engine) giveUp(ctx context.Context, t *tally, p *Policy, reports []*Report) {
	why := "no answer within " + p.LookupDeadline.String()
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		why = "given up: the request is gone"
	}
	for i := range reports {
		if reports[i] == nil {
			reports[i] = e.late(i+e.cheap, p, why)
			t.note(i+e.cheap, reports[i])
		}
	}
}

// late is the report of a check without an answer. Its strength is 0, so that nothing depends on it, unless the policy has given
// the signal a weight and thereby asked that it count.
func (e *Engine) late(check int, p *Policy, why string) *Report {
	e.counts[check].timeouts.Add(1)
	r := e.blank(check)
	name, strength := timeoutSignal(e.catalog.checks[check].Name), 0.0
	if p.Weights[name] != 0 {
		strength = 1
	}
	r.Signal(name, strength, why)
	return r
}
