package guard

import (
	"bytes"
	"encoding/gob"
	"net/netip"
	"testing"
	"time"
)

// restart stores what a guard remembers and gives it to another one, whose clock stands at now.
func restart(t *testing.T, g *Guard, cfg Config, now int64) *Guard {
	t.Helper()
	cfg.Clock = func() int64 { return now }
	next := mustNew(t, cfg)
	names := map[string]bool{}
	for i, m := range g.Memories() {
		if names[m.Name] {
			t.Fatalf("two memories are called %s", m.Name)
		}
		names[m.Name] = true
		image := m.Image()
		if image == nil {
			continue
		}
		var stored bytes.Buffer
		if err := gob.NewEncoder(&stored).Encode(image); err != nil {
			t.Fatal(err)
		}
		to := next.Memories()[i]
		if err := to.Restore(func(v any) error { return gob.NewDecoder(&stored).Decode(v) }); err != nil {
			t.Fatal(err)
		}
	}
	return next
}

func remembering(now *int64) Config {
	cfg := Default()
	cfg.TableBits, cfg.Seed = 12, 7
	cfg.Clock = func() int64 { return *now }
	return cfg
}

// A restart gives nobody fresh tries, makes no stranger of a phone, and lets nobody off with a first ban again.
func TestMemoriesOutliveARestart(t *testing.T) {
	now := t0
	cfg := remembering(&now)
	for _, address := range []string{"203.0.113.7", "2001:db8::7"} {
		guesser, phone := ip(address), ip("198.51.100.9")
		g := mustNew(t, cfg)
		g.Success(phone, now)
		if n := failures(g, guesser, AuthFailure|Proven, 3, now); n != 0 {
			t.Fatalf("banned after %d failures", n)
		}
		now += int64(time.Hour)
		g = restart(t, g, cfg, now)
		if !g.Known(phone, now) || g.Known(guesser, now) {
			t.Error("who has proven a credential is not known any more, or somebody else is")
		}
		if n := failures(g, guesser, AuthFailure|Proven, 20, now); n != 2 {
			t.Errorf("%s: banned after %d failures, 3 before a restart", address, n)
		}
		now += int64(2 * time.Hour)
		g = restart(t, g, cfg, now)
		if g.Known(phone, now) {
			t.Error("a credential speaks for its source for more than two hours")
		}
		if n := failures(g, guesser, AuthFailure|Proven, 20, now); n == 0 {
			t.Fatal("not banned")
		}
		if b, _ := g.BannedAt(guesser, now+20e9); b.Expires.Sub(b.Created) != 20*time.Minute {
			t.Errorf("the second ban lasts %v", b.Expires.Sub(b.Created))
		}
	}
}

// Slow guesses of many at one account, and of one network, are counted on.
func TestSpreadGuessesOutliveARestart(t *testing.T) {
	now := t0
	cfg := remembering(&now)
	g := mustNew(t, cfg)
	guess := func(i int) bool {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, byte(i), 113, 7}), 5060)
		return g.Report(&Incident{Kind: AuthFailure | Proven, Remote: from, Account: "alice@example.test"}, now)
	}
	for i := range 20 {
		guess(i)
	}
	g = restart(t, g, cfg, now)
	for n := 1; !guess(99); n++ {
		if n > 2 {
			t.Fatal("where many have guessed at an account, a further source is banned at its second or third try")
		}
		now += 1e9
	}
}

// What the guard of now could not have written says nothing: a table of another size, a clock that was years ahead.
func TestMemoriesOfAnotherGuardSayNothing(t *testing.T) {
	now := t0
	cfg := remembering(&now)
	phone, guesser := ip("198.51.100.9"), ip("203.0.113.7")
	g := mustNew(t, cfg)
	g.Success(phone, now)
	failures(g, guesser, AuthFailure|Proven, 4, now)
	larger := cfg
	larger.TableBits++
	for name, next := range map[string]*Guard{
		"of another size":     restart(t, g, larger, now),
		"two years before":    restart(t, g, cfg, now-int64(2*365*24*time.Hour)),
		"two years afterward": restart(t, g, cfg, now+int64(2*365*24*time.Hour)),
	} {
		if next.Known(phone, next.now()) {
			t.Errorf("%s: the phone is known", name)
		}
		if n := failures(next, guesser, AuthFailure|Proven, 4, next.now()); n != 0 {
			t.Errorf("%s: banned after %d failures", name, n)
		}
	}
}
