package screen

import (
	"fmt"
	"math"
	"time"

	"gatehouse.example/verdict"
)

// The shipped defaults below every layer; what a signal weighs is its check's to say.
const (
	defaultLabel          = 4
	defaultIntroduce      = 6
	defaultReject         = 12
	defaultRejection      = "us-603plus"
	defaultLookupDeadline = 150 * time.Millisecond
)

// Resolve makes a policy from the defaults of the given checks and the layers over them, lowest first: site, domain, user.
// A weight or composite that names an unknown signal is an error that names the layer and the key, so that a misspelt weight
// never silently does nothing.
func Resolve(checks []Info, layers ...Layer) (*Policy, error) {
	c, err := newCatalog(checks)
	if err != nil {
		return nil, err
	}
	return c.resolve(layers)
}

func (c *catalog) resolve(layers []Layer) (*Policy, error) {
	p := &Policy{
		Mode:           verdict.Monitor,
		Thresholds:     Thresholds{Label: defaultLabel, Introduce: defaultIntroduce, Reject: defaultReject},
		Weights:        make(map[string]float64, len(c.signals)),
		Fallback:       verdict.Label,
		Rejection:      defaultRejection,
		LookupDeadline: defaultLookupDeadline,
	}
	for _, s := range c.signals {
		p.Weights[s.Name] = s.Weight
	}
	for i := range layers {
		if err := p.apply(c, &layers[i]); err != nil {
			return nil, err
		}
	}
	p.compile(c)
	return p, nil
}

// apply lays one layer over p.
func (p *Policy) apply(c *catalog, l *Layer) error {
	name := l.Name
	if name == "" {
		name = "policy"
	}
	if err := p.applyThresholds(&l.Thresholds); err != nil {
		return fmt.Errorf("screen: %s: %w", name, err)
	}
	for i := range l.Composites {
		if err := p.addComposite(c, l.Composites[i]); err != nil {
			return fmt.Errorf("screen: %s: composites: %w", name, err)
		}
	}
	for key, w := range l.Weights {
		if err := p.setWeight(key, w); err != nil {
			return fmt.Errorf("screen: %s: weights: %w", name, err)
		}
	}
	if l.Mode != nil {
		p.Mode = *l.Mode
	}
	if l.Introduce != nil {
		p.Introduce = append([]string{}, l.Introduce...)
	}
	if l.Fallback != nil {
		if *l.Fallback != verdict.Label && *l.Fallback != verdict.Reject {
			return fmt.Errorf("screen: %s: fallback: %s is neither label nor reject", name, *l.Fallback)
		}
		p.Fallback = *l.Fallback
	}
	if l.Rejection != "" {
		p.Rejection = l.Rejection
	}
	if l.LookupDeadline < 0 {
		return fmt.Errorf("screen: %s: lookup_deadline: %s is negative", name, l.LookupDeadline)
	}
	if l.LookupDeadline > 0 {
		p.LookupDeadline = l.LookupDeadline
	}
	return nil
}

func (p *Policy) applyThresholds(l *LayerThresholds) error {
	set := func(to *float64, from *float64, key string) error {
		if from == nil {
			return nil
		}
		if math.IsNaN(*from) || *from <= 0 {
			return fmt.Errorf("thresholds: %s: %v is not above 0", key, *from)
		}
		*to = *from
		return nil
	}
	t := &p.Thresholds
	if err := set(&t.Label, l.Label, "label"); err != nil {
		return err
	}
	if err := set(&t.Introduce, l.Introduce, "introduce"); err != nil {
		return err
	}
	if err := set(&t.Reject, l.Reject, "reject"); err != nil {
		return err
	}
	if t.Label > t.Introduce || t.Introduce > t.Reject {
		return fmt.Errorf("thresholds: label %v, introduce %v, reject %v do not ascend", t.Label, t.Introduce, t.Reject)
	}
	return nil
}

func (p *Policy) setWeight(key string, w float64) error {
	if _, known := p.Weights[key]; !known {
		return unknownSignal(key, p.Weights)
	}
	if math.IsNaN(w) || math.IsInf(w, 0) {
		return fmt.Errorf("%s: %v is not a weight", key, w)
	}
	p.Weights[key] = w
	return nil
}

func (p *Policy) addComposite(c *catalog, rule Composite) error {
	if err := checkName(rule.Name); err != nil {
		return err
	}
	if _, taken := c.index[rule.Name]; taken {
		return fmt.Errorf("%s is the name of a check's signal", rule.Name)
	}
	if len(rule.All)+len(rule.Any) == 0 {
		return fmt.Errorf("%s: names no signal under all or any", rule.Name)
	}
	for _, names := range [][]string{rule.All, rule.Any, rule.Not, rule.Cancels} {
		for _, name := range names {
			if _, known := c.index[name]; !known {
				return fmt.Errorf("%s: %w", rule.Name, unknownSignal(name, p.checkSignals(c)))
			}
		}
	}
	at := len(p.Composites)
	for i := range p.Composites {
		if p.Composites[i].Name == rule.Name {
			at = i
		}
	}
	if at == len(p.Composites) {
		p.Composites = append(p.Composites, rule)
	} else {
		p.Composites[at] = rule
	}
	p.Weights[rule.Name] = 0
	return p.setWeight(rule.Name, rule.Weight)
}

func (p *Policy) checkSignals(c *catalog) map[string]float64 {
	m := make(map[string]float64, len(c.signals))
	for _, s := range c.signals {
		m[s.Name] = s.Weight
	}
	return m
}

func unknownSignal(key string, known map[string]float64) error {
	if near := nearest(key, known); near != "" {
		return fmt.Errorf("unknown signal %q (did you mean %s?)", key, near)
	}
	return fmt.Errorf("unknown signal %q", key)
}
