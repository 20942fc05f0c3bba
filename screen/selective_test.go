package screen_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
	"pgregory.net/rapid"
)

// cached is a Lookup check that knows the answer beforehand while known is true, and counts its look-ups.
type cached struct {
	*fake
	known   bool
	lookups int
}

func (c *cached) Wants(a *screen.Attempt, r *screen.Report) bool {
	c.fake.run(context.Background(), a, r)
	return !c.known
}

func (c *cached) Run(ctx context.Context, a *screen.Attempt, r *screen.Report) {
	c.lookups++
	c.fake.run(ctx, a, r)
}

func TestSelectiveCheckThatKnowsNeedsNoLookup(t *testing.T) {
	c := &cached{fake: says(screen.Lookup, "cached", 5, 1), known: true}
	e, p := build(t, enforce(), c)
	var v verdict.Verdict
	if !e.Cheap(&screen.Attempt{}, p, &v) {
		t.Error("the engine wants a look-up")
	}
	if got := v.Why(); got != "label 5: CACHED_SEEN +5 (as told)" {
		t.Errorf("got %s", got)
	}
	if s := e.Stats().Checks[0]; s.Runs != 1 || s.Signals != 1 || c.lookups != 0 {
		t.Errorf("%+v, %d look-ups", s, c.lookups)
	}
}

func TestSelectiveCheckThatWantsIsRunAndReportsOnce(t *testing.T) {
	c := &cached{fake: says(screen.Lookup, "cached", 5, 1)}
	e, p := build(t, enforce(), c)
	var v verdict.Verdict
	if e.Cheap(&screen.Attempt{}, p, &v) || len(v.Signals) != 0 {
		t.Errorf("before the look-up: %s", v.Why())
	}
	e.Lookup(context.Background(), &screen.Attempt{}, p, &v)
	if got := v.Why(); got != "label 5: CACHED_SEEN +5 (as told)" || c.lookups != 1 {
		t.Errorf("got %s, %d look-ups", got, c.lookups)
	}
}

// TestSelectiveCheckBesideAnother: what it knew in the cheap stage is shown once, although the other check's look-up makes a second round.
func TestSelectiveCheckBesideAnother(t *testing.T) {
	for exhaustive, want := range map[bool]string{
		false: "label 6: CACHED_SEEN +5 (as told), A_SEEN +1 (as told)", // the other's 2 cannot change that
		true:  "label 8: CACHED_SEEN +5 (as told), OTHER_SEEN +2 (as told), A_SEEN +1 (as told)",
	} {
		c := &cached{fake: says(screen.Lookup, "cached", 5, 1), known: true}
		e, p := build(t, enforce(), says(screen.Cheap, "a", 1, 1), c, says(screen.Lookup, "other", 2, 1))
		p.Exhaustive = exhaustive
		v := judge(e, p, &screen.Attempt{})
		if got := v.Why(); got != want || c.lookups != 0 {
			t.Errorf("exhaustive %v: %s, %d look-ups", exhaustive, got, c.lookups)
		}
		e.Wait()
	}
}

// TestSelectiveAnswerIsNotLostAtTheDeadline: its report does not wait for the late one.
func TestSelectiveAnswerIsNotLostAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := says(screen.Lookup, "late", 20, 1)
		late.run = func(ctx context.Context, _ *screen.Attempt, _ *screen.Report) { <-ctx.Done() }
		e, p := build(t, enforce(), &cached{fake: says(screen.Lookup, "cached", 5, 1), known: true}, late)
		start := time.Now()
		v := judge(e, p, &screen.Attempt{})
		if got := v.Why(); got != "label 5: CACHED_SEEN +5 (as told), LATE_TIMEOUT 0 (no answer within 150ms)" || time.Since(start) != 150*time.Millisecond {
			t.Errorf("got %s", got)
		}
		e.Wait()
	})
}

func TestSelectivePanicIsAReport(t *testing.T) {
	bad := says(screen.Lookup, "bad", 5, 1)
	bad.run = func(context.Context, *screen.Attempt, *screen.Report) { panic("bug") }
	e, p := build(t, enforce(), &cached{fake: bad, known: true})
	v := judge(e, p, &screen.Attempt{})
	if got := v.Why(); got != "relay 0: BAD_FAILED 0 (the check failed and was left out)" || e.Stats().Checks[0].Panics != 1 {
		t.Errorf("got %s, %+v", got, e.Stats().Checks[0])
	}
}

// TestCheapCheckIsNotAskedWhatItWants: the interface means nothing for other stages.
func TestCheapCheckIsNotAskedWhatItWants(t *testing.T) {
	c := &cached{fake: says(screen.Cheap, "cached", 5, 1)}
	e, p := build(t, enforce(), c)
	if v := judge(e, p, &screen.Attempt{}); v.Why() != "label 5: CACHED_SEEN +5 (as told)" || c.lookups != 1 {
		t.Errorf("got %s, %d runs", v.Why(), c.lookups)
	}
}

// TestSelectiveGivesTheSameActionAsALookup draws checks of which some know beforehand, and compares with an engine whose checks all look up.
func TestSelectiveGivesTheSameActionAsALookup(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var plain, selective []screen.Check
		for i := range rapid.IntRange(1, 5).Draw(t, "checks") {
			f := says(screen.Stage(rapid.IntRange(0, 1).Draw(t, "stage")), fmt.Sprintf("c%d", i), rapid.Float64Range(-16, 16).Draw(t, "weight"),
				rapid.SampledFrom([]float64{-1, 0, 0.3, 1}).Draw(t, "strength"))
			plain = append(plain, f)
			selective = append(selective, &cached{fake: f, known: rapid.Bool().Draw(t, "known")})
		}
		var actions [2]verdict.Action
		for i, checks := range [][]screen.Check{plain, selective} {
			e, err := screen.New(checks)
			if err != nil {
				t.Fatal(err)
			}
			p, err := e.Resolve(enforce())
			if err != nil {
				t.Fatal(err)
			}
			actions[i] = judge(e, p, &screen.Attempt{}).Action
			e.Wait()
		}
		if actions[0] != actions[1] {
			t.Fatalf("looked up: %s, selective: %s", actions[0], actions[1])
		}
	})
}

func TestSelectiveAllocatesNothing(t *testing.T) {
	for _, known := range []bool{true, false} {
		e, p := build(t, enforce(), says(screen.Cheap, "a", 15, -1), &cached{fake: says(screen.Lookup, "cached", 5, -1), known: known})
		var v verdict.Verdict
		a := &screen.Attempt{}
		if n := testing.AllocsPerRun(1000, func() { e.Cheap(a, p, &v) }); n != 0 {
			t.Errorf("known %v: %v allocations", known, n)
		}
	}
}

func BenchmarkCheapSelective(b *testing.B) {
	e, p := build(b, enforce(), says(screen.Cheap, "a", 15, -1), &cached{fake: says(screen.Lookup, "cached", 5, -1), known: true})
	var v verdict.Verdict
	a := &screen.Attempt{}
	b.ReportAllocs()
	for b.Loop() {
		e.Cheap(a, p, &v)
	}
}
