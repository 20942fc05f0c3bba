package usage

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"gatehouse.example/internal/state/rate"
)

// shelf is a storage that may refuse.
type shelf struct {
	kept map[string][]byte
	puts int
	err  error
}

func (s *shelf) LoadState(_ context.Context, name string) ([]byte, error) { return s.kept[name], s.err }

func (s *shelf) PutState(_ context.Context, name string, state []byte) error {
	if s.err == nil {
		s.puts++
		s.kept[name] = state
	}
	return s.err
}

// kept are a ledger and tries over a shelf, as after a start.
func kept(s *shelf, now time.Time) *Keeper {
	seed := rate.FixedSeed(1)
	k := NewKeeper(NewLedger(1<<14, seed), NewTries(1<<10, 24*time.Hour, seed), s)
	k.now = func() time.Time { return now }
	return k
}

// A restart gives nobody his allowance once more, nor further tries at prefixes.
func TestWhatWasUsedOutlivesARestart(t *testing.T) {
	s, now := &shelf{kept: map[string][]byte{}}, time.Unix(1_795_000_200, 0)
	first := kept(s, now)
	const accounts = 300
	for i := range accounts {
		a := first.ledger.Account(fmt.Sprint("account ", i))
		for range i + 1 {
			first.ledger.Dialled(a, fmt.Sprint(i), now.UnixNano())
		}
		first.ledger.Ended(a, fmt.Sprint(i), time.Duration(i)*time.Second, int64(i), now.UnixNano())
	}
	who := first.tries.Account("prober")
	for _, number := range []string{"9011972598765432", "7011972598765432"} {
		d, _ := first.tries.Parse(number, "")
		first.tries.Count(who, d, now.UnixNano(), false)
	}
	s.err = errors.New("the disk is full")
	if err := first.Save(t.Context()); err == nil || err.Error() != "usage: save: the disk is full" {
		t.Fatal(err)
	}
	s.err = nil
	for range 2 { // the second time nothing has changed
		if err := first.Save(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if s.puts > 64 {
		t.Errorf("stored %d times", s.puts)
	}
	second := kept(s, now)
	if err := second.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range accounts {
		a := second.ledger.Account(fmt.Sprint("account ", i))
		hour, day, open := second.ledger.Used(a, now.UnixNano())
		if want := (Sum{i + 1, time.Duration(i) * time.Second, int64(i)}); hour != want || day != want || open != 0 {
			t.Fatalf("account %d: %+v, %+v, %d under way, want %+v", i, hour, day, open, want)
		}
	}
	third, _ := second.tries.Parse("00972598765432", "")
	if n := second.tries.Count(second.tries.Account("prober"), third, now.UnixNano(), false); n != 3 {
		t.Errorf("the third form is the %dth", n)
	}
}

// What is too old is left out, what is damaged is counted anew, and the rest stays.
func TestDamageIsNoticed(t *testing.T) {
	s, now := &shelf{kept: map[string][]byte{}}, time.Unix(1_795_000_200, 0)
	first := kept(s, now)
	for i := range 100 {
		first.ledger.Dialled(first.ledger.Account(fmt.Sprint(i)), "x", now.UnixNano())
	}
	if err := first.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, b := range s.kept {
		b[len(b)/2] ^= 1
		s.kept[name] = b
		break
	}
	second := kept(s, now)
	if err := second.Load(t.Context()); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
	if n := second.ledger.Stats().Rows; n < 90 || n >= 100 {
		t.Errorf("%d accounts are left", n)
	}
	second.now = func() time.Time { return now.Add(48 * time.Hour) }
	for i := range second.ledger.dirty {
		second.ledger.dirty[i].Store(true)
	}
	if err := second.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	if third := kept(s, now); third.Load(t.Context()) != nil || third.ledger.Stats().Rows != 0 {
		t.Errorf("old ones are kept: %+v", third.ledger.Stats())
	}
}
