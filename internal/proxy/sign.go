package proxy

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"hash"
	"sync"
)

// Pass is what a Record-Route of ours vouches for: this dialog was let in, in
// this direction, by this peer.
type Pass struct {
	// Outbound tells that the dialog was opened from inside.
	Outbound bool
	// Peer is a number that stands for the peer the dialog came from or goes to.
	Peer uint16
}

// A token is the base64url form of version and direction (1 octet), peer (2),
// and the first 12 octets of an HMAC-SHA-256 over these, the Call-ID and the
// tag of whoever opened the dialog. It needs no shared state: any node with
// the key can check it, and it fits no other dialog.
const (
	tokenRaw     = 15
	tokenLen     = 20
	tokenVersion = 1 << 4
	flagOutbound = 1
)

// Signer signs and checks the tokens in our Record-Route parameters. It is safe
// for concurrent use and allocates nothing in steady state.
type Signer struct {
	states sync.Pool // of *signing
	key    []byte
	start  [32]byte // key of what is good until the program ends
}

type signing struct {
	mac hash.Hash
	raw [tokenRaw]byte
	sum [sha256.Size]byte
}

// NewSigner makes a signer with a secret key.
func NewSigner(key []byte) *Signer {
	s := &Signer{key: append([]byte(nil), key...)}
	_, _ = rand.Read(s.start[:]) // never fails: it ends the program where no randomness is to be had
	s.states.New = func() any { return &signing{mac: hmac.New(sha256.New, s.key)} }
	return s
}

// Append appends the token for a dialog.
func (s *Signer) Append(dst []byte, p Pass, callID, openerTag []byte) []byte {
	st := s.states.Get().(*signing)
	st.raw[0] = tokenVersion
	if p.Outbound {
		st.raw[0] |= flagOutbound
	}
	st.raw[1], st.raw[2] = byte(p.Peer>>8), byte(p.Peer)
	copy(st.raw[3:], st.compute(callID, openerTag))
	dst = base64.RawURLEncoding.AppendEncode(dst, st.raw[:])
	s.states.Put(st)
	return dst
}

// Check returns what a token vouches for, if it was made by us for this dialog.
func (s *Signer) Check(token, callID, openerTag []byte) (p Pass, ok bool) {
	if len(token) != tokenLen {
		return p, false
	}
	st := s.states.Get().(*signing)
	defer s.states.Put(st)
	if n, err := base64.RawURLEncoding.Decode(st.raw[:], token); err != nil || n != tokenRaw || st.raw[0]&^flagOutbound != tokenVersion {
		return p, false
	}
	if subtle.ConstantTimeCompare(st.compute(callID, openerTag), st.raw[3:]) == 0 {
		return p, false
	}
	return Pass{Outbound: st.raw[0]&flagOutbound != 0, Peer: uint16(st.raw[1])<<8 | uint16(st.raw[2])}, true
}

// compute returns the check value for raw's first octets and a dialog. Lengths
// go in, so that no part can be moved into another.
func (st *signing) compute(callID, tag []byte) []byte {
	st.mac.Reset()
	st.mac.Write(st.raw[:3])
	st.sum[0], st.sum[1] = byte(len(callID)>>8), byte(len(callID))
	st.mac.Write(st.sum[:2])
	st.mac.Write(callID)
	st.mac.Write(tag)
	return st.mac.Sum(st.sum[:0])[:tokenRaw-3]
}
