package stranger_test

import (
	"fmt"
	"testing"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// What one person says again and again makes no kind of strangers unwanted, and what a hundred say does.
func TestAFloodOfObjectionsFromOneAccount(t *testing.T) {
	for voices, asked := range map[int]bool{1: false, 100: true} {
		g := newGate(t)
		now := start
		for i := range 300 {
			now = now.Add(time.Minute)
			a := g.attempt(fmt.Sprintf("sip:+1555%03d%04d@x.test", i, i*37%10000), fmt.Sprintf("sip:user%d@example.test", i), verdict.None, now)
			g.judge(a)
			g.answered(a, verdict.Relay, time.Minute)
			if i%3 == 0 {
				g.engine.Judge(a, "spam", fmt.Sprintf("sip:user%d@example.test", i/3%voices))
			}
		}
		a := g.attempt("sip:+14155550100@x.test", bob, verdict.None, now.Add(time.Hour))
		a.Introductions = nil
		if risk := g.signals(a)["STRANGER_RISK"]; risk > 0 != asked {
			t.Errorf("%d voices: the risk is %.2f", voices, risk)
		}
	}
}

// Nobody talks to a message: those that are taken without a word outweigh the one that somebody objects to, and not the many.
func TestMessagesThatAreTaken(t *testing.T) {
	for every, asked := range map[int]bool{300: false, 8: true} {
		g := newGate(t)
		now := start
		message := func(i int) *screen.Attempt {
			now = now.Add(10 * time.Minute)
			a := g.attempt(fmt.Sprintf("sip:somebody%d@place%d.test", i, i), fmt.Sprintf("sip:user%d@example.test", i), verdict.None, now)
			a.Kind, a.Introductions = verdict.Message, nil
			return a
		}
		for i := range 300 {
			a := message(i)
			g.judge(a)
			g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Relay, Time: a.Time, Status: 200, Answered: true})
			if i%every == every-1 {
				g.engine.Judge(a, "spam", a.To.Requested)
			}
		}
		if risk := g.signals(message(1000))["STRANGER_RISK"]; risk > 0 != asked {
			t.Errorf("one objection in %d: the risk is %.2f", every, risk)
		}
	}
}
