package history

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse.example/verdict"
)

// answering is a memory that takes outcomes too.
type answering struct {
	memory
	rounds  []int // how many outcomes came at once
	refuse  error
	refused int
}

func (a *answering) Respond(ctx context.Context, outcomes []Outcome) (missing []string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refuse != nil {
		a.refused++
		return nil, a.refuse
	}
	a.rounds = append(a.rounds, len(outcomes))
	index := map[string]*verdict.Verdict{}
	for i := range a.stored {
		index[a.stored[i].ID] = &a.stored[i]
	}
	for i := range outcomes {
		if v := index[outcomes[i].ID]; v != nil {
			v.Response = &outcomes[i].Response
		} else {
			missing = append(missing, outcomes[i].ID)
		}
	}
	return missing, ctx.Err()
}

func (a *answering) refuseAll(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refuse = err
}

func startAnswering(t *testing.T, c Config) (*answering, *Recorder, func()) {
	a := &answering{}
	r := NewRecorder(a, c)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return a, r, func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func relay(r *Recorder, from, to int) {
	for i := from; i < to; i++ {
		r.Record(&verdict.Verdict{ID: fmt.Sprintf("%06d", i)})
	}
}

func respond(r *Recorder, from, to int) {
	for i := from; i < to; i++ {
		r.Respond(fmt.Sprintf("%06d", i), verdict.Response{Code: 503, Reason: fmt.Sprint(i)})
	}
}

// checkAnswered counts the stored attempts that have their own response.
func checkAnswered(t *testing.T, a *answering, want int) {
	t.Helper()
	n := 0
	for _, v := range a.stored {
		if v.Response == nil {
			continue
		}
		if n++; v.ID != fmt.Sprintf("%06s", v.Response.Reason) {
			t.Errorf("attempt %s has the response of %s", v.ID, v.Response.Reason)
		}
	}
	if n != want {
		t.Errorf("%d of %d attempts have a response, want %d", n, len(a.stored), want)
	}
}

// TestDeadPBXCostsTheStorageNothing: 1000 calls a second fail at once, for ten seconds.
func TestDeadPBXCostsTheStorageNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, r, stop := startAnswering(t, Config{})
		for i := range 10_000 {
			relay(r, i, i+1)
			respond(r, i, i+1)
			time.Sleep(time.Millisecond)
		}
		stop()
		checkAnswered(t, a, 10_000)
		late := 0 // those that came between the end of a batch and its own outcome
		for _, n := range a.rounds {
			late += n
		}
		if late > 40 {
			t.Errorf("the storage was told %d outcomes; nearly all could be known before the batch was stored", late)
		}
	})
}

// TestLateOutcomesOfARoundAreOneTransaction: the calls fail after two seconds, when they are stored.
func TestLateOutcomesOfARoundAreOneTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, r, stop := startAnswering(t, Config{})
		for i := range 10_000 {
			relay(r, i, i+1)
			if i >= 2000 {
				respond(r, i-2000, i-1999)
			}
			time.Sleep(time.Millisecond)
		}
		stop()
		checkAnswered(t, a, 8000)
		if n := len(a.rounds); n == 0 || n > 10*5 {
			t.Errorf("%d transactions in ten seconds", n)
		}
		if s := r.Stats(); s.LostOutcomes != 0 || s.Lost != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestOutcomesWaitForAttemptsThatAreQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, r, stop := startAnswering(t, Config{Batch: 10, Queue: 1000})
		a.set(errFull, 0)
		relay(r, 0, 500)
		time.Sleep(time.Second)
		respond(r, 0, 500) // one batch is in hand, the others are queued
		time.Sleep(time.Minute)
		a.set(nil, 0)
		time.Sleep(time.Minute)
		synctest.Wait()
		checkAnswered(t, a, 500)
		if s := r.Stats(); s.LostOutcomes != 0 || len(r.outcomes) != 0 {
			t.Errorf("%+v, %d wait", s, len(r.outcomes))
		}
		stop()
	})
}

func TestOutcomesSurviveAStorageThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, r, stop := startAnswering(t, Config{})
		relay(r, 0, 100)
		time.Sleep(time.Second)
		a.refuseAll(errFull)
		respond(r, 0, 100)
		for i := 100; i < 10_100; i++ { // others come and are stored all the same
			relay(r, i, i+1)
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		if len(a.stored) < 9000 || a.refused < 2 || a.refused > 4 {
			t.Errorf("%d stored, %d tries with outcomes in ten seconds", len(a.stored), a.refused)
		}
		a.refuseAll(nil)
		time.Sleep(lastRetry + time.Second) // nothing else comes
		synctest.Wait()
		checkAnswered(t, a, 100)
		stop()
		if s := r.Stats(); s.LostOutcomes != 0 || s.Written != 10_100 {
			t.Errorf("%+v", s)
		}
	})
}

// TestOutcomeMayComeBeforeItsVerdict: a call that fails while it is being relayed is answered before it is recorded, and a batch may be taken
// in between.
func TestOutcomeMayComeBeforeItsVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, r, stop := startAnswering(t, Config{})
		a.set(nil, 100*time.Millisecond)
		relay(r, 1, 10)
		time.Sleep(251 * time.Millisecond) // the batch is being stored
		respond(r, 10, 11)
		relay(r, 10, 11)
		time.Sleep(time.Second)
		respond(r, 20, 21)
		time.Sleep(251 * time.Millisecond) // the storage has been asked
		relay(r, 20, 21)
		time.Sleep(time.Second)
		synctest.Wait()
		checkAnswered(t, a, 2)
		stop()
		if s := r.Stats(); s.LostOutcomes != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestDrainStoresOutcomes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, r, stop := startAnswering(t, Config{Batch: 10})
		relay(r, 0, 100)
		time.Sleep(time.Second)
		relay(r, 100, 203)
		respond(r, 50, 203)
		stop()
		checkAnswered(t, a, 153)
		if s := r.Stats(); s.LostOutcomes != 0 || s.Written != 203 {
			t.Errorf("%+v", s)
		}
	})
}

func TestOutcomesThatComeForNothingAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, r, stop := startAnswering(t, Config{Queue: 80, Batch: 10})
		relay(r, 0, 5)
		respond(r, 1000, 1007) // never recorded
		time.Sleep(time.Second)
		if s := r.Stats(); s.LostOutcomes != 7 {
			t.Errorf("unknown attempts: %+v", s)
		}
		a.refuseAll(errFull)
		respond(r, 0, 5)
		respond(r, 1000, 1500) // more than may wait: the oldest go
		time.Sleep(time.Second)
		synctest.Wait()
		if s := r.Stats(); s.LostOutcomes < 7+505-80 || s.LostOutcomes > 7+505-70 || len(r.outcomes) > 80 {
			t.Errorf("too many: %+v, %d wait", s, len(r.outcomes))
		}
		stop()
		if s := r.Stats(); s.LostOutcomes != 7+505 {
			t.Errorf("in the end: %+v", s)
		}
	})
}
