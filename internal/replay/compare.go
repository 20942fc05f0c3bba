package replay

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"gatehouse.example/screen"
)

// Change is one way in which two policies differ: what the first one does and what the second one does instead.
type Change struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Events is how many events change so; Spam and Ham are those of them about which the callee would say that.
	Events int `json:"events"`
	Spam   int `json:"spam"`
	Ham    int `json:"ham"`
	// Examples are the first few.
	Examples []Example `json:"examples"`
}

// Example is an event that two policies treat differently.
type Example struct {
	ID       string    `json:"id"`
	Time     time.Time `json:"time"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Feedback string    `json:"feedback,omitempty"`
	// Before and After are the reasons of the two verdicts, as Verdict.Why writes them.
	Before string `json:"before"`
	After  string `json:"after"`
}

// Comparison collects what would change.
type Comparison struct {
	changes map[[2]string]*Change
	same    int
}

// examples is how many of each change are shown.
const examples = 3

// Add compares what two policies have made of one event.
func (c *Comparison) Add(before, after *Result) {
	from, to := fate(before), fate(after)
	if from == to {
		c.same++
		return
	}
	if c.changes == nil {
		c.changes = make(map[[2]string]*Change)
	}
	ch := c.changes[[2]string{from, to}]
	if ch == nil {
		ch = &Change{From: from, To: to}
		c.changes[[2]string{from, to}] = ch
	}
	ch.Events++
	ev := before.Event
	switch ev.Outcome.Feedback {
	case "spam":
		ch.Spam++
	case "ham":
		ch.Ham++
	}
	if len(ch.Examples) < examples {
		ch.Examples = append(ch.Examples, Example{ID: ev.ID, Time: ev.Time, From: ev.From, To: ev.To, Feedback: ev.Outcome.Feedback,
			Before: why(before), After: why(after)})
	}
}

// fate is what becomes of an event in a word or two.
func fate(res *Result) string {
	switch {
	case !res.Happened:
		return "did not happen"
	case res.Introduced != NotAsked:
		return "introduce, " + string(res.Introduced)
	}
	return res.Verdict.Action.String()
}

func why(res *Result) string {
	if !res.Happened {
		return fate(res)
	}
	return res.Verdict.Why()
}

// Same is how many events go as before.
func (c *Comparison) Same() int { return c.same }

// Changes returns what would change, the most frequent first.
func (c *Comparison) Changes() []*Change {
	all := make([]*Change, 0, len(c.changes))
	for _, ch := range c.changes {
		all = append(all, ch)
	}
	slices.SortFunc(all, func(a, b *Change) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return all
}

// WriteText writes the comparison for people.
func (c *Comparison) WriteText(w io.Writer) error {
	changed := 0
	changes := c.Changes()
	for _, ch := range changes {
		changed += ch.Events
	}
	b := fmt.Appendf(nil, "what would change: %d of %d events\n", changed, changed+c.same)
	for _, ch := range changes {
		b = fmt.Appendf(b, "  %s → %s: %d", ch.From, ch.To, ch.Events)
		if ch.Spam+ch.Ham > 0 {
			b = fmt.Appendf(b, " (%d spam, %d welcome)", ch.Spam, ch.Ham)
		}
		b = append(b, '\n')
		for i := range ch.Examples {
			e := &ch.Examples[i]
			b = fmt.Appendf(b, "    %s %s %s → %s%s\n      before  %s\n      after   %s\n", e.Time.UTC().Format(time.DateTime), screen.Quote(e.ID),
				screen.Quote(e.From), screen.Quote(e.To), said(e.Feedback), e.Before, e.After)
		}
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	return nil
}

func said(feedback string) string {
	if feedback == "" {
		return ""
	}
	return ", " + strings.ToValidUTF8(screen.Quote(feedback), "") + " to the callee"
}
