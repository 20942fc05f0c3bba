package screen_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

func infos() []screen.Info {
	return []screen.Info{
		{Name: "lists", Signals: []screen.SignalInfo{{Name: "LISTS_BLOCKED", Weight: 15}, {Name: "LISTS_ALLOWED", Weight: -15}}},
		{Name: "who-is", Stage: screen.Lookup, Signals: []screen.SignalInfo{{Name: "WHO_IS_NEW", Weight: 2}}},
	}
}

func ptr[T any](v T) *T { return &v }

func TestLayersOverrideInOrder(t *testing.T) {
	p, err := screen.Resolve(infos(),
		screen.Layer{Name: "policy", Weights: map[string]float64{"LISTS_BLOCKED": 10, "WHO_IS_NEW": 1}, Introduce: []string{"turing"},
			Composites:     []screen.Composite{{Name: "MINE", All: []string{"WHO_IS_NEW"}, Weight: 1}},
			LookupDeadline: time.Second},
		screen.Layer{Name: "domain example.test", Mode: ptr(verdict.Enforce), Thresholds: screen.LayerThresholds{Reject: ptr(20.0)}},
		screen.Layer{Name: "user sip:bob@example.test", Weights: map[string]float64{"LISTS_BLOCKED": 25, "MINE": 4}, Introduce: []string{}},
	)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"LISTS_BLOCKED": 25, "LISTS_ALLOWED": -15, "WHO_IS_NEW": 1, "MINE": 4, "WHO_IS_TIMEOUT": 0}
	for name, w := range want {
		if p.Weights[name] != w {
			t.Errorf("%s weighs %v, want %v", name, p.Weights[name], w)
		}
	}
	if p.Mode != verdict.Enforce || p.Thresholds != (screen.Thresholds{Label: 4, Introduce: 6, Reject: 20}) ||
		p.Fallback != verdict.Label || p.Rejection != "us-603plus" || p.LookupDeadline != time.Second || len(p.Introduce) != 0 {
		t.Errorf("got %+v", p)
	}
}

func TestResolveNamesWhatIsWrong(t *testing.T) {
	composite := func(c screen.Composite) screen.Layer { return screen.Layer{Composites: []screen.Composite{c}} }
	for _, c := range []struct {
		layer screen.Layer
		want  string
	}{
		{screen.Layer{Name: "policy", Weights: map[string]float64{"LISTS_BLOKED": 1}},
			`screen: policy: weights: unknown signal "LISTS_BLOKED" (did you mean LISTS_BLOCKED?)`},
		{screen.Layer{Name: "domain a.test", Weights: map[string]float64{"PUZZLE_SOLVED": 1}},
			`screen: domain a.test: weights: unknown signal "PUZZLE_SOLVED"`},
		{screen.Layer{Weights: map[string]float64{"LISTS_BLOCKED": math.NaN()}}, `screen: policy: weights: LISTS_BLOCKED: NaN is not a weight`},
		{screen.Layer{Thresholds: screen.LayerThresholds{Label: ptr(7.0)}}, `thresholds: label 7, introduce 6, reject 12 do not ascend`},
		{screen.Layer{Thresholds: screen.LayerThresholds{Label: ptr(0.0)}}, `thresholds: label: 0 is not above 0`},
		{screen.Layer{Fallback: ptr(verdict.Drop)}, `fallback: drop is neither label nor reject`},
		{screen.Layer{LookupDeadline: -1}, `lookup_deadline: -1ns is negative`},
		{composite(screen.Composite{Name: "X", Not: []string{"LISTS_BLOCKED"}}), `composites: X: names no signal under all or any`},
		{composite(screen.Composite{Name: "X", All: []string{"LIST_BLOCKED"}}), `composites: X: unknown signal "LIST_BLOCKED" (did you mean LISTS_BLOCKED?)`},
		{composite(screen.Composite{Name: "LISTS_BLOCKED", All: []string{"LISTS_BLOCKED"}}), `LISTS_BLOCKED is the name of a check's signal`},
		{composite(screen.Composite{Name: "lower", All: []string{"LISTS_BLOCKED"}}), `"lower": a name of a signal consists of A-Z, 0-9 and _`},
		{composite(screen.Composite{Name: "X", All: []string{"LISTS_BLOCKED"}, Weight: math.Inf(1)}), `composites: X: +Inf is not a weight`},
	} {
		if _, err := screen.Resolve(infos(), c.layer); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
	}
}

func TestChecksMustNotShareNames(t *testing.T) {
	twice := append(infos(), infos()[0])
	if _, err := screen.Resolve(twice); err == nil || !strings.Contains(err.Error(), `two checks are named "lists"`) {
		t.Errorf("got %v", err)
	}
	shared := append(infos(), screen.Info{Name: "other", Signals: []screen.SignalInfo{{Name: "LISTS_BLOCKED"}}})
	if _, err := screen.Resolve(shared); err == nil || !strings.Contains(err.Error(), "check other: signal LISTS_BLOCKED is already taken") {
		t.Errorf("got %v", err)
	}
}

func TestQuoteCutsAndEscapes(t *testing.T) {
	if got := screen.Quote("a\r\n\x1b\u202e\"b"); got != `"a\r\n\x1b\u202e\"b"` {
		t.Errorf("got %s", got)
	}
	if got := screen.Quote(strings.Repeat("é", 2000)); len(got) > 100 || !strings.HasSuffix(got, `"…`) {
		t.Errorf("got %d octets: %s", len(got), got)
	}
}
