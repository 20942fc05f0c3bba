// Command siptest-effect measures what the screening stops and whom it harms: it makes worlds of calls (internal/effect), plays them through
// `gatehouse replay`, and writes a page about it. `make effect` runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"gatehouse.example/internal/effect"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "siptest-effect:", err)
		os.Exit(1)
	}
}

// flags are the command line.
type flags struct {
	gatehouse, out, keep string
	options              effect.Options
	quick                bool
	why                  int
	cases, weights       string
	said                 string // the command, as the page repeats it
	workers              int
}

// said repeats the flags that decide what comes out, not those that say where things are on one machine.
func said(set *flag.FlagSet) string {
	text := set.Name()
	set.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "gatehouse", "out", "keep", "workers", "why":
		default:
			text += fmt.Sprintf(" -%s %q", f.Name, f.Value)
		}
	})
	return text
}

func parse(args []string) (*flags, error) {
	f := &flags{options: effect.Default()}
	set := flag.NewFlagSet("siptest-effect", flag.ContinueOnError)
	set.StringVar(&f.gatehouse, "gatehouse", "bin/gatehouse", "the `binary` that is measured")
	set.StringVar(&f.out, "out", "docs/effect", "the `folder` that the page is written to; empty: only print")
	set.StringVar(&f.keep, "keep", "", "a `folder` for event files and configurations, which are kept there")
	set.StringVar(&f.cases, "cases", "", "only cases whose group or name contains this `text`")
	set.StringVar(&f.weights, "weights", "", "other weights in all cases, as `NAME: 3, OTHER: 0`")
	set.BoolVar(&f.quick, "quick", false, "a small world, for tests")
	set.IntVar(&f.workers, "workers", 2, "replays at the same `time`")
	set.IntVar(&f.why, "why", 0, "print that `many` of the reasons for which things went wrong, by actor")
	seed := set.Uint64("seed", 1, "what all chance comes from")
	users := set.Int("users", 0, "how many users (default 5000, quick: 200)")
	days := set.Int("days", 0, "how many days (default 60, quick: 10)")
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	f.said = said(set)
	if f.quick {
		f.options = effect.Quick()
	}
	f.options.Seed = *seed
	f.options.Reasons = f.why > 0
	if *users > 0 {
		f.options.Users = *users
	}
	if *days > 0 {
		f.options.Days = *days
	}
	return f, nil
}

func run(ctx context.Context, args []string) error {
	f, err := parse(args)
	if err != nil {
		return err
	}
	folder := f.keep
	if folder == "" {
		if folder, err = os.MkdirTemp("", "siptest-effect"); err != nil {
			return err
		}
		defer os.RemoveAll(folder)
	} else if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	r := &program{binary: f.gatehouse, folder: folder}
	techniques, err := r.checks(ctx)
	if err != nil {
		return fmt.Errorf("%s does not answer (make build): %w", f.gatehouse, err)
	}
	e := &effect.Evaluation{Options: f.options, Techniques: techniques, Runner: r, Workers: f.workers, Filter: f.cases,
		Say: func(text string) { fmt.Fprintln(os.Stderr, text) }}
	if f.weights != "" {
		e.Policy = "  weights: {" + f.weights + "}\n"
	}
	results, err := e.Run(ctx)
	if err != nil {
		return err
	}
	report := effect.Report{Results: results, Options: f.options, Date: time.Now().UTC(), Commit: r.commit(ctx), Command: f.said}
	for _, res := range results {
		if f.why > 0 {
			fmt.Printf("== why: %s, %s\n", res.Case.Group, res.Case.Name)
			res.Score.Reasons.Write(os.Stdout, f.why)
		}
	}
	if err := report.WriteText(os.Stdout); err != nil || f.out == "" {
		return err
	}
	return write(f.out, &report)
}

// write writes the page and its numbers.
func write(folder string, report *effect.Report) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	page, err := os.Create(filepath.Join(folder, "calls.html"))
	if err != nil {
		return err
	}
	if err := errors.Join(report.WriteHTML(page), page.Close()); err != nil {
		return err
	}
	text, err := os.Create(filepath.Join(folder, "calls.txt"))
	if err != nil {
		return err
	}
	return errors.Join(report.WriteText(text), text.Close())
}
