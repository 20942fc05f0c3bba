package text

import (
	"context"
	"fmt"
	"testing"
	"time"

	"gatehouse.example/internal/check/content"
	knowncheck "gatehouse.example/internal/check/known"
	reputationcheck "gatehouse.example/internal/check/reputation"
	"gatehouse.example/internal/state/campaign"
	"gatehouse.example/internal/state/known"
	"gatehouse.example/internal/state/reputation"
	"gatehouse.example/internal/state/tokens"
	"gatehouse.example/internal/state/trust"
	"gatehouse.example/screen"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

// filter is an engine under the shipped policy.
type filter struct {
	t      testing.TB
	engine *screen.Engine
	policy *screen.Policy
	n      int
	now    time.Time
}

// newFilter returns an engine with the content check alone.
func newFilter(t testing.TB) *filter {
	t.Helper()
	f := &filter{t: t, now: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)}
	f.start(f.content())
	return f
}

// newWhole returns one with all checks that learn from what people say about messages: who is known, who has what reputation, and what is said.
func newWhole(t testing.TB) *filter {
	t.Helper()
	f := &filter{t: t, now: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)}
	web, err := trust.New(trust.Config{Nodes: 1024, Edges: 8192})
	f.must(err)
	kept, err := reputation.New(reputation.Config{Trust: web.Standing})
	f.must(err)
	peers, err := known.New(known.Config{})
	f.must(err)
	standing, err := reputationcheck.New(reputationcheck.Config{}, kept, web)
	f.must(err)
	relations, err := knowncheck.New(knowncheck.Config{}, peers, nil)
	f.must(err)
	f.start(relations, standing, f.content())
	return f
}

func (f *filter) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *filter) content() screen.Check {
	memory, err := tokens.New(tokens.Config{})
	f.must(err)
	reports, err := campaign.New(campaign.Config{})
	f.must(err)
	check, err := content.New(content.Config{}, memory, reports)
	f.must(err)
	return check
}

func (f *filter) start(checks ...screen.Check) {
	var err error
	f.engine, err = screen.New(checks)
	f.must(err)
	f.policy, err = f.engine.Resolve()
	f.must(err)
	f.policy.Exhaustive, f.policy.LookupDeadline = true, 10*time.Second
}

// attempt makes an attempt of a message. Where a message has no sender or recipient, everyone writes to one user, each from an address of his own.
func (f *filter) attempt(m *message) *screen.Attempt {
	f.n++
	f.now = f.now.Add(time.Second)
	at := m.time
	if at.IsZero() {
		at = f.now
	}
	from, to, proof := m.from, m.to, verdict.Trunk
	if from == "" {
		from, proof = fmt.Sprintf("s%d", f.n), verdict.None
	}
	if to == "" {
		to = "bob"
	}
	ev := screen.Event{ID: fmt.Sprint("m", f.n), Time: at, Kind: verdict.Message, From: address(from), To: address(to), Text: m.text, Proof: proof, Source: "192.0.2.7:5060"}
	a, err := ev.Attempt(uri.Plan{Country: "1", International: "011", Trunk: "1"})
	if err != nil {
		f.t.Fatal(err)
	}
	a.To.User = a.To.Requested
	return a
}

// address makes a URI of whatever names a sender.
func address(name string) string {
	user := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		if c := name[i]; c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '+' {
			user = append(user, c)
		} else {
			user = append(user, '-')
		}
	}
	return "sip:" + string(user) + "@example.test"
}

// judge returns the verdict about an attempt.
func (f *filter) judge(a *screen.Attempt) *verdict.Verdict {
	v := new(verdict.Verdict)
	if !f.engine.Cheap(a, f.policy, v) {
		f.engine.Lookup(context.Background(), a, f.policy, v)
	}
	return v
}

// The scores from which on a message is labelled, and held back.
func (f *filter) labelled(v *verdict.Verdict) bool { return v.Score >= f.policy.Thresholds.Label }
func (f *filter) blocked(v *verdict.Verdict) bool  { return v.Score >= f.policy.Thresholds.Introduce }

// teach says what a message was.
func (f *filter) teach(m *message, by string) {
	label := "ham"
	if m.spam {
		label = "spam"
	}
	f.engine.Judge(f.attempt(m), label, by)
}

// tally counts predictions.
type tally struct{ tp, fp, tn, fn int }

func (t *tally) add(spam, predicted bool) {
	switch {
	case spam && predicted:
		t.tp++
	case spam:
		t.fn++
	case predicted:
		t.fp++
	default:
		t.tn++
	}
}

func (t *tally) addAll(o tally) {
	t.tp, t.fp, t.tn, t.fn = t.tp+o.tp, t.fp+o.fp, t.tn+o.tn, t.fn+o.fn
}

func (t *tally) f1() float64       { return ratio(2*t.tp, 2*t.tp+t.fp+t.fn) }
func (t *tally) recall() float64   { return ratio(t.tp, t.tp+t.fn) }
func (t *tally) harm() float64     { return ratio(t.fp, t.fp+t.tn) }
func (t *tally) accuracy() float64 { return ratio(t.tp+t.tn, t.tp+t.tn+t.fp+t.fn) }
func (t *tally) n() int            { return t.tp + t.tn + t.fp + t.fn }

func (t *tally) String() string {
	return fmt.Sprintf("F1 %.4f, recall %.2f %%, ham blocked %.3f %% (%d of %d), spam missed %d of %d",
		t.f1(), 100*t.recall(), 100*t.harm(), t.fp, t.fp+t.tn, t.fn, t.fn+t.tp)
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
