package rings_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"gatehouse.example/internal/state/keep"
	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/rings"
)

type shelf map[string][]byte

func (s shelf) LoadState(_ context.Context, name string) ([]byte, error) { return s[name], nil }

func (s shelf) PutState(_ context.Context, name string, state []byte) error {
	s[name] = state
	return nil
}

// Who rang once yesterday is still known after a restart; what is damaged is told of.
func TestNumbersOutliveARestart(t *testing.T) {
	s, now := shelf{}, int64(1_795_000_200)
	first := rings.New(1000, rate.FixedSeed(1))
	for i := range 5 {
		first.Missed("+881612345678", fmt.Sprint("callee ", i), now)
	}
	first.Talked("+15551230001", now)
	if err := first.Keeper(s).Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := rings.New(4000, rate.FixedSeed(1))
	if err := second.Keeper(s).Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, number := range []string{"+881612345678", "+881612345600", "+15551230001", "+15551230099"} {
		if a, b := first.Look(number, now+3600), second.Look(number, now+3600); a != b || a == (rings.Count{}) {
			t.Errorf("%s: %+v came back as %+v", number, a, b)
		}
	}
	second.Missed("+881612345678", "callee 4", now) // one of those who are known
	if c := second.Look("+881612345678", now); c.Callees != 5 {
		t.Errorf("%+v", c)
	}
	for _, b := range s {
		b[50] ^= 1
	}
	if third := rings.New(1000, rate.FixedSeed(1)); !errors.Is(third.Keeper(s).Load(t.Context()), keep.ErrDamaged) || third.Stats().Rows != 0 {
		t.Errorf("damaged: %+v", third.Stats())
	}
}
