package harvest_test

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	check "gatehouse.example/internal/check/harvest"
	"gatehouse.example/internal/state/harvest"
	"gatehouse.example/internal/state/rate"
	"gatehouse.example/screen"
	"gatehouse.example/screen/screentest"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

var update = flag.Bool("update", false, "write what the check reports into testdata")

func newCheck(t testing.TB, _ []string) screen.Check {
	t.Helper()
	c, err := check.New(check.Config{}, harvest.New(1000, rate.FixedSeed(1)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCases(t *testing.T) {
	var write func(string, []byte) error
	if *update {
		write = func(name string, text []byte) error {
			return os.WriteFile(filepath.Join("testdata", name), text, 0o644)
		}
	}
	screentest.Run(t, os.DirFS("testdata"), newCheck, write)
}

func attempt(t testing.TB, to, source string, after time.Duration) *screen.Attempt {
	t.Helper()
	ev := screen.Event{Kind: verdict.Call, Time: screentest.Start().Add(after), From: "sip:x@y.test", To: to, Source: source}
	a, err := ev.Attempt(uri.Plan{Country: "1"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestMissesAreLearned(t *testing.T) {
	c := newCheck(t, nil).(*check.Check)
	for i := range 20 {
		a := attempt(t, "sip:someone@example.test", fmt.Sprintf("192.0.2.%d:5060", i), 0)
		got := screentest.Signals(t, c, a)
		if found := len(got) == 1 && got[0].Name == "HARVEST_MISSES"; found != (i >= 5) {
			t.Errorf("after %d calls at nobody: %v", i, got)
		}
		c.Learn(&screen.Ending{Attempt: a, Time: a.Time, Status: []int{404, 484, 604, 410}[i%4]})
		c.Judge(a, "spam", "admin")
	}
	for i := range 30 { // the same network, by and large reaching people
		a := attempt(t, "sip:someone@example.test", "192.0.2.9:5060", 0)
		c.Learn(&screen.Ending{Attempt: a, Time: a.Time, Status: []int{200, 480, 486}[i%3]})
	}
	if got := screentest.Signals(t, c, attempt(t, "sip:someone@example.test", "192.0.2.9:5060", 0)); len(got) != 0 {
		t.Errorf("20 of 50 at nobody: %v", got)
	}
}

// TestHonestNetworksAreNotAccused: callers of one network who call anyone of a
// small company, whose numbers are consecutive.
func TestHonestNetworksAreNotAccused(t *testing.T) {
	c := newCheck(t, nil)
	state, accused := uint64(7), 0
	const calls = 20_000
	for i := range calls {
		state = state*6364136223846793005 + 1442695040888963407
		to := fmt.Sprintf("sip:+155500010%02d@example.test", state>>33%40)
		if i%3 == 0 {
			to = "sip:" + string(rune('a'+state>>40%26)) + "lex@example.test"
		}
		accused += len(screentest.Signals(t, c, attempt(t, to, "192.0.2.9:5060", time.Duration(i)*time.Minute)))
	}
	if accused > calls/1000 {
		t.Errorf("%d of %d honest calls are accused", accused, calls)
	}
}

func TestMemoryIsBoundedAndFades(t *testing.T) {
	n := harvest.New(100, rate.FixedSeed(1))
	a := netip.MustParseAddr("192.0.2.1")
	now := screentest.Start().UnixNano()
	for i := range 1000 { // no counter wraps
		n.Seen(a, fmt.Sprint(5000+i), now, false)
		n.Seen(a, fmt.Sprintf("n%06d", i), now, false)
	}
	for range 200_000 {
		n.Ended(a, true, now)
	}
	f := n.Seen(a, "1", now, true)
	if f.Steps < 200 || f.Climbs < 200 || f.Misses < 30_000 || f.Misses > f.Calls {
		t.Errorf("%+v", f)
	}
	now += int64(24 * time.Hour)
	n.Ended(a, false, now)
	if f := n.Seen(a, "1", now, true); f.Steps > 0 || f.Climbs > 0 || f.Misses > 0 || f.Calls != 1 {
		t.Errorf("after a day: %+v", f)
	}
}

func TestNoAllocations(t *testing.T) {
	c, a, r := newCheck(t, nil), attempt(t, "sip:+15550001001@example.test", "192.0.2.9:5060", 0), new(screen.Report)
	if n := testing.AllocsPerRun(1000, func() { c.Run(t.Context(), a, r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRun(b *testing.B) {
	c, a, r := newCheck(b, nil), attempt(b, "sip:+15550001001@example.test", "192.0.2.9:5060", 0), new(screen.Report)
	b.ReportAllocs()
	for b.Loop() {
		c.Run(b.Context(), a, r)
	}
}
