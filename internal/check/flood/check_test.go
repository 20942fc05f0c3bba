package flood_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	check "gatehouse.example/internal/check/flood"
	"gatehouse.example/internal/state/rate"
	"gatehouse.example/screen"
	"gatehouse.example/screen/screentest"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

var update = flag.Bool("update", false, "write what the check reports into testdata")

// setup reads lines "callers 5", "hotline sip:radio@example.test", "knows alice".
func setup(t testing.TB, lines []string) screen.Check {
	cfg := check.Config{Callers: 5, Seed: rate.FixedSeed(1)}
	friend := "nobody"
	for _, line := range lines {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "callers":
			n, err := strconv.Atoi(rest)
			if err != nil {
				t.Fatal(err)
			}
			cfg.Callers = n
		case "hotline":
			cfg.Hotlines = append(cfg.Hotlines, rest)
		case "knows":
			friend = rest
		default:
			t.Fatalf("no such line: %q", line)
		}
	}
	c, err := check.New(cfg, func(a *screen.Attempt) bool { return strings.Contains(a.From.Claimed, friend) })
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

func call(t testing.TB, from string, after time.Duration) *screen.Attempt {
	ev := screen.Event{Kind: verdict.Call, Time: screentest.Start().Add(after), From: from, To: "sip:bob@example.test", Source: "192.0.2.7:5060"}
	a, err := ev.Attempt(uri.Plan{Country: "1", International: "011", Trunk: "1"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAttackIsNoticedWithinSecondsAndAnOfficeIsNone(t *testing.T) {
	c, err := check.New(check.Config{Seed: rate.FixedSeed(1)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 400 { // two callers a minute, all day
		a := call(t, fmt.Sprintf("sip:+1415555%04d@carrier.test", i), time.Duration(i)*30*time.Second)
		if s := screentest.Signals(t, c, a); len(s) != 0 {
			t.Fatalf("call %d: %v", i, s)
		}
	}
	first := 0
	for i := range 100 { // five a second
		a := call(t, fmt.Sprintf("sip:+1646555%04d@carrier.test", i), 12*time.Hour+time.Duration(i)*200*time.Millisecond)
		if s := screentest.Signals(t, c, a); len(s) != 0 && first == 0 {
			first = i
		}
	}
	if first == 0 || first > 40 {
		t.Errorf("noticed at call %d", first)
	}
}

func TestLimitsAreRefusedThatCannotBeMeasured(t *testing.T) {
	for _, n := range []int{-1, 1, 71} {
		if _, err := check.New(check.Config{Callers: n}, nil); err == nil {
			t.Errorf("%d callers are taken", n)
		}
	}
	if _, err := check.New(check.Config{Keys: -1}, nil); err == nil {
		t.Error("-1 keys are taken")
	}
}

func TestNothingFoundNothingAllocated(t *testing.T) {
	c, err := check.New(check.Config{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := call(t, "sip:+14155550100@carrier.test", 0)
	var r screen.Report
	if n := testing.AllocsPerRun(1000, func() { c.Run(context.Background(), a, &r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRun(b *testing.B) {
	c, err := check.New(check.Config{}, nil)
	if err != nil {
		b.Fatal(err)
	}
	a := call(b, "sip:+14155550100@carrier.test", 0)
	var r screen.Report
	b.ReportAllocs()
	for b.Loop() {
		c.Run(context.Background(), a, &r)
	}
}
