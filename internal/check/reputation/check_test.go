package reputation_test

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

	check "gatehouse.example/internal/check/reputation"
	"gatehouse.example/internal/state/newcomers"
	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/reputation"
	"gatehouse.example/internal/state/trust"
	"gatehouse.example/screen"
	"gatehouse.example/screen/screentest"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

var update = flag.Bool("update", false, "write what the check reports into testdata")

func newCheck(t testing.TB) (*check.Check, *trust.Graph) {
	m, err := reputation.New(reputation.Config{Seed: rate.FixedSeed(1)})
	if err != nil {
		t.Fatal(err)
	}
	web, err := trust.New(trust.Config{Seed: rate.FixedSeed(1)})
	if err != nil {
		t.Fatal(err)
	}
	c, err := check.New(check.Config{}, m, web)
	if err != nil {
		t.Fatal(err)
	}
	return c, web
}

// setup reads lines "3 users say spam of URI proof", "3 users talked with URI proof", "30 users heard URI proof", "bob knows sip:x", "3 days URI proof".
func setup(t testing.TB, lines []string) screen.Check {
	c, web := newCheck(t)
	for _, line := range lines {
		f := strings.Fields(line)
		if f[1] == "knows" {
			web.Know(f[0], f[2], 1)
			continue
		}
		n, err := strconv.Atoi(f[0])
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		for i := range n {
			user := fmt.Sprintf("sip:user%d@example.test", i)
			switch f[1] + " " + f[2] {
			case "users say":
				c.Judge(attempt(t, f[5], user, f[6], 0), f[3], user)
			case "users talked":
				c.Learn(ending(attempt(t, f[4], user, f[5], 0), 2*time.Minute))
			case "users heard":
				c.Learn(ending(attempt(t, f[3], user, f[4], 0), 15*time.Second))
			case "days of":
				a := attempt(t, f[3], "sip:bob@example.test", f[4], -time.Duration(n-i)*24*time.Hour)
				screentest.Signals(t, c, a)
			default:
				t.Fatalf("%q", line)
			}
		}
	}
	return c
}

func attempt(t testing.TB, from, to, proof string, ago time.Duration) *screen.Attempt {
	ev := screen.Event{Time: screentest.Start().Add(ago), From: from, To: to, Source: "192.0.2.7:5060", Transport: "udp"}
	if err := ev.Proof.UnmarshalText([]byte(proof)); err != nil {
		t.Fatal(err)
	}
	a, err := ev.Attempt(uri.Plan{Country: "1", International: "011", Trunk: "1"})
	if err != nil {
		t.Fatal(err)
	}
	a.To.User, a.Peer = a.To.Requested, "carrier"
	return a
}

func ending(a *screen.Attempt, talk time.Duration) *screen.Ending {
	return &screen.Ending{Attempt: a, Status: 200, Answered: true, Talk: talk, Time: a.Time.Add(talk)}
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
	if _, err := check.New(check.Config{}, nil, nil); err == nil || err.Error() != "reputation: the check needs a memory" {
		t.Errorf("got %v", err)
	}
}

func strength(t testing.TB, c screen.Check, a *screen.Attempt, name string) float64 {
	for _, s := range screentest.Signals(t, c, a) {
		if s.Name == name {
			return s.Strength
		}
	}
	return 0
}

// TestFloodOfFeedbackFromOneAccountIsOneVote: a thousand complaints of one user about one caller, its domain and its network ruin nobody.
func TestFloodOfFeedbackFromOneAccountIsOneVote(t *testing.T) {
	c, _ := newCheck(t)
	for i := range 1000 {
		a := attempt(t, fmt.Sprintf("sip:u%d@shop.test", i%50), "sip:mallory@example.test", "tls", 0)
		a.Peer = ""
		c.Judge(a, "spam", "sip:mallory@example.test")
	}
	a := attempt(t, "sip:u1@shop.test", "sip:bob@example.test", "tls", 0)
	a.Peer = ""
	for _, s := range screentest.Signals(t, c, a) {
		if s.Score > 0 {
			t.Errorf("%s %v: %s", s.Name, s.Strength, s.Evidence)
		}
	}
}

// Test607FramesNobody: 607 against a claimed caller does not touch the proven one.
func Test607FramesNobody(t *testing.T) {
	c, _ := newCheck(t)
	for i := range 20 {
		a := attempt(t, "sip:+15551230001@x.test", fmt.Sprintf("sip:user%d@example.test", i), "none", 0)
		c.Learn(&screen.Ending{Attempt: a, Status: 607, ByCallee: true, Time: a.Time})
	}
	if s := strength(t, c, attempt(t, "sip:+15551230001@x.test", "sip:bob@example.test", "none", 0), "REPUTATION_CLAIMED_BAD"); s < 0.9 {
		t.Errorf("claimed: %v", s)
	}
	if s := strength(t, c, attempt(t, "sip:+15551230001@x.test", "sip:bob@example.test", "stir-a", 0), "REPUTATION_BAD"); s != 0 {
		t.Errorf("proven: %v", s)
	}
}

