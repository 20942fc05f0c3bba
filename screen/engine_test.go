package screen_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
	"pgregory.net/rapid"
)

// fake is a check that reports what it was made with.
type fake struct {
	info screen.Info
	run  func(ctx context.Context, a *screen.Attempt, r *screen.Report)
}

func (f *fake) Info() screen.Info { return f.info }

func (f *fake) Run(ctx context.Context, a *screen.Attempt, r *screen.Report) { f.run(ctx, a, r) }

// says makes a check that reports one signal of the given weight and strength; strength below 0 reports nothing.
func says(stage screen.Stage, name string, weight, strength float64) *fake {
	signal := strings.ToUpper(name) + "_SEEN"
	return &fake{
		screen.Info{Name: name, Stage: stage, Signals: []screen.SignalInfo{{Name: signal, Weight: weight}}},
		func(_ context.Context, _ *screen.Attempt, r *screen.Report) {
			if strength >= 0 {
				r.Signal(signal, strength, "as told")
			}
		},
	}
}

// after lets a Lookup check answer after d, or not at all where its time is up before.
func after(d time.Duration, f *fake) *fake {
	answer := f.run
	f.run = func(ctx context.Context, a *screen.Attempt, r *screen.Report) {
		select {
		case <-time.After(d):
			answer(ctx, a, r)
		case <-ctx.Done():
		}
	}
	return f
}

// computing marks a Lookup check as one that waits for nobody.
func computing(f *fake) *fake {
	f.info.Computes = true
	return f
}

func enforce() screen.Layer {
	m := verdict.Enforce
	return screen.Layer{Name: "policy", Mode: &m}
}

func build(t testing.TB, layer screen.Layer, checks ...screen.Check) (*screen.Engine, *screen.Policy) {
	t.Helper()
	e, err := screen.New(checks)
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Resolve(layer)
	if err != nil {
		t.Fatal(err)
	}
	return e, p
}

func judge(e *screen.Engine, p *screen.Policy, a *screen.Attempt) *verdict.Verdict {
	var v verdict.Verdict
	if !e.Cheap(a, p, &v) {
		e.Lookup(context.Background(), a, p, &v)
	}
	return &v
}

func TestThresholdsChooseTheAction(t *testing.T) {
	for _, c := range []struct {
		weight float64
		want   verdict.Action
	}{{3.999, verdict.Relay}, {4, verdict.Label}, {6, verdict.Label}, {11.9, verdict.Label}, {12, verdict.Reject}, {-20, verdict.Relay}} {
		e, p := build(t, enforce(), says(screen.Cheap, "a", c.weight, 1))
		if v := judge(e, p, &screen.Attempt{}); v.Action != c.want || v.Score != c.weight {
			t.Errorf("weight %v: %s, want %s", c.weight, v.Why(), c.want)
		}
	}
}

func TestIntroduceNeedsAWayElseFallsBack(t *testing.T) {
	layer := enforce()
	layer.Introduce = []string{"consent", "turing"}
	e, p := build(t, layer, says(screen.Cheap, "a", 7, 1))
	if v := judge(e, p, &screen.Attempt{Introductions: []string{"turing", "puzzle"}}); v.Action != verdict.Introduce || v.Introduction != "turing" {
		t.Errorf("got %s by %q", v.Why(), v.Introduction)
	}
	reject := verdict.Reject
	layer.Fallback = &reject
	e, p = build(t, layer, says(screen.Cheap, "a", 7, 1))
	if v := judge(e, p, &screen.Attempt{}); v.Action != verdict.Reject || v.Introduction != "" {
		t.Errorf("got %s by %q", v.Why(), v.Introduction)
	}
}

// TestADistrustedWayIsReplaced: where a signal says that the way chosen by the policy tells nothing, another is asked for; other ways are not touched.
func TestADistrustedWayIsReplaced(t *testing.T) {
	doubt := says(screen.Cheap, "doubt", 0, 1)
	doubt.info.Signals[0].Distrusts, doubt.info.Signals[0].Asks = "turing", "call-again"
	layer := enforce()
	layer.Introduce = []string{"consent", "turing"}
	e, p := build(t, layer, says(screen.Cheap, "spam", 7, 1), doubt)
	for ways, want := range map[string]string{"turing": "call-again", "consent": "consent"} {
		if v := judge(e, p, &screen.Attempt{Introductions: []string{ways}}); v.Action != verdict.Introduce || v.Introduction != want {
			t.Errorf("%s: %v by %q", ways, v.Action, v.Introduction)
		}
	}
	for _, half := range []screen.SignalInfo{{Name: "HALF", Distrusts: "turing"}, {Name: "HALF", Asks: "turing"}} {
		if _, err := screen.New([]screen.Check{&fake{info: screen.Info{Name: "half", Signals: []screen.SignalInfo{half}}}}); err == nil {
			t.Errorf("%+v was taken", half)
		}
	}
}

