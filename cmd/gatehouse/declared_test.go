package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// told is a check that reports what it is told to.
type told struct {
	info screen.Info
	says map[string]float64
}

func (c *told) Info() screen.Info { return c.info }

func (c *told) Run(_ context.Context, _ *screen.Attempt, r *screen.Report) {
	for _, s := range c.info.Signals {
		if strength, ok := c.says[s.Name]; ok {
			r.Signal(s.Name, strength, "as told")
		}
	}
}

// judgedBy is what the shipped weights, composites and thresholds make of signals.
func judgedBy(t *testing.T, says map[string]float64) *verdict.Verdict {
	t.Helper()
	var checks []screen.Check
	for _, info := range checkInfos() {
		checks = append(checks, &told{info, says})
	}
	engine, err := screen.New(checks)
	if err != nil {
		t.Fatal(err)
	}
	mode := verdict.Enforce
	p, err := engine.Resolve(shipped(engine), screen.Layer{Mode: &mode, Introduce: []string{"turing"}})
	if err != nil {
		t.Fatal(err)
	}
	a, v := &screen.Attempt{Kind: verdict.Call, Introductions: []string{"turing"}}, new(verdict.Verdict)
	if !engine.Cheap(a, p, v) {
		engine.Lookup(t.Context(), a, p, v)
	}
	return v
}

// TestWhatADeclarationIsWorth: it takes away what is held against strangers and machines as such, and nothing else.
func TestWhatADeclarationIsWorth(t *testing.T) {
	proven := func(strength float64, more string) map[string]float64 {
		says := map[string]float64{"LISTS_DECLARED": strength}
		if strength == 1 {
			says["IDENTITY_PROVEN"], says["STRANGER_PROVEN"] = 1, 1
		} else {
			says["IDENTITY_PARTIAL"], says["STRANGER_PARTIAL"] = 1, 1
		}
		for _, s := range strings.Fields(more) {
			name, level := s, 1.0
			if before, after, ok := strings.Cut(s, "="); ok {
				name = before
				if _, err := fmt.Sscan(after, &level); err != nil {
					t.Fatal(err)
				}
			}
			says[name] = level
		}
		return says
	}
	for _, c := range []struct {
		name, more string
		strength   float64
		want       verdict.Action
	}{
		{"a stranger of a kind that is asked", "STRANGER_RISK=.4", 1, verdict.Relay},
		{"a stranger of a kind that is refused until it comes back", "STRANGER_RISK", 1, verdict.Relay},
		{"which its provider vouches for in part: asked", "STRANGER_RISK", .5, verdict.Introduce},
		{"of a kind that is asked, in part: let through", "STRANGER_RISK=.55", .5, verdict.Relay},
		{"a school that calls hundreds at once", "STRANGER_RISK RATE_CALLER RATE_FANOUT RATE_SOURCE STRANGER_BURST", 1, verdict.Relay},
		{"from a list in its order, without a risky kind", "RATE_CALLER RATE_FANOUT RATE_SOURCE HARVEST_SEQUENCE HARVEST_DICTIONARY", 1, verdict.Relay},
		{"under a number that was like a person's", "STRANGER_RISK STRANGER_RUSH REPUTATION_ZOMBIE RATE_FANOUT", 1, verdict.Relay},
		{"to a callee whom a crowd calls", "FLOOD_CALLEE STRANGER_RISK", 1, verdict.Relay},
		{"that writes like others of its kind", "CONTENT_SPAM CONTENT_SENDER_KIND", 1, verdict.Relay},

		{"whose calls hardly anybody wants", "STRANGER_MANY", 1, verdict.Reject},
		{"the same, of a risky kind", "STRANGER_MANY STRANGER_RISK", 1, verdict.Reject},
		{"whom few want: as anybody else", "STRANGER_MANY=.75", 1, verdict.Reject},
		{"whom people begin not to want: as anybody else", "STRANGER_MANY=.3 STRANGER_RISK=.4", 1, verdict.Introduce},
		{"to whom people object, in a burst", "REPUTATION_BAD=.44 STRANGER_RISK RATE_FANOUT", 1, verdict.Reject},
		{"whom this user does not want", "KNOWN_UNWANTED STRANGER_RISK", 1, verdict.Reject},
		{"whom this user does not want, of a kind that is wanted", "KNOWN_UNWANTED DISPLAY_NUMBER NUMBER_NEIGHBOUR", 1, verdict.Reject},
		{"in a rush, to whom people object", "REPUTATION_BAD STRANGER_RUSH", 1, verdict.Reject},
		{"that sends what others have reported", "CONTENT_CAMPAIGN STRANGER_RISK", 1, verdict.Reject},
		{"that sends what one has reported", "CONTENT_CAMPAIGN=.5", 1, verdict.Introduce},
		{"that is under a protected name", "DISPLAY_PROTECTED STRANGER_RISK", 1, verdict.Introduce},
		{"that shows the callee's own number", "NUMBER_OWN STRANGER_RISK", 1, verdict.Introduce},
		{"of numbers that never call", "NUMBER_DO_NOT_ORIGINATE STRANGER_RISK", 1, verdict.Introduce},
	} {
		if v := judgedBy(t, proven(c.strength, c.more)); v.Action != c.want {
			t.Errorf("%s: %s", c.name, v.Why())
		}
	}
	if v := judgedBy(t, proven(1, "KNOWN_PEER STRANGER_RUSH")); v.Action != verdict.Relay {
		t.Errorf("a pharmacy that somebody has called, in its round of reminders: %s", v.Why())
	}
}

