package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// story is what happens at a site, as events of a replay.
type story struct {
	events []screen.Event
	begin  time.Time
	// declared and blocked are lists to begin with, a value a line.
	declared, blocked string
	seen              map[string]bool // the signals of the last day
}

const ours, theirs = "sip:+1212555%04d@example.test", "sip:+1415555%04d@far.test"

func user(n int) string     { return fmt.Sprintf(ours, 1000+n) }
func outsider(n int) string { return fmt.Sprintf(theirs, 3000+n) }

// add puts in an event of a day and minute, after 14:00.
func (s *story) add(day, minute int, ev screen.Event) *screen.Event {
	ev.ID, ev.Time = fmt.Sprint("e", len(s.events)), s.begin.AddDate(0, 0, day).Add(time.Duration(minute)*time.Minute)
	s.events = append(s.events, ev)
	return &s.events[len(s.events)-1]
}

// calls is a call by the trunk; passes says whether the caller can introduce himself.
func (s *story) calls(day, minute int, from, to string, passes bool) *screen.Event {
	test := "fail"
	if passes {
		test = "pass"
	}
	return s.add(day, minute, screen.Event{Kind: verdict.Call, From: from, To: to, Proof: verdict.StirA, Source: "198.51.100.7:5060", Transport: "udp",
		Outcome: screen.Outcome{Answered: true, RingS: 8, DurationS: 15, Turing: test}})
}

// unanswered lets a call ring in vain.
func unanswered(ev *screen.Event) {
	ev.Outcome.Answered, ev.Outcome.RingS, ev.Outcome.DurationS = false, 15, 0
}

// dials is a call of one of our users to somebody outside.
func (s *story) dials(day, minute int, from, to string) *screen.Event {
	return s.add(day, minute, screen.Event{Kind: verdict.Call, Direction: "out", From: from, To: to, Proof: verdict.Digest, Source: "10.0.0.9:5060", Transport: "tls",
		Outcome: screen.Outcome{Answered: true, RingS: 5, DurationS: 90}})
}

// friend has some of our users as friends, whom he calls and who call him, for two weeks.
func (s *story) friend(who string, friends int) {
	for day := range 14 {
		for f := range friends {
			if (day+f)%3 == 0 {
				s.dials(day, 10*f, user(f), who)
			}
			if (day+f)%4 == 0 {
				s.calls(day, 200+10*f, who, user(f), true)
			}
		}
	}
}

