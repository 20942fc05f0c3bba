// Package digest implements SIP's digest access authentication: challenges, credentials and the
// arithmetic between them, for servers and clients.
//
// It obeys RFC 3261 §22 (use in SIP), RFC 7616 (the scheme: SHA-256, SHA-512-256, userhash, username*)
// and RFC 8760 (several algorithms in SIP, the most preferred first). MD5 is there because old phones
// know nothing else; a server offers it only if told to.
//
// The package keeps no state. Nonces are self-contained (see Nonces), so that a challenge to a stranger
// costs no memory; counting how often a nonce was used is the caller's, and only needed for nonces that
// came back with a correct response.
//
// Everything is safe for concurrent use except where a type says otherwise. Parsed values are strings
// that do not refer to the parsed bytes. The package does not do Basic (RFC 3261 §22 forbids it) and not
// the Authentication-Info header.
package digest

import "errors"

// Errors of the parsers and of the client side; test with errors.Is.
var (
	// ErrScheme says that the header carries another scheme than Digest.
	ErrScheme = errors.New("digest: the scheme is not Digest")
	// ErrSyntax says that the header breaks the grammar, lacks a parameter that must be there or has one twice.
	ErrSyntax = errors.New("digest: malformed header")
	// ErrUnsupported says that a challenge asks for an algorithm or a qop that this package does not know.
	ErrUnsupported = errors.New("digest: unsupported algorithm or qop")
)

// Algorithm names a hash function and whether the key is bound to the session (RFC 7616 §3.4.2).
type Algorithm uint8

// The algorithms of RFC 7616 §3.3 and RFC 8760 §2.1. An absent algorithm parameter means MD5.
const (
	UnknownAlgorithm Algorithm = iota
	MD5
	MD5Sess
	SHA256
	SHA256Sess
	SHA512_256
	SHA512_256Sess
)

// ParseAlgorithm reads an algorithm token, in any case; what it does not know is UnknownAlgorithm.
func ParseAlgorithm(s string) Algorithm {
	for a := MD5; a <= SHA512_256Sess; a++ {
		if equalFold(s, a.String()) {
			return a
		}
	}
	return UnknownAlgorithm
}

// String returns the token of RFC 7616, such as "SHA-512-256".
func (a Algorithm) String() string {
	switch a {
	case MD5:
		return "MD5"
	case MD5Sess:
		return "MD5-sess"
	case SHA256:
		return "SHA-256"
	case SHA256Sess:
		return "SHA-256-sess"
	case SHA512_256:
		return "SHA-512-256"
	case SHA512_256Sess:
		return "SHA-512-256-sess"
	}
	return "unknown"
}

// Base returns the algorithm without -sess: the one that a stored HA1 belongs to.
func (a Algorithm) Base() Algorithm {
	switch a {
	case MD5Sess:
		return MD5
	case SHA256Sess:
		return SHA256
	case SHA512_256Sess:
		return SHA512_256
	}
	return a
}

// Session tells whether the algorithm is one of the -sess variants.
func (a Algorithm) Session() bool { return a != a.Base() }

// HexLen is the length of a hash of this algorithm in hexadecimal: 32 or 64; 0 if it is unknown.
func (a Algorithm) HexLen() int {
	switch a.Base() {
	case MD5:
		return 32
	case SHA256, SHA512_256:
		return 64
	}
	return 0
}

// MarshalText writes the token, so that maps keyed by algorithm read well as JSON.
func (a Algorithm) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads a token; an unknown one is ErrUnsupported.
func (a *Algorithm) UnmarshalText(b []byte) error {
	*a = ParseAlgorithm(string(b))
	if *a == UnknownAlgorithm {
		return ErrUnsupported
	}
	return nil
}

// QOP is a set of qualities of protection (RFC 7616 §3.3); credentials carry at most one.
type QOP uint8

// The qualities of protection; zero is the protocol of RFC 2069, which counts nothing.
const (
	QOPAuth    QOP = 1 << iota // the request line
	QOPAuthInt                 // the request line and the body
)

// String returns the value as a challenge writes it: "", "auth", "auth-int" or "auth,auth-int".
func (q QOP) String() string {
	switch q {
	case QOPAuth:
		return "auth"
	case QOPAuthInt:
		return "auth-int"
	case QOPAuth | QOPAuthInt:
		return "auth,auth-int"
	}
	return ""
}

// equalFold compares ASCII strings in any case.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
