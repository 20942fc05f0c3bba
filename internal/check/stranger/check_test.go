package stranger_test

import (
	"fmt"
	"testing"
	"time"

	check "gatehouse.example/internal/check/stranger"
	"gatehouse.example/internal/state/newcomers"
	"gatehouse.example/internal/state/rate"
	"gatehouse.example/screen"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// gate is an engine of this check alone, with the windows that it has opened.
type gate struct {
	t       testing.TB
	engine  *screen.Engine
	policy  *screen.Policy
	windows map[string]time.Time
	friend  string
	chosen  bool // the friend is one by what the callee has done
	friends int
}

func newGate(t testing.TB) *gate {
	t.Helper()
	g := &gate{t: t, windows: map[string]time.Time{}}
	c, err := check.New(check.Config{Friends: func(*screen.Attempt) int { return g.friends }, Chosen: func(*screen.Attempt) bool { return g.chosen }}, newcomers.New(newcomers.Config{Seed: rate.FixedSeed(1)}),
		func(a *screen.Attempt) bool { return g.friend != "" && a.From.Identity == g.friend },
		func(owner string, _, until time.Time) { g.windows[owner] = until })
	if err != nil {
		t.Fatal(err)
	}
	if g.engine, err = screen.New([]screen.Check{c}); err != nil {
		t.Fatal(err)
	}
	if g.policy, err = g.engine.Resolve(); err != nil {
		t.Fatal(err)
	}
	return g
}

// attempt is a call to bob, who can be reached after a voice test.
func (g *gate) attempt(from, to string, proof verdict.Proof, at time.Time) *screen.Attempt {
	g.t.Helper()
	ev := screen.Event{Kind: verdict.Call, Time: at, From: from, To: to, Proof: proof}
	a, err := ev.Attempt(uri.Plan{Country: "1"})
	if err != nil {
		g.t.Fatal(err)
	}
	a.Introductions = []string{"turing"}
	return a
}

// signals returns the strengths of what is reported.
func (g *gate) signals(a *screen.Attempt) map[string]float64 {
	g.t.Helper()
	var v verdict.Verdict
	g.engine.Cheap(a, g.policy, &v)
	all := map[string]float64{}
	for i := range v.Signals {
		all[v.Signals[i].Name] = v.Signals[i].Strength
	}
	return all
}

// judge returns as what kind of stranger the caller is reported, or "".
func (g *gate) judge(a *screen.Attempt) string {
	g.t.Helper()
	found := g.signals(a)
	for _, name := range []string{unproven, partial, proven} {
		if found[name] > 0 {
			return name
		}
	}
	return ""
}

// answered ends a call as one that somebody took.
func (g *gate) answered(a *screen.Attempt, action verdict.Action, talk time.Duration) {
	g.engine.Learn(&screen.Ending{Attempt: a, Action: action, Time: a.Time.Add(talk), Status: 200, Answered: true, Ring: 5 * time.Second, Talk: talk})
}

const (
	bob      = "sip:bob@example.test"
	unproven = "STRANGER_UNPROVEN"
	partial  = "STRANGER_PARTIAL"
	proven   = "STRANGER_PROVEN"
)

func TestFirstContactsAreReportedByProof(t *testing.T) {
	for _, c := range []struct {
		name   string
		from   string
		proof  verdict.Proof
		change func(*screen.Attempt)
		want   string
	}{
		{"nothing proves it", "sip:+15551230001@x.test", verdict.None, nil, unproven},
		{"the gateway's word is none", "sip:+15551230001@x.test", verdict.StirC, nil, unproven},
		{"partial attestation", "sip:+15551230001@x.test", verdict.StirB, nil, partial},
		{"a trunk's word", "sip:+15551230001@x.test", verdict.Trunk, nil, partial},
		{"full attestation", "sip:+15551230001@x.test", verdict.StirA, nil, proven},
		{"a domain's certificate", "sip:eve@x.test", verdict.TLS, nil, proven},
		{"a user of another domain of ours", "sip:eve@other.test", verdict.Digest, nil, proven},
		{"a colleague", "sip:alice@example.test", verdict.Digest, nil, ""},
		{"anonymous", "sip:anonymous@anonymous.invalid", verdict.None, nil, unproven},
		{"no way to introduce oneself", "sip:eve@x.test", verdict.None, func(a *screen.Attempt) { a.Introductions = nil }, ""},
		{"outbound", "sip:bob@example.test", verdict.None, func(a *screen.Attempt) { a.Outbound = true }, ""},
		{"a registration", "sip:eve@x.test", verdict.None, func(a *screen.Attempt) { a.Kind = verdict.Registration }, ""},
	} {
		g := newGate(t)
		a := g.attempt(c.from, bob, c.proof, start)
		if c.change != nil {
			c.change(a)
		}
		if got := g.judge(a); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	g := newGate(t)
	g.friend = "tel:+15551230001"
	if got := g.judge(g.attempt("sip:+15551230001@x.test", bob, verdict.StirA, start)); got != "" {
		t.Errorf("a friend is %s", got)
	}
}

func TestWhoHasMetIsNoStranger(t *testing.T) {
	const from = "sip:+15551230001@x.test"
	for name, c := range map[string]struct {
		end  func(*gate, *screen.Attempt)
		want string
	}{
		"a conversation":  {func(g *gate, a *screen.Attempt) { g.answered(a, verdict.Relay, time.Minute) }, ""},
		"an introduction": {func(g *gate, a *screen.Attempt) { g.answered(a, verdict.Introduce, time.Second) }, ""},
		"an introduction that failed": {func(g *gate, a *screen.Attempt) {
			g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Introduce, Time: a.Time})
		}, unproven},
		"a few words": {func(g *gate, a *screen.Attempt) { g.answered(a, verdict.Relay, 5*time.Second) }, unproven},
		"a rejection": {func(g *gate, a *screen.Attempt) {
			g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Reject, Time: a.Time})
		}, unproven},
		"somebody says that it was ham": {func(g *gate, a *screen.Attempt) { g.engine.Judge(a, "ham", bob) }, ""},
		"a conversation and an objection": {func(g *gate, a *screen.Attempt) {
			g.answered(a, verdict.Relay, time.Minute)
			g.engine.Judge(a, "spam", bob)
		}, unproven},
	} {
		g := newGate(t)
		first := g.attempt(from, bob, verdict.None, start)
		g.judge(first)
		c.end(g, first)
		if got := g.judge(g.attempt(from, bob, verdict.None, start.Add(time.Hour))); got != c.want {
			t.Errorf("%s: then %q, want %q", name, got, c.want)
		}
		if got := g.judge(g.attempt(from, "sip:carol@example.test", verdict.None, start.Add(time.Hour))); got != unproven {
			t.Errorf("%s: for carol then %q", name, got)
		}
		if got := g.judge(g.attempt(from, bob, verdict.StirA, start.Add(time.Hour))); got != proven {
			t.Errorf("%s: a proven caller is %q by what an unproven one did", name, got)
		}
		if got := g.judge(g.attempt(from, bob, verdict.None, start.Add(200*24*time.Hour))); got != unproven {
			t.Errorf("%s: after 200 days %q", name, got)
		}
	}
}

