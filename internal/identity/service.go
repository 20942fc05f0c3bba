package identity

import (
	"context"
	"net/netip"
	"sync/atomic"

	"gatehouse.example/internal/fetch"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
	"gatehouse.example/stir"
	"gatehouse.example/stir/certificate"
	"gatehouse.example/verdict"
)

// Config is what a Service works with.
type Config struct {
	// Fetcher finds certificates; it may be nil where the rules have no Verifier that uses it.
	Fetcher *fetch.Fetcher
	// Locator finds the hosts of a domain, Go runs a look-up in the background; without them Serves knows nothing.
	Locator Locator
	Go      func(f func(ctx context.Context)) bool
}

// Rules are what a reload may change.
type Rules struct {
	// Verifier verifies signatures; nil: nobody looks at them.
	Verifier *stir.Verifier
	// Signer signs for our users; nil: nobody does.
	Signer *stir.Signer
	// Signed are the numbers that Signer may sign for: "+15551230001", or "+1555*" for all that begin so.
	Signed []string
	// Numbers are the canonical numbers of our users ("+15551230001"), by address of record without scheme ("alice@example.test"), or by the domain's
	// name for those of its PBX.
	Numbers map[string][]string
	// Plan makes numbers comparable.
	Plan uri.Plan
	// Answer are the outcomes that are answered with their own code where the caller is rejected.
	Answer map[string]bool
	// AssertIdentity tells the PBX who calls in P-Asserted-Identity, VerstatInFrom in From what was verified, CallerName what the signer says about the caller.
	AssertIdentity, VerstatInFrom, CallerName bool
}

// Service gets evidence about callers and signs for ours.
type Service struct {
	cfg     Config
	rules   atomic.Pointer[Rules]
	senders senders
}

// New returns a Service that verifies and signs nothing until SetRules.
func New(cfg Config) *Service {
	s := &Service{cfg: cfg}
	s.senders.init(cfg.Locator, cfg.Go)
	s.rules.Store(&Rules{})
	return s
}

// SetRules puts rules in force; requests that are being looked at finish with the old ones.
func (s *Service) SetRules(r *Rules) { s.rules.Store(r) }

// Rules returns the rules in force.
func (s *Service) Rules() *Rules { return s.rules.Load() }

// Verifies tells whether anybody looks at signatures.
func (s *Service) Verifies() bool { return s.rules.Load().Verifier != nil }

// Signed tells whether a request bears a signature of a kind that may be looked at.
func Signed(m *sip.Message) bool { return m.Has(sip.HeaderIdentity) }

// Sender is where a request came from, as far as it matters to a verification.
type Sender struct {
	// Peer is the name of a configured peer, or empty.
	Peer string
	// Trusted says that its P-Asserted-Identity is believed.
	Trusted bool
	// Address is the source address.
	Address netip.Addr
}

// Prove verifies a request's signatures. It waits for certificates as long as ctx lives; what has to be fetched is charged to the sender.
func (s *Service) Prove(ctx context.Context, m *sip.Message, from Sender) *stir.Result {
	rules := s.rules.Load()
	if rules.Verifier == nil {
		return nil
	}
	ctx = fetch.CausedBy(ctx, from.cause())
	req := stir.RequestOf(m, stir.RequestOptions{Plan: rules.Plan, TrustAsserted: from.Trusted})
	if from.Trusted {
		req.Via = from.Peer
	}
	result := rules.Verifier.Verify(ctx, &req)
	if result.Outcome == stir.Valid && !result.Legacy && s.cfg.Fetcher != nil {
		s.cfg.Fetcher.Proven(result.SignedBy.URL)
	}
	return &result
}

// cause names the network that one party holds: an address of IPv4, a /64 of IPv6.
func (f *Sender) cause() fetch.Cause {
	if f.Peer != "" {
		return fetch.Cause{Name: f.Peer, Known: true}
	}
	bits := 32
	if f.Address.Is6() && !f.Address.Is4In6() {
		bits = 64
	}
	prefix, err := f.Address.Unmap().Prefix(bits)
	if err != nil {
		return fetch.Cause{}
	}
	return fetch.Cause{Name: prefix.String()}
}

// Facts puts a verification into the form that verdicts and checks know. r is nil where nobody has looked.
func Facts(r *stir.Result) verdict.Signature {
	if r == nil {
		return verdict.Signature{}
	}
	f := verdict.Signature{Outcome: outcomes[r.Outcome], Reason: reason(r), Verstat: stir.Verstat(r)}
	if r.Outcome != stir.Valid {
		return f
	}
	f.Signer, f.Organization = signer(&r.SignedBy.Entity)
	f.URL, f.OrigID, f.Diverted = r.SignedBy.URL, r.OrigID, len(r.Diverted) > 0
	if r.Attestation != 0 {
		f.Attestation = string(rune(r.Attestation))
	}
	return f
}

var outcomes = [...]string{
	stir.Missing: verdict.SignatureMissing, stir.Valid: verdict.SignatureValid, stir.Stale: verdict.SignatureStale,
	stir.Invalid: verdict.SignatureInvalid, stir.Unsupported: verdict.SignatureUnsupported, stir.Unreachable: verdict.SignatureUnreachable,
}

func reason(r *stir.Result) string {
	switch {
	case r.Legacy:
		return "by RFC 4474, with SHA-1"
	case r.Outcome == stir.Valid || r.Reason == stir.NoIdentity:
		return ""
	case r.Detail == "":
		return r.Reason.String()
	}
	return r.Reason.String() + ": " + r.Detail
}

// signer names who signed: by the provider's code, which is unique, else by what the CA calls it.
func signer(e *certificate.Entity) (code, organization string) {
	code, organization = e.CommonName, e.Organization
	if e.SPC != "" {
		code = e.SPC
	}
	return code, organization
}
