package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"gatehouse.example/internal/api"
	"gatehouse.example/internal/state/history"
)

// lowDisk is how much room has to be left in the data folder.
const lowDisk = 100 << 20

// lossMemory is how long a loss of history makes the server unready.
const lossMemory = time.Minute

// storeProbe asks the store for something that is not there.
func (s *server) storeProbe() api.Probe {
	return api.Probe{Name: "store", Run: func(ctx context.Context) error {
		if _, err := s.store.Get(ctx, "readyz"); err != nil && !errors.Is(err, history.ErrNotFound) {
			return err
		}
		return nil
	}}
}

// historyProbe says when attempts are not, or were lately not, recorded.
func (s *server) historyProbe() api.Probe {
	var mu sync.Mutex
	var known uint64
	var last time.Time
	return api.Probe{Name: "history", Run: func(context.Context) error {
		stats := s.recorder.Stats()
		mu.Lock()
		defer mu.Unlock()
		if stats.Lost > known {
			known, last = stats.Lost, time.Now()
		}
		switch {
		case stats.LastError != nil:
			return fmt.Errorf("attempts are not recorded (%d wait, %d lost): %w", stats.Queued+stats.Held, stats.Lost, stats.LastError)
		case known > 0 && time.Since(last) < lossMemory:
			return fmt.Errorf("%d attempts were not recorded: the store was too slow or failed", known)
		}
		return nil
	}}
}

// diskProbe says when the data folder's disk is almost full.
func (s *server) diskProbe(folder string) api.Probe {
	return api.Probe{Name: "disk", Run: func(context.Context) error {
		var fs unix.Statfs_t
		if err := unix.Statfs(folder, &fs); err != nil {
			return fmt.Errorf("the data folder cannot be read: %w", err)
		}
		if free := fs.Bavail * uint64(fs.Bsize); free < lowDisk {
			return fmt.Errorf("%d MB are free where the data is; make room", free>>20)
		}
		return nil
	}}
}

// dnsProbe says when no DNS server answers although one has to: the
// configuration names servers, or a PBX by its host name. Where only a peer has a
// host name, calls to our users go on, so that is a warning.
func (side *sipSide) dnsProbe() api.Probe {
	return api.Probe{Name: "dns", Run: func(ctx context.Context) error {
		cfg := side.s.live.Current()
		needed := len(cfg.DNS.Servers) > 0 || slices.ContainsFunc(cfg.PBXHosts(), side.locator.Asks)
		if !needed && !slices.ContainsFunc(cfg.PeerHosts(), side.locator.Asks) {
			return nil
		}
		err := side.locator.Reachable(ctx)
		if err != nil && !needed {
			return api.Warning{Err: err}
		}
		return err
	}}
}
