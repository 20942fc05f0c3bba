package screen

import (
	"fmt"
	"net/netip"
	"time"

	"gatehouse.example/verdict"
)

// Attempt is one request from outside a dialog, as checks see it: parsed, with canonical keys made once.
//
// All strings are ordinary immutable Go strings: they do not point into a packet, so a check may keep them.
// An empty key means that there is none (an anonymous caller has no number), never "matches anything".
type Attempt struct {
	// ID is the verdict's id.
	ID string
	// Time is when it arrived. Checks use it and never the clock, so that replays run on virtual time.
	Time time.Time
	// Kind is what is attempted.
	Kind verdict.Kind
	// Outbound is true for what a local user sends to elsewhere.
	Outbound bool
	// Probe is true where someone asks what would happen (the API's /screen, the screen command): checks that count look, but
	// do not count.
	Probe bool

	// From is who calls. From.Claimed is the AoR key of the From header; From.Identity the proven identity.
	From verdict.From
	// FromNumber is the canonical number of the claim ("+15551230001"), or empty.
	FromNumber string
	// FromDomain is the lower-case domain of the claim, or empty (tel: has none).
	FromDomain string
	// IdentityNumber is the canonical number of From.Identity, or empty. It is proven by From.Proof.
	IdentityNumber string
	// IdentityDomain is the lower-case domain of From.Identity, or empty.
	IdentityDomain string
	// Signature says what became of the caller's signature. It is a fact about the request; From.Proof says what it is worth.
	Signature verdict.Signature
	// SenderServes says whether Source is among the hosts where RFC 3263 finds the From header's domain (RFC 5039 §4.1), and for a domain of our own,
	// whether one of its users has proven to be there. It is weak: a domain may send from other hosts than it receives at, and whoever forwards a
	// request is none of them.
	SenderServes Ternary
	// SenderProven is the domain whose TLS certificate the connection bears where that is not the From header's: such a connection may speak for its own
	// domain only (RFC 5039 §4.1). SenderServes is No then.
	SenderProven string
	// Earlier is what From.Claimed of this side was when the dialog began, where the request belongs to a dialog; empty for all others.
	Earlier string

	// To is who is called. To.Requested is the AoR key of the Request-URI.
	To verdict.To
	// ToNumber is the canonical number of the Request-URI, or empty.
	ToNumber string
	// ToDomain is the lower-case domain of the Request-URI, or empty.
	ToDomain string

	// Source is where the packet came from.
	Source netip.AddrPort
	// Transport is "udp", "tcp", "tls", "ws" or "wss".
	Transport string
	// Peer is the name of the configured peer at Source, empty for a stranger.
	Peer string
	// UserAgent is the User-Agent header.
	UserAgent string
	// CallID is the Call-ID header.
	CallID string
	// Text is what the request says to a human, decoded: the body of a message, the Subject and its like. The display name and the user part
	// of From stand in From alone.
	Text string
	// Names are what else the caller wants to be shown as, beside From.Display: what a token (rcd, RFC 9795) or a card (RFC 9796) calls him.
	// Who signed vouches for them as for any text: they are claims, whatever is proven about the caller.
	Names []string
	// Opaque is the media type of a body that nobody here can read (encrypted, compressed, of unknown type), empty where there is none.
	Opaque string

	// Exempt says why this attempt is never screened ("emergency number 112"); empty means that it is screened.
	Exempt string
	// Emergency tells of an exempt attempt that it calls for help.
	Emergency bool
	// Introductions are the ways in which this caller could introduce itself here and now, from what this server offers and
	// what the request allows. The policy's order chooses among them; none makes introduce the policy's fallback.
	Introductions []string

	// judged is the run of the Cheap checks that looks at it just now; nil where none does.
	judged *tally
}

// Ternary is what is known about a question that can be answered with yes or no.
type Ternary uint8

// The answers. The zero value is that nobody has asked, or could not find out.
const (
	Unknown Ternary = iota
	No
	Yes
)

var ternaryWords = [...]string{"unknown", "no", "yes"}

// String returns "unknown", "no" or "yes".
func (t Ternary) String() string {
	if int(t) < len(ternaryWords) {
		return ternaryWords[t]
	}
	return ternaryWords[Unknown]
}

// MarshalText writes the word that String returns.
func (t Ternary) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the word that String returns; no text at all is Unknown.
func (t *Ternary) UnmarshalText(b []byte) error {
	for i, w := range ternaryWords {
		if w == string(b) {
			*t = Ternary(i)
			return nil
		}
	}
	if len(b) != 0 {
		return fmt.Errorf("screen: %q is none of unknown, no, yes", b)
	}
	*t = Unknown
	return nil
}

// Describe copies what the attempt says about itself into v: id, time, kind, from, to, source.
func (a *Attempt) Describe(v *verdict.Verdict) {
	v.ID, v.Time, v.Kind = a.ID, a.Time, a.Kind
	v.From, v.To = a.From, a.To
	v.From.Signature = nil
	if tells(&a.Signature) {
		v.From.Signature = a.Signature.Clone()
	}
	v.Source = verdict.Source{Transport: a.Transport, Peer: a.Peer, UserAgent: a.UserAgent}
	if a.Source.IsValid() {
		v.Source.Address = a.Source.String()
	}
}

// tells reports whether a signature says more than From.Proof does: an event's or a missing one need not stand in each verdict.
func tells(s *verdict.Signature) bool {
	switch s.Outcome {
	case "", verdict.SignatureMissing:
		return false
	case verdict.SignatureValid:
		return *s != verdict.Signature{Outcome: s.Outcome, Attestation: s.Attestation}
	}
	return true
}
