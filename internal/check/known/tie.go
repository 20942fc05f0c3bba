package known

import (
	"gatehouse.example/internal/state/known"
	"gatehouse.example/screen"
)

// tie is how the called user and the caller of an attempt stand to each other. Several checks ask for it, so it is made once for each attempt.
type tie struct {
	subject
	pair   known.Subject
	rel    known.Relation
	looked bool // rel is known
}

// Notes implements screen.Preparer.
func (c *Check) Notes() any { return new(tie) }

// Prepare implements screen.Preparer.
func (c *Check) Prepare(a *screen.Attempt, notes any) {
	t := notes.(*tie)
	*t = tie{subject: subjectOf(a)}
	if !a.Outbound && t.owner != "" {
		t.pair = c.memory.Subject(t.owner, t.domain, t.peer, a.Time)
		c.memory.Prefetch(&t.pair)
	}
}

// tie is what Prepare has made of an attempt, else fresh.
func (c *Check) tie(a *screen.Attempt, fresh *tie) *tie {
	if t, ok := a.Notes(c).(*tie); ok {
		return t
	}
	c.Prepare(a, fresh)
	return fresh
}

// relation is what the called user knows of the caller.
func (c *Check) relation(a *screen.Attempt, t *tie) *known.Relation {
	if !t.looked {
		t.rel, t.looked = c.memory.Look(t.pair, a.Time), true
	}
	return &t.rel
}

// Acquainted tells whether the called user of an attempt knows its caller, as far as it is proven: for checks that watch strangers.
func (c *Check) Acquainted(a *screen.Attempt) bool {
	t := c.tie(a, new(tie))
	if a.Outbound || t.trust == 0 {
		return false
	}
	rel := c.relation(a, t)
	return rel.Verdict >= 0 && (rel.Strength*t.trust >= 0.3 || rel.Talk >= 0.3 || rel.Verdict > 0)
}

// Chosen tells whether it does so by what he has done himself, not because it was talked with when it called.
func (c *Check) Chosen(a *screen.Attempt) bool {
	t := c.tie(a, new(tie))
	if a.Outbound || t.trust == 0 {
		return false
	}
	rel := c.relation(a, t)
	return rel.Strength*t.trust >= 0.3 || rel.Verdict > 0
}

// Friends is how many of the called user's domain have called the caller of an attempt themselves, proven or claimed.
func (c *Check) Friends(a *screen.Attempt) int {
	t := c.tie(a, new(tie))
	if a.Outbound || t.peer == "" {
		return 0
	}
	rel := c.relation(a, t)
	if rel.Strength > 0 {
		return rel.Colleagues + 1
	}
	return rel.Colleagues
}
