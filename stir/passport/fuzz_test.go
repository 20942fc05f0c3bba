package passport_test

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"gatehouse.example/stir/passport"
)

// seeds are texts of each kind, as this package writes them, and some as it must not take them.
func seeds(f *testing.F) [][2]string {
	f.Helper()
	list := [][2]string{
		{baseHeader, basePayload}, {shakenHeader, shakenPayload}, {`{"alg":"none"}`, `{"iat":-1}`},
		{strings.Replace(baseHeader, "{", `{"crit":["ppt"],"ppt":"msg",`, 1),
			strings.Replace(basePayload, "{", `{"a":[1e5,{"\u0041":null}],`, 1)},
		{baseHeader, strings.Replace(basePayload, "{", `{"rcd":{"jcd":`+card+`,"nam":"\ud83d\ude00"},"rcdi":{"/jcd/1/0":"`+nameDigest+`"},`, 1)},
	}
	key := newKey(f)
	for ppt, claims := range everyKind() {
		full, err := passport.Sign(key, headerOf(ppt), claims)
		if err != nil {
			f.Fatal(err)
		}
		token, err := passport.Parse([]byte(full))
		if err != nil {
			f.Fatal(err)
		}
		header, payload := token.Texts()
		list = append(list, [2]string{header, payload})
	}
	return list
}

// FuzzParse: any octets are refused with a reason or read; what is read has the texts that its base64url stands for, in the
// one way of writing them.
func FuzzParse(f *testing.F) {
	key := newKey(f)
	for _, s := range seeds(f) {
		f.Add([]byte(sealed(f, key, s[0], s[1])))
	}
	f.Add([]byte("..AAAA"))
	f.Fuzz(func(t *testing.T, b []byte) {
		token, err := passport.Parse(b)
		if err != nil {
			if passport.ReasonOf(err) == passport.NoReason || token != nil {
				t.Fatalf("%v, %v", token, err)
			}
			return
		}
		header, payload := token.Texts()
		b64 := base64.RawURLEncoding
		if want := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(payload)) + "."; !strings.HasPrefix(string(b), want) {
			t.Fatalf("%q is another writing of %q", b, want)
		}
	})
}

// FuzzClaims: whatever the texts, what is read is JSON to encoding/json too and says the same there; signed again it is
// read as equal claims, and signing and reading what was signed changes nothing any more.
func FuzzClaims(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s[0], s[1])
	}
	key := newKey(f)
	dummy := "." + strings.Repeat("A", 42) + "B" + strings.Repeat("A", 42) + "A"
	b64 := base64.RawURLEncoding
	f.Fuzz(func(t *testing.T, header, payload string) {
		token, err := passport.Parse([]byte(b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(payload)) + dummy))
		if err != nil {
			return
		}
		sameToTheLibrary(t, token)
		integrity(t, &token.Claims)
		full, err := passport.Sign(key, token.Header, token.Claims)
		if passport.ReasonOf(err) == passport.UnknownPPT {
			return
		}
		if err != nil {
			t.Fatalf("%v: %q %q", err, header, payload)
		}
		second, err := passport.Parse([]byte(full))
		if err != nil {
			t.Fatalf("%v: %s", err, full)
		}
		_, text := second.Texts()
		if want := string(token.Claims.AppendJSON(nil)); text != want || string(second.Claims.AppendJSON(nil)) != want {
			t.Fatalf("claims %s became %s", want, text)
		}
		again, err := passport.Sign(key, second.Header, second.Claims)
		if err != nil {
			t.Fatal(err)
		}
		third, err := passport.Parse([]byte(again))
		if err != nil || !reflect.DeepEqual(third.Claims, second.Claims) || !reflect.DeepEqual(third.Header, second.Header) {
			t.Fatalf("%v: %+v became %+v", err, second, third)
		}
	})
}

