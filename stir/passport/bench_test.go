package passport_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"gatehouse.example/stir/passport"
)

// A shaken token costs what it must keep: itself, its texts, the list of destinations.
func TestParseAllocates(t *testing.T) {
	token := []byte(sealed(t, newKey(t), shakenHeader, shakenPayload))
	const budget = 3
	n := testing.AllocsPerRun(200, func() {
		if _, err := passport.Parse(token); err != nil {
			t.Fatal(err)
		}
	})
	if n > budget {
		t.Errorf("Parse allocates %v times, budget %d", n, budget)
	}
}

func BenchmarkParseShaken(b *testing.B) {
	token := []byte(sealed(b, newKey(b), shakenHeader, shakenPayload))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := passport.Parse(token); err != nil {
			b.Fatal(err)
		}
	}
}

// What an attacker can make us do with one token of the largest size.
func BenchmarkParseHostile(b *testing.B) {
	key := newKey(b)
	wide := strings.Repeat(`{"a1":1,"a2":1,"a3":1,"a4":1,"a5":1,"a6":1,"a7":1,"a8":1},`, 160)
	for name, payload := range map[string]string{
		"members": `{"a":[` + strings.Repeat(wide[:len(wide)-1], 1) + `],"iat":1}`,
		"escapes": `{"a":"` + strings.Repeat(`\u0041`, 1600) + `"}`,
		"number":  `{"iat":` + strings.Repeat("9", 10000) + `}`,
		"depth":   `{"a":` + strings.Repeat("[", 10000) + `}`,
	} {
		token := []byte(sealed(b, key, baseHeader, payload))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := passport.Parse(token); err == nil {
					b.Fatal("taken")
				}
			}
		})
	}
}

// The whole of a verification beside the curve's share of it, with the same key and digest.
func BenchmarkVerify(b *testing.B) {
	key := newKey(b)
	text := sealed(b, key, shakenHeader, shakenPayload)
	dot := strings.LastIndexByte(text, '.')
	raw, err := base64.RawURLEncoding.DecodeString(text[dot+1:])
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256([]byte(text[:dot]))
	r, s := new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("ecdsa", func(b *testing.B) {
		for b.Loop() {
			if !ecdsa.Verify(&key.PublicKey, digest[:], r, s) {
				b.Fatal("mismatch")
			}
		}
	})
	b.Run("ecdsa-asn1", func(b *testing.B) {
		for b.Loop() {
			if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], der) {
				b.Fatal("mismatch")
			}
		}
	})
	b.Run("parse-and-verify", func(b *testing.B) {
		token := []byte(text)
		b.ReportAllocs()
		for b.Loop() {
			t, err := passport.Parse(token)
			if err != nil {
				b.Fatal(err)
			}
			if err := t.Verify(&key.PublicKey); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("verify", func(b *testing.B) {
		t, err := passport.Parse([]byte(text))
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if err := t.Verify(&key.PublicKey); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSign(b *testing.B) {
	key := newKey(b)
	header, claims := headerOf("shaken"), shakenClaims()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := passport.Sign(key, header, claims); err != nil {
			b.Fatal(err)
		}
	}
}
