// Package identity is the check that says what a caller's proof is worth, and notices when it was taken away: RFC 5039 §4, §5 and §7.
//
// It reads what the border has found out (signature, connection, account) and asks a memory of who always proves to be who it says. A proof is a
// key to other checks' knowledge and a small weight, never a pass: the share of robocalls is 3 % among calls with attestation A, 26 % with B, 37 % with C,
// and 7 % among unsigned ones. An unsigned call from one that never signs means nothing; from one that always does it is a strong signal,
// and no broken signature is ever cheaper than none.
//
// Cost: below a microsecond, no allocation unless something is found. It cannot tell who sits on the way of a caller that it sees for the first time.
package identity

import (
	"context"
	"errors"
	"time"

	"gatehouse.example/internal/state/proof"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// The signals of this check.
const (
	signalProven      = "IDENTITY_PROVEN"
	signalPartial     = "IDENTITY_PARTIAL"
	signalGateway     = "IDENTITY_GATEWAY"
	signalInvalid     = "IDENTITY_INVALID"
	signalStale       = "IDENTITY_STALE"
	signalUnsupported = "IDENTITY_UNSUPPORTED"
	signalUnreachable = "IDENTITY_UNREACHABLE"
	signalTakenAway   = "IDENTITY_TAKEN_AWAY"
	signalMismatch    = "IDENTITY_SENDER_MISMATCH"
	signalOwnDomain   = "IDENTITY_OWN_DOMAIN"
	signalChanged     = "IDENTITY_CHANGED"
)

// Info returns the check's name, stage and signals.
func Info() screen.Info {
	return screen.Info{
		Name: "identity", Stage: screen.Cheap, RFC: "5039 §4, §5, §7",
		Signals: []screen.SignalInfo{
			{Name: signalProven, Weight: -1,
				Description: "The caller is proven: attestation A, a signature of the domain, mutual TLS, or a password over TLS; half as strong for a password over " +
					"another transport. It says who it is, not what it wants."},
			{Name: signalPartial, Weight: 0,
				Description: "Attestation B: the provider knows its customer, not whose the number is."},
			{Name: signalGateway, Weight: 0,
				Description: "Attestation C: signed by the gateway where the call came in, which proves nothing about the caller."},
			{Name: signalInvalid, Weight: 5,
				Description: "There is a signature, and it is wrong or was made for another call (438): a forgery, or someone on the way has changed what it covers."},
			{Name: signalStale, Weight: 2,
				Description: "The signature is too old or from the future (403): a replay, or a clock that is wrong."},
			{Name: signalUnsupported, Weight: 1,
				Description: "The signature is by a certificate or of a kind that is not accepted here (437)."},
			{Name: signalUnreachable, Weight: 0,
				Description: "The signature could not be checked because its certificate could not be had (436). Without a weight this changes nothing."},
			{Name: signalTakenAway, Weight: 8,
				Description: "There is no valid proof where there always is one: the domain, number or peer has proven itself each time so far."},
			{Name: signalMismatch, Weight: 1,
				Description: "The source is none of the hosts of the domain that is claimed, or its TLS certificate is of another domain, and nothing proves the caller. " +
					"Weak: forwarded calls look like that."},
			{Name: signalOwnDomain, Weight: 3,
				Description: "The caller claims an address of the called domain itself, and none of its users has proven to be at that source: the calls that scanners make ring " +
					"as if they came from within. A user who was here never before looks like that too, until his phone has registered."},
			{Name: signalChanged, Weight: 8,
				Description: "The caller within a call is another than the one with whom it began; a quarter as strong where the new one is proven by a signature."},
		},
	}
}

// Config is empty: what is expected of whom is learned, and the weights are the policy's.
type Config struct{}

var _ screen.Learner = (*Check)(nil)

// Check weighs proofs. It is safe for concurrent use.
//
// Looking is its way of learning, so it must see each attempt: give it to the engine before checks that may end a run early.
type Check struct {
	memory *proof.Memory
}

// New returns the check over a memory.
func New(_ Config, m *proof.Memory) (*Check, error) {
	if m == nil {
		return nil, errors.New("identity: the check needs a memory")
	}
	return &Check{memory: m}, nil
}

// Info implements screen.Check.
func (c *Check) Info() screen.Info { return Info() }

// Run implements screen.Check. What local users send is theirs by their password and teaches nothing; a registration is about to prove itself.
func (c *Check) Run(_ context.Context, a *screen.Attempt, r *screen.Report) {
	if a.Outbound || a.Kind == verdict.Registration {
		return
	}
	proven(a, r)
	c.signature(a, r)
	changed(a, r)
	from(a, r)
}

// from says when a claim that nothing proves does not fit where it comes from.
func from(a *screen.Attempt, r *screen.Report) {
	switch {
	case a.SenderServes != screen.No || a.From.Proof != verdict.None:
	case a.FromDomain == a.ToDomain:
		r.Signal(signalOwnDomain, 1, "claims to be of "+screen.Quote(a.FromDomain)+" itself, from where none of its users is known to be")
	default:
		r.Signal(signalMismatch, 1, mismatch(a))
	}
}

// proven says what the proof is worth.
func proven(a *screen.Attempt, r *screen.Report) {
	switch a.From.Proof {
	case verdict.StirA:
		r.Signal(signalProven, 1, signedBy("the number is proven with full attestation", a))
	case verdict.StirURI:
		r.Signal(signalProven, 1, signedBy("the address is proven", a))
	case verdict.TLS:
		r.Signal(signalProven, 1, "the domain is proven by its TLS certificate")
	case verdict.Digest:
		// RFC 5039 §5: worth more over a persistent TLS connection.
		if a.Transport == "tls" || a.Transport == "wss" {
			r.Signal(signalProven, 1, "the account's password was given over TLS")
		} else {
			r.Signal(signalProven, 0.5, "the account's password was given")
		}
	case verdict.StirB:
		r.Signal(signalPartial, 1, signedBy("partial attestation: the number is not proven", a))
	case verdict.StirC:
		r.Signal(signalGateway, 1, signedBy("gateway attestation: nothing is proven but the way", a))
	}
}

// signature says what is wrong with a signature, and whether a proof is missing that should be there.
func (c *Check) signature(a *screen.Attempt, r *screen.Report) {
	o := Observation(a)
	x := c.observe(a, &o)
	switch a.Signature.Outcome {
	case verdict.SignatureInvalid:
		r.Signal(signalInvalid, 1, because("the signature is not valid", a))
	case verdict.SignatureStale:
		r.Signal(signalStale, 1, because("the signature is too old or of the future", a))
	case verdict.SignatureUnsupported:
		r.Signal(signalUnsupported, 1, because("the signature is of a kind that is not accepted here", a))
	case verdict.SignatureUnreachable:
		r.Signal(signalUnreachable, 1, because("the signature's certificate could not be had", a))
		// The certificates of one who always signs are at a known place, and when that is down it is not the caller's fault. A place that was
		// never seen would be a cheap way to hide that there is no signature.
		if x.Repository != "" && x.Repository == o.Repository {
			return
		}
	}
	if x.Strength > 0 && looked(a) {
		r.Signal(signalTakenAway, x.Strength, takenAway(&x, a))
	}
}

// observe asks the memory and lets it learn, except from probes, where nobody has looked for a signature, and where we could not find out
// what one is worth.
func (c *Check) observe(a *screen.Attempt, o *proof.Observation) proof.Expectation {
	if a.Probe || !looked(a) || a.Signature.Outcome == verdict.SignatureUnreachable {
		return c.memory.Look(o)
	}
	return c.memory.Observe(o)
}

// looked says whether it is known that there is no proof: where nobody verifies signatures, none can be missing.
func looked(a *screen.Attempt) bool {
	return a.Signature.Outcome != "" || a.From.Proof >= verdict.TLS
}

// talked is how long a conversation is that tells a genuine call.
const talked = 20 * time.Second

// Learn implements screen.Learner.
func (c *Check) Learn(e *screen.Ending) {
	a := e.Attempt
	if a.Outbound || a.Kind != verdict.Call || !e.Answered || e.Lost || e.Talk < talked || !looked(a) {
		return
	}
	o := Observation(a)
	c.memory.Talked(&o)
}

// Judge implements screen.Learner. Whether an attempt without proof was genuine is for the operator to say, who tells the memory himself: anybody else could make
// forgeries of his bank's number usual for all.
func (c *Check) Judge(*screen.Attempt, string, string) {}

// changed compares the caller with the one with whom the dialog began. RFC 4916 lets it change, signed.
func changed(a *screen.Attempt, r *screen.Report) {
	if a.Earlier == "" || a.From.Claimed == a.Earlier {
		return
	}
	strength, how := 1.0, " without proof"
	if a.From.Proof >= verdict.StirURI && a.From.Proof != verdict.StirC {
		strength, how = 0.25, " with proof"
	}
	r.Signal(signalChanged, strength, "the call began with "+screen.Quote(a.Earlier)+", now it is "+screen.Quote(a.From.Claimed)+how)
}
