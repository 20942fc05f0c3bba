package screen

import (
	"math"
	"slices"
	"strings"

	"gatehouse.example/verdict"
)

// compiled is the policy in numbers: by signal, by check and by rule, as a catalog numbers them.
type compiled struct {
	print   uint64    // of the catalog
	weights []float64 // by signal
	worst   []float64 // by check: the most that it can add
	best    []float64 // by check: the most that it can take away (≤ 0)
	rules   []rule
	cancel  [][]int // by signal: the rules that cancel it
	named   [][]int // by signal: the rules that name it under all or any
	weighty []int   // the rules that have a weight of their own

	least, most []float64 // by check: what it and all behind it can take away, and add

	rulesLeast, rulesMost float64 // what all rules together can take away and add
}

// rule is a composite in numbers.
type rule struct {
	name               string
	evidence           string
	weight             float64
	all, any, not, off []int // signals; off are those that it cancels
}

func (p *Policy) compile(c *catalog) {
	k := compiled{
		print:   c.print,
		weights: make([]float64, len(c.signals)),
		worst:   make([]float64, len(c.checks)),
		best:    make([]float64, len(c.checks)),
		cancel:  make([][]int, len(c.signals)),
		named:   make([][]int, len(c.signals)),
	}
	for check := range c.checks {
		for s := c.first[check]; s < c.first[check+1]; s++ {
			w := p.Weights[c.signals[s].Name]
			k.weights[s] = w
			k.worst[check] += max(0, round(w))
			k.best[check] += min(0, round(w))
		}
	}
	k.least, k.most = suffixes(k.best[:c.ours]), suffixes(k.worst[:c.ours])
	for i := range p.Composites {
		r := &p.Composites[i]
		k.rules = append(k.rules, rule{
			name: r.Name, evidence: r.evidence(), weight: p.Weights[r.Name],
			all: c.numbers(r.All), any: c.numbers(r.Any), not: c.numbers(r.Not), off: c.numbers(r.Cancels),
		})
		if p.Weights[r.Name] != 0 {
			k.weighty = append(k.weighty, i)
		}
		k.rulesLeast += min(0, p.Weights[r.Name])
		k.rulesMost += max(0, p.Weights[r.Name])
		for _, s := range c.numbers(r.Cancels) {
			k.cancel[s] = append(k.cancel[s], i)
		}
		for _, s := range c.numbers(append(slices.Clone(r.All), r.Any...)) {
			k.named[s] = append(k.named[s], i)
		}
	}
	p.compiled = k
}

// suffixes are the sums of what follows in each place, that place included.
func suffixes(of []float64) []float64 {
	sums := make([]float64, len(of)+1)
	for i := range of {
		for _, x := range of[i:] {
			sums[i] += x
		}
	}
	return sums
}

func (c *catalog) numbers(names []string) []int {
	var n []int
	for _, name := range names {
		n = append(n, c.index[name])
	}
	return n
}

// evidence says in words what the rule is: "all of A, B; none of C; cancels D".
func (r *Composite) evidence() string {
	var parts []string
	part := func(before string, names []string) {
		if len(names) > 0 {
			parts = append(parts, before+strings.Join(names, ", "))
		}
	}
	part("all of ", r.All)
	part("any of ", r.Any)
	part("none of ", r.Not)
	part("cancels ", r.Cancels)
	return strings.Join(parts, "; ")
}

// round keeps three decimals: enough for any weight, and sums stay readable.
func round(x float64) float64 { return math.Round(x*1000) / 1000 }

// wish is the action that the score asks for.
func (p *Policy) wish(score float64) verdict.Action {
	t := &p.Thresholds
	switch {
	case score >= t.Reject:
		return verdict.Reject
	case score >= t.Introduce:
		return verdict.Introduce
	case score >= t.Label:
		return verdict.Label
	}
	return verdict.Relay
}

// Decide is the action that a score leads to for this attempt, and the way of introduction if it is that. A higher score
// never leads to a milder action, which is what the early stop rests on.
func (p *Policy) Decide(score float64, a *Attempt) (verdict.Action, string) {
	action := p.wish(score)
	if action != verdict.Introduce {
		return action, ""
	}
	for _, way := range p.Introduce {
		for _, possible := range a.Introductions {
			if way == possible {
				return action, way
			}
		}
	}
	return p.Fallback, ""
}
