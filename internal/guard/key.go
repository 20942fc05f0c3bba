package guard

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"net/netip"
)

// A key is an address as numbers. tag tells keys of one bucket apart: for IPv4
// it is the address itself, so two IPv4 sources are never taken for one
// another; for IPv6 it is a seeded hash, made by the table.
type key struct {
	hi, lo uint64
	v4     bool
}

func v4Bits(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

func v6Bits(a netip.Addr) (hi, lo uint64) {
	b := a.As16()
	return binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
}

// addrKey is the key of one address.
func addrKey(a netip.Addr) key {
	if a.Is4() {
		return key{lo: uint64(v4Bits(a)), v4: true}
	}
	hi, lo := v6Bits(a)
	return key{hi: hi, lo: lo}
}

// hostKey is the key under which a party is remembered: its address, for IPv6
// its /64, since whoever has one address of a /64 has them all.
func hostKey(a netip.Addr) key {
	k := addrKey(a)
	if !k.v4 {
		k.lo = 0
	}
	return k
}

// netKey is the key of the network around an address: its /24, for IPv6 its /48.
// The mark in the low half keeps it apart from any host's key.
func netKey(a netip.Addr) key {
	if a.Is4() {
		return key{hi: 1, lo: uint64(v4Bits(a) >> 8)}
	}
	hi, _ := v6Bits(a)
	return key{hi: hi >> 16, lo: 1}
}

// netPrefix is what is banned when a network is.
func netPrefix(a netip.Addr) netip.Prefix {
	n := 24
	if a.Is6() {
		n = 48
	}
	p, _ := a.WithZone("").Prefix(n)
	return p
}

// with is the key of a together with something else.
func (k key) with(h uint64) key {
	return key{hi: k.hi ^ h, lo: k.lo ^ bits.RotateLeft64(h, 32) ^ uint64(index(k.v4))}
}

// text hashes a name; the case of ASCII letters is no difference.
func (s *seed) text(domain uint64, name string) uint64 {
	h := s.hash(domain, uint64(len(name)))
	for i := 0; i < len(name); i += 8 {
		var w uint64
		for _, c := range []byte(name[i:min(i+8, len(name))]) {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			w = w<<8 | uint64(c)
		}
		h = s.hash(h, w)
	}
	return h
}

// hostPrefix is what is banned when a party is.
func hostPrefix(a netip.Addr) netip.Prefix {
	n := 32
	if a.Is6() {
		n = 64
	}
	p, _ := a.WithZone("").Prefix(n)
	return p
}

// A seed makes the hashes of one table unpredictable from outside.
type seed [3]uint64

func newSeed() seed {
	return seed{rand.Uint64(), rand.Uint64() | 1, rand.Uint64() | 1}
}

// hash mixes 128 bits into 64 with two widening multiplications by secret odd
// numbers.
func (s *seed) hash(hi, lo uint64) uint64 {
	h, l := bits.Mul64(lo^s[0], s[1])
	h, l = bits.Mul64(h^l^hi, s[2])
	return h ^ l
}
