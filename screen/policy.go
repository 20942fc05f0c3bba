package screen

import (
	"time"

	"gatehouse.example/verdict"
)

// Policy says what signals weigh and what a score leads to. It is made by [Resolve] and does not change afterwards, so any
// number of goroutines may use it; its maps and slices are for reading.
type Policy struct {
	// Mode is verdict.Monitor or verdict.Enforce.
	Mode verdict.Mode
	// Thresholds choose the action from the score.
	Thresholds Thresholds
	// Weights holds the weight of every signal and composite by name.
	Weights map[string]float64
	// Composites are the rules over signals.
	Composites []Composite
	// Introduce lists the ways to introduce oneself, in the order of preference.
	Introduce []string
	// Fallback is what introduce becomes where no way is possible: verdict.Label or verdict.Reject.
	Fallback verdict.Action
	// Rejection names the profile of rejection responses.
	Rejection string
	// LookupDeadline is how long Lookup checks may take together.
	LookupDeadline time.Duration
	// Exhaustive lets every check run even when none can change the action any more: for those who ask for all reasons.
	Exhaustive bool

	compiled compiled
}

// Thresholds are scores: reaching one leads to its action.
type Thresholds struct {
	// Label, Introduce and Reject stand in ascending order.
	Label, Introduce, Reject float64
}

// Composite is a named rule over signals. It fires when all signals of All, at least one of Any (where Any is not empty) and none
// of Not were reported with a strength above 0. Its strength is that of its weakest part: the smallest of All and the largest of Any.
//
// Composites let one fact cancel another: a number mismatch with a valid div chain is no mismatch.
type Composite struct {
	// Name is upper case and differs from every signal's name.
	Name string `yaml:"name" json:"name"`
	// Description says what it means; empty is allowed.
	Description string `yaml:"description,omitempty" json:"description,omitempty"`
	// All, Any and Not name signals of checks, not composites. All or Any must name at least one.
	All []string `yaml:"all,omitempty" json:"all,omitempty"`
	Any []string `yaml:"any,omitempty" json:"any,omitempty"`
	Not []string `yaml:"not,omitempty" json:"not,omitempty"`
	// Weight is what strength 1 adds to the score. Weights of a layer may override it by the composite's name.
	Weight float64 `yaml:"weight,omitempty" json:"weight,omitempty"`
	// Cancels names signals whose score becomes 0 when the composite fires. They stay visible.
	Cancels []string `yaml:"cancels,omitempty" json:"cancels,omitempty"`
}

// Layer is a part of a policy: site file, domain or user. What it leaves unset (nil, empty, 0) is as in the layer below.
type Layer struct {
	// Name is what errors call it: "policy", "domain example.test", "user sip:bob@example.test".
	Name string `yaml:"-" json:"-"`
	// Mode is Policy.Mode.
	Mode *verdict.Mode `yaml:"mode,omitempty" json:"mode,omitempty"`
	// Thresholds is Policy.Thresholds, each by itself.
	Thresholds LayerThresholds `yaml:"thresholds,omitempty" json:"thresholds,omitzero"`
	// Weights overrides weights by the name of the signal or composite.
	Weights map[string]float64 `yaml:"weights,omitempty" json:"weights,omitempty"`
	// Composites adds rules; one with the name of an earlier one replaces it.
	Composites []Composite `yaml:"composites,omitempty" json:"composites,omitempty"`
	// Introduce is Policy.Introduce; an empty list that is not nil means none.
	Introduce []string `yaml:"introduce,omitempty" json:"introduce,omitempty"`
	// Fallback is Policy.Fallback.
	Fallback *verdict.Action `yaml:"fallback,omitempty" json:"fallback,omitempty"`
	// Rejection is Policy.Rejection.
	Rejection string `yaml:"rejection,omitempty" json:"rejection,omitempty"`
	// LookupDeadline is Policy.LookupDeadline.
	LookupDeadline time.Duration `yaml:"lookup_deadline,omitempty" json:"lookup_deadline,omitempty"`
}

// LayerThresholds are the thresholds of a layer; nil is as in the layer below.
type LayerThresholds struct {
	Label     *float64 `yaml:"label,omitempty" json:"label,omitempty"`
	Introduce *float64 `yaml:"introduce,omitempty" json:"introduce,omitempty"`
	Reject    *float64 `yaml:"reject,omitempty" json:"reject,omitempty"`
}
