package proof

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"gatehouse.example/internal/state/keep"
	"gatehouse.example/stir/policy"
)

// answer is what DNS said about one name.
type answer struct {
	texts []string
	ttl   time.Duration
	err   error
}

// ask looks all names up that are not known at now, at once, and keeps what comes. now is the attempt's time, which may be virtual; the deadline is real. An error
// means that DNS did not answer for one of them and that nothing is known about it from before.
func (p *Policies) ask(names []string, now time.Time) error {
	ctx, cancel := context.WithTimeout(p.ctx, p.cfg.Deadline)
	defer cancel()
	answers := make([]*answer, len(names))
	p.mu.Lock()
	for i, d := range names {
		if n := p.names[d]; n == nil || !now.Before(n.expires) {
			answers[i] = new(answer)
		}
	}
	p.mu.Unlock()
	var asking sync.WaitGroup
	for i, a := range answers {
		if a != nil {
			asking.Go(func() { a.texts, a.ttl, a.err = p.cfg.Texts.Texts(ctx, policy.Host(names[i])) })
		}
	}
	asking.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	var failed error
	for i, a := range answers {
		if a == nil {
			continue
		}
		if n := p.keep(names[i], a, now); n.failed && n.record == nil && failed == nil {
			failed = fmt.Errorf("proof: policy of %q: %w", names[i], a.err)
		}
	}
	return failed
}

// keep takes an answer in.
func (p *Policies) keep(domain string, a *answer, now time.Time) *name {
	n := p.names[domain]
	if n == nil {
		n = &name{domain: strings.Clone(domain)}
		p.place(n, now)
	}
	n.asked = false
	if n.record != nil && !now.Before(n.until) && !now.Before(n.expires) {
		p.drop(n)
	}
	if n.failed = a.err != nil; n.failed {
		n.expires = now.Add(p.cfg.Failed)
		return n
	}
	n.expires = now.Add(min(max(a.ttl, p.cfg.MinTTL), p.cfg.MaxTTL))
	record, err := policy.Select(a.texts)
	n.doubtful = true
	switch {
	case err != nil:
		// Gone, doubled or damaged: what is remembered stays until its max-age, RFC 8461 §3.3.
		if !now.Before(n.until) {
			p.drop(n)
		}
		n.weaker = time.Time{}
	case n.record != nil && now.Before(n.until) && less(&record, n.record) && !p.believed(n, now):
	default:
		p.take(n, &record, now)
	}
	return n
}

// less says whether a record asks for less than another.
func less(a, b *policy.Record) bool {
	return a.Policy < b.Policy || a.Subdomains < b.Subdomains || a.Methods&b.Methods != b.Methods || a.Sign&^b.Sign != 0 ||
		a.Percent < b.Percent || a.Start.After(b.Start)
}

// believed says whether a weaker record has been seen for long enough. One forged answer must not end a policy: a second, some time later, must say the same.
func (p *Policies) believed(n *name, now time.Time) bool {
	if n.weaker.IsZero() {
		n.weaker = now
	}
	return now.Sub(n.weaker) >= p.cfg.Doubt
}

// take makes a record the name's.
func (p *Policies) take(n *name, r *policy.Record, now time.Time) {
	n.record, n.text, n.seen, n.until = r, r.String(), now, now.Add(r.MaxAge)
	n.weaker, n.doubtful = time.Time{}, false
	family := familyOf(n.domain)
	if !n.lasting && (p.family[family] < mostFamily || p.cfg.Pinned(n.domain)) {
		n.lasting = true
		p.family[family]++
	}
	if !n.lasting {
		n.until = time.Time{} // believed for its TTL like any answer, and then looked up again
		return
	}
	if p.cfg.Storage != nil {
		p.changed[n.domain] = struct{}{}
		delete(p.gone, n.domain)
	}
}

// drop forgets the record of a name.
func (p *Policies) drop(n *name) {
	if n.lasting {
		family := familyOf(n.domain)
		if p.family[family]--; p.family[family] <= 0 {
			delete(p.family, family)
		}
		if p.cfg.Storage != nil {
			p.gone[n.domain] = struct{}{}
			delete(p.changed, n.domain)
		}
	}
	n.record, n.text, n.until, n.lasting, n.weaker = nil, "", time.Time{}, false, time.Time{}
}

