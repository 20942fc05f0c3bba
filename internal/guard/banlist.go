package guard

import (
	"cmp"
	"container/heap"
	"math"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gaissmai/bart"
)

// never is the expiry of a ban without one.
const never = math.MaxInt64

// peerMark stands in the table in the place of an expiry for a peer.
const peerMark = math.MinInt64

type standing uint8

const (
	standingNone standing = iota
	standingPeer
	standingBanned
)

// A record is a ban in the list; index is its place in the heap.
type record struct {
	Ban
	expires int64
	index   int
}

// A banList finds the longest match without a lock: table is never changed,
// each change makes a new one that shares what stayed the same.
//
// Peers are in the same table, so one look-up answers both questions. That is
// right because no ban ever lies inside a peer's prefix: the longest match of
// a peer's address is the peer's.
type banList struct {
	table    atomic.Pointer[bart.Table[int64]]
	overflow atomic.Uint64
	max      int

	mu      sync.Mutex // guards what follows and the order of changes to table
	records map[netip.Prefix]*record
	soonest expiryHeap
}

func newBanList(max int) *banList {
	l := &banList{max: max, records: make(map[netip.Prefix]*record)}
	l.table.Store(new(bart.Table[int64]))
	return l
}

// lookup says how a stands. a is unmapped.
func (l *banList) lookup(a netip.Addr, now int64) standing {
	expires, ok := l.table.Load().Lookup(a)
	switch {
	case !ok:
		return standingNone
	case expires == peerMark:
		return standingPeer
	case expires > now:
		return standingBanned
	}
	return l.wider(a, now)
}

// covers reports whether a ban in force keeps out all of p.
func (l *banList) covers(p netip.Prefix, now int64) bool {
	expires, ok := l.table.Load().LookupPrefix(p)
	return ok && expires > now
}

// wider goes on past bans that have expired but are not swept yet.
func (l *banList) wider(a netip.Addr, now int64) standing {
	p, ok := l.match(a, now)
	if !ok {
		return standingNone
	}
	if expires, _ := l.table.Load().Get(p); expires == peerMark {
		return standingPeer
	}
	return standingBanned
}

// match returns the longest prefix for a that is a peer or a ban in force.
func (l *banList) match(a netip.Addr, now int64) (netip.Prefix, bool) {
	t := l.table.Load()
	for n := a.BitLen(); n >= 0; {
		from, err := a.WithZone("").Prefix(n)
		if err != nil {
			break
		}
		p, expires, ok := t.LookupPrefixLPM(from)
		if !ok {
			break
		}
		if expires == peerMark || expires > now {
			return p, true
		}
		n = p.Bits() - 1
	}
	return netip.Prefix{}, false
}

// add puts a ban in. When the list is full the ban that expires soonest goes,
// and is returned. With keepLonger an existing ban of the same prefix that
// lasts longer stays as it is.
func (l *banList) add(b Ban, keepLonger bool) (evicted netip.Prefix, err error) {
	expires := unix(b.Expires)
	l.mu.Lock()
	defer l.mu.Unlock()
	if mark, ok := l.table.Load().LookupPrefix(b.Source); ok && mark == peerMark {
		return evicted, ErrPeer
	}
	if r := l.records[b.Source]; r != nil {
		if keepLonger && r.expires >= expires {
			return evicted, nil
		}
		r.Ban, r.expires = b, expires
		heap.Fix(&l.soonest, r.index)
		l.table.Store(l.table.Load().InsertPersist(b.Source, expires))
		return evicted, nil
	}
	t := l.table.Load()
	if len(l.records) >= l.max {
		l.overflow.Add(1)
		first := l.soonest[0]
		if first.expires >= expires {
			return evicted, ErrFull
		}
		evicted = first.Source
		t = t.DeletePersist(evicted)
		l.drop(first)
	}
	r := &record{Ban: b, expires: expires}
	l.records[b.Source] = r
	heap.Push(&l.soonest, r)
	l.table.Store(t.InsertPersist(b.Source, expires))
	return evicted, nil
}

// load puts many bans in at once: the table is built anew, not copied once for
// each. Those that do not fit, or belong to peers, are returned.
func (l *banList) load(bans []Ban) (left []netip.Prefix) {
	slices.SortFunc(bans, func(a, b Ban) int { return cmp.Compare(unix(b.Expires), unix(a.Expires)) })
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.table.Load().Clone()
	for _, b := range bans {
		if l.records[b.Source] != nil {
			continue // the one that lasts longer is in
		}
		mark, ok := t.LookupPrefix(b.Source)
		if len(l.records) >= l.max || ok && mark == peerMark {
			left = append(left, b.Source)
			continue
		}
		r := &record{Ban: b, expires: unix(b.Expires)}
		l.records[b.Source] = r
		heap.Push(&l.soonest, r)
		t.Insert(b.Source, r.expires)
	}
	l.table.Store(t)
	return left
}

// drop forgets a record; the caller removes it from the table.
func (l *banList) drop(r *record) {
	heap.Remove(&l.soonest, r.index)
	delete(l.records, r.Source)
}

func (l *banList) remove(p netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.records[p]
	if r == nil {
		return false
	}
	l.drop(r)
	l.table.Store(l.table.Load().DeletePersist(p))
	return true
}

// sweep removes at most limit bans that have expired and returns them.
func (l *banList) sweep(now int64, limit int) []netip.Prefix {
	l.mu.Lock()
	defer l.mu.Unlock()
	var gone []netip.Prefix
	t := l.table.Load()
	for len(gone) < limit && len(l.soonest) > 0 && l.soonest[0].expires <= now {
		r := l.soonest[0]
		l.drop(r)
		t = t.DeletePersist(r.Source)
		gone = append(gone, r.Source)
	}
	l.table.Store(t)
	return gone
}

// setPeers replaces the peers and removes the bans inside them.
func (l *banList) setPeers(peers []netip.Prefix) (lifted []netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := new(bart.Table[int64])
	for _, p := range peers {
		t.Insert(p, peerMark)
	}
	for p, r := range l.records {
		if _, inside := t.LookupPrefix(p); inside {
			lifted = append(lifted, p)
			l.drop(r)
		}
	}
	for p, r := range l.records {
		t.Insert(p, r.expires)
	}
	l.table.Store(t)
	return lifted
}

func (l *banList) find(a netip.Addr, now int64) (Ban, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, ok := l.match(a, now)
	if r := l.records[p]; ok && r != nil {
		return r.Ban, true
	}
	return Ban{}, false
}

func (l *banList) list(now int64) []Ban {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Ban, 0, len(l.records))
	for _, r := range l.records {
		if r.expires > now {
			out = append(out, r.Ban)
		}
	}
	slices.SortFunc(out, func(a, b Ban) int { return a.Source.Compare(b.Source) })
	return out
}

func (l *banList) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.records)
}

// An expiryHeap has the ban that expires soonest at its top.
type expiryHeap []*record

func (h expiryHeap) Len() int           { return len(h) }
func (h expiryHeap) Less(i, j int) bool { return h[i].expires < h[j].expires }
func (h expiryHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push is for container/heap.
func (h *expiryHeap) Push(x any) {
	r := x.(*record)
	r.index = len(*h)
	*h = append(*h, r)
}

// Pop is for container/heap.
func (h *expiryHeap) Pop() any {
	old := *h
	r := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return r
}
