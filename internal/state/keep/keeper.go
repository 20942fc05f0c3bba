package keep

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"gatehouse.example/internal/state/slots"
)

// Storage keeps named states.
type Storage interface {
	// LoadState returns what was put last under a name; nil, nil where there is nothing.
	LoadState(ctx context.Context, name string) ([]byte, error)
	// PutState replaces it.
	PutState(ctx context.Context, name string, state []byte) error
}

// Piece is what is stored under one name: a memory, or so much of it that little is written when little changes.
type Piece struct {
	// Name is its name in the storage; the version of its form is part of it.
	Name string
	// Image returns what is to be stored, nil for nothing.
	Image func() any
	// Restore puts what was stored back; decode reads it into a variable of the type that Image returns.
	Restore func(decode func(any) error) error
}

// Keeper stores the pieces of a memory between runs.
type Keeper struct {
	storage Storage
	pieces  []Piece

	mu   sync.Mutex                   // held by who loads or saves
	sums map[string][sha256.Size]byte // of what is stored
}

// NewKeeper returns a Keeper; with a nil storage it keeps nothing.
func NewKeeper(storage Storage, pieces ...Piece) *Keeper {
	return &Keeper{storage: storage, pieces: pieces, sums: make(map[string][sha256.Size]byte)}
}

// Load restores what is stored, before the memory is used. With ErrDamaged some pieces are lost and the others are there.
func (k *Keeper) Load(ctx context.Context) error {
	if k.storage == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var damaged error
	for i := range k.pieces {
		p := &k.pieces[i]
		b, err := k.storage.LoadState(ctx, p.Name)
		if err != nil {
			return fmt.Errorf("keep: load %s: %w", p.Name, err)
		}
		if len(b) == 0 {
			continue
		}
		if err := p.Restore(func(to any) error { return Unseal(b, to) }); err != nil {
			damaged = errors.Join(damaged, fmt.Errorf("%s: %w", p.Name, err))
		}
		k.sums[p.Name] = sha256.Sum256(b) // what is damaged has another one than anything sealed, and is written over
	}
	return damaged
}

// Save stores the pieces that have changed since they were loaded or saved. What could not be stored is for the next time.
func (k *Keeper) Save(ctx context.Context) error {
	if k.storage == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range k.pieces {
		p := &k.pieces[i]
		var b []byte
		var sum [sha256.Size]byte
		if image := p.Image(); image != nil {
			var err error
			if b, err = Seal(image); err != nil {
				return fmt.Errorf("keep: save %s: %w", p.Name, err)
			}
			sum = sha256.Sum256(b)
		}
		if k.sums[p.Name] == sum {
			continue
		}
		if err := k.storage.PutState(ctx, p.Name, b); err != nil {
			return fmt.Errorf("keep: save %s: %w", p.Name, err)
		}
		k.sums[p.Name] = sum
	}
	return nil
}

// Run saves each time that pause has passed, and once more when ctx ends. Failures are told to complain, and tried again.
func (k *Keeper) Run(ctx context.Context, pause time.Duration, complain func(error)) error {
	return Every(ctx, pause, k.Save, complain)
}

// kept is a row as it is stored.
type kept[S any] struct {
	Key uint64
	Row S
}

// Rows makes pieces of a table, one of each of its parts. image returns a row as it is stored, and whether it is worth storing; restored fills a row.
// Keys are hashes: they mean the same after a restart only where the seed is the same.
func Rows[T, S any](name string, table *slots.Table[T], image func(*T) (S, bool), restored func(*S) T) []Piece {
	pieces := make([]Piece, slots.Parts)
	for part := range pieces {
		pieces[part] = Piece{
			Name: name + "-" + strconv.Itoa(part),
			Image: func() any {
				var all []kept[S]
				table.EachOf(part, func(key uint64, row *T) {
					if s, worth := image(row); worth {
						all = append(all, kept[S]{key, s})
					}
				})
				if all == nil {
					return nil
				}
				return all
			},
			Restore: func(decode func(any) error) error {
				var all []kept[S]
				if err := decode(&all); err != nil {
					return err
				}
				for i := range all {
					key := all[i].Key
					table.Lock(key)
					*table.Take(key) = restored(&all[i].Row)
					table.Unlock(key)
				}
				return nil
			},
		}
	}
	return pieces
}
