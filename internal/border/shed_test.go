package border

import (
	"testing"
	"time"
)

func TestSheddingFollowsReadersThatDoNotCatchUp(t *testing.T) {
	s := shedder{after: strangersAfter}
	s.adjust(200 * time.Millisecond)
	if s.hit() || s.rate.Load() != 0 {
		t.Fatal("a moment is shed for")
	}
	for range 20 {
		s.adjust(time.Second)
	}
	if share := float64(s.rate.Load()) / whole; share < 0.9 {
		t.Fatalf("after 4 s of overload only %.2f is shed", share)
	}
	hits := 0
	for range 10000 {
		if s.hit() {
			hits++
		}
	}
	if hits < 9000 || hits > 9700 {
		t.Errorf("%d of 10000 are shed at a rate of 15/16", hits)
	}
	steps := 0
	for ; s.rate.Load() > 0; steps++ {
		s.adjust(0)
	}
	if steps > 35 {
		t.Errorf("it takes %d steps of 200 ms to forget", steps)
	}
}
