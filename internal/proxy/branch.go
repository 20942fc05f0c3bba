package proxy

import (
	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

// try sends the request to the next hop of a branch: a new client transaction
// with a new branch parameter (RFC 3261 §16.6 steps 8 to 11, RFC 3263 §4.3).
// e holds edits of m that are wanted in addition.
func (x *exchange) try(b *branch, m *sip.Message, e *sip.Edit, now int64, out txn.Sender) {
	hop := b.hops[b.hop]
	b.hop++
	to := wire.Dest{Flow: wire.Flow{Transport: hop.Transport, Remote: hop.Addr}, ServerName: hop.ServerName}
	if b.target.Flow.Remote.IsValid() {
		to.Flow = b.target.Flow
	}
	l := x.p.self.outgoing(hop.Transport, hop.Addr.Addr())
	if to.Conn == 0 {
		to.Socket = l.Index
	}
	id := x.sh.ReserveID()
	x.p.writeBranch(x, b, m, e, l, hop.Transport, id)
	buf := e.AppendTo(x.sh.Buffer())
	b.client = x.sh.NewClient(id, x.method, buf, to, clientUser{x}, now, out)
	if b.hop < len(b.hops) || x.next < len(x.targets) {
		b.client.SetDeadline(now + int64(x.p.cfg.Patience))
	}
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
		text = x.appendRecordRoute(text, l)
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
func (x *exchange) appendRecordRoute(dst []byte, l *listener) []byte {
	dst = append(dst, "Record-Route: "...)
	dst = append(dst, l.route...)
	dst = append(dst, x.token[:]...)
	if x.in != l {
		dst = append(dst, ">, "...)
		dst = append(dst, x.in.route...)
		dst = append(dst, x.token[:]...)
	}
	if len(x.back) > 0 {
		dst = append(dst, ";fl="...)
		dst = append(dst, x.back...)
	}
	dst = append(dst, '>')
	return append(dst, "\r\n"...)
}
