package border

import (
	"net/netip"
	"time"

	"gatehouse.example/internal/action"
	"gatehouse.example/internal/proxy"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// course is what becomes of a request with a token that fits its dialog.
type course uint8

const (
	// goesNowhere: the token does not make it one of that dialog.
	goesNowhere course = iota
	// goesOn: it is forwarded without screening.
	goesOn
	// goesScreened: it is screened as a new one and then goes where its Route leads.
	goesScreened
)

// dialog decides about a request that a token brought here. The token says that
// the dialog was let in and where the other side was then. There it may go. When
// the other side has moved meanwhile, by a Contact that has passed here but whose
// token was not taken up (RFC 3261 §12.2: a route set stays as it is), it may go
// to the PBX and to phones of ours, but is screened. What the PBX and our phones
// send may follow the outside anywhere. Who goes on by another address in From
// than he called by is screened by that, and so is what somebody from outside writes
// to the callee while they talk. All else is no dialog of ours: who was
// let in does not get a relay by that. See docs/adr/0004.
func (v *visit) dialog() course {
	if v.routing.Bound && (v.routing.Pass.Exempt || !v.routing.Renamed && !v.writes()) {
		return goesOn
	}
	switch v.identify(); {
	case v.from.mayRelay(), v.routing.Bound && harmless(v.in.Msg.Method()):
		return goesOn
	case v.routing.Bound:
		return goesScreened // RFC 4916, STANDARDS 5.9: somebody else calls
	}
	var u uri.URI
	if !v.routing.NextURI(&u) {
		return goesNowhere
	}
	ours := v.ours(&u)
	switch {
	case v.ourPhone() && !v.routing.Renamed && (ours || v.mayFollow(&u)):
		return goesOn
	case ours && harmless(v.in.Msg.Method()):
		return goesOn
	case ours:
		return goesScreened
	}
	return goesNowhere
}

// ours tells whether a URI leads to the PBX, at the very port that calls go to,
// or to a phone that has registered here.
func (v *visit) ours(u *uri.URI) bool {
	if _, ok := v.b.FlowOf(u); ok {
		return true
	}
	at, ok := addrOfURI(u)
	return ok && v.site.isPBX(at)
}

// writes tells whether a caller from outside sends a message to be read. That he was let in to talk says nothing about what he
// writes (RFC 5039 §3.1).
func (v *visit) writes() bool {
	return v.in.Msg.Method() == sip.MESSAGE && v.routing.Opener && !v.routing.Pass.Outbound && !v.ourPhone()
}

// harmless tells whether a method only ends or completes what was screened.
func harmless(m sip.Method) bool { return m == sip.ACK || m == sip.BYE || m == sip.PRACK }

// ourPhone tells whether a request comes over the flow of a registered phone.
func (v *visit) ourPhone() bool {
	r := v.b.cfg.Registrar
	return r != nil && r.SentBy(sourceOf(v.in.Packet.Flow), time.Now())
}

// mayFollow tells whether a phone may send to an address that it was not bound
// to: not to a peer, who takes our word for a call, unless it is the one that the
// phone called.
func (v *visit) mayFollow(u *uri.URI) bool {
	at, ok := addrOfURI(u)
	if !ok {
		return false
	}
	p := v.site.peer(at.Addr(), nil)
	return p == nil || v.routing.Opener && v.routing.Pass.Outbound && v.routing.Pass.Peer == p.Number
}

// addrOfURI returns the address and port that a URI with an IP literal leads to.
func addrOfURI(u *uri.URI) (netip.AddrPort, bool) {
	a, ok := u.Addr()
	if _, maddr := u.Param("maddr"); !ok || maddr {
		return netip.AddrPort{}, false
	}
	port := u.Port
	if port == 0 {
		port = 5060
		if u.Scheme == uri.SIPS {
			port = 5061
		}
	}
	return netip.AddrPortFrom(a.Unmap(), port), true
}

// renewed prepares a request inside a dialog for the screening.
func (v *visit) renewed() bool {
	var u uri.URI
	if !v.routing.NextURI(&u) {
		return v.noRelay("Route cannot be read")
	}
	if v.domain = v.calledDomain(v.in.Msg.ToURI()); v.domain == nil {
		v.domain = v.site.first
	}
	if v.domain == nil {
		return v.noRelay("no domain")
	}
	if v.mustProve() && !v.proveUser() {
		return false
	}
	v.pass = v.routing.Pass
	v.targets = append(v.targets[:0], v.dialogTarget(&u))
	return true
}

// inDialog forwards a request inside a dialog that was let in: no screening.
func (v *visit) inDialog() {
	var u uri.URI
	if v.routing.NextURI(&u) {
		if _, maddr := u.Param("maddr"); maddr && v.from.stranger() {
			v.refuse(403, relayingDenied, "")
			return
		}
	}
	v.onward()
	v.strip()
	v.relabel()
	if !v.labelled && v.b.proxy.ForwardDialog(v.sh, v.in, &v.routing, &v.edit, v.out) {
		return
	}
	v.targets = append(v.targets[:0], v.dialogTarget(&u))
	v.pass = v.routing.Pass
	if v.in.Msg.Method() == sip.BYE {
		v.forward((*byes)(v.b))
		return
	}
	v.forward(nil)
}

// relabel sees to it that inside a dialog a labelled caller goes by its label towards the callee, and by its own name towards itself. With
// another From it is forwarded with state, which gives the caller its own back in the response.
func (v *visit) relabel() {
	switch {
	case !v.routing.InDialog || v.labelled:
	case !v.routing.Opener:
		action.Unlabel(&v.edit, v.in.Msg, v.site.Label)
	case v.routing.Pass.Labelled:
		action.Mark(&v.edit, v.in.Msg, v.site.Label)
		v.labelled = true
	}
}

// dialogTarget is the next hop of a request inside a dialog.
func (v *visit) dialogTarget(u *uri.URI) proxy.Target {
	t := proxy.Target{Next: proxy.TargetOf(u)}
	t.Flow, _ = v.b.FlowOf(u)
	return t
}

// ack forwards the ACK of a 2xx.
func (v *visit) ack() {
	if n, ok := v.in.Msg.MaxForwards(); ok && n == 0 {
		return
	}
	v.identify()
	v.strip()
	v.b.proxy.Preroute(v.in.Msg, &v.edit, &v.routing)
	if !v.routing.InDialog || v.dialog() == goesNowhere {
		v.routing.Leave()
		v.looseAck()
		return
	}
	v.relabel()
	if !v.b.proxy.ForwardDialog(v.sh, v.in, &v.routing, &v.edit, v.out) {
		v.b.proxy.ForwardAck(v.in, &v.routing, &v.edit)
	}
}
