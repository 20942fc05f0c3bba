package stir_test

import (
	"encoding/base64"
	"strconv"
	"strings"

	"gatehouse.example/stir/passport"
)

const invalidToken = "438 Invalid Identity Header: token refused, "

// spoil is a row about a token in which one piece is replaced; IAT stands for its iat.
func spoil(name, section, want, old, repl string) row {
	return row{name, section, want, func(w *world) string {
		iat := strings.NewReplacer("IAT", strconv.FormatInt(w.now.Unix(), 10))
		return w.one(w.spoilt(iat.Replace(old), iat.Replace(repl)))
	}}
}

func tokenRows() []row {
	const badClaims = "438 Invalid PASSporT: token refused, "
	return []row{
		spoil("alg none", "RFC 8225 §4.2, STANDARDS 5.19", "437 Unsupported Credential: token refused, algorithm none", `"ES256"`, `"none"`),
		spoil("alg HS256", "RFC 8225 §4.2, STANDARDS 5.19", "437 Unsupported Credential: token refused, symmetric algorithm", `"ES256"`, `"HS256"`),
		spoil("alg RS256", "RFC 8225 §4.2", "437 Unsupported Credential: token refused, unsupported algorithm", `"ES256"`, `"RS256"`),
		spoil("alg in small letters", "RFC 7515 §4.1.1", "437 Unsupported Credential: token refused, algorithm in wrong case", `"ES256"`, `"es256"`),
		spoil("alg missing in the token", "RFC 8225 §4.2, French table", "437 Unsupported Credential: token refused, no algorithm", `"alg":"ES256",`, ``),
		spoil("typ is not passport", "RFC 8225 §4.1, French table", "437 Unsupported Credential: token refused, type is not passport", `"passport"`, `"poussport"`),
		spoil("typ empty", "RFC 8225 §4.1", "437 Unsupported Credential: token refused, type is not passport", `"passport"`, `""`),
		spoil("alg empty", "RFC 8225 §4.2", "437 Unsupported Credential: token refused, no algorithm", `"ES256"`, `""`),
		spoil("x5u missing", "RFC 8225 §4.3, French table", "436 Bad Identity Info: token refused, no x5u", `,"x5u":"`+certURL+`"`, ``),
		spoil("crit with something unknown", "RFC 7515 §4.1.11", invalidToken+"critical header not understood", `"alg"`, `"crit":["exp"],"exp":1,"alg"`),
		spoil("jwk in the header", "RFC 7515 §4.1.3, STANDARDS 5.19", invalidToken+"key in header", `"alg"`, `"jwk":{"kty":"EC"},"alg"`),
		spoil("b64 in the header", "RFC 7797 §3", invalidToken+"unencoded payload", `"alg"`, `"b64":false,"alg"`),
		spoil("header with a key twice", "RFC 7515 §4", invalidToken+"duplicate JSON key", `"alg":"ES256"`, `"alg":"none","alg":"ES256"`),
		spoil("payload with a key twice", "RFC 7519 §4", invalidToken+"duplicate JSON key", `"attest":"A"`, `"attest":"C","attest":"A"`),
		spoil("unknown claim: ignored", "RFC 8225 §5.1", "valid, attestation A", `"attest"`, `"foo":[1,{"a":null}],"attest"`),
		spoil("claims in another order: the octets received are verified", "RFC 8225 §9", "valid, attestation A", `{"attest":"A",`, `{ "zzz":1, "attest":"A",`),
		spoil("attest is none of A, B, C", "RFC 8588 §4, French table", badClaims+"malformed claim", `"attest":"A"`, `"attest":"W"`),
		spoil("attest missing", "RFC 8588 §4", badClaims+"missing claim", `"attest":"A",`, ``),
		spoil("origid missing", "RFC 8588 §5", badClaims+"missing claim", `,"origid":"123e4567-e89b-12d3-a456-426655440000"`, ``),
		spoil("origid is no UUID", "RFC 8588 §5", badClaims+"malformed claim", `"123e4567-e89b-12d3-a456-426655440000"`, `"toto"`),
		spoil("iat as a string", "RFC 8225 §5.1.1, RFC 8588 erratum 6656", badClaims+"malformed iat", `"iat":IAT`, `"iat":"IAT"`),
		spoil("iat with a fraction", "RFC 8225 §5.1.1", badClaims+"malformed iat", `"iat":IAT`, `"iat":IAT.5`),
		spoil("iat negative", "RFC 8225 §5.1.1", badClaims+"malformed iat", `"iat":IAT`, `"iat":-1`),
		spoil("iat missing", "RFC 8225 §5.1.1", badClaims+"missing claim", `"iat":IAT,`, ``),
		spoil("orig missing", "RFC 8225 §5.2.1", badClaims+"missing claim", `"orig":{"tn":"12155551000"},`, ``),
		spoil("orig with tn and uri", "RFC 8225 §5.2.1", badClaims+"malformed claim", `"orig":{"tn":"12155551000"}`, `"orig":{"tn":"12155551000","uri":"sip:a@b"}`),
		spoil("orig as a string", "RFC 8225 §5.2.1", badClaims+"malformed claim", `"orig":{"tn":"12155551000"}`, `"orig":"{\"tn\":\"12155551000\"}"`),
		spoil("orig with a plus sign", "RFC 8224 §8.3", badClaims+"malformed telephone number", `"orig":{"tn":"1215`, `"orig":{"tn":"+1215`),
		spoil("orig with an empty number", "RFC 8225 §5.2.1", badClaims+"malformed telephone number", `"orig":{"tn":"12155551000"}`, `"orig":{"tn":""}`),
		spoil("shaken with a URI as orig", "RFC 8588 §3", badClaims+"malformed claim", `"orig":{"tn":"12155551000"}`, `"orig":{"uri":"sip:alice@carrier.example"}`),
		spoil("dest.tn is not an array", "RFC 8225 §5.2.1", badClaims+"malformed dest", `["12155552000"]`, `"12155552000"`),
		spoil("dest empty", "RFC 8225 §5.2.1", badClaims+"malformed dest", `["12155552000"]`, `[]`),
		{"base64 with padding", "RFC 7515 §2", "438 Invalid Identity Header: malformed Identity header field", func(w *world) string {
			return w.one(strings.Replace(w.shaken(), ".", "=.", 1))
		}},
		{"base64 of the old alphabet", "RFC 7515 §2, erratum 6499", invalidToken + "malformed base64url", func(w *world) string {
			return w.one("+/" + w.shaken())
		}},
		{"base64 with bits behind the end", "RFC 4648 §3.5", invalidToken + "malformed base64url", func(w *world) string {
			token, rest, _ := strings.Cut(w.shaken(), ";")
			last := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", token[len(token)-1])
			return w.one(token[:len(token)-1] + string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last|1]) + ";" + rest)
		}},
		{"signature in DER", "RFC 7518 §3.4, STANDARDS 5.19", invalidToken + "signature is not 64 octets", func(w *world) string {
			return w.one(withSignature(w.shaken(), append([]byte{0x30, 0x44}, make([]byte, 68)...)))
		}},
		{"signature with r of zero", "RFC 7518 §3.4, STANDARDS 5.19", invalidToken + "signature out of range", func(w *world) string {
			sig := signatureOf(w.shaken())
			clear(sig[:32])
			return w.one(withSignature(w.shaken(), sig))
		}},
		{"signature with s of zero", "RFC 7518 §3.4, STANDARDS 5.19", invalidToken + "signature out of range", func(w *world) string {
			sig := signatureOf(w.shaken())
			clear(sig[32:])
			return w.one(withSignature(w.shaken(), sig))
		}},
		{"signature of another token", "RFC 8224 §6.2 step 5", "438 Invalid Identity Header: signature does not match", func(w *world) string {
			return w.one(withSignature(w.shaken(), signatureOf(w.shaken(func(c *passport.Claims) { c.Attest = "C" }))))
		}},
	}
}

func signatureOf(value string) []byte {
	token, _, _ := strings.Cut(value, ";")
	sig, err := base64.RawURLEncoding.DecodeString(token[strings.LastIndexByte(token, '.')+1:])
	if err != nil {
		panic(err)
	}
	return sig
}

func withSignature(value string, sig []byte) string {
	token, rest, _ := strings.Cut(value, ";")
	return token[:strings.LastIndexByte(token, '.')+1] + base64.RawURLEncoding.EncodeToString(sig) + ";" + rest
}
