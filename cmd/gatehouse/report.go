package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"gatehouse.example/internal/api"
	"gatehouse.example/internal/config"
	"gatehouse.example/internal/report"
	"gatehouse.example/internal/state/history"
)

type reportCmd struct {
	Since string `help:"How far back, as 24h, 7d or 90d, or a day as 2026-11-01." default:"7d" placeholder:"TIME"`
	Until string `help:"Up to when, likewise; default: now." placeholder:"TIME"`
	HTML  bool   `help:"Write a page of HTML rather than text." name:"html"`
	JSON  bool   `help:"Print JSON." name:"json"`
	Out   string `help:"The file to write; - is stdout." default:"-" short:"o" placeholder:"FILE"`
}

// Help shows examples.
func (reportCmd) Help() string {
	return `What came, what was done and why, who was stopped most often, and what people said about it:
spam that came through, and calls that were welcome and stopped.

Examples:
  gatehouse report
  gatehouse report --since 30d --html --out report.html
  gatehouse report --since 2026-11-01 --until 2026-12-01 --json`
}

// Run writes the report.
func (c *reportCmd) Run(a *app) (err error) {
	now := time.Now()
	since, err := moment("since", c.Since, now)
	if err != nil {
		return err
	}
	until := now
	if c.Until != "" {
		if until, err = moment("until", c.Until, now); err != nil {
			return err
		}
	}
	if until.Before(since) {
		return usagef("--until lies before --since")
	}
	var s report.Summary
	if err := a.with(func(b *backend) error { return summarise(a, b, &s, since, until) }); err != nil {
		return err
	}
	if c.Out != "-" {
		f, err := os.Create(c.Out)
		if err != nil {
			return fmt.Errorf("cannot write the report: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		to := *a
		to.stdout, a = f, &to
	}
	switch {
	case c.JSON:
		return a.json(reportJSON(&s))
	case c.HTML:
		return s.WriteHTML(a.stdout)
	}
	return s.WriteText(a.stdout)
}

// moment is a length of time before now, or the beginning of a day.
func moment(flag, text string, now time.Time) (time.Time, error) {
	if t, err := time.ParseInLocation(time.DateOnly, text, time.Local); err == nil {
		return t, nil
	}
	d, err := config.ParseDuration(text)
	if err != nil {
		return time.Time{}, usagef("--%s: %s; or a day as 2026-11-01", flag, strings.TrimPrefix(err.Error(), "config: "))
	}
	return now.Add(-d), nil
}

// summarise reads the history page by page, from the newest back.
func summarise(a *app, b *backend, s *report.Summary, since, until time.Time) error {
	q := url.Values{"limit": {strconv.Itoa(history.MaxLimit)}}
	for {
		var page api.AttemptPage
		if err := b.Do(a.ctx, "GET", "/attempts?"+q.Encode(), nil, &page); err != nil {
			return err
		}
		for i := range page.Attempts {
			v := &page.Attempts[i]
			if v.Time.Before(since) {
				return nil
			}
			if v.Time.Before(until) {
				s.Add(v)
			}
		}
		if page.Next == "" {
			return nil
		}
		q.Set("before", page.Next)
	}
}

// reportOut is a report as scripts read it.
type reportOut struct {
	*report.Summary
	Actions map[string]int   `json:"actions"`
	Kinds   map[string]int   `json:"kinds"`
	Would   map[string]int   `json:"would"`
	Days    []*report.Day    `json:"days"`
	Reasons []*report.Reason `json:"reasons"`
	Callers []report.Count   `json:"callers"`
	Stopped []report.Count   `json:"stopped"`
	Sources []report.Count   `json:"sources"`
	Harmed  []report.Example `json:"harmed"`
}

func reportJSON(s *report.Summary) *reportOut {
	actions, kinds, would := s.Words()
	return &reportOut{s, actions, kinds, would, s.Days(), s.Reasons(), s.Callers(), s.Stopped(), s.Sources(), append([]report.Example{}, s.Harmed()...)}
}
