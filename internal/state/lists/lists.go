// Package lists knows who is on which black or white list. RFC 5039 §3.2 and §3.3.
//
// A list is a name; an entry is a value with a kind (block or allow), a note and perhaps an end. What a value is, is seen from
// its text ([ParseValue]): a telephone number or number prefix, an address, a domain, an IP address or prefix, a piece of a User-Agent.
//
// All lists together are compiled into one index per kind. Look-ups take no lock, allocate nothing and cost the same with a hundred
// entries or a million; a change is seen by the next look-up and costs microseconds, because only the small part that holds
// the entry is copied (copy on write). An entry stops matching at the moment when it expires, by the time that the look-up is asked for.
//
// Block entries for addresses fold the case of the user part, because an attacker varies it (sip:BOB@ against sip:bob@). Allow entries do not:
// RFC 3261 §19.1.4 has the user part case-sensitive, and what is let in must be exactly what was meant.
//
// Times are passed in; the package reads no clock except for the Added time of an entry that has none.
package lists

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Kind says what an entry does.
type Kind uint8

// The kinds of entry.
const (
	Block Kind = iota
	Allow
	// Trap is what the blocking entries of the list [Traps] do. Nothing is stored as this kind: it is for look-ups alone.
	Trap
	// Declaration is what the entries of the list [Declared] do, which are allowing ones. It, too, is for look-ups alone.
	Declaration
	kinds
)

// Traps is the list whose values nobody calls who was not looking for victims (RFC 5039 §3.6). What is on it blocks nobody
// who claims to be it; it tells of who calls it.
const Traps = "traps"

// Declared is the list of callers that are machines which people here want to hear: reminders, notices, codes. Who is on it need not say who it is, as no
// machine can; what becomes of its calls counts all the same, so it is no white list. It holds numbers, number prefixes, addresses and domains.
const Declared = "declared"

// String returns "block" or "allow".
func (k Kind) String() string {
	if k == Allow {
		return "allow"
	}
	return "block"
}

// MarshalText writes the word that String returns.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads "block" or "allow".
func (k *Kind) UnmarshalText(b []byte) error {
	switch string(b) {
	case "block":
		*k = Block
	case "allow":
		*k = Allow
	default:
		return fmt.Errorf("lists: kind %q is neither block nor allow", b)
	}
	return nil
}

// Entry is one value on one list.
type Entry struct {
	// List is the list's name.
	List string `json:"list"`
	// Value is what it matches, in the canonical form of its type.
	Value string `json:"value"`
	// Kind says whether it blocks or allows.
	Kind Kind `json:"kind"`
	// Note is for people.
	Note string `json:"note"`
	// Added is when it was put on the list.
	Added time.Time `json:"added,omitzero"`
	// Expires is when it stops matching; the zero time is never.
	Expires time.Time `json:"expires,omitzero"`
}

// Storage keeps entries between runs.
type Storage interface {
	// LoadLists returns all entries.
	LoadLists(ctx context.Context) ([]Entry, error)
	// PutEntries stores entries in one transaction; one of the same list and value is replaced.
	PutEntries(ctx context.Context, entries []Entry) error
	// DeleteEntry removes one entry and says whether there was one.
	DeleteEntry(ctx context.Context, list, value string) (bool, error)
}

// Errors of this package.
var (
	// ErrValue is wrapped by every error about a value that means nothing.
	ErrValue = errors.New("not a number, address, domain, IP address or ua: pattern")
	// ErrList is wrapped where the name of a list is empty or not printable.
	ErrList = errors.New("lists: a list's name is 1 to 64 letters, digits, '.', '_' or '-', and neither . nor ..")
	// ErrDeclared is wrapped where a value is none for the list [Declared].
	ErrDeclared = errors.New("lists: the list 'declared' holds numbers, number prefixes, addresses and domains, of kind allow")
)
