package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"gatehouse.example/internal/border"
	"gatehouse.example/internal/config"
	"gatehouse.example/internal/identity"
	"gatehouse.example/internal/replay"
	"gatehouse.example/screen"
	"gatehouse.example/sip"
	"gatehouse.example/verdict"
)

type replayCmd struct {
	File     string   `arg:"" optional:"" default:"-" help:"The events (.jsonl) or capture (.pcap, .pcapng); - is stdin."`
	Policy   string   `help:"Judge by this configuration file instead, and say what that would change." placeholder:"FILE"`
	Compare  bool     `help:"With --policy: compare with the configuration in force." default:"true" negatable:""`
	Seed     uint64   `help:"What all chance comes from: the same seed gives the same bytes." default:"1"`
	Enforce  bool     `help:"Judge domains in monitor mode as if they were in enforce mode."`
	Block    []string `help:"A black list, a value a line, to begin with; may be given more than once." placeholder:"FILE" sep:"none"`
	Allow    []string `help:"A white list, a value a line, to begin with; may be given more than once." placeholder:"FILE" sep:"none"`
	Declared []string `help:"Callers that are declared as machines people here want to hear (list declared), a value a line; may be given more than once." placeholder:"FILE" sep:"none"`
	Brief    bool     `help:"Leave out of each line what stands in the event."`
	JSON     bool     `help:"Print summary and comparison as JSON too." name:"json"`
}

// Help says what comes out.
func (replayCmd) Help() string {
	return `What would have happened: each event or captured request goes through the rules, on a
virtual clock, with memories that begin empty. Nothing is sent, stored or looked up. The guard takes part: who is
banned, floods or scans is dropped, and the verdict names GUARD_BANNED, GUARD_FLOOD,
GUARD_SCANNER or GUARD_TRAP.

A verdict a line comes out, as JSON, with "relayed" (the callee was reached) and
"introduced" (pass, fail, or empty: not asked); a summary follows on stderr. Of an event's
outcome only what the verdict lets happen is used. A domain that the configuration does not
name is judged in enforce mode.

With --policy, what that file would change against the configuration in force stands in the
summary, with examples. How calls ended is taken
from a capture, too; its signatures are not verified, and what is encrypted is not read.

Examples:
  gatehouse replay events.jsonl > verdicts.jsonl
  gatehouse replay --enforce trunk.pcapng --brief | jq -r .action | sort | uniq -c
  gatehouse replay events.jsonl --policy stricter.yaml > /dev/null`
}

// Run plays the file.
func (c *replayCmd) Run(a *app) error {
	cfgs, err := c.configurations(a)
	if err != nil {
		return err
	}
	in, err := a.input(c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	events, err := replay.Open(in, captureSite(cfgs[len(cfgs)-1]))
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	show := &replayShow{out: replay.NewWriter(a.stdout)}
	show.out.Brief, show.summary.Unread = c.Brief, replay.Unread(events)
	err = c.play(a, cfgs, events, show)
	if err = errors.Join(err, show.out.Flush()); err != nil {
		return err
	}
	return show.sum(a, c.JSON, len(cfgs) > 1)
}

// configurations are those to judge by: the one whose verdicts are printed stands last, the one to compare with before it.
func (c *replayCmd) configurations(a *app) ([]*config.Config, error) {
	var cfgs []*config.Config
	if c.Policy == "" || c.Compare && config.Find(a.config) != "" {
		cfg, err := a.load()
		if err != nil {
			return nil, err
		}
		cfgs = append(cfgs, cfg)
	}
	if c.Policy != "" {
		other := *a
		other.config = c.Policy
		cfg, err := other.load()
		if err != nil {
			return nil, err
		}
		cfgs = append(cfgs, cfg)
	}
	return cfgs, nil
}

// play lets all policies judge each event.
func (c *replayCmd) play(a *app, cfgs []*config.Config, events replay.Events, show *replayShow) error {
	var players []*player
	ev := new(screen.Event)
	for {
		err := events.Next(ev)
		if err == io.EOF {
			break
		}
		if err == nil && players == nil {
			players, err = c.players(a, cfgs, ev.Time)
		}
		if err == nil {
			err = a.ctx.Err()
		}
		for _, p := range players {
			if err == nil {
				err = p.Play(ev, &p.result)
			}
		}
		if err == nil {
			err = show.add(players)
		}
		if err != nil {
			return err
		}
	}
	for _, p := range players {
		p.Finish()
		p.engine.Wait()
		show.summary.Late = p.Late()
	}
	return nil
}

func (c *replayCmd) players(a *app, cfgs []*config.Config, begin time.Time) ([]*player, error) {
	var all []*player
	for _, cfg := range cfgs {
		p, err := newPlayer(a.ctx, cfg, c, begin)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// replayShow is what comes out of a replay.
type replayShow struct {
	out        *replay.Writer
	summary    replay.Summary
	comparison replay.Comparison
}

// add takes what became of one event: the last player's is shown.
func (s *replayShow) add(players []*player) error {
	last := &players[len(players)-1].result
	s.summary.Add(last)
	if len(players) > 1 {
		s.comparison.Add(&players[0].result, last)
	}
	return s.out.Write(last)
}

// sum writes summary and comparison on stderr.
func (s *replayShow) sum(a *app, asJSON, compared bool) error {
	if asJSON {
		sum := struct {
			*replay.Summary
			Same    *int             `json:"same,omitempty"`
			Changes []*replay.Change `json:"changes,omitempty"`
		}{Summary: &s.summary}
		if compared {
			same := s.comparison.Same()
			sum.Same, sum.Changes = &same, s.comparison.Changes()
		}
		text, err := json.Marshal(&sum)
		if err != nil {
			return fmt.Errorf("cannot print the summary: %w", err)
		}
		_, err = a.stderr.Write(append(escapeUnprintable(text), '\n'))
		return err
	}
	var text strings.Builder
	err := s.summary.WriteText(&text)
	if err == nil && compared {
		err = s.comparison.WriteText(&text)
	}
	if err == nil {
		_, err = io.WriteString(a.stderr, text.String())
	}
	return err
}

// captureSite says what a capture is to be read by.
func captureSite(cfg *config.Config) replay.Site {
	site := replay.Site{Plan: cfg.Plan()}
	for i := range cfg.Domains {
		site.Domains = append(site.Domains, cfg.Domains[i].Names()...)
	}
	peers := new(border.Site)
	for i := range cfg.Peers {
		peers.AddPeer(newPeer(&cfg.Peers[i], uint16(i+1)))
	}
	site.Prove = func(m *sip.Message, source netip.Addr) (string, verdict.Proof) {
		who := identity.Who(&identity.Evidence{Message: m, Trusted: peers.TrustsAt(source)})
		if who.Proof == verdict.None {
			return "", verdict.None
		}
		return string(who.URI.AppendTo(nil)), who.Proof
	}
	return site
}
