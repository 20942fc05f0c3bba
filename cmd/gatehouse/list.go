package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gatehouse.example/internal/api"
	"gatehouse.example/internal/config"
	"gatehouse.example/internal/state/lists"
)

type listCmd struct {
	Add    listAddCmd    `cmd:"" help:"Put values on a list."`
	Remove listRemoveCmd `cmd:"" help:"Take values off a list."`
	Import listImportCmd `cmd:"" help:"Put the values of a file on a list."`
	Export listExportCmd `cmd:"" help:"Write a list as a file."`
	Show   listShowCmd   `cmd:"" help:"Show all lists, or the entries of one."`

	Register listRegisterCmd `cmd:"" help:"Import, show, check registers of millions of numbers."`
}

// Help shows what a value may be.
func (listCmd) Help() string {
	return `A value is a number (+15551230001), a number prefix (+1555123*), an address
(sip:bob@example.test), a domain (example.test), an IP address or prefix
(192.0.2.0/24), or a piece of a User-Agent (ua:friendly-scanner). A range of numbers or
IP addresses (+15551230000..+15551239999) becomes the prefixes that it consists of.

Examples:
  gatehouse list add +15551230001 --note "claims to be a bank"
  gatehouse list add sip:mum@example.test --allow
  gatehouse list add +15551230002 --list declared --note "Elm Pharmacy, reminders"
  gatehouse list import bad-numbers.txt --list telemarketers
  gatehouse list show local`
}

func entriesPath(list string) string { return "/lists/" + url.PathEscape(list) + "/entries" }

// until is the end of a stay of that length; "" is for ever.
func until(length string) (time.Time, error) {
	if length == "" {
		return time.Time{}, nil
	}
	d, err := config.ParseDuration(length)
	if err != nil {
		return time.Time{}, usagef("--for: %s", strings.TrimPrefix(err.Error(), "config: "))
	}
	return time.Now().UTC().Add(d).Truncate(time.Second), nil
}

type listAddCmd struct {
	Values []string `arg:"" name:"value" help:"Number, prefix, address, domain, IP prefix or ua:TEXT."`
	List   string   `help:"The list's name; it comes to be by its first entry." default:"local" short:"l"`
	Allow  bool     `help:"Allow rather than block, as on the list declared everything does."`
	Note   string   `help:"Why, for people."`
	For    string   `help:"How long, as 12h or 30d. Default: for ever." placeholder:"TIME"`
	JSON   bool     `help:"Print the entries as JSON." name:"json"`
}

// Help shows examples.
func (listAddCmd) Help() string {
	return "Examples:\n  gatehouse list add +15551230001 --note \"claims to be a bank\"\n  gatehouse list add 192.0.2.0/24 --for 30d\n  gatehouse list add sip:mum@example.test --allow --list family"
}

// Run puts the values on the list.
func (c *listAddCmd) Run(a *app) error {
	expires, err := until(c.For)
	if err != nil {
		return err
	}
	kind := kindOf(c.List, c.Allow)
	return a.with(func(b *backend) error {
		page := api.EntryPage{Entries: []lists.Entry{}}
		for _, value := range c.Values {
			var e lists.Entry
			in := api.NewEntry{Value: value, Kind: kind, Note: c.Note, Expires: expires}
			if err := b.Do(a.ctx, "POST", entriesPath(c.List), in, &e); err != nil {
				return senseless(err)
			}
			page.Entries = append(page.Entries, e)
			if !c.JSON {
				fmt.Fprintf(a.stdout, "%s: %s %s\n", oneLine(e.List), e.Kind, oneLine(e.Value))
			}
		}
		if c.JSON {
			return a.json(page)
		}
		return nil
	})
}

// with runs f on the server or the store and closes it afterwards.
func (a *app) with(f func(*backend) error) (err error) {
	b, err := a.open()
	if err != nil {
		return err
	}
	defer func() {
		if cerr := b.close(); err == nil {
			err = cerr
		}
	}()
	return f(b)
}

type listRemoveCmd struct {
	Values []string `arg:"" name:"value" help:"The values as list show prints them."`
	List   string   `help:"The list's name." default:"local" short:"l"`
}

// Help shows an example.
func (listRemoveCmd) Help() string { return "Example:\n  gatehouse list remove +15551230001" }

// Run takes the values off the list.
func (c *listRemoveCmd) Run(a *app) error {
	return a.with(func(b *backend) error {
		for _, value := range c.Values {
			if err := b.Do(a.ctx, "DELETE", entriesPath(c.List)+"?value="+url.QueryEscape(value), nil, nil); err != nil {
				return senseless(fmt.Errorf("list %s: %s: %w", c.List, value, err))
			}
		}
		return nil
	})
}

type listImportCmd struct {
	File         string `arg:"" optional:"" default:"-" help:"The file; - is stdin."`
	List         string `help:"The list's name." default:"local" short:"l"`
	Allow        bool   `help:"Allow rather than block, for values that do not say; on the list declared they do."`
	Format       string `help:"lines: one value a line; csv: with a heading such as value,kind,note,expires; vcard: an address book; buddies: resource lists (XML); auto finds out." enum:"auto,lines,csv,vcard,buddies" default:"auto"`
	Note         string `help:"For values without one: where the list is from. Default: from FILE, by its name."`
	For          string `help:"How long, for values that do not say, as 30d." placeholder:"TIME"`
	AllowPrivate bool   `help:"Take addresses that are never on the public Internet."`
	AllowWide    bool   `help:"Take values that hold a large part of the world."`
	AllowOwn     bool   `help:"Take what is our own or that of our peers, such as traps in our domain."`
	JSON         bool   `help:"Print what was done as JSON." name:"json"`
}

