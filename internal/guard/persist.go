package guard

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

const (
	sweepEvery  = time.Second
	sweepBans   = 10_000 // at most so many a sweep
	sweepTables = 300    // sweeps between two of the tables
	maxPending  = 50_000 // changes that wait for the storage
	writeLimit  = 10 * time.Second
)

// Load takes over the bans that the storage holds. Call it once, before the
// first packet. Those that have expired, or are inside a peer by now, are
// deleted from the storage by Run.
func (g *Guard) Load(ctx context.Context) error {
	if g.cfg.Storage == nil {
		return nil
	}
	bans, err := g.cfg.Storage.LoadBans(ctx)
	if err != nil {
		return fmt.Errorf("guard: load bans: %w", err)
	}
	now, ahead := g.now(), g.ahead()
	keep := bans[:0]
	for _, b := range bans {
		stored := b.Source
		b, err := normal(b.shift(-ahead))
		if err != nil || unix(b.Expires) <= now {
			g.store.remove(stored)
			continue
		}
		keep = append(keep, b)
	}
	for _, source := range g.bans.load(keep) {
		g.store.remove(source)
	}
	return nil
}

// Run sweeps what has expired and writes changes of bans to the storage until
// ctx is done; then it writes what still waits, for at most ten seconds, and
// returns nil.
func (g *Guard) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for sweeps := 1; ; {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
			defer cancel()
			g.store.write(last, g.cfg.Storage)
			return nil
		case <-g.store.wake:
		case <-tick.C:
			g.sweep(g.now(), sweeps%sweepTables == 0)
			sweeps++
		}
		g.store.write(ctx, g.cfg.Storage)
	}
}

// sweep removes expired bans and, now and then, dead cells.
func (g *Guard) sweep(now int64, tables bool) {
	for _, p := range g.bans.sweep(now, sweepBans) {
		g.store.remove(p)
		g.emit(Event{Kind: EventUnban, Source: p, Reason: "expired", Time: time.Unix(0, now)})
	}
	if !tables {
		return
	}
	for _, t := range []*table{&g.floods, &g.repeat[0], &g.repeat[1], &g.good, &g.budget, &g.pairs, &g.accounts} {
		t.sweep(now)
	}
	for k := range g.failures {
		g.failures[k][0].sweep(now)
		g.failures[k][1].sweep(now)
		g.networks[k][0].sweep(now)
		g.networks[k][1].sweep(now)
	}
}

// pending holds changes that the storage has not seen yet, the last one for
// each prefix. It is bounded; a change that does not fit is lost and counted.
type pending struct {
	wake chan struct{}
	on   bool

	mu      sync.Mutex
	changes map[netip.Prefix]*Ban // nil: deleted
	lost    uint64
	lastErr string
}

func (p *pending) init(on bool) {
	p.on = on
	p.wake = make(chan struct{}, 1)
	p.changes = make(map[netip.Prefix]*Ban)
}

func (p *pending) save(b Ban)            { p.put(b.Source, &b, true) }
func (p *pending) remove(s netip.Prefix) { p.put(s, nil, true) }

// put notes a change. Without newer it gives way to one that came meanwhile.
func (p *pending) put(source netip.Prefix, b *Ban, newer bool) {
	if !p.on {
		return
	}
	p.mu.Lock()
	_, there := p.changes[source]
	switch {
	case there && !newer:
	case !there && len(p.changes) >= maxPending:
		p.lost++
	default:
		p.changes[source] = b
	}
	p.mu.Unlock()
	if newer {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

// write gives the storage what waits. What fails waits for the next sweep.
func (p *pending) write(ctx context.Context, s Storage) {
	if s == nil {
		return
	}
	p.mu.Lock()
	changes := p.changes
	if len(changes) == 0 {
		p.mu.Unlock()
		return
	}
	p.changes = make(map[netip.Prefix]*Ban)
	p.mu.Unlock()
	var failed error
	for source, b := range changes {
		err := failed // after one failure the rest is not tried: it would take as long each
		if err == nil {
			err = writeOne(ctx, s, source, b)
		}
		if err != nil {
			failed = err
			p.put(source, b, false)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lastErr = ""
	if failed != nil {
		p.lastErr = failed.Error()
	}
}

func writeOne(ctx context.Context, s Storage, source netip.Prefix, b *Ban) error {
	if b == nil {
		if err := s.DeleteBan(ctx, source); err != nil {
			return fmt.Errorf("guard: delete ban: %w", err)
		}
		return nil
	}
	if err := s.SaveBan(ctx, *b); err != nil {
		return fmt.Errorf("guard: save ban: %w", err)
	}
	return nil
}

func (p *pending) stats() (lost uint64, lastErr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost, p.lastErr
}
