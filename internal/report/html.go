package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"time"

	"gatehouse.example/verdict"
)

//go:embed report.html
var page string

// bar is a day as it is drawn.
type bar struct {
	*Day
	X, Width, Y, Height, YStopped, HeightStopped float64
}

// The size of the drawing.
const (
	drawingWidth  = 720.0
	drawingHeight = 160.0
)

// named is a counter with its share.
type named struct {
	Name  string
	N     int
	Share string
}

// WriteHTML writes the report as one page. All text of others is escaped; the page loads nothing and runs no script.
func (s *Summary) WriteHTML(w io.Writer) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"when": func(t time.Time) string { return t.UTC().Format(time.DateTime) },
		"mean": func(r *Reason) string { return fmt.Sprintf("%+.1f", r.Score/float64(r.Attempts)) },
	}).Parse(page)
	if err != nil {
		return wrap(err)
	}
	reasons := s.Reasons()
	return wrap(t.Execute(w, map[string]any{
		"S": s, "Actions": actions(s.Actions[:], s.Attempts), "Would": actions(s.Would[:], s.Monitored), "Kinds": kinds(s),
		"Reasons": reasons[:min(len(reasons), 2*shown)], "Bars": s.bars(), "Width": drawingWidth, "Height": drawingHeight,
		"Silent": s.Spam == (Said{}) && s.Ham == (Said{}),
	}))
}

func actions(counts []int, of int) (all []named) {
	for a, n := range counts {
		if n > 0 {
			all = append(all, named{verdict.Action(a).String(), n, percent(n, of)})
		}
	}
	return all
}

func kinds(s *Summary) (all []named) {
	for k, n := range s.Kinds {
		if n > 0 {
			all = append(all, named{verdict.Kind(k).String(), n, percent(n, s.Attempts)})
		}
	}
	return all
}

func percent(n, of int) string { return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(max(of, 1))) }

// bars places the days side by side, the highest over the whole height.
func (s *Summary) bars() (all []bar) {
	days := s.Days()
	most := 1
	for _, d := range days {
		most = max(most, d.Attempts)
	}
	for i, d := range days {
		step := drawingWidth / float64(len(days))
		h, hs := drawingHeight*float64(d.Attempts)/float64(most), drawingHeight*float64(d.Stopped)/float64(most)
		all = append(all, bar{Day: d, X: step * float64(i), Width: step * .9, Y: drawingHeight - h, Height: h, YStopped: drawingHeight - hs, HeightStopped: hs})
	}
	return all
}
