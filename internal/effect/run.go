package effect

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// Runner plays an event file through `gatehouse replay --brief` with a configuration and hands the verdicts to read.
type Runner interface {
	// Replay runs one replay and says how much time of one core it took; args are further arguments of the command.
	Replay(ctx context.Context, config, events string, args []string, read func(io.Reader) error) (time.Duration, error)
	// Store keeps a text in a file until the evaluation ends and returns its name.
	Store(name string, write func(io.Writer) error) (string, error)
}

// Case is one run: a world and what is different about the configuration.
type Case struct {
	// Name is what tables call it; Group puts it into one of them.
	Name, Group string
	// Options say which world.
	Options Options
	// Off are the checks that are switched off.
	Off []string
	// Introduce are the ways of introduction in the policy's order; nil: those of the default evaluation, empty: none.
	Introduce []string
	// Policy are further lines of the policy, as "  weights: {LISTS_BLOCKED: 15}\n".
	Policy string
	// Blocked and Allowed are values on black and white lists from the beginning.
	Blocked, Allowed func(*World) []string
}

// Result is what came of a case.
type Result struct {
	Case   Case
	Score  *Score
	Events int
	// Took is the time of one core.
	Took time.Duration
}

// Config is a configuration for the world: its domain in enforce mode, its trunks as peers, everything else as it is shipped.
func (w *World) Config(c *Case) string {
	var b strings.Builder
	fmt.Fprintf(&b, "domains:\n  - name: %s\n    deliver: sip:10.0.0.20:5060\n    mode: enforce\npeers:\n", w.home)
	for i := range w.carrier {
		t := &w.carrier[i]
		fmt.Fprintf(&b, "  - name: %s\n    addresses: [", t.name)
		for j, s := range t.sources {
			if j > 0 {
				b.WriteString(", ")
			}
			b.WriteString(strings.TrimSuffix(s, ":5060"))
		}
		b.WriteString("]\n")
	}
	b.WriteString("numbers: {country: 1, international: 011, trunk: 1}\n")
	ways := c.Introduce
	if ways == nil {
		ways = []string{"consent", "turing"}
	}
	fmt.Fprintf(&b, "policy:\n  introduce: [%s]\n", strings.Join(ways, ", "))
	b.WriteString(c.Policy)
	if len(c.Off) > 0 {
		b.WriteString("checks:\n")
		for _, name := range c.Off {
			fmt.Fprintf(&b, "  %s: {enabled: false}\n", name)
		}
	}
	return b.String()
}

// Run runs one case.
func Run(ctx context.Context, r Runner, w *World, events string, c Case) (*Result, error) {
	name := fmt.Sprintf("%s-%s", c.Group, c.Name)
	config, err := r.Store(name+".yaml", func(out io.Writer) error {
		_, err := io.WriteString(out, w.Config(&c))
		return err
	})
	if err != nil {
		return nil, err
	}
	var args []string
	for _, l := range []struct {
		flag   string
		values func(*World) []string
	}{{"--block", c.Blocked}, {"--allow", c.Allowed}} {
		if l.values == nil {
			continue
		}
		file, err := r.Store(name+l.flag+".txt", func(out io.Writer) error {
			_, err := io.WriteString(out, strings.Join(l.values(w), "\n")+"\n")
			return err
		})
		if err != nil {
			return nil, err
		}
		args = append(args, l.flag, file)
	}
	res := &Result{Case: c, Events: w.Len()}
	res.Took, err = r.Replay(ctx, config, events, args, func(in io.Reader) error {
		var err error
		res.Score, err = w.Read(in)
		return err
	})
	return res, err
}
