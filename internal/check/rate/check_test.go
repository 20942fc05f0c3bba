package rate_test

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	check "gatehouse.example/internal/check/rate"
	"gatehouse.example/internal/state/rate"
	"gatehouse.example/screen"
	"gatehouse.example/screen/screentest"
	"gatehouse.example/verdict"
)

var update = flag.Bool("update", false, "write what the check reports into testdata")

// setup reads lines "caller 5 per 1m" and "fanout 10 per 1h".
func setup(t testing.TB, lines []string) screen.Check {
	cfg := check.Config{Seed: rate.FixedSeed(1)}
	for _, line := range lines {
		f := strings.Fields(line)
		count, err1 := strconv.Atoi(f[1])
		per, err2 := time.ParseDuration(f[3])
		if err1 != nil || err2 != nil {
			t.Fatalf("%q: %v, %v", line, err1, err2)
		}
		switch l := (rate.Limit{Count: count, Per: per}); f[0] {
		case "source":
			cfg.Source = l
		case "caller":
			cfg.Caller = l
		case "callee":
			cfg.Callee = l
		case "fanout":
			cfg.Fanout = check.Fanout{Callees: count, Window: per}
		default:
			t.Fatalf("no limit %q", f[0])
		}
	}
	c, err := check.New(cfg)
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
	screentest.Run(t, os.DirFS("testdata"), setup, write)
}

func TestNewNamesWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		cfg  check.Config
		want string
	}{
		{check.Config{Source: rate.Limit{Count: 5}}, "rate: source: rate: 5 per 0s is not a limit"},
		{check.Config{Fanout: check.Fanout{Callees: 100, Window: time.Hour}}, "rate: fanout: callees: 100 is not within 1 and 70"},
		{check.Config{Fanout: check.Fanout{Callees: 10}}, "rate: fanout: rate: fan-out window 0s is not positive"},
		{check.Config{Keys: -1}, "rate: keys: -1 is not within"},
	} {
		if _, err := check.New(c.cfg); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// TestHonestOfficeIsNeverBothered plays a busy day: 60 people behind one trunk and a few strangers, 5 calls a minute to the
// switchboard, redials, a partner company of which 15 people call in the same ten minutes, and a reminder service calling 25 customers.
func TestHonestOfficeIsNeverBothered(t *testing.T) {
	c, err := check.New(check.Config{Seed: rate.FixedSeed(1)})
	if err != nil {
		t.Fatal(err)
	}
	now := screentest.Start()
	call := func(from, to, peer string) {
		a := &screen.Attempt{Time: now, Kind: verdict.Call, Peer: peer, Source: netip.MustParseAddrPort("192.0.2.7:5060")}
		a.From.Claimed, a.FromNumber, a.To.Requested = "sip:"+from+"@carrier.test", from, "sip:"+to+"@example.test"
		for _, s := range screentest.Signals(t, c, a) {
			t.Errorf("%s %s: %s", now.Format(time.TimeOnly), s.Name, s.Evidence)
		}
	}
	for minute := range 480 {
		for i := range 5 {
			call(fmt.Sprintf("+1212555%04d", minute*5+i), "switchboard", "carrier")
			now = now.Add(4 * time.Second)
		}
		if minute%30 == 0 { // missed, and tried again at once, three times
			for range 4 {
				call("+12125559999", "alice", "")
				now = now.Add(5 * time.Second)
			}
		}
		if minute%40 < 10 {
			call("+13125550000", fmt.Sprintf("colleague%d", minute%40), "")
			call("+13125550000", fmt.Sprintf("colleague%d", minute%40+1), "")
		}
		if minute >= 100 && minute < 125 {
			call("+18005550000", fmt.Sprintf("customer%d", minute), "carrier")
		}
		now = now.Truncate(time.Minute).Add(time.Minute)
	}
}

func stranger() *screen.Attempt {
	a := &screen.Attempt{Time: screentest.Start(), Kind: verdict.Call, Source: netip.MustParseAddrPort("198.51.100.7:5060")}
	a.From.Claimed, a.FromNumber, a.FromDomain = "sip:+12125551234@carrier.test", "+12125551234", "carrier.test"
	a.To.Requested = "sip:bob@example.test"
	return a
}

func TestNothingFoundAllocatesNothing(t *testing.T) {
	c, err := check.New(check.Config{})
	if err != nil {
		t.Fatal(err)
	}
	a, r := stranger(), &screen.Report{}
	if n := testing.AllocsPerRun(1000, func() {
		a.Time = a.Time.Add(time.Minute)
		c.Run(context.Background(), a, r)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRun(b *testing.B) {
	c, err := check.New(check.Config{})
	if err != nil {
		b.Fatal(err)
	}
	a, r := stranger(), &screen.Report{}
	b.ReportAllocs()
	for b.Loop() {
		a.Time = a.Time.Add(time.Minute)
		c.Run(context.Background(), a, r)
	}
}
