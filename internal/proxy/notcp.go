package proxy

import (
	"net/netip"
	"sync"
	"time"
)

// noTCP remembers who did not answer on TCP, so that a PBX without it costs one
// try in a while and not one per large request.
type noTCP struct {
	mu    sync.Mutex
	until map[netip.AddrPort]time.Time
}

const (
	noTCPFor  = 10 * time.Minute
	noTCPMost = 1024
)

func (n *noTCP) has(a netip.AddrPort) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	t, ok := n.until[a]
	return ok && time.Now().Before(t)
}

func (n *noTCP) add(a netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.until == nil || len(n.until) >= noTCPMost {
		n.until = make(map[netip.AddrPort]time.Time)
	}
	n.until[a] = time.Now().Add(noTCPFor)
}
