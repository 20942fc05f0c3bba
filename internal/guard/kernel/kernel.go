// Package kernel has the kernel drop what banned sources send to our ports, so
// that a flood of theirs costs the server nothing. It keeps a table of nftables
// of its own, "inet gatehouse", with a set for each kind of ban; elements carry
// the time that the ban has left, and the kernel forgets them by itself.
//
// The guard stays the judge: bans hold in the process at once, here within a
// tenth of a second, and where the kernel refuses something the guard goes on
// alone. Run takes the table away when the server stops.
//
// Hosts (IPv4 /32, IPv6 /64) are in hash sets: tens of thousands cost the same
// as one. Wider bans and the peers, who always pass, are in interval sets that
// are written anew when one of them changes.
//
// It needs CAP_NET_ADMIN in the network namespace that the sockets are in, and
// sees neither connections nor what is already in a socket's buffer.
package kernel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/nftables"

	"gatehouse.example/internal/guard"
)

// ErrKernel says that the kernel refuses; the text says what is needed.
var ErrKernel = errors.New("kernel: no nftables (needs CAP_NET_ADMIN and a kernel with nf_tables)")

// Config is what an Exporter is made of.
type Config struct {
	// Table is the name of the table; default "gatehouse".
	Table string
	// Ports are those that we listen on: nothing else is dropped.
	Ports []uint16
	// Bans returns the bans in force. It must be set.
	Bans func() []guard.Ban
	// Peers returns the prefixes that always pass, in order; nil: there are none.
	Peers func() []netip.Prefix
	// Loopback exports bans of loopback addresses too. Whoever runs on this
	// machine shares them, a PBX perhaps, which the server knows by its port.
	Loopback bool
	// Log is told of what the kernel refuses.
	Log *slog.Logger
}

// Exporter keeps the kernel's sets like the guard's bans.
type Exporter struct {
	cfg  Config
	conn *nftables.Conn
	sets sets
	wake chan struct{}

	mu      sync.Mutex
	pending map[netip.Prefix]time.Time // new expiry; the zero time: lifted
	all     bool                       // everything has to be written anew
	peers   []netip.Prefix             // as they were last

	installed map[netip.Prefix]time.Time // of hosts; owned by Run
	swept     time.Time
	stats     counters
}

type counters struct{ written, removed, rebuilt, failed, elements atomic.Uint64 }

// Stats are counts since start, and sizes.
type Stats struct {
	Elements         uint64 // hosts in the kernel's sets, as far as we know
	Written, Removed uint64
	Rebuilt          uint64 // times that everything was written anew
	Failed           uint64 // calls that the kernel refused
}

// maxPending bounds what waits; beyond that everything is written anew.
const maxPending = 50_000

// never stands for bans without an end in Note.
const never = 10 * 365 * 24 * time.Hour

// New makes the table. It fails where the kernel does not let us.
func New(cfg Config) (*Exporter, error) {
	if cfg.Table == "" {
		cfg.Table = "gatehouse"
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	conn, err := nftables.New()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKernel, err)
	}
	e := &Exporter{cfg: cfg, conn: conn, wake: make(chan struct{}, 1), pending: make(map[netip.Prefix]time.Time)}
	if err := e.create(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKernel, err)
	}
	e.all = true
	return e, nil
}

// Note takes the guard's events. It never blocks.
func (e *Exporter) Note(ev guard.Event) {
	if ev.Kind != guard.EventBan && ev.Kind != guard.EventUnban {
		return
	}
	if ev.Kind == guard.EventUnban && ev.Reason == "expired" || !e.exports(ev.Source) {
		return // the kernel has seen to that, or shall not
	}
	until := ev.Expires
	switch {
	case ev.Kind == guard.EventUnban:
		until = time.Time{}
	case until.IsZero():
		until = ev.Time.Add(never)
	}
	e.mu.Lock()
	if !host(ev.Source) || len(e.pending) >= maxPending {
		e.all = true
	} else {
		e.pending[ev.Source] = until
	}
	e.mu.Unlock()
	e.kick()
}

// PeersChanged has everything written anew if the peers are others now.
func (e *Exporter) PeersChanged() {
	if e.cfg.Peers == nil {
		return
	}
	now := e.cfg.Peers()
	e.mu.Lock()
	same := slices.Equal(now, e.peers)
	e.peers = now
	e.all = e.all || !same
	e.mu.Unlock()
	if !same {
		e.kick()
	}
}

func (e *Exporter) kick() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

const (
	gather = 100 * time.Millisecond // between two writes
	repair = 10 * time.Minute       // everything is written anew, in case somebody else changed it
)

// Run keeps the sets until ctx ends, then it removes the table.
func (e *Exporter) Run(ctx context.Context) error {
	anew, pause := time.NewTicker(repair), time.NewTicker(gather)
	defer anew.Stop()
	defer pause.Stop()
	for {
		e.write(time.Now())
		select {
		case <-ctx.Done():
			return e.remove()
		case <-pause.C:
		}
		select {
		case <-ctx.Done():
			return e.remove()
		case <-anew.C:
			e.mu.Lock()
			e.all = true
			e.mu.Unlock()
		case <-e.wake:
		}
	}
}

// write brings the sets up to date.
func (e *Exporter) write(now time.Time) {
	e.mu.Lock()
	changes, all := e.pending, e.all
	e.pending, e.all = make(map[netip.Prefix]time.Time), false
	e.mu.Unlock()
	err := error(nil)
	if !all {
		err = e.change(changes, now)
	}
	if all || err != nil {
		e.stats.rebuilt.Add(1)
		err = errors.Join(err, e.rebuild(now))
	}
	e.stats.elements.Store(uint64(len(e.installed)))
	if err != nil {
		e.stats.failed.Add(1)
		e.cfg.Log.Warn("the kernel does not take a ban; it holds in the process", "error", err)
	}
}

// Stats returns the present counts.
func (e *Exporter) Stats() Stats {
	return Stats{
		Elements: e.stats.elements.Load(), Written: e.stats.written.Load(), Removed: e.stats.removed.Load(),
		Rebuilt: e.stats.rebuilt.Load(), Failed: e.stats.failed.Load(),
	}
}

func (e *Exporter) exports(p netip.Prefix) bool { return e.cfg.Loopback || !p.Addr().IsLoopback() }

// host tells whether a ban is of one party and so in a hash set.
func host(p netip.Prefix) bool {
	return p.Addr().Is4() && p.Bits() == 32 || p.Addr().Is6() && p.Bits() == 64
}
