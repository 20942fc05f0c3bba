package wire

import (
	"net/netip"
	"sync"

	"gatehouse.example/sip"
)

// table is the stream connections, by name and by where they lead.
type table struct {
	net *Net

	mu       sync.RWMutex
	last     ConnID
	byID     map[ConnID]*conn
	byPeer   map[peerKey]*conn // the newest
	open     int               // places taken, also by connections without a name yet
	dialling int
	sources  map[netip.Addr]int
	draining bool
}

// peerKey is what a connection can be reused for. One that was accepted proves
// no server name, so it has none.
type peerKey struct {
	transport sip.Transport
	remote    netip.AddrPort
	name      string
}

func newTable(n *Net) *table {
	return &table{net: n, byID: map[ConnID]*conn{}, byPeer: map[peerKey]*conn{}, sources: map[netip.Addr]int{}}
}

// source is what the per-source cap counts: an IPv4 address or an IPv6 /64.
func source(a netip.Addr) netip.Addr {
	if a.Is4() {
		return a
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return a
	}
	return p.Addr()
}

// What is kept for those whom Config.Known names: one place, or octet, in so many. A stranger who begins messages and does not
// finish them leaves room for what is written to the others.
const (
	keptConnections = 16
	keptDials       = 2
	keptReads       = 2
	keptWrites      = 4
)

// places is how many of n places are there for a, where one in kept is for those whom
// we know.
func (t *table) places(n, kept int, a netip.Addr) int {
	if known := t.net.cfg.Known; known == nil || known(a) {
		return n
	}
	return n - n/kept
}

// reserve takes a place for an accepted connection, before it costs anything.
func (t *table) reserve(remote netip.Addr) bool {
	s, lim := source(remote), &t.net.cfg.Limits
	most := t.places(lim.Connections, keptConnections, remote)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.draining || t.open >= most || t.sources[s] >= lim.PerSource {
		return false
	}
	t.open++
	t.sources[s]++
	return true
}

// release gives a place of reserve back.
func (t *table) release(remote netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := source(remote)
	t.open--
	if t.sources[s]--; t.sources[s] <= 0 {
		delete(t.sources, s)
	}
}

// add names c and makes it known; false when connections are no longer wanted.
func (t *table) add(c *conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.draining {
		return false
	}
	t.addLocked(c)
	return true
}

func (t *table) addLocked(c *conn) {
	t.last++
	c.flow.Conn = t.last
	t.byID[c.flow.Conn] = c
	t.byPeer[c.key()] = c
}

func (t *table) remove(c *conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byID, c.flow.Conn)
	if t.byPeer[c.key()] == c {
		delete(t.byPeer, c.key())
	}
	if c.dialled {
		t.open--
	}
}

func (t *table) connected() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dialling--
}

// send queues msg on the connection that to names, or on one like it.
// RFC 3261 §18.2.2: a response goes back on the connection of its request, and
// on a new one to the same place when that is gone.
func (t *table) send(to *Dest, token uint64, msg []byte) error {
	key := peerKey{to.Transport, to.Remote, to.ServerName}
	t.mu.RLock()
	c := t.byID[to.Conn]
	if c == nil && !to.Only {
		c = t.byPeer[key]
	}
	t.mu.RUnlock()
	if c != nil {
		err := c.enqueue(msg, token, false)
		if err != ErrClosed {
			return err
		}
	}
	if to.Only {
		return ErrNotDialable
	}
	c, err := t.dial(key, c)
	if err != nil {
		return err
	}
	return c.enqueue(msg, token, false)
}

// dial returns a new connection that is being opened, or the one that somebody
// else has just begun to open. gone is known to be closed.
func (t *table) dial(key peerKey, gone *conn) (*conn, error) {
	if key.transport != sip.TCP && key.transport != sip.TLS || key.remote.Port() == 0 || !key.remote.IsValid() {
		return nil, ErrNotDialable
	}
	lim, a := &t.net.cfg.Limits, key.remote.Addr()
	most, dials := t.places(lim.Connections, keptConnections, a), t.places(lim.Dials, keptDials, a)
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.byPeer[key]; c != nil && c != gone {
		return c, nil
	}
	if t.draining {
		return nil, ErrClosed
	}
	if t.open >= most || t.dialling >= dials {
		t.net.count.overLimit.Add(1)
		return nil, ErrTooManyConns
	}
	t.open++
	t.dialling++
	c := newConn(t.net, Flow{Transport: key.transport, Remote: key.remote})
	c.dialled, c.name = true, key.name
	t.addLocked(c)
	t.net.wg.Add(1)
	go c.runDialled()
	return c, nil
}

// drain refuses new connections and returns the open ones.
func (t *table) drain() []*conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.draining = true
	all := make([]*conn, 0, len(t.byID))
	for _, c := range t.byID {
		all = append(all, c)
	}
	return all
}

func (t *table) len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.open
}
