package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
	"pgregory.net/rapid"
)

// diary is a check that writes down what it is told, and speaks against what is written in the display name: "12" weighs 12.
type diary struct{ lines []string }

func (d *diary) Info() screen.Info {
	return screen.Info{Name: "diary", Stage: screen.Cheap, Signals: []screen.SignalInfo{
		{Name: "DIARY_NAME", Weight: 20, Description: "A twentieth for each unit in the display name."},
	}}
}

func (d *diary) note(at time.Time, format string, args ...any) {
	d.lines = append(d.lines, at.UTC().Format("15:04:05")+" "+fmt.Sprintf(format, args...))
}

func (d *diary) Run(_ context.Context, a *screen.Attempt, r *screen.Report) {
	d.note(a.Time, "%s comes", a.ID)
	var n float64
	if _, err := fmt.Sscan(a.From.Display, &n); err == nil {
		r.Signal("DIARY_NAME", n/20, "as it says")
	}
}

func (d *diary) Learn(e *screen.Ending) {
	d.note(e.Time, "%s ends: %s %d answered=%v rang %v talked %v", e.Attempt.ID, e.Action, e.Status, e.Answered, e.Ring, e.Talk)
}

func (d *diary) Judge(a *screen.Attempt, label, by string) {
	d.lines = append(d.lines, fmt.Sprintf("         %s is %s, says %s", a.ID, label, by))
}

// newReplay makes a replay whose policy introduces by the given ways.
func newReplay(t testing.TB, ways ...string) (*Replay, *diary) {
	t.Helper()
	d := new(diary)
	e, err := screen.New([]screen.Check{d})
	if err != nil {
		t.Fatal(err)
	}
	mode := verdict.Enforce
	p, err := e.Resolve(screen.Layer{Mode: &mode, Introduce: ways})
	if err != nil {
		t.Fatal(err)
	}
	return New(t.Context(), Config{Engine: e, Policy: func(*screen.Attempt) *screen.Policy { return p },
		Answer: func(*screen.Attempt, *screen.Policy) *verdict.Response {
			return &verdict.Response{Code: 603, Reason: "No"}
		}}), d
}

