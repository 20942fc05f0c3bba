package fetch

import (
	"context"
	"time"
)

type flightKey struct {
	kind Kind
	url  string
}

// A flight is one fetch and all who wait for it. item and err may be read when done is closed.
type flight struct {
	key    flightKey
	target target
	party  party
	slot   bool    // it holds a slot
	after  *flight // finds out whether the host answers; nil: this one does
	done   chan struct{}
	item   *item
	err    *Error
}

// An errand is why something is fetched.
type errand struct {
	cause    Cause
	refresh  bool // nobody waits for it: it is charged to nobody, and comes behind the others
	operator bool // asked for by hand: no budget and no earlier failure stands against it
}

// flight returns the flight for an address: the one under way, or a new one if that may be.
func (f *Fetcher) flight(t target, k Kind, e errand, now time.Time) (*flight, *Error) {
	key := flightKey{k, t.url}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, f.counts.fail(&Error{Reason: Stopped, URL: t.url})
	}
	if fl := f.flights[key]; fl != nil {
		f.counts.joined.Add(1)
		return fl, nil
	}
	if bad := f.admit(t, k, e, now); bad != nil {
		return nil, bad
	}
	fl := &flight{key: key, target: t, party: f.party(t, e), done: make(chan struct{}), after: f.probes[t.origin()]}
	if fl.after != nil && f.queueFull(!fl.party.known) || fl.after == nil && !f.occupy(fl) {
		return nil, f.counts.fail(&Error{Reason: Busy, URL: t.url})
	}
	if fl.after == nil {
		f.probes[t.origin()] = fl
	}
	f.flights[key] = fl
	if e.refresh {
		f.counts.refreshes.Add(1)
	}
	f.work.Go(func() { f.fly(fl) })
	return fl, nil
}

// queued is how many times more fetches may wait for a host's first answer than may be under way.
const queued = 8

// queueFull bounds what waits: it takes a goroutine each, but no slot, so that one host that hangs does not hold up the others.
func (f *Fetcher) queueFull(low bool) bool {
	most := queued * f.cfg.Concurrent
	if low {
		most -= most / 4
	}
	return len(f.flights) >= most
}

// occupy takes a slot for a flight.
func (f *Fetcher) occupy(fl *flight) bool {
	fl.slot = f.slots.enter(fl.party)
	return fl.slot
}

// admit says whether something may be fetched now and charges it to its budgets. A failure of a moment ago is told first, and is free.
func (f *Fetcher) admit(t target, k Kind, e errand, now time.Time) *Error {
	if e.operator {
		return nil
	}
	if bad := f.remembered(t, k, now); bad != nil || e.refresh {
		return bad
	}
	if detail := f.charge(t, e.cause, now); detail != "" {
		return f.counts.fail(&Error{Reason: NoBudget, URL: t.url, Detail: detail})
	}
	return nil
}

// charge takes from every budget that a fetch counts against and names the one that is used up.
func (f *Fetcher) charge(t target, c Cause, now time.Time) string {
	switch {
	case c.Known && !f.peers.take(c.Name, now):
		return "of the peer"
	case !c.Known && !f.strangers.take(c.Name, now):
		return "of who caused it"
	case !c.Known && !f.together.take("", now):
		return "of all strangers"
	case !f.hosts.take(t.origin(), now):
		return "of the host"
	}
	return ""
}

// remembered returns the earlier failure that stands against asking.
func (f *Fetcher) remembered(t target, k Kind, now time.Time) *Error {
	bad := f.failed.find(hostKey(t), now)
	if bad == nil {
		bad = f.failed.find(urlKey(t, k), now)
	}
	return f.again(bad, t)
}

// again tells an earlier failure, if there is one, to one more who asks.
func (f *Fetcher) again(bad *Error, t target) *Error {
	if bad == nil {
		return nil
	}
	f.counts.negative.Add(1)
	again := *bad
	again.URL, again.Cached = t.url, true
	return &again
}

func hostKey(t target) string { return "host " + t.origin() }

