package digest

import (
	"bytes"
	"testing"
	"time"
	"unicode/utf8"
)

// Property: what parses writes to something that parses to the same credentials, on one line.
func FuzzCredentials(f *testing.F) {
	f.Add([]byte(`Digest username="bob", realm="d", nonce="n", uri="sip:d", response="00", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="c", opaque="o"`))
	f.Add([]byte(`Digest username*=UTF-8''J%C3%A4s, realm="d", nonce=n, uri=sip:d, response="00"`))
	f.Add([]byte(`Digest username="\"", userhash=true, realm="d", nonce="n", uri="sip:d", response="00", algorithm=MD5-sess`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var c, back Credentials
		if c.Parse(b) != nil {
			return
		}
		if c.QOP == 0 && c.nc != "" {
			t.Fatalf("nc without qop from %q", b)
		}
		out := c.AppendTo(nil)
		if bytes.ContainsAny(out, "\r\n\x00") {
			t.Fatalf("%q writes a line break: %q", b, out)
		}
		if err := back.Parse(out); err != nil {
			t.Fatalf("%q writes %q: %v", b, out, err)
		}
		if back != c {
			t.Fatalf("%q\n%+v\n%+v", b, c, back)
		}
		var h Hasher
		if c.Verify(&h, "00", "INVITE", b) && c.Algorithm == UnknownAlgorithm {
			t.Fatal("unknown algorithm verifies")
		}
	})
}

// Property: as for credentials; and every challenge of a known algorithm can be answered, the answer
// parses, and it verifies with the same password and with no other.
func FuzzChallenge(f *testing.F) {
	f.Add([]byte(`Digest realm="d", nonce="n", qop="auth,auth-int", algorithm=SHA-512-256, stale=true, userhash=true, charset=UTF-8, domain="sip:d", opaque="o"`), "bob", "secret")
	f.Add([]byte(`Digest realm="d", nonce="n"`), "Jäsøn", "")
	f.Fuzz(func(t *testing.T, b []byte, user, password string) {
		var c, back Challenge
		if c.Parse(b) != nil {
			return
		}
		out := c.AppendTo(nil)
		if err := back.Parse(out); err != nil || back != c {
			t.Fatalf("%q\n%q\n%+v\n%+v %v", b, out, c, back, err)
		}
		for i := range len(user) {
			if isControl(user[i]) {
				return
			}
		}
		answer, err := c.Answer(&Request{User: user, Password: password, Method: "REGISTER", URI: "sip:d"})
		if (err != nil) != (c.Algorithm == UnknownAlgorithm) {
			t.Fatalf("answer: %v", err)
		}
		if err != nil {
			return
		}
		var parsed Credentials
		if err := parsed.Parse(answer.AppendTo(nil)); err != nil {
			t.Fatalf("answer does not parse: %v", err)
		}
		var h Hasher
		if !parsed.Verify(&h, c.Algorithm.HA1(user, c.Realm, password), "REGISTER", nil) {
			t.Fatalf("answer does not verify: %+v", parsed)
		}
		if parsed.Verify(&h, c.Algorithm.HA1(user, c.Realm, password+"x"), "REGISTER", nil) {
			t.Fatal("another password verifies")
		}
		if !c.UserHash && utf8.ValidString(user) && parsed.Username != user {
			t.Fatalf("user %q became %q", user, parsed.Username)
		}
	})
}

// Property: nothing but what was issued is anything but forged.
func FuzzNonce(f *testing.F) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	n := NewNonces([]byte("key"), time.Minute)
	f.Add(n.Issue("d", "p", now))
	f.Add("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, s string) {
		// The key of this checker issued nothing.
		if _, v := NewNonces([]byte("another key"), time.Minute).Check(s, "d", "p", now); v != Forged {
			t.Fatalf("%q is %v", s, v)
		}
	})
}
