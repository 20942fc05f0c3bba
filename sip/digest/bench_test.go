package digest

import (
	"testing"
	"time"
)

func BenchmarkParseAndVerify(b *testing.B) {
	ch := Challenge{Realm: "example.test", Nonce: NewNonces([]byte("k"), time.Minute).Issue("example.test", "p", time.Now()), Algorithm: SHA256, QOP: QOPAuth}
	a, err := ch.Answer(&Request{User: "bob", Password: "pw", Method: "REGISTER", URI: "sip:example.test"})
	if err != nil {
		b.Fatal(err)
	}
	header, ha1 := a.AppendTo(nil), SHA256.HA1("bob", "example.test", "pw")
	b.ReportAllocs()
	for b.Loop() {
		var c Credentials
		var h Hasher
		if c.Parse(header) != nil || !c.Verify(&h, ha1, "REGISTER", nil) {
			b.Fatal("not verified")
		}
	}
}

func BenchmarkNonceIssueAndCheck(b *testing.B) {
	n, now := NewNonces([]byte("k"), time.Minute), time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if _, v := n.Check(n.Issue("example.test", "p", now), "example.test", "p", now); v != Valid {
			b.Fatal(v)
		}
	}
}
