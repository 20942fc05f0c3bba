package history

import (
	"context"
	"time"

	"gatehouse.example/verdict"
)

// Outcome is the response that an attempt got in the end, after its verdict had been recorded: that a relayed call could
// not be delivered is known only then.
type Outcome struct {
	ID       string
	Response verdict.Response
}

// outcome is one that waits.
type outcome struct {
	Outcome
	after uint64 // how many verdicts had been recorded when it came: its own is among them, or is being recorded
	again bool   // was not found once
}

// respondTime bounds one go at storing outcomes: verdicts wait for it, and they matter more.
const respondTime = 2 * time.Second

// Respond adds the response that an attempt got in the end to its record, which has been recorded or is about to be. Like Record it
// never waits; no more outcomes wait than verdicts may, and the oldest give way.
func (r *Recorder) Respond(id string, response verdict.Response) {
	r.mu.Lock()
	r.outcomes = append(r.outcomes, outcome{Outcome: Outcome{ID: id, Response: response}, after: r.pushed})
	first := len(r.outcomes) == 1
	r.trimOutcomes()
	r.mu.Unlock()
	if first {
		signal(r.wake)
	}
}

// trimOutcomes lets the oldest go when there are too many, an eighth at once, so that each costs little. The caller holds mu.
func (r *Recorder) trimOutcomes() {
	if excess := len(r.outcomes) - r.cfg.Queue; excess > 0 {
		excess = min(max(excess, r.cfg.Queue/8), len(r.outcomes))
		r.outcomes = append(r.outcomes[:0], r.outcomes[excess:]...)
		r.stats.LostOutcomes += uint64(excess)
	}
}

// takeOutcomes returns all that wait, and how many verdicts have left the queue so far.
func (r *Recorder) takeOutcomes() (taken []outcome, left uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken, r.outcomes = r.outcomes, nil
	return taken, r.pushed - uint64(r.ring.n)
}

// keepOutcomes puts what was taken back in front of what has come since, and counts the lost.
func (r *Recorder) keepOutcomes(kept []outcome, lost int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.LostOutcomes += uint64(lost)
	if len(kept) > 0 {
		r.outcomes = append(kept, r.outcomes...)
		r.trimOutcomes()
	}
}

// next takes the next batch, with the outcomes that have come for it, and tells whether there is one.
func (r *Recorder) next() bool {
	if r.take() == 0 {
		return false
	}
	r.complete()
	return true
}

// complete writes outcomes into the verdicts of the batch in hand. A call that fails at once is found here nearly always, so that a
// failing PBX costs the storage nothing. It is right only before the first try to store the batch: a later one may change nothing.
func (r *Recorder) complete() {
	taken, _ := r.takeOutcomes()
	if len(taken) == 0 {
		return
	}
	index := make(map[string]int, len(r.verdicts))
	for i := range r.verdicts {
		index[r.verdicts[i].ID] = i
	}
	kept := taken[:0]
	for _, o := range taken {
		i, ok := index[o.ID]
		if !ok {
			kept = append(kept, o)
			continue
		}
		s := &r.batch[i]
		s.response = o.Response
		s.verdict.Response = &s.response
		r.verdicts[i].Response = &s.response
	}
	r.keepOutcomes(kept, 0)
}

// respond stores the outcomes of verdicts that are stored, all in one transaction. Those of verdicts that are still queued wait
// for them. When the storage fails all wait, and are left alone for a while: storing new verdicts must not suffer.
func (r *Recorder) respond(ctx context.Context, timeout time.Duration) {
	if r.later != nil {
		return
	}
	taken, left := r.takeOutcomes()
	var ready []Outcome
	var asked, kept []outcome
	for _, o := range taken {
		if o.after <= left {
			ready, asked = append(ready, o.Outcome), append(asked, o)
		} else {
			kept = append(kept, o)
		}
	}
	if len(ready) == 0 {
		r.keepOutcomes(kept, 0)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	missing, err := r.storage.Respond(ctx, ready)
	if err != nil {
		r.later = time.After(lastRetry)
		r.cfg.Log.Error("history: storing outcomes fails; they are tried again", "error", err)
		r.keepOutcomes(taken, 0)
		return
	}
	again, lost := r.askAgain(asked, missing)
	r.keepOutcomes(append(kept, again...), lost)
	if len(again) > 0 {
		signal(r.wake)
	}
}

// askAgain returns the outcomes to be tried once more, and how many are lost. A call that fails while it is being relayed has its outcome
// a moment before its verdict; by now the verdict is at least queued.
func (r *Recorder) askAgain(asked []outcome, missing []string) (again []outcome, lost int) {
	if len(missing) == 0 {
		return nil, 0
	}
	r.mu.Lock()
	pushed := r.pushed
	r.mu.Unlock()
	gone := make(map[string]bool, len(missing))
	for _, id := range missing {
		gone[id] = true
	}
	for _, o := range asked {
		switch {
		case !gone[o.ID]:
		case o.again:
			lost++
		default:
			again = append(again, outcome{Outcome: o.Outcome, after: pushed, again: true})
		}
	}
	return again, lost
}
