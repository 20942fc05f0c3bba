package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"gatehouse.example/internal/api"
	"gatehouse.example/internal/config"
	knownstate "gatehouse.example/internal/state/known"
	"gatehouse.example/internal/state/lists"
)

// people are whom our users know, as the API changes it.
type people struct {
	social *social
	cfg    func() *config.Config
}

// owner is a user of ours as calls to him are known by: his number, or his address in one of our domains.
func (p *people) owner(user string) (string, error) {
	cfg := p.cfg()
	key, err := lists.ContactKey(user, cfg.Plan())
	if err != nil {
		return "", err
	}
	_, domain, isAddress := strings.Cut(key, "@")
	if !isAddress {
		return key, nil
	}
	for i := range cfg.Domains {
		for _, name := range cfg.Domains[i].Names() {
			if strings.EqualFold(name, domain) {
				return key, nil
			}
		}
	}
	return "", fmt.Errorf("%s: no domain of ours: %w", domain, lists.ErrValue)
}

// Import implements api.People. It is stored when Import returns.
func (p *people) Import(ctx context.Context, user string, book io.Reader, format lists.Format) (string, lists.Contacts, error) {
	owner, err := p.owner(user)
	if err != nil {
		return "", lists.Contacts{}, err
	}
	read, err := lists.ReadContacts(book, format, p.cfg().Plan())
	if err != nil {
		return "", lists.Contacts{}, err
	}
	now := time.Now()
	p.social.web.Own(owner)
	for _, peer := range read.Keys {
		p.social.known.Import(owner, peer, now)
		p.social.web.Know(owner, peer, 1)
	}
	return owner, read, p.social.known.Flush(ctx)
}

// Contacts implements api.People.
func (p *people) Contacts(ctx context.Context, user, after string, most int) (string, []knownstate.Entry, error) {
	owner, err := p.owner(user)
	if err != nil {
		return "", nil, err
	}
	all, err := p.social.known.Contacts(ctx, owner, after, most)
	return owner, all, err
}

// Forget implements api.People. It is stored when Forget returns.
func (p *people) Forget(ctx context.Context, user, contact string) (bool, error) {
	owner, err := p.owner(user)
	if err != nil {
		return false, err
	}
	peer, err := lists.ContactKey(contact, p.cfg().Plan())
	if err != nil {
		return false, err
	}
	p.social.web.Forget(owner, peer)
	return p.social.known.Forget(ctx, owner, peer, time.Now())
}

// Expect implements api.People. It is stored when Expect returns.
func (p *people) Expect(ctx context.Context, user string, from, until time.Time) (string, error) {
	owner, err := p.owner(user)
	if err != nil {
		return "", err
	}
	p.social.known.Expect(owner, from, until)
	return owner, p.social.windows.Save(ctx)
}

type userExpectCmd struct {
	User string `arg:"" help:"The address or number that will be called."`
	For  string `help:"How long, at most a day." default:"2h" placeholder:"TIME"`
	JSON bool   `help:"Print JSON." name:"json"`
}

// Help shows examples.
func (userExpectCmd) Help() string {
	return "Somebody is going to call whom this user cannot name beforehand: a workshop, a doctor, a parcel service.\nA restart does not forget it.\n\nExamples:\n  gatehouse user expect alice@example.test\n  gatehouse user expect +15551230100 --for 30m"
}

// Run opens the window.
func (c *userExpectCmd) Run(a *app) error {
	d, err := config.ParseDuration(c.For)
	if err != nil || d < time.Minute || d > 24*time.Hour {
		return usagef("--for %s: a time from 1m to 24h, as 2h", c.For)
	}
	return a.with(func(b *backend) error {
		var e api.Expectation
		if err := b.Do(a.ctx, "POST", "/expectations", api.NewExpectation{User: c.User, Minutes: int(d / time.Minute)}, &e); err != nil {
			return fmt.Errorf("user %s: %w", c.User, err)
		}
		if c.JSON {
			return a.json(e)
		}
		fmt.Fprintf(a.stdout, "%s expects calls until %s\n", oneLine(e.User), e.Until.Local().Format(time.DateTime))
		return nil
	})
}

type userImportCmd struct {
	User   string `arg:"" help:"Whose address book it is: an address or number of ours."`
	File   string `arg:"" optional:"" default:"-" help:"The file; - is stdin."`
	Format string `help:"vcard; csv as address books are exported; buddies: a buddy list (resource-lists XML); lines: one number or address a line; auto finds out." enum:"auto,lines,csv,vcard,buddies" default:"auto"`
	JSON   bool   `help:"Print what was done as JSON." name:"json"`
}

// Help shows examples.
func (userImportCmd) Help() string {
	return "Whom a user has in his address book or on his buddy list is known to him from now on, as if he had\ncalled them. In CSV those columns count whose heading speaks of a phone, a number or SIP.\n\nExamples:\n  gatehouse user import alice@example.test contacts.vcf\n  gatehouse user import +15551230100 outlook.csv"
}

// Run imports the address book.
func (c *userImportCmd) Run(a *app) error {
	in, err := a.input(c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	return a.with(func(b *backend) error {
		var done api.ImportedContacts
		q := url.Values{"user": {c.User}, "format": {c.Format}}
		if err := b.Do(a.ctx, "POST", "/contacts?"+q.Encode(), in, &done); err != nil {
			return fmt.Errorf("%s: %w", c.File, err)
		}
		if c.JSON {
			return a.json(done)
		}
		fmt.Fprintf(a.stdout, "%s knows %d numbers and addresses; %d values are neither and were left out\n", oneLine(done.User), done.Contacts, done.LeftOut)
		return nil
	})
}
