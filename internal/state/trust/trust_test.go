package trust_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/trust"
	"pgregory.net/rapid"
)

func web(t testing.TB, cfg trust.Config) *trust.Graph {
	t.Helper()
	cfg.Seed = rate.FixedSeed(1)
	g, err := trust.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func user(i int) string { return fmt.Sprintf("sip:u%d@example.test", i) }

func TestReachIsTwoFriendsAwayThroughThreeOfThem(t *testing.T) {
	g := web(t, trust.Config{})
	for _, friend := range []string{"a", "b", "c", "d"} {
		g.Know("me", friend, 1)
	}
	for _, friend := range []string{"a", "b", "c", "stranger"} {
		g.Know(friend, "plumber", 1)
	}
	for _, c := range []struct {
		peer string
		want trust.Reach
	}{
		{"a", trust.Reach{Distance: 1}}, {"plumber", trust.Reach{Distance: 2, Through: 3}}, {"stranger", trust.Reach{}}, {"nobody", trust.Reach{}}, {"me", trust.Reach{}},
	} {
		if got := g.Reach("me", c.peer); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.peer, got, c.want)
		}
	}
	g.Forget("a", "plumber")
	if got := g.Reach("me", "plumber"); got.Through != 2 {
		t.Errorf("after one has forgotten: %+v", got)
	}
}

func TestBoundsAreKept(t *testing.T) {
	g := web(t, trust.Config{Nodes: 3, Edges: 2})
	ok := []bool{g.Know("a", "b", 1), g.Know("a", "c", 1), g.Know("b", "c", 1), g.Know("a", "d", 1), g.Own("e"), g.Know("a", "b", 1)}
	if want := []bool{true, true, false, false, false, true}; fmt.Sprint(ok) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", ok, want)
	}
	if s := g.Stats(); s.Nodes != 3 || s.Edges != 2 || s.Refused != 3 {
		t.Errorf("%+v", s)
	}
	if _, err := trust.New(trust.Config{Nodes: 1}); err == nil {
		t.Error("one node is a web")
	}
}

// TestRepairedIsAsComputedAnew changes a web at random and compares what was repaired with what is computed from the start, and with the power method.
func TestRepairedIsAsComputedAnew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 12).Draw(t, "nodes")
		cfg := trust.Config{Seed: rate.FixedSeed(1)}
		repaired, _ := trust.New(cfg)
		anew, _ := trust.New(cfg)
		type edge struct{ a, b int }
		weights := map[edge]float64{}
		for i := range n {
			repaired.Own(user(i))
			anew.Own(user(i))
		}
		for range rapid.IntRange(1, 40).Draw(t, "changes") {
			e := edge{rapid.IntRange(0, n-1).Draw(t, "a"), rapid.IntRange(0, n-1).Draw(t, "b")}
			if e.a == e.b {
				continue
			}
			switch rapid.IntRange(0, 3).Draw(t, "change") {
			case 0:
				repaired.Forget(user(e.a), user(e.b))
				delete(weights, e)
			case 1:
				repaired.Settle()
			default:
				repaired.Know(user(e.a), user(e.b), 1)
				weights[e] = min(weights[e]+1, 3)
			}
		}
		for e, w := range weights {
			anew.Know(user(e.a), user(e.b), w)
		}
		repaired.Settle()
		anew.Settle()
		exact := power(n, func(a, b int) float64 { return weights[edge{a, b}] })
		for i := range n {
			a, _ := repaired.Trust(user(i))
			b, _ := anew.Trust(user(i))
			if math.Abs(a-exact[i]) > 0.15 || math.Abs(b-exact[i]) > 0.15 {
				t.Fatalf("node %d: repaired %v, anew %v, exactly %v", i, a, b, exact[i])
			}
		}
	})
}

// power is personalised PageRank by its definition.
func power(n int, weight func(a, b int) float64) []float64 {
	trust, passing := make([]float64, n), make([]float64, n)
	for i := range passing {
		passing[i] = 1
	}
	for range 200 {
		next := make([]float64, n)
		for a := range n {
			sum := 0.0
			for b := range n {
				sum += weight(a, b)
			}
			trust[a] += 0.2 * passing[a]
			if sum == 0 {
				trust[a] += 0.8 * passing[a]
				continue
			}
			for b := range n {
				next[b] += 0.8 * passing[a] * weight(a, b) / sum
			}
		}
		passing = next
	}
	return trust
}

// large makes a web of users with that many contacts each, most of them near.
func large(t testing.TB, users, contacts int) *trust.Graph {
	g := web(t, trust.Config{Nodes: users, Edges: users * contacts})
	r := rand.New(rand.NewPCG(1, 2))
	names := make([]string, users)
	for i := range names {
		names[i] = user(i)
		g.Own(names[i])
	}
	for i := range users {
		for range contacts {
			to := r.IntN(users)
			if r.IntN(10) < 8 {
				to = (i + 1 + r.IntN(500)) % users
			}
			g.Know(names[i], names[to], 1)
		}
	}
	return g
}

// BenchmarkSettle works out the trust of 100,000 users with 5 million relations from nothing; octets is what the web takes.
func BenchmarkSettle(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		b.StopTimer()
		g := large(b, 100_000, 50)
		b.StartTimer()
		g.Settle()
		b.StopTimer()
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB")
		b.ReportMetric(float64(g.Stats().Edges), "edges")
		b.StartTimer()
	}
}

// BenchmarkSettleAgain repairs the trust after a hundred new relations among 100,000 users.
func BenchmarkSettleAgain(b *testing.B) {
	g := large(b, 100_000, 50)
	g.Settle()
	r := rand.New(rand.NewPCG(3, 4))
	b.ResetTimer()
	for b.Loop() {
		for range 100 {
			g.Forget(user(r.IntN(100_000)), user(r.IntN(100_000)))
			g.Know(user(r.IntN(100_000)), user(r.IntN(100_000)), 1)
		}
		g.Settle()
	}
}

func BenchmarkReach(b *testing.B) {
	g := large(b, 10_000, 50)
	b.ReportAllocs()
	for b.Loop() {
		g.Reach(user(17), user(117))
	}
}

func BenchmarkView(b *testing.B) {
	g := large(b, 10_000, 50)
	g.Settle()
	b.ResetTimer()
	for b.Loop() {
		g.View(user(17))
	}
}

// TestLookupsWhileItSettles: look-ups answer, or abstain, and changes come through while the web is worked out. That they do not wait: TestNobodyWaits.
func TestLookupsWhileItSettles(t *testing.T) {
	g := large(t, 2000, 20)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 20 {
			g.Settle()
		}
	}()
	for i := range 2000 {
		if r := g.Reach(user(i), user(i+1)); r.Distance < 0 || r.Distance > 2 {
			t.Errorf("%+v", r)
		}
		if s := g.Standing(user(i)); s < 0.3 || s > 1 {
			t.Errorf("standing %v", s)
		}
		g.Know(user(i), user(i/2), 1)
	}
	<-done
}
