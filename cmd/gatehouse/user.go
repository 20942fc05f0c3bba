package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"golang.org/x/sys/unix"

	"gatehouse.example/internal/api"
)

type userCmd struct {
	Add    userAddCmd    `cmd:"" help:"Add a user, or give one a new password; the password comes from stdin."`
	Remove userRemoveCmd `cmd:"" help:"Remove a user."`
	Show   userShowCmd   `cmd:"" help:"Show all users."`

	Import  userImportCmd  `cmd:"" help:"Put an address book (vCard, CSV) into a user's white list."`
	Contact userContactCmd `cmd:"" help:"Show, add, remove whom a user knows: his white list, which fills itself."`
	Expect  userExpectCmd  `cmd:"" help:"Expect a call: for two hours whoever calls this user is expected."`
}

// Help shows examples.
func (userCmd) Help() string {
	return "add, remove and show are for users of domains with `deliver: home`, whose phones register here; import, contact and expect\nfor whoever is called through this server, by address or number.\n\nExamples:\n  gatehouse user add alice@example.test\n  pwgen 20 1 | tee alice.txt | gatehouse user add alice@example.test\n  gatehouse user show --json\n  gatehouse user import alice@example.test contacts.vcf\n  gatehouse user expect alice@example.test --for 2h"
}

type userAddCmd struct {
	User string `arg:"" help:"The address, as alice@example.test."`
	JSON bool   `help:"Print the user as JSON." name:"json"`
}

// Help says where the password comes from.
func (userAddCmd) Help() string {
	return "The password is the first line of stdin; on a terminal it is asked for twice and not shown.\n\nExample:\n  gatehouse user add alice@example.test < password.txt"
}

// Run adds the user.
func (c *userAddCmd) Run(a *app) error {
	password, err := a.password()
	if err != nil {
		return err
	}
	return a.with(func(b *backend) error {
		var u api.User
		if err := b.Do(a.ctx, "POST", "/users", api.NewUser{User: c.User, Password: password}, &u); err != nil {
			return fmt.Errorf("user %s: %w", c.User, err)
		}
		if c.JSON {
			return a.json(u)
		}
		fmt.Fprintf(a.stdout, "%s has a password; its phone registers at this server as %s, with the user name %s\n", u.User, u.User, u.Login)
		return nil
	})
}

// password reads one line: from a terminal twice and unseen, else once.
func (a *app) password() (string, error) {
	in := bufio.NewReader(io.LimitReader(a.stdin, 4096))
	saved, err := unix.IoctlGetTermios(int(a.stdin.Fd()), unix.TCGETS)
	if err != nil {
		return line(in) // no terminal
	}
	hidden := *saved
	hidden.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(int(a.stdin.Fd()), unix.TCSETS, &hidden); err != nil {
		return "", fmt.Errorf("cannot hide the password on this terminal: %w", err)
	}
	defer unix.IoctlSetTermios(int(a.stdin.Fd()), unix.TCSETS, saved)
	fmt.Fprint(a.stderr, "Password: ")
	first, err := line(in)
	fmt.Fprint(a.stderr, "\nAgain: ")
	second, err2 := line(in)
	fmt.Fprintln(a.stderr)
	if err := errors.Join(err, err2); err != nil {
		return "", err
	}
	if first != second {
		return "", usagef("the two passwords differ; start again")
	}
	return first, nil
}

func line(in *bufio.Reader) (string, error) {
	s, err := in.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("cannot read the password: %w", err)
	}
	if s = strings.TrimRight(s, "\r\n"); s == "" {
		return "", usagef("no password on stdin; write it there, as in `gatehouse user add alice@example.test < password.txt`")
	}
	return s, nil
}

type userRemoveCmd struct {
	User string `arg:"" help:"The address, as alice@example.test."`
}

// Help shows an example.
func (userRemoveCmd) Help() string { return "Example:\n  gatehouse user remove alice@example.test" }

// Run removes the user.
func (c *userRemoveCmd) Run(a *app) error {
	return a.with(func(b *backend) error {
		if err := b.Do(a.ctx, "DELETE", "/users?user="+url.QueryEscape(c.User), nil, nil); err != nil {
			return fmt.Errorf("user %s: %w", c.User, err)
		}
		return nil
	})
}

type userShowCmd struct {
	JSON bool `help:"Print JSON." name:"json"`
}

// Help shows an example.
func (userShowCmd) Help() string { return "Example:\n  gatehouse user show" }

// Run prints the users.
func (c *userShowCmd) Run(a *app) error {
	return a.with(func(b *backend) error {
		var all api.UserList
		if err := b.Do(a.ctx, "GET", "/users", nil, &all); err != nil {
			return err
		}
		if c.JSON {
			return a.json(all)
		}
		rows := make([][]string, len(all.Users))
		for i, u := range all.Users {
			rows[i] = []string{u.User, day(u.Created, "-")}
		}
		return a.table("USER CREATED", rows)
	})
}
