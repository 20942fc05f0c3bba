package passport_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"gatehouse.example/stir/passport"
)

// everyKind has a token of each extension, with every claim somewhere.
func everyKind() map[string]passport.Claims {
	base := func(set func(*passport.Claims)) passport.Claims {
		c := passport.Claims{
			Orig: passport.Identity{URI: "sip:bob@example.net"}, IssuedAt: 1471375418,
			Dest: passport.Destinations{TN: []string{"12155550131", "*67#"}, URI: []string{"sip:alice@example.com"}},
		}
		set(&c)
		return c
	}
	sum := "sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek"
	return map[string]passport.Claims{
		"": base(func(c *passport.Claims) {
			c.MediaKeys = []passport.MediaKey{{Alg: "sha-256", Digest: "021ACC54"}, {Alg: "sha-1", Digest: "02:1a"}}
			c.Extra = []passport.Member{{Name: "aaa", Value: `{"a":[1,"x"],"b":null}`}, {Name: "zzz", Value: `-1.5e3`}}
		}),
		passport.Shaken: shakenClaims(),
		passport.Div:    base(func(c *passport.Claims) { c.Div = passport.Identity{TN: "12155551213"} }),
		passport.DivO: base(func(c *passport.Claims) {
			c.Div, c.Opt = passport.Identity{URI: "sip:carol@example.com"}, "e30.e30.AAAA"
		}),
		passport.Msg: base(func(c *passport.Claims) { c.MsgIntegrity = sum }),
		passport.Rcd: base(func(c *passport.Claims) {
			c.RCD = &passport.RCD{
				Name: "Q \"Branch\" \\ Γ 😀", Alias: "12155550199", Icon: "https://example.com/i.png",
				JCard: `["vcard",[["fn",{},"text","Q"]]]`, Extra: []passport.Member{{Name: "new", Value: `true`}},
			}
			c.RCDIntegrity = map[string]string{"/nam": sum, "/icn": sum, "/apn": sum}
			c.CallReason = "Your parcel"
		}),
		passport.Rph: base(func(c *passport.Claims) {
			c.RPH = []passport.Priority{{Assertion: "ESorig", Values: []string{"esnet.1"}}, {Assertion: "auth", Values: []string{"ets.0", "wps.0"}}}
			c.SPH = "psap-callback"
		}),
	}
}

// Parse of Sign is the identity, and go-jose, which shares nothing with this package, verifies what it signs.
func TestSignThenParse(t *testing.T) {
	key := newKey(t)
	for ppt, claims := range everyKind() {
		t.Run("ppt "+ppt, func(t *testing.T) {
			full, err := passport.Sign(key, headerOf(ppt), claims)
			if err != nil {
				t.Fatal(err)
			}
			token, err := passport.Parse([]byte(full))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(token.Claims, claims) {
				t.Errorf("claims\n%+v, want\n%+v", token.Claims, claims)
			}
			if want := (passport.Header{Alg: "ES256", Typ: "passport", PPT: ppt, X5U: headerOf("").X5U}); !reflect.DeepEqual(token.Header, want) {
				t.Errorf("header %+v", token.Header)
			}
			wantReason(t, token.Verify(&key.PublicKey), passport.NoReason)
			joseVerifies(t, full, &key.PublicKey)
			_, payload := token.Texts()
			deterministic(t, payload)
		})
	}
}

// joseVerifies asks the oracle.
func joseVerifies(t *testing.T, full string, key *ecdsa.PublicKey) {
	t.Helper()
	jws, err := jose.ParseSignedCompact(full, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := jws.Verify(key)
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := base64.RawURLEncoding.DecodeString(strings.Split(full, ".")[1]); string(payload) != string(want) {
		t.Errorf("the oracle read %s", payload)
	}
}

// deterministic says whether text is as RFC 8225 §9 wants it: encoding/json sorts the keys of maps too, and has no spaces.
func deterministic(t *testing.T, text string) {
	t.Helper()
	var value map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		t.Fatal(err)
	}
	if want := strings.TrimSuffix(b.String(), "\n"); text != want {
		t.Errorf("wrote %s\nwant  %s", text, want)
	}
}

