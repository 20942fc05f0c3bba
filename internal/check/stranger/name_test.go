package stranger_test

import (
	"fmt"
	"testing"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// A campaign has another number for each call, and the same name, but for the case and a number in it.
func TestNamesOfCampaignsAreLearned(t *testing.T) {
	g := newGate(t)
	call := func(i int, name string) *screen.Attempt {
		a := g.attempt(fmt.Sprintf("sip:+1555%03d%04d@x.test", i%900, i*37%10000), fmt.Sprintf("sip:user%d@example.test", i), verdict.Trunk, start.Add(time.Duration(i)*time.Minute))
		a.From.Display, a.Peer = name, "carrier"
		return a
	}
	people := []string{"Anna Smith", "WIRELESS CALLER", "Lars Braun", "Dr. Reed", "Maria Costa"}
	for i := range 60 {
		a := call(2*i, []string{fmt.Sprintf("Account Services %d", i), "ACCOUNT SERVICES 1", "account-services 22"}[i%3])
		g.judge(a)
		g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Introduce, Time: a.Time})
		b := call(2*i+1, people[i%len(people)])
		g.judge(b)
		g.answered(b, verdict.Relay, time.Minute)
	}
	risk := func(name string) float64 {
		a := call(500, name)
		a.Probe = true
		return g.signals(a)["STRANGER_RISK"]
	}
	if bad, other, good := risk("Account Services, 77"), risk("Paul Owen"), risk("Wireless Caller"); bad < .5 || bad < other+.1 || other < good {
		t.Errorf("the risk is %.2f under the campaign's name, %.2f under one that is new, %.2f under one of those who are wanted", bad, other, good)
	}
	if a, b := risk("-"), risk("::"); a != b {
		t.Errorf("names without a letter: %v and %v", a, b)
	}
}
