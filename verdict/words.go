package verdict

import "fmt"

// Kind is what was attempted.
type Kind uint8

// The kinds of attempt.
const (
	Call         Kind = iota // INVITE
	Message                  // MESSAGE
	Subscription             // SUBSCRIBE
	Registration             // REGISTER
	Publication              // PUBLISH
	Other                    // anything else outside a dialog
)

var kindWords = [...]string{"call", "message", "subscription", "registration", "publication", "other"}

// String returns the word that the JSON form uses.
func (k Kind) String() string { return word(kindWords[:], uint8(k)) }

// MarshalText writes the word that String returns.
func (k Kind) MarshalText() ([]byte, error) { return marshal(kindWords[:], "kind", uint8(k)) }

// UnmarshalText reads the word that String returns.
func (k *Kind) UnmarshalText(b []byte) error { return unmarshal(kindWords[:], "kind", b, (*uint8)(k)) }

// Action is what is done with an attempt, from the mildest to the hardest.
type Action uint8

// The actions, in order: a higher score never gives a milder one.
const (
	Relay     Action = iota // goes through as it came
	Label                   // goes through, marked as suspicious
	Introduce               // the caller is asked to introduce itself first
	Reject                  // is answered with a final response
	Drop                    // is not answered at all: the guard's, for banned and flooding sources
)

var actionWords = [...]string{"relay", "label", "introduce", "reject", "drop"}

// String returns the word that the JSON form uses.
func (a Action) String() string { return word(actionWords[:], uint8(a)) }

// MarshalText writes the word that String returns.
func (a Action) MarshalText() ([]byte, error) { return marshal(actionWords[:], "action", uint8(a)) }

// UnmarshalText reads the word that String returns.
func (a *Action) UnmarshalText(b []byte) error {
	return unmarshal(actionWords[:], "action", b, (*uint8)(a))
}

// Proof says how strongly an identity is proven, from nothing to the strongest.
type Proof uint8

// The proofs, weakest first.
const (
	None    Proof = iota // merely claimed
	Trunk                // said by a peer that we are configured to believe
	Digest               // the account's password
	TLS                  // a client certificate for the domain, RFC 5922
	StirURI              // a PASSporT for a SIP URI, RFC 8224
	StirC                // gateway attestation, RFC 8588 §4
	StirB                // partial attestation: the provider knows its customer, not the number
	StirA                // full attestation: the customer may use the number
)

var proofWords = [...]string{"none", "trunk", "digest", "tls", "stir-uri", "stir-c", "stir-b", "stir-a"}

// String returns the word that the JSON form uses.
func (p Proof) String() string { return word(proofWords[:], uint8(p)) }

// MarshalText writes the word that String returns.
func (p Proof) MarshalText() ([]byte, error) { return marshal(proofWords[:], "proof", uint8(p)) }

// UnmarshalText reads the word that String returns; no text at all is None.
func (p *Proof) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*p = None
		return nil
	}
	return unmarshal(proofWords[:], "proof", b, (*uint8)(p))
}

// Mode says whether a policy acts or only watches.
type Mode uint8

// The modes.
const (
	Monitor Mode = iota // score and record, relay everything
	Enforce             // do what the score says
)

var modeWords = [...]string{"monitor", "enforce"}

// String returns the word that the JSON form uses.
func (m Mode) String() string { return word(modeWords[:], uint8(m)) }

// MarshalText writes the word that String returns.
func (m Mode) MarshalText() ([]byte, error) { return marshal(modeWords[:], "mode", uint8(m)) }

// UnmarshalText reads the word that String returns.
func (m *Mode) UnmarshalText(b []byte) error { return unmarshal(modeWords[:], "mode", b, (*uint8)(m)) }

func word(words []string, n uint8) string {
	if int(n) < len(words) {
		return words[n]
	}
	return "unknown"
}

func marshal(words []string, what string, n uint8) ([]byte, error) {
	if int(n) < len(words) {
		return []byte(words[n]), nil
	}
	return nil, fmt.Errorf("verdict: no %s has the number %d", what, n)
}

func unmarshal(words []string, what string, b []byte, to *uint8) error {
	for i, w := range words {
		if w == string(b) {
			*to = uint8(i)
			return nil
		}
	}
	return fmt.Errorf("verdict: unknown %s %q", what, b)
}
