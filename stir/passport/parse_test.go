package passport_test

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"gatehouse.example/stir/passport"
)

func TestParseReadsWhatWasSigned(t *testing.T) {
	key := newKey(t)
	token, err := passport.Parse([]byte(sealed(t, key, shakenHeader, shakenPayload)))
	if err != nil {
		t.Fatal(err)
	}
	want := shakenClaims()
	if !reflect.DeepEqual(token.Claims, want) {
		t.Errorf("claims %+v, want %+v", token.Claims, want)
	}
	if h := token.Header; h.Alg != "ES256" || h.Typ != "passport" || h.PPT != "shaken" || h.X5U != "https://certs.example.org/a.pem" {
		t.Errorf("header %+v", h)
	}
	if header, payload := token.Texts(); header != shakenHeader || payload != shakenPayload {
		t.Errorf("texts %s %s", header, payload)
	}
	wantReason(t, token.Verify(&key.PublicKey), passport.NoReason)
	wantReason(t, token.Verify(&newKey(t).PublicKey), passport.SignatureMismatch)
}

// A full token is verified over the octets as received: order, white space and escapes are the signer's business.
func TestFullFormIsVerifiedAsReceived(t *testing.T) {
	key := newKey(t)
	token, err := passport.Parse([]byte(sealed(t, key,
		" {\"x5u\":\"https:\\/\\/certs.example.org/a.pem\",\n \"typ\":\"passport\",\"\\u0061lg\":\"ES256\"}\t",
		`{"orig":{"tn":"1215555\u00312\u0031\u0032"}, "iat":1471375418,"dest":{"uri":["sip:alice@example.com"]}}`)))
	if err != nil {
		t.Fatal(err)
	}
	if token.Claims.Orig.TN != "12155551212" || token.Header.X5U != "https://certs.example.org/a.pem" {
		t.Errorf("token %+v", token)
	}
	wantReason(t, token.Verify(&key.PublicKey), passport.NoReason)
}

