package screentest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

// textCase is one case of a file.
type textCase struct {
	title    string
	line     int
	head     string // the text before "----", as it was read
	setup    []string
	attempts []attemptLine
	want     string
}

// attemptLine is one attempt as it is written.
type attemptLine struct {
	line         int
	event        screen.Event
	identity     string
	signature    verdict.Signature // Outcome empty: as the proof has it
	earlier      string
	tls          string
	probe        bool
	times        int
	after, every time.Duration
}

// plan is the North American numbering plan, in which the examples of the RFCs live.
func plan() uri.Plan { return uri.Plan{Country: "1", International: "011", Trunk: "1"} }

// attempt makes the attempt that happens at now.
func (l *attemptLine) attempt(now time.Time) (*screen.Attempt, error) {
	l.event.Time = now
	if l.signature.Outcome != "" {
		l.event.Signature = &l.signature
	}
	a, err := l.event.Attempt(plan())
	if err != nil {
		return nil, err
	}
	a.Probe, a.Earlier, a.SenderProven = l.probe, l.earlier, l.tls
	if l.signature.Outcome == "" {
		l.fill(&a.Signature)
	}
	if l.identity != "" {
		u, err := uri.Parse([]byte(l.identity))
		if err != nil {
			return nil, fmt.Errorf("identity: %w", err)
		}
		a.SetIdentity(&u, l.event.Proof, plan())
	}
	return a, nil
}

// fill adds what the line says about a signature that its proof brought along.
func (l *attemptLine) fill(s *verdict.Signature) {
	for _, f := range []struct{ to, from *string }{
		{&s.Reason, &l.signature.Reason}, {&s.Attestation, &l.signature.Attestation}, {&s.Signer, &l.signature.Signer},
		{&s.Organization, &l.signature.Organization}, {&s.URL, &l.signature.URL},
	} {
		if *f.from != "" {
			*f.to = *f.from
		}
	}
}

// parse reads a file of cases.
func parse(name, text string) ([]textCase, error) {
	var cases []textCase
	var head, want strings.Builder
	inWant := false
	finish := func() {
		if len(cases) > 0 {
			c := &cases[len(cases)-1]
			c.head, c.want = head.String(), strings.TrimRight(want.String(), "\n")+"\n"
			head.Reset()
			want.Reset()
		}
	}
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if title, ok := strings.CutPrefix(line, "== "); ok {
			finish()
			cases = append(cases, textCase{title: title, line: i + 1})
			inWant = false
		}
		switch {
		case inWant:
			want.WriteString(line + "\n")
			continue
		case line == "----":
			inWant = true
			continue
		}
		head.WriteString(line + "\n")
		if err := addLine(cases, i+1, line); err != nil {
			return nil, fmt.Errorf("screentest: %s:%d: %w", name, i+1, err)
		}
	}
	finish()
	return cases, nil
}

// addLine takes a line of the head of the last case.
func addLine(cases []textCase, number int, line string) error {
	trimmed := strings.TrimSpace(line)
	if trimmed == "" || trimmed[0] == '#' || strings.HasPrefix(trimmed, "== ") {
		return nil
	}
	if len(cases) == 0 {
		return fmt.Errorf("before the first case (== title): %q", line)
	}
	c := &cases[len(cases)-1]
	if setup, ok := strings.CutPrefix(trimmed, "@"); ok {
		c.setup = append(c.setup, strings.TrimSpace(setup))
		return nil
	}
	l, err := parseAttempt(trimmed)
	l.line = number
	c.attempts = append(c.attempts, l)
	return err
}

func parseAttempt(line string) (attemptLine, error) {
	l := attemptLine{times: 1}
	l.event = screen.Event{From: "sip:alice@caller.test", To: "sip:bob@example.test", Source: "192.0.2.7:5060", Transport: "udp"}
	kind, rest, _ := strings.Cut(line, " ")
	if err := l.event.Kind.UnmarshalText([]byte(kind)); err != nil {
		return l, err
	}
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		key, value, ok := strings.Cut(rest, "=")
		if !ok {
			return l, fmt.Errorf("%q is not key=value", rest)
		}
		if strings.HasPrefix(value, `"`) {
			quoted, err := strconv.QuotedPrefix(value)
			if err != nil {
				return l, fmt.Errorf("%s: %w", key, err)
			}
			rest = value[len(quoted):]
			value, _ = strconv.Unquote(quoted)
		} else {
			value, rest, _ = strings.Cut(value, " ")
		}
		if err := l.set(key, value); err != nil {
			return l, fmt.Errorf("%s: %w", key, err)
		}
	}
	return l, nil
}

func (l *attemptLine) set(key, value string) (err error) {
	text := map[string]*string{
		"from": &l.event.From, "to": &l.event.To, "display": &l.event.Display, "source": &l.event.Source,
		"transport": &l.event.Transport, "peer": &l.event.Peer, "ua": &l.event.UserAgent, "text": &l.event.Text,
		"direction": &l.event.Direction, "identity": &l.identity, "earlier": &l.earlier, "tls": &l.tls,
		"signature": &l.signature.Outcome, "reason": &l.signature.Reason, "attestation": &l.signature.Attestation, "signer": &l.signature.Signer,
		"organization": &l.signature.Organization, "url": &l.signature.URL,
	}
	if to := text[key]; to != nil {
		*to = value
		return nil
	}
	switch key {
	case "name":
		l.event.Names = append(l.event.Names, value)
	case "proof":
		return l.event.Proof.UnmarshalText([]byte(value))
	case "sender":
		return l.event.SenderServes.UnmarshalText([]byte(value))
	case "probe":
		l.probe, err = strconv.ParseBool(value)
	case "times":
		l.times, err = strconv.Atoi(value)
	case "after":
		l.after, err = time.ParseDuration(value)
	case "every":
		l.every, err = time.ParseDuration(value)
	default:
		err = fmt.Errorf("no such field")
	}
	return err
}
