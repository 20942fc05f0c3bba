package replay

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// wall keeps out one source and writes down what it is told.
type wall struct{ lines []string }

func (w *wall) Admit(_ *screen.Event, a *screen.Attempt) *verdict.Signal {
	if a.Source.Port() == 6666 {
		return &verdict.Signal{Name: "GUARD_BANNED", Strength: 1, Evidence: "a test"}
	}
	return nil
}

func (w *wall) Judged(a *screen.Attempt, v *verdict.Verdict) {
	w.lines = append(w.lines, fmt.Sprintf("%s %s", a.ID, v.Action))
}

func (w *wall) Ended(a *screen.Attempt, status int, _ bool, at time.Time) {
	w.lines = append(w.lines, fmt.Sprintf("%s %d at %s", a.ID, status, at.Format("15:04:05")))
}

// What the guard drops no check sees, whatever depends on it happens as after a failure, and the guard is told how the others end.
func TestGuardDropsBeforeTheChecks(t *testing.T) {
	r, d := newReplay(t)
	g := new(wall)
	r.cfg.Guard = g
	out := play(t, r, `{"id":"a","time":"2026-01-05T08:00:00Z","kind":"call","from":"sip:eve@x.test","to":"sip:bob@y.test","source":"192.0.2.7:6666"}
{"id":"b","time":"2026-01-05T08:00:01Z","kind":"call","from":"sip:eve@x.test","to":"sip:bob@y.test","source":"192.0.2.7:5060","after_failure":"a","outcome":{"status":404}}
{"id":"c","time":"2026-01-05T08:00:02Z","kind":"call","from":"sip:eve@x.test","to":"sip:bob@y.test","source":"192.0.2.7:5060","after_success":"a"}
{"id":"d","time":"2026-01-05T08:00:03Z","kind":"call","from":"sip:eve@x.test","display":"20","to":"sip:bob@y.test","source":"192.0.2.7:5060","outcome":{"status":404}}
{"id":"e","time":"2026-01-05T08:00:04Z","kind":"call","from":"sip:ann@x.test","to":"sip:bob@y.test","source":"192.0.2.7:5060","outcome":{"answered":true,"duration_s":10}}
{"id":"f","time":"2026-01-05T08:00:05Z","direction":"out","kind":"call","from":"sip:bob@y.test","to":"sip:ann@x.test","source":"192.0.2.7:6666","outcome":{"answered":true}}
`, true)
	if !strings.HasPrefix(out, `{"id":"a","time":"2026-01-05T08:00:00Z","action":"drop","score":0,"signals":{"GUARD_BANNED":0},"relayed":false,"introduced":""}`) ||
		strings.Contains(out, `"id":"c"`) || strings.Count(out, `"relayed":true`) != 3 {
		t.Errorf("got\n%s", out)
	}
	for _, line := range d.lines {
		if strings.Contains(line, " a ") {
			t.Errorf("a check was told: %s", line)
		}
	}
	if got, want := strings.Join(g.lines, ", "), "b relay, b 404 at 08:00:01, d reject, e relay, e 200 at 08:00:14"; got != want {
		t.Errorf("the guard was told %s, want %s", got, want)
	}
}
