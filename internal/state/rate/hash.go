package rate

import (
	"crypto/rand"
	"encoding/binary"
	"math/bits"
)

// Seed is the secret that makes hashes unguessable. Equal seeds make equal hashes, so a replay is deterministic for its seed.
type Seed struct{ k0, k1 uint64 }

// NewSeed returns a random seed.
func NewSeed() Seed {
	var b [16]byte
	rand.Read(b[:])
	return Seed{binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])}
}

// SeedOf returns the seed of a secret of 16 octets or more, for hashes that outlive a run.
func SeedOf(secret []byte) Seed {
	return Seed{binary.LittleEndian.Uint64(secret), binary.LittleEndian.Uint64(secret[8:])}
}

// FixedSeed returns a seed made of a number, for replays and tests.
func FixedSeed(n uint64) Seed {
	return Seed{n ^ 0x9E3779B97F4A7C15, bits.RotateLeft64(n, 32) + 0xD1B54A32D192ED03}
}

// String hashes text by SipHash-1-3 (Aumasson and Bernstein 2012), which is made for keys that an attacker chooses. The domain
// keeps hashes for different uses apart.
func (s Seed) String(domain uint64, text string) uint64 {
	v0, v1, v2, v3 := s.start(domain)
	n, whole := len(text), text
	for ; len(text) >= 8; text = text[8:] {
		m := octets(text)
		v3 ^= m
		v0, v1, v2, v3 = round(v0, v1, v2, v3)
		v0 ^= m
	}
	last := uint64(n) << 56
	if rest := len(text); rest > 0 && n >= 8 {
		last |= octets(whole[n-8:]) >> (64 - 8*rest) // read at once, with some of what went before
	} else {
		for i := 0; i < rest; i++ {
			last |= uint64(text[i]) << (8 * i)
		}
	}
	return finish(v0, v1, v2, v3, last)
}

// octets are the first eight of a text as a number.
func octets(text string) uint64 {
	_ = text[7]
	return uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
		uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56
}

// Pair hashes two numbers.
func (s Seed) Pair(domain, a, b uint64) uint64 {
	v0, v1, v2, v3 := s.start(domain)
	v3 ^= a
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	v0 ^= a
	return finish(v0, v1, v2, v3, b)
}

func (s Seed) start(domain uint64) (v0, v1, v2, v3 uint64) {
	k0, k1 := s.k0^domain*0x9E3779B97F4A7C15, s.k1
	return k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573
}

func round(v0, v1, v2, v3 uint64) (uint64, uint64, uint64, uint64) {
	v0 += v1
	v1 = bits.RotateLeft64(v1, 13) ^ v0
	v0 = bits.RotateLeft64(v0, 32)
	v2 += v3
	v3 = bits.RotateLeft64(v3, 16) ^ v2
	v0 += v3
	v3 = bits.RotateLeft64(v3, 21) ^ v0
	v2 += v1
	v1 = bits.RotateLeft64(v1, 17) ^ v2
	v2 = bits.RotateLeft64(v2, 32)
	return v0, v1, v2, v3
}

func finish(v0, v1, v2, v3, last uint64) uint64 {
	v3 ^= last
	v0, v1, v2, v3 = round(v0, v1, v2, v3)
	v0 ^= last
	v2 ^= 0xff
	for range 3 {
		v0, v1, v2, v3 = round(v0, v1, v2, v3)
	}
	return v0 ^ v1 ^ v2 ^ v3
}
