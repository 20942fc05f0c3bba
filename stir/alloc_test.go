package stir_test

import (
	"context"
	"testing"

	"gatehouse.example/sip"
	"gatehouse.example/stir"
)

type request struct{ m *sip.Message }

func benchmark(tb testing.TB, replay *stir.Replay) (*stir.Verifier, request, context.Context) {
	tb.Helper()
	w := newWorld()
	m, c := w.message([]string{w.shaken()})
	c.config.Replay = replay
	v, err := stir.NewVerifier(c.config)
	if err != nil {
		tb.Fatal(err)
	}
	return v, request{m}, context.Background()
}

// TestParsingAndComparingAllocateLittle: what is there is the strings of the request and of the token, and the list of
// results. The request is one that fails at the last comparison before a certificate is asked for.
func TestParsingAndComparingAllocateLittle(t *testing.T) {
	if raceEnabled {
		return // the race detector allocates
	}
	v, m, ctx := benchmark(t, nil)
	n := testing.AllocsPerRun(200, func() {
		r := stir.RequestOf(m.m, stir.RequestOptions{})
		r.To = r.From
		if v.Verify(ctx, &r).Reason != stir.DestMismatch {
			t.Error("wrong reason")
		}
	})
	t.Logf("%v allocations, one of them the token in compact form for the report of a failure", n)
	if n > 10 {
		t.Errorf("%v allocations, at most 10", n)
	}
}
