package usage_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/usage"
)

const start = int64(1_795_000_200) * 1e9

func TestLedgerForgetsByTheHourAndTheDay(t *testing.T) {
	l := usage.NewLedger(100, rate.FixedSeed(1))
	a, now := l.Account("sip:alice@example.test"), start
	l.Dialled(a, "1", now)
	l.Dialled(a, "2", now)
	if _, _, open := l.Used(a, now); open != 2 {
		t.Errorf("%d under way", open)
	}
	l.Ended(a, "1", 90*time.Second, 250_000, now+int64(2*time.Minute))
	hour, day, open := l.Used(a, now+int64(10*time.Minute))
	want := usage.Sum{Calls: 2, Talk: 90 * time.Second, Cost: 250_000}
	if hour != want || day != want || open != 1 {
		t.Errorf("%+v, %+v, %d under way", hour, day, open)
	}
	hour, day, open = l.Used(a, now+int64(2*time.Hour))
	if hour != (usage.Sum{}) || day != want || open != 1 {
		t.Errorf("after two hours: %+v, %+v, %d", hour, day, open)
	}
	hour, day, open = l.Used(a, now+int64(25*time.Hour))
	if hour != (usage.Sum{}) || day != (usage.Sum{}) || open != 0 {
		t.Errorf("after a day: %+v, %+v, %d", hour, day, open)
	}
	if hour, _, _ := l.Used(l.Account("sip:bob@example.test"), now); hour != (usage.Sum{}) {
		t.Errorf("another account: %+v", hour)
	}
}

// Whatever comes in whatever order, sums are those of the periods that are still in, and nothing is negative.
func TestLedgerAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := usage.NewLedger(100, rate.FixedSeed(1))
		a := l.Account("sip:alice@example.test")
		type event struct {
			at, seconds, cost int64
			call              bool
		}
		var events []event
		now := start
		for i := range rapid.IntRange(1, 60).Draw(t, "events") {
			now += int64(rapid.IntRange(0, 3600).Draw(t, "after")) * 1e9
			e := event{at: now, call: rapid.Bool().Draw(t, "call")}
			if e.call {
				l.Dialled(a, strconv.Itoa(i), now)
			} else {
				e.seconds, e.cost = int64(rapid.IntRange(0, 9000).Draw(t, "talk")), int64(rapid.IntRange(-5, 1e7).Draw(t, "cost"))
				e.cost = max(e.cost, 0)
				l.Ended(a, strconv.Itoa(rapid.IntRange(0, 60).Draw(t, "id")), time.Duration(e.seconds)*time.Second, e.cost, now)
			}
			events = append(events, e)
			hour, day, open := l.Used(a, now)
			var wantHour, wantDay usage.Sum
			for _, e := range events {
				for _, w := range []struct {
					sum  *usage.Sum
					each time.Duration
					n    int64
				}{{&wantHour, 5 * time.Minute, 12}, {&wantDay, time.Hour, 24}} {
					if e.at/int64(w.each) > now/int64(w.each)-w.n {
						w.sum.Cost += e.cost
						w.sum.Talk += time.Duration(e.seconds) * time.Second
						if e.call {
							w.sum.Calls++
						}
					}
				}
			}
			if hour != wantHour || day != wantDay || open < 0 {
				t.Fatalf("%+v, %+v, want %+v, %+v", hour, day, wantHour, wantDay)
			}
		}
	})
}

func TestTailsUnderManyPrefixes(t *testing.T) {
	tries := usage.NewTries(1000, 24*time.Hour, rate.FixedSeed(1))
	who := tries.Source(1, 2, 32)
	now := start
	for i, c := range []struct {
		user, canonical string
		want            int
	}{
		{"9011972595551234", "", 1}, {"9011972595551234", "", 1}, {"7011972595551234", "", 2}, {"00972595551234", "+972595551234", 3},
		{"+972-595-551234", "+972595551234", 3}, {"9011972595559999", "", 1}, {"*67#00972595551234", "", 4}, {"595551234", "", 0}, {"bob", "", 0}, {"", "", 0},
	} {
		d, ok := tries.Parse(c.user, c.canonical)
		if ok != (c.want > 0) {
			t.Errorf("%d: %q is a number: %v", i, c.user, ok)
		}
		if !ok {
			continue
		}
		if n := tries.Count(who, d, now, true); n != c.want {
			t.Errorf("%d: %q: %d forms when asked, want %d", i, c.user, n, c.want)
		}
		if n := tries.Count(who, d, now, false); n != c.want {
			t.Errorf("%d: %q: %d forms, want %d", i, c.user, n, c.want)
		}
	}
	d, _ := tries.Parse("8011972595551234", "")
	if n := tries.Count(who, d, now+int64(25*time.Hour), false); n != 1 {
		t.Errorf("the day after: %d forms", n)
	}
	if n := tries.Count(tries.Source(1, 2, 24), d, now, false); n != 1 {
		t.Errorf("a network is its host: %d", n)
	}
}

func TestFloodOfTailsDoesNotHideTheSuspect(t *testing.T) {
	tries := usage.NewTries(512, 24*time.Hour, rate.FixedSeed(1))
	who := tries.Source(1, 2, 32)
	dial := func(w usage.Who, user string) int {
		d, ok := tries.Parse(user, "")
		if !ok {
			t.Fatal(user)
		}
		return tries.Count(w, d, start, false)
	}
	dial(who, "9011972595551234")
	dial(who, "7011972595551234")
	for i := range 20000 {
		dial(tries.Source(7, uint64(i), 32), fmt.Sprintf("0011%09d", i))
	}
	if n := dial(who, "8011972595551234"); n != 3 {
		t.Errorf("%d forms are left", n)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	l, tries := usage.NewLedger(100, rate.FixedSeed(1)), usage.NewTries(100, time.Hour, rate.FixedSeed(1))
	a, who := l.Account("sip:alice@example.test"), tries.Account("sip:alice@example.test")
	if n := testing.AllocsPerRun(1000, func() {
		l.Dialled(a, "01JD", start)
		l.Used(a, start)
		l.Ended(a, "01JD", time.Minute, 5, start)
		d, _ := tries.Parse("9011972595551234", "")
		tries.Count(who, d, start, false)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkUsed(b *testing.B) {
	l := usage.NewLedger(100, rate.FixedSeed(1))
	a := l.Account("sip:alice@example.test")
	l.Dialled(a, "1", start)
	for b.Loop() {
		l.Used(a, start)
	}
}

func BenchmarkTries(b *testing.B) {
	tries := usage.NewTries(1<<16, time.Hour, rate.FixedSeed(1))
	for b.Loop() {
		d, _ := tries.Parse("9011972595551234", "")
		tries.Count(tries.Source(1, 2, 32), d, start, false)
	}
}
