package digest

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
)

// Hasher computes digest responses and counts the hash functions that it ran, so that a server can show
// that its paths for known and unknown users cost the same. The zero value is ready. A Hasher is not safe
// for concurrent use; it is meant to live on the stack of one check.
type Hasher struct {
	// Calls is how many hash functions ran so far.
	Calls int

	buf [512]byte
}

// Inputs are the values besides the key that go into a response (RFC 7616 §3.4.1).
type Inputs struct {
	Nonce  string
	NC     string // eight hexadecimal digits as they stand in the header
	CNonce string
	QOP    QOP // none, QOPAuth or QOPAuthInt
	Method string
	URI    string // the uri parameter as the client wrote it, which need not be the Request-URI
	Body   []byte // only read with QOPAuthInt
}

// Response computes the request-digest for a key made by HA1: 32 or 64 lower-case hexadecimal digits.
// For the -sess algorithms ha1 is the key of the base algorithm; the session key is derived here.
// It is "" for an unknown algorithm.
func Response(a Algorithm, ha1 string, in *Inputs) string {
	var h Hasher
	return h.Response(a, ha1, in)
}

// HA1 returns H(username:realm:password), what a server stores instead of the password. It belongs to
// the base algorithm: SHA-256 and SHA-256-sess share it.
func (a Algorithm) HA1(username, realm, password string) string {
	var h Hasher
	return h.join(a, username, realm, password)
}

// UserHash returns H(username:realm), what clients send instead of the user name when the challenge says
// userhash=true (RFC 7616 §3.4.4).
func (a Algorithm) UserHash(username, realm string) string {
	var h Hasher
	return h.join(a, username, realm)
}

// Response is the package's Response, counting.
func (h *Hasher) Response(a Algorithm, ha1 string, in *Inputs) string {
	if a.Session() {
		// RFC 7616 §3.4.2: A1 = H(username:realm:password):nonce:cnonce.
		ha1 = h.join(a, ha1, in.Nonce, in.CNonce)
	}
	var ha2 string
	if in.QOP == QOPAuthInt {
		// RFC 7616 §3.4.3: A2 = method:uri:H(entity-body), the hash of nothing for an empty body.
		ha2 = h.join(a, in.Method, in.URI, h.sum(a, in.Body))
	} else {
		ha2 = h.join(a, in.Method, in.URI)
	}
	if in.QOP == 0 {
		// RFC 3261 §22.4 rule 8 and RFC 2069: without qop neither nc nor cnonce takes part.
		return h.join(a, ha1, in.Nonce, ha2)
	}
	return h.join(a, ha1, in.Nonce, in.NC, in.CNonce, in.QOP.String(), ha2)
}

// join hashes the parts with colons between them.
func (h *Hasher) join(a Algorithm, parts ...string) string {
	b := h.buf[:0]
	for i, p := range parts {
		if i > 0 {
			b = append(b, ':')
		}
		b = append(b, p...)
	}
	return h.sum(a, b)
}

// sum returns the hash in lower-case hexadecimal.
func (h *Hasher) sum(a Algorithm, data []byte) string {
	h.Calls++
	var out [64]byte
	switch a.Base() {
	case MD5:
		s := md5.Sum(data)
		return string(hex.AppendEncode(out[:0], s[:]))
	case SHA256:
		s := sha256.Sum256(data)
		return string(hex.AppendEncode(out[:0], s[:]))
	case SHA512_256:
		s := sha512.Sum512_256(data)
		return string(hex.AppendEncode(out[:0], s[:]))
	}
	return ""
}

// sameHex compares a received response with the computed one in time that depends on their length only.
// Some clients write upper-case digits against the grammar; they are understood.
func sameHex(got, want string) bool {
	var b [64]byte
	if len(got) != len(want) || len(got) > len(b) || len(got) == 0 {
		return false
	}
	for i := range len(got) {
		b[i] = lower(got[i])
	}
	return subtle.ConstantTimeCompare(b[:len(got)], []byte(want)) == 1
}
