package effect

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"time"
)

//go:embed page.html
var page string

// The size of a plot.
const (
	plotWidth  = 720.0
	plotHeight = 180.0
)

// curve is a share of each day as the points of a line.
type curve struct{ Name, Class, Points string }

// days draws what becomes of wanted and unwanted attempts day by day, 100 % at the top.
func (s *Score) days() []curve {
	line := func(name, class string, days []Tally, value func(*Tally) int) curve {
		c := curve{Name: name, Class: class}
		for d := range days {
			if days[d].Happened == 0 {
				continue
			}
			x := plotWidth * (float64(d) + .5) / float64(len(days))
			c.Points += fmt.Sprintf("%.1f,%.1f ", x, plotHeight*(1-share(value(&days[d]), days[d].Happened)))
		}
		return c
	}
	return []curve{
		line("unwanted attempts stopped", "good", s.Unwanted, (*Tally).Stopped),
		line("wanted attempts asked to introduce themselves", "asked", s.Wanted, func(t *Tally) int { return t.Asked }),
		line("wanted attempts lost", "bad", s.Wanted, (*Tally).Stopped),
	}
}

// actorRow is an actor in a table, with a bar.
type actorRow struct {
	Name          string
	Wanted        bool
	T             Tally
	Bar           float64 // of 100
	StoppedShare  string
	RejectedShare string
}

func (s *Score) rows() (all []actorRow) {
	for a := range Actors {
		t := s.Actors[a]
		if t.Happened == 0 {
			continue
		}
		all = append(all, actorRow{a.String(), a.Wanted(), t, 100 * share(t.Stopped(), t.Happened),
			fmt.Sprintf("%.2f %%", 100*share(t.Stopped(), t.Happened)), fmt.Sprintf("%.3f %%", 100*share(t.Rejected, t.Happened))})
	}
	return all
}

// caseRow is a case in a table of many.
type caseRow struct {
	Name                                      string
	Stopped, Blocked, First, Automated, Asked string
	Emergency, Rings                          int
	StoppedBar                                float64
}

// figureRow is a figure with its target.
type figureRow struct{ What, Value, Target, Verdict string }

// pageCase is a case with all its figures.
type pageCase struct {
	Name    string
	Events  int
	Speed   string
	Figures []figureRow
	Actors  []actorRow
	Days    []curve
}

// pageGroup is a group of cases in one table.
type pageGroup struct {
	Name  string
	Cases []caseRow
}

func (res *Result) whole() pageCase {
	c := pageCase{Name: res.Case.Name, Events: res.Events, Actors: res.Score.rows(), Days: res.Score.days(),
		Speed: fmt.Sprintf("%.0f", float64(res.Events)/max(res.Took.Seconds(), 1e-9))}
	for _, f := range res.Score.figures(res.Case.least()) {
		c.Figures = append(c.Figures, figureRow{f.what, f.text(), f.target, f.verdict()})
	}
	return c
}

func (res *Result) row() caseRow {
	s := res.Score
	good, bad := s.Total(true), s.Total(false)
	percent := func(n, of int, digits int) string { return fmt.Sprintf("%.*f %%", digits, 100*share(n, of)) }
	r := caseRow{Name: res.Case.Name, Stopped: percent(bad.Stopped(), bad.Happened, 2), Blocked: percent(good.Rejected, good.Happened, 3),
		First: percent(s.FirstLost, s.First, 2), Automated: percent(s.CallsLost, s.Calls, 2), Asked: percent(good.Asked, good.Happened, 2),
		Emergency: s.Actors[Emergency].Stopped(), StoppedBar: 100 * share(bad.Stopped(), bad.Happened)}
	for _, n := range s.Rings {
		r.Rings = max(r.Rings, n)
	}
	return r
}

// WriteHTML writes the report as one page that loads nothing and runs no script.
func (r *Report) WriteHTML(w io.Writer) error {
	t, err := template.New("effect").Parse(page)
	if err != nil {
		return fmt.Errorf("effect: %w", err)
	}
	var whole []pageCase
	var groups []pageGroup
	for _, res := range r.Results {
		if res.Case.Group == GroupMain {
			whole = append(whole, res.whole())
			continue
		}
		if len(groups) == 0 || groups[len(groups)-1].Name != res.Case.Group {
			groups = append(groups, pageGroup{Name: res.Case.Group})
		}
		g := &groups[len(groups)-1]
		g.Cases = append(g.Cases, res.row())
	}
	err = t.Execute(w, map[string]any{"R": r, "Date": r.Date.Format(time.DateOnly), "Whole": whole, "Groups": groups, "Width": plotWidth, "Height": plotHeight,
		"Small": max(100, r.Options.Users/ablationShare)})
	if err != nil {
		return fmt.Errorf("effect: %w", err)
	}
	return nil
}
