package proxy

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"net/netip"

	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// Who stands behind a connection is often reached by that connection alone: a
// browser's Contact is a made-up name (RFC 7118 §5), a TLS client's port is
// closed to others. The same goes for who is on UDP behind a NAT, whose Contact
// is an address of its own network. So a URI of ours says which flow leads
// there, as RFC 5626 §5.3 has an edge proxy do it. There are three such
// parameters, none of which is good in the place of another:
//
//	fl  in Record-Route: the flow that the dialog was opened on
//	ft  in Record-Route: the flow that it was opened to
//	fp  in Path: the flow that a phone has registered over
//
// The value is the base64url form of transport and socket (2 octets), the
// number of our local address (1) and of the connection (7), its other end (18) and the first 8 octets of an
// HMAC over these, the kind and, in Record-Route, Call-ID and opener's tag. The
// key for connections is made at each start, since their numbers begin anew.
const (
	flowSaid = 28
	flowRaw  = flowSaid + 8
	flowLen  = 48
)

// flowKind tells the flow parameters apart.
type flowKind byte

const (
	openerFlow flowKind = 'l'
	targetFlow flowKind = 't'
	phoneFlow  flowKind = 'p'
)

// behindNAT tells whether the Contact of a request is an address other than the
// one that it came from, with no proxy in between.
func behindNAT(in *txn.Incoming) bool {
	a, ok := contactAddr(in.Msg)
	return ok && a.Addr() != in.Packet.Flow.Remote.Addr().Unmap() && !in.Msg.Has(sip.HeaderRecordRoute)
}

// contactAddr returns the address in the first Contact, if one stands there.
func contactAddr(m *sip.Message) (netip.AddrPort, bool) {
	vs := m.Values(sip.HeaderContact)
	var a sip.Address
	var u uri.URI
	if !vs.Next() || a.Parse(vs.Text()) != nil || u.Parse(a.URI) != nil {
		return netip.AddrPort{}, false
	}
	addr, ok := u.Addr()
	port := u.Port
	if port == 0 {
		port = 5060
	}
	return netip.AddrPortFrom(addr, port), ok
}

// appendFlow appends the value that names a flow.
func (s *Signer) appendFlow(dst []byte, kind flowKind, f wire.Flow, callID, openerTag []byte) []byte {
	var raw [flowRaw]byte
	raw[0], raw[1] = byte(f.Transport), f.Socket
	binary.BigEndian.PutUint64(raw[2:], uint64(f.Conn))
	raw[2] = f.Local // no connection has so high a number
	a := f.Remote.Addr().As16()
	copy(raw[10:], a[:])
	binary.BigEndian.PutUint16(raw[26:], f.Remote.Port())
	sum := s.flowMAC(raw[:flowSaid], kind, callID, openerTag)
	copy(raw[flowSaid:], sum[:])
	return base64.RawURLEncoding.AppendEncode(dst, raw[:])
}

// checkFlow returns the flow that a value names, if it was made by us for this
// purpose and dialog.
func (s *Signer) checkFlow(text []byte, kind flowKind, callID, openerTag []byte) (f wire.Flow, ok bool) {
	var raw [flowRaw]byte
	if len(text) != flowLen {
		return f, false
	}
	if n, err := base64.RawURLEncoding.Decode(raw[:], text); err != nil || n != flowRaw {
		return f, false
	}
	sum := s.flowMAC(raw[:flowSaid], kind, callID, openerTag)
	if subtle.ConstantTimeCompare(sum[:8], raw[flowSaid:]) == 0 {
		return f, false
	}
	return wire.Flow{
		Transport: sip.Transport(raw[0]), Socket: raw[1], Local: raw[2], Conn: connOf(raw[:]),
		Remote: netip.AddrPortFrom(netip.AddrFrom16([16]byte(raw[10:26])).Unmap(), binary.BigEndian.Uint16(raw[26:])),
	}, true
}

func connOf(raw []byte) wire.ConnID {
	return wire.ConnID(binary.BigEndian.Uint64(raw[2:]) &^ (0xff << 56))
}

func (s *Signer) flowMAC(raw []byte, kind flowKind, callID, tag []byte) (sum [sha256.Size]byte) {
	key := s.key
	if connOf(raw) != 0 {
		key = s.start[:]
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(raw)
	mac.Write([]byte{'f', byte(kind), byte(len(callID) >> 8), byte(len(callID))})
	mac.Write(callID)
	mac.Write(tag)
	mac.Sum(sum[:0])
	return sum
}
