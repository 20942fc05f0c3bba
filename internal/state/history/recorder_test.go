package history

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse.example/verdict"
)

var errFull = errors.New("no space left")

// memory is a Storage that can fail and be slow.
type memory struct {
	Storage
	mu      sync.Mutex
	stored  []verdict.Verdict
	batches []int
	fail    error
	slow    time.Duration
	prunes  []time.Time
	old     int64 // rows that Prune still finds
	small   int64 // rows that Compact still finds
}

func (m *memory) Append(ctx context.Context, verdicts []verdict.Verdict) error {
	m.mu.Lock()
	fail, slow := m.fail, m.slow
	m.mu.Unlock()
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if fail != nil {
		return fail
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.batches = append(m.batches, len(verdicts))
	for i := range verdicts {
		m.stored = append(m.stored, *verdicts[i].Clone())
	}
	return nil
}

func (m *memory) Prune(_ context.Context, before time.Time, _ int64) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.prunes = append(m.prunes, before)
	n := min(m.old, 1000)
	m.old -= n
	return n, nil
}

func (m *memory) Compact(context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := min(m.small, 1000)
	m.small -= n
	return n, nil
}

func (m *memory) set(fail error, slow time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail, m.slow = fail, slow
}

// run starts a recorder in a bubble of virtual time; stop ends it and waits.
func run(t *testing.T, m *memory, c Config) (r *Recorder, stop func()) {
	t.Helper()
	r = NewRecorder(m, c)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return r, func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func record(r *Recorder, from, to int) {
	for i := from; i < to; i++ {
		r.Record(&verdict.Verdict{ID: fmt.Sprintf("%06d", i), Response: &verdict.Response{Code: 400 + i%200},
			Signals: verdict.Signals{{Name: "A", Score: float64(i)}, {Name: "B"}}[:i%3]})
	}
}

// checkStored checks that what is stored is whole and in order, from one number on.
func checkStored(t *testing.T, m *memory, from, to int) {
	t.Helper()
	if len(m.stored) != to-from {
		t.Errorf("%d stored, want %d", len(m.stored), to-from)
	}
	for i, v := range m.stored {
		n := from + i
		if v.ID != fmt.Sprintf("%06d", n) || v.Response.Code != 400+n%200 || len(v.Signals) != n%3 || n%3 > 0 && v.Signals[0].Score != float64(n) {
			t.Fatalf("stored at %d: %+v", n, v)
		}
	}
}

func TestRecorderCommitsAfterTheDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		r, stop := run(t, m, Config{})
		record(r, 0, 10)
		time.Sleep(249 * time.Millisecond)
		if len(m.stored) != 0 || r.Stats().Queued != 10 {
			t.Errorf("before the delay: %d stored, %+v", len(m.stored), r.Stats())
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		checkStored(t, m, 0, 10)
		if s := r.Stats(); s.Written != 10 || s.Queued != 0 || s.Lost != 0 {
			t.Errorf("%+v", s)
		}
		stop()
	})
}

func TestRecorderCommitsAFullBatchAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		r, stop := run(t, m, Config{})
		start := time.Now()
		record(r, 0, 1500)
		synctest.Wait()
		checkStored(t, m, 0, 1024)
		if time.Since(start) != 0 {
			t.Errorf("after %v", time.Since(start))
		}
		stop()
		checkStored(t, m, 0, 1500)
	})
}

func TestRecorderLosesTheOldestWhileTheStorageFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{fail: errFull}
		r, stop := run(t, m, Config{Queue: 100, Batch: 10})
		record(r, 0, 10)
		synctest.Wait() // a batch is in hand, and stays there
		record(r, 10, 310)
		time.Sleep(time.Minute)
		s := r.Stats()
		if r.Healthy() || !errors.Is(s.LastError, errFull) || s.Lost != 200 || s.Queued != 100 || s.Held != 10 || s.Written != 0 {
			t.Errorf("while it fails: %+v", s)
		}
		if s.Retries < 10 || s.Retries > 30 {
			t.Errorf("%d retries in a minute", s.Retries)
		}
		m.set(nil, 0)
		time.Sleep(lastRetry)
		synctest.Wait()
		if s := r.Stats(); !r.Healthy() || s.Written != 110 || s.Lost != 200 || s.Queued != 0 || s.Held != 0 {
			t.Errorf("after it works again: %+v", s)
		}
		m.stored = m.stored[10:]
		checkStored(t, m, 210, 310)
		stop()
	})
}

