package proxy

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"sync"

	"gatehouse.example/sip/uri"
)

// Pass is what a Record-Route of ours vouches for: this dialog was let in, in
// this direction, by this peer.
type Pass struct {
	// Outbound tells that the dialog was opened from inside.
	Outbound bool
	// Peer is a number that stands for the peer the dialog came from or goes to.
	Peer uint16
	// Labelled tells that whoever opened the dialog goes by another name inside than it calls itself.
	Labelled bool
	// Exempt tells that it is never screened.
	Exempt bool
}

// claims is what a token says. Each side of a dialog has its own.
type claims struct {
	Pass
	// opener tells that the token is for requests of whoever opened the dialog.
	opener bool
	// hop is where they go: the other side's Contact, or the proxy before it.
	hop hopMark
	// from is the address that opened the dialog.
	from fromMark
}

// Marks stand for an address in a token. They are made with our key: nobody
// else can look for another address with the same one.
type (
	hopMark  [5]byte
	fromMark [4]byte
)

// A token is the base64url form of version and flags (1 octet), peer (2), hop
// (5), from (4), and the first 12 octets of a MAC over these, the Call-ID and
// the tag of whoever opened the dialog. The opener's own covers the other side's
// tag too: it is made of an answer, where that is known. It needs no shared
// state: any node with the key can check it, and it fits no other dialog.
const (
	tokenSaid    = 12
	tokenRaw     = tokenSaid + 12
	tokenLen     = 32
	tokenVersion = 3 << 4
	flagOutbound = 1
	flagOpener   = 2
	flagLabelled = 4
	flagExempt   = 8
	allFlags     = flagOutbound | flagOpener | flagLabelled | flagExempt
)

// Signer signs and checks the tokens in our Record-Route parameters. It is safe
// for concurrent use and allocates nothing in steady state.
type Signer struct {
	states sync.Pool // of *signing
	key    []byte
	start  [32]byte // key of what is good until the program ends
}

type signing struct {
	mac  *cmac
	raw  [tokenRaw]byte
	text []byte
}

// NewSigner makes a signer with a secret key.
func NewSigner(key []byte) *Signer {
	s := &Signer{key: append([]byte(nil), key...)}
	_, _ = rand.Read(s.start[:]) // never fails: it ends the program where no randomness is to be had
	s.states.New = func() any { return &signing{mac: newCMAC(s.key)} }
	return s
}

// append appends the token for a dialog, for the side that sends with the tag from.
func (s *Signer) append(dst []byte, c *claims, callID, from, to []byte) []byte {
	st := s.states.Get().(*signing)
	st.raw[0] = tokenVersion
	if c.Outbound {
		st.raw[0] |= flagOutbound
	}
	if c.opener {
		st.raw[0] |= flagOpener
	}
	if c.Labelled {
		st.raw[0] |= flagLabelled
	}
	if c.Exempt {
		st.raw[0] |= flagExempt
	}
	st.raw[1], st.raw[2] = byte(c.Peer>>8), byte(c.Peer)
	copy(st.raw[3:], c.hop[:])
	copy(st.raw[8:], c.from[:])
	copy(st.raw[tokenSaid:], st.compute(callID, from, to))
	dst = base64.RawURLEncoding.AppendEncode(dst, st.raw[:])
	s.states.Put(st)
	return dst
}

// check reads a token into c, if it was made by us for this dialog and for the
// side that a request with these tags comes from.
func (s *Signer) check(c *claims, token, callID, fromTag, toTag []byte) bool {
	if len(token) != tokenLen {
		return false
	}
	st := s.states.Get().(*signing)
	defer s.states.Put(st)
	n, err := base64.RawURLEncoding.Decode(st.raw[:], token)
	if err != nil || n != tokenRaw || st.raw[0]&^allFlags != tokenVersion {
		return false
	}
	if subtle.ConstantTimeCompare(st.compute(callID, fromTag, toTag), st.raw[tokenSaid:]) == 0 {
		return false
	}
	c.Pass = Pass{
		Outbound: st.raw[0]&flagOutbound != 0, Labelled: st.raw[0]&flagLabelled != 0, Exempt: st.raw[0]&flagExempt != 0,
		Peer: uint16(st.raw[1])<<8 | uint16(st.raw[2]),
	}
	c.opener = st.raw[0]&flagOpener != 0
	copy(c.hop[:], st.raw[3:])
	copy(c.from[:], st.raw[8:])
	return true
}

// compute returns the check value for raw's first octets and a dialog, by the tags in what the token's side sends. Where that is not the opener, its own tag
// was not known when the token was made.
func (st *signing) compute(callID, from, to []byte) []byte {
	st.mac.reset()
	st.mac.octet('d')
	st.mac.write(st.raw[:tokenSaid])
	st.mac.text(callID)
	st.mac.text(to)
	if st.raw[0]&flagOpener != 0 {
		st.mac.text(from)
	}
	return st.mac.sum()[:tokenRaw-tokenSaid]
}

// hop returns the mark of the place that a URI leads to: host or maddr, and port.
func (s *Signer) hop(u *uri.URI) (m hopMark) {
	host := u.Host
	if v, ok := u.Param("maddr"); ok && len(v) > 0 {
		host = v
	}
	st := s.states.Get().(*signing)
	st.text = uri.AppendHost(st.text[:0], host)
	port := u.Port
	if port == 0 {
		port = defaultPort(u)
	}
	st.text = append(st.text, byte(port>>8), byte(port))
	copy(m[:], st.mark('h'))
	s.states.Put(st)
	return m
}

// from returns the mark of an address in From: of what stays the same however
// it is written.
func (s *Signer) from(u *uri.URI) (m fromMark) {
	st := s.states.Get().(*signing)
	st.text = u.AppendAoR(st.text[:0])
	copy(m[:], st.mark('a'))
	s.states.Put(st)
	return m
}

func (st *signing) mark(kind byte) []byte {
	st.mac.reset()
	st.mac.octet(kind)
	st.mac.write(st.text)
	return st.mac.sum()
}
