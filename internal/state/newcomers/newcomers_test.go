package newcomers

import (
	"fmt"
	"testing"
	"time"

	"gatehouse.example/internal/state/rate"
	"pgregory.net/rapid"
)

var begin = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// TestMemoryKeepsToWhatWasToldIt against a model: who has met, and how many callees a caller has tried.
func TestMemoryKeepsToWhatWasToldIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := New(Config{Pairs: 1 << 12, Callers: 1 << 12, Seed: rate.FixedSeed(rapid.Uint64().Draw(t, "seed"))})
		met, tried := map[string]bool{}, map[string]map[int]bool{}
		now := begin
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3600).Draw(t, "later")) * time.Second)
			caller, callee, proven := rapid.IntRange(0, 3).Draw(t, "caller"), rapid.IntRange(0, 30).Draw(t, "callee"), rapid.Bool().Draw(t, "proven")
			s := m.Subject(fmt.Sprint("caller ", caller), proven, fmt.Sprint("callee ", callee))
			who := fmt.Sprint(caller, proven)
			pair := fmt.Sprint(who, " ", callee)
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				m.Meet(s, now)
				met[pair] = true
			case 1:
				m.Part(s)
				met[pair] = false
			case 2:
				if tried[who] == nil {
					tried[who] = map[int]bool{}
				}
				tried[who][callee] = true
				if got, want := m.Tried(s, now, false).Callees, len(tried[who]); got < want*2/3-2 || got > want*3/2+2 {
					t.Fatalf("about %d callees, really %d", got, want)
				}
			case 3:
				if m.Met(s, now) != met[pair] {
					t.Fatalf("%s have met: %v", pair, !met[pair])
				}
			}
		}
	})
}

func TestObjectionsFadeWithWhatWasHeard(t *testing.T) {
	m := New(Config{Seed: rate.FixedSeed(1)}) // ten people, of whom some share a bit
	s := m.Subject("x", true, "y")
	m.Objected(s, "a") // of whom nobody has heard
	m.Tried(s, begin, false)
	for i := range 10 {
		for range 100 {
			m.Objected(s, string(rune('a'+i)))
		}
	}
	for range 1000 {
		m.Heard(s)
	}
	if got := m.Tried(s, begin, true); got.Heard != 500 || got.Objected < 3 || got.Objected > 5 {
		t.Errorf("%+v", got)
	}
	if got := m.Tried(s, begin.Add(2*forgotten), true); got.Heard != 0 || got.Objected != 0 {
		t.Errorf("after a year: %+v", got)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	m := New(Config{Pairs: 1000, Callers: 1000})
	for i := range 50_000 {
		s := m.Subject(fmt.Sprint(i), false, "y")
		m.Tried(s, begin, false)
		m.Meet(s, begin)
	}
	if s := m.Stats(); s.Callers.Rows > 2048 || s.Pairs.Rows > 2048 {
		t.Errorf("%+v", s)
	}
}