func urlKey(t target, k Kind) string { return k.String() + " " + t.url }

// fly makes one fetch and tells those who wait for it.
func (f *Fetcher) fly(fl *flight) {
	fl.item, fl.err = f.fetch(fl)
	if fl.err != nil && !fl.err.Cached {
		f.counts.fail(fl.err)
	}
	f.mu.Lock()
	delete(f.flights, fl.key)
	if origin := fl.target.origin(); f.probes[origin] == fl {
		delete(f.probes, origin)
	}
	f.mu.Unlock()
	if fl.slot {
		f.slots.leave(fl.party)
	}
	close(fl.done)
}

// fetch waits until it is known that the host answers, asks, judges the answer and remembers the outcome.
func (f *Fetcher) fetch(fl *flight) (*item, *Error) {
	t, k := fl.target, fl.key.kind
	if fl.after != nil {
		<-fl.after.done // at most Config.Deadline away
		if bad := f.again(f.failed.find(hostKey(t), f.cfg.Now()), t); bad != nil {
			return nil, bad
		}
		if !f.occupy(fl) {
			return nil, &Error{Reason: Busy, URL: t.url}
		}
	}
	ctx, cancel := context.WithTimeout(f.base, f.cfg.Deadline)
	defer cancel()
	most := f.cfg.MaxSize
	if k == CRL {
		most = f.cfg.MaxCRL
	}
	f.counts.fetches.Add(1)
	a, bad := f.exchange(ctx, t, most)
	var i *item
	if bad == nil {
		f.counts.octets.Add(uint64(len(a.body)))
		i, bad = f.judge(t, k, a)
	}
	if f.base.Err() != nil && bad != nil {
		return nil, &Error{Reason: Stopped, URL: t.url}
	}
	f.remember(t, k, i, bad)
	return i, bad
}

// judge makes an item of an answer.
func (f *Fetcher) judge(t target, k Kind, a *answer) (*item, *Error) {
	now := f.cfg.Now()
	i, err := f.item(Entry{Kind: k, URL: t.url, Body: a.body, Fetched: now, Used: now, Strict: a.lifetime.strict}, a.lifetime)
	if err == nil && k == Chain {
		err = i.path.At(now, now)
	}
	if err == nil && k == CRL {
		// An old list played back does not bring a revoked certificate back; one from the future does not stay for ever.
		if old := f.crls.get(t.url); old != nil && i.crl.ThisUpdate().Before(old.crl.ThisUpdate()) && !old.crl.ThisUpdate().After(now) {
			i.crl, i.Body = old.crl, old.Body
		}
	}
	if err != nil {
		return nil, &Error{Reason: BadContent, URL: t.url, Err: err}
	}
	return i, nil
}

// item makes an item of an entry that has no times yet.
func (f *Fetcher) item(e Entry, l lifetime) (*item, error) {
	i, err := makeItem(e, f.roots.Load())
	if err != nil {
		return nil, err
	}
	i.Fresh = f.cfg.freshUntil(i, l, e.Fetched)
	i.refresh = refreshTime(i.Entry)
	return i, nil
}

// remember puts an outcome into one of the caches.
func (f *Fetcher) remember(t target, k Kind, i *item, bad *Error) {
	now := f.cfg.Now()
	if bad == nil {
		f.failed.remove(hostKey(t))
		f.failed.remove(urlKey(t, k))
		f.keep(i)
		return
	}
	key := urlKey(t, k)
	if bad.Reason.ofHost() {
		key = hostKey(t)
	}
	f.failed.put(key, bad, now, now.Add(f.cfg.NegativeTTL))
}

// keep puts an item into the cache and the storage.
func (f *Fetcher) keep(i *item) {
	evicted := f.cache(i.Kind).put(i)
	f.journal.save(i)
	if i.Kind == CRL {
		f.revoked.forget()
	}
	for _, old := range evicted {
		f.counts.evicted.Add(1)
		f.journal.remove(old)
	}
}
