package tollfraud_test

import (
	"context"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	check "gatehouse.example/internal/check/tollfraud"
	"gatehouse.example/internal/state/calls"
	"gatehouse.example/internal/state/numbering"
	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/usage"
	"gatehouse.example/screen"
	"gatehouse.example/screen/screentest"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

var update = flag.Bool("update", false, "write what the check reports into testdata")

func config() check.Config {
	cfg := check.Defaults()
	cfg.Plan = uri.Plan{Country: "1", International: "011", Trunk: "1"}
	return cfg
}

func newCheck(t testing.TB, cfg check.Config, live check.Live) *check.Check {
	t.Helper()
	plans, err := numbering.New()
	if err != nil {
		t.Fatal(err)
	}
	seed := rate.FixedSeed(1)
	c, err := check.New(cfg, check.State{
		Plans: plans, Ledger: usage.NewLedger(1000, seed), Tries: usage.NewTries(1000, 24*time.Hour, seed), Live: live,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// setup reads lines "countries DE FR", "limit calls_hour 3", "hours 8-18 weekdays", "for alice@example.test countries DE".
func setup(t testing.TB, lines []string) screen.Check {
	cfg := config()
	for _, line := range lines {
		f := strings.Fields(line)
		who := ""
		if f[0] == "for" {
			who, f = f[1], f[2:]
		}
		rule := &cfg.Rule
		if who != "" {
			r := cfg.Rule
			if old, ok := cfg.Accounts[who]; ok {
				r = old
			}
			rule = &r
		}
		set(t, rule, f)
		if who != "" {
			if cfg.Accounts == nil {
				cfg.Accounts = map[string]check.Rule{}
			}
			cfg.Accounts[who] = *rule
		}
	}
	return newCheck(t, cfg, nil)
}

func set(t testing.TB, r *check.Rule, f []string) {
	switch f[0] {
	case "countries":
		r.Countries = f[1:]
	case "deny":
		r.Deny = f[1:]
	case "hours":
		from, to, _ := strings.Cut(f[1], "-")
		a, _ := strconv.Atoi(from)
		b, _ := strconv.Atoi(to)
		r.From, r.To, r.Weekdays = time.Duration(a)*time.Hour, time.Duration(b)*time.Hour, len(f) > 2
	case "limit":
		n, err := strconv.Atoi(f[2])
		if err != nil {
			t.Fatal(err)
		}
		switch f[1] {
		case "calls_hour":
			r.Limits.CallsHour = n
		case "at_once":
			r.Limits.AtOnce = n
		}
	default:
		t.Fatalf("no such line: %v", f)
	}
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

func outbound(t testing.TB, id, to string, at time.Time) *screen.Attempt {
	t.Helper()
	ev := screen.Event{ID: id, Time: at, Direction: "out", Kind: verdict.Call, From: "sip:alice@example.test", To: to, Proof: verdict.Digest, Source: "192.0.2.7:5060"}
	a, err := ev.Attempt(config().Plan)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// names returns what is reported about an attempt.
func names(t testing.TB, c screen.Check, a *screen.Attempt) string {
	var all []string
	for _, s := range screentest.Signals(t, c, a) {
		all = append(all, s.Name+" "+s.Evidence)
	}
	return strings.Join(all, "; ")
}

func TestCeilingsOfMinutesAndCost(t *testing.T) {
	for what, c := range map[string]struct {
		limits check.Limits
		each   time.Duration
		calls  int // that pass
		want   string
	}{
		"minutes": {check.Limits{MinutesHour: 30}, 10 * time.Minute, 3, "30 minutes within an hour"},
		"cost":    {check.Limits{CostHour: 1}, 5 * time.Minute, 2, "1 of cost within an hour"},
		"a day":   {check.Limits{CostDay: 0.5}, time.Second, 5, "0.5 of cost within a day"},
	} {
		cfg := config()
		cfg.Limits = c.limits
		ck := newCheck(t, cfg, nil)
		now := screentest.Start()
		for i := range c.calls {
			a := outbound(t, strconv.Itoa(i), "sip:+33145678901@example.test", now)
			if got := names(t, ck, a); got != "" {
				t.Errorf("%s: call %d: %s", what, i, got)
			}
			now = now.Add(c.each)
			ck.Learn(&screen.Ending{Attempt: a, Time: now, Answered: true, Talk: c.each})
		}
		if got := names(t, ck, outbound(t, "last", "sip:+33145678901@example.test", now)); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q", what, got)
		}
		if got := names(t, ck, outbound(t, "later", "sip:+33145678901@example.test", now.Add(25*time.Hour))); got != "" {
			t.Errorf("%s: the day after: %s", what, got)
		}
	}
}

// What is under way counts before it has ended, and ends count once.
func TestCallsUnderWayCount(t *testing.T) {
	cfg := config()
	cfg.Limits = check.Limits{AtOnce: 2, MinutesHour: 60}
	var ck *check.Check
	table := calls.New(calls.Config{
		Account: func(a *screen.Attempt) (string, int64) { return ck.Price(a) },
		Learn:   func(e *screen.Ending) { ck.Learn(e) },
	})
	ck = newCheck(t, cfg, table)
	now := screentest.Start()
	begin := func(id string) (calls.Key, *screen.Attempt) {
		a := outbound(t, id, "sip:+33145678901@example.test", now)
		if got := names(t, ck, a); got != "" {
			t.Fatalf("%s: %s", id, got)
		}
		k := table.Key([]byte(id), []byte("t"))
		table.Accepted(table.Begin(k, a, verdict.Relay, now.UnixNano()), []byte("b"), 0, now.UnixNano())
		return k, a
	}
	first, _ := begin("1")
	begin("2")
	if got := names(t, ck, outbound(t, "3", "sip:+33145678901@example.test", now)); !strings.Contains(got, "2 calls at a time") {
		t.Errorf("third call: %q", got)
	}
	now = now.Add(31 * time.Minute)
	table.Bye(first, []byte("b"), false, 0, now.UnixNano())
	table.ByeAnswered(first, []byte("b"), 200, now.UnixNano())
	table.Deliver()
	if got := names(t, ck, outbound(t, "4", "sip:+33145678901@example.test", now)); !strings.Contains(got, "62 minutes within an hour") {
		t.Errorf("after half an hour of both: %q", got)
	}
}

func TestStrangersTriesThatWereRefusedCount(t *testing.T) {
	c := newCheck(t, config(), nil)
	now := screentest.Start()
	for i, user := range []string{"9011972595551234", "011972595551234", "00972595551234"} {
		got := c.Probed(netip.MustParseAddr("198.51.100.7"), user, now.Add(time.Duration(i)*time.Hour))
		if (got != "") != (i == 2) {
			t.Errorf("%d: %q", i, got)
		}
	}
	if got := c.Probed(netip.MustParseAddr("198.51.100.8"), "+972595551234", now); got == "" || !strings.Contains(got, "198.51.100.0/24") {
		t.Errorf("its neighbour: %q", got)
	}
	if got := c.Probed(netip.MustParseAddr("203.0.113.8"), "+972595551234", now); got != "" {
		t.Errorf("somebody else: %q", got)
	}
}

func TestConfigurationIsRefusedWhereItMeansNothing(t *testing.T) {
	for what, change := range map[string]func(*check.Config){
		"country": func(c *check.Config) { c.Countries = []string{"Germany"} },
		"class":   func(c *check.Config) { c.Deny = []string{"dear"} },
		"rate":    func(c *check.Config) { c.Rates = map[string]float64{"somewhere": 1} },
		"price":   func(c *check.Config) { c.Rates = map[string]float64{"abroad": -1} },
		"account": func(c *check.Config) { c.Accounts = map[string]check.Rule{"a@b": {Deny: []string{"x"}}} },
	} {
		cfg := config()
		change(&cfg)
		plans, _ := numbering.New()
		_, err := check.New(cfg, check.State{Plans: plans, Ledger: usage.NewLedger(1, rate.FixedSeed(1)), Tries: usage.NewTries(1, time.Hour, rate.FixedSeed(1))})
		if err == nil {
			t.Errorf("%s is taken", what)
		}
	}
}

func TestNothingFoundNothingAllocated(t *testing.T) {
	c := newCheck(t, config(), nil)
	e, err := screen.New([]screen.Check{c})
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	ours := outbound(t, "1", "sip:+33145678901@example.test", screentest.Start())
	ours.Probe = true // the same call a thousand times is over its ceiling
	theirs := *ours
	theirs.Outbound, theirs.From.Proof, theirs.From.Identity = false, verdict.None, ""
	var v verdict.Verdict
	for _, a := range []*screen.Attempt{ours, &theirs} {
		if n := testing.AllocsPerRun(1000, func() { e.Cheap(a, p, &v) }); n != 0 || len(v.Signals) != 0 {
			t.Errorf("%v allocations, %v", n, v.Signals)
		}
	}
}

func BenchmarkRun(b *testing.B) {
	for _, c := range []struct {
		name string
		out  bool
	}{{"ours", true}, {"stranger", false}} {
		b.Run(c.name, func(b *testing.B) {
			cfg := config()
			cfg.Limits = check.Limits{}
			ck := newCheck(b, cfg, calls.New(calls.Config{}))
			a := outbound(b, "1", "sip:+33145678901@example.test", screentest.Start())
			if !c.out {
				a.Outbound, a.From.Proof, a.From.Identity = false, verdict.None, ""
			}
			var r screen.Report
			b.ReportAllocs()
			for b.Loop() {
				ck.Run(context.Background(), a, &r)
			}
		})
	}
}
