package fetch

import (
	"context"
	"errors"
	"sync"
	"time"

	"gatehouse.example/stir/certificate"
)

const (
	maxPoints   = 8           // CRLs that one path may name
	askAgain    = time.Minute // how long what CRLs say of a path is believed without asking them again
	askAgainNil = time.Second // the same where they do not say
)

// revocations remembers what the CRLs say of a path, for asking them can cost a signature. A new CRL makes it forget all.
type revocations struct {
	mu    sync.RWMutex
	epoch uint64
	each  map[*certificate.Path]revocation
}

type revocation struct {
	state certificate.Revocation
	until time.Time
}

func (r *revocations) find(p *certificate.Path, now time.Time) (state certificate.Revocation, epoch uint64, found bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	one, found := r.each[p]
	return one.state, r.epoch, found && now.Before(one.until)
}

// put remembers a state unless a CRL has come since it was found out.
func (r *revocations) put(p *certificate.Path, one revocation, epoch uint64, most int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if epoch != r.epoch {
		return
	}
	if r.each == nil || len(r.each) >= most {
		r.each = make(map[*certificate.Path]revocation)
	}
	r.each[p] = one
}

func (r *revocations) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.epoch++
	r.each = nil
}

// Revocation implements stir.Revoker: it says what the CRLs say that are in the cache, and never waits. Those that are not there are
// fetched for the next time.
func (f *Fetcher) Revocation(ctx context.Context, p *certificate.Path, now time.Time) certificate.Revocation {
	clock := f.cfg.Now()
	state, epoch, found := f.revoked.find(p, clock)
	if found {
		return state
	}
	lists := f.cachedCRLs(ctx, p, clock)
	state, _ = p.Revoked(now, lists...) // the error says again what the state does
	again := askAgain
	if state == certificate.RevocationIsUnknown {
		again = askAgainNil
	}
	f.revoked.put(p, revocation{state, clock.Add(again)}, epoch, f.cfg.Size)
	return state
}

// cachedCRLs returns the lists of a path that are here and has the others fetched, charged to whoever caused it.
func (f *Fetcher) cachedCRLs(ctx context.Context, p *certificate.Path, now time.Time) []*certificate.CRL {
	points := p.CRLPoints()
	var lists []*certificate.CRL
	for _, point := range points[:min(len(points), maxPoints)] {
		t, err := f.check(point)
		if err != nil {
			continue
		}
		i := f.crls.get(t.url)
		if i != nil {
			i.touch(now)
			lists = append(lists, i.crl)
		}
		if i == nil || !i.fresh(now) {
			_, _ = f.flight(t, CRL, errand{cause: causeOf(ctx)}, now) // a failure is remembered and counted where it happens
		}
	}
	return lists
}

// CRLs returns the lists that tell about a path, and waits as long as ctx lives for those that have to be fetched. Those that could be
// had are returned even with an error. Whether they are current is for certificate.Path.Revoked to say.
func (f *Fetcher) CRLs(ctx context.Context, p *certificate.Path) ([]*certificate.CRL, error) {
	points := p.CRLPoints()
	f.cachedCRLs(ctx, p, f.cfg.Now()) // all at once, not one after the other
	var lists []*certificate.CRL
	var errs []error
	for _, point := range points[:min(len(points), maxPoints)] {
		i, err := f.find(ctx, point, CRL)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		lists = append(lists, i.crl)
	}
	return lists, errors.Join(errs...)
}
