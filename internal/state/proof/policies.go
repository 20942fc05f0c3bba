package proof

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"gatehouse.example/stir/policy"
)

// Texts asks DNS for the TXT records of a name: how they read, and for how long. That there are none is no error. internal/locate's Resolver does it.
type Texts interface {
	Texts(ctx context.Context, name string) (texts []string, ttl time.Duration, err error)
}

// PoliciesConfig says how policies are looked up and remembered. The zero value of each field but Texts stands for its default.
type PoliciesConfig struct {
	// Texts asks DNS; nil: nothing is looked up, and only what is stored is known.
	Texts Texts
	// Storage keeps policies beyond the process; nil: nothing does.
	Storage Storage
	// Pinned says of which domains the policy is worth more than others': Memory.Proven. Default: of none.
	Pinned func(domain string) bool
	// Names bounds how many names are remembered, those without a record included. Default: 8192.
	Names int
	// Deadline bounds one look-up. A caller may give up earlier, the answer is then there for the next. Default: 2 s.
	Deadline time.Duration
	// InFlight bounds the look-ups under way. Default: 64.
	InFlight int
	// MinTTL and MaxTTL bound for how long an answer is believed. Default: 1 min and 1 h.
	MinTTL, MaxTTL time.Duration
	// Failed is how long nobody asks again after DNS did not answer. Default: 30 s.
	Failed time.Duration
	// Doubt is how long a record that asks for less than a remembered one must have been seen before it is believed. Default: 1 h.
	Doubt time.Duration
}

func (c PoliciesConfig) withDefaults() PoliciesConfig {
	or(&c.Names, 8192)
	or(&c.Deadline, 2*time.Second)
	or(&c.InFlight, 64)
	or(&c.MinTTL, time.Minute)
	or(&c.MaxTTL, time.Hour)
	or(&c.Failed, 30*time.Second)
	or(&c.Doubt, time.Hour)
	if c.Pinned == nil {
		c.Pinned = func(string) bool { return false }
	}
	return c
}