// Help shows examples.
func (listImportCmd) Help() string {
	return "Nothing is imported when a line cannot be understood.\n\nExamples:\n  gatehouse list import bad-numbers.txt --list telemarketers\n  gatehouse list import contacts.vcf --list friends --allow\n  gatehouse list export --list local | ssh other gatehouse list import"
}

// origin is the note of values without one.
func (c *listImportCmd) origin() string {
	if c.Note != "" || c.File == "-" {
		return c.Note
	}
	return "from " + strings.ToValidUTF8(filepath.Base(c.File), "\ufffd")
}

// Run imports the file.
func (c *listImportCmd) Run(a *app) error {
	expires, err := until(c.For)
	if err != nil {
		return err
	}
	in, err := a.input(c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	bar := a.progress(in, "importing")
	defer bar.end()
	q := url.Values{"format": {c.Format}, "kind": {kindOf(c.List, c.Allow).String()}, "note": {c.origin()},
		"allow_private": {strconv.FormatBool(c.AllowPrivate)}, "allow_wide": {strconv.FormatBool(c.AllowWide)}, "allow_own": {strconv.FormatBool(c.AllowOwn)}}
	if !expires.IsZero() {
		q.Set("expires", expires.Format(time.RFC3339))
	}
	return a.with(func(b *backend) error {
		var done lists.Imported
		if err := b.Do(a.ctx, "POST", "/lists/"+url.PathEscape(c.List)+"/import?"+q.Encode(), bar, &done); err != nil {
			return fmt.Errorf("%s: %w", c.File, err)
		}
		if c.JSON {
			return a.json(done)
		}
		fmt.Fprintf(a.stdout, "%s: %d entries imported, %d left out\n", oneLine(c.List), done.Entries, done.RefusedCount)
		for _, r := range done.Refused {
			fmt.Fprintf(a.stdout, "  line %d: %s: %s\n", r.Line, oneLine(r.Value), oneLine(r.Reason))
		}
		return nil
	})
}

// kindOf is the kind of values that do not say: who is declared is let in.
func kindOf(list string, allow bool) lists.Kind {
	if allow || list == lists.Declared {
		return lists.Allow
	}
	return lists.Block
}

// input opens a file, or stdin for "-".
func (a *app) input(name string) (*os.File, error) {
	if name == "-" {
		return a.stdin, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read the input: %w", err)
	}
	return f, nil
}

type listExportCmd struct {
	File   string `arg:"" optional:"" default:"-" help:"The file to write; - is stdout."`
	List   string `help:"The list's name." default:"local" short:"l"`
	Format string `help:"csv, or lines: the values of one kind, one a line." enum:"csv,lines" default:"csv"`
	Allow  bool   `help:"With --format lines: the allowed values rather than the blocked ones."`
}

// Help shows an example.
func (listExportCmd) Help() string {
	return "Example:\n  gatehouse list export blocked.csv --list local"
}

// Run exports the list.
func (c *listExportCmd) Run(a *app) error {
	return a.with(func(b *backend) (err error) {
		out := a.stdout
		if c.File != "-" {
			f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
			if err != nil {
				return fmt.Errorf("cannot write the list: %w", err)
			}
			defer f.Close()
			out = f
		}
		q := url.Values{"format": {c.Format}, "kind": {kindOf(c.List, c.Allow).String()}}
		return senseless(b.Do(a.ctx, "GET", "/lists/"+url.PathEscape(c.List)+"/export?"+q.Encode(), nil, out))
	})
}

type listShowCmd struct {
	List string `arg:"" optional:"" help:"The list's name. Without it: the names of all lists."`
	JSON bool   `help:"Print JSON." name:"json"`
}

// Help shows an example.
func (listShowCmd) Help() string {
	return "Examples:\n  gatehouse list show\n  gatehouse list show local --json"
}

// Run prints the list.
func (c *listShowCmd) Run(a *app) error {
	if c.List == "" {
		return a.with(c.names(a))
	}
	return a.with(func(b *backend) error {
		var page api.EntryPage
		if err := b.Do(a.ctx, "GET", entriesPath(c.List), nil, &page); err != nil {
			return senseless(err)
		}
		if c.JSON {
			return a.json(page)
		}
		rows := make([][]string, len(page.Entries))
		for i, e := range page.Entries {
			rows[i] = []string{e.Value, e.Kind.String(), day(e.Added, "-"), day(e.Expires, "never"), e.Note}
		}
		return a.table("VALUE KIND ADDED EXPIRES NOTE", rows)
	})
}

func (c *listShowCmd) names(a *app) func(*backend) error {
	return func(b *backend) error {
		var all api.ListNames
		if err := b.Do(a.ctx, "GET", "/lists", nil, &all); err != nil {
			return err
		}
		if c.JSON {
			return a.json(all)
		}
		rows := make([][]string, len(all.Lists))
		for i, l := range all.Lists {
			rows[i] = []string{l.Name, strconv.Itoa(l.Block), strconv.Itoa(l.Allow)}
		}
		return a.table("LIST BLOCK ALLOW", rows)
	}
}
