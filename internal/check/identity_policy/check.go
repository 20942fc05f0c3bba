// Package identitypolicy is the check that asks what the caller's domain says about itself: RFC 5039 §7 by way of a DNS record, docs/identity-policy.md.
//
// A domain that publishes "v=SIPID1; p=enforce" at _sip-identity.<domain> says that its calls always carry proof. One that comes without is forged, or someone on
// the way has taken the proof out, and the domain asks that it be refused. Unlike the memory of check identity this needs no earlier call and does not learn, so
// nobody can teach it anything.
//
// Cost: a domain whose policy is cached costs no look-up and about half a microsecond, others one look-up of at most four names within the policy's deadline, shared
// by all who want it. It says nothing about domains that publish nothing, nor about telephone numbers.
package identitypolicy

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"gatehouse.example/internal/state/proof"
	"gatehouse.example/screen"
	"gatehouse.example/stir/policy"
	"gatehouse.example/verdict"
)

// The signals of this check.
const (
	signalViolated  = "IDENTITY_POLICY_VIOLATED"
	signalMonitored = "IDENTITY_POLICY_MONITORED"
)

// Info returns the check's name, stage and signals.
func Info() screen.Info {
	return screen.Info{
		Name: "identity_policy", Stage: screen.Lookup, RFC: "5039 §4.1, §7",
		Signals: []screen.SignalInfo{
			{Name: signalViolated, Weight: 12,
				Description: "The caller's domain says in DNS that such requests always carry proof and asks to refuse those that do not (p=enforce); this one does not."},
			{Name: signalMonitored, Weight: 0,
				Description: "The caller's domain says in DNS that such requests always carry proof, and asks only to take note of those that do not (p=monitor)."},
		},
	}
}

// Config is small: what is asked of whom is in DNS.
type Config struct {
	// Seed makes the choice of the requests that a percentage (pct) spares. A replay sets it, to be deterministic; else it is random, so that
	// nobody can choose to be spared.
	Seed uint64 `yaml:"-" json:"-"`
}

// Check looks policies up. It is safe for concurrent use.
type Check struct {
	seed     uint64
	policies *proof.Policies
}

// New returns the check over policies.
func New(cfg Config, p *proof.Policies) (*Check, error) {
	if p == nil {
		return nil, errors.New("identity_policy: the check needs policies")
	}
	if cfg.Seed == 0 {
		cfg.Seed = rand.Uint64()
	}
	return &Check{seed: cfg.Seed, policies: p}, nil
}

// Info implements screen.Check.
func (c *Check) Info() screen.Info { return Info() }

// Wants implements screen.Selective: no look-up is needed for what nobody could publish a policy about, and where it is cached. A call that has
// proof does not wait either; the policy of its domain is fetched behind its back, so that it is there when the proof is missing one day.
func (c *Check) Wants(a *screen.Attempt, r *screen.Report) bool {
	method, domain := methodOf(a.Kind), a.FromDomain
	if a.Outbound || method == 0 || domain == "" || a.From.Proof == verdict.Digest || !looked(a) {
		return false
	}
	found, cached := c.policies.Cached(domain, a.Time)
	if !cached {
		if given(a.From.Proof)&^policy.Stir == 0 {
			return true
		}
		if !a.Probe {
			c.policies.Prepare(domain, a.Time)
		}
		return false
	}
	c.report(a, r, &found, method)
	return false
}

// Run implements screen.Check.
func (c *Check) Run(ctx context.Context, a *screen.Attempt, r *screen.Report) {
	found, err := c.policies.Lookup(ctx, a.FromDomain, a.Time)
	if err != nil {
		return // nothing is known, so nothing is asked: the engine counts what took too long
	}
	c.report(a, r, &found, methodOf(a.Kind))
}

// report weighs a policy against the proof. A domain that is proven by its own TLS certificate speaks itself, whatever it signs.
func (c *Check) report(a *screen.Attempt, r *screen.Report, p *proof.Policy, method policy.Methods) {
	if p.Record == nil || a.From.Proof == verdict.TLS || p.Record.Sign&given(a.From.Proof) != 0 {
		return
	}
	mode := p.Record.Mode(method, p.Inherited, a.Time)
	if mode != policy.None && !c.chosen(a, p.Record.Percent) {
		mode = mode.Milder()
	}
	switch mode {
	case policy.Enforce:
		r.Signal(signalViolated, 1, evidence(a, p, method))
	case policy.Monitor:
		r.Signal(signalMonitored, 1, evidence(a, p, method))
	}
}

// looked says whether it is known what proof there is: where nobody verifies signatures, none can be missing.
func looked(a *screen.Attempt) bool {
	return a.Signature.Outcome != "" || a.From.Proof >= verdict.TLS
}

// methodOf returns what a record calls a kind of attempt, 0 for those that it cannot speak about.
func methodOf(k verdict.Kind) policy.Methods {
	switch k {
	case verdict.Call:
		return policy.Call
	case verdict.Message:
		return policy.Message
	case verdict.Subscription:
		return policy.Subscription
	case verdict.Publication:
		return policy.Publication
	}
	return 0
}

// given returns what a record calls a proof. What a trunk says is not the domain's proof.
func given(p verdict.Proof) policy.Proofs {
	switch p {
	case verdict.StirA:
		return policy.Stir | policy.StirB | policy.StirA
	case verdict.StirB:
		return policy.Stir | policy.StirB
	case verdict.StirC:
		return policy.Stir
	case verdict.StirURI:
		return policy.Stir | policy.StirURI
	case verdict.TLS:
		return policy.TLS
	}
	return 0
}

// chosen says whether an attempt belongs to the percentage that the policy applies to. The choice is by our own id of the attempt, which the caller
// does not know, mixed with the seed (FNV-1a and the finalizer of MurmurHash3).
func (c *Check) chosen(a *screen.Attempt, percent int) bool {
	if percent >= 100 {
		return true
	}
	h := c.seed ^ 14695981039346656037
	for _, s := range [...]string{a.ID, a.CallID, a.From.Claimed} {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return int((h^h>>33)%100) < percent
}

// evidence is a sentence for an administrator: domain "bank.test" publishes that each call of it carries proof by stir-uri,tls; this one has none.
func evidence(a *screen.Attempt, p *proof.Policy, method policy.Methods) string {
	b := append(make([]byte, 0, 240), "domain "...)
	b = append(b, screen.Quote(a.FromDomain)...)
	if p.Inherited {
		b = append(append(b, " (below "...), screen.Quote(p.Domain)...)
		b = append(b, ')')
	}
	b = append(append(b, " publishes that each "...), method.String()...)
	b = append(append(b, " of it carries proof by "...), p.Record.Sign.String()...)
	if p.Record.Percent < 100 || !p.Record.Start.IsZero() && a.Time.Before(p.Record.Start) {
		b = append(b, ", not yet enforced for all"...)
	}
	if p.Remembered {
		b = p.Seen.AppendFormat(append(b, " (remembered: DNS said so last on "...), time.DateOnly)
		b = append(b, ')')
	}
	return string(append(append(b, "; this one has "...), has(a)...))
}

// has says what there is instead of the proof.
func has(a *screen.Attempt) string {
	if a.From.Proof >= verdict.TLS {
		return "only " + a.From.Proof.String()
	}
	switch a.Signature.Outcome {
	case verdict.SignatureInvalid, verdict.SignatureStale, verdict.SignatureUnsupported, verdict.SignatureUnreachable:
		return "a signature that is " + a.Signature.Outcome
	}
	return "none"
}
