package proxy

import (
	"bytes"

	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// A token goes with the requests of one side of a dialog and says where these
// may go: to the other side. Where that is, is known when a request or a
// response comes from there. So the token in a request's Record-Route names the
// way back to its sender, for the receiver; and when the response passes, RFC
// 3261 §16.7 step 8 lets us put into its place one for the sender, which names
// the way to the receiver. Each side gets only its own.

// bindRequest makes the token of a request that opens a dialog, or refreshes its
// targets.
func (x *exchange) bindRequest(m *sip.Message, fw *Forward) {
	x.claims = claims{Pass: fw.Pass}
	if r := fw.Routing; r.InDialog {
		x.claims = r.claims
	} else {
		x.claims.opener = true
		x.claims.from = x.p.signer.from(m.FromURI())
	}
	// x.claims is the sender's; what goes out is the receiver's.
	c := x.claims
	c.opener = !c.opener
	c.hop = hopMark{}
	if text := x.p.hopBehind(m); text != nil {
		c.hop = x.p.hopOf(text)
	}
	x.p.signer.append(x.token[:0], &c, m.CallID(), m.To().Tag, m.From().Tag)
	x.answeredBy = x.answeredBy[:0]
}

// hopBehind returns the URI that requests to the sender of m take from here:
// its topmost Record-Route that is not ours, else its Contact.
func (p *Proxy) hopBehind(m *sip.Message) []byte {
	var a sip.Address
	for vs := m.Values(sip.HeaderRecordRoute); vs.Next(); {
		var u uri.URI
		if a.Parse(vs.Text()) == nil && u.Parse(a.URI) == nil && !p.self.IsURI(&u) {
			return a.URI
		}
	}
	return contactOf(m)
}

func contactOf(m *sip.Message) []byte {
	var a sip.Address
	vs := m.Values(sip.HeaderContact)
	if !vs.Next() || a.Parse(vs.Text()) != nil {
		return nil
	}
	return a.URI
}

func (p *Proxy) hopOf(text []byte) (h hopMark) {
	var u uri.URI
	if u.Parse(text) == nil {
		h = p.signer.hop(&u)
	}
	return h
}

// bindResponse notes the change of the token in a response's Record-Route.
func (x *exchange) bindResponse(m *sip.Message, e *sip.Edit) {
	if !x.record || !m.Has(sip.HeaderRecordRoute) {
		return
	}
	hop, found := []byte(nil), false
	for vs := m.Values(sip.HeaderRecordRoute); vs.Next(); {
		at := bytes.Index(vs.Text(), x.token[:])
		if at < 0 {
			if !found {
				hop = x.p.foreign(vs.Text(), hop)
			}
			continue
		}
		if !found {
			found = true
			x.replyToken(m, hop)
		}
		start := vs.Span().Start + uint32(at)
		e.Replace(sip.Span{Start: start, End: start + tokenLen}, x.reply[:])
	}
}

// foreign returns the URI of a Record-Route value, or else where it is ours.
func (p *Proxy) foreign(value, or []byte) []byte {
	var a sip.Address
	var u uri.URI
	if a.Parse(value) != nil || u.Parse(a.URI) != nil || p.self.IsURI(&u) {
		return or
	}
	return a.URI
}

// replyToken makes the sender's token, unless it has been made for an earlier
// response of the same callee in the same dialog.
func (x *exchange) replyToken(m *sip.Message, hop []byte) {
	switch {
	case m.Status() >= 300:
		hop = nil // no dialog: its token is bound to nowhere
	case hop == nil:
		hop = contactOf(m)
	}
	tag := m.To().Tag
	if by, last, ok := bytes.Cut(x.answeredBy, []byte{0}); ok && bytes.Equal(by, hop) && bytes.Equal(last, tag) {
		return
	}
	x.answeredBy = append(append(append(x.answeredBy[:0], hop...), 0), tag...)
	c := x.claims
	c.hop = x.p.hopOf(hop)
	x.p.signer.append(x.reply[:0], &c, m.CallID(), m.From().Tag, tag)
}

// bindLate does what bindResponse does, where nothing is known of the request any
// more: our topmost token that is still the receiver's is exchanged.
func (p *Proxy) bindLate(m *sip.Message, e *sip.Edit) {
	var c claims
	var hop, old []byte
	var fresh [tokenLen]byte
	for vs := m.Values(sip.HeaderRecordRoute); vs.Next(); {
		var a sip.Address
		var u uri.URI
		if a.Parse(vs.Text()) != nil || u.Parse(a.URI) != nil {
			continue
		}
		if !p.self.IsURI(&u) {
			if old == nil {
				hop = a.URI
			}
			continue
		}
		token, ok := u.Param("gh")
		if !ok || old != nil && !bytes.Equal(token, old) {
			continue
		}
		if old == nil {
			// The receiver of the request has sent this response: as To.
			if !p.signer.check(&c, token, m.CallID(), m.To().Tag, m.From().Tag) {
				continue
			}
			if old = token; hop == nil {
				hop = contactOf(m)
			}
			c.opener = !c.opener
			c.hop = p.hopOf(hop)
			p.signer.append(fresh[:0], &c, m.CallID(), m.From().Tag, m.To().Tag)
		}
		start := vs.Span().Start + uint32(bytes.Index(vs.Text(), token))
		e.Replace(sip.Span{Start: start, End: start + tokenLen}, fresh[:])
	}
}
