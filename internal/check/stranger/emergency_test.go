package stranger_test

import (
	"testing"
	"time"

	"gatehouse.example/verdict"
)

func TestEmergencyCallsOpenAWindow(t *testing.T) {
	g := newGate(t)
	a := g.attempt("sip:+15551239999@example.test", "sip:911@example.test", verdict.Digest, start)
	a.Outbound = true
	g.answered(a, verdict.Relay, time.Minute)
	if len(g.windows) != 0 {
		t.Error("any call opens it")
	}
	a.Exempt = "sent by the PBX"
	g.judge(a)
	g.answered(a, verdict.Relay, time.Minute)
	if len(g.windows) != 0 {
		t.Error("what else is exempt opens it")
	}
	a.Exempt, a.Emergency = "number 911 is never screened", true
	for _, probe := range []bool{true, false} {
		a.Probe = probe
		g.judge(a)
		if until, open := g.windows["+15551239999"]; open == probe || !probe && !until.Equal(start.Add(2*time.Hour)) {
			t.Errorf("as soon as it is made, probe %v: windows are %v", probe, g.windows)
		}
	}
	g.answered(a, verdict.Relay, time.Minute)
	if until := g.windows["+15551239999"]; !until.Equal(start.Add(time.Minute + 2*time.Hour)) {
		t.Errorf("windows are %v", g.windows)
	}
}
