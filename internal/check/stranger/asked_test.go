package stranger_test

import (
	"fmt"
	"testing"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// TestWhoCanNeverAnswerIsTried: a machine that calls one after the other and fails each test reaches one in eight, labelled, and more and more where those listen: the
// next day it is welcome. Where they hang up it reaches no more, and somebody else at a user's friend's telephone never.
func TestWhoCanNeverAnswerIsTried(t *testing.T) {
	for name, c := range map[string]struct {
		talk        time.Duration
		friends     int
		least, most int // reached of 120
		welcome     bool
	}{
		"listen":   {18 * time.Second, 0, 12, 60, true},
		"hang up":  {2 * time.Second, 0, 3, 9, false},
		"a friend": {18 * time.Second, 1, 0, 2, false},
	} {
		g, reached := newGate(t), 0
		g.friends = c.friends
		call := func(i int) *screen.Attempt {
			return g.attempt("sip:+15551230001@x.test", fmt.Sprintf("sip:user%d@example.test", i), verdict.StirB, start.Add(time.Duration(i)*20*time.Second))
		}
		for i := range 120 {
			a := call(i)
			if g.signals(a)["STRANGER_RISK"] >= .4 {
				g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Introduce, Time: a.Time})
				continue
			}
			reached++
			if reached%3 > 0 {
				g.answered(a, verdict.Label, c.talk)
			} else {
				g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Label, Time: a.Time, Status: 487, Ring: 15 * time.Second})
			}
		}
		if reached < c.least || reached > c.most {
			t.Errorf("%s: reaches %d of 120", name, reached)
		}
		if got := g.signals(call(4000)); got["STRANGER_WELCOME"] > 0 != c.welcome {
			t.Errorf("%s: is, the next day, %v", name, got)
		}
	}
}

// TestSubscriptionsMayWait: where callers have been asked too often those of a kind that is half unwanted are asked no more; a subscription waits for an answer as before.
func TestSubscriptionsMayWait(t *testing.T) {
	g := newGate(t)
	attempt := func(i int, kind verdict.Kind) *screen.Attempt {
		a := g.attempt(fmt.Sprintf("sip:caller%d@x%d.test", i, i), fmt.Sprintf("sip:user%d@example.test", i), verdict.None, start.Add(time.Duration(i)*time.Minute))
		a.Kind = kind
		return a
	}
	for i := range 300 { // of two one passes
		a := attempt(i, verdict.Call)
		g.signals(a)
		if i%2 == 0 {
			g.answered(a, verdict.Introduce, 18*time.Second)
		} else {
			g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Introduce, Time: a.Time})
		}
	}
	if risk := g.signals(attempt(1000, verdict.Call))["STRANGER_RISK"]; risk >= .4 {
		t.Errorf("a call: %v", risk)
	}
	if risk := g.signals(attempt(1001, verdict.Subscription))["STRANGER_RISK"]; risk < .4 {
		t.Errorf("a subscription: %v", risk)
	}
}

// TestConsentIsNoTest: that one of ten callees agrees to be called says nothing about whether the caller passes tests; he wants the call, and knows the caller from then on.
func TestConsentIsNoTest(t *testing.T) {
	for way, want := range map[string]bool{"consent": false, "turing": true} {
		g := newGate(t)
		var agreed *screen.Attempt
		for i := range 12 {
			a := g.attempt("sip:+15551230001@x.test", fmt.Sprintf("sip:user%d@example.test", i), verdict.StirA, start.Add(time.Duration(i)*15*time.Minute))
			g.signals(a)
			e := screen.Ending{Attempt: a, Action: verdict.Introduce, Introduction: way, Time: a.Time}
			if i == 9 {
				e.Status, e.Answered, e.Ring, e.Talk, agreed = 200, true, 5*time.Second, 18*time.Second, a
			}
			g.engine.Learn(&e)
			if i != 9 { // who wants to reach somebody tries again
				a = g.attempt("sip:+15551230001@x.test", a.To.Requested, verdict.StirA, a.Time.Add(10*time.Minute))
				g.signals(a)
				e.Attempt, e.Time = a, a.Time
				g.engine.Learn(&e)
			}
		}
		if held := g.signals(g.attempt("sip:+15551230001@x.test", "sip:last@example.test", verdict.StirA, start.Add(4*time.Hour)))["STRANGER_MANY"]; (held > 0.4) != want {
			t.Errorf("%s: STRANGER_MANY %.2f", way, held)
		}
		again := g.attempt("sip:+15551230001@x.test", agreed.To.Requested, verdict.StirA, start.Add(6*time.Hour))
		if got := g.signals(again)["STRANGER_PROVEN"] == 0; got != (way == "consent") {
			t.Errorf("%s: known to who let it in: %v", way, got)
		}
	}
}

// TestFirstDaysAreForLearning: where nobody has been asked for long, one in three strangers is of whom nothing is known.
func TestFirstDaysAreForLearning(t *testing.T) {
	g := newGate(t)
	stranger := func(i int) *screen.Attempt {
		return g.attempt(fmt.Sprintf("sip:+1555777%04d@x.test", i), bob, verdict.StirA, start.Add(time.Duration(i)*time.Minute))
	}
	asked := func(from int) (n int) {
		for i := range 30 {
			if g.signals(stranger(from + i))["STRANGER_RISK"] >= 0.4 {
				n++
			}
		}
		return n
	}
	for i := range 200 { // people talk with those who call
		a := stranger(i)
		g.judge(a)
		g.answered(a, verdict.Relay, time.Minute)
	}
	g.friend = "tel:+15551230001"
	for range 1000 {
		g.answered(g.attempt("sip:+15551230001@x.test", bob, verdict.StirA, start), verdict.Relay, time.Minute)
	}
	g.friend = ""
	if n := asked(1000); n != 10 {
		t.Errorf("%d of 30 are asked after a thousand calls of friends, want 10", n)
	}
}
