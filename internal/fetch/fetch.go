// Package fetch gets the certificates that tokens name, and the CRLs that the certificates name, from addresses that strangers choose;
// so most of it is about what it does not do. It is the stir.Source of the server. RFC 8224 §6.2, RFC 8225 §4.3, ATIS-1000074.
//
// # What is asked
//
// https only, on the ports 443 and 8443, by a host's name, in one spelling (target.go). The name is resolved once; each address is
// judged (address.go: RFC 6890 and its successors, in every disguise) and the connection goes to the address that was judged, so a name
// that changes its mind between two look-ups gains nothing. TLS 1.2 or newer under the web's PKI, which protects the transport and
// vouches for nothing else. One GET: no redirect, no proxy, no cookie, no decoding; 64 KiB, two seconds from DNS to the last octet.
//
// # What it costs whom
//
// Everything that is fetched is charged to the budget of whoever caused it (CausedBy), to that of all strangers and to that of the host;
// a bounded number is under way at once, a quarter of it out of strangers' reach, and of one host or cause no more than a part of it. One address is fetched once for all who wait for it;
// who waits no longer does not end it for the others. A host that fails is left alone for a while, whatever address of it is asked for;
// several addresses of a host that is not known to answer are asked for one after the other, so even then it is asked once. A host that
// has held up a call to the end of its deadline holds up no other for as long: what it sends is there for the next call. And only so many
// calls are held up at one time, in all, by one host and by one cause (crowd.go), so that the workers are never all waiting.
//
// # What is kept
//
// Chains with their intermediates, as verified paths, as long as Cache-Control and Expires say within bounds (RFC 9111 §4.2), refreshed in
// the background before they become stale while they are in use, and for a while after it where the host cannot be reached. Cache and
// negative cache are bounded; cache.go says why invented addresses do not push out good ones. What is kept outlives a restart in a
// Storage, where addresses are only ever data: this package opens no file.
//
// # Concurrency
//
// A Fetcher is safe for any number of goroutines. A chain that is in the cache costs a read lock, a map look-up and no allocation. Its
// goroutines are one for each fetch under way; they end with Run, or Close, which wait for them.
//
// Not done: OCSP, LDAP and plain http for CRLs, conditional requests, chains by AIA.
package fetch

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse.example/stir"
	"gatehouse.example/stir/certificate"
)

var (
	_ stir.Source  = (*Fetcher)(nil)
	_ stir.Revoker = (*Fetcher)(nil)
)

// Fetcher finds certificates and CRLs. Make it with New.
type Fetcher struct {
	cfg     Config
	roots   atomic.Pointer[certificate.Roots]
	chains  *cache
	crls    *cache
	domains *cache
	failed  *failures
	journal journal
	revoked revocations
	counts  counters

	strangers, peers, hosts *budgets
	together                *budgets // of strangers, with one key
	slots                   *crowd   // fetches under way
	waiting                 *crowd   // calls that are held up until a fetch ends

	base context.Context // of fetches: ends with Close
	stop context.CancelFunc
	work sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	flights map[flightKey]*flight
	probes  map[string]*flight // by origin: the fetch that finds out whether the host answers
}

// maxKeys bounds the budgets that are kept for strangers, peers and hosts each.
const maxKeys = 4096

// New returns a Fetcher that is ready for use. Load gives it what an earlier one has stored; Run keeps it fresh.
func New(cfg Config) *Fetcher {
	cfg = cfg.withDefaults()
	now := cfg.Now()
	f := &Fetcher{
		cfg: cfg, chains: newCache(cfg.Size), crls: newCache(cfg.CRLs), domains: newCache(cfg.CRLs), failed: newFailures(cfg.Failed),
		journal:   journal{storage: cfg.Storage, most: 2 * (cfg.Size + cfg.CRLs)},
		strangers: newBudgets(cfg.Stranger, maxKeys, now), together: newBudgets(cfg.Strangers, 1, now),
		peers: newBudgets(cfg.Peer, maxKeys, now), hosts: newBudgets(cfg.Host, maxKeys, now),
		slots:   newCrowd(cfg.Concurrent, cfg.Concurrent-cfg.Concurrent/4, cfg.Concurrent/2, cfg.Concurrent/2, cfg.Concurrent/4),
		waiting: newCrowd(cfg.Waiting, cfg.Waiting*2/3, cfg.Waiting/4, cfg.Waiting/2, cfg.Waiting/6),
		flights: make(map[flightKey]*flight), probes: make(map[string]*flight),
	}
	f.roots.Store(cfg.Roots)
	f.base, f.stop = context.WithCancel(context.Background())
	return f
}

