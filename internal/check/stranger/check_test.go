package stranger_test

import (
	"fmt"
	"testing"
	"time"

	check "gatehouse.example/internal/check/stranger"
	"gatehouse.example/internal/state/newcomers"
	"gatehouse.example/internal/state/rate"
	"gatehouse.example/screen"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// gate is an engine of this check alone, with the windows that it has opened.
type gate struct {
	t       testing.TB
	engine  *screen.Engine
	policy  *screen.Policy
	windows map[string]time.Time
	friend  string
}

func newGate(t testing.TB) *gate {
	t.Helper()
	g := &gate{t: t, windows: map[string]time.Time{}}
	c, err := check.New(check.Config{}, newcomers.New(newcomers.Config{Seed: rate.FixedSeed(1)}),
		func(a *screen.Attempt) bool { return g.friend != "" && a.From.Identity == g.friend },
		func(owner string, _, until time.Time) { g.windows[owner] = until })
	if err != nil {
		t.Fatal(err)
	}
	if g.engine, err = screen.New([]screen.Check{c}); err != nil {
		t.Fatal(err)
	}
	if g.policy, err = g.engine.Resolve(); err != nil {
		t.Fatal(err)
	}
	return g
}

// attempt is a call to bob, who can be reached after a voice test.
func (g *gate) attempt(from, to string, proof verdict.Proof, at time.Time) *screen.Attempt {
	g.t.Helper()
	ev := screen.Event{Kind: verdict.Call, Time: at, From: from, To: to, Proof: proof}
	a, err := ev.Attempt(uri.Plan{Country: "1"})
	if err != nil {
		g.t.Fatal(err)
	}
	a.Introductions = []string{"turing"}
	return a
}

// judge returns the one signal that is reported, or "".
func (g *gate) judge(a *screen.Attempt) string {
	g.t.Helper()
	var v verdict.Verdict
	g.engine.Cheap(a, g.policy, &v)
	switch len(v.Signals) {
	case 0:
		return ""
	case 1:
		return v.Signals[0].Name
	}
	g.t.Fatalf("more than one signal: %s", v.Why())
	return ""
}

// answered ends a call as one that somebody took.
func (g *gate) answered(a *screen.Attempt, action verdict.Action, talk time.Duration) {
	g.engine.Learn(&screen.Ending{Attempt: a, Action: action, Time: a.Time.Add(talk), Status: 200, Answered: true, Ring: 5 * time.Second, Talk: talk})
}

const (
	bob      = "sip:bob@example.test"
	unproven = "STRANGER_UNPROVEN"
	partial  = "STRANGER_PARTIAL"
	proven   = "STRANGER_PROVEN"
)

func TestFirstContactsAreReportedByProof(t *testing.T) {
	for _, c := range []struct {
		name   string
		from   string
		proof  verdict.Proof
		change func(*screen.Attempt)
		want   string
	}{
		{"nothing proves it", "sip:+15551230001@x.test", verdict.None, nil, unproven},
		{"the gateway's word is none", "sip:+15551230001@x.test", verdict.StirC, nil, unproven},
		{"partial attestation", "sip:+15551230001@x.test", verdict.StirB, nil, partial},
		{"a trunk's word", "sip:+15551230001@x.test", verdict.Trunk, nil, partial},
		{"full attestation", "sip:+15551230001@x.test", verdict.StirA, nil, proven},
		{"a domain's certificate", "sip:eve@x.test", verdict.TLS, nil, proven},
		{"a user of another domain of ours", "sip:eve@other.test", verdict.Digest, nil, proven},
		{"a colleague", "sip:alice@example.test", verdict.Digest, nil, ""},
		{"anonymous", "sip:anonymous@anonymous.invalid", verdict.None, nil, unproven},
		{"no way to introduce oneself", "sip:eve@x.test", verdict.None, func(a *screen.Attempt) { a.Introductions = nil }, ""},
		{"outbound", "sip:bob@example.test", verdict.None, func(a *screen.Attempt) { a.Outbound = true }, ""},
		{"a registration", "sip:eve@x.test", verdict.None, func(a *screen.Attempt) { a.Kind = verdict.Registration }, ""},
	} {
		g := newGate(t)
		a := g.attempt(c.from, bob, c.proof, start)
		if c.change != nil {
			c.change(a)
		}
		if got := g.judge(a); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	g := newGate(t)
	g.friend = "tel:+15551230001"
	if got := g.judge(g.attempt("sip:+15551230001@x.test", bob, verdict.StirA, start)); got != "" {
		t.Errorf("a friend is %s", got)
	}
}

func TestWhoHasMetIsNoStranger(t *testing.T) {
	const from = "sip:+15551230001@x.test"
	for name, c := range map[string]struct {
		end  func(*gate, *screen.Attempt)
		want string
	}{
		"a conversation":  {func(g *gate, a *screen.Attempt) { g.answered(a, verdict.Relay, time.Minute) }, ""},
		"an introduction": {func(g *gate, a *screen.Attempt) { g.answered(a, verdict.Introduce, time.Second) }, ""},
		"an introduction that failed": {func(g *gate, a *screen.Attempt) {
			g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Introduce, Time: a.Time})
		}, unproven},
		"a few words": {func(g *gate, a *screen.Attempt) { g.answered(a, verdict.Relay, 5*time.Second) }, unproven},
		"a rejection": {func(g *gate, a *screen.Attempt) {
			g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Reject, Time: a.Time})
		}, unproven},
		"somebody says that it was ham": {func(g *gate, a *screen.Attempt) { g.engine.Judge(a, "ham", bob) }, ""},
		"a conversation and an objection": {func(g *gate, a *screen.Attempt) {
			g.answered(a, verdict.Relay, time.Minute)
			g.engine.Judge(a, "spam", bob)
		}, unproven},
	} {
		g := newGate(t)
		first := g.attempt(from, bob, verdict.None, start)
		g.judge(first)
		c.end(g, first)
		if got := g.judge(g.attempt(from, bob, verdict.None, start.Add(time.Hour))); got != c.want {
			t.Errorf("%s: then %q, want %q", name, got, c.want)
		}
		if got := g.judge(g.attempt(from, "sip:carol@example.test", verdict.None, start.Add(time.Hour))); got != unproven {
			t.Errorf("%s: for carol then %q", name, got)
		}
		if got := g.judge(g.attempt(from, bob, verdict.StirA, start.Add(time.Hour))); got != proven {
			t.Errorf("%s: a proven caller is %q by what an unproven one did", name, got)
		}
		if got := g.judge(g.attempt(from, bob, verdict.None, start.Add(200*24*time.Hour))); got != unproven {
			t.Errorf("%s: after 200 days %q", name, got)
		}
	}
}