// The cases of STANDARDS 5.19 that concern the header.
func TestHeaderRefused(t *testing.T) {
	const rest = `,"typ":"passport","x5u":"https://certs.example.org/a.pem"}`
	key := newKey(t)
	for _, c := range []struct {
		name, header string
		want         passport.Reason
	}{
		{"the plain one", `{"alg":"ES256"` + rest, passport.NoReason},
		{"no alg", `{"typ":"passport","x5u":"https://certs.example.org/a.pem"}`, passport.AlgMissing},
		{"alg none", `{"alg":"none"` + rest, passport.AlgNone},
		{"alg None", `{"alg":"None"` + rest, passport.AlgNone},
		{"alg HS256", `{"alg":"HS256"` + rest, passport.AlgSymmetric},
		{"alg hs512", `{"alg":"hs512"` + rest, passport.AlgSymmetric},
		{"alg RS256", `{"alg":"RS256"` + rest, passport.AlgUnsupported},
		{"alg PS256", `{"alg":"PS256"` + rest, passport.AlgUnsupported},
		{"alg ES384", `{"alg":"ES384"` + rest, passport.AlgUnsupported},
		{"alg ES256K", `{"alg":"ES256K"` + rest, passport.AlgUnsupported},
		{"alg EdDSA", `{"alg":"EdDSA"` + rest, passport.AlgUnsupported},
		{"alg es256", `{"alg":"es256"` + rest, passport.AlgCase},
		{"alg with a space", `{"alg":"ES256 "` + rest, passport.AlgUnsupported},
		{"alg null", `{"alg":null` + rest, passport.MalformedJSON},
		{"alg an array", `{"alg":["ES256"]` + rest, passport.MalformedJSON},
		{"alg empty", `{"alg":""` + rest, passport.AlgMissing},
		{"typ empty", `{"alg":"ES256","typ":"","x5u":"https://certs.example.org/a.pem"}`, passport.BadType},
		{"alg twice", `{"alg":"ES256","alg":"none"` + rest, passport.DuplicateKey},
		{"alg twice, one escaped", `{"alg":"ES256","\u0061lg":"none"` + rest, passport.DuplicateKey},
		{"duplicate in a member of no interest", `{"alg":"ES256","a":{"b":1,"b":1}` + rest, passport.DuplicateKey},
		{"typ JWT", `{"alg":"ES256","typ":"JWT","x5u":"https://certs.example.org/a.pem"}`, passport.BadType},
		{"typ Passport", `{"alg":"ES256","typ":"Passport","x5u":"https://certs.example.org/a.pem"}`, passport.BadType},
		{"no typ", `{"alg":"ES256","x5u":"https://certs.example.org/a.pem"}`, passport.BadType},
		{"no x5u", `{"alg":"ES256","typ":"passport"}`, passport.NoCertificateURL},
		{"x5u with a line break", `{"alg":"ES256","typ":"passport","x5u":"https://a\r\nb"}`, passport.BadCertificateURL},
		{"x5u a number", `{"alg":"ES256","typ":"passport","x5u":7}`, passport.BadCertificateURL},
		{"x5u a path: the fetcher's to refuse", `{"alg":"ES256","typ":"passport","x5u":"/etc/passwd"}`, passport.NoReason},
		{"jwk", `{"alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}` + rest, passport.KeyInHeader},
		{"jku", `{"alg":"ES256","jku":"https://evil.example/keys"` + rest, passport.KeyInHeader},
		{"x5c", `{"alg":"ES256","x5c":["AAAA"]` + rest, passport.KeyInHeader},
		{"b64 false", `{"alg":"ES256","b64":false,"crit":["b64"]` + rest, passport.UnencodedPayload},
		{"b64 true", `{"alg":"ES256","b64":true` + rest, passport.UnencodedPayload},
		{"kid is a hint", `{"alg":"ES256","kid":"1"` + rest, passport.NoReason},
		{"crit unknown", `{"alg":"ES256","exp":1,"crit":["exp"]` + rest, passport.CriticalHeader},
		{"crit empty", `{"alg":"ES256","crit":[]` + rest, passport.CriticalHeader},
		{"crit null", `{"alg":"ES256","crit":null` + rest, passport.CriticalHeader},
		{"crit a string", `{"alg":"ES256","crit":"ppt"` + rest, passport.CriticalHeader},
		{"crit a number within", `{"alg":"ES256","crit":[1]` + rest, passport.CriticalHeader},
		{"crit alg", `{"alg":"ES256","crit":["alg"]` + rest, passport.CriticalHeader},
		{"crit ppt without ppt", `{"alg":"ES256","crit":["ppt"]` + rest, passport.CriticalHeader},
		{"crit ppt of an unknown one", `{"alg":"ES256","ppt":"new","crit":["ppt"]` + rest, passport.CriticalHeader},
		{"crit ppt twice", `{"alg":"ES256","ppt":"msg","crit":["ppt","ppt"]` + rest, passport.CriticalHeader},
		{"crit ppt understood", `{"alg":"ES256","ppt":"msg","crit":["ppt"]` + rest, passport.NoReason},
		{"ppt unknown: to be ignored", `{"alg":"ES256","ppt":"new"` + rest, passport.NoReason},
		{"ppt empty", `{"alg":"ES256","ppt":""` + rest, passport.MalformedJSON},
		{"an array", `["alg","ES256"]`, passport.MalformedJSON},
		{"not JSON", `alg`, passport.MalformedJSON},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := passport.Parse([]byte(sealed(t, key, c.header, basePayload)))
			wantReason(t, err, c.want)
		})
	}
}

// The algorithm is refused for itself, whatever the signature looks like.
func TestAlgorithmConfusionRefused(t *testing.T) {
	key := newKey(t)
	b64 := base64.RawURLEncoding
	none := b64.EncodeToString([]byte(strings.Replace(baseHeader, "ES256", "none", 1))) + "." + b64.EncodeToString([]byte(basePayload)) + "."
	_, err := passport.Parse([]byte(none))
	wantReason(t, err, passport.AlgNone)

	// HS256 with the public key, which everybody has, as the secret.
	input := b64.EncodeToString([]byte(strings.Replace(baseHeader, "ES256", "HS256", 1))) + "." + b64.EncodeToString([]byte(basePayload))
	public, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, public)
	mac.Write([]byte(input))
	_, err = passport.Parse([]byte(input + "." + b64.EncodeToString(mac.Sum(nil))))
	wantReason(t, err, passport.AlgSymmetric)
}

