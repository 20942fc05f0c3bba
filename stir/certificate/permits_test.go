package certificate_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/passport"
)

// rawToken is a baseline token with the claim x, JSON text, as it stands here; its signature is none.
func rawToken(t *testing.T, x string) (*passport.Token, error) {
	t.Helper()
	b64 := base64.RawURLEncoding.EncodeToString
	header := `{"alg":"ES256","typ":"passport","x5u":"https://cert.example.org/a.pem"}`
	payload := `{"dest":{"tn":["12155552000"]},"iat":1443208345,"orig":{"tn":"12155551000"},"x":` + x + `}`
	return passport.Parse([]byte(b64([]byte(header)) + "." + b64([]byte(payload)) + "." + b64(bytes.Repeat([]byte{1}, 64))))
}

func permits(value string) *certificate.Constraints {
	return &certificate.Constraints{Permitted: map[string][]string{"x": {value}}}
}

// TestPermittedValuesMeanTheSameHoweverTheyAreWritten: a signer may escape what it likes. RFC 8259 §7.
func TestPermittedValuesMeanTheSameHoweverTheyAreWritten(t *testing.T) {
	for _, c := range []struct {
		text, value string
		ok          bool
	}{
		{`"A"`, "A", true},
		{`"\u0041"`, "A", true},
		{`"\u0041"`, "a", false},
		{`"\u00e4\u00E4"`, "ää", true},
		{`"\ud834\udd1e"`, "𝄞", true},
		{`"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t", true},
		{`"\n"`, "n", false},
		{`"\n"`, `\n`, false},
		{`""`, "", true},
		{`""`, "x", false},
		{`"x"`, "", false},
		{`"\u0041"`, "", false},
		{`"A"`, `"A"`, false},
		{`true`, "true", true},
		{`true`, "tru", false},
		{`12`, "12", true},
		{`{"a":1}`, `{"a":1}`, true},
		{`["a"]`, `a`, false},
	} {
		t.Run(c.text+" for "+c.value, func(t *testing.T) {
			token, err := rawToken(t, c.text)
			if err != nil {
				t.Fatal(err)
			}
			want := certificate.NoReason
			if !c.ok {
				want = certificate.ClaimRefused
			}
			wantReason(t, permits(c.value).Check(token), want)
		})
	}
}

// FuzzPermittedValue: a JSON string that encoding/json reads as a value is permitted as that value and as no other.
func FuzzPermittedValue(f *testing.F) {
	for _, s := range []string{`"A"`, `"\u0041\ud834\udd1e\n"`, `"\ud834"`, `"ä"`, `5`, `"\""`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		token, err := rawToken(t, text)
		var want string
		if err != nil || json.Unmarshal([]byte(text), &want) != nil || !utf8.ValidString(want) {
			return
		}
		if text[0] != '"' || bytes.ContainsRune([]byte(want), utf8.RuneError) {
			return
		}
		if err := permits(want).Check(token); err != nil {
			t.Fatalf("%s as %q: %v", text, want, err)
		}
		for _, other := range []string{want + "x", "x" + want, "\x00" + want} {
			if permits(other).Check(token) == nil {
				t.Fatalf("%s as %q", text, other)
			}
		}
	})
}
