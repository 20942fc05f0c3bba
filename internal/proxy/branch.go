package proxy

import (
	"strings"

	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// try sends the request to the next hop of a branch: a new client transaction
// with a new branch parameter (RFC 3261 §16.6 steps 8 to 11, RFC 3263 §4.3).
// e holds edits of m that are wanted in addition.
func (x *exchange) try(b *branch, m *sip.Message, e *sip.Edit, now int64, out txn.Sender) {
	hop := b.hops[b.hop]
	b.hop++
	to := wire.Dest{Flow: wire.Flow{Transport: hop.Transport, Remote: hop.Addr}, ServerName: hop.ServerName}
	flow := b.target.Flow.Remote.IsValid()
	if flow {
		to.Flow = b.target.Flow
		to.Only = x.behind(b, m, &to.Flow)
	}
	l := x.p.self.leaving(&to.Flow, flow, x.at)
	id := x.sh.ReserveID()
	x.p.writeBranch(x, b, m, e, l, hop.Transport, id)
	buf := e.AppendTo(x.sh.Buffer())
	b.client = x.sh.NewClient(id, x.method, buf, to, clientUser{x}, now, out)
	if b.hop < len(b.hops) || x.next < len(x.targets) {
		b.client.SetDeadline(now + int64(x.p.cfg.Patience))
	}
}

// behind tells whether a branch's request goes over a connection to who is behind a
// NAT: what it calls itself is another address than the one that we see.
func (x *exchange) behind(b *branch, m *sip.Message, f *wire.Flow) bool {
	if f.Conn == 0 {
		return false
	}
	if b.target.URI == "" {
		return masked(m.URI(), f)
	}
	var u uri.URI
	return u.Parse([]byte(b.target.URI)) == nil && masked(&u, f)
}

// masked tells whether a URI names an address that is not where a flow leads.
func masked(u *uri.URI, f *wire.Flow) bool {
	a, ok := u.Addr()
	return ok && a != f.Remote.Addr().Unmap()
}

// writeBranch notes the edits that only this branch gets.
func (p *Proxy) writeBranch(x *exchange, b *branch, m *sip.Message, e *sip.Edit, l *listener, t sip.Transport, id uint64) {
	sc := p.edits.Get().(*scratch)
	text := l.appendVia(sc.text[:0], t)
	text = txn.AppendBranch(text, id)
	text = append(text, '.')
	text = txn.AppendHex(text, x.loop)
	text = append(text, "\r\n"...)
	if x.record {
		text = x.appendRecordRoute(text, l, m, b)
	}
	if b.pathed = x.path != nil && !p.noPath.has(b.hops[b.hop-1].Addr); b.pathed {
		text = askForPath(x.appendPath(text, l, x.sips(b)), m, e)
	}
	if len(b.target.Path) > 0 {
		text = append(text, "Route: "...)
		for i, r := range b.target.Path {
			if i > 0 {
				text = append(text, ", "...)
			}
			text = append(text, r...)
		}
		text = append(text, "\r\n"...)
	}
	if f, ok := m.First(sip.HeaderMaxBreadth); ok {
		var buf [4]byte
		e.Replace(f.Value, appendInt(buf[:0], b.share))
	} else {
		// RFC 5393 §5.3.3: a request without one gets one.
		text = append(text, "Max-Breadth: "...)
		text = appendInt(text, b.share)
		text = append(text, "\r\n"...)
	}
	// On top of all fields: whatever the order that the request has them in,
	// each of ours is the first of its kind.
	e.Insert(m.Fields()[0].Line.Start, text)
	complete(m, e, t)
	if b.target.URI != "" {
		sc.text = append(text, b.target.URI...)
		e.Replace(m.RequestURISpan(), sc.text[len(text):])
	}
	sc.text = text[:0]
	p.edits.Put(sc)
}

// appendRecordRoute writes our entry in the Route set, signed. Where the
// request changes transport or address on its way, both sides get an entry of
// their own (RFC 5658).
//
// RFC 3261 §16.6 step 4: it is a sips: URI if the request goes to one, else a sip:
// URI, also towards whoever came by TLS: sips: would promise TLS on each hop, and
// §12.1.1 wants a sips: Contact then.
func (x *exchange) appendRecordRoute(dst []byte, l *listener, m *sip.Message, b *branch) []byte {
	in, sips := x.in, x.sips(b)
	if sips {
		out := x.p.self.secured(l)
		if sips = out != nil; sips {
			l, in = out, x.p.self.secured(in)
		}
	}
	dst = append(dst, "Record-Route: "...)
	dst = x.appendEntry(dst, l, sips)
	if in != l {
		dst = append(dst, ">, "...)
		dst = x.appendEntry(dst, in, sips)
	}
	if len(x.back) > 0 {
		dst = append(dst, ";fl="...)
		dst = append(dst, x.back...)
	}
	if b.target.Only && m.To().Tag == nil {
		dst = append(dst, ";ft="...)
		dst = x.p.signer.appendFlow(dst, targetFlow, b.target.Flow, m.CallID(), m.From().Tag)
	}
	dst = append(dst, '>')
	return append(dst, "\r\n"...)
}

func (x *exchange) appendEntry(dst []byte, l *listener, sips bool) []byte {
	if sips {
		dst = append(dst, l.secure...)
	} else {
		dst = append(dst, l.route...)
	}
	dst = append(dst, ";gh="...)
	return append(dst, x.token[:]...)
}

// sips tells whether a branch's request goes to a sips: URI: by its Request-URI,
// or by the topmost of its Route values.
func (x *exchange) sips(b *branch) bool {
	switch t := b.target; {
	case len(t.Path) > 0:
		return strings.Contains(strings.ToLower(t.Path[0]), "<sips:") || x.secure && t.URI == ""
	case t.URI != "":
		return len(t.URI) > 5 && strings.EqualFold(t.URI[:5], "sips:")
	}
	return x.secure
}
