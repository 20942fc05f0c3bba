package locate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"gatehouse.example/sip"
)

// key names a plan: a target with its host in canonical form.
type key struct {
	host      string
	port      uint16
	transport sip.Transport
	secure    bool
	trusted   bool
}

// plan is what DNS said about a target. It never changes once it is in the
// cache.
type plan struct {
	servers    []server // by priority; within one priority those of weight 0 first
	serverName string
	err        error // ErrNotFound or ErrDenied, remembered like an answer
	expires    time.Time
	fresh      time.Time // when DNS last confirmed it: a stand-in keeps this
}

// server is one SRV record with its addresses, or the host itself.
type server struct {
	priority, weight uint16
	transport        sip.Transport
	port             uint16
	addrs            []netip.Addr
}

// maxServers bounds the SRV records of one target that are used.
const maxServers = 32

// draw appends the hops of one request: the servers of each priority in
// weighted random order (RFC 2782), each with its addresses; hops that failed
// lately come last, those that asked for rest are left out.
func (r *Resolver) draw(p *plan, dst []Hop, now time.Time) ([]Hop, error) {
	var order [maxServers]uint8
	n := len(p.servers)
	for i := range n {
		order[i] = uint8(i)
	}
	for from := 0; from < n; {
		to := from + 1
		for to < n && p.servers[to].priority == p.servers[from].priority {
			to++
		}
		shuffle(order[from:to], p.servers)
		from = to
	}
	base := len(dst)
	limit := base + r.cfg.MaxHops
	dst = r.collect(p, order[:n], dst, limit, now, fine)
	dst = r.collect(p, order[:n], dst, limit, now, failing)
	if len(dst) == base {
		return dst, ErrBusy
	}
	return dst, nil
}

// collect appends the hops in one condition until dst is limit long.
func (r *Resolver) collect(p *plan, order []uint8, dst []Hop, limit int, now time.Time, want condition) []Hop {
	for _, i := range order {
		s := &p.servers[i]
		for _, a := range s.addrs {
			h := Hop{Addr: netip.AddrPortFrom(a, s.port), Transport: s.transport, ServerName: p.serverName}
			if !secure(s.transport) {
				h.ServerName = ""
			}
			if len(dst) < limit && r.health.of(h, now) == want {
				dst = append(dst, h)
			}
		}
	}
	return dst
}

// shuffle puts servers of one priority in order as RFC 2782 describes: choose
// one with a chance that is its share of the weights, then another among the
// rest. Those of weight 0 stand first, so they have a very small chance.
func shuffle(order []uint8, servers []server) {
	for len(order) > 1 {
		total := 0
		for _, i := range order {
			total += int(servers[i].weight)
		}
		if total == 0 { // No weights: any order will do, so share evenly.
			rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			return
		}
		pick, sum := rand.IntN(total+1), 0
		for at, i := range order {
			if sum += int(servers[i].weight); sum >= pick {
				copy(order[1:at+1], order[:at]) // Keep the others in order: weight 0 first.
				order[0] = i
				break
			}
		}
		order = order[1:]
	}
}

// cache holds plans by target; when it is full, of a few the one that expires
// first makes room.
type cache struct {
	max   int
	mu    sync.RWMutex
	plans map[key]*plan
}

func (c *cache) get(k key) *plan {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.plans[k]
}

func (c *cache) put(k key, p *plan) {
	const sample = 8
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.plans[k]; !ok && len(c.plans) >= c.max {
		var victim key
		var first *plan
		seen := 0
		for k, p := range c.plans {
			if first == nil || p.expires.Before(first.expires) {
				victim, first = k, p
			}
			if seen++; seen == sample {
				break
			}
		}
		delete(c.plans, victim)
	}
	c.plans[k] = p
}

// flight is one look-up under way, shared by all who want its target.
type flight struct {
	done chan struct{}
	plan *plan
	err  error
}

var errClosed = errors.New("locate: resolver is closed")

// plan returns the plan for k out of the cache or from DNS. A stale plan stands
// in when DNS is slow or does not answer.
func (r *Resolver) plan(ctx context.Context, k key) (*plan, error) {
	now := r.cfg.Now()
	old := r.cache.get(k)
	if old != nil && !now.After(old.expires) {
		return old, nil
	}
	if !r.servable(old, now) {
		old = nil
	}
	f, err := r.fly(k, old)
	if err != nil {
		return nil, err
	}
	var patience <-chan time.Time
	if old != nil {
		t := time.NewTimer(r.cfg.StaleWait)
		defer t.Stop()
		patience = t.C
	}
	select {
	case <-f.done:
		return f.plan, f.err
	case <-patience:
		return old, nil
	case <-ctx.Done():
		if old != nil {
			return old, nil
		}
		return nil, fmt.Errorf("locate: %s: %w", k.host, context.Cause(ctx))
	}
}

// servable says whether an expired plan may stand in for a fresh one.
func (r *Resolver) servable(p *plan, now time.Time) bool {
	return p != nil && p.err == nil && r.cfg.MaxStale > 0 && now.Sub(p.fresh) <= r.cfg.MaxTTL+r.cfg.MaxStale
}

// fly joins the look-up of k that is under way, or starts one. It belongs to no
// caller: one who gives up does not spoil it for the others.
func (r *Resolver) fly(k key, old *plan) (*flight, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosed
	}
	if f := r.flying[k]; f != nil {
		return f, nil
	}
	f := &flight{done: make(chan struct{})}
	r.flying[k] = f
	r.wg.Go(func() {
		f.plan, f.err = r.refresh(k, old)
		r.mu.Lock()
		delete(r.flying, k)
		r.mu.Unlock()
		close(f.done)
	})
	return f, nil
}

// refresh asks DNS and puts what it says into the cache. Where it says nothing,
// the old plan, if any, stands in for a while before DNS is asked again
// (RFC 8767 §5); without one, nothing is remembered.
func (r *Resolver) refresh(k key, old *plan) (*plan, error) {
	const recheck = 30 * time.Second
	ctx, cancel := context.WithTimeout(r.ctx, r.cfg.Timeout)
	defer cancel()
	p, ttl, err := r.survey(ctx, k)
	now := r.cfg.Now()
	switch {
	case err == nil:
		p.fresh, p.expires = now, now.Add(ttl)
	case old != nil:
		p = &plan{servers: old.servers, serverName: old.serverName, fresh: old.fresh, expires: now.Add(recheck)}
	default:
		return nil, fmt.Errorf("locate: %s: %w", k.host, err)
	}
	r.cache.put(k, p)
	return p, nil
}
