package guard

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Errors of Ban.
var (
	ErrPeer    = errors.New("guard: the source belongs to a peer, and peers are never banned")
	ErrExpired = errors.New("guard: the ban has expired already")
	ErrFull    = errors.New("guard: there are as many bans as allowed, and all of them last longer")
	ErrPrefix  = errors.New("guard: not a prefix that can be banned")
)

// Longest texts that a ban keeps.
const (
	maxReason   = 120
	maxEvidence = 400
)

// A Ban keeps the packets of a source out, unread.
type Ban struct {
	Source   netip.Prefix
	Reason   string // one line for people
	Evidence string // what was seen; may hold text from the network
	Created  time.Time
	Expires  time.Time // zero: until it is lifted
}

// Storage keeps bans over a restart. DeleteBan of one that is not there is no
// error. The guard calls it from Load and Run only, never from a packet.
type Storage interface {
	LoadBans(ctx context.Context) ([]Ban, error)
	SaveBan(ctx context.Context, b Ban) error
	DeleteBan(ctx context.Context, source netip.Prefix) error
}

// Ban adds a ban, or replaces the one of the same prefix. The zero Created is
// now. Peers inside a wider banned prefix stay free.
func (g *Guard) Ban(b Ban) error {
	b, now := b.shift(-g.ahead()), g.now()
	if b.Created.IsZero() {
		b.Created = time.Unix(0, now)
	}
	b, err := normal(b)
	if err != nil {
		return err
	}
	if !b.Expires.IsZero() && unix(b.Expires) <= now {
		return ErrExpired
	}
	evicted, err := g.bans.add(b, false)
	if err != nil {
		return err
	}
	g.told(b, evicted, now)
	return nil
}

// told reports and stores what became of the list.
func (g *Guard) told(b Ban, evicted netip.Prefix, now int64) {
	b = b.shift(g.ahead())
	g.store.save(b)
	if evicted.IsValid() {
		g.store.remove(evicted)
	}
	g.emit(Event{
		Kind: EventBan, Source: b.Source, Reason: b.Reason, Evidence: b.Evidence,
		Expires: b.Expires, Time: time.Unix(0, now),
	})
}

// Lift removes the ban of exactly this prefix and reports whether there was
// one. The record of past bans, from which the length of the next one follows,
// is cleared for a single host.
func (g *Guard) Lift(source netip.Prefix) bool {
	source = canonical(source)
	if !g.bans.remove(source) {
		return false
	}
	now := g.now()
	if source.IsSingleIP() || source == hostPrefix(source.Addr()) {
		g.forgive(source.Addr(), now)
	}
	g.store.remove(source)
	g.emit(Event{Kind: EventUnban, Source: source, Reason: "lifted", Time: time.Unix(0, now)})
	return true
}

// Bans returns all bans in force, by prefix.
func (g *Guard) Bans() []Ban {
	bans, ahead := g.bans.list(g.now()), g.ahead()
	for i := range bans {
		bans[i] = bans[i].shift(ahead)
	}
	return bans
}

// Banned returns the ban that keeps a out, the longest match.
func (g *Guard) Banned(a netip.Addr) (Ban, bool) {
	b, ok := g.BannedAt(a, g.now())
	return b.shift(g.ahead()), ok
}

// BannedAt is Banned at any time of the guard's clock, in Unix nanoseconds, and
// with the ban's times by that clock.
func (g *Guard) BannedAt(a netip.Addr, now int64) (Ban, bool) { return g.bans.find(a.Unmap(), now) }

// Peers replaces the prefixes that are never limited or banned. Bans inside
// them are lifted.
func (g *Guard) Peers(prefixes []netip.Prefix) error {
	peers := make([]netip.Prefix, len(prefixes))
	for i, p := range prefixes {
		peers[i] = canonical(p)
		if !peers[i].IsValid() {
			return fmt.Errorf("guard: peers: %q is not a prefix", p)
		}
	}
	now := g.now()
	for _, source := range g.bans.setPeers(peers) {
		g.store.remove(source)
		g.emit(Event{Kind: EventUnban, Source: source, Reason: "the source is a peer now", Time: time.Unix(0, now)})
	}
	return nil
}

// PeerList returns the prefixes that are never limited or banned, in order.
func (g *Guard) PeerList() []netip.Prefix {
	var peers []netip.Prefix
	for p, mark := range g.bans.table.Load().AllSorted() {
		if mark == peerMark {
			peers = append(peers, p)
		}
	}
	return peers
}

// IsPeer reports whether a is never limited or banned.
func (g *Guard) IsPeer(a netip.Addr) bool {
	return g.bans.lookup(a.Unmap(), 0) == standingPeer
}

// now is the time of the guard's clock in Unix nanoseconds.
func (g *Guard) now() int64 {
	if g.cfg.Clock != nil {
		return g.cfg.Clock()
	}
	return time.Now().UnixNano()
}

// ahead is how far the clock on the wall is ahead of the guard's. What they differ by
// for having been read one after the other is none of it.
func (g *Guard) ahead() time.Duration {
	return time.Duration(time.Now().UnixNano() - g.now()).Round(time.Second)
}

// shift returns a ban by a clock that is ahead by d.
func (b Ban) shift(d time.Duration) Ban {
	if !b.Created.IsZero() {
		b.Created = b.Created.Add(d)
	}
	if !b.Expires.IsZero() {
		b.Expires = b.Expires.Add(d)
	}
	return b
}

// normal checks a ban and cuts its texts to what is kept.
func normal(b Ban) (Ban, error) {
	p := canonical(b.Source)
	if !p.IsValid() || p.Bits() == 0 {
		return b, fmt.Errorf("%w: %q", ErrPrefix, b.Source)
	}
	b.Source = p
	b.Reason, b.Evidence = cut(b.Reason, maxReason), cut(b.Evidence, maxEvidence)
	return b, nil
}

// canonical masks a prefix and turns one of mapped IPv4 addresses into IPv4.
func canonical(p netip.Prefix) netip.Prefix {
	a, n := p.Addr(), p.Bits()
	if a.Is4In6() {
		if n < 96 {
			return netip.Prefix{} // covers all of IPv4 and more
		}
		a, n = a.Unmap(), n-96
	}
	out, _ := a.WithZone("").Prefix(n)
	return out
}

// cut shortens s to at most n octets of valid UTF-8, in memory of its own.
func cut(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.Clone(strings.ToValidUTF8(s, "\uFFFD"))
}
