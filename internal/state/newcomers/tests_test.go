package newcomers

import (
	"fmt"
	"testing"
	"time"

	"gatehouse.example/internal/state/rate"
)

// TestABrokenTestIsTriedAgain: of unwanted calls one in twenty is objected to, so fifty objections are a thousand who passed. That is much where few fail, and little where most
// do. What was seen fades, and the test gets another chance.
func TestABrokenTestIsTriedAgain(t *testing.T) {
	m := New(Config{Seed: rate.FixedSeed(1)})
	passes := func(n, oneIn int) {
		for i := range n {
			s := m.Subject(fmt.Sprint(n, i), false, "callee")
			m.Tried(s, begin, false)
			m.Heard(s, Came{Introduced: true}, begin)
			if i%oneIn == 0 {
				m.Objected(s, "callee")
			}
		}
	}
	passes(500, 300)
	if m.Broken(begin) {
		t.Error("broken by two objections")
	}
	passes(1000, 20)
	if !m.Broken(begin) {
		t.Error("whole, although machines pass it")
	}
	for range 2000 {
		m.Flunked()
	}
	if m.Broken(begin) {
		t.Error("broken, although two in three fail")
	}
	passes(2000, 20)
	if !m.Broken(begin.Add(24 * time.Hour)) {
		t.Error("whole after a day")
	}
	if m.Broken(begin.Add(200 * 24 * time.Hour)) {
		t.Error("broken for good")
	}
}

// TestCameBack: a second try is one that comes 20 seconds to two hours after an attempt that was not let through.
func TestCameBack(t *testing.T) {
	for name, c := range map[string]struct {
		after time.Duration
		let   bool
		want  bool
	}{
		"soon": {time.Minute, false, true}, "at once": {5 * time.Second, false, false}, "late": {3 * time.Hour, false, false}, "was let through": {time.Minute, true, false},
	} {
		m := New(Config{Seed: rate.FixedSeed(1)})
		s := m.Subject("caller", false, "callee")
		m.Tried(s, begin, false)
		if c.let {
			m.Heard(s, Came{}, begin)
		} else {
			m.Failed(s, false)
		}
		if m.CameBack(s) {
			t.Errorf("%s: came back with its first attempt", name)
		}
		m.Tried(s, begin.Add(c.after), false)
		if got := m.CameBack(s); got != c.want {
			t.Errorf("%s: came back: %v", name, got)
		}
	}
}