// The texts of RFC 8225 Appendix A. (The signature printed there is of none of the keys printed there.)
func TestSignWritesTheTextOfRFC8225(t *testing.T) {
	full, err := passport.Sign(newKey(t), passport.Header{X5U: "https://cert.example.org/passport.cer"}, passport.Claims{
		Dest: passport.Destinations{URI: []string{"sip:alice@example.com"}}, IssuedAt: 1471375418, Orig: passport.Identity{TN: "12155551212"},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = "eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0LmV4YW1wbGUub3JnL3Bhc3Nwb3J0LmNlciJ9" +
		".eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI6MTQ3MTM3NTQxOCwib3JpZyI6eyJ0biI6IjEyMTU1NTUxMjEyIn19."
	if !strings.HasPrefix(full, want) {
		t.Errorf("signed %s", full)
	}
}

// Texts that a caller brings are written without spaces and with sorted names.
func TestSignSortsForeignClaims(t *testing.T) {
	c := shakenClaims()
	c.Extra = []passport.Member{{Name: "zz", Value: ` { "b" : [ 1 , {"d":"\u0041","c":2} ] , "a" : "\/" } `}, {Name: "b", Value: `1.0`}}
	full, err := passport.Sign(newKey(t), headerOf("shaken"), c)
	if err != nil {
		t.Fatal(err)
	}
	token, err := passport.Parse([]byte(full))
	if err != nil {
		t.Fatal(err)
	}
	if _, payload := token.Texts(); !strings.HasPrefix(payload, `{"attest":"A","b":1.0,"dest"`) ||
		!strings.HasSuffix(payload, `,"zz":{"a":"/","b":[1,{"c":2,"d":"A"}]}}`) {
		t.Errorf("payload %s", payload)
	}
}

// A string has one text: only quotes, backslashes and control characters are escaped, each in its shortest way.
func TestStringsAreWrittenInOneWay(t *testing.T) {
	c := shakenClaims()
	c.Extra = []passport.Member{{Name: "z", Value: `"\u0000\u001F\b\f\n\r\t\"\\\/\u0062\u00e9\uD83D\uDE00\u007f<&\u2028"`}}
	const want = `,"z":"\u0000\u001f\b\f\n\r\t\"\\/bé😀` + "\x7f<&\u2028" + `"}`
	if got := string(c.AppendJSON(nil)); !strings.HasSuffix(got, want) {
		t.Errorf("wrote %q", got)
	}
}

// Sign refuses what Parse would refuse.
func TestSignRefuses(t *testing.T) {
	key := newKey(t)
	claims := func(set func(*passport.Claims)) passport.Claims {
		c := shakenClaims()
		set(&c)
		return c
	}
	extra := func(name, value string) passport.Claims {
		return claims(func(c *passport.Claims) { c.Extra = []passport.Member{{Name: name, Value: value}} })
	}
	for _, c := range []struct {
		name   string
		header passport.Header
		claims passport.Claims
		want   passport.Reason
	}{
		{"no x5u", passport.Header{PPT: "shaken"}, shakenClaims(), passport.NoCertificateURL},
		{"alg RS256", passport.Header{Alg: "RS256", PPT: "shaken", X5U: "https://a/b"}, shakenClaims(), passport.AlgUnsupported},
		{"typ JWT", passport.Header{Typ: "JWT", PPT: "shaken", X5U: "https://a/b"}, shakenClaims(), passport.BadType},
		{"unknown ppt", headerOf("new"), shakenClaims(), passport.UnknownPPT},
		{"attest D", headerOf("shaken"), claims(func(c *passport.Claims) { c.Attest = "D" }), passport.BadClaim},
		{"no attest", headerOf("shaken"), claims(func(c *passport.Claims) { c.Attest = "" }), passport.MissingClaim},
		{"plus", headerOf("shaken"), claims(func(c *passport.Claims) { c.Orig.TN = "+1" }), passport.BadNumber},
		{"two origins", headerOf("shaken"), claims(func(c *passport.Claims) { c.Orig.URI = "sip:a@b" }), passport.BadClaim},
		{"no destination", headerOf("shaken"), claims(func(c *passport.Claims) { c.Dest.TN = nil }), passport.MissingClaim},
		{"negative iat", headerOf("shaken"), claims(func(c *passport.Claims) { c.IssuedAt = -1 }), passport.BadIssuedAt},
		{"no iat", headerOf("shaken"), claims(func(c *passport.Claims) { c.IssuedAt = 0 }), passport.MissingClaim},
		{"name not UTF-8", headerOf("shaken"), claims(func(c *passport.Claims) { c.RCD = &passport.RCD{Name: "\xff"} }), passport.MalformedJSON},
		{"jcd no JSON", headerOf("shaken"), claims(func(c *passport.Claims) { c.RCD = &passport.RCD{JCard: `["vcard"`} }),
			passport.MalformedJSON},
		{"extra over a known claim", headerOf("shaken"), extra("attest", `"A"`), passport.DuplicateKey},
		{"extra that is a known claim", headerOf("shaken"), extra("msgi", `"x"`), passport.BadDigest},
		{"extra with more behind", headerOf("shaken"), extra("a", `1,"attest":"A"`), passport.MalformedJSON},
		{"extra empty", headerOf("shaken"), extra("a", ``), passport.MalformedJSON},
		{"extra of the header", passport.Header{X5U: "https://a/b", Extra: []passport.Member{{Name: "jwk", Value: `{}`}}}, shakenClaims(),
			passport.KeyInHeader},
		{"too large", headerOf("shaken"), extra("a", `"`+strings.Repeat("x", 16<<10)+`"`), passport.TooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			full, err := passport.Sign(key, c.header, c.claims)
			wantReason(t, err, c.want)
			if full != "" {
				t.Errorf("signed %s", full)
			}
		})
	}
}

// brokenSigner has a key of P-256 and a module behind it that answers nonsense.
type brokenSigner struct {
	crypto.Signer
	answer []byte
	err    error
}

func (b brokenSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return b.answer, b.err
}

func TestSignersRefused(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []crypto.Signer{nil, p384, rsaKey} {
		_, err := passport.Sign(key, headerOf("shaken"), shakenClaims())
		wantReason(t, err, passport.UnsupportedKey)
	}
	good := newKey(t)
	offline := errors.New("the module is offline")
	_, err = passport.Sign(brokenSigner{good, nil, offline}, headerOf("shaken"), shakenClaims())
	wantReason(t, err, passport.SigningFailed)
	if !errors.Is(err, offline) || !strings.Contains(err.Error(), "offline") {
		t.Errorf("error %v", err)
	}
	for _, answer := range []string{
		"", "\x30", "\x30\x00", "\x30\x06\x02\x01\x00\x02\x01\x01", "\x30\x06\x02\x01\x01\x02\x01\x00", "\x30\x06\x02\x01\x01\x02\x01",
		"\x30\x07\x02\x01\x01\x02\x01\x01\x00", "\x30\x05\x02\x00\x02\x01\x01", "\x30\x06\x03\x01\x01\x02\x01\x01",
		"\x30\x27\x02\x22\x01" + strings.Repeat("\x01", 33) + "\x02\x01\x01", strings.Repeat("r", 64),
	} {
		_, err := passport.Sign(brokenSigner{good, []byte(answer), nil}, headerOf("shaken"), shakenClaims())
		wantReason(t, err, passport.SigningFailed)
	}
	token, err := passport.Parse([]byte(sealed(t, good, shakenHeader, shakenPayload)))
	if err != nil {
		t.Fatal(err)
	}
	wantReason(t, token.Verify(nil), passport.UnsupportedKey)
	wantReason(t, token.Verify(&p384.PublicKey), passport.UnsupportedKey)
}

// Every length of r and s is written and read alike: short ones come about once in 256 signatures.
func TestManySignatures(t *testing.T) {
	key := newKey(t)
	for range 600 {
		full, err := passport.Sign(key, headerOf("shaken"), shakenClaims())
		if err != nil {
			t.Fatal(err)
		}
		token, err := passport.Parse([]byte(full))
		if err != nil {
			t.Fatal(err)
		}
		wantReason(t, token.Verify(&key.PublicKey), passport.NoReason)
	}
}

// RFC 8588 §5 wants a UUID. Tokens of others have all kinds of things there, which are read; ours have not.
func TestSignWantsAUUIDAsOrigID(t *testing.T) {
	claims := everyKind()[passport.Shaken]
	claims.OrigID = "123456"
	_, err := passport.Sign(newKey(t), headerOf(passport.Shaken), claims)
	wantReason(t, err, passport.BadClaim)
}
