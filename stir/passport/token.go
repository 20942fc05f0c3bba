package passport

import (
	"crypto"
	"crypto/ecdsa"
)

// The extensions that this package knows: values of ppt.
const (
	Shaken = "shaken" // RFC 8588
	Div    = "div"    // RFC 8946 §3
	DivO   = "div-o"  // RFC 8946 §5
	Msg    = "msg"    // RFC 9475
	Rcd    = "rcd"    // RFC 9795
	Rph    = "rph"    // RFC 8443, RFC 9027
)

// Known says whether this package knows the extension; the baseline, the empty one, is known. A token of an unknown
// extension is to be ignored (RFC 8224 §6.2 step 1).
func Known(ppt string) bool {
	switch ppt {
	case "", Shaken, Div, DivO, Msg, Rcd, Rph:
		return true
	}
	return false
}

// Token is a token that was read: well formed, and its claims are those of its kind. Only Verify says who signed it.
type Token struct {
	Header Header
	Claims Claims

	header, payload string // the JSON texts
	signature       [64]byte
	digest          [32]byte // SHA-256 of the signing input
}

// Parse reads a token in full form. It checks everything that does not need a key: encoding, header, claims of the token's
// ppt. Where ppt is not Known, only the claims of RFC 8225 are checked. Errors are of type *Error.
func Parse(token []byte) (*Token, error) { return nil, fail(MalformedToken, "") }

// ParseCompact reads a token in compact form, two dots and the signature (RFC 8225 §7). What is signed is rebuilt from h
// and c, which the caller takes from the message; empty Alg and Typ stand for the only values there are.
func ParseCompact(token []byte, h Header, c Claims) (*Token, error) {
	return nil, fail(MalformedToken, "")
}

// IsCompact says whether a token has the compact form.
func IsCompact(token []byte) bool { return len(token) >= 2 && token[0] == '.' && token[1] == '.' }

// Verify checks the signature with key, which must be of P-256.
func (t *Token) Verify(key *ecdsa.PublicKey) error { return fail(SignatureMismatch, "") }

// PayloadKey returns the key of this token in a replay memory: SHA-256 of header and payload as signed. The signature is not
// part of it, for anyone can make a second valid one of it (ECDSA accepts n-s for s).
func (t *Token) PayloadKey() [32]byte { return t.digest }

// Claim returns a claim as JSON text as it was signed, for constraints on claims of any name (RFC 8226 §8, RFC 9118).
func (t *Token) Claim(name string) (value string, ok bool) { return "", false }

// Sign makes a token in full form. Claims are checked as Parse checks them; empty Alg and Typ are filled in. key must be of
// P-256 and return ASN.1 signatures, as crypto.Signer wants.
func Sign(key crypto.Signer, h Header, c Claims) (full string, err error) {
	return "", fail(SigningFailed, "")
}

// Compact turns a full token into its compact form. RFC 8225 §7.
func Compact(full string) string { return "" }
