package guard

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// TestTheWallClockIsSet: bans hold and end by the clock of packets, and are shown and stored by the wall's, wherever that has been set to.
func TestTheWallClockIsSet(t *testing.T) {
	for _, ahead := range []time.Duration{time.Hour, -time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			s := &shelf{bans: map[netip.Prefix]Ban{}}
			cfg := Default()
			cfg.Storage = s
			cfg.Clock = func() int64 { return time.Now().Add(-ahead).UnixNano() }
			running(t, cfg, func(g *Guard) {
				earned, byHand := ip("192.0.2.1"), ip("192.0.2.2")
				for range cfg.Failures.Auth.Count {
					g.Failure(earned, AuthFailure|Proven, "", cfg.Clock())
				}
				until := time.Now().Add(cfg.Ban)
				if err := g.Ban(Ban{Source: cidr("192.0.2.2/32"), Expires: until}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(cfg.Ban - time.Second)
				synctest.Wait()
				for _, a := range []netip.Addr{earned, byHand} {
					if g.Admit(a, 1, cfg.Clock()) != Banned {
						t.Errorf("%v is let in", a)
					}
					if b, ok := g.Banned(a); !ok || !b.Expires.Equal(until) {
						t.Errorf("%v is banned until %v, not %v", a, b.Expires, until)
					}
					if b := s.bans[netip.PrefixFrom(a, 32)]; !b.Expires.Equal(until) {
						t.Errorf("%v is stored until %v, not %v", a, b.Expires, until)
					}
				}
				for _, b := range g.Bans() {
					if !b.Expires.Equal(until) {
						t.Errorf("%v is shown until %v, not %v", b.Source, b.Expires, until)
					}
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if g.Admit(earned, 1, cfg.Clock()) != Pass || g.Admit(byHand, 1, cfg.Clock()) != Pass || s.len() != 0 {
					t.Error("they never end")
				}
			})
		})
	}
}
