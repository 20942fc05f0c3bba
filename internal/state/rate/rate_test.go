package rate_test

import (
	"math"
	"sync"
	"testing"
	"time"

	"gatehouse.example/internal/state/rate"
	"pgregory.net/rapid"
)

func start() int64 { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixNano() }

func meter(t testing.TB, count int, per time.Duration, keys int) *rate.Meter {
	t.Helper()
	m, err := rate.NewMeter(rate.Limit{Count: count, Per: per}, keys)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestLimitAtOnceAndThenAtItsRate(t *testing.T) {
	m, now := meter(t, 10, time.Minute, 1000), start()
	for i := range 10 {
		if l := m.Count(7, now); l > 1 || m.Attempts(l) != i+1 {
			t.Errorf("attempt %d: level %v, %d attempts", i+1, l, m.Attempts(l))
		}
	}
	if l := m.Count(7, now); math.Abs(float64(l)-1.1) > 1e-9 {
		t.Errorf("one above the limit: level %v", l)
	}
	if l := m.Count(8, now); l > 0.11 {
		t.Errorf("another key: level %v", l)
	}
	for i := range 100 { // at exactly the allowed rate the level stays
		now += int64(6 * time.Second)
		if l := m.Count(7, now); math.Abs(float64(l)-1.1) > 1e-9 {
			t.Fatalf("after %d steady attempts: level %v", i, l)
		}
	}
}

func TestFloodIsForgivenAfterSilence(t *testing.T) {
	m, now := meter(t, 10, time.Minute, 1000), start()
	for range 100_000 {
		m.Count(7, now)
	}
	if l := m.Peek(7, now+int64(2*time.Minute)+int64(7*time.Second)); l > 1 {
		t.Errorf("two minutes after a flood: level %v", l)
	}
}

func TestPeekCountsNothing(t *testing.T) {
	m, now := meter(t, 10, time.Minute, 1000), start()
	m.Count(7, now)
	for range 50 {
		if l := m.Peek(7, now); m.Attempts(l) != 2 {
			t.Fatalf("level %v", l)
		}
	}
}

func TestClockThatIsSetBackDoesNotPunish(t *testing.T) {
	m, now := meter(t, 10, time.Minute, 1000), start()
	m.Count(7, now)
	if l := m.Count(7, now-int64(24*time.Hour)); l > 3 {
		t.Errorf("level %v", l)
	}
	if l := m.Peek(7, now-int64(24*time.Hour)+int64(4*time.Minute)); l > 1 {
		t.Errorf("four minutes later: level %v", l)
	}
}

// TestFloodOfFreshKeysDoesNotHideAHeavyOne spoofs a million sources while one real source is above its limit.
func TestFloodOfFreshKeysDoesNotHideAHeavyOne(t *testing.T) {
	m, now, seed := meter(t, 10, time.Minute, 4096), start(), rate.FixedSeed(1)
	heavy := seed.Pair(1, 0, 0)
	for range 25 {
		m.Count(heavy, now)
	}
	for i := range uint64(1_000_000) {
		m.Count(seed.Pair(1, 1, i), now+int64(i)*1000)
	}
	if l := m.Peek(heavy, now+int64(time.Second)); l < 2 {
		t.Errorf("level %v", l)
	}
}

// TestMeterIsExactForOneKey compares with the same rule in plain arithmetic.
func TestMeterIsExactForOneKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(1, 50).Draw(t, "count")
		m, err := rate.NewMeter(rate.Limit{Count: count, Per: time.Minute}, 100)
		if err != nil {
			t.Fatal(err)
		}
		step := float64(int64(time.Minute) / int64(count))
		now, debt := start(), 0.0
		for range rapid.IntRange(1, 60).Draw(t, "attempts") {
			gap := rapid.Int64Range(0, int64(20*time.Second)).Draw(t, "gap")
			now += gap
			debt = min(max(debt-float64(gap), 0)+step, 3*step*float64(count))
			if got := float64(m.Count(1, now)); math.Abs(got-debt/(step*float64(count))) > 1e-6 {
				t.Fatalf("level %v, want %v", got, debt/(step*float64(count)))
			}
		}
	})
}

