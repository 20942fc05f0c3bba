package fetch

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A party is on whose account something is under way: which host it is about, and who caused it.
type party struct {
	origin string
	cause  string // empty: nobody in particular, as with refreshing and what the operator asks for
	known  bool   // a peer caused it, or the operator
}

func (f *Fetcher) party(t target, e errand) party {
	p := party{origin: t.origin(), known: e.operator || e.cause.Known}
	switch {
	case e.operator || e.refresh:
	case e.cause.Known:
		p.cause = "peer " + e.cause.Name
	default:
		p.cause = "stranger " + e.cause.Name
	}
	return p
}

// A crowd bounds what is under way at one time: in all, for strangers together (and what nobody waits for), for one host, and for one
// cause. No host that is slow, and nobody who sends us to many such hosts, takes all that there is.
type crowd struct {
	all, low, host, peer, stranger int // the bounds

	mu         sync.Mutex
	here, lows int
	hosts      map[string]int
	causes     map[string]int
}

func newCrowd(all, low, host, peer, stranger int) *crowd {
	return &crowd{all: max(all, 1), low: max(low, 1), host: max(host, 1), peer: max(peer, 1), stranger: max(stranger, 1),
		hosts: make(map[string]int), causes: make(map[string]int)}
}

// enter lets a party in, unless there are too many of its kind.
func (c *crowd) enter(p party) bool {
	each := c.stranger
	if p.known {
		each = c.peer
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.here >= c.all || !p.known && c.lows >= c.low || c.hosts[p.origin] >= c.host || p.cause != "" && c.causes[p.cause] >= each {
		return false
	}
	c.here++
	if !p.known {
		c.lows++
	}
	c.hosts[p.origin]++
	if p.cause != "" {
		c.causes[p.cause]++
	}
	return true
}

// leave ends what enter began.
func (c *crowd) leave(p party) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.here--
	if !p.known {
		c.lows--
	}
	less(c.hosts, p.origin)
	if p.cause != "" {
		less(c.causes, p.cause)
	}
}

func less(m map[string]int, key string) {
	if m[key]--; m[key] == 0 {
		delete(m, key)
	}
}

// leastWait is how long a caller has to have waited in vain for the host to be called slow: one with no time left says nothing of it.
const leastWait = 20 * time.Millisecond

// await waits for a flight as long as ctx lives. A caller with a deadline is a call that is held up, and holds a worker: there may be only so
// many of these, and none for a host that has held one up to its deadline within NegativeTTL. What is fetched is there for the next.
func (f *Fetcher) await(ctx context.Context, fl *flight, p party) *Error {
	if _, hurried := ctx.Deadline(); !hurried {
		return f.arrival(ctx, fl)
	}
	select {
	case <-fl.done:
		return fl.err
	default:
	}
	if f.failed.find(slowKey(fl.target), f.cfg.Now()) != nil {
		return f.counts.fail(&Error{Reason: Waited, URL: fl.target.url, Detail: "the host was slow a moment ago"})
	}
	if !f.waiting.enter(p) {
		return f.counts.fail(&Error{Reason: Waited, URL: fl.target.url, Detail: "too many calls wait for certificates"})
	}
	defer f.waiting.leave(p)
	start := time.Now()
	bad := f.arrival(ctx, fl)
	if bad != nil && bad.Reason == Waited && errors.Is(bad.Err, context.DeadlineExceeded) && time.Since(start) >= leastWait {
		now := f.cfg.Now()
		f.failed.put(slowKey(fl.target), bad, now, now.Add(f.cfg.NegativeTTL))
	}
	return bad
}

// arrival waits for a flight, or the end of ctx.
func (f *Fetcher) arrival(ctx context.Context, fl *flight) *Error {
	select {
	case <-fl.done:
		return fl.err
	case <-ctx.Done():
		return f.counts.fail(&Error{Reason: Waited, URL: fl.target.url, Err: context.Cause(ctx)})
	}
}

func slowKey(t target) string { return "slow " + t.origin() }
