package digest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

// Request is what a client knows when it answers a challenge.
type Request struct {
	User     string
	Password string
	Method   string
	URI      string // written into the uri parameter; the Request-URI
	Body     []byte // only needed where the server insists on auth-int
	NC       uint32 // how often this nonce was used, this time included; 0 means 1
	CNonce   string // "" draws a random one
}

// Choose returns the challenges that a client should answer: for each realm the topmost one that this
// package can answer (RFC 8760 §2.4: the server puts its favourite first), in the order of the headers.
// Several proxies may each want an answer (RFC 3261 §22.3). MD5 is passed over unless allowMD5.
//
// Whose realms deserve an answer is the caller's decision: a callee can challenge too, and an answer to
// it gives it something to guess the password with.
func Choose(challenges []Challenge, allowMD5 bool) []Challenge {
	var chosen []Challenge
next:
	for _, c := range challenges {
		if c.Algorithm == UnknownAlgorithm || c.Algorithm.Base() == MD5 && !allowMD5 {
			continue
		}
		for i := range chosen {
			if chosen[i].Realm == c.Realm {
				continue next
			}
		}
		chosen = append(chosen, c)
	}
	return chosen
}

// Answer computes the credentials for the challenge. It uses qop=auth where offered, else auth-int, else
// none (RFC 3261 §22.4), and hides the user name where the server understands userhash.
func (c *Challenge) Answer(r *Request) (Credentials, error) {
	if c.Algorithm == UnknownAlgorithm {
		return Credentials{}, fmt.Errorf("answering realm %q: %w", c.Realm, ErrUnsupported)
	}
	out := Credentials{Username: r.User, Realm: c.Realm, Nonce: c.Nonce, Opaque: c.Opaque, URI: r.URI, Algorithm: c.Algorithm}
	switch {
	case c.QOP&QOPAuth != 0:
		out.QOP = QOPAuth
	case c.QOP&QOPAuthInt != 0:
		out.QOP = QOPAuthInt
	}
	if out.QOP != 0 {
		out.NC = max(r.NC, 1)
	}
	if out.QOP != 0 || c.Algorithm.Session() {
		if out.CNonce = r.CNonce; out.CNonce == "" {
			var b [16]byte
			_, _ = rand.Read(b[:]) // never fails, see Nonces.Issue
			out.CNonce = hex.EncodeToString(b[:])
		}
	}
	ha1 := c.Algorithm.HA1(r.User, c.Realm, r.Password)
	out.Response = Response(c.Algorithm, ha1, out.inputs(r.Method, r.Body))
	if c.UserHash {
		out.Username, out.UserHash = c.Algorithm.UserHash(r.User, c.Realm), true
	}
	return out, nil
}
