package stranger_test

import (
	"fmt"
	"testing"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// deceive has machines pass the voice test, each with a number of its own; people object to one in twenty of them.
func (g *gate) deceive(n int) {
	for i := range n {
		a := g.attempt(fmt.Sprintf("sip:+1555777%04d@x.test", i), fmt.Sprintf("sip:user%d@example.test", i), verdict.StirB, start.Add(time.Duration(i)*time.Second))
		g.signals(a)
		g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Introduce, Introduction: "turing", Time: a.Time, Status: 200, Answered: true, Ring: time.Second, Talk: 3 * time.Second})
		if i%20 == 0 {
			g.engine.Judge(a, "spam", a.To.Requested)
		}
	}
}

// TestWhereMachinesPassTheTestWhoCallsAgainIsHeard: once people object to those who passed, who is to introduce himself is asked to call again. Who does is let through; who comes under
// another number is asked like the first.
func TestWhereMachinesPassTheTestWhoCallsAgainIsHeard(t *testing.T) {
	g := newGate(t)
	later := start.Add(time.Hour)
	person := func(at time.Time) *screen.Attempt { return g.attempt("sip:+12122220001@x.test", bob, verdict.None, at) }
	mode, everybody := verdict.Enforce, 2.0 // points: every stranger is asked
	policy, err := g.engine.Resolve(screen.Layer{Name: "policy", Mode: &mode, Introduce: []string{"consent", "turing"}, Thresholds: screen.LayerThresholds{Label: &everybody, Introduce: &everybody}})
	if err != nil {
		t.Fatal(err)
	}
	asked := func(a *screen.Attempt) string {
		var v verdict.Verdict
		g.engine.Cheap(a, policy, &v)
		return v.Introduction
	}
	if got := g.signals(person(start)); got["STRANGER_TESTS_BROKEN"] != 0 {
		t.Errorf("before anybody was deceived: %v", got)
	}
	g.deceive(300)
	first := person(later)
	if way := asked(first); way != "call-again" {
		t.Fatalf("a stranger is asked for %q", way)
	}
	g.engine.Learn(&screen.Ending{Attempt: first, Action: verdict.Introduce, Introduction: "call-again", Time: later})
	if way := asked(g.attempt("sip:+12122220002@x.test", bob, verdict.None, later.Add(time.Minute))); way != "call-again" {
		t.Errorf("another number is asked for %q", way)
	}
	if way := asked(person(later.Add(time.Minute))); way != "" {
		t.Errorf("who calls again is asked for %q", way)
	}
	message := person(later)
	message.Kind = verdict.Message
	if got := g.signals(message); got["STRANGER_TESTS_BROKEN"] != 0 {
		t.Errorf("a message: %v", got)
	}
}

// TestWhoCallsAgainSpeaksForStrangersOfItsKind: most of those who are asked to call again do not. Where half of a kind do, that kind is asked less and less.
func TestWhoCallsAgainSpeaksForStrangersOfItsKind(t *testing.T) {
	risk := map[bool]float64{}
	for _, comes := range []bool{false, true} {
		g := newGate(t)
		g.deceive(300)
		stranger := func(i int, at time.Duration) *screen.Attempt {
			return g.attempt(fmt.Sprintf("sip:+1555999%04d@x.test", i), fmt.Sprintf("sip:user%d@example.test", i), verdict.None, start.Add(time.Hour+time.Duration(i)*time.Minute+at))
		}
		for i := range 200 {
			a := stranger(i, 0)
			g.signals(a)
			g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Introduce, Introduction: "call-again", Time: a.Time})
			if comes {
				a = stranger(i, 30*time.Second)
				g.signals(a)
				g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Relay, Time: a.Time, Status: 487, Ring: 20 * time.Second})
			}
		}
		last := stranger(5000, 0)
		risk[comes] = g.signals(last)["STRANGER_RISK"]
		g.engine.Learn(&screen.Ending{Attempt: last, Action: verdict.Introduce, Introduction: "call-again", Time: last.Time})
		if heard := g.signals(stranger(5000, time.Minute))["STRANGER_RISK"]; heard >= 0.4 {
			t.Errorf("who calls again is asked once more: %.2f", heard)
		}
	}
	if risk[false] < 0.6 || risk[true] > risk[false]-0.2 {
		t.Errorf("risk where nobody comes back %.2f, where all do %.2f", risk[false], risk[true])
	}
}
