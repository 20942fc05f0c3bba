package proxy

import (
	"testing"

	"gatehouse.example/sip/uri"
)

func BenchmarkToken(b *testing.B) {
	s := NewSigner([]byte("a key for tests"))
	u, err := uri.Parse([]byte("sip:alice@198.51.100.7:5060"))
	if err != nil {
		b.Fatal(err)
	}
	var c claims
	token, callID, tag := make([]byte, 0, tokenLen), []byte("a84b4c76e66710@elsewhere.test"), []byte("1928301774")
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			token = s.append(token[:0], &c, callID, []byte("other"), tag)
		}
	})
	b.Run("check", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if !s.check(&c, token, callID, []byte("other"), tag) {
				b.Fatal("not ours")
			}
		}
	})
	b.Run("hop", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.hop = s.hop(&u)
		}
	})
	b.Run("from", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.from = s.from(&u)
		}
	})
}
