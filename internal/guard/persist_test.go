package guard

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// shelf is a Storage in memory that can be told to fail.
type shelf struct {
	mu   sync.Mutex
	bans map[netip.Prefix]Ban
	err  error
}

func (s *shelf) LoadBans(context.Context) ([]Ban, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Ban
	for _, b := range s.bans {
		out = append(out, b)
	}
	return out, s.err
}

func (s *shelf) SaveBan(_ context.Context, b Ban) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.bans[b.Source] = b
	}
	return s.err
}

func (s *shelf) DeleteBan(_ context.Context, p netip.Prefix) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		delete(s.bans, p)
	}
	return s.err
}

func (s *shelf) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *shelf) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bans)
}

// running runs f beside a guard's Run, on virtual time.
func running(t *testing.T, cfg Config, f func(g *Guard)) {
	synctest.Test(t, func(t *testing.T) {
		g := mustNew(t, cfg)
		if err := g.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- g.Run(ctx) }()
		f(g)
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func TestBansSurviveARestartAndExpiredOnesDoNot(t *testing.T) {
	s := &shelf{bans: map[netip.Prefix]Ban{}}
	cfg := Default()
	cfg.Storage = s
	running(t, cfg, func(g *Guard) {
		now := time.Now()
		for _, b := range []Ban{
			{Source: cidr("192.0.2.1/32"), Reason: "long", Expires: now.Add(time.Hour)},
			{Source: cidr("192.0.2.2/32"), Expires: now.Add(time.Second)},
			{Source: cidr("192.0.2.3/32"), Reason: "for ever"},
			{Source: cidr("192.0.2.4/32")},
			{Source: cidr("198.51.100.1/32")},
		} {
			if err := g.Ban(b); err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		if s.len() != 5 {
			t.Errorf("%d stored", s.len())
		}
		g.Lift(cidr("192.0.2.4/32"))
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if s.len() != 3 || len(g.Bans()) != 3 {
			t.Errorf("%d stored after lifting and expiry", s.len())
		}
	})
	cfg.Peers = []netip.Prefix{cidr("198.51.100.0/24")}
	running(t, cfg, func(g *Guard) {
		b := g.Bans()
		if len(b) != 2 || b[0].Reason != "long" || b[1].Reason != "for ever" {
			t.Errorf("loaded %+v", b)
		}
		checkList(t, g.bans)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if s.len() != 2 {
			t.Errorf("%d stored", s.len())
		}
	})
}

func TestStorageThatFailsIsTriedAgain(t *testing.T) {
	s := &shelf{bans: map[netip.Prefix]Ban{}}
	cfg := Default()
	cfg.Storage = s
	running(t, cfg, func(g *Guard) {
		s.fail(errors.New("disk full"))
		for i := range 10 {
			_ = g.Ban(Ban{Source: netip.PrefixFrom(v4(uint32(i+1)), 32)})
		}
		time.Sleep(3 * time.Second)
		g.Lift(netip.PrefixFrom(v4(1), 32))
		synctest.Wait()
		if e := g.Stats().StoreError; e == "" || s.len() != 0 {
			t.Errorf("error %q, %d stored", e, s.len())
		}
		s.fail(nil)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if e := g.Stats().StoreError; e != "" || s.len() != 9 {
			t.Errorf("error %q, %d stored", e, s.len())
		}
	})
}

func TestStorageThatStaysAwayCostsNoMoreThanItsQueue(t *testing.T) {
	cfg := Default()
	cfg.Storage = &shelf{}
	cfg.MaxBans = 1000
	g := mustNew(t, cfg) // nobody runs it
	for i := range maxPending + 10_000 {
		g.store.save(Ban{Source: netip.PrefixFrom(v4(scatter(i)), 32)})
	}
	if n := len(g.store.changes); n != maxPending || g.Stats().StoreLost != 10_000 {
		t.Errorf("%d wait, %d lost", n, g.Stats().StoreLost)
	}
}

func TestLoadFailureIsReported(t *testing.T) {
	cfg := Default()
	gone := errors.New("gone")
	cfg.Storage = &shelf{err: gone}
	if err := mustNew(t, cfg).Load(t.Context()); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}

func TestLoadOfAHundredThousandKeepsTheLongest(t *testing.T) {
	s := &shelf{bans: map[netip.Prefix]Ban{}}
	for i := range 100_000 {
		p := netip.PrefixFrom(v4(scatter(i)), 32)
		s.bans[p] = Ban{Source: p, Expires: time.Now().Add(time.Duration(i+3600) * time.Second)}
	}
	cfg := Default()
	cfg.Storage, cfg.MaxBans = s, 99_000
	g := mustNew(t, cfg)
	start := time.Now()
	if err := g.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("loaded in %v", time.Since(start))
	if len(g.Bans()) != 99_000 {
		t.Errorf("%d bans", len(g.Bans()))
	}
	if _, ok := g.Banned(v4(scatter(999))); ok {
		t.Error("the shortest was kept")
	}
	checkList(t, g.bans)
}
