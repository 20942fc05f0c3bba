package digest

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestCredentialsAsPhonesWriteThem(t *testing.T) {
	const rest = `, realm="example.test", nonce="n", uri="sip:example.test", response="` + "0123456789abcdef0123456789abcdef" + `"`
	tests := []struct {
		name, header string
		want         Credentials
	}{
		{"plain, without qop", `Digest username="bob"` + rest, Credentials{Username: "bob", Algorithm: MD5}},
		{"scheme in any case, folded", "DIGEST\r\n username=\"bob\"" + rest, Credentials{Username: "bob", Algorithm: MD5}},
		{"qop with quotes against the grammar", `Digest username="bob", qop="auth", nc=0000000A, cnonce="c"` + rest,
			Credentials{Username: "bob", Algorithm: MD5, QOP: QOPAuth, NC: 10, CNonce: "c", nc: "0000000A"}},
		{"algorithm in quotes", `Digest username="bob",algorithm="SHA-256"` + rest, Credentials{Username: "bob", Algorithm: SHA256}},
		{"algorithm nobody knows", `Digest username="bob",algorithm=SHA3` + rest, Credentials{Username: "bob"}},
		{"escapes", `Digest username="b\"o\\b"` + rest, Credentials{Username: `b"o\b`, Algorithm: MD5}},
		{"username*", `Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe` + rest, Credentials{Username: "Jäsøn Doe", Algorithm: MD5}},
		{"userhash", `Digest username="00ff", userhash=true` + rest, Credentials{Username: "00ff", UserHash: true, Algorithm: MD5}},
		{"unknown and empty elements", `Digest ,, username="bob",x-y=z,` + rest, Credentials{Username: "bob", Algorithm: MD5}},
		{"space around equals", `Digest username = "bob"` + rest, Credentials{Username: "bob", Algorithm: MD5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got Credentials
			if err := got.Parse([]byte(tt.header)); err != nil {
				t.Fatal(err)
			}
			tt.want.Realm, tt.want.Nonce, tt.want.URI = "example.test", "n", "sip:example.test"
			tt.want.Response = "0123456789abcdef0123456789abcdef"
			if got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestCredentialsRefused(t *testing.T) {
	const rest = `, realm="r", nonce="n", uri="sip:d", response="00"`
	tests := []struct {
		name, header string
		want         error
	}{
		{"empty", "", ErrScheme},
		{"Basic", "Basic Ym9iOnNlY3JldA==", ErrScheme},
		{"scheme of RFC 4475 regaut01", `NoOneKnowsThisScheme opaque-data=here`, ErrScheme},
		{"nothing but the scheme", "Digest", ErrSyntax},
		{"no response", `Digest username="bob", realm="r", nonce="n", uri="sip:d"`, ErrSyntax},
		{"two realms", `Digest username="bob", realm="q"` + rest, ErrSyntax},
		{"username and username*", `Digest username="bob", username*=UTF-8''bob` + rest, ErrSyntax},
		{"username* with userhash", `Digest username*=UTF-8''bob, userhash=true` + rest, ErrSyntax},
		{"username* in Latin-1", `Digest username*=ISO-8859-1''b%F6b` + rest, ErrSyntax},
		{"username* with a NUL", `Digest username*=UTF-8''b%00b` + rest, ErrSyntax},
		{"qop without nc", `Digest username="bob", qop=auth, cnonce="c"` + rest, ErrSyntax},
		{"nc without qop", `Digest username="bob", nc=00000001, cnonce="c"` + rest, ErrSyntax},
		{"short nc", `Digest username="bob", qop=auth, nc=1, cnonce="c"` + rest, ErrSyntax},
		{"nc with a sign", `Digest username="bob", qop=auth, nc=+0000001, cnonce="c"` + rest, ErrSyntax},
		{"both qops", `Digest username="bob", qop="auth,auth-int", nc=00000001, cnonce="c"` + rest, ErrSyntax},
		{"open quote", `Digest username="bob` + strings.ReplaceAll(rest, `"`, ``), ErrSyntax},
		{"line break in quotes", "Digest username=\"bo\r\nb\"" + rest, ErrSyntax},
		{"no comma", `Digest username="bob" realm="r"`, ErrSyntax},
		{"too many parameters", `Digest username="bob"` + strings.Repeat(",a=b", 40) + rest, ErrSyntax},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c Credentials
			if err := c.Parse([]byte(tt.header)); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

func TestWrittenValuesCannotEndTheirLine(t *testing.T) {
	c := Credentials{Username: "bob\r\nX: y", Realm: "r\"\n", Algorithm: SHA256}
	if s := string(c.AppendTo(nil)); strings.ContainsAny(s, "\r\n") {
		t.Errorf("line break in %q", s)
	}
}

func TestVerifyWantsTheWholeResponse(t *testing.T) {
	ch := Challenge{Realm: "example.test", Nonce: "n", Algorithm: SHA256, QOP: QOPAuth}
	c, err := ch.Answer(&Request{User: "bob", Password: "zanzibar", Method: "INVITE", URI: "sip:bob@example.test"})
	if err != nil {
		t.Fatal(err)
	}
	ha1 := SHA256.HA1("bob", "example.test", "zanzibar")
	var h Hasher
	if !c.Verify(&h, ha1, "INVITE", nil) {
		t.Fatal("the right response does not verify")
	}
	if h.Calls != 2 {
		t.Errorf("%d hash calls for a stored HA1, want 2", h.Calls)
	}
	if c.Verify(&h, ha1, "REGISTER", nil) {
		t.Error("verifies for another method")
	}
	good := c.Response
	c.Response = strings.ToUpper(good)
	if !c.Verify(&h, ha1, "INVITE", nil) {
		t.Error("upper-case digits do not verify")
	}
	for _, bad := range []string{"", good[:63], good[:32], good + "0", "x" + good[1:]} {
		if c.Response = bad; c.Verify(&h, ha1, "INVITE", nil) {
			t.Errorf("%q verifies", bad)
		}
	}
	c.Response, c.Algorithm = "", UnknownAlgorithm
	if c.Verify(&h, "", "INVITE", nil) {
		t.Error("an unknown algorithm verifies")
	}
}

func TestEachAlgorithmAndQopAnswersAndVerifies(t *testing.T) {
	body := []byte("v=0\r\n")
	for a := MD5; a <= SHA512_256Sess; a++ {
		for _, q := range []QOP{0, QOPAuth, QOPAuthInt} {
			ch := Challenge{Realm: "d", Nonce: "n", Algorithm: a, QOP: q, UserHash: true}
			c, err := ch.Answer(&Request{User: "bob", Password: "pw", Method: "MESSAGE", URI: "sip:d", Body: body, NC: 7})
			if err != nil {
				t.Fatal(err)
			}
			var back Credentials
			if err := back.Parse(c.AppendTo(nil)); err != nil {
				t.Fatalf("%v %v: %v", a, q, err)
			}
			var h Hasher
			ha1 := a.HA1("bob", "d", "pw")
			if !back.Verify(&h, ha1, "MESSAGE", body) {
				t.Errorf("%v %q: own answer does not verify", a, q)
			}
			if back.Username != a.UserHash("bob", "d") || len(back.Response) != a.HexLen() {
				t.Errorf("%v: username %q response %q", a, back.Username, back.Response)
			}
			if changed := back.Verify(&h, ha1, "MESSAGE", []byte("v=1\r\n")); changed == (q == QOPAuthInt) {
				t.Errorf("%v %q: with a changed body verify = %v", a, q, changed)
			}
		}
	}
}

// RFC 8760 §2.4 and RFC 3261 §22.3.
func TestChooseTakesTheTopmostSupportedOfEachRealm(t *testing.T) {
	all := []Challenge{
		{Realm: "a", Algorithm: UnknownAlgorithm}, {Realm: "a", Algorithm: SHA256}, {Realm: "b", Algorithm: MD5},
		{Realm: "a", Algorithm: SHA512_256}, {Realm: "c", Algorithm: MD5}, {Realm: "c", Algorithm: SHA512_256},
	}
	got := Choose(all, false)
	if len(got) != 2 || got[0] != all[1] || got[1] != all[5] {
		t.Errorf("without MD5: %+v", got)
	}
	got = Choose(all, true)
	if len(got) != 3 || got[0] != all[1] || got[1] != all[2] || got[2] != all[4] {
		t.Errorf("with MD5: %+v", got)
	}
	if _, err := all[0].Answer(&Request{}); !errors.Is(err, ErrUnsupported) {
		t.Errorf("answering an unknown algorithm: %v", err)
	}
}

func TestNonceLife(t *testing.T) {
	start := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	n := NewNonces([]byte("key"), time.Minute)
	nonce := n.Issue("example.test", "call", start)
	flip := func(i int) string {
		b := []byte(nonce)
		if b[i] == 'A' {
			b[i] = 'B'
		} else {
			b[i] = 'A'
		}
		return string(b)
	}
	tests := []struct {
		name, nonce, realm, purpose string
		after                       time.Duration
		want                        Validity
	}{
		{"at once", nonce, "example.test", "call", 0, Valid},
		{"at the end of its life", nonce, "example.test", "call", time.Minute, Valid},
		{"too late", nonce, "example.test", "call", time.Minute + time.Millisecond, Expired},
		{"another node's clock is behind", nonce, "example.test", "call", -5 * time.Second, Valid},
		{"from the future", nonce, "example.test", "call", -time.Minute, Expired},
		{"other realm", nonce, "example.com", "call", 0, Forged},
		{"other purpose", nonce, "example.test", "register", 0, Forged},
		{"realm and purpose shifted", nonce, "example.testc", "all", 0, Forged},
		{"version changed", flip(0), "example.test", "call", 0, Forged},
		{"time changed", flip(4), "example.test", "call", 0, Forged},
		{"MAC changed", flip(39), "example.test", "call", 0, Forged},
		{"empty", "", "example.test", "call", 0, Forged},
		{"not base64", strings.Repeat("!", 40), "example.test", "call", 0, Forged},
		{"line breaks that base64 decoders skip", nonce[:38] + "\r\n", "example.test", "call", 0, Forged},
	}
	for _, tt := range tests {
		got, v := n.Check(tt.nonce, tt.realm, tt.purpose, start.Add(tt.after))
		if v != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, v, tt.want)
		}
		if v != Forged && !got.Issued.Equal(start) {
			t.Errorf("%s: issued %v", tt.name, got.Issued)
		}
	}
	if _, v := NewNonces([]byte("other"), time.Minute).Check(nonce, "example.test", "call", start); v != Forged {
		t.Errorf("with another key: %v", v)
	}
	if again := n.Issue("example.test", "call", start); again == nonce {
		t.Error("two nonces of one millisecond are equal")
	}
}
