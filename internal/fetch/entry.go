package fetch

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
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
	Chain  Kind = iota // a certificate with its intermediates
	CRL                // a certificate revocation list
	Domain             // the certificates of a domain that signs by RFC 4474
)

// String names the kind.
func (k Kind) String() string {
	switch k {
	case CRL:
		return "crl"
	case Domain:
		return "domain"
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
	domain  []*x509.Certificate
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
	switch e.Kind {
	case CRL:
		i.crl, err = certificate.ParseCRL(e.Body)
	case Domain:
		i.domain, err = parseDomain(e.Body)
	default:
		err = i.judge(roots)
	}
	if err != nil {
		return nil, err
	}
	i.used.Store(e.Used.UnixNano())
	i.proven.Store(e.Proven || e.Pinned)
	i.refresh = refreshTime(e)
	return i, nil
}

// judge finds the path of a chain to the roots.
func (i *item) judge(roots *certificate.Roots) error {
	if roots == nil {
		return ErrNoRoots
	}
	chain, err := certificate.ParseChain(i.Body)
	if err != nil {
		return err
	}
	i.leaf = sha256.Sum256(chain.Leaf().Raw)
	i.path, err = roots.Path(chain)
	return err
}

// ends is when what an item holds is over; zero where it does not say.
func (i *item) ends() time.Time {
	switch i.Kind {
	case CRL:
		return i.crl.NextUpdate()
	case Domain:
		return i.domain[0].NotAfter
	}
	_, end := i.path.Validity()
	return end
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
	if end := i.ends(); !end.IsZero() && end.Before(until) {
		until = end
	}
	if least := now.Add(c.MinTTL); until.Before(least) {
		until = least
	}
	return until
}
