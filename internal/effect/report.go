package effect

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Report is what an evaluation came to.
type Report struct {
	// Results are those of all cases, in their order; Options those of the main world; Date is when it was measured.
	Results []*Result
	Options Options
	Date    time.Time
	// Commit is what was measured, Command how.
	Commit, Command string
}

// figure is one measured value beside its target.
type figure struct {
	what, target string
	value        float64
	count, of    int
	good         func(float64) bool
}

func atLeast(x float64) func(float64) bool { return func(v float64) bool { return v >= x } }
func atMost(x float64) func(float64) bool  { return func(v float64) bool { return v <= x } }

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// figures are the values that the targets are about. unwanted is the least share of unwanted attempts to be stopped.
func (s *Score) figures(unwanted float64) []figure {
	good, bad := s.Total(true), s.Total(false)
	week, later := s.asked()
	f := []figure{
		{"unwanted attempts stopped", fmt.Sprintf("≥ %.0f %%", 100*unwanted), share(bad.Stopped(), bad.Happened), bad.Stopped(), bad.Happened, atLeast(unwanted)},
		{"wanted attempts blocked", "≤ 0.1 %", share(good.Rejected, good.Happened), good.Rejected, good.Happened, atMost(.001)},
		{"first contacts lost after one retry", "≤ 1 %", share(s.FirstLost, s.First), s.FirstLost, s.First, atMost(.01)},
		{"wanted automated calls lost", "≤ 2 %", share(s.CallsLost, s.Calls), s.CallsLost, s.Calls, atMost(.02)},
		{"emergency call-backs lost", "0", share(s.Actors[Emergency].Stopped(), s.Actors[Emergency].Happened), s.Actors[Emergency].Stopped(),
			s.Actors[Emergency].Happened, atMost(0)},
		{"wanted attempts asked, first week", "≤ 5 %", share(week.Asked, week.Happened), week.Asked, week.Happened, atMost(.05)},
		{"wanted attempts asked, later", "≤ 3 %", share(later.Asked, later.Happened), later.Asked, later.Happened, atMost(.03)},
		{"our users' own calls and messages stopped", "0", share(s.OwnCalls.Stopped(), s.OwnCalls.Happened), s.OwnCalls.Stopped(), s.OwnCalls.Happened, atMost(0)},
	}
	if len(s.Rings) > 0 {
		most := slices.Max(s.Rings)
		f = append(f, figure{"rings before a hijacked friend is held, the worst", "≤ 5", float64(most), most, 1, atMost(5)})
	}
	if len(s.Sweeps) > 1 {
		var before, seen int
		for _, w := range s.Sweeps {
			before, seen = max(before, w.Before), max(seen, w.Seen)
		}
		f = append(f, figure{"requests of one scan before the drop, the worst", "≤ 5", float64(before), before, 1, atMost(5)},
			figure{"requests of one scan looked at in all, the worst", "none", float64(seen), seen, 1, nil})
	}
	return f
}

// asked are the wanted attempts of the first week and of the time after it.
func (s *Score) asked() (week, later Tally) {
	for d := range s.Wanted {
		if d < 7 {
			week.sum(&s.Wanted[d])
		} else {
			later.sum(&s.Wanted[d])
		}
	}
	return week, later
}

// text is the value as people read it.
func (f *figure) text() string {
	if f.of == 1 {
		return fmt.Sprint(f.count)
	}
	return fmt.Sprintf("%.2f %% (%d of %d)", 100*f.value, f.count, f.of)
}

func (f *figure) verdict() string {
	if f.good == nil {
		return ""
	}
	if f.good(f.value) {
		return "met"
	}
	return "missed"
}

// least is the share of unwanted attempts that a case should stop.
func (c *Case) least() float64 {
	switch {
	case c.Options.Spam >= 10:
		return .99
	case c.Options.Robots:
		return .90
	}
	return .98
}

// WriteText writes all figures as text.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Calls: %d users, %d days, seed %d; %s; %s\n%s\n", r.Options.Users, r.Options.Days, r.Options.Seed, r.Date.Format(time.DateOnly), r.Commit, r.Command)
	group := ""
	for _, res := range r.Results {
		if res.Case.Group != group {
			group = res.Case.Group
			fmt.Fprintf(&b, "\n== %s\n", group)
			if brief(group) {
				fmt.Fprintf(&b, "%-48s %9s %9s %9s %9s %9s %6s\n", "", "stopped", "blocked", "1st lost", "auto lost", "asked", "rings")
			}
		}
		if brief(group) {
			res.writeRow(&b)
		} else {
			res.writeAll(&b)
		}
	}
	_, err := io.WriteString(w, b.String())
	if err != nil {
		return fmt.Errorf("effect: %w", err)
	}
	return nil
}

// brief tells which groups have a line for each case.
func brief(group string) bool { return group != GroupMain }

func (res *Result) writeRow(b *strings.Builder) {
	s := res.Score
	good, bad := s.Total(true), s.Total(false)
	rings := 0
	if len(s.Rings) > 0 {
		rings = slices.Max(s.Rings)
	}
	fmt.Fprintf(b, "%-48s %8.2f%% %8.3f%% %8.2f%% %8.2f%% %8.2f%% %6d\n", res.Case.Name, 100*share(bad.Stopped(), bad.Happened), 100*share(good.Rejected, good.Happened),
		100*share(s.FirstLost, s.First), 100*share(s.CallsLost, s.Calls), 100*share(good.Asked, good.Happened), rings)
}

func (res *Result) writeAll(b *strings.Builder) {
	fmt.Fprintf(b, "\n-- %s (%d events, %.0f a second on one core)\n", res.Case.Name, res.Events, float64(res.Events)/res.Took.Seconds())
	for _, f := range res.Score.figures(res.Case.least()) {
		fmt.Fprintf(b, "%-52s %-32s target %-20s %s\n", f.what, f.text(), f.target, f.verdict())
	}
	fmt.Fprintf(b, "%-26s %9s %9s %9s %9s %9s %9s\n", "", "attempts", "relayed", "labelled", "asked", "passed", "rejected")
	for a := range Actors {
		t := &res.Score.Actors[a]
		fmt.Fprintf(b, "%-26s %9d %9d %9d %9d %9d %9d\n", a, t.Happened, t.Relayed, t.Labelled, t.Asked, t.Passed, t.Rejected)
	}
	fmt.Fprintf(b, "%-26s %9s %9s %9s %9s %9s\n", "", "unwanted", "stopped", "wanted", "asked", "lost")
	for d := range res.Score.Wanted {
		good, bad := &res.Score.Wanted[d], &res.Score.Unwanted[d]
		fmt.Fprintf(b, "day %-22d %9d %9d %9d %9d %9d\n", d+1, bad.Happened, bad.Stopped(), good.Happened, good.Asked, good.Stopped())
	}
}
