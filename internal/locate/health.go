package locate

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse.example/sip"
)

// health remembers which hops failed or asked for rest. Most of the time it is
// empty, and then it costs one atomic load.
type health struct {
	max   int
	count atomic.Int32

	mu    sync.RWMutex
	hops  map[place]mark
	order []place // ring of insertion, so that the oldest makes room
	next  int
}

// place is a hop without the name asked of its certificate.
type place struct {
	addr      netip.AddrPort
	transport sip.Transport
}

type mark struct {
	failedUntil, busyUntil time.Time
	slot                   int
}

// condition is what is held against a hop at a time.
type condition uint8

const (
	fine condition = iota
	failing
	resting
)

func placeOf(h Hop) place { return place{h.Addr, h.Transport} }

// any says whether anything is held against anyone.
func (h *health) any() bool { return h.count.Load() != 0 }

func (h *health) of(hop Hop, now time.Time) condition {
	if !h.any() {
		return fine
	}
	h.mu.RLock()
	m, ok := h.hops[placeOf(hop)]
	h.mu.RUnlock()
	switch {
	case !ok:
		return fine
	case now.Before(m.busyUntil):
		return resting
	case now.Before(m.failedUntil):
		return failing
	}
	return fine
}

// tryFor is how long one request tries a hop that failed before another may. It is
// longer than a hop may be silent (proxy.Config.Patience).
const tryFor = 5 * time.Second

// try tells whether a request may go to hop first. If the hop failed some time ago
// and has not answered since, that is so for one request each tryFor.
func (h *health) try(hop Hop, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	m, marked := h.hops[placeOf(hop)]
	if !marked || m.failedUntil.IsZero() {
		return true
	}
	if now.Before(m.failedUntil) {
		return false // somebody was quicker, or there is no better hop
	}
	m.failedUntil = now.Add(tryFor)
	h.hops[placeOf(hop)] = m
	return true
}

func (h *health) failed(hop Hop, until time.Time) {
	h.update(hop, func(m *mark) { m.failedUntil = until })
}

func (h *health) busy(hop Hop, until time.Time) {
	h.update(hop, func(m *mark) { m.busyUntil = until })
}

// update changes a hop's mark; a new one takes the place of the oldest when
// there is no room.
func (h *health) update(hop Hop, change func(*mark)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hops == nil {
		h.hops = make(map[place]mark)
	}
	p := placeOf(hop)
	m, ok := h.hops[p]
	if !ok {
		m.slot = h.slot(p)
	}
	change(&m)
	h.hops[p] = m
	h.count.Store(int32(len(h.hops)))
}

// slot finds a ring slot for p and evicts its former owner.
func (h *health) slot(p place) int {
	if len(h.order) < h.max {
		h.order = append(h.order, p)
		return len(h.order) - 1
	}
	slot := h.next
	h.next = (h.next + 1) % h.max
	if old, ok := h.hops[h.order[slot]]; ok && old.slot == slot {
		delete(h.hops, h.order[slot])
	}
	h.order[slot] = p
	return slot
}

// good forgets that hop failed. The rest that it asked for lasts: RFC 3261 §21.5.4
// knows no word that ends it, and what it answers meanwhile is to older requests.
func (h *health) good(hop Hop, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := placeOf(hop)
	if m, ok := h.hops[p]; ok && now.Before(m.busyUntil) {
		m.failedUntil = time.Time{}
		h.hops[p] = m
		return
	}
	delete(h.hops, p)
	if len(h.hops) == 0 {
		h.order, h.next = h.order[:0], 0
	}
	h.count.Store(int32(len(h.hops)))
}
