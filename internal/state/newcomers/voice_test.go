package newcomers

import (
	"math"
	"testing"
	"time"

	"gatehouse.example/internal/state/rate"
)

// A flood of what one person says weighs a few times what another says once; the next day is another.
func TestOneVoiceIsNotMany(t *testing.T) {
	m := New(Config{Seed: rate.FixedSeed(1)})
	sum := 0.0
	for i := range 400 {
		sum += m.Voice("sip:eve@example.test", begin.Add(time.Duration(i)*time.Minute))
	}
	if sum > 7 {
		t.Errorf("400 times in a day weighs %.1f", sum)
	}
	if v := m.Voice("sip:bob@example.test", begin); v != 1 {
		t.Errorf("another's first word weighs %v", v)
	}
	if v := m.Voice("sip:eve@example.test", begin.Add(24*time.Hour)); math.Abs(v-1) > 1e-9 {
		t.Errorf("the first of the next day weighs %v", v)
	}
}
