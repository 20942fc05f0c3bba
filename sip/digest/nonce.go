package digest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"
)

// Validity is what a nonce that came back is worth.
type Validity uint8

const (
	// Forged: this server, or one with its key, never issued the nonce for that realm and purpose.
	Forged Validity = iota
	// Expired: issued here, but too long ago.
	Expired
	// Valid: issued here and young enough.
	Valid
)

// String returns "forged", "expired" or "valid".
func (v Validity) String() string {
	switch v {
	case Expired:
		return "expired"
	case Valid:
		return "valid"
	}
	return "forged"
}

// The octets of a nonce: version, milliseconds since 1970, random, MAC. 30 octets are 40 characters of
// base64 without padding.
const (
	nonceVersion = 1
	nonceTime    = 1
	nonceRandom  = nonceTime + 6
	nonceMAC     = nonceRandom + 7
	nonceLen     = nonceMAC + 16
	nonceChars   = nonceLen * 4 / 3

	// skew is how far in the future a nonce may be issued: clocks of a cluster differ.
	skew = 10 * time.Second
)

// Nonces issues and checks nonces without remembering them: a nonce carries its age and an HMAC-SHA-256
// over it, the realm and the purpose (RFC 7616 §3.3 and §5.4 suggest this shape). It is bound neither to
// the Call-ID, since clients use a nonce again in other calls, nor to the source address, since phones
// roam. Servers of a cluster share the key. Safe for concurrent use.
type Nonces struct {
	key []byte
	ttl time.Duration
}

// Nonce is what a checked nonce says about itself.
type Nonce struct {
	Issued time.Time
	ID     [16]byte // unguessable and different for every nonce: a key for tables of used nonces
}

// NewNonces makes an issuer. The key should be 32 random octets; it is copied. ttl is how long a nonce
// is accepted; between 30 s and 5 min is usual.
func NewNonces(key []byte, ttl time.Duration) *Nonces {
	return &Nonces{key: append([]byte(nil), key...), ttl: ttl}
}

// TTL is how long a nonce is accepted.
func (n *Nonces) TTL() time.Duration { return n.ttl }

// Issue makes a nonce of 40 characters. Purpose keeps the nonces of different services of one realm
// apart, such as registration and calls.
func (n *Nonces) Issue(realm, purpose string, now time.Time) string {
	var b [nonceLen]byte
	b[0] = nonceVersion
	ms := uint64(now.UnixMilli())
	for i := range 6 {
		b[nonceTime+i] = byte(ms >> (40 - 8*i))
	}
	// crypto/rand.Read never returns an error: it ends the program where no randomness is to be had.
	_, _ = rand.Read(b[nonceRandom:nonceMAC])
	n.mac(b[nonceMAC:], b[:nonceMAC], realm, purpose)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Check tells whether a nonce was issued here for the realm and purpose, and when. The Nonce is only
// filled in if it was.
func (n *Nonces) Check(nonce, realm, purpose string, now time.Time) (Nonce, Validity) {
	var b [nonceLen]byte
	if len(nonce) != nonceChars {
		return Nonce{}, Forged
	}
	if k, err := base64.RawURLEncoding.Decode(b[:], []byte(nonce)); err != nil || k != nonceLen || b[0] != nonceVersion {
		return Nonce{}, Forged
	}
	var mac [nonceLen - nonceMAC]byte
	n.mac(mac[:], b[:nonceMAC], realm, purpose)
	if !hmac.Equal(mac[:], b[nonceMAC:]) {
		return Nonce{}, Forged
	}
	var ms int64
	for i := range 6 {
		ms = ms<<8 | int64(b[nonceTime+i])
	}
	out := Nonce{Issued: time.UnixMilli(ms)}
	copy(out.ID[:], b[nonceMAC:])
	if age := now.Sub(out.Issued); age > n.ttl || age < -skew {
		return out, Expired
	}
	return out, Valid
}

// mac computes the truncated HMAC; lengths stand before the texts so that they cannot flow into each other.
func (n *Nonces) mac(dst, head []byte, realm, purpose string) {
	h := hmac.New(sha256.New, n.key)
	h.Write(head)
	h.Write([]byte{byte(len(realm) >> 8), byte(len(realm))})
	h.Write([]byte(realm))
	h.Write([]byte(purpose))
	var sum [sha256.Size]byte
	copy(dst, h.Sum(sum[:0]))
}
