package stir

import (
	"context"
	"errors"
	"time"
)

// Limits of a request.
const (
	MaxIdentities = 12 // Identity header fields that are looked at
	MaxDiversions = 8  // div tokens of a chain
)

// DefaultFreshness is how far Date and iat may be from now. RFC 8224 §6.2 step 4 recommends it.
const DefaultFreshness = 60 * time.Second

// VerifierConfig says what a Verifier works with. Only Source must be set.
type VerifierConfig struct {
	// Source finds certificates.
	Source Source
	// Freshness is how far Date and iat may be from now, before and behind; DefaultFreshness if zero.
	Freshness time.Duration
	// InnerFreshness is how old the tokens below the outermost div token may be; Freshness if smaller. RFC 8946 §4.2 asks
	// for fresh ones, but a call that is forwarded when nobody answers, or handed on after a talk, is older: up to 3 hours
	// from a party that is trusted.
	InnerFreshness time.Duration
	// RequireDate makes a request without Date stale. Without it iat alone says when a full token was made; a compact one
	// always needs a Date.
	RequireDate bool
	// CheckRequestURI wants dest, or a chain of div tokens, to lead to the Request-URI, not only to To. It stops that a
	// token is used for another callee by a request that keeps To, but fails where somebody retargets without div.
	CheckRequestURI bool
	// Lenient accepts shaken header fields without alg or ppt parameter, and with parameters that RFC 8224 does not
	// define, and an origid that is no UUID. RFC 8224 makes alg optional and allows extensions; regulators do not.
	Lenient bool
	// Revoker knows CRLs; nil: revocation is not looked at.
	Revoker Revoker
	// RequireRevocation refuses certificates of which nobody can tell whether they are revoked.
	RequireRevocation bool
	// Replay remembers tokens; nil: the same token may be used in any number of calls while it is fresh.
	Replay *Replay
	// Legacy verifies the signatures of RFC 4474 in requests that have no other; nil: they count as Missing.
	Legacy *Legacy
	// Now tells the time; time.Now if nil.
	Now func() time.Time
}

// Verifier is a verification service. RFC 8224 §6.2.
type Verifier struct{ c VerifierConfig }

// NewVerifier checks the configuration and fills in what is left out.
func NewVerifier(c VerifierConfig) (*Verifier, error) {
	if c.Source == nil {
		return nil, errors.New("stir: a verifier needs a source of certificates")
	}
	if c.Freshness < 0 || c.InnerFreshness < 0 {
		return nil, errors.New("stir: negative freshness")
	}
	if l := c.Legacy; l != nil && (l.Roots == nil || l.Certificates == nil) {
		return nil, errors.New("stir: the verifier of RFC 4474 needs roots and a source of certificates")
	}
	if c.Freshness == 0 {
		c.Freshness = DefaultFreshness
	}
	c.InnerFreshness = max(c.InnerFreshness, c.Freshness)
	if c.Replay != nil && c.Replay.lifetime < c.Freshness+c.InnerFreshness {
		return nil, errors.New("stir: the replay memory forgets tokens that are still fresh")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Verifier{c: c}, nil
}

// Verify says what a request proves about its caller. It waits for certificates as long as ctx lives.
func (v *Verifier) Verify(ctx context.Context, r *Request) Result {
	switch {
	case r.Legacy != nil && len(r.Identities) == 1:
		return v.verifyLegacy(ctx, r)
	case len(r.Identities) == 0:
		return failed(NoIdentity)
	}
	c := check{v: v, r: r, now: v.c.Now(), each: make([]HeaderResult, min(len(r.Identities), MaxIdentities+1))}
	c.date = c.dateReason()
	for i := range c.each {
		c.read(i)
	}
	c.link()
	for i := range c.each {
		h := &c.each[i]
		if h.ok() {
			c.place(i)
		}
		if h.ok() {
			c.contents(h)
		}
	}
	c.authenticate(ctx)
	return c.settle()
}

// failed is the result of a request that proves nothing.
func failed(r Reason) Result {
	h := HeaderResult{Reason: r, Outcome: r.Outcome()}
	return Result{Outcome: h.Outcome, Reason: r, Status: h.Status(), Phrase: h.Phrase()}
}