// play returns what became of the events of the last day.
func (s *story) play(t *testing.T) (outcome []string) {
	t.Helper()
	slices.SortStableFunc(s.events, func(a, b screen.Event) int { return a.Time.Compare(b.Time) })
	last := s.events[len(s.events)-1].Time.Truncate(24 * time.Hour)
	s.seen = map[string]bool{}
	p := newPlace(t)
	p.write("site.yaml", guardSite+"numbers: {country: 1, international: 011, trunk: 1}\npolicy: {introduce: [consent, turing]}\n")
	var b bytes.Buffer
	for i := range s.events {
		line, err := json.Marshal(&s.events[i])
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	p.write("events.jsonl", b.String())
	p.write("declared.txt", s.declared)
	p.write("blocked.txt", s.blocked)
	out, errs, status := p.run("", "--config", "site.yaml", "replay", "--brief", "--declared", "declared.txt", "--block", "blocked.txt", "events.jsonl")
	if status != 0 {
		t.Fatalf("%d %s", status, errs)
	}
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		var v struct {
			Time    time.Time
			Action  string
			Relayed bool
			Signals map[string]float64
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		if v.Time.Before(last) {
			continue
		}
		outcome = append(outcome, v.Action)
		for name := range v.Signals {
			s.seen[name] = true
		}
		if v.Relayed {
			outcome[len(outcome)-1] += ", rings"
		}
	}
	return outcome
}

func count(all []string, what string) (n int) {
	for _, s := range all {
		if strings.Contains(s, what) {
			n++
		}
	}
	return n
}

// TestPeopleWhoDoMuchAtOnceAreNotHeld: they are asked who they are at most, and whoever can answer is let through.
func TestPeopleWhoDoMuchAtOnceAreNotHeld(t *testing.T) {
	for name, c := range map[string]struct {
		play func(*story)
		asks int // at most
	}{
		"somebody who invites ten friends of friends to a party": {func(s *story) {
			s.friend(outsider(1), 3)
			for i := range 10 {
				s.calls(20, 4*i, outsider(1), user(10+i), true)
			}
		}, 10},
		"one of us, who calls from one hotel after the other": {func(s *story) {
			for i := range 12 {
				ev := s.add(0, 5*i, screen.Event{Kind: verdict.Call, From: user(1), To: user(10 + i), Proof: verdict.Digest,
					Source: fmt.Sprintf("192.0.%d.7:5060", 2+i/4), Transport: "udp", Outcome: screen.Outcome{Answered: true, RingS: 5, DurationS: 60}})
				if i%4 == 3 {
					ev.Outcome = screen.Outcome{Status: 404}
				}
			}
		}, 0},
		"an office behind one address, where numbers are mistaken": {func(s *story) {
			for i := range 60 {
				ev := s.add(0, i, screen.Event{Kind: verdict.Call, From: user(i % 20), To: user(30 + i), Proof: verdict.Digest, Source: "192.0.2.7:5060", Transport: "udp",
					Outcome: screen.Outcome{Answered: true, RingS: 5, DurationS: 60}})
				if i%6 == 0 {
					ev.Outcome = screen.Outcome{Status: 404}
				}
			}
		}, 0},
		"a carrier that shows our domain for its customers, some of whom mistake a number": {func(s *story) {
			for i := range 40 {
				ev := s.add(0, 3*i, screen.Event{Kind: verdict.Call, From: fmt.Sprintf("sip:+1415555%04d@example.test", 100+i), To: user(i), Source: "192.0.2.7:5060", Transport: "udp",
					Outcome: screen.Outcome{Answered: i%3 > 0, RingS: 9, DurationS: 60, Turing: "pass"}})
				if i%10 > 6 {
					ev.To, ev.Outcome = user(5000+i), screen.Outcome{Status: 404}
				}
			}
		}, 40},
		"a help desk that calls back whom it could not talk to": {func(s *story) {
			for i := range 12 {
				unanswered(s.dials(0, i, user(i), outsider(9)))
			}
			for i := range 12 {
				s.calls(0, 20+3*i, outsider(9), user(i), false)
			}
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := &story{begin: time.Date(2026, 1, 5, 14, 0, 0, 0, time.UTC)}
			c.play(s)
			went := s.play(t)
			if count(went, "reject")+count(went, "drop") > 0 || count(went, "introduce") > c.asks || count(went, "introduce") != count(went, "introduce, rings") {
				t.Errorf("%s", strings.Join(went, "\n"))
			}
		})
	}
}

// TestAHijackedFriendRingsFiveTimesAtMost: whoever has his telephone is held by what he does, whomever he calls.
func TestAHijackedFriendRingsFiveTimesAtMost(t *testing.T) {
	strangers := func(i int) string { return user(10 + i) }
	for name, c := range map[string]struct {
		friends int
		to      func(i int) string
		passes  func(i int) bool
	}{
		"strangers, and a voice that does what it can":     {3, strangers, func(i int) bool { return i%10 == 7 }},
		"his only friend again and again, and few besides": {1, func(i int) string { return user([]int{0, 10 + i, 0, 0}[i%4]) }, func(i int) bool { return i%12 == 11 }},
		"of whom nobody knows, and a voice":                {0, strangers, func(i int) bool { return i%10 == 9 }},
	} {
		t.Run(name, func(t *testing.T) {
			s := &story{begin: time.Date(2026, 1, 5, 14, 0, 0, 0, time.UTC)}
			s.friend(outsider(1), c.friends)
			for i := range 60 {
				ev := s.calls(20, 2*i, outsider(1), c.to(i), c.passes(i))
				if ev.Outcome.DurationS = 5; i%3 > 0 {
					unanswered(ev)
				}
			}
			if went := s.play(t); count(went, "rings") > 5 {
				t.Errorf("rang %d times:\n%s", count(went, "rings"), strings.Join(went, "\n"))
			}
		})
	}
}

// TestSearchersAmongPeopleAreBannedAtTheFifth: a search in the name of one of us that finds a telephone now and then.
func TestSearchersAmongPeopleAreBannedAtTheFifth(t *testing.T) {
	s := &story{begin: time.Date(2026, 1, 5, 14, 0, 0, 0, time.UTC)}
	for i := range 20 {
		ev := s.add(0, 0, screen.Event{Kind: verdict.Call, From: "sip:100@example.test", To: user(5000 + i), Source: "192.0.2.7:5060", Transport: "udp", UserAgent: "phone/1",
			Outcome: screen.Outcome{Status: 404}})
		ev.Time = s.begin.Add(time.Duration(i) * 10 * time.Second)
		if i == 1 || i == 3 {
			ev.To = user(i)
			unanswered(ev)
			ev.Outcome.Status = 0
		}
	}
	went := s.play(t)
	if first := slices.Index(went, "drop"); first < 0 || first > 5 {
		t.Errorf("%s", strings.Join(went, "\n"))
	}
}

// TestAFriendWhoSendsWhatOthersReportedHasNoPrivilege: a thief writes first to those who know the account's owner. What its owner writes himself walks in.
func TestAFriendWhoSendsWhatOthersReportedHasNoPrivilege(t *testing.T) {
	const scam = "Congratulations, you have won %d euros in our great summer draw, send the code %d to the number %d before midnight tonight"
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"what three have reported": {fmt.Sprintf(scam, 900, 4711, 8123), []string{"label, rings"}},
		"what nobody has":          {"Shall we meet at eight at the station, as we said on Sunday, and then walk over to the theatre together", []string{"relay, rings"}},
	} {
		s := &story{begin: time.Date(2026, 5, 4, 14, 0, 0, 0, time.UTC)}
		s.friend(outsider(1), 3)
		message := func(day, minute int, from, to, text string) *screen.Event {
			return s.add(day, minute, screen.Event{Kind: verdict.Message, From: from, To: to, Proof: verdict.StirA, Source: "198.51.100.7:5060", Transport: "udp", Text: text,
				Outcome: screen.Outcome{Answered: true}})
		}
		for i := range 4 {
			message(18, i, outsider(20+i), user(20+i), fmt.Sprintf(scam, 100+i, 4000+i, 8000+i)).Outcome.Feedback = "spam"
		}
		message(20, 0, outsider(1), user(0), c.text)
		if got := s.play(t); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
