package screen

import (
	"slices"

	"gatehouse.example/verdict"
)

// tally holds what is known during one run: which checks have reported, and what.
type tally struct {
	catalog  *catalog
	ran      []bool    // by check
	strength []float64 // by signal
	noted    []int     // the signals that were found, each once
	found    []int     // the signal behind each entry of the verdict's Signals
	fires    []firing  // by rule
	reports  []Report  // by check

	preparers []preparer // of the engine
}

// firing is the state of one rule.
type firing struct {
	state    firingState
	strength float64
}

type firingState uint8

const (
	open  firingState = iota // a check that has not run can still decide it
	never                    // does not fire, whatever comes
	fired                    // fires with the given strength, whatever comes
)

func (e *Engine) newTally() *tally {
	c := e.catalog
	t := &tally{catalog: c, preparers: e.preparers, ran: make([]bool, len(c.checks)), strength: make([]float64, len(c.signals)), reports: make([]Report, len(c.checks))}
	for i := range t.reports {
		t.reports[i] = *e.blank(i)
	}
	for _, p := range e.preparers {
		t.reports[p.check].notes = p.Notes()
	}
	return t
}

// reset forgets the last run in time proportional to what was found in it. Interactive checks count as run: the engine never runs them.
func (t *tally) reset(p *Policy) {
	for _, s := range t.noted {
		t.strength[s] = 0
	}
	t.noted, t.found = t.noted[:0], t.found[:0]
	for i := range t.ran {
		t.ran[i] = i >= t.catalog.ours
		t.reports[i].found, t.reports[i].failed = t.reports[i].found[:0], false
	}
	if cap(t.fires) < len(p.compiled.rules) {
		t.fires = make([]firing, len(p.compiled.rules))
	}
	t.fires = t.fires[:len(p.compiled.rules)]
}

// note takes the report of a check that has run, without showing it yet.
func (t *tally) note(check int, r *Report) {
	t.ran[check] = true
	for i := range r.found {
		t.find(t.catalog.first[check]+r.found[i].signal, r.found[i].strength)
	}
}

// find puts down that a signal was found.
func (t *tally) find(signal int, strength float64) {
	t.strength[signal] = strength
	if !slices.Contains(t.noted, signal) {
		t.noted = append(t.noted, signal)
	}
}

// show appends the findings of a noted report to v.
func (t *tally) show(check int, r *Report, p *Policy, v *verdict.Verdict) {
	for i := range r.found {
		f := &r.found[i]
		s := t.catalog.first[check] + f.signal
		t.found = append(t.found, s)
		v.Signals = append(v.Signals, verdict.Signal{
			Name: t.catalog.signals[s].Name, Strength: f.strength, Weight: p.compiled.weights[s], Evidence: f.evidence,
		})
	}
}

// decided reports whether no check that has not run can change the action.
func (t *tally) decided(p *Policy, a *Attempt) bool {
	lo, hi, left := 0.0, 0.0, false
	for check, ran := range t.ran {
		if !ran {
			left = true
			lo += p.compiled.best[check]
			hi += p.compiled.worst[check]
		}
	}
	return !left || t.decidedBetween(p, a, lo, hi)
}

// decidedAfter is decided where checks up to this one have run and no other.
func (t *tally) decidedAfter(check int, p *Policy, a *Attempt) bool {
	lo, hi := p.compiled.least[check+1], p.compiled.most[check+1]
	if len(t.noted) == 0 && p.spans(lo, hi) {
		return false // nothing was found, which is usual
	}
	return check+1 == t.catalog.ours || t.decidedBetween(p, a, lo, hi)
}

// decidedBetween is decided where the checks that have not run can take away lo (≤ 0) and add hi.
func (t *tally) decidedBetween(p *Policy, a *Attempt, lo, hi float64) bool {
	if t.surelyOpen(p, a, lo, hi) {
		return false
	}
	for _, s := range t.noted {
		score := round(p.compiled.weights[s] * t.strength[s])
		switch t.cancelled(s, p) {
		case never:
			lo, hi = lo+score, hi+score
		case open:
			lo, hi = lo+min(0, score), hi+max(0, score)
		}
	}
	for _, i := range p.compiled.weighty {
		r := &p.compiled.rules[i]
		switch f := t.judge(r); f.state {
		case fired:
			score := round(r.weight * f.strength)
			lo, hi = lo+score, hi+score
		case open:
			lo, hi = lo+min(0, round(r.weight)), hi+max(0, round(r.weight))
		}
	}
	// Sums of three decimals differ by less than this whatever the order of adding.
	const dust = 1e-9
	least, leastWay := p.Decide(round(lo-dust), a)
	most, mostWay := p.Decide(round(hi+dust), a)
	return least == most && leastWay == mostWay && !t.doubtful(leastWay)
}

