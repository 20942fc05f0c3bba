package known_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"gatehouse.example/internal/state/keep"
	"gatehouse.example/internal/state/known"
)

type drawer map[string][]byte

func (s drawer) LoadState(_ context.Context, name string) ([]byte, error) { return s[name], nil }

func (s drawer) PutState(_ context.Context, name string, state []byte) error {
	s[name] = state
	return nil
}

// Who expects a call, and whom he has just called, is known after a restart; so is the ring that a call-back would launder.
func TestWindowsOutliveARestart(t *testing.T) {
	s, now, anna := drawer{}, start(), "sip:anna@example.test"
	first := memory(t, known.Config{})
	first.Expect(anna, now, now.Add(30*time.Minute))
	first.Dialled(bob, "+15551230001", now)
	if err := first.Windows(s).Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := memory(t, known.Config{})
	if err := second.Windows(s).Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		owner, peer string
		after       time.Duration
		want        known.Expectation
	}{
		{anna, "+15559990000", 20 * time.Minute, known.Anyone},
		{anna, "+15559990000", 40 * time.Minute, known.Unexpected},
		{bob, "+15551230001", time.Hour, known.Peer},
		{bob, "+15551230009", time.Hour, known.Organisation},
		{bob, "+15559990000", time.Hour, known.Unexpected},
	} {
		for _, m := range []*known.Memory{first, second} {
			if got := m.Expected(m.Subject(c.owner, "example.test", c.peer, now.Add(c.after)), now.Add(c.after)); got != c.want {
				t.Errorf("%s, %s after %s: %d, want %d", c.owner, c.peer, c.after, got, c.want)
			}
		}
	}
	for _, b := range s {
		b[45] ^= 1
	}
	third := memory(t, known.Config{})
	if err := third.Windows(s).Load(t.Context()); !errors.Is(err, keep.ErrDamaged) || third.Stats().Recent != 0 {
		t.Errorf("%v, %+v", err, third.Stats())
	}
}

// Nobody is looked for who is not expected: of an owner who has not dialled, or whose call is two hours past, not even the keys are worked out.
func TestWhoHasDialledNobodyExpectsNobody(t *testing.T) {
	m, now := memory(t, known.Config{}), start()
	expects := func(owner, peer string, at time.Time) known.Expectation {
		return m.Expected(m.Subject(owner, "example.test", peer, at), at)
	}
	m.Dialled(bob, "+15551230001", now)
	for _, c := range []struct {
		owner, peer string
		after       time.Duration
		want        known.Expectation
	}{
		{bob, "+15551230001", time.Hour, known.Peer},
		{bob, "+15551230002", time.Hour, known.Organisation},
		{bob, "+15551239999", time.Hour, known.Unexpected},
		{bob, "+15551230001", 3 * time.Hour, known.Unexpected},
		{carol, "+15551230001", time.Hour, known.Unexpected},
	} {
		if got := expects(c.owner, c.peer, now.Add(c.after)); got != c.want {
			t.Errorf("%s expects %s after %s: %v, want %v", c.owner, c.peer, c.after, got, c.want)
		}
	}
}
