package border

import (
	"gatehouse.example/internal/guard"
	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// arrive deals with what needs no decision: a request that was already answered
// without state, one that may not be forwarded at all, scanners.
func (v *visit) arrive() bool {
	v.key = v.sh.RequestKey(v.in)
	if v.repeat() {
		return false
	}
	v.from = v.b.senderOf(v.site, v.in)
	m := v.in.Msg
	if v.from.stranger() {
		if v.b.sentry.Admitted(v.in.Packet.Flow, m.Value(sip.HeaderUserAgent), v.in.Packet.Now) != "" {
			v.b.stats.scanners.Add(1)
			return false
		}
		if v.suspected() && v.probes() {
			return false
		}
	}
	if v.b.overloaded(v.in, v.from.stranger()) {
		v.b.stats.shed.Add(1)
		v.refuse(503, "", "Retry-After: 10\r\n")
		return false
	}
	if v.b.draining.Load() && len(m.To().Tag) == 0 {
		v.refuse(503, "", "Retry-After: 10\r\n")
		return false
	}
	if r := v.b.proxy.Validate(m); r.Status != 0 {
		v.refuse(r.Status, r.Reason, r.Headers)
		return false
	}
	if m.Method() == sip.OPTIONS && v.forUs(m.URI()) {
		v.refuse(200, "", capabilities)
		return false
	}
	return true
}

// capabilities answers an OPTIONS that is meant for us (RFC 3261 §11.2).
const capabilities = "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, REGISTER, SUBSCRIBE, NOTIFY, PUBLISH, MESSAGE, INFO, PRACK, UPDATE, REFER\r\n" +
	"Accept: application/sdp\r\nAccept-Encoding: identity\r\nSupported: path\r\n"

// forUs tells whether a Request-URI means this server itself: no user, and one
// of our addresses or domains.
func (v *visit) forUs(u *uri.URI) bool {
	return u.Scheme != uri.TEL && len(u.User) == 0 &&
		(v.b.cfg.Self.IsURI(u) || v.b.cfg.Self.IsHost(u) || v.site.domain(u.Host) != nil)
}

// incident reports something against a request's source.
func (b *Border) incident(in *txn.Incoming, kind guard.FailureKind, account, evidence string) {
	b.cfg.Guard.Report(sourced(in.Packet.Flow, &guard.Incident{Kind: kind, Account: account, Evidence: evidence}), in.Packet.Now)
}

// sourced completes an incident by where it came from. What comes over a
// connection proves its source, a datagram does not.
func sourced(f wire.Flow, i *guard.Incident) *guard.Incident {
	i.Remote, i.Transport = f.Remote, f.Transport.Lower()
	if f.Transport.Reliable() {
		i.Kind |= guard.Proven
	}
	return i
}

// refuse answers without state. To a stranger on UDP no more than three times
// what it sent goes out.
func (v *visit) refuse(status int, reason, headers string) {
	r := sip.Response{Status: status, Reason: reason, Headers: []byte(headers), Source: v.in.Packet.Flow.Remote}
	if v.server != nil {
		r.ToTag = txn.ToTag(v.key)
		v.respond(&r)
		return
	}
	r.ToTag = v.b.layer.StatelessTag(v.in.Msg, v.key)
	buf := sip.AppendResponse(v.sh.Buffer(), v.in.Msg, &r)
	if v.mayReply(len(buf)) {
		v.out.Send(wire.Dest{Flow: txn.ReturnFlow(v.in)}, 0, buf)
	}
	v.sh.Release(buf)
}

// respond answers on the server transaction that the verdict waited in.
func (v *visit) respond(r *sip.Response) {
	buf := sip.AppendResponse(v.sh.Buffer(), v.in.Msg, r)
	v.server.Respond(buf, r.Status, v.in.Packet.Now, v.out)
	v.sh.Release(buf)
}

func (v *visit) mayReply(out int) bool {
	p := v.in.Packet
	return !v.from.metered || v.b.cfg.Guard.MayReply(p.Flow.Remote.Addr(), len(p.Data), out, p.Now)
}
