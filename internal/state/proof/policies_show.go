package proof

import (
	"cmp"
	"slices"
	"time"
)

// Forget drops what is known about a domain's own record, and tells whether there was one: for an administrator who knows better. DNS is asked again with the next
// attempt.
func (p *Policies) Forget(domain string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.names[domain]
	if n == nil {
		return false
	}
	had := n.record != nil
	p.drop(n)
	n.expires, n.doubtful, n.failed = time.Time{}, false, false
	return had
}

// All returns the records that are remembered, by domain: for people to look at.
func (p *Policies) All() []Remembered {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []Remembered
	for _, n := range p.places {
		if n.lasting {
			all = append(all, Remembered{Domain: n.domain, Record: n.text, Seen: n.seen, Until: n.until})
		}
	}
	slices.SortFunc(all, func(a, b Remembered) int { return cmp.Compare(a.Domain, b.Domain) })
	return all
}
