package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gatehouse.example/internal/api"
	"gatehouse.example/internal/state/history"
	"gatehouse.example/sip"
	"gatehouse.example/verdict"
)

type attemptsCmd struct {
	List     attemptsListCmd     `cmd:"" default:"withargs" help:"List attempts, the newest first."`
	Show     attemptsShowCmd     `cmd:"" help:"Show all about one attempt."`
	Feedback attemptsFeedbackCmd `cmd:"" help:"Say that an attempt was spam or ham."`
}

// Help shows examples.
func (attemptsCmd) Help() string {
	return `What came, what was done with it, and why: calls, messages, registrations and all
else that was screened, the newest first. An attempt is there half a second after
it came. The filters are those of gatehouse attempts list --help.

Examples:
  gatehouse attempts
  gatehouse attempts --from +15551230001 --kind call
  gatehouse attempts --action reject --limit 1000 --json
  gatehouse attempts show 01KAHY3V4M2Q8N6T0R5W7X9ZBC
  gatehouse attempts feedback 01KAHY3V4M2Q8N6T0R5W7X9ZBC spam`
}

type attemptsListCmd struct {
	Limit  int    `help:"How many at most, up to 1000." default:"50" placeholder:"N"`
	Kind   string `help:"Only of this kind: call, message, subscription, registration, publication, other." enum:",call,message,subscription,registration,publication,other" default:"" placeholder:"KIND"`
	Action string `help:"Only what this was done with: relay, label, introduce, reject, drop. In monitor mode everything is relayed." enum:",relay,label,introduce,reject,drop" default:"" placeholder:"ACTION"`
	From   string `help:"Only of this caller: a number or address, proven or claimed." placeholder:"CALLER"`
	To     string `help:"Only to this user or requested address." placeholder:"CALLED"`
	Before string `help:"Only older ones than this attempt." placeholder:"ID"`
	JSON   bool   `help:"Print JSON: whole verdicts, and the next --before." name:"json"`
}

// Help says what the columns are.
func (attemptsListCmd) Help() string {
	return "One line each: local time, id, kind, what was done (in monitor mode what enforce mode\nwould have done; behind an arrow, how it ended where we had to answer what was let\nthrough), score, who called whom, the reasons.\n\nExample:\n  gatehouse attempts --from +15551230001 --kind call"
}

// Run prints the attempts.
func (c *attemptsListCmd) Run(a *app) error {
	if c.Limit < 1 || c.Limit > history.MaxLimit {
		return usagef("--limit: %d is not between 1 and %d; older ones come with --before ID", c.Limit, history.MaxLimit)
	}
	return a.with(func(b *backend) error {
		var page api.AttemptPage
		if err := b.Do(a.ctx, "GET", "/attempts?"+c.query().Encode(), nil, &page); err != nil {
			return senseless(err)
		}
		if c.JSON {
			return a.json(page)
		}
		rows := make([][]string, len(page.Attempts))
		for i := range page.Attempts {
			rows[i] = attemptRow(&page.Attempts[i])
		}
		if err := a.table("TIME ID KIND ACTION SCORE CALLER→CALLED REASONS", rows); err != nil || page.Next == "" {
			return err
		}
		fmt.Fprintf(a.stdout, "There are older ones: --before %s\n", oneLine(page.Next))
		return nil
	})
}

func (c *attemptsListCmd) query() url.Values {
	q := url.Values{"limit": {strconv.Itoa(c.Limit)}}
	for key, value := range map[string]string{"kind": c.Kind, "action": c.Action, "from": c.From, "to": c.To, "before": c.Before} {
		if value != "" {
			q.Set(key, value)
		}
	}
	return q
}

// How much of an attempt's texts a line holds, in characters; attempts show prints all.
const (
	addressWidth = 40
	reasonsWidth = 120
)

func attemptRow(v *verdict.Verdict) []string {
	_, reasons, _ := strings.Cut(v.Why(), ": ")
	return []string{
		v.Time.Local().Format(time.DateTime), v.ID, v.Kind.String(), done(v), strconv.FormatFloat(v.Score, 'f', -1, 64),
		short(first(v.From.Identity, v.From.Claimed), addressWidth) + " → " + short(first(v.To.Requested, v.To.User), addressWidth), short(reasons, reasonsWidth),
	}
}

// done is what was done, or what enforce mode would have done instead.
func done(v *verdict.Verdict) string {
	if v.Would != verdict.Relay && v.Would != v.Action {
		return "would " + v.Would.String()
	}
	if v.Action == verdict.Relay && v.Response != nil {
		return v.Action.String() + " → " + strconv.Itoa(v.Response.Code) + " " + became(v)
	}
	return v.Action.String()
}

