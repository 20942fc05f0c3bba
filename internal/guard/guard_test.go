package guard

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// A recorder keeps what would go into the security log.
type recorder struct{ events []Event }

func (r *recorder) add(e Event) { r.events = append(r.events, e) }

func (r *recorder) count(k EventKind) (n int) {
	for _, e := range r.events {
		if e.Kind == k {
			n++
		}
	}
	return n
}

func ip(s string) netip.Addr     { return netip.MustParseAddr(s) }
func cidr(s string) netip.Prefix { return netip.MustParsePrefix(s) }
func sec(n float64) int64        { return t0 + int64(n*1e9) }
func at(n float64) time.Time     { return time.Unix(0, sec(n)) }
func soon() time.Time            { return time.Now().Add(time.Hour) }

func TestBannedSourceStaysOutUntilItsBanExpires(t *testing.T) {
	g := mustNew(t, Default())
	if _, err := g.bans.add(Ban{Source: cidr("192.0.2.7/32"), Expires: at(60)}, false); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		addr string
		now  int64
		want Verdict
	}{
		{"192.0.2.7", sec(0), Banned},
		{"::ffff:192.0.2.7", sec(0), Banned},
		{"192.0.2.8", sec(0), Pass},
		{"192.0.2.7", sec(59.9), Banned},
		{"192.0.2.7", sec(60), Pass},
	} {
		if got := g.Admit(ip(c.addr), 500, c.now); got != c.want {
			t.Errorf("%s at %d s: %v, want %v", c.addr, (c.now-t0)/1e9, got, c.want)
		}
	}
}

func TestLongestMatchInForceDecides(t *testing.T) {
	cfg := Default()
	cfg.Peers = []netip.Prefix{cidr("10.1.2.0/24"), cidr("::ffff:10.9.0.0/112"), cidr("2001:db8:1::/48")}
	g := mustNew(t, cfg)
	for _, b := range []Ban{
		{Source: cidr("10.0.0.0/8"), Expires: at(1000)},
		{Source: cidr("10.1.3.4/32"), Expires: at(10)}, // gone before the wider one
		{Source: cidr("2001:db8::/32")},
		{Source: cidr("172.16.0.0/12"), Expires: at(10)},
	} {
		if _, err := g.bans.add(b, false); err != nil {
			t.Fatal(err)
		}
	}
	for addr, want := range map[string]Verdict{
		"10.1.3.4": Banned, "10.200.0.1": Banned, "10.1.2.3": Pass, "10.9.77.1": Pass,
		"2001:db8:2::1": Banned, "2001:db8:1::1": Pass, "2001:db9::1": Pass, "172.16.1.1": Pass,
		"fe80::1%eth0": Pass,
	} {
		if got := g.Admit(ip(addr), 0, sec(20)); got != want {
			t.Errorf("%s: %v, want %v", addr, got, want)
		}
	}
}

func TestPeersAreNeverBannedOrLimited(t *testing.T) {
	cfg := Default()
	cfg.Peers = []netip.Prefix{cidr("198.51.100.0/24")}
	g := mustNew(t, cfg)
	for _, s := range []string{"198.51.100.0/24", "198.51.100.7/32", "::ffff:198.51.100.7/128"} {
		if err := g.Ban(Ban{Source: cidr(s), Expires: soon()}); !errors.Is(err, ErrPeer) {
			t.Errorf("ban of %s: %v, want ErrPeer", s, err)
		}
	}
	peer := ip("198.51.100.7")
	for range 100_000 {
		if v := g.Admit(peer, 60_000, t0); v != Pass {
			t.Fatalf("a peer got %v", v)
		}
		if g.Failure(peer, AuthFailure|Proven, "wrong password", t0) {
			t.Fatal("a peer was banned")
		}
	}
	if !g.MayReply(peer, 0, 1<<30, t0) {
		t.Error("a peer was denied an answer")
	}
}

