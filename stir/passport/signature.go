package passport

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
)

// signature is r and s, 32 octets each, high octet first. RFC 7518 §3.4.
type signature [64]byte

// order is the order of P-256. FIPS 186-5, SP 800-186 §3.2.1.3.
const order = "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51"

const zero = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// decode reads the last part of a token.
func (sig *signature) decode(text []byte) error {
	var buf [96]byte
	if len(text) > 128 { // no ECDSA signature of any curve that a phone may know, in any form
		return fail(BadSignatureForm, "")
	}
	b, ok := appendDecoded(buf[:0], text)
	switch {
	case !ok:
		return fail(MalformedBase64, "signature")
	case len(b) != len(sig):
		return fail(BadSignatureForm, "")
	}
	copy(sig[:], b)
	return sig.check()
}

// check says whether r and s are in [1, n-1]. FIPS 186-5 §6.4.2. The zero signature, which once passed for anybody's in some
// libraries, has its own reason this way.
func (sig *signature) check() error {
	for _, half := range [...][]byte{sig[:32], sig[32:]} {
		if string(half) == zero || string(half) >= order {
			return fail(SignatureRange, "")
		}
	}
	return nil
}

// Verify checks the signature with key, which must be of P-256. Errors are of reason UnsupportedKey or SignatureMismatch.
func (t *Token) Verify(key *ecdsa.PublicKey) error {
	if key == nil || key.Curve != elliptic.P256() {
		return fail(UnsupportedKey, "")
	}
	var der [72]byte
	if !ecdsa.VerifyASN1(key, t.digest[:], t.signature.appendDER(der[:0])) {
		return fail(SignatureMismatch, "")
	}
	return nil
}

// appendDER writes the signature as a SEQUENCE of two INTEGERs. RFC 3279 §2.2.3.
func (sig *signature) appendDER(dst []byte) []byte {
	r, s := trimmed(sig[:32]), trimmed(sig[32:])
	dst = append(dst, 0x30, byte(4+integerLen(r)+integerLen(s)))
	return appendInteger(appendInteger(dst, r), s)
}

// trimmed drops leading zeros; neither half is zero.
func trimmed(b []byte) []byte {
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return b
}

// integerLen is the length of an INTEGER's content: one octet more where the highest bit would make it negative.
func integerLen(b []byte) int { return len(b) + int(b[0]>>7) }

func appendInteger(dst, b []byte) []byte {
	dst = append(dst, 0x02, byte(integerLen(b)))
	if b[0] >= 0x80 {
		dst = append(dst, 0)
	}
	return append(dst, b...)
}

// fromDER reads what a crypto.Signer returns.
func (sig *signature) fromDER(der []byte) bool {
	if len(der) < 2 || der[0] != 0x30 || int(der[1]) != len(der)-2 {
		return false
	}
	rest, ok := readInteger(der[2:], sig[:32])
	if !ok {
		return false
	}
	rest, ok = readInteger(rest, sig[32:])
	return ok && len(rest) == 0 && sig.check() == nil
}

// readInteger reads an INTEGER into 32 octets and returns what follows it.
func readInteger(b, half []byte) (rest []byte, ok bool) {
	if len(b) < 3 || b[0] != 0x02 || b[1] >= 0x80 || len(b) < 2+int(b[1]) || b[1] == 0 {
		return nil, false
	}
	value, rest := trimmed(b[2:2+int(b[1])]), b[2+int(b[1]):]
	if len(value) > len(half) {
		return nil, false
	}
	copy(half[len(half)-len(value):], value)
	return rest, true
}

// Sign makes a token in full form. Claims are checked as Parse checks them; empty Alg and Typ are filled in. key must be of
// P-256 and return ASN.1 signatures, as crypto.Signer wants. Errors are of type *Error; one of reason SigningFailed wraps
// what key returned.
func Sign(key crypto.Signer, h Header, c Claims) (full string, err error) {
	if !signsP256(key) {
		return "", fail(UnsupportedKey, "")
	}
	t, input, err := build(h, c)
	if err != nil {
		return "", err
	}
	der, err := key.Sign(rand.Reader, t.digest[:], crypto.SHA256)
	if err != nil {
		return "", &Error{Reason: SigningFailed, cause: err}
	}
	if !t.signature.fromDER(der) {
		return "", fail(SigningFailed, "signer's answer is no ECDSA signature")
	}
	if len(input)+1+base64.RawURLEncoding.EncodedLen(len(t.signature)) > maxToken {
		return "", fail(TooLarge, "token")
	}
	return string(base64.RawURLEncoding.AppendEncode(append(input, '.'), t.signature[:])), nil
}

func signsP256(key crypto.Signer) bool {
	if key == nil {
		return false
	}
	public, ok := key.Public().(*ecdsa.PublicKey)
	return ok && public.Curve == elliptic.P256()
}