// sameToTheLibrary compares with what encoding/json reads.
func sameToTheLibrary(t *testing.T, token *passport.Token) {
	t.Helper()
	header, payload := token.Texts()
	var h, p map[string]any
	if err := json.Unmarshal([]byte(header), &h); err != nil {
		t.Fatalf("header %q: %v", header, err)
	}
	d := json.NewDecoder(strings.NewReader(payload))
	d.UseNumber()
	if err := d.Decode(&p); err != nil {
		t.Fatalf("payload %q: %v", payload, err)
	}
	orig := p["orig"].(map[string]any)
	tn, _ := orig["tn"].(string)
	uri, _ := orig["uri"].(string)
	iat, err := p["iat"].(json.Number).Int64()
	if c := &token.Claims; h["alg"] != token.Header.Alg || h["x5u"] != token.Header.X5U || tn != c.Orig.TN || uri != c.Orig.URI ||
		err != nil || iat != c.IssuedAt {
		t.Fatalf("%+v of %s %s", token, header, payload)
	}
	for name, value := range p {
		text, ok := token.Claim(name)
		var got any
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&got); !ok || err != nil || !reflect.DeepEqual(got, value) {
			t.Fatalf("claim %q is %s, want %v", name, text, value)
		}
	}
}

// integrity checks that digests made are digests found good.
func integrity(t *testing.T, c *passport.Claims) {
	t.Helper()
	if _, err := c.CheckIntegrity(web); err != nil && passport.ReasonOf(err) == passport.NoReason {
		t.Fatal(err)
	}
	if c.RCD == nil {
		return
	}
	made, err := passport.DigestRCD(passport.SHA256, c.RCD, web)
	if err != nil {
		return
	}
	whole := passport.Claims{RCD: c.RCD, RCDIntegrity: made}
	if unchecked, err := whole.CheckIntegrity(web); err != nil || len(unchecked) > 0 {
		t.Fatalf("%v, %v of %+v", unchecked, err, made)
	}
}

// FuzzOracle: a token that was signed and then changed anywhere verifies here only if it verifies with go-jose, with the same
// payload; what go-jose verifies is refused here for its form, never for its signature.
func FuzzOracle(f *testing.F) {
	for i, s := range seeds(f) {
		f.Add(s[0], s[1], uint16(0), byte(0))
		f.Add(s[0], s[1], uint16(40*i), byte(1))
	}
	key := newKey(f)
	f.Fuzz(func(t *testing.T, header, payload string, at uint16, change byte) {
		token := []byte(sealed(t, key, header, payload))
		token[int(at)%len(token)] ^= change
		ours, err := passport.Parse(token)
		if err == nil {
			err = ours.Verify(&key.PublicKey)
		}
		var theirs []byte
		jws, oracleErr := jose.ParseSignedCompact(string(token), []jose.SignatureAlgorithm{jose.ES256})
		if oracleErr == nil {
			theirs, oracleErr = jws.Verify(&key.PublicKey)
		}
		switch {
		case err == nil && oracleErr != nil && !strings.Contains(header, "crit"): // go-jose understands no crit at all
			t.Fatalf("%s verifies here, there %v", token, oracleErr)
		case err == nil && oracleErr == nil:
			if _, text := ours.Texts(); text != string(theirs) {
				t.Fatalf("payload %q here, %q there", text, theirs)
			}
		case oracleErr == nil && passport.ReasonOf(err) == passport.SignatureMismatch:
			t.Fatalf("%s verifies there only", token)
		}
	})
}

// FuzzCompact: a compact token is refused with a reason or read, and never verifies unless the whole does.
func FuzzCompact(f *testing.F) {
	key := newKey(f)
	full, err := passport.Sign(key, headerOf(""), everyKind()[""])
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(passport.Compact(full)), "12155551212", int64(1471375418))
	f.Fuzz(func(t *testing.T, b []byte, tn string, iat int64) {
		c := passport.Claims{Orig: passport.Identity{TN: tn}, Dest: passport.Destinations{TN: []string{"1"}}, IssuedAt: iat}
		token, err := passport.ParseCompact(b, headerOf(""), c)
		if err != nil {
			if passport.ReasonOf(err) == passport.NoReason {
				t.Fatal(err)
			}
			return
		}
		if !reflect.DeepEqual(token.Claims, c) || token.Verify(&key.PublicKey) == nil {
			t.Fatalf("%+v", token)
		}
	})
}