// serial is a call of one caller to one user after the other, some minutes apart.
func (g *gate) serial(i int, proof verdict.Proof) *screen.Attempt {
	return g.attempt("sip:+15551230001@x.test", fmt.Sprintf("sip:user%d@example.test", i), proof, start.Add(time.Duration(i)*40*time.Minute))
}

// TestWantedSendersBecomeWelcome: a machine that cannot introduce itself comes back, reaches people, and is welcome until they object.
func TestWantedSendersBecomeWelcome(t *testing.T) {
	g := newGate(t)
	asked, welcome := 0, 0.0
	for i := range 100 {
		a := g.serial(i, verdict.StirB)
		if welcome = g.signals(a)["STRANGER_WELCOME"]; welcome == 0 {
			asked++
			g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Introduce, Time: a.Time})
			a = g.attempt("sip:+15551230001@x.test", a.To.Requested, verdict.StirB, a.Time.Add(10*time.Minute))
			g.judge(a)
		}
		g.answered(a, verdict.Relay, 18*time.Second)
	}
	if asked > 12 || welcome != 1 {
		t.Errorf("asked %d times, in the end %v welcome", asked, welcome)
	}
	for i := range 4 {
		a := g.serial(200+i, verdict.StirB)
		g.judge(a)
		g.engine.Judge(a, "spam", a.To.Requested)
	}
	if got := g.signals(g.serial(300, verdict.StirB)); got["STRANGER_WELCOME"] != 0 || got["STRANGER_MANY"] == 0 {
		t.Errorf("after four objections: %v", got)
	}
}

