package main

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"gatehouse.example/internal/api"
	"gatehouse.example/internal/publish"
	"gatehouse.example/internal/state/lists"
)

type addressCmd struct {
	Publish addressPublishCmd `cmd:"" help:"Write an address for a page, in forms that harvesters pass over; with a trap for each page."`
	ENUM    addressENUMCmd    `cmd:"" name:"enum" help:"Write ENUM records for numbers; with a trap for each number that nobody has."`
}

// Help shows examples.
func (addressCmd) Help() string {
	return "Examples:\n  gatehouse address publish bob@example.test\n  gatehouse address publish bob@example.test --page https://example.test/contact\n  gatehouse address enum +4930123456 --to bob@example.test\n  gatehouse address enum +4930123999 --trap example.test"
}

type addressPublishCmd struct {
	Address string `arg:"" help:"The address or number to publish."`
	Page    string `help:"The page: makes a trap for it, an address that only programs find there, and puts it on the list traps."`
	Form    string `help:"Print this form only: entities, split, reversed, words, script." placeholder:"NAME"`
	For     string `help:"How long the trap stays on the list, as 365d. Default: for ever." placeholder:"TIME"`
	JSON    bool   `help:"Print JSON." name:"json"`
}

// Help says what the forms are for.
func (addressPublishCmd) Help() string {
	return `Several forms are printed, as HTML to paste, none with an image. Give each page another form:
what many use is soon read by all. With --page there is a trap as well; whoever calls it has
harvested that page, and his verdict says so (LISTS_TRAP).

Examples:
  gatehouse address publish bob@example.test --form split
  gatehouse address publish bob@example.test --page https://example.test/contact`
}

// published is the output.
type published struct {
	Address string         `json:"address"`
	Forms   []publish.Form `json:"forms"`
	Page    string         `json:"page,omitempty"`
	Trap    string         `json:"trap,omitempty"`
	Bait    string         `json:"bait,omitempty"`
}

// Run prints the forms and makes the trap.
func (c *addressPublishCmd) Run(a *app) error {
	address, err := publish.Parse(c.Address)
	if err != nil {
		return usageError{err}
	}
	chance, err := newChance()
	if err != nil {
		return err
	}
	out := published{Address: address.String(), Page: c.Page}
	for _, f := range address.Forms(chance) {
		if c.Form == "" || c.Form == f.Name {
			out.Forms = append(out.Forms, f)
		}
	}
	if len(out.Forms) == 0 {
		return usagef("there is no form %q; there are entities, split, reversed, words and script", c.Form)
	}
	if c.Page != "" {
		trap, err := publish.Trap(address.Domain(), chance)
		if err != nil {
			return usageError{err}
		}
		if err := a.setTraps([]bait{{trap, "published on " + oneLine(c.Page)}}, c.For); err != nil {
			return err
		}
		out.Trap, out.Bait = trap.String(), trap.Bait()
	}
	if c.JSON {
		return a.json(out)
	}
	for _, f := range out.Forms {
		fmt.Fprintf(a.stdout, "<!-- %s: %s -->\n%s\n", f.Name, f.Says, f.HTML)
	}
	if out.Bait != "" {
		fmt.Fprintf(a.stdout, "<!-- the trap of this page -->\n%s\n", out.Bait)
		fmt.Fprintf(a.stderr, "%s is on the list %s for %s\n", out.Trap, lists.Traps, oneLine(c.Page))
	}
	return nil
}

// bait is a trap, and where it stands for those who harvest.
type bait struct {
	trap  publish.Address
	where string
}

// setTraps puts traps on their list for a time, "" is for ever: all of them or none.
func (a *app) setTraps(baits []bait, length string) error {
	expires, err := until(length)
	if err != nil {
		return err
	}
	today := " on " + time.Now().UTC().Format(time.DateOnly)
	return a.with(func(b *backend) error {
		for _, t := range baits {
			if !ownDomains(b.cfg)[t.trap.Domain()] {
				return usagef("%s is none of the domains that we serve: no call to a trap there would come to us", t.trap.Domain())
			}
		}
		for i, t := range baits {
			in := api.NewEntry{Value: "sip:" + t.trap.String(), Kind: lists.Block, Note: t.where[:min(len(t.where), 1000)] + today, Expires: expires}
			if err := b.Do(a.ctx, "POST", entriesPath(lists.Traps), in, new(lists.Entry)); err != nil {
				return errors.Join(senseless(err), a.takeBack(b, baits[:i]))
			}
		}
		return nil
	})
}

// takeBack takes traps off their list that nobody is going to publish, and says which it cannot.
func (a *app) takeBack(b *backend, baits []bait) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(a.ctx), 10*time.Second)
	defer cancel()
	var left []string
	for _, t := range baits {
		if err := b.Do(ctx, "DELETE", entriesPath(lists.Traps)+"?value="+url.QueryEscape("sip:"+t.trap.String()), nil, nil); err != nil {
			left = append(left, "sip:"+t.trap.String())
		}
	}
	if left == nil {
		return nil
	}
	return fmt.Errorf("still on the list %s, though nothing is published: %s", lists.Traps, strings.Join(left, ", "))
}

// newChance draws from the system, so that nobody can guess a trap.
func newChance() (*rand.Rand, error) {
	var seed [16]byte
	if _, err := crand.Read(seed[:]); err != nil {
		return nil, fmt.Errorf("no random numbers: %w", err)
	}
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(seed[:8]), binary.LittleEndian.Uint64(seed[8:]))), nil
}
