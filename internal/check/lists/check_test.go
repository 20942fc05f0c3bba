package lists_test

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	check "gatehouse.example/internal/check/lists"
	"gatehouse.example/internal/check/rate"
	"gatehouse.example/internal/state/lists"
	"gatehouse.example/screen"
	"gatehouse.example/screen/screentest"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

var update = flag.Bool("update", false, "write what the check reports into testdata")

func newLists() *lists.Lists {
	return lists.New(lists.Config{
		Plan: uri.Plan{Country: "1", International: "011", Trunk: "1"},
		Now:  func() time.Time { return time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC) },
	})
}

// setup reads lines "block local +1555123*", "allow friends until=2026-11-21T13:00:00Z sip:bob@example.test" and "allow declared +15551230001 # its note".
func setup(t testing.TB, lines []string) screen.Check {
	l := newLists()
	for _, line := range lines {
		f := strings.SplitN(line, " ", 3)
		e := lists.Entry{List: f[1], Value: f[2]}
		if err := e.Kind.UnmarshalText([]byte(f[0])); err != nil {
			t.Fatal(err)
		}
		if until, ok := strings.CutPrefix(e.Value, "until="); ok {
			var when string
			when, e.Value, _ = strings.Cut(until, " ")
			var err error
			if e.Expires, err = time.Parse(time.RFC3339, when); err != nil {
				t.Fatal(err)
			}
		}
		e.Value, e.Note, _ = strings.Cut(e.Value, " # ")
		if _, err := l.Add(context.Background(), e); err != nil {
			t.Fatal(err)
		}
	}
	c, err := check.New(check.Config{}, l)
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

// fill puts n entries of all types on a black list and some on a white list.
func fill(tb testing.TB, n int) *lists.Lists {
	l := newLists()
	entries := make([]lists.Entry, 0, n)
	for i := range n {
		value := fmt.Sprintf("+1555%07d", i)
		switch i % 10 {
		case 5, 6:
			value = fmt.Sprintf("10.%d.%d.0/24", i>>8&255, i&255)
		case 7:
			value = fmt.Sprintf("sip:spammer%d@bad.test", i)
		case 8:
			value = fmt.Sprintf("bad%d.test", i)
		case 9:
			value = fmt.Sprintf("+44%06d*", i)
		}
		kind := lists.Block
		if i%3 == 0 {
			kind = lists.Allow
		}
		entries = append(entries, lists.Entry{List: "all", Value: value, Kind: kind})
	}
	for _, ua := range []string{"ua:friendly-scanner", "ua:sipvicious", "ua:sipcli*", "ua:pplsip", "ua:sundayddr"} {
		entries = append(entries, lists.Entry{List: "scanners", Value: ua})
	}
	if _, err := l.Add(context.Background(), entries...); err != nil {
		tb.Fatal(err)
	}
	return l
}

func stranger() *screen.Attempt {
	a := &screen.Attempt{
		Time: screentest.Start(), Kind: verdict.Call, Source: netip.MustParseAddrPort("198.51.100.7:5060"), Transport: "udp",
		UserAgent: "Grandstream GXP2170 1.0.11.48 c074ad123456",
	}
	from, _ := uri.Parse([]byte("sip:+12125551234@carrier.example.net"))
	to, _ := uri.Parse([]byte("sip:bob@example.test"))
	a.SetFrom(&from, uri.Plan{})
	a.SetTo(&to, uri.Plan{})
	return a
}

// engine is the first build's: rate and lists, with 100,000 entries.
func engine(tb testing.TB) (*screen.Engine, *screen.Policy) {
	limits, err := rate.New(rate.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	known, err := check.New(check.Config{}, fill(tb, 100_000))
	if err != nil {
		tb.Fatal(err)
	}
	e, err := screen.New([]screen.Check{limits, known})
	if err != nil {
		tb.Fatal(err)
	}
	p, err := e.Resolve()
	if err != nil {
		tb.Fatal(err)
	}
	return e, p
}

func TestNothingFoundAllocatesNothing(t *testing.T) {
	e, p := engine(t)
	var v verdict.Verdict
	a := stranger()
	if n := testing.AllocsPerRun(1000, func() {
		a.Time = a.Time.Add(time.Minute)
		e.Cheap(a, p, &v)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if len(v.Signals) != 0 || v.Action != verdict.Relay {
		t.Errorf("a stranger of whom nothing is known: %s", v.Why())
	}
}

func BenchmarkRun(b *testing.B) {
	c, err := check.New(check.Config{}, fill(b, 100_000))
	if err != nil {
		b.Fatal(err)
	}
	a, r := stranger(), &screen.Report{}
	b.ReportAllocs()
	for b.Loop() {
		c.Run(context.Background(), a, r)
	}
}

// BenchmarkCheapStage is the whole stage with rate and lists of 100,000 entries: at most 2 µs.
func BenchmarkCheapStage(b *testing.B) {
	e, p := engine(b)
	var v verdict.Verdict
	a := stranger()
	b.ReportAllocs()
	for b.Loop() {
		a.Time = a.Time.Add(time.Minute)
		e.Cheap(a, p, &v)
	}
}
