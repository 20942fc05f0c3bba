package guard

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func at4(a, b byte) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, a, b}), 5060)
}

func TestSlowGuessingIsBanned(t *testing.T) {
	for _, pace := range []time.Duration{time.Second, time.Minute, time.Hour} {
		g := mustNew(t, Default())
		n, banned := 0, false
		for now := t0; !banned && n < 100; now += int64(pace) {
			banned = g.Report(&Incident{Kind: AuthFailure, Remote: at4(1, 7), Account: "alice"}, now)
			n++
		}
		if n != 5 {
			t.Errorf("a guess each %v: banned after %d", pace, n)
		}
	}
}

// TestGuessingFromManySources: each stays below its own limit; the account and
// the network tell.
func TestGuessingFromManySources(t *testing.T) {
	for name, source := range map[string]func(i int) netip.AddrPort{
		"one account, everywhere": func(i int) netip.AddrPort { return at4(byte(i), 7) },
		"one network":             func(i int) netip.AddrPort { return at4(1, byte(i)) },
	} {
		g := mustNew(t, Default())
		banned := 0
		for i := range 200 {
			account := "alice"
			if name == "one network" {
				account = fmt.Sprint("user", i)
			}
			for n := range 2 {
				if g.Report(&Incident{Kind: AuthFailure, Remote: source(i), Account: account}, t0+int64(2*i+n)*1e9) {
					banned++
				}
			}
		}
		if banned < 150 {
			t.Errorf("%s: %d of 200 sources are banned at their second guess", name, banned)
		}
		if _, all := g.bans.match(at4(1, 250).Addr(), t0+400e9); all {
			t.Errorf("%s: the whole network is banned on unproven evidence", name)
		}
	}
}

func TestNetworkIsBannedOnProvenEvidenceOnly(t *testing.T) {
	for _, home := range []bool{false, true} {
		g := mustNew(t, Default())
		if home { // somebody in there has an account with us
			g.Success(at4(1, 250).Addr(), t0)
		}
		for i := range 100 {
			g.Report(&Incident{Kind: AuthFailure | Proven, Remote: at4(1, byte(i)), Account: fmt.Sprint("user", i)}, t0+int64(i)*1e9)
		}
		_, network := g.bans.match(at4(1, 249).Addr(), t0+100e9)
		if network == home {
			t.Errorf("somebody in it is known: %v; the network is banned: %v", home, network)
		}
		if _, other := g.bans.match(at4(2, 1).Addr(), t0+100e9); other {
			t.Error("the neighbouring network is banned")
		}
	}
}

// TestOfficeWithOneWrongPhone: a phone with an old password tries every thirty
// seconds for three days, behind the address of others whose passwords are right.
func TestOfficeWithOneWrongPhone(t *testing.T) {
	for _, proven := range []FailureKind{0, Proven} {
		g := mustNew(t, Default())
		for now := t0; now < t0+3*24*int64(time.Hour); now += 30e9 {
			if (now-t0)%int64(time.Hour) < 30e9 {
				g.Success(at4(1, 7).Addr(), now)
			}
			if g.Report(&Incident{Kind: AuthFailure | proven, Remote: at4(1, 7), Account: "old"}, now) {
				t.Fatalf("proven %v: banned after %v", proven != 0, time.Duration(now-t0))
			}
		}
	}
}

func TestWrongNumberDialledAgainIsNoSearch(t *testing.T) {
	g := mustNew(t, Default())
	for i := range 1000 {
		if g.Report(&Incident{Kind: UnknownUser | Proven, Remote: at4(1, 7), Account: "sip:old@example.test"}, t0+int64(i)*1e9) {
			t.Fatalf("banned at call %d", i)
		}
	}
	for i := range 4 {
		if g.Report(&Incident{Kind: UnknownUser | Proven, Remote: at4(1, 7), Account: fmt.Sprint(i)}, t0+1e12) != (i == 3) {
			t.Errorf("the %dth other name", i+1)
		}
	}
}

// TestWhoReachesPeopleMayMisdial: one wrong number for each callee who answers.
func TestWhoReachesPeopleMayMisdial(t *testing.T) {
	g := mustNew(t, Default())
	for i := range 500 {
		now := t0 + int64(i)*1e9
		g.Answered(at4(1, 7).Addr(), fmt.Sprint("callee", i), now)
		if g.Report(&Incident{Kind: UnknownUser | Proven, Remote: at4(1, 7), Account: fmt.Sprint("wrong", i)}, now) {
			t.Fatalf("banned after %d calls that were answered", i)
		}
	}
	for i := range 20 { // one voice box that always answers buys nothing
		g.Answered(at4(1, 8).Addr(), "box", t0)
		if g.Report(&Incident{Kind: UnknownUser | Proven, Remote: at4(1, 8), Account: fmt.Sprint(i)}, t0) {
			return
		}
	}
	t.Error("a search between calls to one voice box goes unpunished")
}

// TestReaches: for a day, and for whom a call was taken of alone.
func TestReaches(t *testing.T) {
	g := mustNew(t, Default())
	a, b := at4(1, 7).Addr(), at4(1, 8).Addr()
	if g.Answered(a, "box", t0); !g.Reaches(a, t0+1e12) || g.Reaches(b, t0) || g.Reaches(a, t0+int64(25*time.Hour)) {
		t.Error("who reaches people is mistaken")
	}
}

