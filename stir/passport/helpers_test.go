package passport_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"testing"

	"gatehouse.example/stir/passport"
)

const (
	shakenHeader  = `{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://certs.example.org/a.pem"}`
	shakenPayload = `{"attest":"A","dest":{"tn":["12155550131"]},"iat":1471375418,"orig":{"tn":"12155550121"},` +
		`"origid":"123e4567-e89b-12d3-a456-426655440000"}`
	baseHeader  = `{"alg":"ES256","typ":"passport","x5u":"https://certs.example.org/a.pem"}`
	basePayload = `{"dest":{"uri":["sip:alice@example.com"]},"iat":1471375418,"orig":{"tn":"12155551212"}}`
)

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sealed signs any two texts, whatever they are.
func sealed(t testing.TB, key *ecdsa.PrivateKey, header, payload string) string {
	t.Helper()
	b64 := base64.RawURLEncoding
	input := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(payload))
	return input + "." + b64.EncodeToString(rawSignature(t, key, input))
}

// rawSignature returns r and s, 32 octets each.
func rawSignature(t testing.TB, key *ecdsa.PrivateKey, input string) []byte {
	t.Helper()
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	raw := make([]byte, 64)
	r.FillBytes(raw[:32])
	s.FillBytes(raw[32:])
	return raw
}

func shakenClaims() passport.Claims {
	return passport.Claims{
		Orig: passport.Identity{TN: "12155550121"}, Dest: passport.Destinations{TN: []string{"12155550131"}},
		IssuedAt: 1471375418, Attest: "A", OrigID: "123e4567-e89b-12d3-a456-426655440000",
	}
}

func headerOf(ppt string) passport.Header {
	return passport.Header{PPT: ppt, X5U: "https://certs.example.org/a.pem"}
}

// wantReason fails unless err is an error of the package with this reason.
func wantReason(t *testing.T, err error, want passport.Reason) {
	t.Helper()
	if got := passport.ReasonOf(err); got != want || (err == nil) != (want == passport.NoReason) {
		t.Errorf("got %v (%v), want %v", err, got, want)
	}
}
