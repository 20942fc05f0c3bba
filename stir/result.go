package stir

import (
	"time"

	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/passport"
)

// Result is what the Identity header fields of a request prove. Everything but Outcome, Reason and Each is about the one
// field that proves most and is zero unless Outcome is Valid.
type Result struct {
	Outcome Outcome
	Reason  Reason
	Status  int    // what a policy may answer with; 0 where Valid
	Phrase  string // its reason phrase
	Detail  string // more about Reason; safe to log

	Identity    passport.Identity // who calls, canonical
	PPT         string            // the extension; empty for a baseline token
	Attestation byte              // 'A', 'B' or 'C' of shaken; 0 where nobody attests
	OrigID      string            // origid: 36 characters of a UUID
	IssuedAt    time.Time
	SignedBy    Certificate

	// Diverted are those whom the call was for before it came here, the first one first, each attested by who forwarded
	// it. RFC 8946.
	Diverted []passport.Identity
	// BodyProven says that the body is the one that was signed (msgi). RFC 9475 §3.2.
	BodyProven bool
	// Display is what the caller wants to be shown as. RFC 8224 §12.6: it is no identity.
	Display *Display
	// Priorities are the values of Resource-Priority that somebody with authority signed, Emergency the value of Priority
	// likewise. RFC 8443, RFC 9027. They may be there whatever the Outcome is.
	Priorities []string
	Emergency  string
	// Legacy says that the proof is of RFC 4474: about a domain, and with SHA-1.
	Legacy bool

	Each []HeaderResult // one per Identity header field, in their order
}

// HeaderResult is what one Identity header field came to.
type HeaderResult struct {
	Outcome  Outcome
	Reason   Reason
	Err      error           // of package passport, certificate or the Source; nil where Reason says all
	Token    *passport.Token // nil where it could not be read; its texts are the sender's
	PPI      string          // the token in compact form, where Outcome is not Valid; base64url and dots only
	Coverage certificate.Coverage

	header  header
	role    role
	alone   bool   // it needs no other token to be about this call
	without Reason // what is wrong with it where none of its chains holds
	path    *certificate.Path
}

// Certificate is who signed.
type Certificate struct {
	Entity   certificate.Entity // texts of the certificate, as its CA vouches for them
	Coverage certificate.Coverage
	URL      string            // where it is: the info parameter
	Path     *certificate.Path // nil where Legacy
}

// Serial returns the certificate's serial number in hexadecimal.
func (c *Certificate) Serial() string {
	if c.Path == nil {
		return ""
	}
	return c.Path.Chain().Leaf().SerialNumber.Text(16)
}

// Detail says more about Reason, in a form that is safe to log; it is empty where there is no more to say.
func (h *HeaderResult) Detail() string {
	if h.Err == nil {
		return ""
	}
	return quote(h.Err.Error())
}

// Status returns the code that belongs to this field's failure, 0 where it is valid. A From that names nobody is a
// malformed request.
func (h *HeaderResult) Status() int {
	if h.Reason == BadFrom {
		return 400
	}
	return h.Outcome.Status()
}

// Phrase returns the reason phrase that goes with Status.
func (h *HeaderResult) Phrase() string {
	switch {
	case h.Reason == BadFrom:
		return "Bad Request"
	case h.Reason == UnknownPPT:
		return "Use Supported PASSporT Format" // RFC 8224 §6.2.2
	case h.Reason == BadToken && claimsAtFault(passport.ReasonOf(h.Err)):
		return "Invalid PASSporT" // RFC 8588 §7
	}
	return h.Outcome.Phrase()
}

// fail notes why the field is not valid.
func (h *HeaderResult) fail(r Reason, err error) {
	h.Reason, h.Outcome, h.Err = r, r.Outcome(), err
	if r == BadToken {
		h.Outcome = tokenOutcome(passport.ReasonOf(err))
	}
}

// ok says that nothing has been found wrong so far.
func (h *HeaderResult) ok() bool { return h.Reason == NoReason }