func TestMonitorRelaysAndSaysWhatItWouldDo(t *testing.T) {
	e, p := build(t, screen.Layer{}, says(screen.Cheap, "a", 15, 1))
	v := judge(e, p, &screen.Attempt{})
	if v.Action != verdict.Relay || v.Would != verdict.Reject || v.Mode != verdict.Monitor || v.Score != 15 {
		t.Errorf("got %s", v.Why())
	}
}

func TestExemptIsNeverScreened(t *testing.T) {
	e, p := build(t, enforce(), says(screen.Cheap, "a", 15, 1), says(screen.Lookup, "b", 15, 1))
	v := judge(e, p, &screen.Attempt{Exempt: "emergency number 112"})
	if got := v.Why(); got != "relay 0: EXEMPT 0 (emergency number 112)" {
		t.Errorf("got %s", got)
	}
	for _, c := range e.Stats().Checks {
		if c.Runs != 0 {
			t.Errorf("check %s ran", c.Name)
		}
	}
}

func TestPanicIsRecoveredCountedAndShown(t *testing.T) {
	for _, stage := range []screen.Stage{screen.Cheap, screen.Lookup} {
		bad := says(stage, "bad", 5, 1)
		bad.run = func(_ context.Context, _ *screen.Attempt, r *screen.Report) {
			r.Signal("BAD_SEEN", 1, "half done")
			panic("bug")
		}
		e, p := build(t, enforce(), bad, says(stage, "good", 5, 1))
		p.Exhaustive = true
		v := judge(e, p, &screen.Attempt{})
		if got := v.Why(); got != "label 5: GOOD_SEEN +5 (as told), BAD_FAILED 0 (the check failed and was left out)" {
			t.Errorf("%s: got %s", stage, got)
		}
		if s := e.Stats().Checks[0]; s.Panics != 1 {
			t.Errorf("%s: %+v", stage, s)
		}
	}
}

func TestUnknownSignalIsCountedAndIgnored(t *testing.T) {
	bad := says(screen.Cheap, "bad", 5, 1)
	bad.run = func(_ context.Context, _ *screen.Attempt, r *screen.Report) { r.Signal("GOOD_SEEN", 1, "not mine") }
	e, p := build(t, enforce(), bad, says(screen.Cheap, "good", 5, -1))
	if v := judge(e, p, &screen.Attempt{}); len(v.Signals) != 0 || e.Stats().Checks[0].Unknown != 1 {
		t.Errorf("got %s, %+v", v.Why(), e.Stats())
	}
}

func TestStrongestReportOfASignalCounts(t *testing.T) {
	c := says(screen.Cheap, "a", 4, 1)
	c.run = func(_ context.Context, _ *screen.Attempt, r *screen.Report) {
		r.Signal("A_SEEN", 0.25, "weak")
		r.Signal("A_SEEN", 7, "strong")
		r.Signal("A_SEEN", 0.5, "middling")
	}
	e, p := build(t, enforce(), c)
	if got := judge(e, p, &screen.Attempt{}).Why(); got != "label 4: A_SEEN +4 (strong)" {
		t.Errorf("got %s", got)
	}
}

func TestCompositeCancels(t *testing.T) {
	layer := enforce()
	layer.Composites = []screen.Composite{{
		Name: "DIVERTED", All: []string{"MISMATCH_SEEN"}, Any: []string{"DIV_SEEN", "OTHER_SEEN"}, Not: []string{"FORGED_SEEN"},
		Weight: -1, Cancels: []string{"MISMATCH_SEEN"},
	}}
	mismatch, div, forged := says(screen.Cheap, "mismatch", 13, 1), says(screen.Cheap, "div", 0, 0.5), says(screen.Cheap, "forged", 0, -1)
	e, p := build(t, layer, mismatch, div, forged, says(screen.Cheap, "other", 0, -1))
	v := judge(e, p, &screen.Attempt{})
	if v.Action != verdict.Relay || v.Score != -0.5 || len(v.Signals) != 3 {
		t.Errorf("got %s", v.Why())
	}
	if s, _ := v.Signal("MISMATCH_SEEN"); s.Score != 0 || s.Weight != 13 {
		t.Errorf("the cancelled signal is %+v", s)
	}
	e, p = build(t, layer, mismatch, div, says(screen.Cheap, "forged", 0, 1), says(screen.Cheap, "other", 0, -1))
	if v := judge(e, p, &screen.Attempt{}); v.Action != verdict.Reject || v.Score != 13 {
		t.Errorf("with a forged chain: %s", v.Why())
	}
}