// or sets v to def where it is zero.
func or[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Policies knows what domains publish about themselves.
//
// A record is believed for its TTL and remembered for its max-age, as RFC 8461 §3.3 has it for mail: that it disappears, or that DNS does not answer, does not
// end the policy. A record that asks for less ends it once it has been seen for a while. What is only remembered is used at once and confirmed behind the
// caller's back ([Policies.Run]).
type Policies struct {
	cfg    PoliciesConfig
	ctx    context.Context // of the look-ups
	cancel context.CancelFunc
	wg     sync.WaitGroup
	stale  chan string // domains to be confirmed

	mu      sync.Mutex
	closed  bool
	names   map[string]*name
	places  []*name
	hand    int
	family  map[string]int     // by last two labels: records that are remembered
	flying  map[string]*flight // by domain
	changed map[string]struct{}
	gone    map[string]struct{}
}

// name is what is known about one name.
type name struct {
	domain   string
	record   *policy.Record // nil: there is none
	text     string         // of record, as it is stored
	expires  time.Time      // when DNS is to be asked again
	until    time.Time      // when record is forgotten
	seen     time.Time      // when DNS last said it
	weaker   time.Time      // when a record that asks for less was seen first
	place    int
	asked    bool // waits in stale
	lasting  bool // record outlives its TTL; counted in family
	failed   bool // DNS did not answer
	doubtful bool // the last answer did not hold record
}

// flight is one look-up under way.
type flight struct {
	done chan struct{}
	err  error
}

// Errors of Lookup.
var (
	// ErrBusy says that too many look-ups are under way.
	ErrBusy   = errors.New("proof: too many look-ups of policies under way")
	errClosed = errors.New("proof: policies are closed")
)

// mostFamily bounds the remembered records below one name of two labels: who has a domain can invent names in it, each with a record.
const mostFamily = 64

// NewPolicies returns policies of which none is known yet. Close ends what it starts.
func NewPolicies(cfg PoliciesConfig) *Policies {
	p := &Policies{
		cfg: cfg.withDefaults(), stale: make(chan string, 256), names: make(map[string]*name), family: make(map[string]int),
		flying: make(map[string]*flight), changed: make(map[string]struct{}), gone: make(map[string]struct{}),
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// Close ends the look-ups under way and waits for them.
func (p *Policies) Close() {
	p.cancel()
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.wg.Wait()
}

// Policy is a record with where it comes from.
type Policy struct {
	// Record is nil where no record speaks for the domain.
	Record *policy.Record
	// Domain is where the record stands: the domain asked for, or one above it, and then Inherited is true.
	Domain    string
	Inherited bool
	// Seen is when DNS last said it.
	Seen time.Time
	// Remembered says that DNS has not confirmed it since it was to be asked again.
	Remembered bool
}

// Cached returns the policy of a domain where that needs no look-up; ok is false where it does. It allocates nothing.
func (p *Policies) Cached(domain string, now time.Time) (found Policy, ok bool) {
	var buf [4]string
	names := policy.Names(buf[:0], domain)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cached(names, now)
}

func (p *Policies) cached(names []string, now time.Time) (found Policy, ok bool) {
	for i, d := range names {
		n := p.names[d]
		if !n.usable(now) {
			if p.cfg.Texts == nil {
				continue
			}
			return Policy{}, false
		}
		stale := !now.Before(n.expires)
		if stale {
			p.confirm(n)
		}
		if n.record != nil {
			return Policy{Record: n.record, Domain: n.domain, Inherited: i > 0, Seen: n.seen, Remembered: stale || n.failed || n.doubtful}, true
		}
	}
	return Policy{}, true
}

// usable says whether what is known about a name holds at now: an answer until it expires, a record until it is forgotten.
func (n *name) usable(now time.Time) bool {
	return n != nil && (now.Before(n.expires) || n.record != nil && now.Before(n.until))
}

// confirm has a stale record looked up behind the caller's back, if there is room for it in the queue.
func (p *Policies) confirm(n *name) {
	if n.asked || p.cfg.Texts == nil {
		return
	}
	select {
	case p.stale <- n.domain:
		n.asked = true
	default:
	}
}

// Prepare has the policy of a domain looked up behind the caller's back where it is not known: of one that has just proven itself, so that it is remembered by
// the time it does not.
func (p *Policies) Prepare(domain string, now time.Time) {
	if _, known := p.Cached(domain, now); known {
		return
	}
	select {
	case p.stale <- domain:
	default:
	}
}

// Lookup returns the policy of a domain, asking DNS where it is not cached. Callers who want the same domain share one look-up. An error means that DNS
// could not say, and then nothing is asked of the domain.
func (p *Policies) Lookup(ctx context.Context, domain string, now time.Time) (Policy, error) {
	names := policy.Names(nil, domain)
	p.mu.Lock()
	found, ok := p.cached(names, now)
	if ok {
		p.mu.Unlock()
		return found, nil
	}
	f, err := p.fly(domain, names, now)
	p.mu.Unlock()
	if err != nil {
		return Policy{}, err
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		return Policy{}, fmt.Errorf("proof: policy of %q: %w", domain, context.Cause(ctx))
	}
	if f.err != nil {
		return Policy{}, f.err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	found, _ = p.cached(names, now)
	return found, nil
}

// fly joins the look-up of a domain that is under way, or starts one. p.mu is held.
func (p *Policies) fly(domain string, names []string, now time.Time) (*flight, error) {
	if f := p.flying[domain]; f != nil {
		return f, nil
	}
	if p.closed {
		return nil, errClosed
	}
	if len(p.flying) >= p.cfg.InFlight {
		return nil, ErrBusy
	}
	f := &flight{done: make(chan struct{})}
	domain = strings.Clone(domain)
	p.flying[domain] = f
	p.wg.Go(func() {
		f.err = p.ask(names, now)
		p.mu.Lock()
		delete(p.flying, domain)
		p.mu.Unlock()
		close(f.done)
	})
	return f, nil
}
