package home

import (
	"maps"
	"slices"
	"sync"
	"time"

	"gatehouse.example/sip"
)

// flows knows which users registered over which connection, so that the end of a connection finds them.
type flows struct {
	mu    sync.Mutex
	users map[uint64]map[string]struct{} // by connection; goes when the connection does
}

// note remembers the connections of a user's bindings.
func (f *flows) note(aor string, entries []*entry) {
	for _, e := range entries {
		if e.source.Conn == 0 {
			continue
		}
		f.mu.Lock()
		if f.users[e.source.Conn] == nil {
			f.users[e.source.Conn] = map[string]struct{}{}
		}
		f.users[e.source.Conn][aor] = struct{}{}
		f.mu.Unlock()
	}
}

// take returns the users of a connection and forgets it.
func (f *flows) take(conn uint64) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	users := slices.Collect(maps.Keys(f.users[conn]))
	delete(f.users, conn)
	return users
}

// FlowClosed is told that a connection has ended. A phone that can be dialled anew keeps its binding and is
// reached by its contact URI from now on; one that cannot, behind a NAT or in a browser (RFC 7118 §5), is
// gone with its connection.
func (r *Registrar) FlowClosed(conn uint64, now time.Time) {
	if conn == 0 {
		return
	}
	for _, aor := range r.flows.take(conn) {
		r.detach(aor, conn, now)
	}
}

// detach takes a closed connection out of one user's bindings.
func (r *Registrar) detach(aor string, conn uint64, now time.Time) {
	s := r.shard(aor)
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.users[aor]
	next := make([]*entry, 0, len(old))
	for _, e := range old {
		switch {
		case !e.live(now):
			continue
		case e.source.Conn != conn:
			next = append(next, e)
		case e.dialable():
			next = append(next, e.withoutFlow())
		}
	}
	r.replace(s, aor, next)
}

// dialable tells whether the contact can be reached without the connection it was registered over: it
// names the very address that the connection came from, so no NAT stands between, or it goes by a Path.
func (e *entry) dialable() bool {
	if len(e.Path) > 0 {
		return true
	}
	if e.source.Transport == sip.WS || e.source.Transport == sip.WSS {
		return false
	}
	addr, ok := e.uri.Addr()
	return ok && addr == e.source.Remote.Addr().Unmap()
}

// withoutFlow returns a copy that names no flow.
func (e *entry) withoutFlow() *entry {
	c := *e
	c.source, c.Received = Source{}, ""
	return &c
}
