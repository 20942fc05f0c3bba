package reputation

import (
	"gatehouse.example/internal/state/reputation"
	"gatehouse.example/screen"
)

// notes are the subjects that hardly any other attempt has in common with this one; 0: there is none.
type notes struct {
	caller, network reputation.Key
	behaviour       reputation.Behaviour // of who the caller is, or claims to be
	proven          bool                 // the caller is who it says
}

// Notes implements screen.Preparer.
func (c *Check) Notes() any { return new(notes) }

// Prepare implements screen.Preparer.
func (c *Check) Prepare(a *screen.Attempt, sheet any) {
	n := sheet.(*notes)
	*n = notes{}
	if a.Outbound {
		return
	}
	if n.proven = vouched(a.From.Proof) > 0 && a.From.Identity != ""; n.proven {
		n.caller = c.memory.Key(reputation.Identity, proven(a))
		n.behaviour = c.memory.Behaviour(n.caller)
	} else if name := claimed(a); name != "" {
		n.caller = c.memory.Key(reputation.Claimed, name)
		n.behaviour = c.memory.Behaviour(c.memory.Key(reputation.Identity, name))
	}
	if n.caller != 0 {
		c.memory.PrefetchBehaviour(n.behaviour)
		c.memory.Prefetch(n.caller)
	}
	if hi, lo, ok := network(a); ok {
		n.network = c.memory.Number(reputation.Network, hi, lo)
		c.memory.PrefetchRare(n.network)
	}
}
