package fetch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gatehouse.example/stir/certificate"
)

// ErrFull says that as many chains have been imported as may be.
var ErrFull = errors.New("fetch: half of the cache is imported chains already; remove some, or make the cache larger")

// Info describes what is in the cache.
type Info struct {
	Kind     Kind
	URL      string
	Octets   int
	Entity   certificate.Entity // of a chain: whom it was issued to
	NotAfter time.Time          // of a chain: when its first certificate expires; of a CRL: its next update
	Fetched  time.Time
	Fresh    time.Time // until when it is used without asking again; an imported one has no such time
	Used     time.Time
	Proven   bool
	Imported bool
}

// List returns what is in the cache, by kind and address.
func (f *Fetcher) List() []Info {
	var list []Info
	for _, i := range slices.Concat(f.chains.all(), f.crls.all(), f.domains.all()) {
		n := Info{Kind: i.Kind, URL: i.URL, Octets: len(i.Body), Fetched: i.Fetched, Fresh: i.Fresh, Used: i.lastUsed(),
			Proven: i.proven.Load(), Imported: i.Pinned}
		n.NotAfter = i.ends()
		if i.path != nil {
			n.Entity = i.path.Entity()
		}
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b Info) int {
		if a.Kind != b.Kind {
			return int(a.Kind) - int(b.Kind)
		}
		return strings.Compare(a.URL, b.URL)
	})
	return list
}

// Import puts a chain in the place of the one at an address, for hosts that cannot be reached from here. It has to lead to a root. It is
// neither fetched again nor evicted; Remove removes it. It is stored when Import returns.
func (f *Fetcher) Import(ctx context.Context, url string, pem []byte) error {
	t, err := f.check(url)
	if err != nil {
		return err
	}
	if len(pem) > f.cfg.MaxSize {
		return &Error{Reason: TooLarge, URL: url}
	}
	now := f.cfg.Now()
	i, err := f.item(Entry{Kind: Chain, URL: t.url, Body: slices.Clone(pem), Fetched: now, Used: now, Pinned: true}, lifetime{})
	if err != nil {
		return &Error{Reason: BadContent, URL: url, Err: err}
	}
	if old := f.chains.get(t.url); (old == nil || !old.Pinned) && f.chains.pinned() >= f.cfg.Size/2 {
		return ErrFull
	}
	f.failed.remove(urlKey(t, Chain))
	f.keep(i)
	return f.journal.flush(ctx)
}

// Prefetch fetches the chains at these addresses now, whatever is in the cache and whatever has failed before, and stores them;
// an imported chain stays. The error joins those of all that failed.
func (f *Fetcher) Prefetch(ctx context.Context, urls ...string) error {
	var errs []error
	for _, url := range urls {
		if err := f.prefetch(ctx, url); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, f.journal.flush(ctx))...)
}

func (f *Fetcher) prefetch(ctx context.Context, url string) error {
	t, err := f.check(url)
	if err != nil {
		return err
	}
	f.failed.remove(hostKey(t))
	fl, bad := f.flight(t, Chain, errand{operator: true}, f.cfg.Now())
	if bad != nil {
		return bad
	}
	select {
	case <-fl.done:
	case <-ctx.Done():
		return fmt.Errorf("fetch: %s: %w", quoted(url), context.Cause(ctx))
	}
	if fl.err != nil {
		return fl.err
	}
	return nil
}

// Look fetches the chain at an address as a call would have it fetched, whatever is in the cache and whatever has failed before, and
// returns it without judging it: it may lead to no root, or have expired. Nothing of it is kept. The error is an *Error, or that ctx ended.
func (f *Fetcher) Look(ctx context.Context, url string) (*certificate.Chain, error) {
	t, err := f.check(url)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Deadline)
	defer cancel()
	a, bad := f.exchange(ctx, t, f.cfg.MaxSize)
	if bad != nil {
		return nil, f.counts.fail(bad)
	}
	chain, err := certificate.ParseChain(a.body)
	if err != nil {
		return nil, f.counts.fail(&Error{Reason: BadContent, URL: t.url, Err: err})
	}
	return chain, nil
}

// Remove removes what is in the cache for an address, chain or CRL, and what failed there, and says whether there was something.
func (f *Fetcher) Remove(ctx context.Context, url string) (bool, error) {
	t, err := parseTarget(url, f.cfg.Ports)
	if err != nil {
		return false, err
	}
	found := false
	for _, k := range []Kind{Chain, CRL, Domain} {
		f.failed.remove(urlKey(t, k))
		if i := f.cache(k).get(t.url); i != nil && f.cache(k).remove(i) {
			f.journal.remove(i)
			found = true
		}
	}
	f.failed.remove(hostKey(t))
	return found, f.journal.flush(ctx)
}
