package history

import (
	"context"
	"time"
)

// How long a failing storage is left alone, doubled from the first to the second, and how long Run goes on trying after its end.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 5 * time.Second
	drainTime  = 5 * time.Second
)

// Run stores what is recorded, forgets what is old and keeps the rest in order, until ctx ends; then it stores what is still queued, within
// five seconds, counts the rest as lost and returns nil.
func (r *Recorder) Run(ctx context.Context) error {
	prune := time.NewTicker(r.cfg.PruneEvery)
	defer prune.Stop()
	ready := make(chan struct{})
	close(ready)
	var tidying chan struct{} // ready while there is more to prune or to compact, else nil
	pruned := false           // compacting has its turn
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-r.wake:
			r.gather(ctx)
			r.store(ctx)
		case <-prune.C:
			tidying, pruned = ready, false
		case <-tidying:
			if !pruned {
				pruned = !r.prune(ctx)
			} else if !r.compact(ctx) {
				tidying = nil
			}
		case <-r.later:
			r.later = nil
			r.respond(ctx, min(respondTime, r.cfg.Timeout))
		}
	}
	r.drain(context.WithoutCancel(ctx))
	return nil
}

// gather waits until a batch is full or its first verdict has waited long enough.
func (r *Recorder) gather(ctx context.Context) {
	select {
	case <-r.full: // of a batch that is stored by now, or queued() tells
	default:
	}
	if r.queued() >= r.cfg.Batch {
		return
	}
	t := time.NewTimer(r.cfg.Delay)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.full:
	case <-ctx.Done():
	}
}

// store commits one batch, however often that has to be tried, unless ctx ends: then the batch stays in r.verdicts for drain.
// What is left over wakes Run again.
func (r *Recorder) store(ctx context.Context) {
	r.next()
	for wait := firstRetry; len(r.verdicts) > 0; wait = min(2*wait, lastRetry) {
		err := r.append(ctx, r.cfg.Timeout)
		if r.settle(err); err == nil {
			break
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
	r.respond(ctx, min(respondTime, r.cfg.Timeout))
	if r.queued() > 0 {
		signal(r.wake)
	}
}

// append gives the taken batch to the storage. The end of Run does not break off a commit under way.
func (r *Recorder) append(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	return r.storage.Append(ctx, r.verdicts)
}

// settle counts the outcome of an append, says when it changes, and empties a batch that is stored.
func (r *Recorder) settle(err error) {
	r.mu.Lock()
	before := r.stats.LastError
	r.stats.LastError = err
	r.stats.Held = 0
	if err != nil {
		r.stats.Retries++
		r.stats.Held = len(r.verdicts)
	} else {
		r.stats.Written += uint64(len(r.verdicts))
	}
	lost := r.stats.Lost
	r.mu.Unlock()
	switch {
	case err != nil && before == nil:
		r.cfg.Log.Error("history: storing fails; calls go on", "error", err)
	case err == nil && before != nil:
		r.cfg.Log.Info("history: storing works again", "lost", lost)
	}
	if err == nil {
		r.release()
	}
}

// prune removes one step's worth and tells whether there may be more.
func (r *Recorder) prune(ctx context.Context) bool {
	if r.cfg.KeepAge <= 0 && r.cfg.KeepBytes <= 0 {
		return false
	}
	var before time.Time
	if r.cfg.KeepAge > 0 {
		before = time.Now().Add(-r.cfg.KeepAge)
	}
	n, err := r.storage.Prune(ctx, before, r.cfg.KeepBytes)
	r.mu.Lock()
	r.stats.Pruned += uint64(n)
	r.mu.Unlock()
	if err != nil && ctx.Err() == nil {
		r.cfg.Log.Error("history: removing old attempts fails", "error", err)
	}
	return err == nil && n > 0
}

// compact does one step's worth and tells whether there may be more.
func (r *Recorder) compact(ctx context.Context) bool {
	n, err := r.storage.Compact(ctx)
	if err != nil && ctx.Err() == nil {
		r.cfg.Log.Error("history: putting stored attempts in order fails", "error", err)
	}
	return err == nil && n > 0
}

// drain stores what is left when Run ends: first a batch that could not be stored, then the queue, then the outcomes.
func (r *Recorder) drain(ctx context.Context) {
	end := time.Now().Add(drainTime)
	for len(r.verdicts) > 0 || r.next() {
		left := time.Until(end)
		if left <= 0 {
			break
		}
		err := r.append(ctx, left)
		if r.settle(err); err != nil {
			break
		}
	}
	for range 2 { // what is not found is asked for once more
		if left := time.Until(end); left > 0 && len(r.verdicts) == 0 {
			r.later = nil
			r.respond(ctx, left)
		}
	}
	r.mu.Lock()
	r.stats.Lost += uint64(len(r.verdicts) + r.ring.n)
	r.stats.LostOutcomes += uint64(len(r.outcomes))
	r.mu.Unlock()
}
