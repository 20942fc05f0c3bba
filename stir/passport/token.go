package passport

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"
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
	signature       signature
	digest          [sha256.Size]byte // of the signing input
}

// Parse reads a token in full form. It checks everything that does not need a key: encoding, header, claims of the token's
// ppt. Where ppt is not Known, only the claims of RFC 8225 are checked. That origid is a UUID (RFC 8588 §5) is not among
// them: tokens of others are told apart by their certificates first. Errors are of type *Error.
func Parse(token []byte) (*Token, error) {
	switch {
	case len(token) > maxToken:
		return nil, fail(TooLarge, "token")
	case IsCompact(token):
		return nil, fail(CompactForm, "")
	}
	first := bytes.IndexByte(token, '.')
	last := bytes.LastIndexByte(token, '.')
	if first <= 0 || last <= first+1 || bytes.IndexByte(token[first+1:last], '.') >= 0 {
		return nil, fail(MalformedToken, "")
	}
	header, payload, err := decodeTexts(token[:first], token[first+1:last])
	if err != nil {
		return nil, err
	}
	t := &Token{header: header, payload: payload}
	if err := readHeader(header, &t.Header); err != nil {
		return nil, err
	}
	if err := t.signature.decode(token[last+1:]); err != nil {
		return nil, err
	}
	if err := readClaims(payload, &t.Claims); err != nil {
		return nil, err
	}
	if err := t.Claims.check(t.Header.PPT); err != nil {
		return nil, err
	}
	t.digest = sha256.Sum256(token[:last])
	return t, nil
}

// decodeTexts decodes both JSON texts into one piece of memory, of which the token's strings are views.
func decodeTexts(header, payload []byte) (h, p string, err error) {
	var short [1024]byte
	text := short[:0]
	if n := decodedLen(len(header)) + decodedLen(len(payload)); n > len(short) {
		text = make([]byte, 0, n)
	}
	text, ok := appendDecoded(text, header)
	if !ok {
		return "", "", fail(MalformedBase64, "header")
	}
	n := len(text)
	if text, ok = appendDecoded(text, payload); !ok {
		return "", "", fail(MalformedBase64, "payload")
	}
	both := string(text)
	return both[:n], both[n:], nil
}

// ParseCompact reads a token in compact form, two dots and the signature (RFC 8225 §7). What is signed is rebuilt from h
// and c, which the caller takes from the message; empty Alg and Typ stand for the only values there are. A token whose
// claims a message does not hold, such as shaken, div or opt, has no compact form.
func ParseCompact(token []byte, h Header, c Claims) (*Token, error) {
	switch {
	case !IsCompact(token):
		return nil, fail(MalformedToken, "not compact")
	case len(token) > maxToken:
		return nil, fail(TooLarge, "token")
	case !compactAllowed(h.PPT):
		return nil, fail(CompactForm, "")
	}
	t, _, err := build(h, c)
	if err != nil {
		return nil, err
	}
	if err := t.signature.decode(token[2:]); err != nil {
		return nil, err
	}
	return t, nil
}

// compactAllowed says whether tokens of an extension may be compact: RFC 8588 §7 and RFC 8946 §3, §5 want the full form.
func compactAllowed(ppt string) bool { return ppt != Shaken && ppt != Div && ppt != DivO }

// IsCompact says whether a token has the compact form.
func IsCompact(token []byte) bool { return len(token) >= 2 && token[0] == '.' && token[1] == '.' }

// Compact turns a full token into its compact form (RFC 8225 §7), in which RFC 8224 §4 puts it into a header field.
func Compact(full string) string { return ".." + full[strings.LastIndexByte(full, '.')+1:] }

// build makes a token without signature of h and c, and the signing input of RFC 7515 §5.1. What is written is read again,
// so that what this package makes is what it takes.
func build(h Header, c Claims) (*Token, []byte, error) {
	if h.Alg == "" {
		h.Alg = algES256
	}
	if h.Typ == "" {
		h.Typ = typePassport
	}
	if err := checkTexts(&h, &c); err != nil {
		return nil, nil, err
	}
	t := &Token{header: string(h.AppendJSON(nil)), payload: string(c.AppendJSON(nil))}
	if err := readHeader(t.header, &t.Header); err != nil {
		return nil, nil, err
	}
	if !Known(t.Header.PPT) {
		return nil, nil, fail(UnknownPPT, "")
	}
	if err := readClaims(t.payload, &t.Claims); err != nil {
		return nil, nil, err
	}
	if err := t.Claims.check(t.Header.PPT); err != nil {
		return nil, nil, err
	}
	if id := t.Claims.OrigID; id != "" && !isUUID(id) { // RFC 8588 §5
		return nil, nil, fail(BadClaim, "origid")
	}
	input := base64.RawURLEncoding.AppendEncode(nil, []byte(t.header))
	input = append(input, '.')
	input = base64.RawURLEncoding.AppendEncode(input, []byte(t.payload))
	t.digest = sha256.Sum256(input)
	return t, input, nil
}

// checkTexts checks the JSON texts that h and c bring, for they are written as they stand.
func checkTexts(h *Header, c *Claims) error {
	lists := [...][]Member{h.Extra, c.Extra, nil}
	if c.RCD != nil {
		lists[2] = c.RCD.Extra
		if c.RCD.JCard != "" && !checkText(c.RCD.JCard) {
			return fail(MalformedJSON, "jcd")
		}
	}
	for _, list := range lists {
		for _, m := range list {
			if !checkText(m.Value) {
				return fail(MalformedJSON, "extra")
			}
		}
	}
	return nil
}

// PayloadKey returns the key of this token in a replay memory: SHA-256 of header and payload as signed. The signature is not
// part of it, for anyone can make a second valid one of it (ECDSA accepts n-s for s).
func (t *Token) PayloadKey() [sha256.Size]byte { return t.digest }

// Texts returns the JSON texts of header and payload as they were signed.
func (t *Token) Texts() (header, payload string) { return t.header, t.payload }

// Claim returns a claim as JSON text as it was signed, for constraints on claims of any name (RFC 8226 §8, RFC 9118 §3).
func (t *Token) Claim(name string) (value string, ok bool) {
	var r reader
	r.text = t.payload
	return r.find(name)
}