// Path returns the verified path of the chain at an address: from the cache, or from its host, for which it waits as long as ctx lives.
// The error is an *Error. It implements stir.Source; CausedBy says who is charged.
func (f *Fetcher) Path(ctx context.Context, info string) (*certificate.Path, error) {
	i, err := f.find(ctx, info, Chain)
	if err != nil {
		return nil, err
	}
	return i.path, nil
}

// Proven tells that a signature under the key of the chain at this address, of a token that names the address, was valid. It keeps the
// chain in the cache when others press in. It costs next to nothing when it is known already.
func (f *Fetcher) Proven(info string) {
	i := f.chains.get(info)
	if i == nil {
		t, err := parseTarget(info, f.cfg.Ports)
		if err != nil {
			return
		}
		if i = f.chains.get(t.url); i == nil {
			return
		}
	}
	if !i.proven.Load() && f.chains.prove(i) {
		f.journal.save(i)
	}
}

// find returns what is at an address.
func (f *Fetcher) find(ctx context.Context, raw string, k Kind) (*item, error) {
	now := f.cfg.Now()
	c := f.cache(k)
	i := c.get(raw)
	if i == nil || !i.fresh(now) {
		t, err := f.check(raw)
		if err != nil {
			return nil, err
		}
		if i = c.get(t.url); i == nil || !i.fresh(now) {
			return f.obtain(ctx, t, k, i, now)
		}
	}
	f.counts.hits.Add(1)
	i.touch(now)
	return i, nil
}

func (f *Fetcher) cache(k Kind) *cache {
	switch k {
	case CRL:
		return f.crls
	case Domain:
		return f.domains
	}
	return f.chains
}

// check is the guard of addresses, before anything is asked.
func (f *Fetcher) check(raw string) (target, error) {
	t, err := parseTarget(raw, f.cfg.Ports)
	if err == nil && t.addr.IsValid() && !allowedLiteral(t.addr, f.cfg.Allow) {
		err = &Error{Reason: BadAddress, URL: raw, Detail: "an address instead of a name"}
	}
	if bad, ok := errors.AsType[*Error](err); ok {
		return t, f.counts.fail(bad)
	}
	return t, nil
}

// obtain fetches what is not in the cache, or waits for the one that does. stale is what is in the cache, past its time, or nil.
func (f *Fetcher) obtain(ctx context.Context, t target, k Kind, stale *item, now time.Time) (*item, error) {
	e := errand{cause: causeOf(ctx)}
	fl, bad := f.flight(t, k, e, now)
	if bad == nil {
		if bad = f.await(ctx, fl, f.party(t, e)); bad == nil {
			fl.item.touch(now)
			return fl.item, nil
		}
	}
	if stale != nil && f.mayStandIn(stale, bad, now) {
		f.counts.stale.Add(1)
		stale.touch(now)
		return stale, nil
	}
	return nil, bad
}

// mayStandIn says whether a stale item may be used because nothing better can be had now (RFC 9111 §4.2.4). A host that answers, but
// with something else, has withdrawn what was there.
func (f *Fetcher) mayStandIn(i *item, bad *Error, now time.Time) bool {
	reachable := !bad.Reason.ofHost() && !bad.Reason.ours() && !(bad.Reason == BadStatus && bad.Detail >= "500")
	return !reachable && !i.Strict && now.Before(i.Fresh.Add(f.cfg.MaxStale))
}
