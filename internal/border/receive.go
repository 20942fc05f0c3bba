package border

import (
	"bytes"
	"errors"
	"net/netip"
	"time"

	"gatehouse.example/internal/guard"
	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// arrival is what parsing one packet needs.
type arrival struct {
	in  txn.Incoming
	msg sip.Message
}

// Admit is asked by wire before anything is parsed. Who may talk is known by
// address; but a PBX on this machine shares its loopback address with whoever
// else runs here, so it is known by its port too, and never limited or banned.
// A connection with that port at its other end is one that we have opened.
func (b *Border) Admit(remote netip.AddrPort, _ sip.Transport, size int, now int64) bool {
	a := remote.Addr()
	if a.IsLoopback() && b.site.Load().isPBX(remote) {
		return true
	}
	return b.cfg.Guard.Admit(a, size, now) == guard.Pass
}

// Known tells whom wire keeps places for: the PBXs and the peers, by address.
func (b *Border) Known(a netip.Addr) bool {
	s := b.site.Load()
	_, inside := s.places().inside[a.Unmap()]
	return inside || s.peer(a.Unmap(), nil) != nil
}

// Packet takes one packet from wire: it is parsed, in place, and given to its
// transaction.
func (b *Border) Packet(p *wire.Packet, out *wire.Outbox) { b.receive(p, out) }

func (b *Border) receive(p *wire.Packet, out txn.Sender) {
	b.stats.messages.Add(1)
	if b.layer.Settled(p.Data) {
		return
	}
	a := b.messages.Get().(*arrival)
	a.in.Msg, a.in.Packet = &a.msg, p
	err := a.msg.Parse(p.Data)
	if err == nil {
		err = p.Fault // RFC 3261 §18.3: a datagram may lack a Content-Length, on a stream such a message has no end
	}
	if err != nil {
		b.malformed(&a.in, err, out)
	} else {
		b.layer.Receive(&a.in, out)
	}
	a.in.Packet = nil
	b.messages.Put(a)
}

// malformed answers what cannot be parsed where an answer is possible, without
// state; it counts against its source.
func (b *Border) malformed(in *txn.Incoming, err error, out txn.Sender) {
	b.stats.malformed.Add(1)
	var pe *sip.ParseError
	if !errors.As(err, &pe) {
		return
	}
	p := in.Packet
	if in.Msg.CanRespond() && b.scans(in) {
		return
	}
	b.incident(in, guard.Malformed, "", pe.Reason)
	if pe.Status == 0 || !in.Msg.CanRespond() {
		return
	}
	r := sip.Response{Status: pe.Status, ToTag: "malformed", Source: p.Flow.Remote}
	if pe.Status == 400 {
		r.Reason = pe.Reason
	}
	resp := sip.AppendResponse(make([]byte, 0, 1024), in.Msg, &r)
	if p.Flow.Transport == sip.UDP && !b.cfg.Guard.MayReply(p.Flow.Remote.Addr(), len(p.Data), len(resp), p.Now) {
		return
	}
	out.Send(wire.Dest{Flow: p.Flow}, 0, resp)
}

// scans lets the sentry look at a stranger's request that cannot be parsed to its end, and reports true where it gets no answer: what scanners write is not
// always well-formed (svmap's REGISTER has "Contact: None"), and any answer tells them that here is a server.
func (b *Border) scans(in *txn.Incoming) bool {
	p, site := in.Packet, b.site.Load()
	from := b.senderOf(site, in)
	if !from.stranger() {
		return false
	}
	if b.sentry.Admitted(p.Flow, in.Msg.Value(sip.HeaderUserAgent), p.Now) != "" {
		b.stats.scanners.Add(1)
		return true
	}
	var r salvaged
	if !r.read(in) || !b.sentry.Suspected(p.Flow.Remote.Addr(), p.Now) {
		return false
	}
	_, silent := b.sentry.Probes(site, &r, p.Flow, p.Now)
	return silent
}

// salvaged is what the sentry looks at of a request that was refused by the parser.
type salvaged struct {
	method        sip.Method
	uri, to, from uri.URI
}

func (r *salvaged) Method() sip.Method { return r.method }
func (r *salvaged) URI() *uri.URI      { return &r.uri }
func (r *salvaged) ToURI() *uri.URI    { return &r.to }
func (r *salvaged) FromURI() *uri.URI  { return &r.from }

// read reports false where one of the three is no URI, or the request is one within a dialog.
func (r *salvaged) read(in *txn.Incoming) bool {
	m := in.Msg
	_, line, _ := bytes.Cut(in.Packet.Data, []byte(" "))
	line, _, ok := bytes.Cut(line, []byte(" "))
	r.method = m.Method()
	return ok && len(m.To().Tag) == 0 && r.uri.Parse(line) == nil && r.to.Parse(m.To().URI) == nil && r.from.Parse(m.From().URI) == nil
}

// SendFailed takes wire's news that a message was not delivered.
func (b *Border) SendFailed(_ wire.Flow, token uint64, head []byte, err error) {
	out := b.outboxes.Get().(txn.Flusher)
	b.layer.SendFailed(token, head, err, b.cfg.Clock(), out)
	out.Flush()
	b.outboxes.Put(out)
}

// Closed forgets the registrations that a connection carried.
func (b *Border) Closed(f wire.Flow) {
	if b.cfg.Registrar != nil {
		b.cfg.Registrar.FlowClosed(uint64(f.Conn), time.Now())
	}
}