func TestRecordNeverWaitsForASlowStorage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{slow: time.Hour}
		r, stop := run(t, m, Config{Queue: 100, Batch: 10})
		start := time.Now()
		record(r, 0, 1000)
		if time.Since(start) != 0 {
			t.Errorf("1000 took %v", time.Since(start))
		}
		time.Sleep(11 * time.Second)
		if s := r.Stats(); !errors.Is(s.LastError, context.DeadlineExceeded) {
			t.Errorf("%+v", s)
		}
		stop()
		if s := r.Stats(); s.Lost+s.Written != 1000 {
			t.Errorf("after the end: %+v", s)
		}
	})
}

func TestRecorderDrainsWhenItStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{slow: 100 * time.Millisecond}
		r, stop := run(t, m, Config{})
		record(r, 0, 3000)
		stop()
		checkStored(t, m, 0, 3000)
		if s := r.Stats(); s.Written != 3000 || s.Lost != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestRecorderCountsWhatItCannotDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{fail: errFull}
		r, stop := run(t, m, Config{})
		record(r, 0, 3000)
		stop()
		if s := r.Stats(); s.Written != 0 || s.Lost != 3000 {
			t.Errorf("%+v", s)
		}
	})
}

func TestQueueIsBoundedInBytes(t *testing.T) {
	m := &memory{}
	r := NewRecorder(m, Config{QueueBytes: 1000})
	for range 100 {
		v := verdict.Verdict{Signals: verdict.Signals{{Evidence: string(make([]byte, 100))}}}
		r.Record(&v)
	}
	if s := r.Stats(); s.Queued != 10 || s.Lost != 90 {
		t.Errorf("%+v", s)
	}
	v := verdict.Verdict{From: verdict.From{Display: string(make([]byte, 5000))}}
	r.Record(&v)
	if s := r.Stats(); s.Queued != 1 || s.Lost != 100 {
		t.Errorf("one that is larger than the queue: %+v", s)
	}
}

func TestRecorderPrunesStepByStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{old: 3500}
		r, stop := run(t, m, Config{KeepAge: 24 * time.Hour})
		start := time.Now()
		time.Sleep(61 * time.Second)
		synctest.Wait()
		if len(m.prunes) != 5 || r.Stats().Pruned != 3500 {
			t.Errorf("%d steps, %+v", len(m.prunes), r.Stats())
		}
		if want := start.Add(time.Minute - 24*time.Hour); !m.prunes[0].Equal(want) {
			t.Errorf("before %v, want %v", m.prunes[0], want)
		}
		stop()
	})
}

func TestRecorderCompactsAfterPruning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{small: 3500}
		_, stop := run(t, m, Config{})
		time.Sleep(61 * time.Second)
		synctest.Wait()
		if m.small != 0 {
			t.Errorf("%d are left", m.small)
		}
		stop()
	})
}

func TestNothingIsPrunedUnlessAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{old: 1}
		_, stop := run(t, m, Config{})
		time.Sleep(time.Hour)
		stop()
		if len(m.prunes) != 0 {
			t.Errorf("%d prunes", len(m.prunes))
		}
	})
}

func TestRecordByManyCallers(t *testing.T) {
	m := &memory{}
	r := NewRecorder(m, Config{Queue: 1 << 16})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() { record(r, 0, 1000) })
	}
	callers.Wait()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if s := r.Stats(); s.Written != 8000 || s.Lost != 0 || len(m.stored) != 8000 {
		t.Errorf("%+v, %d stored", s, len(m.stored))
	}
}

func TestRecordAllocatesNothing(t *testing.T) {
	r := NewRecorder(&memory{}, Config{Queue: 100})
	v := verdict.Verdict{ID: "1", Signals: make(verdict.Signals, 5), Response: &verdict.Response{Code: 603}}
	for range 200 {
		r.Record(&v)
	}
	if n := testing.AllocsPerRun(1000, func() { r.Record(&v) }); n != 0 {
		t.Errorf("%v allocations in a full queue", n)
	}
	if n := testing.AllocsPerRun(1000, func() {
		for r.take() > 0 {
			r.release()
		}
		r.Record(&v)
	}); n != 0 {
		t.Errorf("%v allocations through the queue", n)
	}
}

func BenchmarkRecord(b *testing.B) {
	r := NewRecorder(&memory{}, Config{})
	v := verdict.Verdict{ID: "1", Signals: make(verdict.Signals, 3), Response: &verdict.Response{Code: 603}}
	b.ReportAllocs()
	for b.Loop() {
		r.Record(&v)
	}
}
