package known_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"gatehouse.example/internal/state/known"
	"gatehouse.example/internal/state/rate"
	"pgregory.net/rapid"
)

const (
	bob   = "sip:bob@example.test"
	carol = "sip:carol@far.test"
)

func start() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

func memory(t testing.TB, cfg known.Config) *known.Memory {
	t.Helper()
	cfg.Seed = rate.FixedSeed(1)
	m, err := known.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func look(m *known.Memory, owner, peer string, now time.Time) known.Relation {
	return m.Look(m.Subject(owner, "example.test", peer, now), now)
}

func TestNewNamesWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		cfg  known.Config
		want string
	}{
		{known.Config{Peers: 1}, "known: peers 1 and recent 65536 must be within 64 and 67108864"},
		{known.Config{Busy: 71}, "known: busy: 71 is not within 1 and 70"},
	} {
		if _, err := known.New(c.cfg); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// TestOnlyTheOwnersDeedsMakeARelation: whatever a peer does, he is no friend; whatever the owner does makes strengths between 0 and 1.
func TestOnlyTheOwnersDeedsMakeARelation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, err := known.New(known.Config{Seed: rate.FixedSeed(1), Peers: 64, Recent: 64})
		if err != nil {
			t.Fatal(err)
		}
		now, own := start(), false
		for range rapid.IntRange(1, 30).Draw(t, "deeds") {
			now = now.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "pause")) * time.Second)
			switch rapid.IntRange(0, 5).Draw(t, "deed") {
			case 0:
				m.Attempted(m.Subject(bob, "", carol, now), now, false)
			case 1:
				m.Received(bob, carol, rapid.Bool().Draw(t, "answered"), false, time.Duration(rapid.IntRange(0, 30).Draw(t, "ring"))*time.Second, time.Minute, now)
			case 2:
				m.Dialled(bob, carol, now)
			case 3:
				if rapid.Bool().Draw(t, "own") {
					own = true
					m.Placed(bob, carol, rapid.Bool().Draw(t, "taken"), now)
				}
			case 4:
				if rapid.Bool().Draw(t, "own") {
					own = true
					m.Wrote(bob, carol, now)
				}
			}
			r := look(m, bob, carol, now)
			if r.Strength < 0 || r.Strength > 1 || r.Talk < 0 || r.Talk > 1 || !own && r.Strength != 0 {
				t.Fatalf("own deeds %v: %+v", own, r)
			}
			if other := look(m, "sip:dave@example.test", carol, now); other.Strength != 0 {
				t.Fatalf("a friend of another: %+v", other)
			}
		}
	})
}

func TestMachinesTeachNothing(t *testing.T) {
	m, now := memory(t, known.Config{Busy: 10}), start()
	for i := range 200 {
		now = now.Add(time.Second)
		m.Placed(bob, fmt.Sprintf("+1555123%04d", i), true, now)
	}
	s := m.Stats()
	if s.Learned > 20 || s.Refused < 180 {
		t.Errorf("%+v", s)
	}
}

// TestUsersWithNumbersAreColleagues as well as those with addresses: a number does not tell its domain.
func TestUsersWithNumbersAreColleagues(t *testing.T) {
	m := memory(t, known.Config{})
	for _, owner := range []string{"+15551230001", "+15551230002", "sip:alice@example.test"} {
		m.Placed(owner, carol, true, start())
	}
	for owner, want := range map[string]int{"+15551230001": 1, "+15551230003": 2, bob: 1} {
		if got := look(m, owner, carol, start()).Colleagues; got != want {
			t.Errorf("%d colleagues of %s know her, want %d", got, owner, want)
		}
	}
}

