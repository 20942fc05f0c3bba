package reputation_test

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/reputation"
	"pgregory.net/rapid"
)

func start() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

func memory(t testing.TB, cfg reputation.Config) *reputation.Memory {
	t.Helper()
	cfg.Seed = rate.FixedSeed(1)
	m, err := reputation.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func identity(m *reputation.Memory, name string) reputation.Subject {
	return reputation.Subject{Key: m.Key(reputation.Identity, name), Kind: reputation.Identity, Name: name}
}

func TestNewNamesWhatIsWrong(t *testing.T) {
	if _, err := reputation.New(reputation.Config{Voters: 3}); err == nil || err.Error() != "reputation: voters: 3 is not within 64 and 67108864" {
		t.Errorf("got %v", err)
	}
}

// TestOneVoterIsOneVote: whatever voters say and do, each adds at most one vote to either side, and what is sure stays within its bounds.
func TestOneVoterIsOneVote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, err := reputation.New(reputation.Config{Seed: rate.FixedSeed(1)})
		if err != nil {
			t.Fatal(err)
		}
		about, now := identity(m, "x"), start()
		voters := rapid.IntRange(1, 8).Draw(t, "voters")
		for range rapid.IntRange(1, 60).Draw(t, "votes") {
			by := fmt.Sprint("v", rapid.IntRange(0, voters-1).Draw(t, "by"))
			now = now.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "hours")) * time.Hour)
			switch rapid.IntRange(0, 3).Draw(t, "vote") {
			case 0:
				m.Opinion(by, rapid.Bool().Draw(t, "wanted"), now, about)
			case 1:
				m.Deed(by, rapid.Float64Range(-1, 1).Draw(t, "deed"), now, about)
			case 2:
				m.TakeBack(by, now, about)
			case 3:
				m.Reached(by, now, about)
			}
			s := m.Look(about.Key, now)
			if s.Good < 0 || s.Bad < 0 || s.Good+s.Bad > float64(voters)+0.1 || math.Abs(s.Sure) > 1 || s.Wanted < 0 || s.Wanted > 1 {
				t.Fatalf("%d voters: %+v", voters, s)
			}
		}
	})
}

func TestEvidenceFadesAndIsInconclusiveThen(t *testing.T) {
	m := memory(t, reputation.Config{})
	about := identity(m, "x")
	for i := range 6 {
		m.Opinion(fmt.Sprint("v", i), false, start(), about)
	}
	if s := m.Look(about.Key, start()); s.Sure > -0.5 {
		t.Errorf("at once: %+v", s)
	}
	if s := m.Look(about.Key, start().Add(30*24*time.Hour)); math.Abs(s.Bad-3) > 0.01 {
		t.Errorf("after a half-life: %+v", s)
	}
	if s := m.Look(about.Key, start().Add(200*24*time.Hour)); s.Sure != 0 {
		t.Errorf("after 200 days: %+v", s)
	}
}

// TestSlanderersLoseTheirStanding: who contradicts everybody again and again counts less in the end.
func TestSlanderersLoseTheirStanding(t *testing.T) {
	m, now := memory(t, reputation.Config{}), start()
	for i := range 15 {
		about := identity(m, fmt.Sprint("shop", i))
		for j := range 8 {
			m.Opinion(fmt.Sprint("v", j), true, now, about)
		}
		m.Opinion("slanderer", false, now, about)
		now = now.Add(24 * time.Hour)
	}
	m.Opinion("slanderer", false, now, identity(m, "new"))
	m.Opinion("v1", false, now, identity(m, "other"))
	slander, word := m.Look(m.Key(reputation.Identity, "new"), now).Bad, m.Look(m.Key(reputation.Identity, "other"), now).Bad
	if slander > 0.2 || word < 0.9 {
		t.Errorf("a slanderer's vote is %v, another's %v", slander, word)
	}
}

func TestVotesWeighByTrust(t *testing.T) {
	m := memory(t, reputation.Config{Trust: func(voter string) float64 {
		if voter == "mafioso" {
			return 0.05
		}
		return 1
	}})
	m.Opinion("mafioso", true, start(), identity(m, "boss"))
	if s := m.Look(m.Key(reputation.Identity, "boss"), start()); s.Good > 0.06 {
		t.Errorf("%+v", s)
	}
}

