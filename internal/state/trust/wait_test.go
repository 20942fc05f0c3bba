package trust

import (
	"testing"
	"time"

	"gatehouse.example/internal/state/rate"
)

// TestNobodyWaits: while the web is being changed, however long that takes, look-ups abstain.
func TestNobodyWaits(t *testing.T) {
	g, err := New(Config{Seed: rate.FixedSeed(1)})
	if err != nil {
		t.Fatal(err)
	}
	g.Own("me")
	g.Know("me", "friend", 1)
	g.Settle()
	if r, s := g.Reach("me", "friend"), g.Standing("friend"); r.Distance != 1 || s == 1 {
		t.Fatalf("at rest: %+v, standing %v", r, s)
	}
	g.mu.Lock()
	answered := make(chan bool, 1)
	go func() {
		answered <- g.Reach("me", "friend") == Reach{} && g.Standing("friend") == 1
	}()
	select {
	case abstained := <-answered:
		if !abstained {
			t.Error("they have looked at a web that is being changed")
		}
	case <-time.After(30 * time.Second):
		t.Error("they wait")
	}
	g.mu.Unlock()
}
