package passport_test

import (
	"strings"
	"testing"

	"gatehouse.example/stir/passport"
)

// What is no JSON, or JSON that two readers may read differently, is refused before any claim is believed.
func TestPayloadTextRefused(t *testing.T) {
	key := newKey(t)
	const head = `{"dest":{"tn":["12155550131"]},"iat":1471375418,"orig":{"tn":"12155550121"}`
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	var many strings.Builder
	for i := range 80 {
		many.WriteString(`,"m` + strings.Repeat("x", i) + `":1`)
	}
	for _, c := range []struct {
		name, payload string
		want          passport.Reason
	}{
		{"the plain one", head + `}`, passport.NoReason},
		{"white space around", " \t\r\n" + head + " } \n", passport.NoReason},
		{"extra claims", head + `,"jti":"x","n":[1,-0,0.5,1e5,-1.5E+10,true,false,null,{"a":{}}]}`, passport.NoReason},
		{"no end", head, passport.MalformedJSON},
		{"comma at the end", head + `,}`, passport.MalformedJSON},
		{"two commas", head + `,,"a":1}`, passport.MalformedJSON},
		{"no comma", head + ` "a":1}`, passport.MalformedJSON},
		{"no colon", head + `,"a" 1}`, passport.MalformedJSON},
		{"name without quotes", head + `,a:1}`, passport.MalformedJSON},
		{"single quotes", head + `,'a':1}`, passport.MalformedJSON},
		{"comment", head + `/* */}`, passport.MalformedJSON},
		{"text behind", head + `}{}`, passport.MalformedJSON},
		{"NUL behind", head + "}\x00", passport.MalformedJSON},
		{"byte order mark", "\ufeff" + head + `}`, passport.MalformedJSON},
		{"not UTF-8", head + ",\"a\":\"\xff\"}", passport.MalformedJSON},
		{"surrogate as UTF-8", head + ",\"a\":\"\xed\xa0\x80\"}", passport.MalformedJSON},
		{"overlong UTF-8", head + ",\"a\":\"\xc0\xaf\"}", passport.MalformedJSON},
		{"lone high surrogate", head + `,"a":"\ud800"}`, passport.MalformedJSON},
		{"lone low surrogate", head + `,"a":"\udc00"}`, passport.MalformedJSON},
		{"two high surrogates", head + `,"a":"\ud800\ud800"}`, passport.MalformedJSON},
		{"surrogate pair", head + `,"a":"\uD83D\ude00"}`, passport.NoReason},
		{"unknown escape", head + `,"a":"\x41"}`, passport.MalformedJSON},
		{"short escape", head + `,"a":"\u12"}`, passport.MalformedJSON},
		{"escape at the end", head + `,"a":"\`, passport.MalformedJSON},
		{"line break in a string", head + ",\"a\":\"\n\"}", passport.MalformedJSON},
		{"control character behind an escape", head + ",\"a\":\"\\n\x01\"}", passport.MalformedJSON},
		{"capital literal", head + `,"a":True}`, passport.MalformedJSON},
		{"cut literal", head + `,"a":tru}`, passport.MalformedJSON},
		{"NaN", head + `,"a":NaN}`, passport.MalformedJSON},
		{"leading zero", head + `,"a":01}`, passport.MalformedJSON},
		{"leading plus", head + `,"a":+1}`, passport.MalformedJSON},
		{"hexadecimal", head + `,"a":0x10}`, passport.MalformedJSON},
		{"no digit behind the point", head + `,"a":1.}`, passport.MalformedJSON},
		{"no digit before the point", head + `,"a":.5}`, passport.MalformedJSON},
		{"no digit in the exponent", head + `,"a":1e}`, passport.MalformedJSON},
		{"minus alone", head + `,"a":-}`, passport.MalformedJSON},
		{"iat twice", head + `,"iat":1471375418}`, passport.DuplicateKey},
		{"orig twice, one escaped", head + `,"\u006frig":{"tn":"1"}}`, passport.DuplicateKey},
		{"duplicate in orig", `{"dest":{"tn":["1"]},"iat":1,"orig":{"tn":"1","tn":"2"}}`, passport.DuplicateKey},
		{"duplicate in dest", `{"dest":{"tn":["1"],"tn":["2"]},"iat":1,"orig":{"tn":"1"}}`, passport.DuplicateKey},
		{"duplicate deep in an unknown claim", head + `,"a":[{"b":[{"c":1,"c":2}]}]}`, passport.DuplicateKey},
		{"the same name in different objects", head + `,"a":[{"b":1},{"b":2}],"b":{"b":3}}`, passport.NoReason},
		{"deep", head + `,"a":` + nested(15) + `}`, passport.NoReason},
		{"too deep", head + `,"a":` + nested(16) + `}`, passport.TooLarge},
		{"far too deep", head + `,"a":` + nested(2000) + `}`, passport.TooLarge},
		{"too many members", head + many.String() + `}`, passport.TooLarge},
		{"too many elements", head + `,"a":[0` + strings.Repeat(",0", 256) + `]}`, passport.TooLarge},
		{"too many destinations", `{"dest":{"tn":["1"` + strings.Repeat(`,"1"`, 256) + `]},"iat":1,"orig":{"tn":"1"}}`, passport.TooLarge},
		{"a string", `"x"`, passport.MalformedJSON},
		{"null", `null`, passport.MalformedJSON},
		{"white space only", ` `, passport.MalformedJSON},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := passport.Parse([]byte(sealed(t, key, baseHeader, c.payload)))
			wantReason(t, err, c.want)
		})
	}
}

// Claim finds any claim by name, as it was signed.
func TestClaimByName(t *testing.T) {
	payload := strings.Replace(basePayload, "{", `{"\u0061b": [1, 2],"confidence":"high",`, 1)
	token, err := passport.Parse([]byte(sealed(t, newKey(t), baseHeader, payload)))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"ab": "[1, 2]", "confidence": `"high"`, "iat": "1471375418", "orig": `{"tn":"12155551212"}`, "attest": "", "": "",
	} {
		if got, ok := token.Claim(name); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", name, got, ok)
		}
	}
}

// Every escape of RFC 8259 §7 is read, in known claims too.
func TestEscapes(t *testing.T) {
	key := newKey(t)
	for text, want := range map[string]string{
		`\u0042ob`: "Bob", `\"\\\/`: `"\/`, `\u00E9\u20ac`: "é€", `\ud83d\uDe00`: "😀", "é": "é", `plain`: "plain",
	} {
		payload := strings.Replace(basePayload, "{", `{"rcd":{"nam":"`+text+`"},`, 1)
		token, err := passport.Parse([]byte(sealed(t, key, baseHeader, payload)))
		if err != nil || token.Claims.RCD.Name != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{`\b`, `\f`, `\n`, `\r`, `\t`, `\u0000`} { // characters, but none to show
		payload := strings.Replace(basePayload, "{", `{"rcd":{"nam":"`+text+`"},`, 1)
		_, err := passport.Parse([]byte(sealed(t, key, baseHeader, payload)))
		wantReason(t, err, passport.BadClaim)
	}
	for _, text := range []string{`\u00g0`, `\ud83d\u00`, `\ud83dx`, `\ud83d\n`, `\`, `\u`} {
		payload := strings.Replace(basePayload, "{", `{"rcd":{"nam":"`+text+`"},`, 1)
		_, err := passport.Parse([]byte(sealed(t, key, baseHeader, payload)))
		wantReason(t, err, passport.MalformedJSON)
	}
}