// campaign lets strangers of many numbers fail their tests and be objected to, until those who are like them are refused.
func (s *story) campaign() {
	for i := range 400 {
		ev := s.calls(i/21, i%500, fmt.Sprintf(theirs, 4000+i), user(i%300), false)
		if ev.Outcome.DurationS = 4; i%5 == 0 {
			ev.Outcome.Feedback = "spam"
		}
	}
}

// notices lets somebody outside call many, one every gap; nine in fourteen answer, and listen.
func (s *story) notices(who string, proof verdict.Proof, many int, gap time.Duration, each func(*screen.Event)) {
	for i := range many {
		ev := s.calls(20, 0, who, user(600+i), false)
		ev.Time, ev.Proof = ev.Time.Add(time.Duration(i)*gap), proof
		if ev.Outcome.DurationS = 15 + float64(i%7); i%14 >= 9 {
			unanswered(ev)
			ev.Outcome.RingS = 25 // as long as such systems let it ring
		}
		if each != nil {
			each(ev)
		}
	}
}

// TestDeclaredMachinesAreHeard goes through everything a server judges by, with the weights as they are shipped.
func TestDeclaredMachinesAreHeard(t *testing.T) {
	const machine = "+14155553001\n"
	own := func(ev *screen.Event) { ev.Source, ev.Transport = "192.0.2.77:5061", "tls" }
	for name, c := range map[string]struct {
		play func(*story)
		seen string // would be held against it
	}{
		"a pharmacy of the riskiest kind": {func(s *story) {
			s.campaign()
			s.notices(outsider(1), verdict.StirA, 8, 3*time.Minute, nil)
		}, "STRANGER_RISK"},
		"a school that calls five hundred in ten minutes": {func(s *story) {
			s.campaign()
			s.notices(outsider(1), verdict.StirA, 500, 1200*time.Millisecond, nil)
		}, "RATE_CALLER RATE_FANOUT"},
		"a school whose parents are at work": {func(s *story) {
			s.campaign()
			s.notices(outsider(1), verdict.StirA, 500, 1200*time.Millisecond, func(ev *screen.Event) {
				if ev.Time.Unix()%5 > 0 {
					unanswered(ev)
				}
			})
		}, "RATE_CALLER RATE_FANOUT"},
		"by the word of a trunk": {func(s *story) { s.notices(outsider(1), verdict.Trunk, 300, 1200*time.Millisecond, nil) }, "RATE_CALLER RATE_FANOUT"},
		"from a server of its own, in the order of its list": {func(s *story) { s.notices(outsider(1), verdict.StirA, 400, 250*time.Millisecond, own) },
			"RATE_SOURCE RATE_CALLER RATE_FANOUT HARVEST_SEQUENCE"},
		"under a number from which its secretary calls": {func(s *story) {
			for day := range 14 {
				s.calls(day, 200, outsider(1), user(500+day%3), true).Outcome.DurationS = 60
			}
			s.notices(outsider(1), verdict.StirA, 100, 1200*time.Millisecond, nil)
		}, "REPUTATION_ZOMBIE"},
		"under a number that two of our users call": {func(s *story) {
			s.friend(outsider(1), 2)
			s.notices(outsider(1), verdict.StirA, 20, 3*time.Minute, nil)
		}, "STRANGER_RUSH"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &story{begin: time.Date(2026, 1, 5, 14, 0, 0, 0, time.UTC), declared: machine}
			c.play(s)
			went := s.play(t)
			if n := count(went, "relay, rings"); n != len(went) {
				other := slices.IndexFunc(went, func(w string) bool { return w != "relay, rings" })
				t.Errorf("%d of %d came through; call %d: %s", n, len(went), other, went[other])
			}
			for _, signal := range strings.Fields(c.seen) {
				if !s.seen[signal] {
					t.Errorf("there was no %s: this shows nothing", signal)
				}
			}
			s.declared = ""
			if went := s.play(t); count(went, "relay, rings") == len(went) {
				t.Error("it would have been let through without being declared: this shows nothing")
			}
		})
	}
}

// TestADeclaredMachineThatNobodyWants is held like any other.
func TestADeclaredMachineThatNobodyWants(t *testing.T) {
	const machine = "+14155553001\n"
	for name, c := range map[string]struct {
		blocked string
		each    func(*screen.Event)
		rings   int // at most
	}{
		"they object": {"", func(ev *screen.Event) { ev.Outcome.Feedback = "spam" }, 5},
		"they hang up": {"", func(ev *screen.Event) {
			if ev.Outcome.Answered {
				ev.Outcome.DurationS = 2
			}
		}, 15},
		"its number is blocked": {"+1415555300*\n", nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := &story{begin: time.Date(2026, 1, 5, 14, 0, 0, 0, time.UTC), declared: machine, blocked: c.blocked}
			s.campaign()
			s.notices(outsider(1), verdict.StirA, 60, 3*time.Minute, c.each)
			went := s.play(t)
			if count(went, "rings") > c.rings || c.blocked != "" && count(went, "reject") != len(went) {
				t.Errorf("rang %d times:\n%s", count(went, "rings"), strings.Join(went, "\n"))
			}
		})
	}
}
