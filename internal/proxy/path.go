package proxy

import (
	"bytes"
	"net/netip"

	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

// WantsPath tells whether a REGISTER that goes to a registrar behind us gets a
// Path value of ours: where the phone says that it knows Path (RFC 3327 §5.2),
// and where nothing else leads back to it, because it came over a connection or
// from behind a NAT.
//
// RFC 3327 §5.3 lets a registrar refuse a Path that the phone has not asked for,
// and Asterisk does: so we ask for it, see askForPath. One that refuses it all
// the same is asked without, see withoutPath.
func WantsPath(in *txn.Incoming) bool {
	return supportsPath(in.Msg) || in.Packet.Flow.Conn != 0 || behindNAT(in)
}

func supportsPath(m *sip.Message) bool {
	for vs := m.Values(sip.HeaderSupported); vs.Next(); {
		if bytes.EqualFold(vs.Text(), []byte("path")) {
			return true
		}
	}
	return false
}

// phoneOf returns the flow that a phone is reached by: the one that its REGISTER
// came over. A phone on UDP that is not behind a NAT may listen at another port
// than it sends from, and says so in its Contact.
func phoneOf(in *txn.Incoming) wire.Flow {
	f := in.Packet.Flow
	if c, ok := contactAddr(in.Msg); ok && f.Conn == 0 && c.Addr() == f.Remote.Addr().Unmap() {
		f.Remote = netip.AddrPortFrom(f.Remote.Addr(), c.Port())
	}
	return f
}

// appendPath writes our Path field (RFC 3327 §5.2): on top of those of the
// proxies that the request has come through.
func (x *exchange) appendPath(dst []byte, l *listener, sips bool) []byte {
	dst = append(dst, "Path: "...)
	if s := x.p.self.secured(l); sips && s != nil {
		dst = append(dst, s.secure...)
	} else {
		dst = append(dst, l.route...)
	}
	dst = append(dst, ";fp="...)
	dst = append(dst, x.path...)
	return append(dst, ">\r\n"...)
}

// askForPath has the registrar know that a Path may be used, also for a phone that
// does not know it: it has nothing to do for it. That is said in the phone's own
// Supported field, for who reads only one, or else in the new fields dst.
func askForPath(dst []byte, m *sip.Message, e *sip.Edit) []byte {
	f, ok := m.First(sip.HeaderSupported)
	switch {
	case supportsPath(m):
	case ok && f.Value.Start == f.Value.End:
		e.Insert(f.Value.Start, []byte(" path"))
	case ok:
		e.Insert(f.Value.Start, []byte("path, "))
	default:
		dst = append(dst, "Supported: path\r\n"...)
	}
	return dst
}

// withoutPath sends a REGISTER again without our Path after the registrar has
// refused it for that (RFC 3327 §5.3: 420), and remembers that. The registrar
// then calls the phone at its Contact, as it would without us.
func (x *exchange) withoutPath(b *branch, in *txn.Incoming, now int64, out txn.Sender) bool {
	if !b.pathed || x.base == nil || x.done || x.cancelled || !refusesPath(in.Msg) {
		return false
	}
	b.hop--
	x.p.noPath.add(b.hops[b.hop].Addr)
	x.proceed(b, now, out)
	return true
}

func refusesPath(m *sip.Message) bool {
	for vs := m.Values(sip.HeaderUnsupported); vs.Next(); {
		if bytes.EqualFold(vs.Text(), []byte("path")) {
			return true
		}
	}
	return false
}
