package home

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gatehouse.example/internal/state/binding"
)

// Load takes the bindings of an earlier life from the storage. Connections did not survive, so whoever can
// only be reached over one is left out, as are bindings that break a rule that came with this version or
// configuration. Call it before the first request.
func (r *Registrar) Load(ctx context.Context, now time.Time) error {
	if r.cfg.Storage == nil {
		return nil
	}
	stored, err := r.cfg.Storage.LoadBindings(ctx)
	if err != nil {
		return fmt.Errorf("home: loading bindings: %w", err)
	}
	for _, b := range stored {
		e, err := r.restore(b, now)
		if err != nil {
			r.cfg.Log.Info("stored binding dropped", "aor", b.AoR, "err", err)
			r.journal.note([]*entry{{Binding: b}}, nil)
			continue
		}
		s := r.shard(b.AoR)
		s.mu.Lock()
		s.users[b.AoR] = append(s.users[b.AoR], e)
		s.mu.Unlock()
		r.reach.replace(nil, []*entry{e})
	}
	return nil
}

// Reasons to drop a stored binding.
var (
	errExpired = errors.New("home: expired")
	errOwn     = errors.New("home: leads back here")
	errNoFlow  = errors.New("home: only reachable over a connection that is gone")
)

// restore makes an entry of a stored binding.
func (r *Registrar) restore(b binding.Binding, now time.Time) (*entry, error) {
	e := &entry{Binding: b}
	var err error
	if e.source, err = ParseSource(b.Received); err != nil {
		return nil, err
	}
	if err = e.uri.Parse([]byte(b.Contact)); err != nil {
		return nil, fmt.Errorf("home: contact %q: %w", b.Contact, err)
	}
	switch {
	case !e.live(now):
		return nil, errExpired
	case r.own(&e.uri):
		return nil, errOwn
	case e.source.Conn == 0:
		return e, nil
	case !e.dialable():
		return nil, errNoFlow
	}
	return e.withoutFlow(), nil
}

// Run writes changes to the storage behind the callers' backs and clears away what has expired, until ctx
// ends; then it writes what is left, which may take up to five seconds. A storage that fails is tried again,
// ever more slowly, and nobody waits for it.
func (r *Registrar) Run(ctx context.Context) error {
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	write := time.NewTimer(0)
	write.Stop()
	retry, next := retryFirst, 0
	wake := r.journal.wake
	for {
		select {
		case <-ctx.Done():
			return r.stop(ctx)
		case <-sweep.C:
			r.sweep(next%len(r.shards), time.Now())
			next++
		case <-wake:
			// While a write is due, tokens wait.
			wake = nil
			write.Reset(gather)
		case <-write.C:
			if err := r.journal.flush(ctx, r.cfg.Storage); err != nil && ctx.Err() == nil {
				r.cfg.Log.Warn("registrations not stored", "err", err, "retry", retry)
				write.Reset(retry)
				retry = min(2*retry, retryLast)
				continue
			}
			wake, retry = r.journal.wake, retryFirst
		}
	}
}

// stop writes what is left.
func (r *Registrar) stop(ctx context.Context) error {
	if r.cfg.Storage == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFlush)
	defer cancel()
	if err := r.journal.flush(ctx, r.cfg.Storage); err != nil {
		return fmt.Errorf("home: storing the last registrations: %w", err)
	}
	return nil
}

// sweep drops the expired bindings of one shard. Nobody sees them anyway; this gives their memory back.
func (r *Registrar) sweep(i int, now time.Time) {
	s := &r.shards[i]
	s.mu.Lock()
	defer s.mu.Unlock()
	for aor, old := range s.users {
		live := make([]*entry, 0, len(old))
		for _, e := range old {
			if e.live(now) {
				live = append(live, e)
			}
		}
		if len(live) < len(old) {
			r.replace(s, aor, live)
		}
	}
}
