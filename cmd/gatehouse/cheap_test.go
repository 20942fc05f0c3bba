package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/state/lists"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// gate is an engine with every check that there is, under the configuration that the manual shows, wired as the server wires it.
type gate struct {
	engine  *screen.Engine
	policy  func(*screen.Attempt) *screen.Policy
	now     time.Time
	verdict verdict.Verdict
	// strangers, friends and blocked are calls to try, enough of them that no state is as the last call has left it.
	strangers, friends, blocked []*screen.Attempt
}

const manyCallers = 4096

func newGate(t testing.TB) *gate {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := (&app{ctx: t.Context(), config: "../../docs/gatehouse.yaml"}).load()
	must(err)
	g := &gate{now: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)}
	k, err := freshState(cfg, 1, g.now)
	must(err)
	var numbers strings.Builder
	for i := range manyCallers {
		fmt.Fprintf(&numbers, "+1702555%04d\n", i)
	}
	_, err = k.lists.Import(t.Context(), "bad", strings.NewReader(numbers.String()), lists.ImportOptions{Kind: lists.Block})
	must(err)
	checks, err := newChecks(cfg, k)
	must(err)
	g.engine, err = screen.New(checks)
	must(err)
	g.policy, _, err = replayPolicies(cfg, g.engine, true)
	must(err)
	g.verdict.Signals = make(verdict.Signals, 0, 32)
	plan := cfg.Plan()
	attempt := func(ev screen.Event) *screen.Attempt {
		ev.Kind, ev.Time, ev.UserAgent = verdict.Call, g.now, "Example Phone 1.2"
		a, err := ev.Attempt(plan)
		must(err)
		return a
	}
	for i := range manyCallers {
		user := fmt.Sprintf("sip:user%d@example.test", i%200)
		call := func(area string) *screen.Attempt {
			a := attempt(screen.Event{ID: fmt.Sprint(area, i), From: fmt.Sprintf("sip:+1%s555%04d@carrier.test", area, i), Display: "Ann Example", To: user,
				Source: fmt.Sprintf("203.0.%d.%d:5060", i>>8, i&255), Proof: verdict.Trunk})
			a.To.User = a.To.Requested
			return a
		}
		g.strangers, g.friends, g.blocked = append(g.strangers, call("313")), append(g.friends, call("414")), append(g.blocked, call("702"))
		out := attempt(screen.Event{ID: fmt.Sprint("out", i), From: user, To: fmt.Sprintf("sip:+1414555%04d@carrier.test", i)})
		out.Outbound = true
		g.engine.Learn(&screen.Ending{Attempt: out, Action: verdict.Relay, Time: g.now, Status: 200, Answered: true, Talk: time.Minute})
	}
	g.now = g.now.Add(24 * time.Hour)
	return g
}

// screen judges the next call of a kind, two minutes after the one before, which makes nobody who tries again.
func (g *gate) screen(calls []*screen.Attempt, n int) *verdict.Verdict {
	g.now = g.now.Add(2 * time.Minute)
	a := calls[n%len(calls)]
	a.Time = g.now
	g.engine.Cheap(a, g.policy(a), &g.verdict)
	return &g.verdict
}

// kinds are what is measured: calls of some callers that come again and again, as in an attack, and of many, whose states the processor's caches do not hold.
func (g *gate) kinds() map[string][]*screen.Attempt {
	const few = 64
	return map[string][]*screen.Attempt{
		"stranger": g.strangers[:few], "friend": g.friends[:few], "blocked": g.blocked[:few],
		"stranger-of-many": g.strangers, "friend-of-many": g.friends, "blocked-of-many": g.blocked,
	}
}

func TestAllCheapChecksTogetherAllocateNothing(t *testing.T) {
	g := newGate(t)
	want := map[string]string{"stranger": "", "friend": "KNOWN_PEER", "blocked": "LISTS_BLOCKED", "blocked-of-many": "LISTS_BLOCKED"}
	for name, signal := range want {
		calls, n := g.kinds()[name], 0
		for ; n < 2*len(calls); n++ { // states are made, and what is said of each
			if v := g.screen(calls, n); signal != "" && (len(v.Signals) == 0 || v.Signals[0].Name != signal) {
				t.Fatalf("%s: %v", name, v.Signals)
			}
		}
		if allocated := testing.AllocsPerRun(1000, func() { g.screen(calls, n); n++ }); allocated != 0 {
			t.Errorf("%s: %v allocations", name, allocated)
		}
	}
	if v := g.screen(g.blocked, 0); v.Action != verdict.Reject {
		t.Errorf("a blocked number: %v, %v", v.Action, v.Signals)
	}
}

// BenchmarkCheap judges calls by all Cheap checks together, under the configuration that the manual shows. The aim is 5 µs and no allocation.
func BenchmarkCheap(b *testing.B) {
	g := newGate(b)
	kinds := g.kinds()
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				g.screen(kinds[name], i)
			}
		})
	}
}
