package newcomers

import (
	"testing"

	"gatehouse.example/internal/state/rate"
)

// TestOneInThreeIsAskedUntilEnoughIsKnown: within people's patience, and not once enough have passed tests.
func TestOneInThreeIsAskedUntilEnoughIsKnown(t *testing.T) {
	m := New(Config{Seed: rate.FixedSeed(1)})
	explored := func(n int) (asked int) {
		for range n {
			if m.Explores() {
				asked++
			}
		}
		return asked
	}
	if n := explored(100); n != 0 {
		t.Errorf("%d of 100 before anybody was let through", n)
	}
	for range 1000 {
		m.Admitted(0.037, false, 0)
	}
	if n := explored(99); n != 33 {
		t.Errorf("%d of 99, want 33", n)
	}
	for range 5 {
		m.Admitted(0.037, true, 0)
	}
	if n := explored(100); n != 0 {
		t.Errorf("%d of 100 when five were asked one after the other", n)
	}
	for range 1000 {
		m.Admitted(0.037, false, 0)
	}
	for range explorePassed {
		m.passed()
	}
	if n := explored(100); n != 0 {
		t.Errorf("%d of 100 when enough have passed", n)
	}
}
