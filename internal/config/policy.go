package config

import (
	"time"

	"github.com/goccy/go-yaml/ast"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// Policy is one layer of the policy: the site's, a domain's or a user's. In a
// domain's layer an absent key means "as the site has it".
type Policy struct {
	// Thresholds are the scores at which an action begins.
	Thresholds Thresholds `yaml:"thresholds,omitempty"`
	// Weights change what a signal of strength 1 adds to the score, by the
	// signal's name. 0 switches a signal off; `gatehouse config show` lists all.
	Weights map[string]float64 `yaml:"weights,omitempty"`
	// Composites are signals made of other signals: each has a name, `all`,
	// `any` and `not` (lists of signals), a weight, and `cancels`, the signals
	// that no longer count when it is raised.
	Composites []screen.Composite `yaml:"composites,omitempty"`
	// Introduce lists the ways in which a stranger may introduce himself, in
	// this order, where the caller can do it.
	Introduce []string `yaml:"introduce,omitempty"`
	// Fallback is what `introduce` becomes where no way is possible: label
	// (the call is relayed) or reject.
	Fallback Fallback `yaml:"fallback,omitempty"`
	// Rejection is the answer to a rejected call: us-603plus (603 "Network
	// Blocked" with Reason), 607, 608, 603, 486 or 404.
	Rejection Rejection `yaml:"rejection,omitempty"`
	// LookupDeadline bounds all look-ups of one attempt together; what has not
	// answered by then counts nothing, and is counted.
	LookupDeadline *Duration `yaml:"lookup_deadline,omitempty"`
}

// Thresholds are scores; label ≤ introduce ≤ reject.
type Thresholds struct {
	Label     *float64 `yaml:"label,omitempty"`
	Introduce *float64 `yaml:"introduce,omitempty"`
	Reject    *float64 `yaml:"reject,omitempty"`
}

// Fallback is label or reject.
type Fallback string

// UnmarshalYAML reads label or reject.
func (f *Fallback) UnmarshalYAML(n ast.Node) error { return oneOf(n, (*string)(f), "label", "reject") }

// Rejection is the name of a rejection profile.
type Rejection string

// UnmarshalYAML reads a profile's name.
func (r *Rejection) UnmarshalYAML(n ast.Node) error {
	return oneOf(n, (*string)(r), "us-603plus", "607", "608", "603", "486", "404")
}

// Layer is the policy as package screen takes it; name is for its errors.
func (p *Policy) Layer(name string) screen.Layer {
	l := screen.Layer{
		Name:       name,
		Thresholds: screen.LayerThresholds(p.Thresholds),
		Weights:    p.Weights,
		Composites: p.Composites,
		Introduce:  p.Introduce,
		Rejection:  string(p.Rejection),
	}
	if p.Fallback != "" {
		action := verdict.Label
		if p.Fallback == "reject" {
			action = verdict.Reject
		}
		l.Fallback = &action
	}
	if p.LookupDeadline != nil {
		l.LookupDeadline = time.Duration(*p.LookupDeadline)
	}
	return l
}

// Layer is the domain's layer, its mode included.
func (d *Domain) Layer() screen.Layer {
	l := d.Policy.Layer("domain " + d.Name)
	mode := verdict.Mode(d.Mode)
	l.Mode = &mode
	return l
}

// Layer is the user's layer, its mode included.
func (u *User) Layer(name string) screen.Layer {
	l := u.Policy.Layer("user " + name)
	if u.Mode != nil {
		mode := verdict.Mode(*u.Mode)
		l.Mode = &mode
	}
	return l
}

func defaultPolicy() Policy {
	deadline := Duration(150 * time.Millisecond)
	return Policy{
		Thresholds:     Thresholds{Label: number(4), Introduce: number(6), Reject: number(12)},
		Introduce:      []string{},
		Fallback:       "label",
		Rejection:      "us-603plus",
		LookupDeadline: &deadline,
	}
}

func number(f float64) *float64 { return &f }
