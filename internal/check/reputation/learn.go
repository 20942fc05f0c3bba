package reputation

import (
	"net/netip"
	"time"

	"gatehouse.example/internal/state/known"
	"gatehouse.example/internal/state/reputation"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

var _ screen.Learner = (*Check)(nil)

// How long a talk is.
const (
	atOnce   = 6 * time.Second
	listened = 20 * time.Second
	talked   = time.Minute
)

// Learn implements screen.Learner.
func (c *Check) Learn(e *screen.Ending) {
	a := e.Attempt
	if a.Outbound {
		c.placed(e)
		return
	}
	if a.Kind != verdict.Call && a.Kind != verdict.Message || e.Action == verdict.Reject || e.Action == verdict.Drop {
		return
	}
	var buf [6]reputation.Subject
	about := c.subjects(a, buf[:0])
	if len(about) == 0 {
		return
	}
	callee := owner(a)
	switch {
	case e.Status == 607 || e.Cause == 607:
		// RFC 8197: a person does not want this caller.
		c.memory.Opinion(callee, false, e.Time, about...)
		c.flagged(a, e.Time)
		return
	case e.Status == 608 || e.Cause == 608:
		// RFC 8688: a machine on the way objects.
		c.memory.Deed("608", reputation.Machine, e.Time, about[:1]...)
		return
	}
	if e.Action == verdict.Introduce && (e.Answered || e.Ring > 0) && vouched(a.From.Proof) > 0 && a.From.Identity != "" {
		c.memory.Introduced(known.Key(a.IdentityNumber, a.From.Identity), callee)
	}
	if e.Answered {
		c.memory.Reached(callee, e.Time, about...)
	}
	if weight := deed(e); weight != 0 {
		c.memory.Deed(callee, weight, e.Time, about...)
	}
}

// deed is what the callee's behaviour in a call says.
func deed(e *screen.Ending) float64 {
	if e.Attempt.Kind != verdict.Call {
		return 0
	}
	switch {
	case !e.Answered && e.ByCallee && (e.Status == 603 || e.Status == 486):
		return reputation.Declined
	case !e.Answered || e.Lost:
		return 0
	case e.Talk >= talked:
		return reputation.Talked
	case e.Talk >= listened:
		return reputation.Listened
	case e.Talk < atOnce && e.ByCallee:
		return reputation.HungUp
	}
	return 0
}

// placed learns from what our users do: whom they call they know, and whom many call is none whom nobody wants.
func (c *Check) placed(e *screen.Ending) {
	a := e.Attempt
	if e.Action != verdict.Relay && e.Action != verdict.Label || a.Kind != verdict.Call && a.Kind != verdict.Message {
		return
	}
	by := known.Key(a.FromNumber, a.From.Claimed)
	if a.From.Proof != verdict.None && a.From.Identity != "" {
		by = known.Key(a.IdentityNumber, a.From.Identity)
	}
	peer := known.Key(a.ToNumber, a.To.Requested)
	answered := e.Answered && (a.Kind == verdict.Message || e.Talk >= listened)
	if !answered || by == "" || peer == "" || by == peer {
		return
	}
	if c.web != nil {
		c.web.Own(by)
		c.web.Know(by, peer, 1)
	}
	c.memory.Befriended(peer, e.Time)
	c.memory.Deed(by, reputation.CallBack, e.Time, reputation.Subject{Key: c.memory.Key(reputation.Identity, peer), Kind: reputation.Identity, Name: peer})
}

// Judge implements screen.Learner.
func (c *Check) Judge(a *screen.Attempt, label, by string) {
	if a.Outbound {
		return
	}
	var buf [6]reputation.Subject
	about := c.subjects(a, buf[:0])
	if len(about) == 0 {
		return
	}
	switch label {
	case "spam":
		c.memory.Opinion(by, false, a.Time, about...)
		c.flagged(a, a.Time)
	case "ham":
		c.memory.Opinion(by, true, a.Time, about...)
		if vouched(a.From.Proof) > 0 {
			c.memory.Cleared(about[0].Name)
		}
	case "":
		c.memory.TakeBack(by, a.Time, about...)
	}
}

func (c *Check) flagged(a *screen.Attempt, now time.Time) {
	if vouched(a.From.Proof) > 0 && a.From.Identity != "" {
		c.memory.Flagged(known.Key(a.IdentityNumber, a.From.Identity), now)
	}
}

// subjects are those that an attempt's end says something about, the caller first.
func (c *Check) subjects(a *screen.Attempt, dst []reputation.Subject) []reputation.Subject {
	add := func(k reputation.Kind, name string) {
		dst = append(dst, reputation.Subject{Key: c.memory.Key(k, name), Kind: k, Name: name})
	}
	if vouched(a.From.Proof) > 0 && a.From.Identity != "" {
		add(reputation.Identity, known.Key(a.IdentityNumber, a.From.Identity))
	} else if name := claimed(a); name != "" {
		add(reputation.Claimed, name)
	}
	if a.IdentityDomain != "" && a.IdentityDomain != a.ToDomain {
		add(reputation.Domain, a.IdentityDomain)
	}
	if a.Signature.Signer != "" && a.Signature.Outcome == verdict.SignatureValid {
		add(reputation.Signer, a.Signature.Signer)
	}
	if hi, lo, ok := network(a); ok {
		dst = append(dst, reputation.Subject{Key: c.memory.Number(reputation.Network, hi, lo), Kind: reputation.Network, Name: networkName(a.Source.Addr())})
	}
	if a.UserAgent != "" && a.Peer == "" {
		add(reputation.Agent, a.UserAgent)
	}
	return dst
}

// networkName is what a network is stored as: its first address.
func networkName(addr netip.Addr) string {
	bits := 48
	if addr = addr.Unmap(); addr.Is4() {
		bits = 24
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}
