// Package policy reads and writes the identity policy of a domain: a DNS TXT record in which the domain says which of its requests it always
// signs, and what a receiver is to do with one that comes without proof.
//
//	_sip-identity.example.test. TXT "v=SIPID1; p=enforce; m=call,message; sign=stir-uri,tls; rua=mailto:sip@example.test"
//
// RFC 5039 §7 names the gap: a receiver that sees no signature cannot know whether the domain does not sign or someone on the way has taken
// the signature out. The record is made after DMARC (RFC 7489: a TXT record below an underscore label, p, sp, pct and rua) and MTA-STS (RFC 8461: the
// modes, and a memory that outlives the record until its max-age). docs/identity-policy.md is its definition.
//
// [Parse] reads one text, [Select] the one record among the texts at a name, [Names] says at which names to look, nearest first, and
// [Record.Mode] what the record asks for one request. A record that breaks the grammar in a tag that it needs is no record: a policy that is not
// understood must not be enforced. Tags and words that are not known are passed over, so that the record can grow.
//
// The package does no I/O and imports the standard library only. A Record is an ordinary value; all functions are safe for concurrent use.
package policy

import (
	"errors"
	"time"
)

// Version is what a record begins with.
const Version = "v=SIPID1"

// Bounds of a record.
const (
	// MaxRecord is the longest record, in octets, all strings of its TXT taken together.
	MaxRecord = 1024
	// MaxTags is how many tags it may hold, unknown ones included.
	MaxTags = 32
	// MaxReports is how many addresses for reports it may name.
	MaxReports = 4
	// MaxReport is how long each of them may be, in octets.
	MaxReport = 200
	// MaxMaxAge caps max-age, as RFC 8461 §3.2 does.
	MaxMaxAge = 31557600 * time.Second
	// DefaultMaxAge is the max-age of a record that names none.
	DefaultMaxAge = 7 * 24 * time.Hour
)

// Errors of this package; what Parse returns wraps ErrSyntax.
var (
	// ErrNone says that there is no record.
	ErrNone = errors.New("policy: no record")
	// ErrSeveral says that there are several records at one name, which counts as none (RFC 7489 §6.6.3).
	ErrSeveral = errors.New("policy: several records at one name, which counts as none")
	// ErrSyntax says that a record breaks the grammar.
	ErrSyntax = errors.New("policy: bad record")
)

// Mode says what to do with a request that should be proven and is not.
type Mode uint8

// The modes, mildest first.
const (
	// None asks for nothing. It is how a domain takes its policy back.
	None Mode = iota
	// Monitor asks to look and to report, not to refuse.
	Monitor
	// Enforce asks to refuse.
	Enforce
)

// Milder returns the mode one step down: what applies to the requests that a percentage spares.
func (m Mode) Milder() Mode {
	if m == None {
		return None
	}
	return m - 1
}

// String returns "none", "monitor" or "enforce".
func (m Mode) String() string {
	for _, w := range modeWords {
		if w.mode == m {
			return w.word
		}
	}
	return "unknown"
}

var modeWords = [...]struct {
	word string
	mode Mode
}{{"none", None}, {"monitor", Monitor}, {"enforce", Enforce}}

// Methods is a set of kinds of request.
type Methods uint8

// The kinds of request that a domain can speak about.
const (
	Call         Methods = 1 << iota // INVITE
	Message                          // MESSAGE
	Subscription                     // SUBSCRIBE
	Publication                      // PUBLISH
)

var methodWords = [...]word{{"call", uint8(Call)}, {"message", uint8(Message)}, {"subscription", uint8(Subscription)}, {"publication", uint8(Publication)}}

// String returns the words of the set, as in a record.
func (m Methods) String() string { return string(appendWords(nil, methodWords[:], uint8(m))) }

// Proofs is a set of kinds of proof. A request satisfies a record by any one of the set.
type Proofs uint8

// The kinds of proof.
const (
	// Stir is any valid PASSporT (RFC 8224).
	Stir Proofs = 1 << iota
	// StirURI is a PASSporT for the SIP URI in From, by a certificate of its domain.
	StirURI
	// StirB is a SHAKEN PASSporT with at least partial attestation (RFC 8588 §4).
	StirB
	// StirA is a SHAKEN PASSporT with full attestation.
	StirA
	// TLS is a connection authenticated by a certificate of the domain (RFC 5922).
	TLS
)

var proofWords = [...]word{{"stir", uint8(Stir)}, {"stir-uri", uint8(StirURI)}, {"stir-b", uint8(StirB)}, {"stir-a", uint8(StirA)}, {"tls", uint8(TLS)}}

// String returns the words of the set, as in a record.
func (p Proofs) String() string { return string(appendWords(nil, proofWords[:], uint8(p))) }

// Record is one policy. What a record leaves out has its default after Parse.
type Record struct {
	// Policy is p: what applies to the domain itself.
	Policy Mode
	// Subdomains is sp: what applies to domains below that have no record of their own. It is None where the record does not say.
	Subdomains Mode
	// Methods is m: which requests are always proven. Default: calls.
	Methods Methods
	// Sign is sign: the proofs of which each request carries at least one. Default: Stir.
	Sign Proofs
	// Start is from: the day on which enforcing begins, at 00:00 UTC; until then enforce counts as monitor. Zero: at once.
	Start time.Time
	// Percent is pct: to how many of a hundred unproven requests the policy applies. Default: 100.
	Percent int
	// MaxAge is max-age: how long the policy is remembered after it was last seen. Default: DefaultMaxAge.
	MaxAge time.Duration
	// Reports is rua: where reports may go, mailto: and https: URIs.
	Reports []string
}

// Mode returns what the record asks for a request of kind m at now that does not have the proof. inherited says that the record was found
// above the domain of the request.
func (r *Record) Mode(m Methods, inherited bool, now time.Time) Mode {
	mode := r.Policy
	if inherited {
		mode = r.Subdomains
	}
	if r.Methods&m == 0 || r.Sign == 0 {
		return None
	}
	if mode == Enforce && now.Before(r.Start) {
		return Monitor
	}
	return mode
}
