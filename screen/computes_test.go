package screen_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// What computes does so while the others wait, and what is too slow fails open like them.
func TestWhatComputesRunsBesideWhatWaits(t *testing.T) {
	for _, k := range []struct {
		waits, computes time.Duration
		took            time.Duration
		why             string
	}{
		{100 * time.Millisecond, 100 * time.Millisecond, 100 * time.Millisecond, "reject 16: WAITS_SEEN +8 (as told), COMPUTES_SEEN +8 (as told)"},
		{50 * time.Millisecond, time.Second, 150 * time.Millisecond, "label 8: WAITS_SEEN +8 (as told), COMPUTES_TIMEOUT 0 (no answer within 150ms)"},
		{time.Second, time.Second, 150 * time.Millisecond, "relay 0: WAITS_TIMEOUT 0 (no answer within 150ms), COMPUTES_TIMEOUT 0 (no answer within 150ms)"},
	} {
		synctest.Test(t, func(t *testing.T) {
			e, p := build(t, enforce(), after(k.waits, says(screen.Lookup, "waits", 8, 1)),
				after(k.computes, computing(says(screen.Lookup, "computes", 8, 1))))
			start := time.Now()
			v := judge(e, p, &screen.Attempt{})
			if took := time.Since(start); took != k.took || v.Why() != k.why {
				t.Errorf("%s after %v", v.Why(), took)
			}
			e.Wait()
			for _, s := range e.Stats().Checks {
				if s.InFlight != 0 || s.Runs != 1 {
					t.Errorf("%+v", s)
				}
			}
		})
	}
}

// A panic of what computes is the check's, and not the call's.
func TestPanicOfWhatComputes(t *testing.T) {
	bad := computing(says(screen.Lookup, "bad", 5, 1))
	bad.run = func(context.Context, *screen.Attempt, *screen.Report) { panic("here") }
	e, p := build(t, enforce(), bad)
	if v := judge(e, p, &screen.Attempt{}); v.Action != verdict.Relay || e.Stats().Checks[0].InFlight != 0 {
		t.Errorf("%s, %+v", v.Why(), e.Stats().Checks[0])
	}
}
