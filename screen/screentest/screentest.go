// Package screentest runs one check on text cases, as net/http/httptest does for handlers.
//
// A file holds cases. Each has a title, lines that begin with "@" and say what the check is to know beforehand, attempts, and
// after "----" what the check reports about each attempt:
//
//	== a blocked prefix catches the numbers behind it
//	@ block local +1555123*
//	call from=sip:+15551230001@carrier.test source=192.0.2.7:5060
//	----
//	LISTS_BLOCKED 1: number +1555123* in list 'local', added 2026-11-20
//
// An attempt is a kind and fields: from, to, display, source, transport, peer, ua, proof, identity, text and direction (values may be quoted
// as in Go); signature (an outcome: valid, stale, missing …; left out, it is as the proof has it), and of it attestation, signer, organization, url
// and reason; sender=yes or no (Attempt.SenderServes), tls (Attempt.SenderProven), name (one of Attempt.Names), earlier (Attempt.Earlier); after=10s lets time pass before it; times=100 repeats it, every=1s apart, and shows the last; probe=true only asks. Time is
// virtual and starts at [Start]. Where a case has several attempts, each line of the report begins with the attempt's number.
package screentest

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// Start returns the time of the first attempt of each case.
func Start() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

// Setup makes the check for one case from its "@" lines, given without the "@".
type Setup func(t testing.TB, lines []string) screen.Check

// Run runs every case of the *.txt files in fsys as a subtest. With update set, the reports in the files are replaced by what the
// checks say, through update(name, text): for the -update flag of the caller's test.
func Run(t *testing.T, fsys fs.FS, setup Setup, update func(name string, text []byte) error) {
	t.Helper()
	names, err := fs.Glob(fsys, "*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("screentest: no *.txt files: %v", err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		cases, err := parse(name, string(text))
		if err != nil {
			t.Fatal(err)
		}
		for i := range cases {
			c := &cases[i]
			t.Run(strings.TrimSuffix(name, ".txt")+"/"+c.title, func(t *testing.T) {
				got := c.run(t, setup)
				if update == nil && got != c.want {
					t.Errorf("%s:%d: reports\n%s\nwant\n%s", name, c.line, indent(got), indent(c.want))
				}
				c.want = got
			})
		}
		if update != nil {
			if err := update(name, format(cases)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Signals returns what one check alone reports about a, weighed with its default weights, however long it takes. It fails the test where the check
// panics or reports a signal that it does not list.
func Signals(t testing.TB, c screen.Check, a *screen.Attempt) []verdict.Signal {
	t.Helper()
	e, err := screen.New([]screen.Check{c})
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	p.Exhaustive, p.LookupDeadline = true, time.Hour // a slow machine is no late check
	var v verdict.Verdict
	if !e.Cheap(a, p, &v) {
		e.Lookup(context.Background(), a, p, &v)
		e.Wait()
	}
	for _, s := range e.Stats().Checks {
		if s.Panics != 0 || s.Unknown != 0 {
			t.Errorf("check %s: %d panics, %d reports of unknown signals", s.Name, s.Panics, s.Unknown)
		}
	}
	return v.Signals
}

func (c *textCase) run(t *testing.T, setup Setup) string {
	check := setup(t, c.setup)
	now := Start()
	var out strings.Builder
	for i := range c.attempts {
		line := &c.attempts[i]
		var signals []verdict.Signal
		for n := range line.times {
			if n > 0 {
				now = now.Add(line.every)
			} else {
				now = now.Add(line.after)
			}
			a, err := line.attempt(now)
			if err != nil {
				t.Fatalf("line %d: %v", line.line, err)
			}
			signals = Signals(t, check, a)
		}
		prefix := ""
		if len(c.attempts) > 1 {
			prefix = fmt.Sprintf("%d: ", i+1)
		}
		writeReport(&out, prefix, signals)
	}
	return out.String()
}

func writeReport(out *strings.Builder, prefix string, signals []verdict.Signal) {
	if len(signals) == 0 {
		out.WriteString(prefix + "nothing\n")
	}
	for _, s := range signals {
		fmt.Fprintf(out, "%s%s %.4g: %s\n", prefix, s.Name, s.Strength, s.Evidence)
	}
}

func indent(s string) string {
	return "  " + strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", "\n  ")
}

// format writes cases back as they were read, with their reports.
func format(cases []textCase) []byte {
	var b bytes.Buffer
	for i := range cases {
		b.WriteString(cases[i].head)
		b.WriteString("----\n")
		b.WriteString(cases[i].want)
		if i+1 < len(cases) {
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}
