// Package proof remembers who always proves to be who it says, so that a proof that is missing can be told from one that never was. RFC 5039 §7
// names the gap: without such a memory, whoever takes a signature out of a request turns a forgery into an ordinary unsigned call.
//
// There are two memories. [Memory] learns by itself, trust on first use: a domain, a telephone number, a block of a thousand numbers or
// a configured peer whose calls have come signed again and again is expected to go on so. [Policies] knows what domains publish about themselves in DNS
// (package stir/policy), and does not forget it when the record disappears.
//
// # The statistics
//
// An entry counts genuine attempts with proof, s, and without, u. Both decay with a half-life of 30 days. What is expected is the lower bound of Wilson's
// score interval (1927) for s/(s+u) at 95 %, one-sided: without any u that is s/(s+2.71), so .77 after 9 attempts and .90 after 25. A signal
// begins at .75 and is full at .90. It is weaker while the memory is younger than a week, and fades when the last proof is older than 14 days, to
// nothing at 45. Calls and messages are counted apart: who signs calls need not sign messages (RFC 9475).
//
// # Why it cannot be poisoned
//
// Anyone can claim to be bank.test, so what a claim without proof teaches must not be up to the claimer:
//
//   - Only a verified proof makes an entry: a PASSporT for the domain's URI or a mutual TLS connection for domains, full attestation for
//     numbers. Weaker attestation would let one provider's customer teach that another's number always signs.
//   - A claim without proof counts into u only where it comes the way that proofs of this entry came: from the same address or peer, or from a host that
//     the domain's own DNS names. A thousand unsigned calls from elsewhere change nothing for anyone else.
//   - Once an entry is established, u grows by at most two a day, and only over connections or configured peers, because the source of a datagram
//     is whatever its sender wrote. Who sits on the path and strips signatures is reported for days before it becomes normal; a domain that stops
//     signing is forgiven within one to three weeks, without anyone doing anything.
//   - What regularly comes unsigned by another way (the same numbers by way of an old gateway) is told apart by the way: after seven days on which a
//     network brought unsigned calls, what it brings counts a quarter. Nobody else's calls are affected. A configured peer that hardly ever carries
//     signatures explains their absence at once.
//   - A configured peer that loses some of them (one hop that is not IP takes a PASSporT away, RFC 8816 §1) explains that the more, the oftener it does: to a
//     quarter where one in twenty is lost. What counts are conversations of numbers that always prove themselves, which whoever forges them has hardly any of.
//   - Memory is bounded. New entries are on probation in a quarter of it until their third proof; what is evicted is the one with the
//     least evidence; one signer holds at most an eighth of all. An unsigned stranger makes no entry, so no flood of invented names evicts anything.
//
// What remains: who controls the way on which a domain's proofs come can strip them and wait (publish a policy: it does not learn), and someone whose
// certificate may sign any number can teach that a number always signs, which costs its owner a label while he does not.
//
// # Time and concurrency
//
// Time is the attempt's, never the clock's, so replays run on virtual time and are deterministic. All methods are safe for concurrent use; look-ups and
// learning allocate nothing except for a new entry. Changes are written in batches ([Memory.Run], [Memory.Flush]).
package proof

import (
	"context"
	"net/netip"
	"time"

	"gatehouse.example/verdict"
)

// Kind says what a subject is.
type Kind uint8

// The kinds of subject.
const (
	// Domain is the domain of a SIP URI.
	Domain Kind = iota
	// Number is one telephone number, "+15551230001".
	Number
	// Block is a thousand numbers that share all but their last three digits, "+15551230": the unit in which numbers are given to carriers.
	Block
	// Peer is a configured peer, whoever calls through it.
	Peer
	// Carriage is what a configured peer makes of the proofs of numbers that always have one: how often it brings them, and how often it loses them.
	Carriage
)

// String returns "domain", "number", "block", "peer" or "carriage".
func (k Kind) String() string {
	switch k {
	case Domain:
		return "domain"
	case Number:
		return "number"
	case Block:
		return "block"
	case Peer:
		return "peer"
	case Carriage:
		return "carriage"
	}
	return "unknown"
}

// Subject is of whom something is expected: its calls, its messages, or its other requests.
type Subject struct {
	Kind   Kind
	Method verdict.Kind // Call, Message, or Other for everything else
	Name   string
}

