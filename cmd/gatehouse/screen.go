package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"gatehouse.example/internal/border"
	"gatehouse.example/internal/text"
	"gatehouse.example/screen"
	"gatehouse.example/sip"
	"gatehouse.example/verdict"
)

type screenCmd struct {
	File      string `arg:"" optional:"" default:"-" help:"A SIP request, or an event as JSON; - is stdin."`
	Source    string `help:"Where it came from, as 192.0.2.7:5060." placeholder:"ADDRESS"`
	Transport string `help:"How it came." enum:"udp,tcp,tls,ws,wss," default:""`
	Peer      string `help:"The peer that it came from, by its name in the configuration."`
	Proof     string `help:"How the caller is proven." enum:"none,trunk,digest,tls,stir-uri,stir-c,stir-b,stir-a" default:"none"`
	JSON      bool   `help:"Print the verdict as JSON." name:"json"`
}

// Help shows examples.
func (screenCmd) Help() string {
	return "Prints what would be done with the message and every reason; nothing is sent, counted\nor kept. The running server is asked; when none runs, its rules are applied here.\n\nExamples:\n  gatehouse screen invite.sip --source 192.0.2.7:5060\n  gatehouse screen --json < invite.sip | jq .action"
}

// Run screens the message.
func (c *screenCmd) Run(a *app) error {
	in, err := a.input(c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, sip.MaxMessage+1))
	if err != nil {
		return fmt.Errorf("cannot read the message: %w", err)
	}
	ev, err := c.event(text)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	return a.with(func(b *backend) error {
		var v verdict.Verdict
		if err := b.Do(a.ctx, "POST", "/screen", ev, &v); err != nil {
			return err
		}
		if c.JSON {
			return a.json(&v)
		}
		_, err := fmt.Fprintln(a.stdout, v.Why())
		return err
	})
}

// event is the message as the API takes it.
func (c *screenCmd) event(text []byte) (*screen.Event, error) {
	ev := new(screen.Event)
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(ev); err != nil {
			return nil, fmt.Errorf("the event is not readable: %w", err)
		}
	} else if err := readMessage(ev, text); err != nil {
		return nil, err
	}
	if c.Source != "" {
		ev.Source = c.Source
	}
	if c.Transport != "" {
		ev.Transport = c.Transport
	}
	if c.Peer != "" {
		ev.Peer = c.Peer
	}
	if c.Proof != "none" {
		if err := ev.Proof.UnmarshalText([]byte(c.Proof)); err != nil {
			return nil, usagef("--proof: %w", err)
		}
		ev.Signature = nil // what follows from the proof
	}
	return ev, nil
}

// readMessage takes from a SIP request what an event says.
func readMessage(ev *screen.Event, raw []byte) error {
	var m sip.Message
	if err := m.Parse(wireForm(raw)); err != nil {
		var pe *sip.ParseError
		if errors.As(err, &pe) {
			return fmt.Errorf("not a valid SIP message: %s (at octet %d)", pe.Reason, pe.Offset)
		}
		return err
	}
	if !m.IsRequest() {
		return errors.New("this is a response; only requests are screened")
	}
	ev.Kind = border.KindOf(m.Method())
	ev.From = string(m.From().URI)
	ev.Display = string(m.From().AppendDisplay(nil))
	ev.To = string(m.RequestURI())
	ev.Transport = m.Via().Transport.Lower()
	ev.UserAgent = string(m.Value(sip.HeaderUserAgent))
	if m.Has(sip.HeaderIdentity) {
		// Nobody verifies it here: `identity verify` does, and --proof says what came of it.
		ev.Signature = new(verdict.Signature)
	}
	found := text.Of(&m)
	ev.Text, ev.Names, ev.Opaque = found.Text, found.Names, found.Opaque
	return nil
}

// wireForm gives a message that an editor has saved its CRLFs and the empty
// line back. The body stays as it is.
func wireForm(text []byte) []byte {
	if bytes.Contains(text, []byte("\r\n")) {
		return text
	}
	head, body, _ := bytes.Cut(text, []byte("\n\n"))
	head = bytes.ReplaceAll(bytes.TrimRight(head, "\n"), []byte("\n"), []byte("\r\n"))
	return append(append(head, "\r\n\r\n"...), body...)
}
