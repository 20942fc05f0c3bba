package effect

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
)

// Evaluation is a set of cases.
type Evaluation struct {
	// Options are those of the main world. Ablations are made in a smaller one.
	Options Options
	// Techniques are the checks that can be switched off.
	Techniques []string
	// Runner plays the worlds, Workers of them at a time.
	Runner  Runner
	Workers int
	// Filter limits the cases to those whose group or name contains it.
	Filter string
	// Policy are further lines of the policy of all cases, to try other weights.
	Policy string
	// Say tells how far it is.
	Say func(text string)
}

// The groups of cases, in the order of the page.
const (
	GroupMain     = "default policy"
	GroupHostile  = "turned hostile"
	GroupSeeds    = "other seeds"
	GroupAlone    = "each technique alone"
	GroupWithout  = "all techniques but one"
	ablationShare = 5 // the part of the users whose calls the ablations see
)

// Cases are all cases, the main one first.
func (e *Evaluation) Cases() []Case {
	o := e.Options
	small := o
	small.Users = max(100, o.Users/ablationShare)
	tenfold := small
	tenfold.Spam = 10
	robots := o
	robots.Robots = true
	all := []Case{
		{Name: "introductions by consent and voice test", Group: GroupMain, Options: o},
		{Name: "no introductions", Group: GroupMain, Options: o, Introduce: []string{}},
		{Name: "ten times the spam", Group: GroupMain, Options: tenfold},
		{Name: "robots pass the voice test and rotate numbers", Group: GroupMain, Options: robots},
	}
	all = append(all, e.hostile(small)...)
	for seed := range uint64(3) {
		other := small
		other.Seed = o.Seed + 100 + seed
		all = append(all, Case{Name: fmt.Sprintf("seed %d", other.Seed), Group: GroupSeeds, Options: other})
	}
	all = append(all, Case{Name: "everything", Group: GroupWithout, Options: small})
	for _, t := range e.Techniques {
		all = append(all, Case{Name: t, Group: GroupWithout, Options: small, Off: []string{t}})
	}
	all = append(all, Case{Name: "nothing", Group: GroupAlone, Options: small, Off: e.Techniques})
	for i, t := range e.Techniques {
		others := append(append([]string(nil), e.Techniques[:i]...), e.Techniques[i+1:]...)
		all = append(all, Case{Name: t, Group: GroupAlone, Options: small, Off: others})
	}
	return e.filtered(all)
}

// hostile are the cases in which a technique is turned against the users.
func (e *Evaluation) hostile(o Options) []Case {
	liars := o
	liars.Liars = .1
	robots := o
	robots.Robots = true
	redialling := robots
	redialling.Redial = true
	return []Case{
		{Name: "nothing hostile", Group: GroupHostile, Options: o},
		{Name: "one user in ten says the opposite", Group: GroupHostile, Options: liars},
		{Name: "robots pass the voice test", Group: GroupHostile, Options: robots},
		{Name: "robots pass the voice test, and call again", Group: GroupHostile, Options: redialling},
		{Name: "a black list that holds one contact in twenty", Group: GroupHostile, Options: o, Blocked: func(w *World) (all []string) {
			for i := 0; i < len(w.people); i += 20 {
				all = append(all, w.people[i].number)
			}
			return all
		}},
		{Name: "a circle member who vouches for spammers", Group: GroupHostile, Options: o, Allowed: func(w *World) (all []string) {
			seen := map[string]bool{}
			for _, ev := range w.events {
				if (ev.actor == Telemarket || ev.actor == Snowshoe) && !seen[ev.from] && len(seen) < 200 {
					seen[ev.from] = true
					all = append(all, ev.from[len("sip:"):strings.IndexByte(ev.from, '@')])
				}
			}
			return all
		}},
	}
}

func (e *Evaluation) filtered(all []Case) (some []Case) {
	for _, c := range all {
		if c.Policy = e.Policy; strings.Contains(c.Group+" "+c.Name, e.Filter) {
			some = append(some, c)
		}
	}
	return some
}

// Run runs all cases. Those of one world follow each other, so that few worlds are in memory at a time.
func (e *Evaluation) Run(ctx context.Context) ([]*Result, error) {
	cases := e.Cases()
	results := make([]*Result, len(cases))
	for done := make([]bool, len(cases)); ; {
		var same []int
		for i := range cases {
			if !done[i] && (len(same) == 0 || cases[i].Options == cases[same[0]].Options) {
				same, done[i] = append(same, i), true
			}
		}
		if len(same) == 0 {
			return results, nil
		}
		if err := e.runWorld(ctx, cases, same, results); err != nil {
			return nil, err
		}
	}
}

// runWorld runs the cases of one world.
func (e *Evaluation) runWorld(ctx context.Context, cases []Case, same []int, results []*Result) error {
	w := Make(cases[same[0]].Options)
	events, err := e.Runner.Store(fmt.Sprintf("events-%d.jsonl", same[0]), func(out io.Writer) error {
		_, err := w.WriteTo(out)
		return err
	})
	if err != nil {
		return err
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	var failed error
	seats := make(chan struct{}, max(1, e.Workers))
	for _, i := range same {
		seats <- struct{}{}
		wait.Go(func() {
			defer func() { <-seats }()
			res, err := Run(ctx, e.Runner, w, events, cases[i])
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = fmt.Errorf("effect: %s, %s: %w", cases[i].Group, cases[i].Name, err)
				return
			}
			results[i] = res
			e.Say(fmt.Sprintf("%s, %s: %d events in %.1f s", cases[i].Group, cases[i].Name, res.Events, res.Took.Seconds()))
		})
	}
	wait.Wait()
	return failed
}
