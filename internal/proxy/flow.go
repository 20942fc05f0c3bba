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

// A caller behind a connection is often reached by that connection alone: a
// browser's Contact is a made-up name (RFC 7118 §5), a TLS client's port is
// closed to others. So the Record-Route on the caller's side says, in the
// parameter fl, which connection the dialog came from, as RFC 5626 §5.3 has an
// edge proxy do it.
//
// The same goes for a caller on UDP behind a NAT, whose Contact is an address of
// its own network: the flow is then the source of its request.
//
// The value is the base64url form of transport and socket (2 octets), the
// number of the connection (8), its other end (18) and the first 8 octets of an
// HMAC over these, the Call-ID and the caller's tag. The key is made at each start, since the
// numbers begin anew.
const (
	flowSaid = 28
	flowRaw  = flowSaid + 8
	flowLen  = 48
)

// behindNAT tells whether the Contact of a request from UDP is an address other
// than the one that it came from, with no proxy in between.
func behindNAT(in *txn.Incoming) bool {
	m := in.Msg
	f, ok := m.First(sip.HeaderContact)
	if !ok || m.Has(sip.HeaderRecordRoute) {
		return false
	}
	var a sip.Address
	var u uri.URI
	if a.Parse(m.Text(f.Value)) != nil || u.Parse(a.URI) != nil {
		return false
	}
	addr, ok := u.Addr()
	return ok && addr != in.Packet.Flow.Remote.Addr().Unmap()
}

// AppendFlow appends the fl value of a caller's connection.
func (s *Signer) AppendFlow(dst []byte, f wire.Flow, callID, openerTag []byte) []byte {
	var raw [flowRaw]byte
	raw[0], raw[1] = byte(f.Transport), f.Socket
	binary.BigEndian.PutUint64(raw[2:], uint64(f.Conn))
	a := f.Remote.Addr().As16()
	copy(raw[10:], a[:])
	binary.BigEndian.PutUint16(raw[26:], f.Remote.Port())
	sum := s.flowMAC(raw[:flowSaid], callID, openerTag)
	copy(raw[flowSaid:], sum[:])
	return base64.RawURLEncoding.AppendEncode(dst, raw[:])
}

// CheckFlow returns the connection that a fl value names, if it was made by us
// for this dialog.
func (s *Signer) CheckFlow(text, callID, openerTag []byte) (f wire.Flow, ok bool) {
	var raw [flowRaw]byte
	if len(text) != flowLen {
		return f, false
	}
	if n, err := base64.RawURLEncoding.Decode(raw[:], text); err != nil || n != flowRaw {
		return f, false
	}
	sum := s.flowMAC(raw[:flowSaid], callID, openerTag)
	if subtle.ConstantTimeCompare(sum[:8], raw[flowSaid:]) == 0 {
		return f, false
	}
	return wire.Flow{
		Transport: sip.Transport(raw[0]), Socket: raw[1], Conn: wire.ConnID(binary.BigEndian.Uint64(raw[2:])),
		Remote: netip.AddrPortFrom(netip.AddrFrom16([16]byte(raw[10:26])).Unmap(), binary.BigEndian.Uint16(raw[26:])),
	}, true
}

func (s *Signer) flowMAC(raw, callID, tag []byte) (sum [sha256.Size]byte) {
	mac := hmac.New(sha256.New, s.start[:])
	mac.Write(raw)
	mac.Write([]byte{byte(len(callID) >> 8), byte(len(callID))})
	mac.Write(callID)
	mac.Write(tag)
	mac.Sum(sum[:0])
	return sum
}
