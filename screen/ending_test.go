package screen_test

import (
	"context"
	"testing"

	"gatehouse.example/screen"
)

// pupil remembers what it was told; it fails where it is asked to.
type pupil struct {
	name   string
	fails  bool
	ends   []*screen.Ending
	labels []string
}

func (p *pupil) Info() screen.Info {
	return screen.Info{Name: p.name, Signals: []screen.SignalInfo{{Name: upper(p.name) + "_SEEN"}}}
}
func (p *pupil) Run(context.Context, *screen.Attempt, *screen.Report) {}
func (p *pupil) Learn(e *screen.Ending) {
	if p.fails {
		panic("a bug")
	}
	p.ends = append(p.ends, e)
}
func (p *pupil) Judge(_ *screen.Attempt, label, by string) {
	if p.fails {
		panic("a bug")
	}
	p.labels = append(p.labels, label+" by "+by)
}

func upper(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] -= 'a' - 'A'
	}
	return string(b)
}

func TestLearnersAreToldAndAFailingOneCostsTheOthersNothing(t *testing.T) {
	bad, good := &pupil{name: "bad", fails: true}, &pupil{name: "good"}
	e, err := screen.New([]screen.Check{bad, good})
	if err != nil {
		t.Fatal(err)
	}
	a := &screen.Attempt{ID: "1"}
	e.Learn(&screen.Ending{Attempt: a, Status: 607})
	e.Judge(a, "spam", "admin")
	if len(good.ends) != 1 || good.ends[0].Status != 607 || len(good.labels) != 1 || good.labels[0] != "spam by admin" {
		t.Errorf("the check was told %v, %v", good.ends, good.labels)
	}
	for _, c := range e.Stats().Checks {
		if c.Learned != 1 || c.Judged != 1 {
			t.Errorf("%s: learned %d, judged %d", c.Name, c.Learned, c.Judged)
		}
		if want := map[string]uint64{"bad": 2}[c.Name]; c.Panics != want {
			t.Errorf("%s: %d panics, want %d", c.Name, c.Panics, want)
		}
	}
}

func TestProbesTeachNothing(t *testing.T) {
	p := &pupil{name: "good"}
	e, err := screen.New([]screen.Check{p})
	if err != nil {
		t.Fatal(err)
	}
	e.Learn(&screen.Ending{Attempt: &screen.Attempt{Probe: true}})
	e.Learn(&screen.Ending{})
	e.Judge(&screen.Attempt{Probe: true}, "ham", "admin")
	if len(p.ends)+len(p.labels) != 0 {
		t.Errorf("told %v, %v", p.ends, p.labels)
	}
}

func TestToldNothingIsAllocated(t *testing.T) {
	p := &pupil{name: "good"}
	e, err := screen.New([]screen.Check{p})
	if err != nil {
		t.Fatal(err)
	}
	end := &screen.Ending{Attempt: &screen.Attempt{}}
	p.ends = make([]*screen.Ending, 0, 4096)
	if n := testing.AllocsPerRun(1000, func() { e.Learn(end) }); n != 0 {
		t.Errorf("%v allocations per ending", n)
	}
}
