package fetch

import (
	"testing"

	"gatehouse.example/stir/stirtest"
)

// cached is a Fetcher with one imported chain: what is in use costs no more.
func cached(tb testing.TB, opts ...stirtest.Option) *Fetcher {
	root := stirtest.NewRoot()
	f := New(Config{Roots: root.Roots()})
	tb.Cleanup(func() {
		if err := f.Close(); err != nil {
			tb.Error(err)
		}
	})
	leaf := root.CA().Leaf(append(opts, stirtest.SPC("1234"))...)
	if err := f.Import(tb.Context(), u("/a.pem"), leaf.ChainPEM()); err != nil {
		tb.Fatal(err)
	}
	return f
}

func TestCachedPathAllocatesNothing(t *testing.T) {
	f := cached(t)
	ctx, url := t.Context(), u("/a.pem")
	path, err := f.Path(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		_, _ = f.Path(ctx, url)
		f.Proven(url)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	f.Revocation(ctx, path, f.cfg.Now())
	if n := testing.AllocsPerRun(100, func() { f.Revocation(ctx, path, f.cfg.Now()) }); n != 0 {
		t.Errorf("Revocation: %v allocations", n)
	}
}

func BenchmarkCachedPath(b *testing.B) {
	f := cached(b)
	ctx, url := b.Context(), u("/a.pem")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Path(ctx, url); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTarget(b *testing.B) {
	ports := []uint16{443, 8443}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseTarget("https://cert.example.org/certs/1234.pem", ports); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEvict is a new chain that comes to a full cache.
func BenchmarkEvict(b *testing.B) {
	c := newCache(4096)
	for n := range 4096 {
		c.put(chainAt(string(rune(n+1000)), "leaf", int64(n)))
	}
	n := int64(5000)
	for b.Loop() {
		n++
		c.put(chainAt(string(rune(n+1000)), "leaf", n))
	}
}