// TestMachinesComeOnTrial: from about the twelfth user on, as long as at most one in fifty objects.
func TestMachinesComeOnTrial(t *testing.T) {
	g := newGate(t)
	passed, call := 0, func(i int) (*screen.Attempt, bool) {
		a := g.attempt("sip:+15551230001@x.test", fmt.Sprintf("sip:user%d@example.test", i), verdict.StirB, start.Add(time.Duration(i)*time.Minute))
		return a, g.judge(a) == ""
	}
	for i := range 200 {
		a, free := call(i)
		if free {
			passed++
			g.answered(a, verdict.Relay, 10*time.Second)
		}
	}
	if passed < 180 || passed > 195 {
		t.Errorf("%d of 200 came through, want all but about 12", passed)
	}
	for i := range 8 {
		a, _ := call(300 + i)
		g.engine.Judge(a, "spam", fmt.Sprintf("sip:user%d@example.test", 300+i))
	}
	if _, free := call(400); free {
		t.Error("still on trial after eight objections")
	}
}

func TestProbesCountNothing(t *testing.T) {
	g := newGate(t)
	for i := range 100 {
		a := g.attempt("sip:+15551230001@x.test", fmt.Sprintf("sip:user%d@example.test", i), verdict.None, start)
		a.Probe = true
		if got := g.judge(a); got != unproven {
			t.Fatalf("probe %d: %q", i, got)
		}
	}
}

func TestEmergencyCallsOpenAWindow(t *testing.T) {
	g := newGate(t)
	a := g.attempt("sip:+15551239999@example.test", "sip:911@example.test", verdict.Digest, start)
	a.Outbound = true
	g.answered(a, verdict.Relay, time.Minute)
	if len(g.windows) != 0 {
		t.Error("any call opens it")
	}
	a.Exempt = "number 911 is never screened"
	g.answered(a, verdict.Relay, time.Minute)
	if until := g.windows["+15551239999"]; !until.Equal(start.Add(time.Minute + 2*time.Hour)) {
		t.Errorf("windows are %v", g.windows)
	}
}

func TestWrongSettingsAreRefused(t *testing.T) {
	if _, err := check.New(check.Config{Trial: 101}, newcomers.New(newcomers.Config{}), nil, nil); err == nil {
		t.Error("trial 101 was taken")
	}
	if _, err := check.New(check.Config{}, nil, nil, nil); err == nil {
		t.Error("no memory was taken")
	}
}

func TestStrangersCostNoAllocation(t *testing.T) {
	g := newGate(t)
	a := g.attempt("sip:+15551230001@x.test", bob, verdict.StirB, start)
	v := verdict.Verdict{Signals: make(verdict.Signals, 0, 8)}
	if n := testing.AllocsPerRun(100, func() { g.engine.Cheap(a, g.policy, &v) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRun(b *testing.B) {
	g := newGate(b)
	a := g.attempt("sip:+15551230001@x.test", bob, verdict.StirB, start)
	v := verdict.Verdict{Signals: make(verdict.Signals, 0, 8)}
	b.ReportAllocs()
	for b.Loop() {
		g.engine.Cheap(a, g.policy, &v)
	}
}