// TestHijackedFriendIsHeldBeforeTheSixthRing: a person who called one or two friends now and then, and whose account then calls everybody.
func TestHijackedFriendIsHeldBeforeTheSixthRing(t *testing.T) {
	for _, pause := range []time.Duration{20 * time.Second, 5 * time.Minute, 40 * time.Minute, 2 * time.Hour} {
		for usual := 1; usual <= 3; usual++ {
			c, _ := newCheck(t)
			for day := 20; day > 0; day -= 3 {
				for i := range usual {
					screentest.Signals(t, c, attempt(t, "sip:friend@far.test", fmt.Sprintf("sip:user%d@example.test", i), "tls", -time.Duration(day)*24*time.Hour))
				}
			}
			rings := 0
			for i := range 30 {
				a := attempt(t, "sip:friend@far.test", fmt.Sprintf("sip:victim%d@example.test", i), "tls", time.Duration(i)*pause)
				if strength(t, c, a, "REPUTATION_ZOMBIE") < 0.75 {
					rings++
				}
			}
			if rings > 5 {
				t.Errorf("one who called %d a day rings %d times, every %s", usual, rings, pause)
			}
		}
	}
}

// TestAHoldIsAsLongAsItsReason: it ends a day after the last sign, whoever calls meanwhile, and lasts while strangers are tried.
func TestAHoldIsAsLongAsItsReason(t *testing.T) {
	for _, tc := range []struct {
		name      string
		goesOn    time.Duration // tries strangers that long
		free      time.Duration // and is let in to his friends from then on
		notBefore time.Duration
	}{
		{"an evening", time.Hour, 26 * time.Hour, 24 * time.Hour},
		{"three days", 72 * time.Hour, 98 * time.Hour, 95 * time.Hour},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, _ := newCheck(t)
			call := func(to string, at time.Duration) float64 {
				return strength(t, c, attempt(t, "sip:friend@far.test", to, "tls", at), "REPUTATION_ZOMBIE")
			}
			for day := 20; day > 0; day -= 3 {
				call("sip:bob@example.test", -time.Duration(day)*24*time.Hour)
			}
			for i := range int(tc.goesOn / (10 * time.Minute)) {
				call(fmt.Sprintf("sip:victim%d@example.test", i), time.Duration(i)*10*time.Minute)
			}
			for at := tc.goesOn; at < tc.free+48*time.Hour; at += time.Hour {
				if held := call("sip:bob@example.test", at) > 0; at < tc.notBefore && !held || at > tc.free && held {
					t.Fatalf("after %v held: %v", at, held)
				}
			}
		})
	}
}

// TestWhoPhonesHisAcquaintancesIsNoZombie: a coach who phones the team that has been talking with him for weeks, one after the other.
func TestWhoPhonesHisAcquaintancesIsNoZombie(t *testing.T) {
	m, err := reputation.New(reputation.Config{Seed: rate.FixedSeed(1)})
	if err != nil {
		t.Fatal(err)
	}
	c, err := check.New(check.Config{Knows: func(a *screen.Attempt) bool { return strings.HasPrefix(a.To.Requested, "sip:member") }}, m, nil)
	if err != nil {
		t.Fatal(err)
	}
	call := func(to string, n int, at time.Duration) float64 {
		return strength(t, c, attempt(t, "sip:coach@far.test", fmt.Sprintf("sip:%s%d@example.test", to, n), "tls", at), "REPUTATION_ZOMBIE")
	}
	for day := 20; day > 0; day -= 3 {
		call("friend", 0, -time.Duration(day)*24*time.Hour)
	}
	for i := range 14 {
		if s := call("member", i, time.Duration(i)*time.Minute); s > 0 {
			t.Errorf("member %d: %v", i, s)
		}
	}
	for i := range 8 {
		if s := call("victim", i, time.Duration(20+i)*time.Minute); i == 7 && s < 0.75 {
			t.Errorf("and then strangers: %v", s)
		}
	}
}

// TestMachinesAreNoZombies: what looked like a person tells more people something than anybody dials; while that is let through to be told it is suspected
// no less otherwise, and once they listen no more.
func TestMachinesAreNoZombies(t *testing.T) {
	m, err := reputation.New(reputation.Config{Seed: rate.FixedSeed(1)})
	if err != nil {
		t.Fatal(err)
	}
	burst := newcomers.NoBurst
	c, err := check.New(check.Config{Burst: func(*screen.Attempt) newcomers.Burst { return burst }}, m, nil)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	call := func() float64 {
		n++
		return strength(t, c, attempt(t, "sip:school@far.test", fmt.Sprintf("sip:parent%d@example.test", n), "tls", time.Duration(n)*5*time.Second), "REPUTATION_ZOMBIE")
	}
	for day := 20; day > 0; day -= 3 {
		screentest.Signals(t, c, attempt(t, "sip:school@far.test", "sip:bob@example.test", "tls", -time.Duration(day)*24*time.Hour))
	}
	for range 10 {
		call()
	}
	for _, step := range []struct {
		burst newcomers.Burst
		held  bool
	}{{newcomers.NoBurst, true}, {newcomers.BurstSample, false}, {newcomers.NoBurst, true}, {newcomers.BurstHeeded, false}, {newcomers.NoBurst, false}} {
		burst = step.burst
		if s := call(); (s > 0.5) != step.held {
			t.Errorf("burst %d: %v", step.burst, s)
		}
	}
}

