package main

import (
	"net/url"

	"gatehouse.example/internal/api"
)

type banCmd struct {
	Show   banShowCmd   `cmd:"" help:"Show the banned sources."`
	Add    banAddCmd    `cmd:"" help:"Ban a source."`
	Remove banRemoveCmd `cmd:"" help:"Lift a ban."`
}

// Help shows examples.
func (banCmd) Help() string {
	return "Packets of a banned source are dropped unread.\n\nExamples:\n  gatehouse ban show\n  gatehouse ban add 192.0.2.7 --for 24h --reason \"guesses passwords\"\n  gatehouse ban remove 192.0.2.7"
}

type banShowCmd struct {
	JSON bool `help:"Print JSON." name:"json"`
}

// Help shows an example.
func (banShowCmd) Help() string { return "Example:\n  gatehouse ban show --json" }

// Run prints the bans.
func (c *banShowCmd) Run(a *app) error {
	return a.with(func(b *backend) error {
		var all api.BanList
		if err := b.Do(a.ctx, "GET", "/bans", nil, &all); err != nil {
			return err
		}
		if c.JSON {
			return a.json(all)
		}
		rows := make([][]string, len(all.Bans))
		for i, ban := range all.Bans {
			rows[i] = []string{ban.Source, day(ban.Created, "-"), day(ban.Expires, "never"), ban.Reason, ban.Evidence}
		}
		return a.table("SOURCE CREATED EXPIRES REASON EVIDENCE", rows)
	})
}

type banAddCmd struct {
	Source string `arg:"" help:"Address or prefix."`
	Reason string `help:"Why, for people." default:"added by hand"`
	For    string `help:"How long, as 24h or 30d. Default: until it is lifted." placeholder:"TIME"`
	JSON   bool   `help:"Print the ban as JSON." name:"json"`
}

// Help shows an example.
func (banAddCmd) Help() string {
	return "Peers are never banned.\n\nExample:\n  gatehouse ban add 192.0.2.0/24 --for 24h --reason \"guesses passwords\""
}

// Run adds the ban.
func (c *banAddCmd) Run(a *app) error {
	if _, err := api.ParseSource(c.Source); err != nil {
		return usagef("%q: %w", c.Source, err)
	}
	expires, err := until(c.For)
	if err != nil {
		return err
	}
	return a.with(func(b *backend) error {
		var ban api.Ban
		if err := b.Do(a.ctx, "POST", "/bans", api.Ban{Source: c.Source, Reason: c.Reason, Expires: expires}, &ban); err != nil {
			return senseless(err)
		}
		if c.JSON {
			return a.json(ban)
		}
		return a.table("SOURCE EXPIRES REASON", [][]string{{ban.Source, day(ban.Expires, "never"), ban.Reason}})
	})
}

type banRemoveCmd struct {
	Source string `arg:"" help:"Address or prefix as ban show prints it."`
}

// Help shows an example.
func (banRemoveCmd) Help() string { return "Example:\n  gatehouse ban remove 192.0.2.7" }

// Run lifts the ban.
func (c *banRemoveCmd) Run(a *app) error {
	if _, err := api.ParseSource(c.Source); err != nil {
		return usagef("%q: %w", c.Source, err)
	}
	return a.with(func(b *backend) error {
		return b.Do(a.ctx, "DELETE", "/bans?source="+url.QueryEscape(c.Source), nil, nil)
	})
}
