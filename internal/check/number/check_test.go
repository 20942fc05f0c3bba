package number_test

import (
	"context"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gatehouse.example/internal/check/number"
	"gatehouse.example/internal/state/numbering"
	"gatehouse.example/internal/state/register"
	"gatehouse.example/internal/store"
	"gatehouse.example/screen"
	"gatehouse.example/screen/screentest"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

var update = flag.Bool("update", false, "write what the check reports into testdata")

func table(t testing.TB) *numbering.Table {
	t.Helper()
	n, err := numbering.New()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// setup reads lines "own +1555123*", "peer carrier +1", "never +18005551212", "dnc +12125550100".
func setup(t testing.TB, lines []string) screen.Check {
	cfg := number.Config{Peers: map[string][]string{}}
	registers := store.NewRegisters(t.TempDir())
	for _, line := range lines {
		f := strings.Fields(line)
		switch f[0] {
		case "world":
			cfg.World = true
		case "own":
			cfg.Own = append(cfg.Own, f[1])
		case "peer":
			cfg.Peers[f[1]] = f[2:]
		default:
			r, err := register.New(f[0], registers)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Import(context.Background(), strings.NewReader(f[1]), register.Options{}); err != nil {
				t.Fatal(err)
			}
			if f[0] == "dnc" {
				cfg.DoNotCall = append(cfg.DoNotCall, r)
			} else {
				cfg.NeverCalls = append(cfg.NeverCalls, r)
			}
		}
	}
	c, err := number.New(cfg, table(t))
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

func attempt(t testing.TB, from, to string) *screen.Attempt {
	t.Helper()
	a := &screen.Attempt{Time: screentest.Start(), Kind: verdict.Call, Source: netip.MustParseAddrPort("198.51.100.7:5060")}
	f, err := uri.Parse([]byte(from))
	if err != nil {
		t.Fatal(err)
	}
	u, err := uri.Parse([]byte(to))
	if err != nil {
		t.Fatal(err)
	}
	a.SetFrom(&f, uri.Plan{})
	a.SetTo(&u, uri.Plan{})
	return a
}

func TestNumbersThatUsersProveBecomeOwn(t *testing.T) {
	c := setup(t, nil).(*number.Check)
	caller := func() []verdict.Signal {
		return screentest.Signals(t, c, attempt(t, "sip:+12125550100@carrier.test", "sip:bob@example.test"))
	}
	out := attempt(t, "sip:+12125550100@example.test", "sip:+442079460000@carrier.test")
	out.Outbound = true
	c.Learn(&screen.Ending{Attempt: out})
	if got := caller(); len(got) != 0 {
		t.Errorf("a number that nobody has proven: %v", got)
	}
	from, _ := uri.Parse([]byte("sip:+12125550100@example.test"))
	out.SetIdentity(&from, verdict.Digest, uri.Plan{})
	c.Learn(&screen.Ending{Attempt: out})
	if got := caller(); len(got) != 1 || got[0].Name != "NUMBER_OWN" {
		t.Errorf("got %v", got)
	}
}

func TestBadConfiguration(t *testing.T) {
	for _, own := range []string{"", "+", "1555", "+1555x", "*"} {
		if _, err := number.New(number.Config{Own: []string{own}}, table(t)); err == nil {
			t.Errorf("%q was taken", own)
		}
	}
	if _, err := number.New(number.Config{}, nil); err == nil {
		t.Error("no table was taken")
	}
}

func TestNothingFoundAllocatesNothing(t *testing.T) {
	c := setup(t, []string{"never +18005551212", "own +1646555*", "peer carrier +1"})
	a, r := attempt(t, "sip:+12125550100@phone.de", "sip:+442079460000@example.test"), &screen.Report{}
	a.FromDomain = "carrier.us"
	if n := testing.AllocsPerRun(1000, func() { c.Run(context.Background(), a, r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRun(b *testing.B) {
	c := setup(b, []string{"never +18005551212", "own +1646555*", "peer carrier +1"})
	a, r := attempt(b, "sip:+4915112345678@phone.de", "sip:+442079460000@example.test"), &screen.Report{}
	b.ReportAllocs()
	for b.Loop() {
		c.Run(context.Background(), a, r)
	}
}

func FuzzRun(f *testing.F) {
	c := setup(f, []string{"own +1646555*", "peer carrier +1"})
	f.Add("sip:+12125550100@carrier.test", "sip:bob@example.test", "carrier")
	f.Fuzz(func(t *testing.T, from, to, peer string) {
		a := &screen.Attempt{Kind: verdict.Call, Peer: peer}
		u, err := uri.Parse([]byte(from))
		if err != nil {
			return
		}
		a.SetFrom(&u, uri.Plan{})
		if u, err = uri.Parse([]byte(to)); err != nil {
			return
		}
		a.SetTo(&u, uri.Plan{})
		for _, s := range screentest.Signals(t, c, a) {
			if len(s.Evidence) > 400 {
				t.Fatalf("%d octets of evidence", len(s.Evidence))
			}
		}
	})
}
