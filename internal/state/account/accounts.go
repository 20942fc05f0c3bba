package account

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"gatehouse.example/sip/digest"
)

// Accounts is the index of all users in memory, written through to a Storage. Safe for concurrent use:
// look-ups take a read lock and neither wait for the storage nor allocate users.
type Accounts struct {
	storage    Storage
	algorithms []digest.Algorithm
	revoked    func(ctx context.Context, aor string) error // see OnRevoke

	write sync.Mutex // one Put or Delete at a time, held over the storage call; never taken by look-ups

	mu    sync.RWMutex
	users map[string]User // by AoR key
	names map[nameKey]named
}

// New makes an empty index. Algorithms are those that keys are made for when a password is set; the store
// may hold others. Load fills the index.
func New(storage Storage, algorithms []digest.Algorithm) *Accounts {
	a := &Accounts{storage: storage, users: map[string]User{}, names: map[nameKey]named{}}
	for _, alg := range algorithms {
		if base := alg.Base(); !slices.Contains(a.algorithms, base) {
			a.algorithms = append(a.algorithms, base)
		}
	}
	return a
}

// OnRevoke has f called for each user who is removed or gets another password, so
// that what was done with the old one ends too. It is set before the first change.
func (a *Accounts) OnRevoke(f func(ctx context.Context, aor string) error) { a.revoked = f }

func (a *Accounts) revoke(ctx context.Context, aor string) error {
	if a.revoked == nil {
		return nil
	}
	if err := a.revoked(ctx, aor); err != nil {
		return fmt.Errorf("account: revoking what %s has registered: %w", aor, err)
	}
	return nil
}

// Load replaces the index with what the storage holds.
func (a *Accounts) Load(ctx context.Context) error {
	a.write.Lock()
	defer a.write.Unlock()
	loaded, err := a.storage.LoadUsers(ctx)
	if err != nil {
		return fmt.Errorf("account: loading users: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.users)
	clear(a.names)
	for _, u := range loaded {
		a.add(u)
	}
	return nil
}

// SetPassword adds a user, or gives an existing one a new password, with keys for every enabled algorithm.
// It returns the user as stored.
func (a *Accounts) SetPassword(ctx context.Context, address, password string, now time.Time) (User, error) {
	aor, err := Canonical(address)
	if err != nil {
		return User{}, err
	}
	u := User{AoR: aor, Created: now}
	if u.HA1, u.HA1Full, err = keys(aor, password, a.algorithms); err != nil {
		return User{}, err
	}
	if old, ok := a.Get(aor); ok {
		u.Created = old.Created
	}
	return u.Clone(), a.Put(ctx, u)
}

// Put adds a user or replaces the one of the same AoR, in the storage first.
func (a *Accounts) Put(ctx context.Context, u User) error {
	aor, err := Canonical(u.AoR)
	if err != nil {
		return err
	}
	u = u.Clone()
	u.AoR = aor
	a.write.Lock()
	defer a.write.Unlock()
	if err := a.storage.PutUser(ctx, u); err != nil {
		return fmt.Errorf("account: storing %s: %w", aor, err)
	}
	a.mu.Lock()
	old, known := a.users[aor]
	a.remove(aor)
	a.add(u)
	a.mu.Unlock()
	if known && !samePassword(&old, &u) {
		return a.revoke(ctx, aor)
	}
	return nil
}

// samePassword tells whether two sets of keys were made from one password: they
// agree in an algorithm that both have.
func samePassword(a, b *User) bool {
	for alg, key := range a.HA1 {
		if b.HA1[alg] == key {
			return true
		}
	}
	return false
}

// Delete removes a user and tells whether there was one.
func (a *Accounts) Delete(ctx context.Context, address string) (bool, error) {
	aor, err := Canonical(address)
	if err != nil {
		return false, err
	}
	a.write.Lock()
	defer a.write.Unlock()
	stored, err := a.storage.DeleteUser(ctx, aor)
	if err != nil {
		return false, fmt.Errorf("account: deleting %s: %w", aor, err)
	}
	a.mu.Lock()
	_, known := a.users[aor]
	a.remove(aor)
	a.mu.Unlock()
	return stored || known, a.revoke(ctx, aor)
}

// Get returns the user of an AoR key.
func (a *Accounts) Get(aor string) (User, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	u, ok := a.users[Key(aor)]
	return u.Clone(), ok
}

// Has tells whether an AoR key names a user.
func (a *Accounts) Has(aor string) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	_, ok := a.users[Key(aor)]
	return ok
}

// List returns every user, ordered by AoR.
func (a *Accounts) List() []User {
	a.mu.RLock()
	defer a.mu.RUnlock()
	out := make([]User, 0, len(a.users))
	for _, aor := range slices.Sorted(maps.Keys(a.users)) {
		out = append(out, a.users[aor].Clone())
	}
	return out
}

// Len is the number of users.
func (a *Accounts) Len() int {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return len(a.users)
}

// add indexes a user; a.mu is held.
func (a *Accounts) add(u User) {
	u.AoR = Key(u.AoR)
	a.users[u.AoR] = u
	maps.Copy(a.names, nameKeys(u))
}

// remove takes a user out of the index; a.mu is held.
func (a *Accounts) remove(aor string) {
	for k := range nameKeys(a.users[aor]) {
		delete(a.names, k)
	}
	delete(a.users, aor)
}
