package stranger_test

import (
	"fmt"
	"testing"
	"time"

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