func TestEngineStopsWhenNothingCanChangeTheAction(t *testing.T) {
	e, p := build(t, enforce(), says(screen.Cheap, "a", 15, 1), says(screen.Cheap, "b", -3, 1), says(screen.Lookup, "c", 20, 1))
	v := judge(e, p, &screen.Attempt{})
	if v.Action != verdict.Reject || e.Stats().Checks[1].Runs != 0 || e.Stats().Checks[2].Runs != 0 {
		t.Errorf("got %s, %+v", v.Why(), e.Stats().Checks)
	}
	p.Exhaustive = true
	if v := judge(e, p, &screen.Attempt{}); v.Score != 32 || len(v.Signals) != 3 {
		t.Errorf("exhaustive: %s", v.Why())
	}
}

// TestNothingOfOneAttemptIsFoundInTheNext, whatever look-ups went on with: what one attempt has shown fires no composite for another.
func TestNothingOfOneAttemptIsFoundInTheNext(t *testing.T) {
	cheap := says(screen.Cheap, "cheap", 1, 1)
	run := cheap.run
	cheap.run = func(ctx context.Context, a *screen.Attempt, r *screen.Report) {
		if a.ID == "first" {
			run(ctx, a, r)
		}
	}
	layer := enforce()
	layer.Composites = []screen.Composite{{Name: "LEFT_OVER", Any: []string{"CHEAP_SEEN"}, Weight: 1}, {Name: "WITHOUT", All: []string{"SLOW_SEEN"}, Not: []string{"CHEAP_SEEN"}, Weight: 2}}
	e, p := build(t, layer, cheap, says(screen.Lookup, "slow", 9, 1))
	for _, want := range []struct {
		id    string
		score float64
	}{{"first", 11}, {"second", 11}, {"first", 11}, {"third", 11}} {
		v := judge(e, p, &screen.Attempt{ID: want.id})
		left := strings.Contains(v.Why(), "LEFT_OVER")
		if v.Score != want.score || left != (want.id == "first") {
			t.Errorf("%s: %s", want.id, v.Why())
		}
	}
}

func TestPolicyOfOtherChecksRelaysAndIsCounted(t *testing.T) {
	_, p := build(t, enforce(), says(screen.Cheap, "a", 15, 1))
	e, _ := build(t, enforce(), says(screen.Cheap, "b", 15, 1))
	if v := judge(e, p, &screen.Attempt{}); v.Action != verdict.Relay || e.Stats().Misuses != 1 {
		t.Errorf("got %s, %+v", v.Why(), e.Stats())
	}
}

func TestLookupsRunTogetherAndFailOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p := build(t, enforce(), after(100*time.Millisecond, says(screen.Lookup, "fast", 5, 1)),
			after(100*time.Millisecond, says(screen.Lookup, "also", 5, 1)), after(time.Second, says(screen.Lookup, "late", 5, 1)))
		start := time.Now()
		v := judge(e, p, &screen.Attempt{})
		if took := time.Since(start); took != 150*time.Millisecond {
			t.Errorf("took %s", took)
		}
		if got := v.Why(); got != "label 10: FAST_SEEN +5 (as told), ALSO_SEEN +5 (as told), LATE_TIMEOUT 0 (no answer within 150ms)" {
			t.Errorf("got %s", got)
		}
		e.Wait()
		if s := e.Stats().Checks[2]; s.Timeouts != 1 || s.InFlight != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestTimeoutCountsWhereThePolicySaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := says(screen.Lookup, "late", 5, 1)
		late.run = func(ctx context.Context, _ *screen.Attempt, _ *screen.Report) { <-ctx.Done() }
		layer := enforce()
		layer.Weights = map[string]float64{"LATE_TIMEOUT": 12}
		e, p := build(t, layer, late)
		if v := judge(e, p, &screen.Attempt{}); v.Action != verdict.Reject {
			t.Errorf("got %s", v.Why())
		}
		e.Wait()
	})
}

func TestStubbornCheckHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		stubborn := says(screen.Lookup, "stubborn", 5, 1)
		stubborn.run = func(_ context.Context, a *screen.Attempt, r *screen.Report) {
			<-release
			r.Signal("STUBBORN_SEEN", 1, a.ID)
		}
		e, p := build(t, enforce(), stubborn)
		for range 3000 {
			if v := judge(e, p, &screen.Attempt{}); v.Action != verdict.Relay || v.Signals[0].Name != "STUBBORN_TIMEOUT" {
				t.Fatalf("got %s", v.Why())
			}
		}
		if s := e.Stats().Checks[0]; s.InFlight != 1024 || s.Timeouts != 3000 || s.Runs != 1024 {
			t.Errorf("%+v", s)
		}
		close(release)
		e.Wait()
	})
}

// TestEarlyStopGivesTheActionOfAllReasons draws checks, weights, composites and thresholds, and compares the engine that stops early with
// the one that evaluates everything.
func TestEarlyStopGivesTheActionOfAllReasons(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var checks []screen.Check
		var signals []string
		for i := range rapid.IntRange(1, 6).Draw(t, "checks") {
			info := screen.Info{Name: fmt.Sprintf("c%d", i), Stage: screen.Stage(rapid.IntRange(0, 1).Draw(t, "stage")), Computes: rapid.Bool().Draw(t, "computes")}
			var strengths []float64
			for j := range rapid.IntRange(1, 3).Draw(t, "signals") {
				name := fmt.Sprintf("C%d_S%d", i, j)
				signals = append(signals, name)
				info.Signals = append(info.Signals, screen.SignalInfo{Name: name, Weight: rapid.Float64Range(-16, 16).Draw(t, "weight")})
				strengths = append(strengths, rapid.SampledFrom([]float64{-1, -1, 0, 0.1, 0.5, 1, 1}).Draw(t, "strength"))
			}
			checks = append(checks, &fake{info, func(_ context.Context, _ *screen.Attempt, r *screen.Report) {
				for j, s := range strengths {
					if s >= 0 {
						r.Signal(info.Signals[j].Name, s, "")
					}
				}
			}})
		}
		layer := enforce()
		names := func(label string, least int) []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom(signals), least, min(2, len(signals)), rapid.ID[string]).Draw(t, label)
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "composites") {
			layer.Composites = append(layer.Composites, screen.Composite{
				Name: fmt.Sprintf("RULE%d", i), All: names("all", 1), Any: names("any", 0), Not: names("not", 0), Cancels: names("cancels", 0),
				Weight: rapid.Float64Range(-16, 16).Draw(t, "weight"),
			})
		}
		if rapid.Bool().Draw(t, "fallback") {
			reject := verdict.Reject
			layer.Fallback = &reject
		}
		layer.Introduce = []string{"consent"}
		a := &screen.Attempt{}
		if rapid.Bool().Draw(t, "way") {
			a.Introductions = []string{"consent"}
		}
		e, err := screen.New(checks)
		if err != nil {
			t.Fatal(err)
		}
		p, err := e.Resolve(layer)
		if err != nil {
			t.Fatal(err)
		}
		all := *p
		all.Exhaustive = true
		quick, full := judge(e, p, a), judge(e, &all, a)
		e.Wait()
		if quick.Action != full.Action || quick.Introduction != full.Introduction {
			t.Fatalf("stopped early: %s\neverything:    %s", quick.Why(), full.Why())
		}
	})
}

func TestNothingFoundAllocatesNothing(t *testing.T) {
	layer := enforce()
	layer.Composites = []screen.Composite{{Name: "BOTH", All: []string{"A_SEEN", "B_SEEN"}, Weight: 3}}
	e, p := build(t, layer, says(screen.Cheap, "a", 15, -1), says(screen.Cheap, "b", 5, -1))
	var v verdict.Verdict
	a := &screen.Attempt{}
	if n := testing.AllocsPerRun(1000, func() { e.Cheap(a, p, &v) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestReusedVerdictAllocatesNothingWithConstantEvidence(t *testing.T) {
	e, p := build(t, enforce(), says(screen.Cheap, "a", 15, 1), says(screen.Cheap, "b", 5, 1))
	v := verdict.Verdict{Signals: make(verdict.Signals, 0, 8)}
	a := &screen.Attempt{}
	if n := testing.AllocsPerRun(1000, func() { e.Cheap(a, p, &v) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCheapNothingFound(b *testing.B) {
	e, p := build(b, enforce(), says(screen.Cheap, "a", 15, -1), says(screen.Cheap, "b", 5, -1))
	var v verdict.Verdict
	a := &screen.Attempt{}
	b.ReportAllocs()
	for b.Loop() {
		e.Cheap(a, p, &v)
	}
}
