package lists_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/state/lists"
	"pgregory.net/rapid"
)

// TestAgentsAgreeWithALinearSearch compares with strings.Contains over all entries.
func TestAgentsAgreeWithALinearSearch(t *testing.T) {
	word := rapid.StringMatching(`[ab]{3,6}`)
	rapid.Check(t, func(t *rapid.T) {
		l := newLists(nil)
		for range rapid.IntRange(0, 12).Draw(t, "entries") {
			e := lists.Entry{List: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "list"),
				Value:   "ua:" + word.Draw(t, "piece") + rapid.SampledFrom([]string{"", "*"}).Draw(t, "star"),
				Expires: now().Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "expires")) * time.Hour)}
			if _, err := l.Add(context.Background(), e); err != nil {
				t.Fatal(err)
			}
		}
		agent := rapid.StringMatching(`[abAB]{0,12}`).Draw(t, "agent")
		want := false
		for _, e := range append(l.Entries("x"), l.Entries("y")...) {
			piece, atStart := strings.CutSuffix(strings.TrimPrefix(e.Value, "ua:"), "*")
			hit := strings.Contains(strings.ToLower(agent), piece)
			if atStart {
				hit = strings.HasPrefix(strings.ToLower(agent), piece)
			}
			want = want || hit && e.Expires.After(now())
		}
		if e := l.FindAgent(lists.Block, agent, now().UnixNano()); (e != nil) != want {
			t.Fatalf("%q: found %+v, want %v", agent, e, want)
		}
	})
}
