package stir_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
	"gatehouse.example/stir"
	"gatehouse.example/stir/passport"
)

// FuzzVerify changes a token, or the claims in it without signing again, or the request round it. What comes out as valid is
// always the token that was signed, unchanged, in a fresh request from its orig to its dest.
func FuzzVerify(f *testing.F) {
	f.Add(uint16(0), byte(0), "", "", caller, callee, int16(0))
	f.Add(uint16(400), byte(1), "", "", caller, callee, int16(0))
	f.Add(uint16(0), byte(0), `"attest":"C"`, `"attest":"A"`, caller, callee, int16(0))
	f.Add(uint16(0), byte(0), caller, other, other, callee, int16(0))
	f.Add(uint16(0), byte(0), `"dest":{"tn":["12155552000`, `"dest":{"tn":["12155553000`, caller, other, int16(30))
	w := newWorld()
	signed := w.shaken(func(c *passport.Claims) { c.Attest = "C" })
	token, params, _ := strings.Cut(signed, ";")
	m, c := w.message(nil)
	v, err := stir.NewVerifier(c.config)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, at uint16, flip byte, old, repl, from, to string, age int16) {
		changed := replaced(token, old, repl)
		b := []byte(changed)
		b[int(at)%len(b)] ^= flip
		r := stir.RequestOf(m, stir.RequestOptions{})
		r.Identities = [][]byte{append(append(b, ';'), params...)}
		r.From, r.To = party(from), party(to)
		r.Date = w.now.Add(time.Duration(age) * time.Second)
		res := v.Verify(context.Background(), &r)
		if len(res.Each) != 1 || res.Outcome != res.Each[0].Outcome || (res.Status == 0) != (res.Outcome == stir.Valid) {
			t.Fatalf("%+v", res)
		}
		if bad := strings.IndexFunc(res.Detail+string(stir.AppendReasons(nil, &res)), func(c rune) bool { return c > '~' || c < ' ' && c != '\r' && c != '\n' }); bad >= 0 {
			t.Fatalf("%q", res.Detail)
		}
		if res.Outcome != stir.Valid {
			return
		}
		if string(b) != token || r.From.TN != caller || r.To.TN != callee || age > 60 || age < -60 || res.Attestation != 'C' {
			t.Fatalf("valid: token changed %v, from %+v to %+v, %d s, %+v", string(b) != token, r.From, r.To, age, res)
		}
	})
}

// replaced changes the texts of a token and leaves its signature.
func replaced(token, old, repl string) string {
	if old == "" || old == repl {
		return token
	}
	parts := strings.Split(token, ".")
	for i := range parts[:2] {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			panic(err)
		}
		parts[i] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(text), old, repl, 1)))
	}
	return strings.Join(parts, ".")
}

func party(number string) stir.Party {
	u, err := uri.Parse([]byte("sip:" + number + "@example.com"))
	if err != nil {
		return stir.Party{TN: number}
	}
	return stir.Canonical(&u, uri.Plan{})
}

// FuzzRequest verifies whatever parses as a message: nothing panics, nothing is valid that we did not sign, and who calls is
// never taken from a token.
func FuzzRequest(f *testing.F) {
	w := newWorld()
	// The tokens are put in when the target runs: each of the fuzzer's processes has keys of its own.
	tokens := strings.NewReplacer("SHAKEN", w.shaken(), "BASELINE", w.baseline(), "DIV", w.div(callee, other))
	m, c := w.message([]string{"SHAKEN", "BASELINE, DIV"}, header("P-Asserted-Identity: <tel:+12155551000>"))
	f.Add(string(m.Bytes()))
	m, _ = w.message([]string{`"YWJj"`}, header("Identity-Info: <https://x/y>;alg=rsa-sha1"), from("<sip:alice@carrier.example>"))
	f.Add(string(m.Bytes()))
	v, err := stir.NewVerifier(c.config)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m := new(sip.Message)
		if m.Parse([]byte(tokens.Replace(text))) != nil || !m.IsRequest() {
			return
		}
		r := stir.RequestOf(m, stir.RequestOptions{TrustAsserted: true, Plan: uri.Plan{Country: "1", International: "011", Trunk: "1"}})
		if len(r.Identities) > stir.MaxIdentities+1 {
			t.Fatalf("%d values", len(r.Identities))
		}
		for _, p := range []stir.Party{r.From, r.To, r.RequestURI} {
			if strings.Trim(p.TN, "0123456789*#") != "" || p.URI != strings.ToLower(p.URI) {
				t.Fatalf("%+v", p)
			}
		}
		res := v.Verify(context.Background(), &r)
		if res.Outcome == stir.Valid && !r.From.Is(res.Identity) && !r.Asserted[0].Is(res.Identity) && !r.Asserted[1].Is(res.Identity) {
			t.Fatalf("%+v calls, not %+v", res.Identity, r.From)
		}
		stir.AppendReasons(nil, &res)
		stir.Verstat(&res)
	})
}
