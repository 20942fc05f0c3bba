package history

import (
	"context"
	"errors"

	"gatehouse.example/verdict"
)

// Outcome is the response that an attempt got after its verdict had been recorded: that a relayed call could not be
// delivered is known only then.
type Outcome struct {
	ID       string
	Response verdict.Response
	tries    int
}

// maxOutcomes bounds the outcomes that wait; more are dropped and counted as lost.
const maxOutcomes = 4096

// Respond adds the response that an attempt got in the end to its record. Like Record it never waits.
func (r *Recorder) Respond(id string, response verdict.Response) {
	r.mu.Lock()
	full := len(r.outcomes) >= maxOutcomes
	if full {
		r.stats.Lost++
	} else {
		r.outcomes = append(r.outcomes, Outcome{ID: id, Response: response})
	}
	r.mu.Unlock()
	if !full {
		signal(r.wake)
	}
}

// takeOutcomes returns what waits. It is called before the batch is taken that may hold the attempts, and applied
// after that batch is stored.
func (r *Recorder) takeOutcomes() []Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.outcomes
	r.outcomes = nil
	return taken
}

// applyOutcomes stores outcomes. One whose attempt is not there yet, being behind others in the queue, is tried again.
func (r *Recorder) applyOutcomes(ctx context.Context, outcomes []Outcome) {
	const most = 8 // batches that an attempt may be behind
	again := outcomes[:0]
	lost := 0
	for _, o := range outcomes {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.cfg.Timeout)
		err := r.storage.Respond(ctx, o.ID, o.Response)
		cancel()
		o.tries++
		switch {
		case err == nil:
		case o.tries < most && (r.queued() > 0 || !errors.Is(err, ErrNotFound)):
			again = append(again, o)
		default:
			lost++
		}
	}
	r.mu.Lock()
	r.stats.Lost += uint64(lost)
	r.outcomes = append(again, r.outcomes...)
	r.mu.Unlock()
}
