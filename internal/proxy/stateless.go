package proxy

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"net/netip"

	"gatehouse.example/internal/locate"
	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// A stateless branch is "z9hG4bK-gs", 16 hex digits that are a function of the
// request (RFC 3261 §16.11: the same for each retransmission), 2 that name the
// socket the request came in on, 2 that name its local address there, and 16
// that check where the response goes.
const (
	statelessPrefix = "z9hG4bK-gs"
	statelessLen    = len(statelessPrefix) + 16 + 2 + 2 + 16
)

// ForwardDialog forwards a request inside a dialog that our Record-Route
// vouches for, and the ACK of a 2xx, without keeping state. It reports false
// where state is needed: for an INVITE, for a NOTIFY, whose route is recorded, or
// where a transport is not UDP or the next hop is a name, since then a hop can fail
// over or be late.
func (p *Proxy) ForwardDialog(sh *txn.Shard, in *txn.Incoming, r *Routing, e *sip.Edit, out txn.Sender) bool {
	m := in.Msg
	if m.Method() == sip.INVITE || m.Method() == sip.NOTIFY {
		return false
	}
	if !r.NextURI(&r.hop) {
		return false
	}
	to, flow, ok := p.directHop(&r.hop)
	if p.leadsBack(r, flow) {
		to, flow, ok = wire.Dest{Flow: r.Back}, true, true
	}
	if !ok || m.Method() != sip.ACK && (to.Transport != sip.UDP || in.Packet.Flow.Transport != sip.UDP) {
		return false
	}
	p.sendStateless(sh, in, r, e, to, flow, out)
	return true
}

// ForwardAck forwards the ACK of a 2xx whose next hop is a name. There is
// nobody to tell if that fails: the 2xx comes again.
func (p *Proxy) ForwardAck(in *txn.Incoming, r *Routing, e *sip.Edit) {
	var u uri.URI
	if !r.NextURI(&u) {
		return
	}
	target := TargetOf(&u)
	p.commonEdits(in, r, e)
	base := e.AppendTo(nil)
	callID := append([]byte(nil), in.Msg.CallID()...)
	p.cfg.Go(func(ctx context.Context) {
		hops, err := p.cfg.Locator.Lookup(ctx, target)
		if err != nil || len(hops) == 0 {
			return
		}
		to := wire.Dest{Flow: wire.Flow{Transport: hops[0].Transport, Remote: hops[0].Addr}, ServerName: hops[0].ServerName}
		p.cfg.Resume(callID, func(_ int64, out txn.Sender) {
			sc := p.edits.Get().(*scratch)
			defer p.edits.Put(sc)
			if sc.msg.ParseEdited(base) != nil {
				return
			}
			sc.edit.Begin(&sc.msg)
			l := p.self.outgoing(to.Transport, to.Remote.Addr())
			to.Socket = l.Index
			p.insertStatelessVia(&sc.edit, &sc.msg, l, to.Transport, wire.Flow{})
			out.Send(to, 0, sc.edit.AppendTo(nil))
		})
	})
}

// ForwardAckTo forwards an ACK to a place that needs no look-up.
func (p *Proxy) ForwardAckTo(in *txn.Incoming, sh *txn.Shard, r *Routing, e *sip.Edit, t locate.Target, out txn.Sender) {
	var buf [4]locate.Hop
	hops, ok := p.cfg.Locator.Cached(t, buf[:0])
	if !ok || len(hops) == 0 {
		return
	}
	to := wire.Dest{Flow: wire.Flow{Transport: hops[0].Transport, Remote: hops[0].Addr}, ServerName: hops[0].ServerName}
	p.sendStateless(sh, in, r, e, to, false, out)
}

// TargetOf makes a locate target of a URI, by its maddr, port and transport
// (RFC 3263 §4).
func TargetOf(u *uri.URI) locate.Target {
	t := locate.Target{Host: string(u.Host), Port: u.Port, Secure: u.Scheme == uri.SIPS}
	if v, ok := u.Param("maddr"); ok && len(v) > 0 {
		t.Host = string(v)
	}
	if v, ok := u.Param("transport"); ok {
		t.Transport = sip.ParseTransport(v)
	}
	return t
}

// directHop returns the next hop where no look-up is needed: an address, or a
// registered flow.
func (p *Proxy) directHop(u *uri.URI) (to wire.Dest, flow, ok bool) {
	if p.cfg.FlowOf != nil {
		if f, ok := p.cfg.FlowOf(u); ok {
			return wire.Dest{Flow: f}, true, true
		}
	}
	a, ok := u.Addr()
	if _, maddr := u.Param("maddr"); !ok || maddr || u.Scheme == uri.SIPS {
		return to, false, false // rare enough to be left to package locate
	}
	t := sip.UDP
	if v, ok := u.Param("transport"); ok {
		t = sip.ParseTransport(v)
	}
	port := u.Port
	if port == 0 {
		port = 5060
		if t.Secure() {
			port = 5061
		}
	}
	to = wire.Dest{Flow: wire.Flow{Transport: t, Remote: netip.AddrPortFrom(a, port)}}
	return to, false, !p.self.IsAddr(to.Remote) && !a.IsUnspecified() && !a.IsMulticast() && t != sip.UnknownTransport
}