func TestWhoIsKnownBeforeIsNotLaunderedAway(t *testing.T) {
	m, now := memory(t, known.Config{}), start()
	m.Placed(bob, carol, true, now)
	m.Received(bob, carol, false, false, time.Second, 0, now.Add(time.Hour))
	m.Placed(bob, carol, true, now.Add(2*time.Hour))
	if r := look(m, bob, carol, now.Add(3*time.Hour)); r.Answered != 2 || r.CallBacks != 0 || m.Stats().Laundered != 0 {
		t.Errorf("%+v, %+v", r, m.Stats())
	}
	m.Received(bob, "sip:ring@once.test", false, false, time.Second, 0, now)
	for i := range 5 {
		m.Placed(bob, "sip:ring@once.test", true, now.Add(time.Duration(i)*time.Hour))
	}
	if r := look(m, bob, "sip:ring@once.test", now.Add(5*time.Hour)); r.Strength != 0 || m.Stats().Laundered != 5 {
		t.Errorf("%+v, %+v", r, m.Stats())
	}
}

func TestFloodOfStrangersEvictsNoFriend(t *testing.T) {
	m, now := memory(t, known.Config{Peers: 1024, Recent: 1024}), start()
	m.Import(bob, carol, now)
	for i := range 50_000 {
		peer := fmt.Sprintf("sip:x%d@evil.test", i)
		m.Attempted(m.Subject(bob, "", peer, now), now, false)
		m.Received(bob, peer, true, false, 0, time.Minute, now)
	}
	if r := look(m, bob, carol, now); r.Strength != 1 {
		t.Errorf("%+v", r)
	}
	if s := m.Stats(); s.Octets > 1<<18 {
		t.Errorf("%+v", s)
	}
}

// shelf is a storage that may refuse.
type shelf struct {
	mu   sync.Mutex
	kept map[string]known.Entry
	err  error
}

func (s *shelf) LoadKnown(context.Context, int) (all []known.Entry, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.kept {
		all = append(all, e)
	}
	return all, s.err
}

func (s *shelf) PutKnown(_ context.Context, put []known.Entry, gone []known.Pair, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		for _, e := range put {
			s.kept[e.Owner+e.Peer] = e
		}
		for _, p := range gone {
			delete(s.kept, p.Owner+p.Peer)
		}
	}
	return s.err
}

func (s *shelf) KnownOf(_ context.Context, owner string) (all []known.Entry, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.kept {
		if e.Owner == owner {
			all = append(all, e)
		}
	}
	return all, s.err
}

func TestRelationsOutliveARestart(t *testing.T) {
	s := &shelf{kept: map[string]known.Entry{}, err: errors.New("the disk is full")}
	m, now := memory(t, known.Config{Storage: s}), start()
	m.Placed(bob, carol, true, now)
	m.Judge(bob, carol, true, now)
	m.Placed("sip:dave@example.test", carol, true, now)
	if err := m.Flush(t.Context()); err == nil || err.Error() != "known: the disk is full" {
		t.Errorf("got %v", err)
	}
	s.err = nil
	if err := m.Flush(t.Context()); err != nil || len(s.kept) != 2 {
		t.Fatalf("%v, %v", err, s.kept)
	}
	loaded := 0
	again := memory(t, known.Config{Storage: s, Loaded: func(*known.Entry) { loaded++ }})
	if err := again.Load(t.Context()); err != nil || loaded != 2 {
		t.Fatalf("%d, %v", loaded, err)
	}
	if a, b := look(m, bob, carol, now), look(again, bob, carol, now); a != b || a.Verdict != 1 || a.Colleagues != 1 {
		t.Errorf("%+v before, %+v after", a, b)
	}
}

func TestManyGoroutines(t *testing.T) {
	m := memory(t, known.Config{Peers: 1024, Recent: 1024, Storage: &shelf{kept: map[string]known.Entry{}}})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 500 {
				peer := fmt.Sprintf("+1555123%04d", j%37)
				m.Placed(bob, peer, true, start())
				m.Received(bob, peer, false, false, time.Second, 0, start())
				m.Expect(bob, start(), start().Add(time.Hour))
				m.Expected(m.Subject(bob, "", peer, start()), start())
				look(m, bob, peer, start())
				if j%100 == i {
					if err := m.Flush(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
}