// TestWhoDialsManyAndIsNotWanted is found out by what becomes of its calls, although it is a person who passes half of the tests.
func TestWhoDialsManyAndIsNotWanted(t *testing.T) {
	g := newGate(t)
	for i := range 30 {
		a := g.serial(i, verdict.StirA)
		g.judge(a)
		if i%2 == 0 {
			g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Introduce, Time: a.Time})
		} else {
			g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Introduce, Time: a.Time, Status: 487, Ring: 20 * time.Second})
		}
	}
	if got := g.signals(g.serial(40, verdict.StirA)); got["STRANGER_MANY"] < .9 {
		t.Errorf("%v", got)
	}
}

// TestClaimsThatComeBack: a number that nothing proves and that tries again is not forged anew for each call.
func TestClaimsThatComeBack(t *testing.T) {
	g := newGate(t)
	a := g.attempt("sip:+15551230001@x.test", bob, verdict.None, start)
	g.judge(a)
	g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Introduce, Time: a.Time})
	for after, want := range map[time.Duration]float64{5 * time.Second: 0, 3 * time.Hour: 0, time.Minute: 1} {
		again := g.attempt("sip:+15551230001@x.test", bob, verdict.None, start.Add(after))
		again.Probe = true
		if got := g.signals(again)["STRANGER_RETURNED"]; got != want {
			t.Errorf("after %v: %v", after, got)
		}
	}
}

// TestCampaignsAreLearned: where strangers by one trunk fail one after the other those of another are not asked more than before.
func TestCampaignsAreLearned(t *testing.T) {
	g := newGate(t)
	call := func(i int, peer string) *screen.Attempt {
		a := g.attempt(fmt.Sprintf("sip:+1555%03d%04d@x.test", i%900, i*37%10000), fmt.Sprintf("sip:user%d@example.test", i), verdict.StirB, start.Add(time.Duration(i)*time.Second))
		a.Peer = peer
		return a
	}
	for i := range 200 {
		a := call(i, "campaign")
		g.judge(a)
		g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Introduce, Time: a.Time})
		b := call(1000+i, "other")
		b.Time = a.Time
		g.judge(b)
		g.answered(b, verdict.Relay, time.Minute)
	}
	bad, good := g.signals(call(2000, "campaign"))["STRANGER_RISK"], g.signals(call(2001, "other"))["STRANGER_RISK"]
	if bad < .6 || good > .3 {
		t.Errorf("the risk is %.2f by the trunk of the campaign and %.2f by the other one", bad, good)
	}
	for _, peer := range []string{"campaign", "other"} {
		a := call(2002, peer)
		a.Introductions = nil
		found := g.signals(a)
		if risk := found["STRANGER_RISK"]; peer == "campaign" && (risk < .4 || risk >= .6) || peer == "other" && risk != 0 || found[partial] != 0 {
			t.Errorf("%s, where nobody can be asked: %v", peer, found)
		}
	}
	for i, refused := 0, false; !refused; i++ {
		a := call(3000+i, "campaign")
		a.Time = start.Add(time.Hour)
		if refused = g.signals(a)["STRANGER_RISK"] == 1; i == 2000 {
			t.Fatal("nobody of the campaign is refused")
		}
		g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Introduce, Time: a.Time})
	}
	withheld := g.attempt("sip:anonymous@anonymous.invalid", bob, verdict.Trunk, start.Add(time.Hour))
	withheld.Peer = "campaign"
	if risk := g.signals(withheld)["STRANGER_RISK"]; risk < .4 || risk == 1 {
		t.Errorf("who cannot be recognised when he comes back: %v", risk)
	}
}