// surelyOpen tells quickly, for most attempts, that the checks which have not run can change the action; lo and hi are what those can take away and add.
// Whatever the rules say, they add no more than their weights, and cancel no more than what was found. Without a finding none fires.
func (t *tally) surelyOpen(p *Policy, a *Attempt, lo, hi float64) bool {
	if len(t.noted) > 0 {
		lo, hi = lo+p.compiled.rulesMost, hi+p.compiled.rulesLeast
	}
	for _, s := range t.noted {
		score := p.compiled.weights[s] * t.strength[s]
		lo, hi = lo+max(0, score), hi+min(0, score)
	}
	if lo+crumbs >= hi-crumbs {
		return false
	}
	if p.spans(lo, hi) {
		return true
	}
	least, leastWay := p.Decide(lo+crumbs, a)
	most, mostWay := p.Decide(hi-crumbs, a)
	return least != most || leastWay != mostWay
}

// crumbs are more than all roundings together. Actions ascend with the score, so what differs that much further in differs further out.
const crumbs = 0.1

// spans tells that a score between these may be labelled, and may not be.
func (p *Policy) spans(lo, hi float64) bool {
	return lo+crumbs < p.Thresholds.Label && p.Thresholds.Label <= hi-crumbs
}

// settle computes the scores of what was found, adds the rules that fire for certain, and returns the sum. A rule that waits for
// a check that has not run stays silent: "A without B" is not said by someone who has not looked for B.
func (t *tally) settle(p *Policy, v *verdict.Verdict) float64 {
	if len(t.noted) == 0 {
		return 0 // a rule fires for what was found only
	}
	t.judgeNamed(p)
	sum := 0.0
	for i, s := range t.found {
		found := &v.Signals[i]
		found.Score = 0
		if t.cancelled(s, p) != fired {
			found.Score = round(found.Weight * found.Strength)
		}
		sum += found.Score
	}
	for i := range t.fires {
		if t.fires[i].state != fired {
			continue
		}
		r, strength := &p.compiled.rules[i], t.fires[i].strength
		score := round(r.weight * strength)
		sum += score
		v.Signals = append(v.Signals, verdict.Signal{
			Name: r.name, Strength: strength, Weight: r.weight, Score: score, Evidence: r.evidence,
		})
	}
	return round(sum)
}

// cancelled says whether some rule takes the signal's score away: fired, never, or still open.
func (t *tally) cancelled(signal int, p *Policy) firingState {
	state := never
	for _, r := range p.compiled.cancel[signal] {
		switch t.judge(&p.compiled.rules[r]).state {
		case fired:
			return fired
		case open:
			state = open
		}
	}
	return state
}

// judgeNamed works out which rules fire: of those, each names something that was found under all or any.
func (t *tally) judgeNamed(p *Policy) {
	clear(t.fires)
	for _, s := range t.noted {
		for _, i := range p.compiled.named[s] {
			t.fires[i] = t.judge(&p.compiled.rules[i])
		}
	}
}

// judge works out one rule from what is known.
func (t *tally) judge(r *rule) firing {
	certain := true
	for _, s := range r.not {
		if t.strength[s] > 0 {
			return firing{state: never}
		}
		certain = certain && t.known(s)
	}
	strength := 1.0
	for _, s := range r.all {
		if !t.known(s) {
			certain = false
			continue
		}
		if t.strength[s] == 0 {
			return firing{state: never}
		}
		strength = min(strength, t.strength[s])
	}
	if len(r.any) > 0 {
		strongest, anyLeft := 0.0, false
		for _, s := range r.any {
			strongest = max(strongest, t.strength[s])
			anyLeft = anyLeft || !t.known(s)
		}
		if strongest == 0 && !anyLeft {
			return firing{state: never}
		}
		certain = certain && !anyLeft
		strength = min(strength, strongest)
	}
	if !certain {
		return firing{state: open}
	}
	return firing{fired, strength}
}

// known reports whether the check of this signal has run.
func (t *tally) known(signal int) bool { return t.ran[t.catalog.owner[signal]] }

// doubtful tells whether a check that has not run may say that this way of introduction tells nothing.
func (t *tally) doubtful(way string) bool {
	if way == "" {
		return false
	}
	for _, s := range t.catalog.distrusting {
		if t.catalog.signals[s].Distrusts == way && !t.known(s) {
			return true
		}
	}
	return false
}

// trusted is the way of introduction that is asked for where the policy chose this one: another, where a signal says that this one tells nothing.
func (t *tally) trusted(way string) string {
	for _, s := range t.noted {
		if found := &t.catalog.signals[s]; found.Distrusts == way {
			return found.Asks
		}
	}
	return way
}
