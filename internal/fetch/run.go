package fetch

import (
	"context"
	"fmt"
	"time"

	"gatehouse.example/stir/certificate"
)

const (
	flushEvery  = time.Second
	sweepEvery  = 10 * time.Second
	maxRefresh  = 32             // fetches that one sweep begins
	idleAfter   = 24 * time.Hour // what nobody has asked for so long is not refreshed
	lastFlush   = 5 * time.Second
	warnAgainIn = time.Minute
)

// Load takes over what an earlier life has stored, after judging it by today's roots: what does not lead to one any more, or cannot be
// used any more, is dropped. Call it once, before the first Path.
func (f *Fetcher) Load(ctx context.Context) error {
	if f.cfg.Storage == nil {
		return nil
	}
	entries, err := f.cfg.Storage.LoadFetched(ctx)
	if err != nil {
		return fmt.Errorf("fetch: load: %w", err)
	}
	now := f.cfg.Now()
	for _, e := range entries {
		i, err := makeItem(e, f.roots.Load())
		t, bad := parseTarget(e.URL, f.cfg.Ports)
		if err != nil || bad != nil || t.url != e.URL || !e.Pinned && now.Sub(e.Fresh) > f.cfg.MaxStale {
			f.journal.note(flightKey{e.Kind, e.URL}, nil, true)
			continue
		}
		for _, old := range f.cache(e.Kind).put(i) {
			f.journal.remove(old)
		}
	}
	return nil
}

// Run refreshes what is in use before it becomes stale, clears away what is over and writes changes to the storage until ctx is done;
// then it does what Close does.
func (f *Fetcher) Run(ctx context.Context) error {
	flush, sweep := time.NewTicker(flushEvery), time.NewTicker(sweepEvery)
	defer flush.Stop()
	defer sweep.Stop()
	var warned time.Time
	for {
		select {
		case <-ctx.Done():
			return f.Close()
		case <-sweep.C:
			f.sweep(f.cfg.Now())
		case now := <-flush.C:
			if err := f.journal.flush(ctx); err != nil && ctx.Err() == nil && now.Sub(warned) >= warnAgainIn {
				warned = now
				f.cfg.Log.Warn("certificates not stored", "err", err)
			}
		}
	}
}

// Close ends what is under way, waits for it and writes what is left, for at most five seconds. It is for those who do not call Run.
// A second call does nothing more.
func (f *Fetcher) Close() error {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.stop()
	f.work.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), lastFlush)
	defer cancel()
	return f.journal.flush(ctx)
}

// sweep removes what is over and begins to refresh what is due.
func (f *Fetcher) sweep(now time.Time) {
	for _, k := range []Kind{Chain, CRL, Domain} {
		c := f.cache(k)
		for _, i := range c.over(now, f.cfg.MaxStale) {
			if c.remove(i) {
				f.journal.remove(i)
			}
		}
		for n, i := range c.due(now, idleAfter) {
			if n == maxRefresh {
				break
			}
			if t, err := parseTarget(i.URL, f.cfg.Ports); err == nil {
				_, _ = f.flight(t, k, errand{refresh: true}, now) // a failure is remembered and counted where it happens
			}
		}
	}
}

// SetRoots judges by other roots from now on: what is in the cache is judged anew, and what does not lead to one of them is dropped.
func (f *Fetcher) SetRoots(roots *certificate.Roots) {
	f.roots.Store(roots)
	f.failed.clear()
	f.revoked.forget()
	for _, old := range f.chains.all() {
		i, err := makeItem(old.entry(), roots)
		if err == nil {
			f.chains.swap(old, i)
		} else if f.chains.remove(old) {
			f.journal.remove(old)
		}
	}
}