// Observation is one attempt, as far as it matters here.
type Observation struct {
	// Time is the attempt's.
	Time time.Time
	// Method is what was attempted.
	Method verdict.Kind
	// Domain and Number are claimed; ProvenDomain and ProvenNumber are what Proof proves, or empty.
	Domain, Number             string
	ProvenDomain, ProvenNumber string
	// Proof says how the identity is proven.
	Proof verdict.Proof
	// Signer names who signed, Repository the host where the certificate is published.
	Signer, Repository string
	// Source is where it came from, Peer the configured peer there.
	Source netip.Addr
	Peer   string
	// Connected says that Source has answered a handshake. A datagram's is whatever its sender wrote.
	Connected bool
	// Own says that Source is one of the hosts that DNS names for Domain.
	Own bool
}

// Expectation is what is known about a caller whose proof is missing.
type Expectation struct {
	// Strength lies between 0 (nothing is expected) and 1.
	Strength float64
	// Subject is of whom it is expected; the following is known about it.
	Subject Subject
	// Proven and Missing are the decayed counts, First and Last when a proof was seen first and last.
	Proven, Missing float64
	First, Last     time.Time
	// Signer and Repository are those of the last proof.
	Signer, Repository string
	// Explained says that the way on which the attempt came explains in part that there is no proof.
	Explained bool
}

// Entry is what is stored about one subject.
type Entry struct {
	Subject
	// Proven and Missing are the counts as they were at Updated.
	Proven, Missing float64
	Updated         time.Time
	First, Last     time.Time
	// Numbers has a bit for each number of a block that was seen, by a hash.
	Numbers uint64
	// Established says that the subject was once certain to prove itself always.
	Established bool
	// Signer and Repository are those of the last proof.
	Signer, Repository string
	// Paths are the ways on which proofs came, and those on which they are regularly missing.
	Paths []Path
}

// Path is a way on which a subject's attempts came.
type Path struct {
	// Hash stands for an address, a network or a peer.
	Hash uint64 `json:"hash"`
	// Proven is how many proofs came; 0 marks a way on which they are missing.
	Proven uint16 `json:"proven,omitempty"`
	// Days is on how many days an attempt without proof came, Day the last of them, in days since 1970.
	Days uint8 `json:"days,omitempty"`
	Day  int32 `json:"day,omitempty"`
}

// Storage keeps what is known between runs.
type Storage interface {
	// LoadProofs returns all entries.
	LoadProofs(ctx context.Context) ([]Entry, error)
	// PutProofs stores entries and deletes others, in one transaction; one of the same subject is replaced.
	PutProofs(ctx context.Context, put []Entry, gone []Subject) error
	// LoadPolicies returns all policies that are remembered.
	LoadPolicies(ctx context.Context) ([]Remembered, error)
	// PutPolicies stores policies and deletes others, in one transaction; one of the same domain is replaced.
	PutPolicies(ctx context.Context, put []Remembered, gone []string) error
}

// Remembered is a domain's policy as it is stored.
type Remembered struct {
	// Domain is where it was found, without policy.Label.
	Domain string
	// Record is its text.
	Record string
	// Seen is when DNS last said it, Until when it is forgotten.
	Seen, Until time.Time
}

// proven says whether the observation needs no proof beyond what it has.
func (o *Observation) proven() bool {
	return o.Proof >= verdict.Digest && o.Proof != verdict.StirC
}

// method folds the kinds of attempt into those that are counted apart.
func (o *Observation) method() verdict.Kind {
	switch o.Method {
	case verdict.Call, verdict.Message:
		return o.Method
	}
	return verdict.Other
}

// blockOf returns the block that a number belongs to; none for numbers that are too short to be a subscriber's.
func blockOf(number string) string {
	if len(number) < 9 || number[0] != '+' {
		return ""
	}
	return number[:len(number)-3]
}

// subjects appends who is expected to prove itself by what is given: the claim where proof is missing, else what is proven.
func (o *Observation) subjects(dst []Subject, domain, number string) []Subject {
	m := o.method()
	if domain != "" {
		dst = append(dst, Subject{Domain, m, domain})
	}
	if number != "" {
		dst = append(dst, Subject{Number, m, number})
		if b := blockOf(number); b != "" {
			dst = append(dst, Subject{Block, m, b})
		}
	}
	return dst
}
