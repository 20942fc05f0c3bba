package main

import (
	"fmt"
	"net/url"
	"strings"

	"gatehouse.example/internal/api"
)

type userContactCmd struct {
	Show   userContactShowCmd   `cmd:"" help:"Show whom a user knows."`
	Add    userContactAddCmd    `cmd:"" help:"Put numbers and addresses into a user's white list."`
	Remove userContactRemoveCmd `cmd:"" help:"Take numbers and addresses out of a user's white list."`
}

// Help shows examples.
func (userContactCmd) Help() string {
	return "Whom a user knows comes from his address book (user import), and from his own calls and messages.\nWho was removed is known to the user again when he calls or writes to it.\n\nExamples:\n  gatehouse user contact show alice@example.test\n  gatehouse user contact add alice@example.test +15551230001\n  gatehouse user contact remove alice@example.test +15551230001"
}

type userContactShowCmd struct {
	User string `arg:"" help:"An address or number of ours."`
	JSON bool   `help:"Print JSON." name:"json"`
}

// Help shows an example.
func (userContactShowCmd) Help() string {
	return "Example:\n  gatehouse user contact show alice@example.test"
}

// Run prints the contacts.
func (c *userContactShowCmd) Run(a *app) error {
	return a.with(func(b *backend) error {
		var all api.ContactPage
		if err := b.Do(a.ctx, "GET", "/contacts?user="+url.QueryEscape(c.User), nil, &all); err != nil {
			return fmt.Errorf("user %s: %w", c.User, err)
		}
		if c.JSON {
			return a.json(all)
		}
		rows := make([][]string, len(all.Contacts))
		for i := range all.Contacts {
			k := &all.Contacts[i]
			book := "-"
			if k.Imported {
				book = "yes"
			}
			rows[i] = []string{k.Contact, book, fmt.Sprint(k.Called), fmt.Sprint(k.Messaged), fmt.Sprint(k.Talked), day(k.Last, "-")}
		}
		return a.table("CONTACT BOOK CALLED MESSAGED TALKED LAST", rows)
	})
}

type userContactAddCmd struct {
	User   string   `arg:"" help:"An address or number of ours."`
	Values []string `arg:"" name:"contact" help:"Numbers and addresses."`
}

// Help shows an example.
func (userContactAddCmd) Help() string {
	return "Example:\n  gatehouse user contact add alice@example.test +15551230001 sip:mum@example.org"
}

// Run adds the contacts.
func (c *userContactAddCmd) Run(a *app) error {
	return a.with(func(b *backend) error {
		for _, value := range c.Values {
			var done api.ImportedContacts
			q := url.Values{"user": {c.User}, "format": {"lines"}}
			if err := b.Do(a.ctx, "POST", "/contacts?"+q.Encode(), strings.NewReader(value+"\n"), &done); err != nil {
				return fmt.Errorf("user %s: %w", c.User, err)
			}
			if done.Contacts != 1 || done.LeftOut != 0 {
				return fmt.Errorf("user %s: %s is neither a number nor an address, as +15551230001 or mum@example.org", c.User, value)
			}
		}
		return nil
	})
}

type userContactRemoveCmd struct {
	User   string   `arg:"" help:"An address or number of ours."`
	Values []string `arg:"" name:"contact" help:"Numbers and addresses, as user contact show prints them."`
}

// Help shows an example.
func (userContactRemoveCmd) Help() string {
	return "Example:\n  gatehouse user contact remove alice@example.test +15551230001"
}

// Run removes the contacts.
func (c *userContactRemoveCmd) Run(a *app) error {
	return a.with(func(b *backend) error {
		for _, value := range c.Values {
			q := url.Values{"user": {c.User}, "contact": {value}}
			if err := b.Do(a.ctx, "DELETE", "/contacts?"+q.Encode(), nil, nil); err != nil {
				return fmt.Errorf("user %s: %s: %w", c.User, value, err)
			}
		}
		return nil
	})
}
