package newcomers

import (
	"fmt"
	"math"
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
				if !met[pair] {
					tried[who][callee] = true
				}
				if got, want := m.Tried(s, now, false).Callees, len(tried[who]); !met[pair] && (got < want*2/3-2 || got > want*3/2+2) {
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

// attempts lets a caller try users from one number on, a minute apart, and ends each attempt.
func attempts(m *Memory, from, n int, at *time.Time, end func(Subject, time.Time)) (s Standing) {
	for i := range n {
		subject := m.Subject("caller", true, fmt.Sprint("callee ", from+i))
		*at = at.Add(7 * time.Minute)
		s = m.Tried(subject, *at, false)
		end(subject, *at)
	}
	return s
}

func TestEvidenceLeans(t *testing.T) {
	answered := Came{Answered: true, Judged: true, Talk: 18 * time.Second}
	for name, c := range map[string]struct {
		end         func(*Memory) func(Subject, time.Time)
		least, most float64
	}{
		"taken by all": {func(m *Memory) func(Subject, time.Time) {
			return func(s Subject, at time.Time) { m.Heard(s, answered, at) }
		}, leanLeast, -4},
		"missed by all": {func(m *Memory) func(Subject, time.Time) {
			return func(s Subject, at time.Time) { m.Heard(s, Came{Judged: true}, at) }
		}, 4, leanMost},
		"missed by all, who were warned": {func(m *Memory) func(Subject, time.Time) {
			return func(s Subject, at time.Time) { m.Heard(s, Came{Judged: true, Labelled: true}, at) }
		}, .5, 3},
		"hung up by all": {func(m *Memory) func(Subject, time.Time) {
			return func(s Subject, at time.Time) { m.Heard(s, Came{Answered: true, Judged: true, Talk: time.Second}, at) }
		}, 1, leanMost},
		"not let through, and gone away": {func(m *Memory) func(Subject, time.Time) {
			return func(s Subject, _ time.Time) { m.Failed(s, false) }
		}, 3.5, leanMost},
		"objected to by one in ten": {func(m *Memory) func(Subject, time.Time) {
			n := 0
			return func(s Subject, at time.Time) {
				m.Heard(s, Came{}, at)
				if n++; n%10 == 0 {
					m.Objected(s, fmt.Sprint("objector ", n))
				}
			}
		}, 2, leanMost},
		"messages nobody has said anything of": {func(m *Memory) func(Subject, time.Time) {
			return func(s Subject, at time.Time) { m.Heard(s, Came{Answered: true}, at) }
		}, -2, 0},
	} {
		m, at := New(Config{Seed: rate.FixedSeed(1)}), begin
		got := attempts(m, 0, 40, &at, c.end(m))
		if got.Lean < c.least || got.Lean > c.most {
			t.Errorf("%s: leans %.2f, want %v to %v", name, got.Lean, c.least, c.most)
		}
	}
}

// TestARecordDoesNotLast: who was welcome for long and is not any more is found out within some twenty calls.
func TestARecordDoesNotLast(t *testing.T) {
	m, at := New(Config{Seed: rate.FixedSeed(1)}), begin
	good := attempts(m, 0, 200, &at, func(s Subject, at time.Time) {
		m.Heard(s, Came{Answered: true, Judged: true, Talk: 18 * time.Second}, at)
	})
	bad := attempts(m, 200, 20, &at, func(s Subject, at time.Time) { m.Heard(s, Came{Judged: true}, at) })
	if good.Lean > -4 || bad.Lean < 0 {
		t.Errorf("leans %.2f, then %.2f", good.Lean, bad.Lean)
	}
}

// TestRecordsDoNotFadeByTrying: neither does who is refused get away by dialling on, nor is a burst judged before its calls have ended; days make up for much.
// TestARecordFadesWhileFriendsAreCalled: a school has parents who know it and others who do not.
func TestARecordFadesWhileFriendsAreCalled(t *testing.T) {
	m, quiet := New(Config{Seed: rate.FixedSeed(1)}), New(Config{Seed: rate.FixedSeed(1)})
	now := begin
	for _, memory := range []*Memory{m, quiet} {
		now = begin
		attempts(memory, 0, 12, &now, func(s Subject, _ time.Time) { memory.Objected(s, fmt.Sprint(s.callee)) })
	}
	friend := m.Subject("caller", true, "friend")
	for range 9 * 24 {
		now = now.Add(time.Hour)
		m.Known(friend, now, false)
	}
	got, want := m.Standing(friend, now).Lean, m.Tried(m.Subject("caller", true, "another"), now, false).Lean
	if alone := quiet.Tried(quiet.Subject("caller", true, "another"), now, false).Lean; got > alone+.1 || want > alone+.1 || alone < .1 {
		t.Errorf("after nine days %.2f leans against it, %.2f at the next stranger, and %.2f without friends", got, want, alone)
	}
}

func TestRecordsDoNotFadeByTrying(t *testing.T) {
	m, at := New(Config{Seed: rate.FixedSeed(1)}), begin
	bad := attempts(m, 0, 20, &at, func(s Subject, at time.Time) { m.Heard(s, Came{Judged: true}, at) })
	still := attempts(m, 20, 60, &at, func(Subject, time.Time) {})
	at = at.Add(12 * 24 * time.Hour)
	later := attempts(m, 90, 1, &at, func(Subject, time.Time) {})
	if bad.Lean < 2 || still.Lean < bad.Lean*.9 || later.Lean > bad.Lean/8 {
		t.Errorf("leans %.2f, after further attempts %.2f, and days later %.2f", bad.Lean, still.Lean, later.Lean)
	}
}

// TestTestsAreCounted: each callee once, and who has passed in the end has passed.
func TestTestsAreCounted(t *testing.T) {
	m, at := New(Config{Seed: rate.FixedSeed(1)}), begin
	attempts(m, 0, 4, &at, func(s Subject, at time.Time) { m.Failed(s, true) })
	attempts(m, 4, 4, &at, func(s Subject, at time.Time) { m.Failed(s, false) })
	attempts(m, 3, 2, &at, func(s Subject, at time.Time) { m.Heard(s, Came{Judged: true, Introduced: true}, at) })
	if got := m.Standing(m.Subject("caller", true, "callee 1"), at); got.Failed != 3 || got.Passed != 2 {
		t.Errorf("failed %d, want 3; passed %d, want 2", got.Failed, got.Passed)
	}
}

// TestTestsSaySomethingForAWeek: what a thief has failed does not count beside what the owner passes later, however often.
func TestTestsSaySomethingForAWeek(t *testing.T) {
	m, at := New(Config{Seed: rate.FixedSeed(1)}), begin
	attempts(m, 0, 10, &at, func(s Subject, at time.Time) { m.Failed(s, true) })
	for i := range 10 {
		at = at.Add(36 * time.Hour)
		s := m.Subject("caller", true, fmt.Sprint("friend ", i))
		if got := m.Tried(s, at, false); (got.Failed > 0) != (i < 4) {
			t.Errorf("%v later %d have failed", at.Sub(begin), got.Failed)
		}
		m.Heard(s, Came{Judged: true, Introduced: true, Began: at}, at)
	}
}

func TestWhoComesBackIsNoMachineWithAList(t *testing.T) {
	m, at := New(Config{Seed: rate.FixedSeed(1)}), begin
	for i := range 20 {
		s := m.Subject("caller", false, fmt.Sprint("callee ", i))
		at = at.Add(30 * time.Minute)
		m.Tried(s, at, false)
		m.Failed(s, false)
		if got := m.Tried(s, at.Add(10*time.Second), true).Returned; got != 0 {
			t.Fatalf("a redial after ten seconds is taken for a return: %v", got)
		}
		at = at.Add(10 * time.Minute)
		if got := m.Tried(s, at, false).Returned; got != 10*time.Minute {
			t.Fatalf("came back after %v", got)
		}
		m.Heard(s, Came{Answered: true, Judged: true, Talk: 18 * time.Second}, at)
	}
	if got := m.Standing(m.Subject("caller", false, "callee 99"), at); got.Lean > -2 {
		t.Errorf("%+v", got)
	}
}

// TestVoicesAreBounded: one person objects once, and a mafia's praise neither grows without end nor stands for being let through.
func TestVoicesAreBounded(t *testing.T) {
	m, at := New(Config{Seed: rate.FixedSeed(1)}), begin
	s := m.Subject("caller", true, "callee")
	m.Tried(s, at, false)
	for range 100 {
		m.Objected(s, "callee")
	}
	if got := m.Standing(s, at).Lean; got < leanObjected-.1 || got > leanObjected+.1 {
		t.Errorf("a hundred objections of one person lean %.2f", got)
	}
	m, at = New(Config{Seed: rate.FixedSeed(1)}), begin
	got := attempts(m, 0, 20, &at, func(s Subject, at time.Time) {
		m.Heard(s, Came{}, at)
		m.Praised(s, fmt.Sprint("callee ", s.callee))
	})
	if got.Lean < praisersCount*leanPraised+20*leanHeard-.1 {
		t.Errorf("twenty voices in favour lean %.2f", got.Lean)
	}
}

func TestARushIsOfOneHour(t *testing.T) {
	m, at := New(Config{Seed: rate.FixedSeed(1)}), begin
	for i := range 20 {
		s := m.Subject("caller", true, fmt.Sprint("callee ", i))
		at = at.Add(20 * time.Minute)
		if got, most := m.Tried(s, at, false).Rush, min(i+1, 3); got != most {
			t.Fatalf("%d. stranger: a rush of %d", i+1, got)
		}
	}
}

// TestWhoIsTriedAgainIsCounted: somebody who knows the caller, or was reached within the hour; not who is tried once, long after, or was not reached.
func TestWhoIsTriedAgainIsCounted(t *testing.T) {
	m := New(Config{Seed: rate.FixedSeed(1)})
	friend, stranger, missed := m.Subject("caller", true, "friend"), m.Subject("caller", true, "stranger"), m.Subject("caller", true, "missed")
	for i, step := range []struct {
		minute int
		of     func(now time.Time) Standing
		want   int
	}{
		{0, func(now time.Time) Standing { return m.Known(friend, now, false) }, 0},
		{1, func(now time.Time) Standing { return m.Known(friend, now, true) }, 0},
		{2, func(now time.Time) Standing { return m.Known(friend, now, false) }, 1},
		{3, func(now time.Time) Standing { return m.Tried(stranger, now, false) }, 1},
		{4, func(now time.Time) Standing { return m.Tried(stranger, now, true) }, 3},
		{5, func(now time.Time) Standing { return m.Tried(stranger, now, false) }, 3},
		{6, func(now time.Time) Standing {
			m.Tried(missed, now, false)
			m.Failed(missed, true)
			return m.Tried(missed, now.Add(time.Minute), false)
		}, 3},
		{8, func(now time.Time) Standing { return m.Known(friend, now, false) }, 4},
		{66, func(now time.Time) Standing { return m.Known(friend, now, false) }, 3},
		{200, func(now time.Time) Standing { return m.Known(friend, now, false) }, 0},
	} {
		if got := step.of(begin.Add(time.Duration(step.minute) * time.Minute)); got.Again != step.want {
			t.Errorf("%d: again %d times, want %d", i, got.Again, step.want)
		}
	}
}

// TestGuestsAreNoRush: those to whom a caller has introduced itself are counted apart, as many as come to a party.
func TestGuestsAreNoRush(t *testing.T) {
	m, at := New(Config{Seed: rate.FixedSeed(1)}), begin
	for i := range 30 {
		s := m.Subject("caller", true, fmt.Sprint("callee ", i))
		at = at.Add(2 * time.Minute)
		got := m.Tried(s, at, false)
		if i < 10 && got.Rush > 1 || got.Rush+got.Guests != min(i+1, rushMost) {
			t.Errorf("%d. stranger: a rush of %d and %d guests", i+1, got.Rush, got.Guests)
		}
		if i == 29 && got.Rush != rushMost {
			t.Errorf("after %d introductions a rush of %d", i, got.Rush)
		}
		m.Heard(s, Came{Answered: true, Introduced: true, Judged: true, Began: at, Talk: 15 * time.Second}, at.Add(time.Minute))
	}
}

// TestStrangersAreJudgedByTheirKind: traits are learned, the fast ones forgotten within hours.
func TestStrangersAreJudgedByTheirKind(t *testing.T) {
	m, at := New(Config{Seed: rate.FixedSeed(1)}), begin
	kind := func(way string, name uint64) []Trait {
		return []Trait{m.Number(1, 0, 1), m.Word(2, way, 1).Lately(), m.Number(3, name, 1)}
	}
	if odds := m.Odds(kind("a", 0), at); odds > 0 {
		t.Errorf("before anything is known the odds are %.2f", odds)
	}
	for range 50 {
		m.Teach(kind("a", 0), false, 1, at)
		m.Teach(kind("b", 1), true, 1, at)
	}
	if bad, good := m.Odds(kind("a", 0), at), m.Odds(kind("b", 1), at); bad < 3 || good > -3 {
		t.Errorf("odds are %.2f and %.2f", bad, good)
	}
	now, later := m.Odds(kind("a", 1), at), m.Odds(kind("a", 1), at.Add(24*time.Hour))
	if later > now-1 {
		t.Errorf("odds of a trunk with a campaign are %.2f, and a day later %.2f", now, later)
	}
}

// TestATestIsWorthWhatItKeepsOut: where people object to those who passed, passing says nothing.
func TestATestIsWorthWhatItKeepsOut(t *testing.T) {
	m := New(Config{Seed: rate.FixedSeed(1)})
	before := m.Worth(begin)
	for i := range 1000 {
		s := m.Subject(fmt.Sprint(i), false, "callee")
		m.Tried(s, begin, false)
		m.Heard(s, Came{Introduced: true}, begin)
		if i%20 == 0 {
			m.Objected(s, "callee")
		}
	}
	if after := m.Worth(begin); before < .8 || after > .2 {
		t.Errorf("worth %.2f, then %.2f", before, after)
	}
}

func TestPatience(t *testing.T) {
	m := New(Config{Seed: rate.FixedSeed(1)})
	for range 2000 {
		m.Admitted(.05, false, 0)
	}
	if p := m.Patience(); p != 1 {
		t.Errorf("nobody was asked: %v", p)
	}
	for range 200 {
		m.Admitted(.05, true, 0)
	}
	if p := m.Patience(); p != -1 {
		t.Errorf("everybody was asked: %v", p)
	}
}

func TestLenience(t *testing.T) {
	m := New(Config{Seed: rate.FixedSeed(1)})
	for range 10_000 {
		m.Admitted(.05, false, .001)
	}
	if l := m.Lenience(); l != 1 {
		t.Errorf("nobody was refused: %v", l)
	}
	for range 400 {
		m.Refused(.01)
	}
	if l := m.Lenience(); math.Abs(l+1) > 1e-6 {
		t.Errorf("too many were: %v", l)
	}
}

// TestThoseWhoCameBackAreCounted once for each callee.
func TestThoseWhoCameBackAreCounted(t *testing.T) {
	m, now := New(Config{Seed: rate.FixedSeed(1)}), time.Unix(1_795_000_000, 0)
	var s Standing
	for i := range 6 {
		subject := m.Subject("+15551230001", true, fmt.Sprintf("sip:user%d@example.test", i%3))
		for range 2 {
			now = now.Add(5 * time.Minute)
			s = m.Tried(subject, now, false)
			m.Failed(subject, true)
		}
	}
	if s.Back != 3 {
		t.Errorf("came back to %d", s.Back)
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
