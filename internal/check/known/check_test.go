package known_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	check "gatehouse.example/internal/check/known"
	"gatehouse.example/internal/state/known"
	"gatehouse.example/internal/state/rate"
	"gatehouse.example/screen"
	"gatehouse.example/screen/screentest"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

var update = flag.Bool("update", false, "write what the check reports into testdata")

// broken doubts one caller.
type broken string

func (b broken) Broken(caller string, _ time.Time) float64 {
	if caller == string(b) {
		return 0.75
	}
	return 0
}

// setup reads lines "VERB owner peer ago", as in "called sip:bob@example.test +15551230001 48h", and "broken peer".
func setup(t testing.TB, lines []string) screen.Check {
	m, err := known.New(known.Config{Seed: rate.FixedSeed(1)})
	if err != nil {
		t.Fatal(err)
	}
	doubts := broken("")
	for _, line := range lines {
		f := strings.Fields(line)
		if f[0] == "broken" {
			doubts = broken(f[1])
			continue
		}
		ago, err := time.ParseDuration(f[3])
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		do(t, m, f[0], f[1], f[2], screentest.Start().Add(-ago))
	}
	c, err := check.New(check.Config{}, m, doubts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func do(t testing.TB, m *known.Memory, verb, owner, peer string, at time.Time) {
	switch verb {
	case "called":
		m.Placed(owner, peer, true, at)
	case "tried":
		m.Placed(owner, peer, false, at)
	case "dialled":
		m.Dialled(owner, peer, at)
	case "wrote":
		m.Wrote(owner, peer, at)
	case "imported":
		m.Import(owner, peer, at)
	case "rang-once":
		m.Received(owner, peer, false, false, 2*time.Second, 0, at)
	case "missed":
		m.Received(owner, peer, false, false, 20*time.Second, 0, at)
	case "talked":
		m.Received(owner, peer, true, false, 5*time.Second, 3*time.Minute, at)
	case "ham", "spam":
		m.Judge(owner, peer, verb == "ham", at)
	case "expects":
		m.Expect(owner, at, at.Add(2*time.Hour))
	default:
		t.Fatalf("no verb %q", verb)
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

func TestNewNamesWhatIsMissing(t *testing.T) {
	if _, err := check.New(check.Config{}, nil, nil); err == nil || err.Error() != "known: the check needs a memory" {
		t.Errorf("got %v", err)
	}
}

func attempt(from, to string, out bool, proof verdict.Proof) *screen.Attempt {
	ev := screen.Event{Time: screentest.Start(), From: from, To: to, Proof: proof}
	if out {
		ev.Direction = "out"
	}
	a, err := ev.Attempt(uri.Plan{Country: "1", International: "011", Trunk: "1"})
	if err != nil {
		panic(err)
	}
	if !out {
		a.To.User = a.To.Requested
	}
	return a
}

// TestFriendsComeFromWhatOurUsersDo plays it through the engine: a call out, answered, makes its callee a known peer, a spoofer of it hardly.
func TestFriendsComeFromWhatOurUsersDo(t *testing.T) {
	c := setup(t, nil)
	learner := c.(screen.Learner)
	out := attempt("sip:bob@example.test", "sip:+15551230001@carrier.test", true, verdict.Digest)
	screentest.Signals(t, c, out)
	learner.Learn(&screen.Ending{Attempt: out, Status: 200, Answered: true, Talk: time.Minute, Time: out.Time.Add(time.Minute)})

	in := attempt("sip:+15551230001@carrier.test", "sip:bob@example.test", false, verdict.StirA)
	in.Time = in.Time.Add(48 * time.Hour)
	expect(t, c, in, "KNOWN_PEER", 1)
	spoofed := attempt("sip:+15551230001@elsewhere.test", "sip:bob@example.test", false, verdict.None)
	spoofed.Time = in.Time
	expect(t, c, spoofed, "KNOWN_CLAIMED", 1)
	other := attempt("sip:+15551230001@carrier.test", "sip:carol@example.test", false, verdict.StirA)
	other.Time = in.Time
	expect(t, c, other, "", 0)
}

// TestOneRingIsNotLaunderedIntoAFriend: the claim that rang once is called back, answered for ten minutes, and stays a stranger.
func TestOneRingIsNotLaunderedIntoAFriend(t *testing.T) {
	for _, c := range []struct {
		ring time.Duration
		want string
	}{{time.Second, ""}, {0, ""}, {25 * time.Second, "KNOWN_PEER"}} {
		check := setup(t, nil)
		learner := check.(screen.Learner)
		in := attempt("sip:+15559990001@carrier.test", "sip:bob@example.test", false, verdict.StirA)
		screentest.Signals(t, check, in)
		learner.Learn(&screen.Ending{Attempt: in, Status: 487, Ring: c.ring, Time: in.Time.Add(c.ring)})
		back := attempt("sip:bob@example.test", "sip:+15559990001@carrier.test", true, verdict.Digest)
		back.Time = in.Time.Add(10 * time.Minute)
		learner.Learn(&screen.Ending{Attempt: back, Status: 200, Answered: true, Talk: 10 * time.Minute, Time: back.Time.Add(10 * time.Minute)})
		again := attempt("sip:+15559990001@carrier.test", "sip:bob@example.test", false, verdict.StirA)
		again.Time = in.Time.Add(24 * time.Hour)
		strength := 1.0
		if c.want == "KNOWN_PEER" {
			strength = 0.5
		}
		expect(t, check, again, c.want, strength)
	}
}

func TestFeedbackIsTheCalledUsers(t *testing.T) {
	c := setup(t, nil)
	learner := c.(screen.Learner)
	in := attempt("sip:shop@shop.test", "sip:bob@example.test", false, verdict.TLS)
	learner.Judge(in, "spam", "sip:mallory@example.test")
	expect(t, c, in, "", 0)
	learner.Judge(in, "spam", "sip:bob@example.test")
	expect(t, c, in, "KNOWN_UNWANTED", 1)
	learner.Judge(in, "", "admin")
	expect(t, c, in, "", 0)
	learner.Judge(in, "ham", "admin")
	expect(t, c, in, "KNOWN_WANTED", 1)
}

// TestUnwantedIsTheCalledUsersWord: a 607 is one, whoever is called and whatever of, and none where a server on the way says it.
func TestUnwantedIsTheCalledUsersWord(t *testing.T) {
	c := setup(t, nil)
	learner := c.(screen.Learner)
	for i, e := range []screen.Ending{{Status: 607, ByCallee: true}, {Answered: true, Talk: 3 * time.Second, Cause: 607, ByCallee: true}, {Status: 607}, {Status: 603, ByCallee: true}, {Status: 608, ByCallee: true}} {
		shop := fmt.Sprintf("sip:shop%d@shop.test", i)
		for kind, user := range map[verdict.Kind]string{verdict.Call: "sip:bob@example.test", verdict.Message: "sip:rob@example.test"} {
			in := attempt(shop, user, false, verdict.TLS)
			in.Kind, e.Attempt, e.Time = kind, in, in.Time
			learner.Learn(&e)
			if want := i < 2; want {
				expect(t, c, in, "KNOWN_UNWANTED", 1)
			} else {
				expect(t, c, in, "", 0)
			}
		}
		expect(t, c, attempt(shop, "sip:carol@example.test", false, verdict.TLS), "", 0)
	}
}

func expect(t *testing.T, c screen.Check, a *screen.Attempt, name string, strength float64) {
	t.Helper()
	signals := screentest.Signals(t, c, a)
	for _, s := range signals {
		if s.Name == name {
			if s.Strength != strength {
				t.Errorf("%s has strength %v, want %v: %s", name, s.Strength, strength, s.Evidence)
			}
			return
		}
	}
	if name != "" || len(signals) > 0 {
		t.Errorf("want %q, got %v", name, signals)
	}
}

func TestNothingFoundAllocatesNothing(t *testing.T) {
	c := setup(t, nil)
	a, r := attempt("sip:+15551230001@carrier.test", "sip:bob@example.test", false, verdict.StirA), &screen.Report{}
	if n := testing.AllocsPerRun(1000, func() {
		a.Time = a.Time.Add(25 * time.Hour)
		c.Run(context.Background(), a, r)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRun(b *testing.B) {
	c := setup(b, nil)
	a, r := attempt("sip:+15551230001@carrier.test", "sip:bob@example.test", false, verdict.StirA), &screen.Report{}
	b.ReportAllocs()
	for b.Loop() {
		a.Time = a.Time.Add(25 * time.Hour)
		c.Run(context.Background(), a, r)
	}
}

func BenchmarkLearn(b *testing.B) {
	c := setup(b, nil)
	a := attempt("sip:bob@example.test", "sip:+15551230001@carrier.test", true, verdict.Digest)
	e := &screen.Ending{Attempt: a, Status: 200, Answered: true, Talk: time.Minute, Time: a.Time.Add(time.Minute)}
	b.ReportAllocs()
	for b.Loop() {
		c.(screen.Learner).Learn(e)
	}
}
