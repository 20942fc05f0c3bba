package txn

import (
	"hash/maphash"
	"net/netip"

	"gatehouse.example/sip"
)

// magic begins every branch of RFC 3261 (§8.1.1.7).
const magic = "z9hG4bK"

// hasher derives look-up keys. They are 64-bit hashes under a random seed of
// this process: nobody outside can make two messages collide on purpose, and
// by chance it happens once in 10^9 among 100,000 live transactions.
type hasher struct{ seed maphash.Seed }

func (h hasher) add(k uint64, b []byte) uint64 {
	return mix(k ^ maphash.Bytes(h.seed, b))
}

// mix is the finalizer of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// serverKey is the identity of the server transaction that a request belongs
// to (RFC 3261 §17.2.3). The source's address is a part of it: whoever replays
// somebody's branch from elsewhere gets no answer out of our memory.
func (h hasher) serverKey(m *sip.Message, method sip.Method, source netip.Addr) uint64 {
	via := m.Via()
	k := h.addAddr(mix(uint64(method)), source)
	if len(via.Branch) > len(magic) && string(via.Branch[:len(magic)]) == magic {
		k = h.add(k, via.Branch)
		k = h.add(k, via.Host)
		k = mix(k ^ uint64(via.Port))
		if method == sip.UnknownMethod {
			k = h.add(k, m.MethodName())
		}
		return k
	}
	return h.key2543(k, m)
}

// key2543 identifies requests of peers without a branch by the fields that
// RFC 3261 §17.2.3 lists for them. The To tag is left out, since the ACK
// carries the one of our response; the CSeq number tells requests of one
// dialog apart all the same.
func (h hasher) key2543(k uint64, m *sip.Message) uint64 {
	k = h.add(k, m.RequestURI())
	k = h.add(k, m.From().Tag)
	k = h.add(k, m.CallID())
	k = mix(k ^ uint64(m.CSeq())<<8)
	return h.add(k, m.Text(m.Via().Span))
}

// dialogKey is what an INVITE and the ACK of its 2xx have in common
// (RFC 3261 §13.2.2.4), with their source.
func (h hasher) dialogKey(m *sip.Message, source netip.Addr) uint64 {
	k := h.addAddr(mix(uint64(m.CSeq())), source)
	return h.add(h.add(k, m.CallID()), m.From().Tag)
}

func (h hasher) addAddr(k uint64, a netip.Addr) uint64 {
	if a.Is4() || a.Is4In6() {
		b := a.Unmap().As4()
		return mix(k ^ uint64(b[0])<<24 ^ uint64(b[1])<<16 ^ uint64(b[2])<<8 ^ uint64(b[3]))
	}
	b := a.As16()
	return h.add(k, b[:])
}
