package home

import (
	"context"
	"sync"
	"time"

	"gatehouse.example/internal/state/binding"
)

// maxPending bounds the changes that wait for a storage that does not answer. Beyond it the newest are
// lost to the storage, not to the callers; phones that refresh mend it.
const maxPending = 1 << 18

// journal collects the changes that the storage has not seen yet. Only the last change of a binding counts.
type journal struct {
	enabled bool
	wake    chan struct{} // one token: there is something to write

	mu      sync.Mutex
	pending map[bindingKey]*binding.Binding // nil: to be deleted
	lost    uint64
	lastErr error
}

type bindingKey struct{ aor, contact string }

func (j *journal) begin(enabled bool) {
	j.enabled, j.wake, j.pending = enabled, make(chan struct{}, 1), map[bindingKey]*binding.Binding{}
}

// note compares a user's bindings before and after; it never blocks. Entries are immutable, so that the
// same pointer means the same binding.
func (j *journal) note(old, next []*entry) {
	if !j.enabled {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range old {
		if !contains(next, e) {
			j.add(bindingKey{e.AoR, e.Contact}, nil)
		}
	}
	for _, e := range next {
		if !contains(old, e) {
			j.add(bindingKey{e.AoR, e.Contact}, &e.Binding)
		}
	}
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

func contains(entries []*entry, e *entry) bool {
	for _, x := range entries {
		if x == e {
			return true
		}
	}
	return false
}

// add notes one change; j.mu is held.
func (j *journal) add(k bindingKey, b *binding.Binding) {
	if _, known := j.pending[k]; !known && len(j.pending) >= maxPending {
		j.lost++
		return
	}
	j.pending[k] = b
}

// flush writes everything that is pending. What could not be written is pending again afterwards, unless
// something newer came in between.
func (j *journal) flush(ctx context.Context, to binding.Storage) error {
	j.mu.Lock()
	batch := j.pending
	j.pending = map[bindingKey]*binding.Binding{}
	j.mu.Unlock()
	err := write(ctx, batch, to)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lastErr = err
	for k, b := range batch {
		if _, newer := j.pending[k]; !newer {
			j.add(k, b)
		}
	}
	return err
}

// write stores changes and takes those that are done out of the batch; it stops at the first error.
func write(ctx context.Context, batch map[bindingKey]*binding.Binding, to binding.Storage) error {
	for k, b := range batch {
		var err error
		if b != nil {
			err = to.PutBinding(ctx, *b)
		} else {
			err = to.DeleteBinding(ctx, k.aor, k.contact)
		}
		if err != nil {
			return err
		}
		delete(batch, k)
	}
	return nil
}

// JournalStats says how the storage keeps up.
type JournalStats struct {
	Pending int    // changes not written yet
	Lost    uint64 // changes that will not be
	LastErr error  // of the last attempt to write; nil after a good one
}

// Journal returns how the storage keeps up.
func (r *Registrar) Journal() JournalStats {
	j := &r.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	return JournalStats{Pending: len(j.pending), Lost: j.lost, LastErr: j.lastErr}
}

// Times of Run.
const (
	gather     = 200 * time.Millisecond // changes that come together are written together
	retryFirst = time.Second            // after a failure, doubled each time
	retryLast  = time.Minute
	sweepEvery = 500 * time.Millisecond // one shard; all of them in 32 s
	lastFlush  = 5 * time.Second        // how long stopping may take
)
