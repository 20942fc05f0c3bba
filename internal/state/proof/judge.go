package proof

import (
	"time"

	"gatehouse.example/verdict"
)

// judged is how many missing proofs a person's word is worth: he has spoken with the caller.
const judged = 2

// Judge takes what a person said about an attempt that came without proof. One that was wanted was genuine although it was not proven, and the way it came is
// one on which proofs are missing; one that was unwanted makes a way that was becoming normal suspicious again. The attempt's own time says where it is told.
func (m *Memory) Judge(o *Observation, wanted bool) {
	if o.Proof != verdict.None && o.Proof != verdict.Trunk {
		return
	}
	now := o.Time.UnixNano()
	_, network := pathsOf(o)
	var buf [3]Subject
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range o.subjects(buf[:0], o.Domain, o.Number) {
		e := m.entries[s]
		if e == nil {
			continue
		}
		if wanted {
			e.age(now)
			e.missing += judged
			e.settle()
		}
		e.judgePath(network, int32(now/int64(24*time.Hour)), wanted)
		m.touch(e)
	}
}

// judgePath makes a way normal at once, or suspicious again.
func (e *entry) judgePath(network uint64, day int32, wanted bool) {
	least := 0
	for i := range e.others {
		p := &e.others[i]
		if p.Hash == network {
			least = i
			break
		}
		if p.Days < e.others[least].Days {
			least = i
		}
	}
	switch p := &e.others[least]; {
	case network == 0:
	case wanted:
		*p = Path{Hash: network, Days: explainedDays, Day: day}
	case p.Hash == network:
		p.Days = 0
	}
}

// Proven says whether a domain's attempts have proven themselves at least three times, whatever the method: such a domain is no invention.
func (m *Memory) Proven(domain string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, method := range [...]verdict.Kind{verdict.Call, verdict.Message, verdict.Other} {
		if e := m.entries[Subject{Domain, method, domain}]; e != nil && e.ring == &m.old {
			return true
		}
	}
	return false
}
