package stir_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"testing"

	"gatehouse.example/stir"
)

// BenchmarkBareP256 is the yardstick: one verification of a P-256 signature.
func BenchmarkBareP256(b *testing.B) {
	w := newWorld()
	sum := sha256.Sum256([]byte("a signing input"))
	key := w.leaf.Key.(*ecdsa.PrivateKey)
	sig, err := ecdsa.SignASN1(nil, key, sum[:])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !ecdsa.VerifyASN1(&key.PublicKey, sum[:], sig) {
			b.Fatal("refused")
		}
	}
}

// BenchmarkVerify is a verified INVITE with the certificate's path at hand, from the parsed message on.
func BenchmarkVerify(b *testing.B) {
	v, m, ctx := benchmark(b, stir.NewReplay(stir.ReplayConfig{}))
	b.ReportAllocs()
	for b.Loop() {
		r := stir.RequestOf(m.m, stir.RequestOptions{})
		if res := v.Verify(ctx, &r); res.Outcome != stir.Valid {
			b.Fatal(res.Reason)
		}
	}
}

// BenchmarkVerifyParallel says how many verified calls a second all cores manage.
func BenchmarkVerifyParallel(b *testing.B) {
	v, m, ctx := benchmark(b, stir.NewReplay(stir.ReplayConfig{}))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := stir.RequestOf(m.m, stir.RequestOptions{})
			if res := v.Verify(ctx, &r); res.Outcome != stir.Valid {
				b.Error(res.Reason)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

// BenchmarkParseAndCompare is all of it but certificate and signature: the callee is another one.
func BenchmarkParseAndCompare(b *testing.B) {
	v, m, ctx := benchmark(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		r := stir.RequestOf(m.m, stir.RequestOptions{})
		r.To = r.From
		if res := v.Verify(ctx, &r); res.Reason != stir.DestMismatch {
			b.Fatal(res.Reason)
		}
	}
}