func TestBecomingAPeerLiftsBansInside(t *testing.T) {
	var log recorder
	cfg := Default()
	cfg.Events = log.add
	g := mustNew(t, cfg)
	for _, s := range []string{"203.0.113.7/32", "203.0.114.0/24"} {
		if err := g.Ban(Ban{Source: cidr(s), Expires: soon()}); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Peers([]netip.Prefix{cidr("203.0.113.0/24")}); err != nil {
		t.Fatal(err)
	}
	if b := g.Bans(); len(b) != 1 || b[0].Source != cidr("203.0.114.0/24") {
		t.Errorf("bans %v", b)
	}
	if log.count(EventUnban) != 1 || !g.IsPeer(ip("203.0.113.7")) || g.Admit(ip("203.0.114.7"), 1, t0) != Banned {
		t.Errorf("events %+v", log.events)
	}
	if err := g.Peers(nil); err != nil || g.IsPeer(ip("203.0.113.7")) {
		t.Errorf("still a peer (%v)", err)
	}
}

func TestBanUntilTheYear9999LastsLong(t *testing.T) {
	g := mustNew(t, Default())
	far := Ban{Source: cidr("192.0.2.7/32"), Expires: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}
	if err := g.Ban(far); err != nil {
		t.Fatal(err)
	}
	if b := g.Bans(); len(b) != 1 || !b[0].Expires.Equal(far.Expires) || g.Admit(ip("192.0.2.7"), 1, t0) != Banned {
		t.Errorf("bans %v, and its packet passes: %v", b, g.Admit(ip("192.0.2.7"), 1, t0))
	}
}

func TestBanIsCheckedShownAndLifted(t *testing.T) {
	g := mustNew(t, Default())
	for _, s := range []string{"0.0.0.0/0", "::/0", "::ffff:0:0/90"} {
		if err := g.Ban(Ban{Source: cidr(s)}); !errors.Is(err, ErrPrefix) {
			t.Errorf("%s: %v, want ErrPrefix", s, err)
		}
	}
	if err := g.Ban(Ban{}); !errors.Is(err, ErrPrefix) {
		t.Errorf("no prefix: %v", err)
	}
	if err := g.Ban(Ban{Source: cidr("192.0.2.7/32"), Expires: time.Now().Add(-time.Second)}); !errors.Is(err, ErrExpired) {
		t.Errorf("past: %v", err)
	}
	in := Ban{Source: cidr("192.0.2.77/24"), Reason: "by hand", Evidence: strings.Repeat("é", 4000) + "\xff"}
	if err := g.Ban(in); err != nil {
		t.Fatal(err)
	}
	b, ok := g.Banned(ip("192.0.2.1"))
	if !ok || b.Source != cidr("192.0.2.0/24") || len(b.Evidence) > maxEvidence+2 || b.Created.IsZero() {
		t.Errorf("got %+v", b)
	}
	if g.Lift(cidr("192.0.2.0/25")) || !g.Lift(cidr("192.0.2.0/24")) || g.Lift(cidr("192.0.2.0/24")) {
		t.Error("Lift of another prefix, or twice, or not at all")
	}
	if g.Admit(ip("192.0.2.1"), 1, t0) != Pass {
		t.Error("still out")
	}
}

func TestFullListEvictsTheBanThatExpiresSoonest(t *testing.T) {
	cfg := Default()
	cfg.MaxBans = 3
	g := mustNew(t, cfg)
	for i, minutes := range []int{50, 10, 30} {
		b := Ban{Source: netip.PrefixFrom(v4(uint32(i+1)), 32), Expires: time.Now().Add(time.Duration(minutes) * time.Minute)}
		if err := g.Ban(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Ban(Ban{Source: cidr("9.9.9.9/32"), Expires: time.Now().Add(time.Minute)}); !errors.Is(err, ErrFull) {
		t.Errorf("a ban shorter than all: %v, want ErrFull", err)
	}
	if err := g.Ban(Ban{Source: cidr("8.8.8.8/32")}); err != nil {
		t.Error(err)
	}
	if _, there := g.Banned(v4(2)); there {
		t.Error("the ban that expires soonest is still there")
	}
	if s := g.Stats(); s.Bans != 3 || s.Overflow != 2 {
		t.Errorf("stats %+v", s)
	}
}

func TestFloodIsDroppedAndBannedBrieflyWhenItGoesOn(t *testing.T) {
	var log recorder
	cfg := Default()
	cfg.Events = log.add
	g := mustNew(t, cfg)
	flooder, neighbour := ip("203.0.113.7"), ip("203.0.113.8")
	passed := 0
	var bannedAt int64
	for ms := int64(0); ms < 30_000 && bannedAt == 0; ms++ { // 1000 packets a second
		now := t0 + ms*1e6
		switch g.Admit(flooder, 500, now) {
		case Pass:
			passed++
		case Banned:
			bannedAt = now
		}
		if g.Admit(neighbour, 500, now) != Pass && ms%10 == 0 && ms < 1900 {
			t.Fatalf("the neighbour was dropped after %d ms", ms)
		}
	}
	if bannedAt == 0 || bannedAt < sec(10) || bannedAt > sec(14) {
		t.Fatalf("banned at %.1f s", float64(bannedAt-t0)/1e9)
	}
	if passed > 2000+200*14 {
		t.Errorf("%d packets passed", passed)
	}
	if log.count(EventFlood) == 0 || log.count(EventBan) != 2 { // the neighbour floods as well in the end
		t.Errorf("%d flood and %d ban events", log.count(EventFlood), log.count(EventBan))
	}
	if v := g.Admit(flooder, 500, bannedAt+int64(61*time.Second)); v != Pass {
		t.Errorf("a minute later: %v", v)
	}
}

func TestOfficeRestartBehindOneAddressPasses(t *testing.T) {
	g := mustNew(t, Default())
	// 200 phones: REGISTER twice and four SUBSCRIBE twice, within 10 s.
	for i := range 200 * 10 {
		if v := g.Admit(ip("203.0.113.7"), 700, t0+int64(i)*5e6); v != Pass {
			t.Fatalf("packet %d: %v", i, v)
		}
	}
}

func TestAttackOnOneNetworkLimitsTheNetworkButNotWhoLoggedIn(t *testing.T) {
	g := mustNew(t, Default())
	member := ip("203.0.113.250")
	g.Success(member, t0)
	flooded := 0
	for i := range 20_000 { // all of the /24 at once
		if g.Admit(v4(0xcb007100+uint32(i%200)), 500, t0) == Flood {
			flooded++
		}
	}
	if flooded != 15_000 {
		t.Errorf("%d dropped, want all above the /24's burst of 5000", flooded)
	}
	if v := g.Admit(ip("203.0.113.251"), 500, t0); v != Flood {
		t.Errorf("a stranger of that network: %v", v)
	}
	if v := g.Admit(member, 500, t0); v != Pass {
		t.Errorf("a phone that has registered: %v", v)
	}
}

func TestClockSetBackDoesNotLockOut(t *testing.T) {
	g := mustNew(t, Default())
	for range 5000 {
		g.Admit(ip("203.0.113.7"), 500, sec(7200))
	}
	if v := g.Admit(ip("203.0.113.7"), 500, sec(0)); v != Pass {
		t.Errorf("after the clock went back two hours: %v", v)
	}
}

func TestZeroLimitsAreOff(t *testing.T) {
	g := mustNew(t, Config{})
	for range 100_000 {
		if g.Admit(ip("127.0.0.1"), 842, t0) != Pass || g.Admit(ip("2001:db8::1"), 842, t0) != Pass {
			t.Fatal("limited without a limit")
		}
	}
}

func TestWrongConfigurationNamesTheField(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"limits.v4_net24":  func(c *Config) { c.Limits.V4Net24 = Rate{100, 0} },
		"limits.v6_net32":  func(c *Config) { c.Limits.V6Net32 = Rate{-1, 1} },
		"failures.auth":    func(c *Config) { c.Failures.Auth = FailureLimit{5, 0} },
		"ban_max":          func(c *Config) { c.BanMax = -1 },
		"table_bits":       func(c *Config) { c.TableBits = 60 },
		"max_bans":         func(c *Config) { c.MaxBans = -5 },
		"credit_for":       func(c *Config) { c.CreditFor = time.Hour },
		"peers":            func(c *Config) { c.Peers = []netip.Prefix{{}} },
		"failures.toll_fr": func(c *Config) { c.Failures.TollFraud = FailureLimit{-1, 0} },
	} {
		cfg := Default()
		change(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// Whoever lets many telephones ring at once gets all the final answers later.
func TestReplyCreditOfManyRingingCalls(t *testing.T) {
	g, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	const calls, invite, early, final = 20_000, 842, 700, 750
	source, now := netip.MustParseAddr("203.0.113.7"), time.Now().UnixNano()
	for range calls {
		if !g.MayReply(source, invite, early, now) {
			t.Fatal("100 and 180 are refused")
		}
	}
	now += int64(20 * time.Second)
	for i := range calls {
		if !g.MayReply(source, 0, final, now) {
			t.Fatalf("the final answer to call %d is refused", i)
		}
	}
}
