package guard

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// TestGCRANeverAdmitsMoreThanBurstAndRate holds for each window of time, for
// the only source of a guard, so that no collision helps or hinders.
func TestGCRANeverAdmitsMoreThanBurstAndRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(1, 5000).Draw(t, "rate")
		burst := rapid.IntRange(1, rate*10).Draw(t, "burst")
		cfg := Config{TableBits: 8, Limits: Limits{V4Host: Rate{float64(rate), burst}}}
		g, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		gaps := rapid.SliceOfN(rapid.Int64Range(0, 3e9/int64(rate)), 1, 400).Draw(t, "gaps")
		var admitted []int64
		now := t0
		for _, gap := range gaps {
			now += gap
			if g.overLimitOf(now) == within {
				admitted = append(admitted, now)
			}
		}
		for i := range admitted {
			for j := i; j < len(admitted); j++ {
				most := float64(burst) + float64(rate)*float64(admitted[j]-admitted[i])/1e9*1.000001
				if float64(j-i+1) > most+0.001 {
					t.Fatalf("%d admitted within %d ns", j-i+1, admitted[j]-admitted[i])
				}
			}
		}
		// And no less: what conforms is never refused.
		if len(gaps) <= burst && len(admitted) != len(gaps) {
			t.Fatalf("%d of %d admitted with a burst of %d", len(admitted), len(gaps), burst)
		}
	})
}

func (g *Guard) overLimitOf(now int64) int { return g.charge4(0xc0000207, 1, now) }

// TestBudgetNeverExceedsThreeTimes drives many sources over a table that is
// far too small for them.
func TestBudgetNeverExceedsThreeTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, err := New(Config{TableBits: 10})
		if err != nil {
			t.Fatal(err)
		}
		sources := rapid.IntRange(1, 4000).Draw(t, "sources")
		seed := rapid.Uint64().Draw(t, "seed")
		in, out := make([]int, sources), make([]int, sources)
		now := t0
		for range 5000 {
			seed = seed*6364136223846793005 + 1442695040888963407
			s := int(seed >> 40 % uint64(sources))
			now += int64(seed >> 20 & (1<<27 - 1))
			got := int(seed >> 8 & 1023)
			if seed&1 == 0 {
				got = 0
			}
			want := int(seed >> 30 & 4095)
			in[s] += got
			a := v4(uint32(s))
			if s&1 == 1 {
				a = v6(uint64(s))
			}
			if g.MayReply(a, got, want, now) {
				out[s] += want
			}
			if out[s] > 3*in[s] {
				t.Fatalf("source %d sent %d octets and was sent %d", s, in[s], out[s])
			}
		}
	})
}

func TestAnswersWithinTheBudgetAreAlwaysAllowedAtOnce(t *testing.T) {
	g := mustNew(t, Config{TableBits: 8})
	for i := range 100_000 { // the table holds 256
		if !g.MayReply(v4(scatter(i)), 400, 1200, t0) {
			t.Fatalf("source %d was denied an answer of three times its request", i)
		}
	}
	if g.MayReply(v4(scatter(99_999)), 0, 1, t0) {
		t.Error("a retransmission over budget was allowed")
	}
}

func TestCreditExpires(t *testing.T) {
	g := mustNew(t, Default())
	a := ip("203.0.113.7")
	g.MayReply(a, 500, 0, t0)
	if !g.MayReply(a, 0, 500, sec(32)) {
		t.Error("a retransmission after 32 s was denied")
	}
	if g.MayReply(a, 0, 1, sec(32+242)) {
		t.Error("credit outlived its time")
	}
}

// TestConcurrentReadersShareOneLimit: n readers at one instant let through at
// most n−1 packets more than the burst.
func TestConcurrentReadersShareOneLimit(t *testing.T) {
	const readers, burst = 8, 500
	g := mustNew(t, Config{Limits: Limits{V4Host: Rate{100, burst}, V4Net16: Rate{1000, 5000}}})
	var admitted atomic.Int64
	together(readers, func(int) {
		for range 1000 {
			if g.Admit(netip.AddrFrom4([4]byte{203, 0, 113, 7}), 500, t0) == Pass {
				admitted.Add(1)
			}
		}
	})
	if n := admitted.Load(); n < burst || n > burst+readers-1 {
		t.Errorf("%d admitted, want %d to %d", n, burst, burst+readers-1)
	}
}

