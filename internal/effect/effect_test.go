package effect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"context"

	"gatehouse.example/screen"
	"gatehouse.example/sip/uri"
)

func written(t *testing.T, w *World) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTheSameSeedMakesTheSameWorld(t *testing.T) {
	a, b := written(t, Make(Quick())), written(t, Make(Quick()))
	if a != b {
		t.Error("two worlds of one seed differ")
	}
	o := Quick()
	o.Seed = 2
	if c := written(t, Make(o)); c == a {
		t.Error("another seed makes the same world")
	}
}

// TestEventsCanBePlayed: each line is an event, in the order of time, with addresses that can be read, and depends only on events above it.
func TestEventsCanBePlayed(t *testing.T) {
	var last time.Time
	seen := map[string]bool{"": true}
	for line := range strings.Lines(written(t, Make(Quick()))) {
		var ev screen.Event
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields() // and so nothing says who is who
		if err := d.Decode(&ev); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if _, err := ev.Attempt(uri.Plan{}); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if ev.Time.Before(last) || !seen[ev.AfterFailure] || !seen[ev.AfterSuccess] || seen[ev.ID] {
			t.Fatalf("out of order: %s", line)
		}
		last, seen[ev.ID] = ev.Time, true
		for a := range Actors {
			if strings.Contains(strings.ToLower(line), strings.ToLower(a.String())) {
				t.Fatalf("names its actor: %s", line)
			}
		}
	}
}

// TestWorldsFollowThePublishedFigures that they are made from.
func TestWorldsFollowThePublishedFigures(t *testing.T) {
	o := Quick()
	o.Users, o.Days = 800, 28
	w := Make(o)
	counts := [Actors]int{}
	short, answered, missed, retried := 0, 0, 0, 0
	for _, e := range w.events {
		if !e.out {
			counts[e.actor]++
		}
		if e.actor == Contact && !e.out {
			switch {
			case e.answered && e.talk <= 10:
				short++
				fallthrough
			case e.answered:
				answered++
			case e.afterSuccess == nil && !e.again:
				missed++
			}
			if e.afterSuccess != nil {
				retried++
			}
		}
	}
	for a, n := range counts {
		if n == 0 {
			t.Errorf("no event of %s", Actor(a))
		}
	}
	near(t, "answered calls of at most 10 s", float64(short)/float64(answered), .45, .05)
	near(t, "retries after a missed call", float64(retried)/float64(missed), .33, .08)
	perDay := float64(w.unwantedCount()) / float64(o.Users*o.Days)
	near(t, "unwanted attempts a user and day", perDay, .42, .15)
}

func (w *World) unwantedCount() (n int) {
	for _, e := range w.events {
		if !e.actor.Wanted() && !e.out && e.group >= 0 {
			n++
		}
	}
	return n
}

func near(t *testing.T, what string, got, want, off float64) {
	t.Helper()
	if math.Abs(got-want) > off {
		t.Errorf("%s: %.3f, want %.3f ± %.3f", what, got, want, off)
	}
}

func TestOptionsChooseActorsAndVolumes(t *testing.T) {
	only, without := Robocall, Robocall
	for name, o := range map[string]Options{
		"only":    {Seed: 1, Users: 100, Days: 10, Only: &only},
		"without": {Seed: 1, Users: 100, Days: 10, Without: &without},
	} {
		for _, e := range Make(o).events {
			if !e.actor.Wanted() && (e.actor == Robocall) != (name == "only") {
				t.Fatalf("%s: an event of %s", name, e.actor)
			}
		}
	}
	few, many := Make(Options{Seed: 1, Users: 200, Days: 10}), Make(Options{Seed: 1, Users: 200, Days: 10, Spam: 10})
	if a, b := few.unwantedCount(), many.unwantedCount(); b < 3*a {
		t.Errorf("%d unwanted events, and with ten times the spam %d", a, b)
	}
}

