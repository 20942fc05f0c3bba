package newcomers

import (
	"fmt"
	"testing"
	"time"

	"gatehouse.example/internal/state/rate"
)

// broadcast tries strangers, one after the other, and returns what became of each. Who is let through takes it as said, half a minute later.
func broadcast(t *testing.T, m *Memory, from time.Time, strangers int, pace time.Duration, took func(i int) Came) (all []Burst) {
	t.Helper()
	type ring struct {
		s     Subject
		ended time.Time
		how   Came
	}
	var ringing []ring
	for i := range strangers {
		at := from.Add(time.Duration(i) * pace)
		for len(ringing) > 0 && !ringing[0].ended.After(at) {
			m.Heard(ringing[0].s, ringing[0].how, ringing[0].ended)
			ringing = ringing[1:]
		}
		s := m.Subject("caller", true, fmt.Sprint("callee ", from.Unix(), i))
		ahead := m.Standing(s, at).Burst
		b := m.Tried(s, at, false).Burst
		if ahead != b {
			t.Errorf("%d: looked ahead it is %d, and then %d", i, ahead, b)
		}
		all = append(all, b)
		if i < 5 || b != NoBurst {
			how := took(i)
			how.Judged = true
			ringing = append(ringing, ring{s, at.Add(30 * time.Second), how})
		}
	}
	return all
}

func listens(int) Came { return Came{Answered: true, Talk: 25 * time.Second} }
func hangsUp(int) Came { return Came{Answered: true, Talk: 3 * time.Second} }
func misses(int) Came  { return Came{} }

func count(all []Burst, which Burst) (n int) {
	for _, b := range all {
		if b == which {
			n++
		}
	}
	return n
}

func TestBurstIsJudgedByHowItIsTaken(t *testing.T) {
	school := func(i int) Came { // three in five listen, one in ten has no time
		switch {
		case i%10 == 3:
			return hangsUp(i)
		case i%5 < 3:
			return listens(i)
		}
		return misses(i)
	}
	seller := func(i int) Came { // six in ten do not answer, and of the others one in four listens
		switch i % 10 {
		case 0:
			return listens(i)
		case 4, 7:
			return hangsUp(i)
		case 2:
			return Came{Answered: true, Talk: 12 * time.Second}
		}
		return misses(i)
	}
	for _, c := range []struct {
		name         string
		pace         time.Duration
		took         func(int) Came
		heeded, most int // of 200
		sampled      int
	}{
		{"all listen", 5 * time.Second, listens, 180, 200, 10},
		{"a school", 8 * time.Second, school, 150, 200, 30},
		{"a seller", 8 * time.Second, seller, 0, 0, 20},
		{"all hang up", 5 * time.Second, hangsUp, 0, 0, 3},
		{"nobody answers", 5 * time.Second, misses, 0, 0, 8},
		{"as fast as people dial", 15 * time.Second, listens, 0, 0, 0},
	} {
		m := New(Config{Seed: rate.FixedSeed(1)})
		all := broadcast(t, m, begin, 200, c.pace, c.took)
		if n := count(all, BurstHeeded); n < c.heeded || n > c.most {
			t.Errorf("%s: %d of 200 are heeded", c.name, n)
		}
		if n := count(all, BurstSample); n > c.sampled {
			t.Errorf("%s: %d of 200 are let through to tell, want %d at most", c.name, n, c.sampled)
		}
		if n := count(all[:rushMost], NoBurst); n != rushMost {
			t.Errorf("%s: %v before it is a burst", c.name, all[:rushMost])
		}
	}
}

// TestObjectionEndsABurst: and in the next one everything is to be told anew.
func TestObjectionEndsABurst(t *testing.T) {
	m := New(Config{Seed: rate.FixedSeed(1)})
	broadcast(t, m, begin, 40, 5*time.Second, listens)
	at := begin.Add(40 * 5 * time.Second)
	s := m.Subject("caller", true, "another")
	if b := m.Tried(s, at, true).Burst; b != BurstHeeded {
		t.Fatalf("before: %d", b)
	}
	m.Objected(s, "one")
	m.Objected(s, "two")
	for i := range 10 {
		if b := m.Tried(m.Subject("caller", true, fmt.Sprint("later ", i)), at.Add(time.Duration(i)*time.Second), false).Burst; b != NoBurst {
			t.Errorf("%d. after two have objected: %d", i, b)
		}
	}
	all := broadcast(t, m, at.Add(2*time.Hour), 40, 5*time.Second, listens)
	if n := count(all[:rushMost], NoBurst); n != rushMost || count(all, BurstHeeded) < 25 {
		t.Errorf("two hours later: %v", all)
	}
}

// TestOnlyTheFastAreSampled: eight strangers within a minute are no burst for the next hour.
func TestOnlyTheFastAreSampled(t *testing.T) {
	m := New(Config{Seed: rate.FixedSeed(1)})
	broadcast(t, m, begin, rushMost, 5*time.Second, misses)
	for i := range 30 {
		at := begin.Add(time.Duration(2+i) * time.Minute)
		if b := m.Tried(m.Subject("caller", true, fmt.Sprint("later ", i)), at, false).Burst; b != NoBurst {
			t.Errorf("%d minutes later: %d", 2+i, b)
		}
	}
}