// shelf is a storage in memory.
type shelf struct{ kept []reputation.Entry }

func (s *shelf) LoadReputation(context.Context, int) ([]reputation.Entry, error) { return s.kept, nil }
func (s *shelf) PutReputation(_ context.Context, put []reputation.Entry, _ time.Time) error {
	s.kept = put
	return nil
}

func TestReputationOutlivesARestart(t *testing.T) {
	s := new(shelf)
	m := memory(t, reputation.Config{Storage: s})
	for i := range 30 {
		m.Reached(fmt.Sprint("u", i), start(), identity(m, "x"))
		m.Deed(fmt.Sprint("u", i), reputation.Talked, start(), identity(m, "x"))
	}
	m.Opinion("u1", false, start(), identity(m, "x"))
	if err := m.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := memory(t, reputation.Config{Storage: s})
	if err := again.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a, b := m.Look(m.Key(reputation.Identity, "x"), start()), again.Look(again.Key(reputation.Identity, "x"), start()); a != b || a.Reached != 30 {
		t.Errorf("%+v before, %+v after", a, b)
	}
}

func TestManyGoroutines(t *testing.T) {
	m := memory(t, reputation.Config{Subjects: 1024, Behaviours: 1024, Voters: 1024, Storage: new(shelf)})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 500 {
				name := fmt.Sprint("x", j%37)
				m.Opinion(fmt.Sprint("v", i), j%2 == 0, start(), identity(m, name))
				m.Behaved(m.Behaviour(m.Key(reputation.Identity, name)), fmt.Sprint("u", j), false, "text", start(), false)
				m.Flagged(name, start())
				m.Broken(name, start())
				m.Cleared(name)
				m.Look(m.Key(reputation.Identity, name), start())
			}
		})
	}
	wg.Wait()
	if s := m.Stats(); s.Octets > 1<<20 || s.Votes != 2000 {
		t.Errorf("%+v", s)
	}
}

// Who introduces himself to those who are new to him is not taken for somebody else, as far as people do that; who does not is, at the fifth.
func TestWhoIntroducesHimselfIsNoZombie(t *testing.T) {
	for _, c := range []struct {
		introduced bool
		callees    int
		broken     bool
	}{{false, 5, true}, {true, 10, false}, {true, 30, true}} {
		m, now := memory(t, reputation.Config{}), start()
		key := m.Behaviour(m.Key(reputation.Identity, "friend"))
		for day := range 10 {
			m.Behaved(key, "ann", false, "", now.Add(time.Duration(day)*24*time.Hour), false)
		}
		broken := 0.0
		for i := range c.callees {
			at := now.Add(11*24*time.Hour + time.Duration(i)*time.Minute)
			to := fmt.Sprint("stranger ", i)
			broken = m.Behaved(key, to, false, "", at, false)
			if c.introduced {
				m.Introduced("friend", to)
			}
		}
		if (broken >= 0.5) != c.broken {
			t.Errorf("%d callees, introduced %v: %v", c.callees, c.introduced, broken)
		}
	}
}

// A school that one of our users has called is no person for that: it calls two others each day, and all on the day when it closes. A friend who calls the same two is one.
func TestWhoCallsOthersEachDayIsNoZombie(t *testing.T) {
	for name, c := range map[string]struct {
		callee func(day, i int) string
		broken bool
	}{
		"a school": {func(day, i int) string { return fmt.Sprint("parent ", 2*day+i) }, false},
		"a friend": {func(_, i int) string { return fmt.Sprint("friend ", i) }, true},
	} {
		m, now := memory(t, reputation.Config{}), start()
		key := m.Behaviour(m.Key(reputation.Identity, name))
		m.Befriended(name, now)
		for day := range 6 {
			for i := range 2 {
				m.Behaved(key, c.callee(day, i), false, "", now.Add(time.Duration(day)*24*time.Hour), false)
			}
		}
		broken := 0.0
		for i := range 10 {
			broken = m.Behaved(key, fmt.Sprint("other ", i), false, "", now.Add(7*24*time.Hour+time.Duration(i)*time.Minute), false)
		}
		if (broken >= 0.5) != c.broken {
			t.Errorf("%s: %v", name, broken)
		}
	}
}
