// Package account knows the users of hosted domains: who they are and the keys that prove it.
//
// A password is never kept. For every enabled algorithm a user has HA1, the hash of user name, realm and
// password that RFC 7616 §3.4.2 needs, where the realm is the domain. Whoever steals the store can
// register as the user in this realm, but does not learn the password.
//
// A user is named by the key of its address of record, "sip:alice@example.test" (STANDARDS' AoR key; sips:
// is the same user). At a challenge it may call itself "alice" or "alice@example.test"; each form has its
// own HA1 since the name is hashed too.
package account

import (
	"context"
	"errors"
	"maps"
	"time"

	"gatehouse.example/sip/digest"
)

// Errors of this package; test with errors.Is.
var (
	// ErrAddress says that an address does not name a user of a domain.
	ErrAddress = errors.New("account: not a user's address such as alice@example.test")
	// ErrPassword says that a password is empty, too long or holds what a header cannot carry.
	ErrPassword = errors.New("account: not a usable password")
)

// User is one account.
type User struct {
	AoR     string                      // "sip:alice@example.test"
	HA1     map[digest.Algorithm]string // by base algorithm, of the user name "alice"
	HA1Full map[digest.Algorithm]string // by base algorithm, of the user name "alice@example.test"
	Created time.Time
}

// Clone returns a copy that shares nothing.
func (u User) Clone() User {
	u.HA1, u.HA1Full = maps.Clone(u.HA1), maps.Clone(u.HA1Full)
	return u
}

// Storage keeps users beyond the process's life.
type Storage interface {
	// LoadUsers returns every user.
	LoadUsers(ctx context.Context) ([]User, error)
	// PutUser adds a user or replaces the one of the same AoR.
	PutUser(ctx context.Context, u User) error
	// DeleteUser removes a user and tells whether there was one.
	DeleteUser(ctx context.Context, aor string) (bool, error)
}
