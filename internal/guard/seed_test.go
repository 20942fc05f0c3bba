package guard

import (
	"net/netip"
	"testing"
)

// A replay gives the same each time: with one seed the same sources share the same cells, with another one others do.
func TestSameSeedSameHashes(t *testing.T) {
	const crowd = 20000
	passed := func(from uint64) (all [crowd]bool) {
		cfg := Default()
		cfg.TableBits, cfg.Seed = 10, from
		cfg.Limits = Limits{V4Host: Rate{1, 1}}
		g := mustNew(t, cfg)
		for i := range all {
			all[i] = g.Admit(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 100, t0) == Pass
		}
		return all
	}
	if passed(1) != passed(1) {
		t.Error("one seed, two outcomes")
	}
	if passed(1) == passed(2) {
		t.Error("two seeds, one outcome")
	}
}
