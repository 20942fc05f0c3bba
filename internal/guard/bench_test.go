package guard

import (
	"net/netip"
	"runtime"
	"strconv"
	"testing"
	"time"
)

const t0 = int64(1_790_000_000_000_000_000)

func v4(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

func v6(n uint64) netip.Addr {
	b := [16]byte{0: 0x20, 1: 0x01, 2: 0x0d, 3: 0xb8}
	for i := range 8 {
		b[15-i] = byte(n >> (8 * i))
	}
	b[5], b[6] = byte(n>>8), byte(n)
	return netip.AddrFrom16(b)
}

// scatter is a bijection on 32 bits, so synthetic sources differ.
func scatter(i int) uint32 { return uint32(i)*2654435761 + 12345 }

func mustNew(t testing.TB, cfg Config) *Guard {
	t.Helper()
	g, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// manyBans returns a guard with n bans of /32 and a peer.
func manyBans(t testing.TB, n int) *Guard {
	t.Helper()
	cfg := Default()
	cfg.Peers = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	g := mustNew(t, cfg)
	expires := time.Unix(0, t0).Add(10 * 365 * 24 * time.Hour)
	for i := range n {
		a := v4(scatter(i))
		if a.As4()[0] == 192 || a.As4()[0] == 203 {
			continue
		}
		if err := g.Ban(Ban{Source: netip.PrefixFrom(a, 32), Reason: "test", Expires: expires}); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

func BenchmarkAdmit(b *testing.B) {
	g := manyBans(b, 100_000)
	for _, c := range []struct {
		name string
		addr func(i int) netip.Addr
	}{
		{"stranger4", func(int) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, 113, 7}) }},
		{"stranger6", func(int) netip.Addr { return v6(7) }},
		{"thousand4", func(i int) netip.Addr { return v4(0xcb000000 + uint32(i&1023)<<8) }},
		{"spoofed4", func(i int) netip.Addr { return v4(scatter(i)) }},
		{"spoofed6", func(i int) netip.Addr { return v6(uint64(scatter(i))) }},
		{"peer", func(int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, 7}) }},
		{"banned", func(int) netip.Addr { return v4(scatter(4711)) }},
		{"bannedMany", func(i int) netip.Addr { return v4(scatter(i % 100_000)) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				g.Admit(c.addr(i), 842, t0+int64(i)*10_000_000)
			}
		})
	}
	b.Run("flooding", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			g.Admit(netip.AddrFrom4([4]byte{203, 0, 114, 7}), 842, t0)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				g.Admit(v4(0xcb000000+uint32(i&1023)<<8), 842, t0+int64(i)*10_000_000)
			}
		})
	})
}

func BenchmarkMayReply(b *testing.B) {
	g := manyBans(b, 1000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		g.MayReply(v4(scatter(i&4095)), 500, 600, t0)
	}
}

func BenchmarkFailure(b *testing.B) {
	g := mustNew(b, Default())
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		g.Failure(v4(scatter(i)), Malformed, "x", t0)
	}
}

// BenchmarkBan is one ban and its lifting with 100,000 present.
func BenchmarkBan(b *testing.B) {
	g := manyBans(b, 100_000)
	g.bans.max = 200_000
	b.ReportAllocs()
	expires := time.Now().Add(time.Hour)
	for i := 0; b.Loop(); i++ {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{203, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
		if err := g.Ban(Ban{Source: p, Reason: "test " + strconv.Itoa(i), Expires: expires}); err != nil {
			b.Fatal(err)
		}
		g.Lift(p)
	}
}

// TestTenMillionSpoofedSourcesGrowNothing sends one packet from each of ten
// million sources (a million under the race detector) and takes every path that remembers something of a source.
func TestTenMillionSpoofedSourcesGrowNothing(t *testing.T) {
	g := mustNew(t, Default())
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	start := time.Now()
	now := t0
	for i := range spoofedSources {
		now += 1000
		a := v4(scatter(i))
		if i&1 == 1 {
			a = v6(uint64(scatter(i)))
		}
		g.Admit(a, 500, now)
		g.MayReply(a, 500, 400, now)
		if i&7 == 0 {
			g.Failure(a, Malformed, "no start line", now)
			g.Failure(a, AuthFailure|Proven, "wrong password", now)
			g.Success(a, now)
		}
	}
	took := time.Since(start)
	after := heap()
	t.Logf("%d sources: heap %d → %d kB, tables %d kB, %v", spoofedSources, before>>10, after>>10, g.Stats().TableBytes>>10, took)
	if after > before+1<<20 {
		t.Errorf("the heap grew from %d to %d bytes", before, after)
	}
	if n := g.Stats().Bans; n != 0 {
		t.Errorf("%d bans of sources that sent one packet each", n)
	}
	runtime.KeepAlive(g)
}
