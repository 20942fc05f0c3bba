package stir_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"testing"
	"time"

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

// BenchmarkVerifyAgainstBareP256 runs both by turns and reports how much the cheapest verified INVITE costs in bare
// verifications: on a machine with other work this says more than two benchmarks one after the other.
func BenchmarkVerifyAgainstBareP256(b *testing.B) {
	const batch = 20
	v, m, ctx := benchmark(b, stir.NewReplay(stir.ReplayConfig{}))
	w := newWorld()
	sum := sha256.Sum256([]byte("a signing input"))
	key := w.leaf.Key.(*ecdsa.PrivateKey)
	sig, err := ecdsa.SignASN1(nil, key, sum[:])
	if err != nil {
		b.Fatal(err)
	}
	whole, bare := time.Duration(1<<62), time.Duration(1<<62)
	for b.Loop() {
		start := time.Now()
		for range batch {
			ecdsa.VerifyASN1(&key.PublicKey, sum[:], sig)
		}
		middle := time.Now()
		for range batch {
			r := stir.RequestOf(m.m, stir.RequestOptions{})
			v.Verify(ctx, &r)
		}
		bare, whole = min(bare, middle.Sub(start)), min(whole, time.Since(middle))
	}
	b.ReportMetric(float64(bare.Nanoseconds())/batch, "ns/bare")
	b.ReportMetric(float64(whole.Nanoseconds())/batch, "ns/verify")
	b.ReportMetric(float64(whole)/float64(bare), "verify/bare")
}