func TestChallengesLeftUnanswered(t *testing.T) {
	g := mustNew(t, Default())
	ask := func(remote netip.AddrPort, user string, ms int64) bool {
		return g.Challenged(&Incident{Remote: remote, Account: user}, t0+ms*1e6)
	}
	for i := range int64(20) { // a phone without a password asks for one user only
		if ask(at4(1, 1), "one", i*5000) {
			t.Fatal("a phone is banned")
		}
	}
	for i := range int64(60) { // an office at once, slow to answer
		if ask(at4(1, 2), fmt.Sprint("phone", i), i*40) {
			t.Fatal("an office is banned")
		}
		if i%10 == 9 {
			g.TakenUp(at4(1, 2).Addr(), fmt.Sprint("phone", i-9), t0+i*40e6)
		}
	}
	n := int64(0)
	for ; !ask(at4(1, 3), fmt.Sprint(n), n*1500); n++ {
	}
	if n != 4 {
		t.Errorf("banned after %d names", n+1)
	}
	if g.Known(at4(1, 3).Addr(), t0) {
		t.Error("a searcher is known")
	}
}

// TestCountsNeitherUnderflowNorLeak drives one source by chance and holds what it
// is charged to a plain model of a leaking bucket.
func TestCountsNeitherUnderflowNorLeak(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, err := New(Config{TableBits: 10, Failures: Failures{UnknownUser: FailureLimit{rapid.IntRange(1, 50).Draw(t, "count"), time.Hour}}})
		if err != nil {
			t.Fatal(err)
		}
		limit := g.cfg.Failures.UnknownUser
		step := max(1, int64(limit.Window)/int64(limit.Count)/tick) * tick
		remote, host := at4(1, 7), hostKey(at4(1, 7).Addr())
		now, full, names := t0, int64(0), 0
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			passed := rapid.Int64Range(0, 2*int64(time.Hour)/int64(limit.Count)).Draw(t, "passed") / tick * tick
			now += passed
			full = max(0, full-passed)
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0, 1:
				names++
				g.Report(&Incident{Kind: UnknownUser, Remote: remote, Account: fmt.Sprint(names)}, now)
				full = min(full+step, step*int64(limit.Count+1))
			case 2:
				names++
				g.Answered(remote.Addr(), fmt.Sprint("callee", names), now)
				full = max(0, full-step)
			}
			g.bans.remove(hostPrefix(remote.Addr()))
			held := int64(0)
			if v := g.failures[UnknownUser][0].get(host, now); v != 0 {
				held = max(0, until(v, now)) * tick
			}
			// A bucket that is just empty may be one tick off: zero means "nothing".
			if held < 0 || held-full > 2*tick || full-held > 2*tick {
				t.Fatalf("holds %v, the model %v", time.Duration(held), time.Duration(full))
			}
		}
		now += int64(limit.Window) * 2
		if n := g.fill(&g.failures[UnknownUser][0], host, limit, limit.Count, 1, 1, now); n != 1 {
			t.Fatalf("after two windows of silence the first failure counts %d", n)
		}
	})
}

func TestMemoryIsFixed(t *testing.T) {
	g := mustNew(t, Config{TableBits: 10, MaxBans: 100, Failures: Default().Failures, AccountFailures: Default().AccountFailures,
		NetworkFailures: Default().NetworkFailures})
	before := g.Stats().TableBytes
	for i := range 200_000 {
		in := Incident{Kind: FailureKind(i%5) | FailureKind(i%2)*Proven, Remote: netip.AddrPortFrom(v4(scatter(i)), 1), Account: fmt.Sprint(i)}
		g.Report(&in, t0+int64(i))
		g.Challenged(&in, t0+int64(i))
	}
	if s := g.Stats(); s.TableBytes != before || s.Bans > 100 || before > 1<<20 {
		t.Errorf("%+v, at first %d octets", s, before)
	}
}

// TestCountingAtOnce is for the race detector: nothing is lost, and nobody else
// is charged.
func TestCountingAtOnce(t *testing.T) {
	g := mustNew(t, Config{Failures: Failures{Auth: FailureLimit{100_000, 30 * 24 * time.Hour}}})
	together(8, func(n int) {
		for i := range 1000 {
			g.Report(&Incident{Kind: AuthFailure, Remote: at4(1, 7), Account: fmt.Sprint(n, i)}, t0)
			g.Challenged(&Incident{Remote: at4(2, byte(i)), Account: fmt.Sprint(n)}, t0)
			g.TakenUp(at4(2, byte(i)).Addr(), fmt.Sprint(n), t0)
		}
	})
	limit := g.cfg.Failures.Auth
	if n := inCell(&g.failures[AuthFailure][0], hostKey(at4(1, 7).Addr()), limit, t0); n < 7900 || n > 8000 {
		t.Errorf("%d of 8000 counted", n)
	}
	if n := inCell(&g.failures[AuthFailure][0], hostKey(at4(1, 8).Addr()), limit, t0); n != 0 {
		t.Errorf("a neighbour is charged %d", n)
	}
}
