package proxy

import (
	"net/netip"
	"sync"
	"time"
)

// lately remembers who could not do something lately: TCP, or Path. So a PBX
// without it costs one try in a while and not one per request.
type lately struct {
	mu    sync.Mutex
	until map[netip.AddrPort]time.Time
}

const (
	latelyFor  = 10 * time.Minute
	latelyMost = 1024
)

func (n *lately) has(a netip.AddrPort) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	t, ok := n.until[a]
	return ok && time.Now().Before(t)
}

func (n *lately) add(a netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.until == nil || len(n.until) >= latelyMost {
		n.until = make(map[netip.AddrPort]time.Time)
	}
	n.until[a] = time.Now().Add(latelyFor)
}
