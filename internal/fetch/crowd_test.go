package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// call asks as a call does, with a deadline, and says what came of it and whether it was held up to its deadline.
func call(t *testing.T, f *Fetcher, cause Cause, url string, deadline time.Duration) (Reason, bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(CausedBy(t.Context(), cause), deadline)
	defer cancel()
	_, err := f.Path(ctx, url)
	return reasonOf(err), errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil
}

// The deadlines of a call that is to be held up to its end, and of one that is not.
const (
	hurried = time.Second
	patient = 30 * time.Second
)

// TestDeadHostHoldsUpOneCallPerPeriod: whatever its addresses are called and whoever asks, while it is being asked and after that.
func TestDeadHostHoldsUpOneCallPerPeriod(t *testing.T) {
	w := newWorld(t)
	end := make(chan struct{})
	c := w.config()
	c.Resolver = slowFor{w, host + ".", end}
	f := w.fetcher(c)
	giveUp := sync.OnceFunc(func() { close(end) })
	t.Cleanup(giveUp)
	tries := 0
	ask := func(deadline time.Duration) (held bool) {
		tries++
		cause := Cause{Name: fmt.Sprint("network ", tries)}
		reason, held := call(t, f, cause, fmt.Sprintf("https://tar.example/%d.pem", tries), deadline)
		if reason == 0 {
			t.Fatalf("call %d gets a certificate", tries)
		}
		return held
	}
	if !ask(hurried) {
		t.Error("the first call does not wait")
	}
	for range 59 {
		if ask(patient) {
			t.Fatalf("while the host is being asked: call %d is held up", tries)
		}
	}
	giveUp()
	until(t, "the host is given up", func() bool { return f.Stats().UnderWay == 0 })
	for range 60 {
		if ask(patient) {
			t.Fatalf("after it: call %d is held up", tries)
		}
	}
	if s := f.Stats(); s.Fetches != 1 {
		t.Errorf("asked %d times", s.Fetches)
	}
}

// TestSlowHostHoldsUpOneCallPerPeriod: its certificates come too late for the call that asks for them and are there for the next.
func TestSlowHostHoldsUpOneCallPerPeriod(t *testing.T) {
	w := newWorld(t)
	chain := w.leaf().ChainPEM()
	answer := make(chan struct{})
	w.mux.HandleFunc("/", func(rw http.ResponseWriter, _ *http.Request) { <-answer; _, _ = rw.Write(chain) })
	f := w.fetcher(w.config())
	t.Cleanup(func() { close(answer) })
	cause := Cause{Name: "carrier", Known: true}
	for period := range 2 {
		deadline := hurried
		for i := range 20 {
			reason, held := call(t, f, cause, u(fmt.Sprintf("/%d/%d.pem", period, i)), deadline)
			if first := i == 0; reason != Waited || held != first {
				t.Fatalf("period %d, call %d: %v, held up: %v", period, i, reason, held)
			}
			deadline = patient
		}
		for range 20 {
			answer <- struct{}{}
		}
		until(t, "all are there", func() bool { return f.Stats().UnderWay == 0 })
		for i := range 20 {
			if reason, _ := call(t, f, cause, u(fmt.Sprintf("/%d/%d.pem", period, i)), patient); reason != 0 {
				t.Errorf("the next call: %v", reason)
			}
		}
		w.pass(f.cfg.NegativeTTL)
	}
}

// TestWaitingCallsAreBounded: in all, by host, by peer and by stranger, so that there is always a worker for others.
func TestWaitingCallsAreBounded(t *testing.T) {
	w := newWorld(t)
	end := make(chan struct{})
	c := w.config()
	c.Resolver, c.Waiting = slowFor{w, host + ".", end}, 24
	f := w.fetcher(c)
	var calls sync.WaitGroup
	waiting := 0
	for _, step := range []struct {
		what    string
		cause   func(i int) Cause
		url     string
		waiting int // more
	}{
		{"one stranger, many hosts", func(int) Cause { return Cause{Name: "192.0.2.7"} }, "https://a%d.example/", 4},
		{"many strangers, one host", func(i int) Cause { return Cause{Name: fmt.Sprint("b", i)} }, "https://b.example/%d", 6},
		{"many strangers, many hosts", func(i int) Cause { return Cause{Name: fmt.Sprint("c", i)} }, "https://c%d.example/", 6},
		{"one peer, one host", func(int) Cause { return Cause{Name: "carrier", Known: true} }, "https://d.example/%d", 6},
		{"one peer, many hosts", func(int) Cause { return Cause{Name: "carrier", Known: true} }, "https://e%d.example/", 2},
		{"many peers, many hosts", func(i int) Cause { return Cause{Name: fmt.Sprint("peer ", i), Known: true} }, "https://f%d.example/", 0},
	} {
		refused := make(chan struct{}, 30)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for i := range 30 {
			calls.Go(func() {
				if _, err := f.Path(CausedBy(ctx, step.cause(i)), fmt.Sprintf(step.url, i)); reasonOf(err) != NoName {
					refused <- struct{}{}
				}
			})
		}
		for range 30 - step.waiting {
			<-refused
		}
		waiting += step.waiting
		if f.waiting.mu.Lock(); f.waiting.here != waiting {
			t.Errorf("%s: %d wait, not %d", step.what, f.waiting.here, waiting)
		}
		f.waiting.mu.Unlock()
	}
	close(end)
	calls.Wait()
	if c := f.waiting; c.here != 0 || c.lows != 0 || len(c.hosts) != 0 || len(c.causes) != 0 {
		t.Errorf("left: %+v", c)
	}
}

// TestFetchesOfOneHostAreBounded: of one that answers first and then hangs, too.
func TestFetchesOfOneHostAreBounded(t *testing.T) {
	w := newWorld(t)
	answer := make(chan struct{})
	w.mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) { <-answer })
	c := w.config()
	c.Concurrent = 8
	f := w.fetcher(c)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for i := range 20 {
		_, _ = f.Path(CausedBy(gone, Cause{Name: "carrier", Known: true}), u(fmt.Sprintf("/%d", i)))
	}
	answer <- struct{}{} // now the host is known to answer
	until(t, "the others are let go", func() bool { return w.hits.Load() == 5 && f.Stats().UnderWay == 4 })
	close(answer)
	until(t, "the end", func() bool { return f.Stats().UnderWay == 0 })
	if n := w.hits.Load(); n != 5 {
		t.Errorf("asked %d times", n)
	}
}
