package main

import (
	"fmt"
	"strconv"

	"gatehouse.example/internal/state/register"
	"gatehouse.example/internal/store"
)

type listRegisterCmd struct {
	Import registerImportCmd `cmd:"" help:"Make a register of the numbers in a file."`
	Show   registerShowCmd   `cmd:"" help:"Show all registers; each is checked."`
	Check  registerCheckCmd  `cmd:"" help:"Say whether numbers are in a register."`
}

// Help says what a register is.
func (listRegisterCmd) Help() string {
	return `A register holds up to hundreds of millions of numbers in a mapped file, about 6 bits each:
numbers that never call (do-not-originate) and that must not be called (do-not-call).
checks.number names those that are used; a server notices a new one within seconds.

Examples:
  gatehouse list register import dno.txt --name do-not-originate
  zcat dnc.csv.gz | gatehouse list register import --name do-not-call
  gatehouse list register check do-not-call +15551230001`
}

type registerImportCmd struct {
	File       string `arg:"" optional:"" default:"-" help:"The file, a number a line, in any order; - is stdin."`
	Name       string `help:"The register's name." required:"" short:"n"`
	AllowEmpty bool   `help:"Empty the register where there is no number."`
	JSON       bool   `help:"Print what was done as JSON." name:"json"`
}

// Help says what is taken.
func (registerImportCmd) Help() string {
	return "The new register replaces the old one at once, or, where the file is unfit, not at all.\nOne line in a hundred may be no number.\n\nExample:\n  gatehouse list register import dno.txt --name do-not-originate"
}

// Run imports the file. No server is needed for that: what it maps is replaced by renaming.
func (c *registerImportCmd) Run(a *app) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	r, err := register.New(c.Name, store.NewRegisters(cfg.Folder()))
	if err != nil {
		return usageError{err}
	}
	in, err := a.input(c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	bar := a.progress(in, "importing")
	defer bar.end()
	done, err := r.Import(a.ctx, bar, register.Options{Plan: cfg.Plan(), AllowEmpty: c.AllowEmpty})
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	bar.end()
	if c.JSON {
		return a.json(done)
	}
	fmt.Fprintf(a.stdout, "%s: %d numbers of %d lines, %d lines left out, %.1f MB\n", oneLine(c.Name), done.Numbers, done.Lines, done.RefusedCount, float64(done.Bytes)/1e6)
	for _, refused := range done.Refused {
		fmt.Fprintf(a.stdout, "  line %d: %s: %s\n", refused.Line, oneLine(refused.Text), refused.Reason)
	}
	return nil
}

type registerShowCmd struct {
	JSON bool `help:"Print JSON." name:"json"`
}

// shownRegister is a register in the output.
type shownRegister struct {
	Name string `json:"name"`
	register.Stats
	Error string `json:"error,omitempty"`
}

// Help shows an example.
func (registerShowCmd) Help() string { return "Example:\n  gatehouse list register show" }

// Run prints the registers.
func (c *registerShowCmd) Run(a *app) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	files := store.NewRegisters(cfg.Folder())
	names, err := files.ListRegisters()
	if err != nil {
		return err
	}
	all := []shownRegister{}
	rows := [][]string{}
	for _, name := range names {
		r, err := register.New(name, files)
		if err != nil {
			continue // a file of another program
		}
		one := shownRegister{Name: name}
		if _, err := r.Load(); err != nil {
			one.Error = err.Error()
		}
		one.Stats = r.Stats()
		all = append(all, one)
		rows = append(rows, []string{name, strconv.FormatUint(one.Numbers, 10), strconv.Itoa(one.Bytes), day(one.Made, "-"), one.Error})
	}
	if c.JSON {
		return a.json(map[string]any{"registers": all})
	}
	return a.table("REGISTER NUMBERS BYTES MADE PROBLEM", rows)
}

type registerCheckCmd struct {
	Name    string   `arg:"" help:"The register's name."`
	Numbers []string `arg:"" name:"number" help:"Numbers, as +15551230001."`
}

// Help shows an example.
func (registerCheckCmd) Help() string {
	return "The exit status is 1 where one of them is not in it.\n\nExample:\n  gatehouse list register check do-not-call +15551230001"
}

// Run looks the numbers up.
func (c *registerCheckCmd) Run(a *app) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	r, err := register.New(c.Name, store.NewRegisters(cfg.Folder()))
	if err != nil {
		return usageError{err}
	}
	if _, err := r.Load(); err != nil {
		return err
	}
	missing := 0
	for _, number := range c.Numbers {
		word := "yes"
		if _, ok := register.Number(number); !ok {
			return usagef("%q is no canonical number; write it as +15551230001", number)
		}
		if !r.Has(number) {
			word = "no"
			missing++
		}
		fmt.Fprintf(a.stdout, "%s  %s\n", number, word)
	}
	if missing > 0 {
		return errSaid
	}
	return nil
}