// TestPeopleAreNoZombies: a month of a person's calls, a party invitation to three, redials, and a company that always called many.
func TestPeopleAreNoZombies(t *testing.T) {
	c, _ := newCheck(t)
	now := time.Duration(0)
	call := func(from, to string) {
		if s := strength(t, c, attempt(t, from, to, "tls", now), "REPUTATION_ZOMBIE"); s > 0.5 {
			t.Errorf("%s calls %s after %s: %v", from, to, now, s)
		}
		now += time.Minute
	}
	for day := range 28 {
		now = time.Duration(day) * 24 * time.Hour
		call("sip:friend@far.test", fmt.Sprintf("sip:user%d@example.test", day%2))
		if day%7 == 6 {
			for i := range 3 {
				call("sip:friend@far.test", fmt.Sprintf("sip:user%d@example.test", 10+i))
				call("sip:friend@far.test", fmt.Sprintf("sip:user%d@example.test", 10+i))
			}
		}
		for i := range 30 {
			call("sip:surgery@far.test", fmt.Sprintf("sip:user%d@example.test", day*30+i))
		}
	}
}

// TestRemindersAreNoZombies: a machine that calls a few people on its first days, others each time, has no behaviour of a person to break with.
func TestRemindersAreNoZombies(t *testing.T) {
	c, _ := newCheck(t)
	callee := 0
	for day, calls := range []int{4, 2, 3, 12, 40} {
		for i := range calls {
			callee++
			a := attempt(t, "sip:surgery@far.test", fmt.Sprintf("sip:user%d@example.test", callee), "tls", time.Duration(day)*24*time.Hour+time.Duration(i)*time.Minute)
			if s := strength(t, c, a, "REPUTATION_ZOMBIE"); s > 0 {
				t.Errorf("day %d, call %d: %v", day, i, s)
			}
		}
	}
}

func TestNothingFoundAllocatesNothing(t *testing.T) {
	c, _ := newCheck(t)
	a, r := attempt(t, "sip:alice@caller.test", "sip:bob@example.test", "stir-uri", 0), &screen.Report{}
	a.Signature.Signer, a.Peer, a.UserAgent = "1234", "", "Phone/1.0"
	if n := testing.AllocsPerRun(1000, func() {
		a.Time = a.Time.Add(time.Minute)
		c.Run(context.Background(), a, r)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRun(b *testing.B) {
	c, _ := newCheck(b)
	a, r := attempt(b, "sip:alice@caller.test", "sip:bob@example.test", "stir-uri", 0), &screen.Report{}
	a.Signature.Signer, a.Peer, a.UserAgent = "1234", "", "Phone/1.0"
	b.ReportAllocs()
	for b.Loop() {
		a.Time = a.Time.Add(time.Minute)
		c.Run(context.Background(), a, r)
	}
}

func BenchmarkLearn(b *testing.B) {
	c, _ := newCheck(b)
	a := attempt(b, "sip:alice@caller.test", "sip:bob@example.test", "stir-uri", 0)
	a.Signature = verdict.Signature{Outcome: verdict.SignatureValid, Signer: "1234"}
	a.Peer, a.UserAgent = "", "Phone/1.0"
	e := ending(a, time.Minute)
	b.ReportAllocs()
	for b.Loop() {
		c.Learn(e)
	}
}

// TestWhoShowsTheNameOfAHijackedFriendIsSuspected: the thief's calls come by ways that prove who calls, and by others. What nothing proves breaks nobody's behaviour.
func TestWhoShowsTheNameOfAHijackedFriendIsSuspected(t *testing.T) {
	c, _ := newCheck(t)
	call := func(i int, proof string) float64 {
		a := attempt(t, "sip:+12125550101@far.test", fmt.Sprintf("sip:victim%d@example.test", i), proof, time.Duration(i)*time.Minute)
		return strength(t, c, a, "REPUTATION_ZOMBIE")
	}
	for day := 20; day > 0; day -= 3 {
		screentest.Signals(t, c, attempt(t, "sip:+12125550101@far.test", "sip:bob@example.test", "trunk", -time.Duration(day)*24*time.Hour))
	}
	for i := range 20 {
		if s := call(i, "none"); s != 0 {
			t.Fatalf("call %d of who merely shows the name: %v", i, s)
		}
	}
	if s := call(20, "trunk"); s != 0 {
		t.Errorf("the friend after that: %v", s)
	}
	for i := range 7 {
		call(21+i, "trunk")
	}
	if proven, shown := call(28, "trunk"), call(29, "none"); proven != 1 || shown != .5 {
		t.Errorf("suspected by %v, and by %v where the name is merely shown", proven, shown)
	}
}