// judge is a gatehouse of one rule, in memory.
type judge struct {
	t       *testing.T
	files   map[string]string
	verdict func(ev *screen.Event) (action string, relayed bool, introduced string)
	configs []string
}

func (j *judge) Store(name string, write func(io.Writer) error) (string, error) {
	var b strings.Builder
	err := write(&b)
	j.files[name] = b.String()
	return name, err
}

func (j *judge) Replay(_ context.Context, config, events string, _ []string, read func(io.Reader) error) (time.Duration, error) {
	j.configs = append(j.configs, j.files[config])
	went := map[string]bool{}
	var out strings.Builder
	for line := range strings.Lines(j.files[events]) {
		var ev screen.Event
		if err := json.Unmarshal([]byte(line), &ev); err != nil {
			return 0, err
		}
		relayedBefore, happened := went[ev.AfterFailure]
		if ev.AfterFailure != "" && (relayedBefore || !happened) || ev.AfterSuccess != "" && !went[ev.AfterSuccess] {
			continue
		}
		action, relayed, introduced := j.verdict(&ev)
		went[ev.ID] = relayed
		fmt.Fprintf(&out, `{"id":%q,"time":"x","action":%q,"score":1,"signals":{"X":1},"relayed":%v,"introduced":%q}`+"\n", ev.ID, action, relayed, introduced)
	}
	return time.Second, read(strings.NewReader(out.String()))
}

func TestEvaluationScoresWhatHappened(t *testing.T) {
	j := &judge{t: t, files: map[string]string{}, verdict: func(ev *screen.Event) (string, bool, string) {
		switch {
		case ev.Direction == "out":
			return "relay", true, ""
		case ev.Outcome.Turing == "pass":
			return "introduce", true, "pass"
		case ev.Outcome.Turing == "fail":
			return "introduce", false, "fail"
		}
		return "reject", false, ""
	}}
	e := &Evaluation{Options: Options{Seed: 1, Users: 100, Days: 8}, Techniques: []string{"lists", "rate"}, Runner: j, Workers: 1, Say: func(string) {}}
	results, err := e.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(e.Cases()) {
		t.Fatalf("%d results of %d cases", len(results), len(e.Cases()))
	}
	s := results[0].Score
	if bad := s.Total(false); bad.Happened == 0 || bad.Stopped() == 0 || s.Actors[Robocall].Relayed > s.Actors[Robocall].Happened/10 {
		t.Errorf("robocalls: %+v", s.Actors[Robocall])
	}
	if s.CallsLost != s.Calls || s.Calls == 0 || s.FirstLost >= s.First/10 || s.First == 0 {
		t.Errorf("automated: %d of %d lost; first: %d of %d", s.CallsLost, s.Calls, s.FirstLost, s.First)
	}
	var text, page strings.Builder
	r := Report{Results: results, Options: e.Options, Commit: "a commit", Command: "a command"}
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"wanted automated callers", "no introductions", GroupWithout, GroupAlone, GroupHostile, GroupSeeds, "polyline", "a commit"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page says nothing of %q", want)
		}
	}
	if !strings.Contains(text.String(), "emergency call-backs lost") {
		t.Error("the text has no figures")
	}
	if all := strings.Join(j.configs, "\n"); !strings.Contains(all, "  lists: {enabled: false}\n  rate: {enabled: false}\n") || !strings.Contains(all, "introduce: []") {
		t.Error("no configuration switches anything off")
	}
}

func TestForeignVerdictsAreRefused(t *testing.T) {
	w := Make(Options{Seed: 1, Users: 20, Days: 2})
	for _, text := range []string{"nonsense\n", `{"id":"e999999","action":"relay"}` + "\n", `{"id":"x1","action":"relay"}` + "\n"} {
		if _, err := w.Read(strings.NewReader(text)); err == nil {
			t.Errorf("%q was scored", text)
		}
	}
}