// play plays an event file and returns what Writer writes.
func play(t testing.TB, r *Replay, file string, brief bool) string {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out)
	w.Brief = brief
	events := NewFile(strings.NewReader(file))
	for {
		var ev screen.Event
		var res Result
		err := events.Next(&ev)
		if err == io.EOF {
			break
		}
		if err == nil {
			err = r.Play(&ev, &res)
		}
		if err == nil {
			err = w.Write(&res)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r.Finish()
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// at is an event at a time of one day, with more fields behind.
func at(id, clock, more string) string {
	return fmt.Sprintf(`{"id":%q,"time":"2026-01-05T%sZ","kind":"call","from":"sip:a@x.test","to":"sip:bob@example.test",%s}`+"\n", id, clock, more)
}

func TestEndingsAreToldWhenTheyWouldHaveHappened(t *testing.T) {
	r, d := newReplay(t)
	play(t, r, at("long", "08:00:00", `"outcome":{"answered":true,"ring_s":10,"duration_s":600,"feedback":"ham"}`)+
		at("missed", "08:01:00", `"outcome":{"ring_s":20}`)+
		at("refused", "08:02:00", `"display":"15","outcome":{"answered":true,"feedback":"spam"}`)+
		at("busy", "08:09:00", `"outcome":{"status":486,"ring_s":1}`)+
		at("last", "08:20:00", `"outcome":{"answered":true}`), false)
	want := `08:00:00 long comes
08:01:00 missed comes
08:01:20 missed ends: relay 487 answered=false rang 20s talked 0s
08:02:00 refused comes
08:02:00 refused ends: reject 603 answered=false rang 0s talked 0s
08:09:00 busy comes
08:09:01 busy ends: relay 486 answered=false rang 1s talked 0s
08:10:10 long ends: relay 200 answered=true rang 10s talked 10m0s
         long is ham, says sip:bob@example.test
08:20:00 last comes
08:20:00 last ends: relay 200 answered=true rang 0s talked 0s`
	if got := strings.Join(d.lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestIntroductionsAreTakenFromTheOutcomeInThePolicysOrder(t *testing.T) {
	for _, c := range []struct {
		ways    []string
		outcome string
		want    string
	}{
		{[]string{"consent", "turing"}, `"turing":"pass"`, `"action":"introduce","relayed":true,"introduced":"pass"`},
		{[]string{"consent", "turing"}, `"turing":"fail"`, `"action":"introduce","relayed":false,"introduced":"fail"`},
		{[]string{"consent", "turing"}, `"turing":"pass","consent":"fail"`, `"action":"introduce","relayed":false,"introduced":"fail"`},
		{[]string{"turing", "consent"}, `"turing":"pass","consent":"fail"`, `"action":"introduce","relayed":true,"introduced":"pass"`},
		{[]string{"consent", "turing"}, `"turing":"pass","consent":"none"`, `"action":"introduce","relayed":true,"introduced":"pass"`},
		{[]string{"consent", "turing"}, `"turing":"none","consent":""`, `"action":"introduce","relayed":false,"introduced":"fail"`},
		{[]string{"consent", "turing"}, `"turing":"none","consent":"none"`, `"action":"introduce","relayed":false,"introduced":"fail"`},
		{[]string{"consent"}, `"turing":"pass"`, `"action":"label","relayed":true,"introduced":""`},
		{nil, `"turing":"fail","consent":"fail","puzzle":"fail"`, `"action":"label","relayed":true,"introduced":""`},
		{[]string{"puzzle"}, `"puzzle":"pass"`, `"action":"introduce","relayed":true,"introduced":"pass"`},
	} {
		r, _ := newReplay(t, c.ways...)
		out := play(t, r, at("e", "08:00:00", `"display":"8","outcome":{`+c.outcome+`}`), true)
		var got struct {
			Action     string
			Relayed    bool
			Introduced string
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		if text := fmt.Sprintf(`"action":%q,"relayed":%v,"introduced":%q`, got.Action, got.Relayed, got.Introduced); text != c.want {
			t.Errorf("%v, %s: got %s, want %s", c.ways, c.outcome, text, c.want)
		}
	}
}

func TestEventsFollowWhatBecameOfOthers(t *testing.T) {
	r, _ := newReplay(t)
	out := play(t, r, at("stopped", "08:00:00", `"display":"20"`)+at("through", "08:00:01", `"display":"0"`)+
		at("a", "08:00:02", `"after_failure":"stopped"`)+at("b", "08:00:02", `"after_success":"stopped"`)+
		at("c", "08:00:02", `"after_failure":"through"`)+at("d", "08:00:02", `"after_success":"through"`)+
		at("e", "08:00:03", `"after_failure":"b"`)+ // b did not happen: nobody was turned away
		at("f", "08:00:03", `"after_success":"nobody"`)+at("g", "08:00:03", `"after_failure":"nobody"`)+
		at("h", "08:00:03", `"after_success":"a"`), true)
	var happened []string
	for line := range strings.Lines(out) {
		var v struct{ ID string }
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		happened = append(happened, v.ID)
	}
	if got := strings.Join(happened, " "); got != "stopped through a d h" {
		t.Errorf("happened: %s", got)
	}
}

func TestLinesAreVerdicts(t *testing.T) {
	r, _ := newReplay(t)
	out := play(t, r, at("e", "08:00:00.5", `"display":"13","label":"of others"`), false)
	var line struct {
		verdict.Verdict
		Relayed    *bool
		Introduced *string
	}
	if err := json.Unmarshal([]byte(out), &line); err != nil {
		t.Fatal(err)
	}
	if line.ID != "e" || line.Action != verdict.Reject || line.Response.Code != 603 || line.Relayed == nil || *line.Relayed || *line.Introduced != "" ||
		line.Time.Nanosecond() != 500e6 || line.ElapsedUS != 0 {
		t.Errorf("got %s", out)
	}
}

// TestTwiceGivesTheSameBytes: whatever stands in the file.
func TestTwiceGivesTheSameBytes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var file strings.Builder
		for i := range rapid.IntRange(0, 30).Draw(rt, "events") {
			file.WriteString(at(fmt.Sprint(i), fmt.Sprintf("08:%02d:00", rapid.IntRange(0, 59).Draw(rt, "minute")), fmt.Sprintf(
				`"display":"%d","after_failure":%q,"outcome":{"answered":%v,"ring_s":%d,"duration_s":%d,"turing":%q,"feedback":%q}`,
				rapid.IntRange(0, 20).Draw(rt, "weight"), rapid.SampledFrom([]string{"", "", "0", "3"}).Draw(rt, "after"), rapid.Bool().Draw(rt, "answered"),
				rapid.IntRange(-1, 60).Draw(rt, "ring"), rapid.IntRange(0, 4000).Draw(rt, "talk"), rapid.SampledFrom([]string{"", "pass", "fail"}).Draw(rt, "turing"),
				rapid.SampledFrom([]string{"", "spam", "ham"}).Draw(rt, "feedback"))))
		}
		first, told := newReplay(t, "turing")
		second, again := newReplay(t, "turing")
		if a, b := play(t, first, file.String(), false), play(t, second, file.String(), false); a != b {
			rt.Fatalf("once\n%s\nthen\n%s", a, b)
		}
		if a, b := strings.Join(told.lines, "\n"), strings.Join(again.lines, "\n"); a != b {
			rt.Fatalf("told once\n%s\nthen\n%s", a, b)
		}
		if len(first.endings.all) != 0 {
			rt.Fatal("endings are left over")
		}
	})
}

func TestWhatIsWrongInAFileIsNamed(t *testing.T) {
	for file, want := range map[string]string{
		"{\n":            "replay: line 1:",
		"\n\n[1]\n":      "replay: line 3:",
		`{"kind":"fax"}`: `replay: line 1: verdict: unknown kind "fax"`,
		`{"kind":"call","from":"sip:a@b","to":"sip:c@d"}`: "replay: line 1: the event has no time",
		strings.Repeat("x", maxLine+1):                    "replay: line 1 is longer than 1048576 octets",
	} {
		var ev screen.Event
		err := NewFile(strings.NewReader(file)).Next(&ev)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %s", file, err, want)
		}
	}
	r, _ := newReplay(t)
	err := r.Play(&screen.Event{ID: "x", From: "nonsense", To: "sip:c@d"}, new(Result))
	if err == nil || !strings.Contains(err.Error(), `event "x"`) {
		t.Errorf("got %v", err)
	}
}

func TestComparisonNamesWhatWouldChange(t *testing.T) {
	var c Comparison
	var s Summary
	before, _ := newReplay(t)
	after, _ := newReplay(t, "turing")
	for i := range 5 {
		ev := screen.Event{ID: fmt.Sprint("e", i), Time: time.Date(2026, 1, 5, 8, i, 0, 0, time.UTC), From: "sip:a@x.test", To: "sip:bob@example.test",
			Display: "8", Outcome: screen.Outcome{Turing: "fail", Feedback: "spam"}}
		if i == 4 {
			ev.Display, ev.Outcome.Feedback = "0", "ham"
		}
		var a, b Result
		if err := before.Play(&ev, &a); err != nil {
			t.Fatal(err)
		}
		if err := after.Play(&ev, &b); err != nil {
			t.Fatal(err)
		}
		c.Add(&a, &b)
		s.Add(&b)
	}
	var text strings.Builder
	if err := c.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"what would change: 4 of 5 events\n", "  label → introduce, fail: 4 (4 spam, 0 welcome)\n", `2026-01-05 08:00:00 "e0" "sip:a@x.test" → "sip:bob@example.test", "spam" to the callee`,
		"      before  label 8: DIARY_NAME +8 (as it says)\n", "from outside: 5 attempts, 1 relayed (20.00 %), 4 asked to introduce themselves\n",
		"  of these, spam to the callee: 4 attempts, 0 relayed (0.00 %)", "  of these, welcome to the callee: 1 attempts, 1 relayed (100.00 %)\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
	if n := strings.Count(text.String(), "before"); n != examples {
		t.Errorf("%d examples", n)
	}
}

func BenchmarkPlay(b *testing.B) {
	r, _ := newReplay(b, "turing")
	line := at("e", "08:00:00", `"display":"8","source":"192.0.2.7:5060","transport":"udp","user_agent":"x","proof":"stir-b",`+
		`"outcome":{"answered":true,"ring_s":12,"duration_s":40,"turing":"pass"}`)
	w := NewWriter(io.Discard)
	b.ReportAllocs()
	for b.Loop() {
		var ev screen.Event
		var res Result
		if err := NewFile(strings.NewReader(line)).Next(&ev); err != nil {
			b.Fatal(err)
		}
		if err := r.Play(&ev, &res); err != nil {
			b.Fatal(err)
		}
		if err := w.Write(&res); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// A byte order mark before the first line is none of its text.
func TestFileWithByteOrderMark(t *testing.T) {
	events, err := Open(strings.NewReader("\ufeff"+`{"id":"a","time":"2026-01-05T08:00:00Z","from":"sip:eve@x.test","to":"sip:bob@y.test"}`), Site{})
	if err != nil {
		t.Fatal(err)
	}
	var ev screen.Event
	if err := events.Next(&ev); err != nil || ev.ID != "a" {
		t.Errorf("%v %v", ev.ID, err)
	}
}