// became says what became of an attempt that was let through and then answered by ourselves.
func became(v *verdict.Verdict) string {
	code := v.Response.Code
	if v.Kind == verdict.Registration && code == 200 {
		return "registered"
	}
	if reason := v.Response.Reason; reason != "" && reason != sip.ReasonPhrase(code) {
		return oneLine(reason)
	}
	switch code {
	case 404:
		return "no such place"
	case 430:
		return "phone's connection gone"
	case 480:
		return "nobody reachable"
	case 503:
		return "no answer behind us"
	}
	return oneLine(v.Response.Reason)
}

// first returns the first that is not empty, or a dash.
func first(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return "-"
}

// short cuts what is longer than n characters.
func short(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

type attemptsShowCmd struct {
	ID   string `arg:"" help:"The id as gatehouse attempts prints it."`
	JSON bool   `help:"Print the verdict as JSON." name:"json"`
}

// Help shows an example.
func (attemptsShowCmd) Help() string {
	return "Example:\n  gatehouse attempts show 01KAHY3V4M2Q8N6T0R5W7X9ZBC --json"
}

// Run prints the attempt.
func (c *attemptsShowCmd) Run(a *app) error {
	return a.with(func(b *backend) error {
		var v verdict.Verdict
		if err := b.Do(a.ctx, "GET", attemptPath(c.ID), nil, &v); err != nil {
			return fmt.Errorf("attempt %s: %w", c.ID, err)
		}
		if c.JSON {
			return a.json(v)
		}
		for _, field := range attemptFields(&v) {
			if field[1] != "" {
				fmt.Fprintf(a.stdout, "%-12s  %s\n", field[0], oneLine(field[1]))
			}
		}
		return nil
	})
}

func attemptPath(id string) string { return "/attempts/" + url.PathEscape(id) }

// attemptFields are the names and values that a person reads; empty ones are left out.
func attemptFields(v *verdict.Verdict) [][2]string {
	fields := [][2]string{
		{"id", v.ID},
		{"time", v.Time.Local().Format("2006-01-02 15:04:05.000000 MST")},
		{"kind", v.Kind.String()},
		{"verdict", v.Why()},
		{"mode", v.Mode.String()},
		{"caller", v.From.Claimed},
		{"display name", quoted(v.From.Display)},
		{"identity", first(v.From.Identity, "not proven")},
		{"proof", v.From.Proof.String()},
	}
	fields = append(fields, signatureFields(v.From.Signature)...)
	fields = append(fields, [][2]string{
		{"called", v.To.Requested},
		{"user", v.To.User},
		{"alias", v.To.Alias},
		{"source", v.Source.Address + " " + v.Source.Transport},
		{"peer", v.Source.Peer},
		{"user agent", quoted(v.Source.UserAgent)},
	}...)
	for i := range v.Signals {
		s := &v.Signals[i]
		fields = append(fields, [2]string{"signal", fmt.Sprintf("%s %+g = strength %g × weight %g: %s", s.Name, s.Score, s.Strength, s.Weight, s.Evidence)})
	}
	if v.Response != nil {
		fields = append(fields, [2]string{"response", strconv.Itoa(v.Response.Code) + " " + v.Response.Reason})
	}
	return append(fields, [2]string{"introduction", v.Introduction},
		[2]string{"took", strconv.FormatInt(v.ElapsedUS, 10) + " µs"}, [2]string{"feedback", v.Feedback})
}

// signatureFields tell who signed; the texts are the token's and the certificate's.
func signatureFields(s *verdict.Signature) [][2]string {
	if s == nil {
		return nil
	}
	outcome := s.Outcome
	if s.Reason != "" {
		outcome += ": " + s.Reason
	}
	fields := [][2]string{
		{"signature", outcome}, {"attestation", s.Attestation}, {"signer", quoted(s.Signer)}, {"entity", quoted(s.Organization)},
		{"certificate", quoted(s.URL)}, {"origid", s.OrigID}, {"verstat", s.Verstat},
	}
	if s.Diverted {
		fields = append(fields, [2]string{"diverted", "yes, and who forwarded it has signed that"})
	}
	return fields
}

// quoted shows where text of others begins and ends.
func quoted(s string) string {
	if s == "" {
		return ""
	}
	return strconv.Quote(s)
}

type attemptsFeedbackCmd struct {
	ID    string `arg:"" help:"The id as gatehouse attempts prints it."`
	Label string `arg:"" help:"spam: nobody wanted it; ham: it was welcome." enum:"spam,ham"`
}

// Help shows an example.
func (attemptsFeedbackCmd) Help() string {
	return "Example:\n  gatehouse attempts feedback 01KAHY3V4M2Q8N6T0R5W7X9ZBC spam"
}

// Run stores the feedback.
func (c *attemptsFeedbackCmd) Run(a *app) error {
	return a.with(func(b *backend) error {
		if err := b.Do(a.ctx, "POST", attemptPath(c.ID)+"/feedback", api.Feedback{Label: c.Label}, nil); err != nil {
			return fmt.Errorf("attempt %s: %w", c.ID, err)
		}
		return nil
	})
}
