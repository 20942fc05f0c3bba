package stranger_test

import (
	"fmt"
	"testing"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// TestFriendsInARush: a caller whom one or two users know tries one stranger after the other, and is noticed where he is known as well.
func TestFriendsInARush(t *testing.T) {
	for friends, want := range map[int]float64{0: 0, 2: 1, 40: 0} {
		g := newGate(t)
		g.friends = friends
		for i := range 7 {
			g.judge(g.attempt("sip:+15551230001@x.test", fmt.Sprintf("sip:user%d@example.test", i), verdict.StirA, start.Add(time.Duration(i)*time.Minute)))
		}
		g.friend = "sip:+15551230001@x.test"
		a := g.attempt("sip:+15551230001@x.test", bob, verdict.StirA, start.Add(20*time.Minute))
		a.From.Identity = g.friend
		if got := g.signals(a)["STRANGER_RUSH"]; got != want {
			t.Errorf("with %d friends: %v", friends, got)
		}
		a.Time = start.Add(3 * time.Hour)
		if got := g.signals(a)["STRANGER_RUSH"]; got != 0 {
			t.Errorf("with %d friends, hours later: %v", friends, got)
		}
	}
}

// TestFriendsWhoCallAgainAndAgain: beside two strangers a friend who tries one of his own time after time is in a rush; without them he is not, nor with each of his
// friends once.
func TestFriendsWhoCallAgainAndAgain(t *testing.T) {
	for name, c := range map[string]struct {
		strangers int
		friends   []string
		want      bool
	}{
		"two strangers, and a friend four times":     {2, []string{"ann", "ann", "ann", "ann"}, true},
		"one stranger, and a friend four times":      {1, []string{"ann", "ann", "ann", "ann"}, false},
		"two strangers, and four friends":            {2, []string{"ann", "bob", "carol", "dave"}, false},
		"two strangers, and a friend in the evening": {2, []string{"ann"}, false},
	} {
		g, n := newGate(t), 0
		g.friends, g.chosen = 1, true
		call := func(to string, friend bool) float64 {
			g.friend = ""
			if friend {
				g.friend = "tel:+15551230001"
			}
			a := g.attempt("sip:+15551230001@x.test", "sip:"+to+"@example.test", verdict.StirA, start.Add(time.Duration(n)*3*time.Minute))
			n++
			return g.signals(a)["STRANGER_RUSH"]
		}
		for i := range c.strangers {
			call(fmt.Sprint("user", i), false)
		}
		rush := 0.0
		for _, f := range c.friends {
			rush = call(f, true)
		}
		if (rush >= 0.5) != c.want {
			t.Errorf("%s: %.2f", name, rush)
		}
	}
}

// TestWhoIntroducesHimselfIsInNoRush: a friend who invites a dozen people whom he does not know and says to each who he is.
func TestWhoIntroducesHimselfIsInNoRush(t *testing.T) {
	for passes, want := range map[bool]bool{true: false, false: true} {
		g, most := newGate(t), 0.0
		g.friends = 2
		for i := range 10 {
			a := g.attempt("sip:+15551230001@x.test", fmt.Sprintf("sip:user%d@example.test", i), verdict.StirA, start.Add(time.Duration(i)*3*time.Minute))
			rush := g.signals(a)["STRANGER_RUSH"]
			most = max(most, rush)
			switch {
			case rush == 0:
				g.answered(a, verdict.Relay, 15*time.Second)
			case passes:
				g.answered(a, verdict.Introduce, 15*time.Second)
			default:
				g.engine.Learn(&screen.Ending{Attempt: a, Action: verdict.Introduce, Time: a.Time})
			}
		}
		if (most > 0.5) != want {
			t.Errorf("passes %v: STRANGER_RUSH %.2f", passes, most)
		}
	}
}

// TestOrganisationsAreInNoRush: a school that one or two users have called tells all parents something, after it has called one and another of them for days. A friend who
// has called three does not tell a whole street.
func TestOrganisationsAreInNoRush(t *testing.T) {
	for before, want := range map[int]bool{8: false, 3: true} {
		g, most := newGate(t), 0.0
		g.friends = 2
		call := func(i int, at time.Time) {
			a := g.attempt("sip:+15551230001@x.test", fmt.Sprintf("sip:user%d@example.test", i), verdict.StirA, at)
			most = max(most, g.signals(a)["STRANGER_RUSH"])
			g.answered(a, verdict.Relay, 15*time.Second)
		}
		for i := range before {
			call(i, start.Add(time.Duration(i)*5*time.Hour))
		}
		for i := range 8 {
			call(100+i, start.Add(48*time.Hour+time.Duration(i)*time.Minute))
		}
		if (most > 0.5) != want {
			t.Errorf("after %d: STRANGER_RUSH %.2f", before, most)
		}
	}
}

// TestBurstsAreJudgedByHowTheyAreTaken: whom two users have called dials sixty strangers in six minutes. A school's parents listen; a thief's victims do not.
func TestBurstsAreJudgedByHowTheyAreTaken(t *testing.T) {
	for name, c := range map[string]struct {
		talk      time.Duration
		pace      time.Duration
		stopped   bool
		mostRings int
	}{
		"they listen":                   {25 * time.Second, 6 * time.Second, false, 60},
		"they hang up":                  {3 * time.Second, 6 * time.Second, true, 8},
		"by hand, however they take it": {25 * time.Second, 20 * time.Second, true, 8},
	} {
		g, rings, last := newGate(t), 0, 0
		g.friends = 2
		for i := range 60 {
			a := g.attempt("sip:+15551230001@x.test", fmt.Sprintf("sip:user%d@example.test", i), verdict.StirA, start.Add(time.Duration(i)*c.pace))
			found := g.signals(a)
			if found["STRANGER_RUSH"] > 0.8 || found["STRANGER_RISK"] >= 0.4 {
				if found["STRANGER_BURST"] > 0 {
					t.Errorf("%s: %d is stopped, and said to be let through: %v", name, i, found)
				}
				continue
			}
			rings++
			if i >= 40 {
				last++
			}
			g.answered(a, verdict.Relay, c.talk)
		}
		if (last == 0) != c.stopped || !c.stopped && last < 20 || rings > c.mostRings {
			t.Errorf("%s: %d of 60 ring, %d of the last twenty", name, rings, last)
		}
	}
}
