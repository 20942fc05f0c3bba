package replay

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"gatehouse.example/verdict"
)

// Summary counts what became of all events.
type Summary struct {
	// Events is how many were read, Skipped how many of them did not happen because of what they depend on.
	Events  int `json:"events"`
	Skipped int `json:"skipped"`
	// First and Last are the times of the first and the last event.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	// Late is how many events came before one that stood above them.
	Late int `json:"late"`
	// Unread is how many packets of a capture were cut off, or damaged.
	Unread int `json:"unread,omitempty"`
	// In and Out are the attempts from outside and those of local users.
	In  Counts `json:"in"`
	Out Counts `json:"out"`
	// Spam and Ham are the attempts from outside about which the outcome says what the callee would say.
	Spam Counts `json:"spam"`
	Ham  Counts `json:"ham"`
	// Signals counts by name how often each signal was reported with a strength above 0.
	Signals map[string]int `json:"signals"`
}

// Counts are attempts by what became of them.
type Counts struct {
	Attempts   int `json:"attempts"`
	Relayed    int `json:"relayed"` // the callee was reached: labelled and introduced ones are among them
	Labelled   int `json:"labelled"`
	Asked      int `json:"asked"` // to introduce themselves
	Introduced int `json:"introduced"`
	Rejected   int `json:"rejected"`
	// Would is how many enforce mode would not have relayed as they came, where monitor mode did.
	Would int `json:"would"`
}

// Add counts one result.
func (s *Summary) Add(res *Result) {
	ev := res.Event
	s.Events++
	if s.First.IsZero() || ev.Time.Before(s.First) {
		s.First = ev.Time
	}
	if ev.Time.After(s.Last) {
		s.Last = ev.Time
	}
	if !res.Happened {
		s.Skipped++
		return
	}
	if ev.Direction == "out" {
		s.Out.add(res)
	} else {
		s.In.add(res)
		switch ev.Outcome.Feedback {
		case "spam":
			s.Spam.add(res)
		case "ham":
			s.Ham.add(res)
		}
	}
	if s.Signals == nil {
		s.Signals = make(map[string]int)
	}
	for i := range res.Verdict.Signals {
		if sig := &res.Verdict.Signals[i]; sig.Strength > 0 {
			s.Signals[sig.Name]++
		}
	}
}

func (c *Counts) add(res *Result) {
	c.Attempts++
	if res.Relayed {
		c.Relayed++
	}
	switch res.Verdict.Action {
	case verdict.Label:
		c.Labelled++
	case verdict.Introduce:
		c.Asked++
		if res.Introduced == Passed {
			c.Introduced++
		}
	case verdict.Reject, verdict.Drop:
		c.Rejected++
	}
	if res.Verdict.Would != verdict.Relay {
		c.Would++
	}
}

// WriteText writes the summary for people.
func (s *Summary) WriteText(w io.Writer) error {
	b := fmt.Appendf(nil, "%d events", s.Events)
	if s.Events > 0 {
		b = fmt.Appendf(b, ", %s to %s", s.First.UTC().Format(time.DateTime), s.Last.UTC().Format(time.DateTime))
	}
	if s.Skipped > 0 {
		b = fmt.Appendf(b, "; %d did not happen, because of what they depend on", s.Skipped)
	}
	if s.Late > 0 {
		b = fmt.Appendf(b, "; %d stand out of time order", s.Late)
	}
	if s.Unread > 0 {
		b = fmt.Appendf(b, "; %d packets are cut off or damaged (capture them whole: tcpdump -s 0)", s.Unread)
	}
	b = append(b, '\n')
	b = s.In.appendText(b, "from outside")
	b = s.Spam.appendText(b, "  of these, spam to the callee")
	b = s.Ham.appendText(b, "  of these, welcome to the callee")
	b = s.Out.appendText(b, "of local users")
	for i, name := range s.top() {
		if i == topSignals {
			break
		}
		b = fmt.Appendf(b, "  %-28s %d\n", name, s.Signals[name])
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	return nil
}

// topSignals is how many signals a summary for people names.
const topSignals = 12

func (s *Summary) top() []string {
	names := make([]string, 0, len(s.Signals))
	for name := range s.Signals {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(s.Signals[b], s.Signals[a]), cmp.Compare(a, b))
	})
	return names
}

func (c *Counts) appendText(b []byte, who string) []byte {
	if c.Attempts == 0 {
		return b
	}
	b = fmt.Appendf(b, "%s: %d attempts, %d relayed (%.2f %%)", who, c.Attempts, c.Relayed, 100*float64(c.Relayed)/float64(c.Attempts))
	for _, part := range []struct {
		n    int
		text string
	}{{c.Labelled, "labelled"}, {c.Asked, "asked to introduce themselves"}, {c.Introduced, "did so"}, {c.Rejected, "rejected"},
		{c.Would, "not relayed as they came in enforce mode"}} {
		if part.n > 0 {
			b = fmt.Appendf(b, ", %d %s", part.n, part.text)
		}
	}
	return append(b, '\n')
}
