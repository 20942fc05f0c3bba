package main

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"gatehouse.example/internal/guard"
	"gatehouse.example/internal/state/keep"
	knownstate "gatehouse.example/internal/state/known"
	"gatehouse.example/internal/state/newcomers"
	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/reputation"
	"gatehouse.example/internal/state/rings"
	"gatehouse.example/internal/store"
)

// kept is a memory that outlives a restart.
type kept struct {
	what   string
	keeper *keep.Keeper
	every  time.Duration
}

// The memories that are kept.
func keptNewcomers(m *newcomers.Memory, storage keep.Storage) kept {
	return kept{"how first contacts turn out", m.Keeper(storage), newcomers.SaveEvery}
}

func keptRings(m *rings.Memory, storage keep.Storage) kept {
	return kept{"which numbers ring once", m.Keeper(storage), rings.SaveEvery}
}

func keptBehaviours(m *reputation.Memory, storage keep.Storage) kept {
	return kept{"how callers behave", m.Behaviours(storage), reputation.SaveEvery}
}

func keptWindows(s *social) kept {
	return kept{"which calls are expected", s.windows, knownstate.WindowsEvery}
}

func keptGuard(g *guard.Guard, storage keep.Storage) kept {
	var pieces []keep.Piece
	for _, m := range g.Memories() {
		pieces = append(pieces, keep.Piece{Name: "guard-1-" + m.Name, Image: m.Image, Restore: m.Restore})
	}
	return kept{"what sources did", keep.NewKeeper(storage, pieces...), guard.MemoryEvery}
}

// load fills a memory. What is damaged is learned anew, and said.
func (k *kept) load(ctx context.Context, log *slog.Logger) error {
	err := k.keeper.Load(ctx)
	if errors.Is(err, keep.ErrDamaged) {
		log.Error("some of what was learned is damaged in the storage, and learned anew", "what", k.what, "error", err)
		return nil
	}
	return err
}

// loadKept makes the keepers of what the server learns, and fills it.
func (s *server) loadKept(ctx context.Context) error {
	s.kept = []kept{
		keptNewcomers(s.newcomers, s.store), keptRings(s.fraud.rings, s.store), keptBehaviours(s.social.reputation, s.store), keptWindows(s.social),
		keptGuard(s.guard, s.store),
	}
	for i := range s.kept {
		if err := s.kept[i].load(ctx, s.log); err != nil {
			return err
		}
	}
	return nil
}

// keepLearned stores it.
func (s *server) keepLearned(ctx context.Context) error {
	var group errgroup.Group
	for _, k := range s.kept {
		group.Go(func() error {
			return k.keeper.Run(ctx, k.every, func(err error) { s.log.Warn("what was learned is not stored", "what", k.what, "error", err) })
		})
	}
	return group.Wait()
}

// callersSeed makes the hashes that callers are known by, the same after each restart.
func callersSeed(ctx context.Context, db *store.Store) (rate.Seed, error) {
	secret, err := db.Key(ctx, "callers")
	if err != nil {
		return rate.Seed{}, err
	}
	return rate.SeedOf(secret), nil
}

// guardSeed makes the hashes that the guard knows sources by, the same after each restart.
func guardSeed(ctx context.Context, db *store.Store) (uint64, error) {
	secret, err := db.Key(ctx, "guard")
	if err != nil {
		return 0, err
	}
	return max(1, binary.BigEndian.Uint64(secret)), nil
}