func fanout(t testing.TB, window time.Duration) *rate.Fanout {
	t.Helper()
	f, err := rate.NewFanout(window, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFanoutEstimatesDifferentThings(t *testing.T) {
	seed := rate.FixedSeed(1)
	for _, n := range []int{1, 5, 20, 40, 80, 120} {
		sum := 0.0
		for key := range uint64(200) {
			f, got := fanout(t, time.Hour), 0.0
			for i := range 3 * n { // each three times
				got = f.Count(key+1, seed.Pair(key, 2, uint64(i%n)), start()+int64(i))
			}
			sum += got
		}
		if mean := sum / 200; math.Abs(mean-float64(n)) > 0.5+0.08*float64(n) {
			t.Errorf("%d things: %.1f on average", n, mean)
		}
	}
}

func TestFanoutForgetsAfterTwoWindows(t *testing.T) {
	f, seed := fanout(t, time.Hour), rate.FixedSeed(1)
	for i := range uint64(30) {
		f.Count(1, seed.Pair(1, 1, i), start())
	}
	thing := seed.Pair(1, 1, 0)
	before, half, after := f.Peek(1, thing, start()+1), f.Peek(1, thing, start()+int64(90*time.Minute)), f.Peek(1, thing, start()+int64(2*time.Hour))
	if before < 25 || half < 10 || half > 20 || after > 1.1 {
		t.Errorf("at once %.1f, after 1.5 windows %.1f, after two %.1f", before, half, after)
	}
}

func TestLimitsAreValidated(t *testing.T) {
	for _, l := range []rate.Limit{{}, {Count: 1}, {Count: -1, Per: time.Second}, {Count: 10, Per: 5}} {
		if _, err := rate.NewMeter(l, 10); err == nil {
			t.Errorf("%+v was taken", l)
		}
	}
	if _, err := rate.NewFanout(0, 10); err == nil {
		t.Error("a window of nothing was taken")
	}
}

func TestSeedsMakeDifferentHashes(t *testing.T) {
	a, b := rate.NewSeed(), rate.NewSeed()
	if a == b || a.String(1, "sip:bob@example.test") == b.String(1, "sip:bob@example.test") ||
		a.String(1, "x") == a.String(2, "x") || a.String(1, "x") != a.String(1, "x") || a.String(1, "") == a.String(1, "\x00") {
		t.Error("hashes do not depend on seed, domain and text alone")
	}
}

func TestManyGoroutinesLoseNoCount(t *testing.T) {
	m, f, now := meter(t, 1000, time.Hour, 1000), fanout(t, time.Hour), start()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range uint64(100) {
				m.Count(1, now)
				f.Count(1, i<<58, now)
			}
		})
	}
	wg.Wait()
	if got := m.Attempts(m.Peek(1, now)); got != 801 {
		t.Errorf("%d attempts", got)
	}
}

func TestNoAllocations(t *testing.T) {
	m, f, seed, i := meter(t, 10, time.Minute, 1<<16), fanout(t, time.Hour), rate.NewSeed(), uint64(0)
	if n := testing.AllocsPerRun(1000, func() {
		i++
		key := seed.String(1, "sip:+15551230001@carrier.test")
		m.Count(key+i, start()+int64(i))
		f.Count(key+i, key, start())
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkMeter(b *testing.B) {
	m, seed, i := meter(b, 10, time.Minute, 1<<16), rate.NewSeed(), uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		i++
		m.Count(seed.Pair(1, i&0xFFFF, 0), start()+int64(i))
	}
}

func BenchmarkHash(b *testing.B) {
	seed := rate.NewSeed()
	for b.Loop() {
		seed.String(1, "sip:+15551230001@carrier.test")
	}
}

// A clock that is set back, or events that stand out of order, make no attempts of the time between.
func TestClockSetBack(t *testing.T) {
	m, err := rate.NewMeter(rate.Limit{Count: 20, Per: time.Minute}, 64)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC).UnixNano()
	m.Count(7, now)
	if l := m.Count(7, now-int64(time.Hour)); m.Attempts(l) != 1 {
		t.Errorf("%d attempts after an hour back, want 1", m.Attempts(l))
	}
	for range 100 {
		m.Count(8, now)
	}
	if l := m.Count(8, now-1000); l < 3 {
		t.Errorf("level %v of a flood whose packets pass one another, want %v", l, 3)
	}
}