func TestConcurrentRepliesShareOneBudget(t *testing.T) {
	g := mustNew(t, Default())
	a := ip("203.0.113.7")
	var in, out atomic.Int64
	together(8, func(int) {
		for range 2000 {
			in.Add(10)
			if g.MayReply(a, 10, 35, t0) {
				out.Add(35)
			}
		}
	})
	if out.Load() > 3*in.Load() {
		t.Errorf("%d octets came and %d were let out", in.Load(), out.Load())
	}
}

// TestEverythingAtOnce is for the race detector.
// TestFailuresReadSideBySideAreOneBan: many readers have one source's failures
// in hand when the last one that is allowed comes.
func TestFailuresReadSideBySideAreOneBan(t *testing.T) {
	for round := range 50 {
		var bans atomic.Int32
		cfg := Default()
		cfg.Events = func(e Event) {
			if e.Kind == EventBan {
				bans.Add(1)
			}
		}
		g := mustNew(t, cfg)
		a := ip("203.0.113.7")
		for i := range 4 {
			g.Failure(a, AuthFailure|Proven, "test", t0+int64(i)*1e9)
		}
		now := t0 + 5e9 + int64(round)
		start := make(chan struct{})
		var readers sync.WaitGroup
		for i := range 8 {
			readers.Go(func() {
				<-start
				g.Failure(a, AuthFailure|Proven, "test", now+int64(i)*1e6)
			})
		}
		close(start)
		readers.Wait()
		b, ok := g.BannedAt(a, now)
		if !ok || bans.Load() != 1 {
			t.Fatalf("round %d: %d bans reported, banned: %v", round, bans.Load(), ok)
		}
		if length := b.Expires.Sub(b.Created); length != cfg.Ban {
			t.Fatalf("round %d: the first ban lasts %v, want %v", round, length, cfg.Ban)
		}
	}
}

func TestEverythingAtOnce(t *testing.T) {
	cfg := Default()
	cfg.MaxBans = 50
	var events atomic.Int64
	cfg.Events = func(Event) { events.Add(1) }
	g := mustNew(t, cfg)
	together(6, func(n int) {
		for i := range 2000 {
			a := v4(scatter(i % 200))
			switch now := t0 + int64(i)*1e6; (n + i) % 6 {
			case 0, 1:
				g.Admit(a, 500, now)
			case 2:
				g.MayReply(a, 100, 200, now)
			case 3:
				g.Failure(a, FailureKind(i)%kinds|Proven, "x", now)
			case 4:
				g.Success(a, now)
				g.Stats()
			case 5:
				_ = g.Ban(Ban{Source: netip.PrefixFrom(a, 24+i%9), Expires: soon()})
				g.Lift(netip.PrefixFrom(a, 24+i%9).Masked())
				g.sweep(soon().UnixNano(), i%100 == 0)
				if i%300 == 5 {
					_ = g.Peers([]netip.Prefix{netip.PrefixFrom(a, 32)})
				}
			}
		}
	})
	if n := len(g.Bans()); n > 50 {
		t.Errorf("%d bans", n)
	}
	checkList(t, g.bans)
}

// checkList compares the table with the records.
func checkList(t *testing.T, l *banList) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for p, expires := range l.table.Load().All() {
		if expires == peerMark {
			continue
		}
		n++
		if r := l.records[p]; r == nil || r.expires != expires {
			t.Errorf("%v stands in the table only", p)
		}
	}
	if n != len(l.records) || n != len(l.soonest) {
		t.Errorf("%d in the table, %d records, %d in the heap", n, len(l.records), len(l.soonest))
	}
}

func together(n int, f func(n int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

func TestNoAllocations(t *testing.T) {
	g := manyBans(t, 1000)
	i := 0
	for name, f := range map[string]func(){
		"Admit4":   func() { g.Admit(v4(scatter(i)), 500, t0) },
		"Admit6":   func() { g.Admit(v6(uint64(i)), 500, t0) },
		"mapped":   func() { g.Admit(netip.AddrFrom16(v4(scatter(i)).As16()), 500, t0) },
		"banned":   func() { g.Admit(v4(scatter(7)), 500, t0) },
		"flood":    func() { g.Admit(v4(5), 500, t0) },
		"MayReply": func() { g.MayReply(v4(scatter(i)), 100, 200, t0) },
		"Success":  func() { g.Success(v4(scatter(i)), t0) },
		"Failure":  func() { g.Failure(v4(scatter(i)), Malformed, "", t0) },
	} {
		if n := testing.AllocsPerRun(5000, func() { i++; f() }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
