package proxy

import (
	"bytes"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// Routing is what the Route fields and Request-URI of a request say once our
// own entries are taken out (RFC 3261 §16.4).
type Routing struct {
	// InDialog tells that one of our signed Record-Route values brought the
	// request here and fits its dialog, and the side that it comes from.
	InDialog bool
	// Bound tells that the request goes where that value says: to the other side
	// of the dialog as it was when it last passed here.
	Bound bool
	// Opener tells that the request comes from whoever opened the dialog.
	Opener bool
	// Renamed tells that its opener now goes by another address in From.
	Renamed bool
	Pass    Pass
	claims  claims
	// Back is the flow that the dialog was opened on, where the request goes to
	// whoever opened it, or the one that it was opened to, where it goes there.
	Back   wire.Flow
	called bool // Back is the latter
	// Phone is the flow of a phone whose Path brought the request here: it was
	// registered through us (RFC 3327 §5.4). Only the registrar may call it so.
	Phone wire.Flow
	// PhoneLost tells that such a Path names a flow that is none of ours any more.
	PhoneLost bool
	// Next is the first Route value that is not ours.
	Next    sip.Address
	HasNext bool
	next    sip.Span
	at      *listener // that our last Route value names: the side that the request goes to (RFC 5658)
	hop     uri.URI   // ForwardDialog's, here so that it is not allocated
	// RequestURI is the Request-URI to go on with: the request's own, or the
	// last Route value where a strict router had put us into the Request-URI.
	RequestURI []byte
	URI        uri.URI
	// Foreign tells that a Route came that names somebody else and no token of
	// ours vouches for it: an attempt to relay through us, unless the sender
	// may do that.
	Foreign bool
}

// Preroute works out the routing of a request and notes in e the removal of
// our own Route values. It allocates nothing.
func (p *Proxy) Preroute(m *sip.Message, e *sip.Edit, r *Routing) {
	*r = Routing{RequestURI: m.RequestURI(), URI: *m.URI()}
	strict := p.strictUpstream(m, r)
	if m.Has(sip.HeaderRoute) {
		p.takeRoutes(m, e, r, strict)
	}
	r.Foreign = r.HasNext && !r.InDialog
	if r.InDialog {
		p.bound(r)
	}
}

// bound finds out whether a request inside a dialog goes where its token says. A
// flow of ours leads to the other side in any case.
func (p *Proxy) bound(r *Routing) {
	if r.Back.Remote.IsValid() && !r.HasNext {
		r.Bound = true
		return
	}
	r.Bound = r.NextURI(&r.hop) && p.signer.hop(&r.hop) == r.claims.hop
}

// opened returns the listener that the dialog of a request was opened at, where the
// request goes to whoever opened it, and nil elsewhere.
func (r *Routing) opened() *listener {
	if r.InDialog && !r.Opener {
		return r.at
	}
	return nil
}

// leadsBack tells whether a request takes the flow that its Route names. A phone may
// have registered anew meanwhile, because it or the NAT in front of it has lost the old
// one: then that flow is the better one. For who opened the dialog that is so if its
// contact is registered by the very user who called: others may register a copy.
func (p *Proxy) leadsBack(r *Routing, registered bool) bool {
	if !r.Back.Remote.IsValid() || r.HasNext {
		return false
	}
	return !registered || !r.called && !p.openedBy(r)
}

// openedBy tells whether the contact that a request goes to is registered by the user
// who opened the dialog.
func (p *Proxy) openedBy(r *Routing) bool {
	if p.cfg.OwnerOf == nil {
		return false
	}
	u, err := uri.Parse([]byte(p.cfg.OwnerOf(&r.URI)))
	return err == nil && p.signer.from(&u) == r.claims.from
}

// Leave makes a request one outside of its dialog.
func (r *Routing) Leave() {
	r.InDialog, r.Bound, r.Renamed, r.Back = false, false, false, wire.Flow{}
	r.Foreign = r.HasNext
}

// strictUpstream notices a Request-URI that is a Record-Route value of ours: a
// strict router has moved the real target to the end of the Route set
// (§16.4).
func (p *Proxy) strictUpstream(m *sip.Message, r *Routing) bool {
	token, ok := r.URI.Param("gh")
	if !ok || !p.self.IsURI(&r.URI) {
		return false
	}
	p.admit(m, token, r)
	return true
}

// takeRoutes removes what is ours from the top of the Route set, and its last
// value where that becomes the Request-URI.
func (p *Proxy) takeRoutes(m *sip.Message, e *sip.Edit, r *Routing, strict bool) {
	last := 0
	if strict {
		for vs := m.Values(sip.HeaderRoute); vs.Next(); {
			last++
		}
	}
	n := 0
	vs := m.Values(sip.HeaderRoute)
	for vs.Next() {
		n++
		var a sip.Address
		var u uri.URI
		if a.Parse(vs.Text()) != nil || u.Parse(a.URI) != nil {
			continue // seen by Validate
		}
		if n == last {
			e.DeleteValue(&vs)
			r.RequestURI, r.URI = a.URI, u
			continue
		}
		if r.HasNext {
			continue
		}
		if p.self.IsURI(&u) {
			e.DeleteValue(&vs)
			if token, ok := u.Param("gh"); ok && !r.InDialog {
				p.admit(m, token, r)
			}
			p.takeFlow(m, &u, r)
			r.at = p.self.at(&u)
			continue
		}
		r.Next, r.HasNext, r.next = a, true, vs.Span()
	}
}

// takeFlow reads the flow that a URI of ours names.
func (p *Proxy) takeFlow(m *sip.Message, u *uri.URI, r *Routing) {
	if !r.Back.Remote.IsValid() {
		if text, ok := u.Param("fl"); ok {
			r.Back, _ = p.signer.checkFlow(text, openerFlow, m.CallID(), m.To().Tag)
		}
	}
	if !r.Back.Remote.IsValid() {
		if text, ok := u.Param("ft"); ok {
			r.Back, r.called = p.signer.checkFlow(text, targetFlow, m.CallID(), m.From().Tag)
		}
	}
	if text, ok := u.Param("fp"); ok && !r.Phone.Remote.IsValid() {
		r.Phone, ok = p.signer.checkFlow(text, phoneFlow, nil, nil)
		r.PhoneLost = !ok
	}
}

// admit checks a token.
func (p *Proxy) admit(m *sip.Message, token []byte, r *Routing) {
	if len(m.To().Tag) == 0 {
		return // RFC 3261 §12.2: without a To tag there is no dialog
	}
	if p.signer.check(&r.claims, token, m.CallID(), m.From().Tag, m.To().Tag) {
		r.InDialog, r.Pass, r.Opener = true, r.claims.Pass, r.claims.opener
		r.Renamed = r.Opener && p.signer.from(m.FromURI()) != r.claims.from
	}
}

// NextURI returns the URI that decides the next hop: the top Route or the
// Request-URI (§16.6 step 7).
func (r *Routing) NextURI(u *uri.URI) bool {
	if r.HasNext {
		return u.Parse(r.Next.URI) == nil
	}
	*u = r.URI
	return true
}

// secure tells whether the Request-URI or the next Route value is a sips: URI.
func (r *Routing) secure() bool {
	return r.URI.Scheme == uri.SIPS || r.HasNext && len(r.Next.URI) > 5 && bytes.EqualFold(r.Next.URI[:5], []byte("sips:"))
}