func TestEncodingRefused(t *testing.T) {
	good := sealed(t, newKey(t), baseHeader, basePayload)
	parts := strings.Split(good, ".")
	with := func(i int, s string) string {
		p := append([]string(nil), parts...)
		p[i] = s
		return strings.Join(p, ".")
	}
	last := func(s, letters string) string { return s[:len(s)-1] + letters }
	header66 := base64.RawURLEncoding.EncodeToString([]byte(baseHeader + " ")) // its length leaves bits over
	for _, c := range []struct {
		name, token string
		want        passport.Reason
	}{
		{"the plain one", good, passport.NoReason},
		{"empty", "", passport.MalformedToken},
		{"one part", parts[0], passport.MalformedToken},
		{"two parts", parts[0] + "." + parts[1], passport.MalformedToken},
		{"four parts", good + ".", passport.MalformedToken},
		{"empty header", with(0, ""), passport.MalformedToken},
		{"empty payload", with(1, ""), passport.MalformedToken},
		{"no signature", with(2, ""), passport.BadSignatureForm},
		{"compact", ".." + parts[2], passport.CompactForm},
		{"header padded", with(0, header66+"="), passport.MalformedBase64},
		{"payload padded", with(1, parts[1]+"=="), passport.MalformedBase64},
		{"signature padded", with(2, parts[2]+"=="), passport.MalformedBase64},
		{"standard alphabet +", with(2, "+"+parts[2][1:]), passport.MalformedBase64},
		{"standard alphabet /", with(2, "/"+parts[2][1:]), passport.MalformedBase64},
		{"standard alphabet in the header", with(0, "+"+parts[0][1:]), passport.MalformedBase64},
		{"line break", with(1, parts[1][:4]+"\n"+parts[1][4:]), passport.MalformedBase64},
		{"line break at the end", good + "\r\n", passport.MalformedBase64},
		{"space", " " + good, passport.MalformedBase64},
		{"octet beyond ASCII", with(1, "\xc3"+parts[1][1:]), passport.MalformedBase64},
		{"a character over", with(2, parts[2]+"AAA"), passport.MalformedBase64},
		{"trailing bits in the signature", with(2, last(parts[2], string(parts[2][85]+1))), passport.MalformedBase64},
		{"trailing bits in the header", with(0, "e30B"+"QR"), passport.MalformedBase64},
		{"signature short", with(2, base64.RawURLEncoding.EncodeToString(make([]byte, 63))), passport.BadSignatureForm},
		{"signature long", with(2, base64.RawURLEncoding.EncodeToString(make([]byte, 96))), passport.BadSignatureForm},
		{"signature very long", with(2, strings.Repeat("A", 400)), passport.BadSignatureForm},
		{"too large", with(1, strings.Repeat("A", 16<<10)), passport.TooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := passport.Parse([]byte(c.token))
			wantReason(t, err, c.want)
		})
	}
}

// The cases of STANDARDS 5.19 that concern the signature.
func TestSignatureForms(t *testing.T) {
	key := newKey(t)
	b64 := base64.RawURLEncoding
	input := b64.EncodeToString([]byte(baseHeader)) + "." + b64.EncodeToString([]byte(basePayload))
	digest := sha256.Sum256([]byte(input))
	raw := rawSignature(t, key, input)
	der, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	n := key.Params().N
	r, s := new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])
	pair := func(r, s *big.Int) []byte {
		b := make([]byte, 64)
		r.FillBytes(b[:32])
		s.FillBytes(b[32:])
		return b
	}
	all := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	one, none := big.NewInt(1), new(big.Int)
	for _, c := range []struct {
		name          string
		sig           []byte
		parse, verify passport.Reason
	}{
		{"r and s", raw, passport.NoReason, passport.NoReason},
		{"malleable: n-s for s", pair(r, new(big.Int).Sub(n, s)), passport.NoReason, passport.NoReason},
		{"DER", der, passport.BadSignatureForm, passport.NoReason},
		{"r zero", pair(none, s), passport.SignatureRange, passport.NoReason},
		{"s zero", pair(r, none), passport.SignatureRange, passport.NoReason},
		{"both zero", make([]byte, 64), passport.SignatureRange, passport.NoReason},
		{"r is n", pair(n, s), passport.SignatureRange, passport.NoReason},
		{"s is n", pair(r, n), passport.SignatureRange, passport.NoReason},
		{"s is all ones", pair(r, all), passport.SignatureRange, passport.NoReason},
		{"r and s one", pair(one, one), passport.NoReason, passport.SignatureMismatch},
		{"r and s n-1", pair(new(big.Int).Sub(n, one), new(big.Int).Sub(n, one)), passport.NoReason, passport.SignatureMismatch},
		{"r and s exchanged", pair(s, r), passport.NoReason, passport.SignatureMismatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			token, err := passport.Parse([]byte(input + "." + b64.EncodeToString(c.sig)))
			wantReason(t, err, c.parse)
			if err == nil {
				wantReason(t, token.Verify(&key.PublicKey), c.verify)
			}
		})
	}
	if _, err := asn1.Unmarshal(der, new(struct{ R, S *big.Int })); err != nil {
		t.Fatal("the DER case is none:", err)
	}
}