func (p *Proxy) sendStateless(sh *txn.Shard, in *txn.Incoming, r *Routing, e *sip.Edit, to wire.Dest, flow bool, out txn.Sender) {
	p.stats.stateless.Add(1)
	p.commonEdits(in, r, e)
	to.Only = flow && to.Conn != 0 && masked(&r.URI, &to.Flow)
	l := p.self.leaving(&to.Flow, flow, r.opened())
	p.insertStatelessVia(e, in.Msg, l, to.Transport, txn.ReturnFlow(in))
	b := e.AppendTo(sh.Buffer())
	out.Send(to, 0, b)
	sh.Release(b)
}

func (p *Proxy) insertStatelessVia(e *sip.Edit, m *sip.Message, l *listener, t sip.Transport, back wire.Flow) {
	sc := p.edits.Get().(*scratch)
	text := l.appendVia(sc.text[:0], t)
	text = append(text, statelessPrefix...)
	h := maphash.Bytes(p.seed, m.Text(m.Via().Span)) ^ uint64(m.CSeq())<<32 ^ maphash.Bytes(p.seed, m.CallID())
	text = txn.AppendHex(text, h)
	text = append(text, hexDigit(back.Socket>>4), hexDigit(back.Socket&15), hexDigit(back.Local>>4), hexDigit(back.Local&15))
	text = txn.AppendHex(text, p.returnCheck(m.CallID(), back))
	text = append(text, "\r\n"...)
	e.Insert(m.Fields()[0].Line.Start, text)
	complete(m, e, t)
	sc.text = text[:0]
	p.edits.Put(sc)
}

func hexDigit(b byte) byte { return "0123456789abcdef"[b] }

// returnCheck binds a stateless branch to the place that its response goes to.
func (p *Proxy) returnCheck(callID []byte, back wire.Flow) uint64 {
	var b [28]byte
	a, port := back.Remote.Addr().As16(), back.Remote.Port()
	copy(b[:], a[:])
	b[16], b[17], b[18], b[19] = byte(port>>8), byte(port), back.Socket, back.Local
	binary.BigEndian.PutUint64(b[20:], maphash.Bytes(p.seed, callID))
	return maphash.Bytes(p.seed, b[:])
}

// StrayResponse forwards the response to a request that was forwarded
// statelessly, if our branch proves that the way back is the way it came
// (RFC 3261 §16.11); any other response that matches nothing is dropped, as
// RFC 6026 §8.7 wants.
func (p *Proxy) StrayResponse(sh *txn.Shard, in *txn.Incoming, out txn.Sender) {
	if !p.returnStateless(sh, in, out) {
		p.stats.dropped.Add(1)
	}
}

func (p *Proxy) returnStateless(sh *txn.Shard, in *txn.Incoming, out txn.Sender) bool {
	branch := in.Msg.Via().Branch
	if len(branch) != statelessLen || string(branch[:len(statelessPrefix)]) != statelessPrefix {
		return false
	}
	rest := branch[len(statelessPrefix)+16:]
	socket, ok1 := unhex(rest[0], rest[1])
	local, ok2 := unhex(rest[2], rest[3])
	check, ok3 := txn.ParseHex(rest[4:])
	vs := in.Msg.Values(sip.HeaderVia)
	vs.Next()
	if !ok1 || !ok2 || !ok3 || !vs.Next() {
		return false
	}
	var v sip.Via
	if v.Parse(vs.Text()) != nil {
		return false
	}
	addr, ok := viaAddr(&v)
	back := wire.Flow{Transport: sip.UDP, Socket: socket, Local: local, Remote: addr}
	if !ok || p.returnCheck(in.Msg.CallID(), back) != check {
		return false
	}
	sc := p.edits.Get().(*scratch)
	defer p.edits.Put(sc)
	if ok = p.removeVia(in, &sc.edit); ok {
		complete(in.Msg, &sc.edit, back.Transport)
		b := sc.edit.AppendTo(sh.Buffer())
		out.Send(wire.Dest{Flow: back}, 0, b)
		sh.Release(b)
	}
	return ok
}

// viaAddr reads from a Via that we have stamped where its response goes.
func viaAddr(v *sip.Via) (netip.AddrPort, bool) {
	host := v.Host
	if len(v.Received) > 0 {
		host = v.Received
	}
	u := uri.URI{Scheme: uri.SIP, Host: host}
	a, ok := u.Addr()
	if !ok {
		return netip.AddrPort{}, false
	}
	port := v.Port
	if v.RPort > 0 {
		port = uint16(v.RPort)
	}
	if port == 0 {
		port = 5060
	}
	return netip.AddrPortFrom(a, port), true
}

func unhex(hi, lo byte) (uint8, bool) {
	h, ok1 := nibble(hi)
	l, ok2 := nibble(lo)
	return h<<4 | l, ok1 && ok2
}

func nibble(c byte) (uint8, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}

// Late2xx passes a retransmitted 2xx, or one of another fork, upstream
// (RFC 6026 §8.6).
func (p *Proxy) Late2xx(sh *txn.Shard, up *txn.Upstream, in *txn.Incoming, out txn.Sender) {
	sc := p.edits.Get().(*scratch)
	defer p.edits.Put(sc)
	if p.removeVia(in, &sc.edit) {
		p.bindLate(in.Msg, &sc.edit)
		complete(in.Msg, &sc.edit, up.Flow.Transport)
		if up.From != nil {
			sc.edit.Replace(in.Msg.From().Span, []byte(*up.From))
		}
		b := sc.edit.AppendTo(sh.Buffer())
		out.Send(wire.Dest{Flow: up.Flow}, 0, b)
		sh.Release(b)
	}
}
