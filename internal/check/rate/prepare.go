package rate

import (
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// notes are the keys of an attempt.
type notes struct {
	source, callee, caller uint64
	named                  bool // caller is somebody's
}

// Notes implements screen.Preparer.
func (c *Check) Notes() any { return new(notes) }

// Prepare implements screen.Preparer.
func (c *Check) Prepare(a *screen.Attempt, sheet any) {
	n := sheet.(*notes)
	*n = c.keys(a)
	if n.source != 0 {
		c.source.Prefetch(n.source)
	}
	if n.callee != 0 {
		c.callee.Prefetch(n.callee)
	}
	if n.named {
		c.caller.Prefetch(n.caller)
		c.fanout.Prefetch(n.caller)
	}
}

// notesOf are those that Prepare has made, or new ones.
func (c *Check) notesOf(a *screen.Attempt, r *screen.Report) notes {
	if n, ok := r.Notes().(*notes); ok {
		return *n
	}
	return c.keys(a)
}

func (c *Check) keys(a *screen.Attempt) (n notes) {
	if a.Peer == "" && a.Source.IsValid() {
		hi, lo := sourceKey(a.Source.Addr())
		n.source = c.cfg.Seed.Pair(hashSource, hi, lo)
	}
	if a.Kind != verdict.Other {
		n.callee = c.hash(hashCallee, a.ToNumber, a.To.Requested)
		n.caller, n.named = c.callerKey(a)
	}
	return n
}
