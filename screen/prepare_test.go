package screen_test

import (
	"context"
	"testing"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// ahead is a check that prepares.
type ahead struct {
	*fake
	prepare func(a *screen.Attempt, name *string)
}

func (c *ahead) Notes() any { return new(string) }

func (c *ahead) Prepare(a *screen.Attempt, notes any) { c.prepare(a, notes.(*string)) }

// preparing makes one that notes whom an attempt calls, and reports what it finds in its notes.
func preparing(name string, order *[]string) *ahead {
	c := &ahead{fake: says(screen.Cheap, name, 1, -1)}
	c.prepare = func(a *screen.Attempt, to *string) {
		*order = append(*order, "prepare "+name)
		*to = a.To.Requested
	}
	c.run = func(_ context.Context, _ *screen.Attempt, r *screen.Report) {
		*order = append(*order, "run "+name)
		r.Signal(c.info.Signals[0].Name, 1, *r.Notes().(*string))
	}
	return c
}

// exhaustive is the policy for who asks for all reasons.
func exhaustive(p *screen.Policy) *screen.Policy {
	all := *p
	all.Exhaustive = true
	return &all
}

func TestAllPrepareBeforeTheFirstRunsAndFindTheirNotes(t *testing.T) {
	var order []string
	e, p := build(t, enforce(), preparing("one", &order), says(screen.Cheap, "between", 1, -1), preparing("two", &order))
	p = exhaustive(p)
	for _, callee := range []string{"sip:bob@example.test", "sip:carol@example.test"} {
		order = order[:0]
		v := judge(e, p, &screen.Attempt{To: verdict.To{Requested: callee}})
		if len(v.Signals) != 2 || v.Signals[0].Evidence != callee || v.Signals[1].Evidence != callee {
			t.Errorf("%v", v.Signals)
		}
		if len(order) != 4 || order[0] != "prepare one" || order[1] != "prepare two" || order[2] != "run one" || order[3] != "run two" {
			t.Errorf("%v", order)
		}
	}
}

func TestACheckThatFailsToPrepareIsLeftOut(t *testing.T) {
	var order []string
	bad, good := preparing("bad", &order), preparing("good", &order)
	bad.prepare = func(*screen.Attempt, *string) { panic("a bug") }
	e, p := build(t, enforce(), bad, good)
	v := judge(e, exhaustive(p), &screen.Attempt{To: verdict.To{Requested: "sip:bob@example.test"}})
	if len(v.Signals) != 2 || v.Signals[0].Name != "BAD_FAILED" || v.Signals[1].Name != "GOOD_SEEN" {
		t.Errorf("%v", v.Signals)
	}
	if s := e.Stats().Checks[0]; s.Panics != 1 || s.Runs != 1 {
		t.Errorf("%+v", s)
	}
	if len(order) != 2 { // good alone
		t.Errorf("%v", order)
	}
}

func TestRunsAreCountedUpToTheCheckThatDecides(t *testing.T) {
	e, p := build(t, enforce(), says(screen.Cheap, "one", 100, 1), says(screen.Cheap, "two", 1, 1))
	judge(e, p, &screen.Attempt{})
	judge(e, exhaustive(p), &screen.Attempt{})
	if s := e.Stats().Checks; s[0].Runs != 2 || s[1].Runs != 1 || s[0].Signals != 2 || s[1].Signals != 1 {
		t.Errorf("%+v", s)
	}
}

// What several checks ask of one memory is asked of the check that has looked, while the attempt is judged and no longer.
func TestOthersAreToldFromNotes(t *testing.T) {
	var order []string
	owner := preparing("owner", &order)
	asking := says(screen.Cheap, "asking", 1, -1)
	asking.run = func(_ context.Context, a *screen.Attempt, r *screen.Report) {
		if to, ok := a.Notes(owner).(*string); ok {
			r.Signal("ASKING_SEEN", 1, *to)
		}
		if a.Notes(preparing("stranger", &order)) != nil {
			r.Signal("ASKING_SEEN", 1, "notes of a check that is none of the engine's")
		}
	}
	e, p := build(t, enforce(), asking, owner)
	p = exhaustive(p)
	a := &screen.Attempt{To: verdict.To{Requested: "sip:bob@example.test"}}
	if v := judge(e, p, a); len(v.Signals) != 2 || v.Signals[0].Evidence != "sip:bob@example.test" {
		t.Errorf("%v", v.Signals)
	}
	if a.Notes(owner) != nil {
		t.Error("there are notes when the attempt has been judged")
	}
	owner.prepare = func(*screen.Attempt, *string) { panic("a bug") }
	if v := judge(e, p, a); len(v.Signals) != 1 || v.Signals[0].Name != "OWNER_FAILED" {
		t.Errorf("notes of a check that has failed: %v", v.Signals)
	}
}