// familyOf is the last two labels of a domain.
func familyOf(domain string) string {
	last := strings.LastIndexByte(domain, '.')
	if last < 0 {
		return domain
	}
	return domain[strings.LastIndexByte(domain[:last], '.')+1:]
}

// place gives a name a place; where all are taken, that of the one that is worth least among the next few.
func (p *Policies) place(n *name, now time.Time) {
	p.names[n.domain] = n
	if len(p.places) < p.cfg.Names {
		n.place = len(p.places)
		p.places = append(p.places, n)
		return
	}
	var out *name
	for range min(sample, len(p.places)) {
		candidate := p.places[p.hand]
		if p.hand++; p.hand == len(p.places) {
			p.hand = 0
		}
		if out == nil || p.worth(candidate, now) < p.worth(out, now) {
			out = candidate
		}
	}
	p.drop(out)
	delete(p.names, out.domain)
	n.place = out.place
	p.places[n.place] = n
}

// worth orders names by what their loss would cost: that there is no record can be asked again; a record of a domain that proves itself cannot be had again when
// someone has taken it out of DNS.
func (p *Policies) worth(n *name, now time.Time) int {
	switch {
	case n.record == nil || !n.usable(now):
		return 0
	case !n.lasting:
		return 1
	case !p.cfg.Pinned(n.domain):
		return 2
	}
	return 3
}

// Load reads what is stored.
func (p *Policies) Load(ctx context.Context) error {
	if p.cfg.Storage == nil {
		return nil
	}
	all, err := p.cfg.Storage.LoadPolicies(ctx)
	if err != nil {
		return fmt.Errorf("proof: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range all {
		record, err := policy.Parse(s.Record)
		if err != nil || p.names[s.Domain] != nil || len(p.places) >= p.cfg.Names {
			p.gone[s.Domain] = struct{}{}
			continue
		}
		n := &name{domain: s.Domain, record: &record, text: s.Record, seen: s.Seen, until: s.Until, lasting: true}
		p.place(n, s.Seen)
		p.family[familyOf(n.domain)]++
	}
	return nil
}

// Flush writes what has changed since the last time, in one transaction.
func (p *Policies) Flush(ctx context.Context) error {
	if p.cfg.Storage == nil {
		return nil
	}
	p.mu.Lock()
	var put []Remembered
	var gone []string
	for d := range p.changed {
		if n := p.names[d]; n != nil && n.lasting {
			put = append(put, Remembered{Domain: d, Record: n.text, Seen: n.seen, Until: n.until})
		}
	}
	for d := range p.gone {
		gone = append(gone, d)
	}
	clear(p.changed)
	clear(p.gone)
	p.mu.Unlock()
	if len(put)+len(gone) == 0 {
		return nil
	}
	if err := p.cfg.Storage.PutPolicies(ctx, put, gone); err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		for i := range put {
			p.changed[put[i].Domain] = struct{}{}
		}
		for _, d := range gone {
			if n := p.names[d]; n == nil || !n.lasting {
				p.gone[d] = struct{}{}
			}
		}
		return fmt.Errorf("proof: %w", err)
	}
	return nil
}

// Run confirms what is stale and writes what changes, until ctx is done. report is told of each failure to write; that DNS does not answer is none.
func (p *Policies) Run(ctx context.Context, report func(error)) error {
	confirming := make(chan struct{})
	go func() {
		defer close(confirming)
		for {
			select {
			case d := <-p.stale:
				p.renew(ctx, d)
			case <-ctx.Done():
				return
			}
		}
	}()
	err := keep.Every(ctx, flushEvery, p.Flush, report)
	<-confirming
	return err
}

// renew looks a name up whose record is stale, or the domain that Prepare has asked for.
func (p *Policies) renew(ctx context.Context, domain string) {
	now := time.Now()
	p.mu.Lock()
	n := p.names[domain]
	if n != nil && now.Before(n.expires) {
		n.asked = false
		p.mu.Unlock()
		return
	}
	f, err := p.fly(domain, policy.Names(nil, domain), now)
	if err != nil && n != nil {
		n.asked = false
	}
	p.mu.Unlock()
	if errors.Is(err, ErrBusy) || f == nil {
		return
	}
	select {
	case <-f.done:
	case <-ctx.Done():
	}
}
