package stranger

import (
	"gatehouse.example/internal/state/newcomers"
	"gatehouse.example/screen"
)

// pair is who calls whom; it is not named where the caller has no name.
type pair struct {
	subject newcomers.Subject
	named   bool
}

// Notes implements screen.Preparer.
func (c *Check) Notes() any { return new(pair) }

// Prepare implements screen.Preparer.
func (c *Check) Prepare(a *screen.Attempt, notes any) {
	who := notes.(*pair)
	*who = pair{}
	if a.Outbound {
		return
	}
	if who.subject, who.named = c.subject(a); who.named {
		c.memory.Prefetch(who.subject)
	}
}

// whom is what Prepare has made, or a new one.
func (c *Check) whom(a *screen.Attempt, r *screen.Report) (who pair) {
	if p, ok := r.Notes().(*pair); ok {
		return *p
	}
	who.subject, who.named = c.subject(a)
	return who
}
