// Package binding describes registrations as they are stored: which contact addresses an address of record
// is bound to (RFC 3261 §10). The rules are the registrar's (internal/home); this package is the plain data
// between it and the store.
package binding

import (
	"context"
	"time"
)

// Binding ties one contact address to an address of record. AoR and Contact together are its key.
type Binding struct {
	AoR       string    // "sip:alice@example.test"
	Contact   string    // the contact URI as it was registered, its ?headers included
	CallID    string    // of the REGISTER that made or refreshed it last
	CSeq      uint32    // of the same
	Expires   time.Time // to the second is enough
	Path      []string  // Path values, the topmost first (RFC 3327)
	Received  string    // the flow it came over, as home.Source writes it
	Q         int       // preference in thousandths, 0 to 1000; -1 if none was given
	Instance  string    // +sip.instance with its angle brackets, or ""
	RegID     int       // reg-id (RFC 5626), 0 if none
	UserAgent string    // cut to a readable length
}

// Storage keeps bindings beyond the process's life.
type Storage interface {
	// LoadBindings returns every binding, expired ones too if they are still there.
	LoadBindings(ctx context.Context) ([]Binding, error)
	// PutBinding adds a binding or replaces the one of the same AoR and Contact.
	PutBinding(ctx context.Context, b Binding) error
	// DeleteBinding removes a binding; that there was none is not an error.
	DeleteBinding(ctx context.Context, aor, contact string) error
}
