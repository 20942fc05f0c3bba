package passport_test

import (
	"strings"
	"testing"

	"gatehouse.example/stir/passport"
)

// A compact token verifies over the text that both sides can build. RFC 8225 §7.
func TestCompactForm(t *testing.T) {
	key := newKey(t)
	c := everyKind()[""]
	full, err := passport.Sign(key, headerOf(""), c)
	if err != nil {
		t.Fatal(err)
	}
	compact := passport.Compact(full)
	if !strings.HasPrefix(compact, "..") || !strings.HasSuffix(full, compact[1:]) || !passport.IsCompact([]byte(compact)) ||
		passport.IsCompact([]byte(full)) {
		t.Fatalf("compact %s of %s", compact, full)
	}
	token, err := passport.ParseCompact([]byte(compact), headerOf(""), c)
	if err != nil {
		t.Fatal(err)
	}
	wantReason(t, token.Verify(&key.PublicKey), passport.NoReason)
	whole, err := passport.Parse([]byte(full))
	if err != nil {
		t.Fatal(err)
	}
	if token.PayloadKey() != whole.PayloadKey() {
		t.Error("the two forms of one token are two for the replay memory")
	}

	changed := c
	changed.IssuedAt++
	token, err = passport.ParseCompact([]byte(compact), headerOf(""), changed)
	if err != nil {
		t.Fatal(err)
	}
	wantReason(t, token.Verify(&key.PublicKey), passport.SignatureMismatch)
}

// A token in compact form of a signer that does not write the deterministic text cannot be verified, one in full form can.
func TestCompactFormOfUnsortedText(t *testing.T) {
	key := newKey(t)
	full := sealed(t, key, baseHeader, `{"orig":{"tn":"12155551212"},"iat":1471375418,"dest":{"uri":["sip:alice@example.com"]}}`)
	whole, err := passport.Parse([]byte(full))
	if err != nil {
		t.Fatal(err)
	}
	wantReason(t, whole.Verify(&key.PublicKey), passport.NoReason)
	token, err := passport.ParseCompact([]byte(passport.Compact(full)), whole.Header, whole.Claims)
	if err != nil {
		t.Fatal(err)
	}
	wantReason(t, token.Verify(&key.PublicKey), passport.SignatureMismatch)
}

func TestCompactRefused(t *testing.T) {
	full, err := passport.Sign(newKey(t), headerOf(""), everyKind()[""])
	if err != nil {
		t.Fatal(err)
	}
	compact := passport.Compact(full)
	for _, c := range []struct {
		name, token, ppt string
		want             passport.Reason
	}{
		{"full", full, "", passport.MalformedToken},
		{"one dot", compact[1:], "", passport.MalformedToken},
		{"three dots", "." + compact, "", passport.MalformedBase64},
		{"no signature", "..", "", passport.BadSignatureForm},
		{"padded", compact + "==", "", passport.MalformedBase64},
		{"zero", ".." + strings.Repeat("A", 86), "", passport.SignatureRange},
		{"long", compact + strings.Repeat("A", 17<<10), "", passport.TooLarge},
		{"shaken has none", compact, "shaken", passport.CompactForm},
		{"div has none", compact, "div", passport.CompactForm},
		{"div-o has none", compact, "div-o", passport.CompactForm},
		{"unknown kind", compact, "new", passport.UnknownPPT},
		{"rph without its claim", compact, "rph", passport.MissingClaim},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := passport.ParseCompact([]byte(c.token), headerOf(c.ppt), everyKind()[""])
			wantReason(t, err, c.want)
		})
	}
}

// The replay memory's key does not change with the signature, and does with anything that is signed.
func TestPayloadKey(t *testing.T) {
	key := newKey(t)
	keyOf := func(c passport.Claims) [32]byte {
		t.Helper()
		full, err := passport.Sign(key, headerOf("shaken"), c)
		if err != nil {
			t.Fatal(err)
		}
		token, err := passport.Parse([]byte(full))
		if err != nil {
			t.Fatal(err)
		}
		return token.PayloadKey()
	}
	c := shakenClaims()
	if keyOf(c) != keyOf(c) {
		t.Error("two signatures of one payload are two for the replay memory")
	}
	first := keyOf(c)
	c.IssuedAt++
	if keyOf(c) == first {
		t.Error("two payloads are one for the replay memory")
	}
}
