package main

import (
	"fmt"
	"slices"

	"gatehouse.example/internal/publish"
	"gatehouse.example/internal/state/lists"
)

type addressENUMCmd struct {
	Numbers []string `arg:"" name:"number" help:"Numbers with their +, as +4930123456."`
	To      string   `help:"The SIP address that the numbers lead to." placeholder:"ADDRESS" xor:"to" required:""`
	Trap    string   `help:"Nobody has the numbers: each leads to a trap of its own in this domain of yours, on the list traps." placeholder:"DOMAIN" xor:"to" required:""`
	Tree    string   `help:"The domain that the numbers stand below, for a tree of your own." placeholder:"DOMAIN" default:"e164.arpa"`
	For     string   `help:"How long the traps stay on the list, as 365d. Default: for ever." placeholder:"TIME"`
	JSON    bool     `help:"Print JSON." name:"json"`
}

// Help says what traps in ENUM are for.
func (addressENUMCmd) Help() string {
	return `Prints a line for the zone file of each number (a NAPTR record, RFC 6116). A trap is an address that nobody
can know but by asking ENUM for a number that nobody has. Whoever calls it has gone through the range, and
his verdict says for which number he asked (LISTS_TRAP). Its record looks like all others. Choose numbers
that were never given to anybody and that nobody dials by mistake; each run makes new traps.

Examples:
  gatehouse address enum +4930123456 --to bob@example.test
  gatehouse address enum +4930123456 --to bob@example.test --tree e164.example.net
  gatehouse address enum +4930123901 +4930123957 --trap example.test --for 730d >> enum.zone`
}

// records is the output.
type records struct {
	Records []publish.Record `json:"records"`
}

// Run makes the traps and prints the records: all or none.
func (c *addressENUMCmd) Run(a *app) error {
	if c.For != "" && c.Trap == "" {
		return usagef("--for is how long traps stay, and goes with --trap")
	}
	numbers, err := c.numbers()
	if err != nil {
		return usageError{err}
	}
	leads, err := c.targets(len(numbers))
	if err != nil {
		return usageError{err}
	}
	var out records
	var baits []bait
	for i, n := range numbers {
		r, err := publish.NewRecord(n, leads[i], c.Tree)
		if err != nil {
			return usageError{err}
		}
		out.Records = append(out.Records, r)
		baits = append(baits, bait{leads[i], "published in ENUM for " + n.String() + c.below()})
	}
	if c.Trap != "" {
		if err := a.setTraps(baits, c.For); err != nil {
			return err
		}
	}
	if c.JSON {
		return a.json(out)
	}
	for _, r := range out.Records {
		fmt.Fprintln(a.stdout, r)
		if c.Trap != "" {
			fmt.Fprintf(a.stderr, "%s is on the list %s for %s\n", r.Address, lists.Traps, r.Number)
		}
	}
	return nil
}

// numbers reads the numbers. One that is named twice would get two traps, of which a client may take either.
func (c *addressENUMCmd) numbers() ([]publish.Number, error) {
	var all []publish.Number
	for _, text := range c.Numbers {
		n, err := publish.ParseNumber(text)
		if err != nil {
			return nil, err
		}
		if slices.Contains(all, n) {
			return nil, fmt.Errorf("%s is named twice", n)
		}
		all = append(all, n)
	}
	return all, nil
}

// targets are what the numbers lead to, one for each: the same address, or traps.
func (c *addressENUMCmd) targets(numbers int) ([]publish.Address, error) {
	if c.Trap == "" {
		address, err := publish.Parse(c.To)
		return slices.Repeat([]publish.Address{address}, numbers), err
	}
	chance, err := newChance()
	if err != nil {
		return nil, err
	}
	var all []publish.Address
	for range numbers {
		trap, err := publish.Trap(c.Trap, chance)
		if err != nil {
			return nil, err
		}
		all = append(all, trap)
	}
	return all, nil
}

// below says which tree a number was published in, where that is not the world's.
func (c *addressENUMCmd) below() string {
	if c.Tree == publish.Tree {
		return ""
	}
	return " below " + oneLine(c.Tree)
}
