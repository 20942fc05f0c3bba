package fetch

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash/fnv"
	"sync/atomic"
	"time"

	"gatehouse.example/stir/certificate"
)

// Kind is what was fetched.
type Kind uint8

// The kinds.
const (
	Chain Kind = iota // a certificate with its intermediates
	CRL               // a certificate revocation list
)

// String names the kind.
func (k Kind) String() string {
	if k == CRL {
		return "crl"
	}
	return "chain"
}

// Entry is what lasts of a fetch: enough to judge it anew after a restart.
type Entry struct {
	Kind    Kind
	URL     string
	Body    []byte // as it came: PEM or DER
	Fetched time.Time
	Fresh   time.Time // until when it is used without asking again
	Used    time.Time // when it was last asked for, as far as the storage knows
	Strict  bool      // not to be used after Fresh, even if the host cannot be reached
	Proven  bool      // a valid signature has named this address for this certificate
	Pinned  bool      // imported by the operator: neither refreshed nor evicted
}

// Storage keeps entries over a restart. An entry is known by its kind and URL.
type Storage interface {
	LoadFetched(ctx context.Context) ([]Entry, error)
	SaveFetched(ctx context.Context, e Entry) error
	DeleteFetched(ctx context.Context, k Kind, url string) error
}

// An item is an entry in the cache. Its fields do not change but for used and proven.
type item struct {
	Entry   // Used and Proven as they were when the item was made
	path    *certificate.Path
	crl     *certificate.CRL
	leaf    [sha256.Size]byte // of a chain: which certificate it is
	refresh time.Time         // from when on it is fetched again

	used   atomic.Int64 // Unix nanoseconds
	proven atomic.Bool  // changed under cache.mu
}

func (i *item) fresh(now time.Time) bool { return i.Pinned || now.Before(i.Fresh) }

func (i *item) touch(now time.Time) { i.used.Store(now.UnixNano()) }

func (i *item) lastUsed() time.Time { return time.Unix(0, i.used.Load()) }

// entry is the item as the storage takes it.
func (i *item) entry() Entry {
	e := i.Entry
	e.Used, e.Proven = i.lastUsed(), i.proven.Load()
	return e
}

// ErrNoRoots says that no chain can be judged because the configuration names no STI roots.
var ErrNoRoots = errors.New("fetch: no STI roots are configured")

// makeItem parses and judges the body of an entry.
func makeItem(e Entry, roots *certificate.Roots) (*item, error) {
	i := &item{Entry: e}
	var err error
	if e.Kind == CRL {
		if i.crl, err = certificate.ParseCRL(e.Body); err != nil {
			return nil, err
		}
	} else {
		if roots == nil {
			return nil, ErrNoRoots
		}
		chain, err := certificate.ParseChain(e.Body)
		if err != nil {
			return nil, err
		}
		if i.path, err = roots.Path(chain); err != nil {
			return nil, err
		}
		i.leaf = sha256.Sum256(chain.Leaf().Raw)
	}
	i.used.Store(e.Used.UnixNano())
	i.proven.Store(e.Proven || e.Pinned)
	i.refresh = refreshTime(e)
	return i, nil
}

// refreshTime lies in the last fifth of the fresh time, at a place of its own for each address: what was fetched together is not
// refreshed together.
func refreshTime(e Entry) time.Time {
	h := fnv.New32a()
	_, _ = h.Write([]byte(e.URL)) // never fails
	fifth := e.Fresh.Sub(e.Fetched) / 5
	return e.Fresh.Add(-fifth + time.Duration(h.Sum32()%1000)*fifth/2000)
}

// freshUntil is how long an item may be used without asking again: what the answer says within the configured bounds, and not beyond
// the certificates' validity, or the CRL's next update.
func (c *Config) freshUntil(i *item, l lifetime, now time.Time) time.Time {
	ttl := c.DefaultTTL
	if l.given || l.strict {
		ttl = l.fresh
	}
	until := now.Add(min(max(ttl, c.MinTTL), c.MaxTTL))
	end := time.Time{}
	if i.crl != nil {
		end = i.crl.NextUpdate()
	} else {
		_, end = i.path.Validity()
	}
	if !end.IsZero() && end.Before(until) {
		until = end
	}
	if least := now.Add(c.MinTTL); until.Before(least) {
		until = least
	}
	return until
}
