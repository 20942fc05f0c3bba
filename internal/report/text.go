package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// WriteText writes the report for a terminal or a mail. Text of others is quoted.
func (s *Summary) WriteText(w io.Writer) error {
	b := new(strings.Builder)
	if s.Attempts == 0 {
		b.WriteString("Nothing came in this time.\n")
		_, err := io.WriteString(w, b.String())
		return wrap(err)
	}
	fmt.Fprintf(b, "%d attempts, %s to %s UTC\n\n", s.Attempts, s.First.UTC().Format(time.DateTime), s.Last.UTC().Format(time.DateTime))
	b.WriteString("What was done\n")
	for a, n := range s.Actions {
		row(b, verdict.Action(a).String(), n, s.Attempts)
	}
	if s.Monitored > 0 {
		fmt.Fprintf(b, "\nWhat enforce mode would have done with the %d of monitor mode\n", s.Monitored)
		for a, n := range s.Would {
			row(b, verdict.Action(a).String(), n, s.Monitored)
		}
	}
	b.WriteString("\nWhat came\n")
	for k, n := range s.Kinds {
		row(b, verdict.Kind(k).String(), n, s.Attempts)
	}
	s.writeSaid(b)
	b.WriteString("\nReasons, by what was stopped\n")
	for i, r := range s.Reasons() {
		if i < 2*shown {
			fmt.Fprintf(b, "  %-30s %8d attempts, %8d stopped, %+.1f on average\n", r.Name, r.Attempts, r.Stopped, r.Score/float64(r.Attempts))
		}
	}
	counts(b, "Callers who were stopped most often", s.Stopped())
	counts(b, "Callers who came most often", s.Callers())
	counts(b, "Sources", s.Sources())
	b.WriteString("\nDays\n")
	for _, d := range s.Days() {
		fmt.Fprintf(b, "  %s %8d attempts, %8d stopped\n", d.Date, d.Attempts, d.Stopped)
	}
	_, err := io.WriteString(w, b.String())
	return wrap(err)
}

func wrap(err error) error {
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func row(b *strings.Builder, name string, n, of int) {
	if n > 0 {
		fmt.Fprintf(b, "  %-14s %8d  %5.1f %%\n", name, n, 100*float64(n)/float64(of))
	}
}

// writeSaid writes what people said: what was missed, and whom it harmed.
func (s *Summary) writeSaid(b *strings.Builder) {
	b.WriteString("\nWhat people said\n")
	if s.Spam == (Said{}) && s.Ham == (Said{}) {
		b.WriteString("  nothing: without feedback nobody knows whom this harms (gatehouse attempts feedback)\n")
		return
	}
	fmt.Fprintf(b, "  spam           %8d came through, %d of them marked; %d were stopped\n", s.Spam.Relayed+s.Spam.Labelled, s.Spam.Labelled, s.Spam.Stopped)
	fmt.Fprintf(b, "  welcome        %8d came through, %d of them marked; %d WERE STOPPED\n", s.Ham.Relayed+s.Ham.Labelled, s.Ham.Labelled, s.Ham.Stopped)
	for _, e := range s.Harmed() {
		fmt.Fprintf(b, "    %s %s %s: %s\n", e.Time.UTC().Format(time.DateTime), e.ID, screen.Quote(e.From), e.Why)
	}
}

func counts(b *strings.Builder, title string, all []Count) {
	if len(all) == 0 {
		return
	}
	b.WriteString("\n" + title + "\n")
	for _, c := range all {
		fmt.Fprintf(b, "  %8d  %s\n", c.Attempts, screen.Quote(c.Name))
	}
}
