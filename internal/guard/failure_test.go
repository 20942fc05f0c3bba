package guard

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

// failures makes n failures, one a second, and returns how many it took to be
// banned, 0 for never.
func failures(g *Guard, a netip.Addr, kind FailureKind, n int, from int64) int {
	for i := range n {
		if g.Failure(a, kind, "test", from+int64(i)*1e9) {
			return i + 1
		}
	}
	return 0
}

func TestGuessingPasswordsIsBannedLongerEachTime(t *testing.T) {
	var log recorder
	cfg := Default()
	cfg.Events = log.add
	g := mustNew(t, cfg)
	a := ip("203.0.113.7")
	now := t0
	for _, want := range []time.Duration{10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440} {
		if n := failures(g, a, AuthFailure|Proven, 20, now); n == 0 || n > 6 {
			t.Fatalf("banned after %d failures", n)
		}
		g.bans.mu.Lock()
		r := g.bans.records[cidr("203.0.113.7/32")]
		g.bans.mu.Unlock()
		if got := r.Expires.Sub(r.Created); got != want*time.Minute {
			t.Errorf("banned for %v, want %v", got, want*time.Minute)
		}
		if r.Reason != "wrong credentials" || !strings.Contains(r.Evidence, "counted, last: test") {
			t.Errorf("reason %q, evidence %q", r.Reason, r.Evidence)
		}
		now = r.expires + int64(time.Hour)
	}
	now += int64(100 * time.Hour)
	if log.count(EventBan) != 10 || log.count(EventAuthFailure) < 10*2 {
		t.Errorf("%d bans and %d failures reported", log.count(EventBan), log.count(EventAuthFailure))
	}
	if n := failures(g, a, AuthFailure|Proven, 4, now); n != 0 {
		t.Error("banned below the limit")
	}
}

func TestFailuresDecay(t *testing.T) {
	g := mustNew(t, Default())
	for i := range 1000 { // one wrong password in five hours: never five in a day
		if g.Failure(ip("203.0.113.7"), AuthFailure|Proven, "", t0+int64(i)*int64(5*time.Hour)) {
			t.Fatalf("banned at failure %d", i)
		}
	}
}

func TestUnprovenEvidenceBansBrieflyAndNeverMoreThanAHost(t *testing.T) {
	g := mustNew(t, Default())
	now := t0
	for _, want := range []time.Duration{1, 2, 4, 8, 10, 10} {
		if failures(g, ip("2001:db8::7"), Scan, 20, now) == 0 {
			t.Fatal("not banned")
		}
		g.bans.mu.Lock()
		r := g.bans.records[cidr("2001:db8::/64")]
		g.bans.mu.Unlock()
		if got := r.Expires.Sub(r.Created); got != want*time.Minute {
			t.Errorf("banned for %v, want %v", got, want*time.Minute)
		}
		if !strings.HasPrefix(r.Evidence, "source address not proven; ") {
			t.Errorf("evidence %q", r.Evidence)
		}
		now = r.expires + int64(time.Minute)
	}
	if g.Admit(ip("2001:db8:0:1::7"), 1, now-int64(2*time.Minute)) != Pass {
		t.Error("the neighbouring /64 is banned")
	}
}

// TestRegisteredPhoneCannotBeFramed: an attacker forges its address.
func TestRegisteredPhoneCannotBeFramed(t *testing.T) {
	g := mustNew(t, Default())
	phone := ip("203.0.113.7")
	g.Success(phone, t0)
	for _, kind := range []FailureKind{AuthFailure, UnknownUser, Malformed, Scan, TollFraud} {
		if n := failures(g, phone, kind, 1000, t0); n != 0 {
			t.Errorf("%v: banned after %d forged failures", kind, n)
		}
	}
	for ms := range int64(60_000) {
		if v := g.Admit(phone, 500, t0+ms*1e6); v == Banned {
			t.Fatal("banned for a forged flood")
		}
	}
	// What is proven still counts, and forged failures have not added to it.
	if n := failures(g, phone, AuthFailure|Proven, 300, t0); n < 180 || n > 200 {
		t.Errorf("banned after %d proven failures, want some 40 times the limit of 5", n)
	}
}

// TestSuccessDoesNotAllowGuessingForEver: whoever has one account logs in
// between guesses at others.
func TestSuccessDoesNotAllowGuessingForEver(t *testing.T) {
	g := mustNew(t, Default())
	a := ip("203.0.113.7")
	for i := range 200 {
		now := t0 + int64(i)*1e9
		g.Success(a, now)
		if g.Failure(a, AuthFailure|Proven, "", now) {
			return
		}
	}
	t.Error("two hundred wrong passwords in as many seconds went unpunished")
}

func TestLiftForgivesThePast(t *testing.T) {
	g := mustNew(t, Default())
	a := ip("203.0.113.7")
	now := time.Now().UnixNano()
	for range 2 {
		if n := failures(g, a, AuthFailure|Proven, 20, now); n < 5 {
			t.Fatalf("banned after %d failures", n)
		}
		b, ok := g.Banned(a)
		if !ok || b.Expires.Sub(b.Created) != 10*time.Minute {
			t.Errorf("ban %+v", b)
		}
		if !g.Lift(b.Source) {
			t.Error("not lifted")
		}
	}
}

func TestManualBanIsNotShortenedByAnAutomaticOne(t *testing.T) {
	g := mustNew(t, Default())
	if err := g.Ban(Ban{Source: cidr("203.0.113.7/32"), Reason: "by hand"}); err != nil {
		t.Fatal(err)
	}
	failures(g, ip("203.0.113.7"), TollFraud|Proven, 50, time.Now().UnixNano())
	if b, _ := g.Banned(ip("203.0.113.7")); b.Reason != "by hand" || !b.Expires.IsZero() {
		t.Errorf("ban %+v", b)
	}
}

func TestEventsOfASpoofedFloodAreLimited(t *testing.T) {
	var log recorder
	cfg := Default()
	cfg.Events = log.add
	g := mustNew(t, cfg)
	for i := range 100_000 {
		g.Failure(v4(scatter(i)), Malformed, "x", t0)
	}
	if n := len(log.events); n > eventsBurst {
		t.Errorf("%d events at once", n)
	}
	if m := g.Stats().Muted; m != 100_000-uint64(len(log.events)) {
		t.Errorf("%d muted", m)
	}
}

func TestReportTellsTheSecurityLogWhatIsKnown(t *testing.T) {
	var log recorder
	cfg := Default()
	cfg.Events = log.add
	g := mustNew(t, cfg)
	in := Incident{
		Kind: AuthFailure | Proven, Remote: netip.MustParseAddrPort("[::ffff:192.0.2.7]:5060"),
		Transport: "udp", Account: "bob\r\n", Evidence: "bad password",
	}
	g.Report(&in, t0)
	g.Report(&in, t0)
	e := log.events[1]
	if e.Kind != EventAuthFailure || e.Count != 2 || e.Account != "bob\r\n" || e.Remote.Port() != 5060 ||
		e.Source != cidr("192.0.2.7/32") || !e.Proven || e.Transport != "udp" || !e.Time.Equal(at(0)) {
		t.Errorf("event %+v", e)
	}
	if g.Report(&Incident{Kind: 77, Remote: in.Remote}, t0) || g.Report(&Incident{}, t0) {
		t.Error("nonsense led to a ban")
	}
}
