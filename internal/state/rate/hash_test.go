package rate

import "testing"

// TestHashesAreAsTheyAreStored compares with a version that reads octet by octet: what is stored under a hash must be found by it again.
func TestHashesAreAsTheyAreStored(t *testing.T) {
	plain := func(s Seed, domain uint64, text string) uint64 {
		v0, v1, v2, v3 := s.start(domain)
		last := uint64(len(text)) << 56
		for i := range len(text) {
			last |= uint64(text[i]) << (8 * (i % 8))
			if i%8 == 7 {
				m := last&^(0xff<<56) | uint64(text[i])<<56
				v3 ^= m
				v0, v1, v2, v3 = round(v0, v1, v2, v3)
				v0 ^= m
				last = uint64(len(text)) << 56
			}
		}
		return finish(v0, v1, v2, v3, last)
	}
	text := "sip:+15551230001@a-long-name.example.test\x00\xff\x80"
	s := FixedSeed(7)
	for from := range 9 {
		for to := from; to <= len(text); to++ {
			if got, want := s.String(3, text[from:to]), plain(s, 3, text[from:to]); got != want {
				t.Fatalf("%q: %x, not %x", text[from:to], got, want)
			}
		}
	}
	if got := s.String(1, "+15551230001"); got != 0x336678d00f90bb1b {
		t.Errorf("%x", got)
	}
}