func TestProbesCountNothing(t *testing.T) {
	g := newGate(t)
	for i := range 100 {
		a := g.attempt("sip:+15551230001@x.test", fmt.Sprintf("sip:user%d@example.test", i), verdict.None, start)
		a.Probe = true
		if got := g.judge(a); got != unproven {
			t.Fatalf("probe %d: %q", i, got)
		}
	}
}

func TestWrongSettingsAreRefused(t *testing.T) {
	if _, err := check.New(check.Config{Trial: 101}, newcomers.New(newcomers.Config{}), nil, nil); err == nil {
		t.Error("trial 101 was taken")
	}
	if _, err := check.New(check.Config{}, nil, nil, nil); err == nil {
		t.Error("no memory was taken")
	}
}

func TestStrangersCostNoAllocation(t *testing.T) {
	g := newGate(t)
	a := g.attempt("sip:+15551230001@x.test", bob, verdict.StirB, start)
	a.From.Display = "Department of Account Services and Healthcare 1234567"
	v := verdict.Verdict{Signals: make(verdict.Signals, 0, 8)}
	if n := testing.AllocsPerRun(100, func() { g.engine.Cheap(a, g.policy, &v) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRun(b *testing.B) {
	g := newGate(b)
	a := g.attempt("sip:+15551230001@x.test", bob, verdict.StirB, start)
	v := verdict.Verdict{Signals: make(verdict.Signals, 0, 8)}
	b.ReportAllocs()
	for b.Loop() {
		g.engine.Cheap(a, g.policy, &v)
	}
}

// TestWhoPassesSomeTestsAndFailsManyIsHeld: neither people nor machines that are wanted do so. Who fails them all may be a machine that is, and is asked on.
func TestWhoPassesSomeTestsAndFailsManyIsHeld(t *testing.T) {
	for name, c := range map[string]struct {
		passes func(i int) bool
		held   bool
	}{
		"a machine":               {func(int) bool { return false }, false},
		"a person":                {func(i int) bool { return i%10 != 9 }, false},
		"now and then":            {func(i int) bool { return i == 6 || i == 9 }, true},
		"every third of its time": {func(i int) bool { return i%3 == 2 }, true},
		"once, by accident":       {func(i int) bool { return i == 9 }, true},
	} {
		g, most := newGate(t), 0.0
		for i := range 12 {
			a := g.attempt("sip:+15551230001@x.test", fmt.Sprintf("sip:user%d@example.test", i), verdict.StirA, start.Add(time.Duration(i)*15*time.Minute))
			most = g.signals(a)["STRANGER_MANY"]
			if c.passes(i) {
				g.answered(a, verdict.Introduce, 18*time.Second)
				continue
			}
			for _, again := range []time.Duration{0, 10 * time.Minute} { // who wants to reach somebody tries again
				a = g.attempt("sip:+15551230001@x.test", fmt.Sprintf("sip:user%d@example.test", i), verdict.StirA, a.Time.Add(again))
				g.signals(a)
				g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Introduce, Time: a.Time})
			}
		}
		if held := most > 0.4; held != c.held {
			t.Errorf("%s: STRANGER_MANY %.2f", name, most)
		}
	}
}

// TestOneObjectionAmongManyIsNone: a sender who has reached many and been welcome stays so when one of them objects; who has reached few does not.
func TestOneObjectionAmongManyIsNone(t *testing.T) {
	for reached, want := range map[int]bool{10: false, 60: true} {
		g, at := newGate(t), start
		call := func(i int) *screen.Attempt {
			at = at.Add(20 * time.Minute)
			return g.attempt("sip:+15551230001@x.test", fmt.Sprintf("sip:user%d@example.test", i), verdict.StirA, at)
		}
		for i := range reached {
			a := call(i)
			g.signals(a)
			g.answered(a, verdict.Relay, 18*time.Second)
			if i == reached-1 {
				g.engine.Judge(a, "spam", "sip:user0@example.test")
			}
		}
		if got := g.signals(call(reached))["STRANGER_WELCOME"] > 0; got != want {
			t.Errorf("after %d and an objection: welcome %v", reached, got)
		}
	}
}

// TestATalkWithWhoDialsManyMakesNoAcquaintance: a seller talks a minute with one of those whom he dials.
func TestATalkWithWhoDialsManyMakesNoAcquaintance(t *testing.T) {
	for others, want := range map[int]string{1: "", 8: unproven} {
		g := newGate(t)
		for i := range others {
			g.signals(g.attempt("sip:+15551230001@x.test", fmt.Sprintf("sip:user%d@example.test", i), verdict.None, start.Add(time.Duration(i)*time.Minute)))
		}
		a := g.attempt("sip:+15551230001@x.test", bob, verdict.None, start.Add(10*time.Minute))
		g.signals(a)
		g.answered(a, verdict.Relay, time.Minute)
		if got := g.judge(g.attempt("sip:+15551230001@x.test", bob, verdict.None, start.Add(2*time.Hour))); got != want {
			t.Errorf("after %d others: %q, want %q", others, got, want)
		}
	}
}

// TestWhoComesBackIsLetThrough: a machine whose number is of a kind that campaigns forge is asked, fails, and comes back under the number that it has; a campaign with one
// number goes on to the next. The one is heard soon, and the other is not, although it tries a few twice.
func TestWhoComesBackIsLetThrough(t *testing.T) {
	for name, c := range map[string]struct {
		back func(i int) bool
		most int // asked first calls of the last ten
		low  int
	}{
		"comes back":        {func(i int) bool { return i%10 < 7 }, 0, 0},
		"goes on":           {func(int) bool { return false }, 10, 10},
		"comes back thrice": {func(i int) bool { return i < 3 }, 10, 10},
	} {
		g, asked := newGate(t), 0
		for i := range 300 { // what such numbers are used for
			a := g.attempt(fmt.Sprintf("sip:+1555123%04d@x.test", 1000+i), "sip:+15551230002@example.test", verdict.None, start.Add(time.Duration(i)*time.Second))
			g.judge(a)
			g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Introduce, Time: a.Time})
		}
		for i := range 40 {
			try := func(at time.Time) bool {
				a := g.attempt("sip:+15551239999@x.test", fmt.Sprintf("sip:+1555123%04d@example.test", i), verdict.None, at)
				if g.signals(a)["STRANGER_RISK"] >= 0.4 {
					g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Introduce, Time: a.Time})
					return false
				}
				g.answered(a, verdict.Relay, 18*time.Second)
				return true
			}
			at := start.Add(time.Duration(i) * 30 * time.Minute)
			if try(at) {
				continue
			}
			if i >= 30 {
				asked++
			}
			if c.back(i) {
				try(at.Add(10 * time.Minute))
			}
		}
		if asked < c.low || asked > c.most {
			t.Errorf("%s: %d of the last ten asked", name, asked)
		}
	}
}

// TestWhoWasTalkedWithIsAStrangerInARush: one call that somebody took does not open his telephone to a caller who dials one stranger after the other; that he has
// called it himself does.
func TestWhoWasTalkedWithIsAStrangerInARush(t *testing.T) {
	for chosen, want := range map[bool]string{true: "", false: proven} {
		for others, want := range map[int]string{2: "", 8: want} {
			g := newGate(t)
			g.friend, g.chosen = "sip:eve@x.test", chosen
			var a *screen.Attempt
			for i := range others + 1 {
				a = g.attempt("sip:eve@x.test", bob, verdict.StirURI, start.Add(time.Duration(i)*time.Minute))
				if a.From.Identity = g.friend; i < others {
					g.friend = ""
					a.To.Requested = fmt.Sprintf("sip:user%d@example.test", i)
					g.signals(a)
					g.friend = "sip:eve@x.test"
				}
			}
			if got := g.judge(a); got != want {
				t.Errorf("chosen %v, after %d others: %q, want %q", chosen, others, got, want)
			}
		}
	}
}
