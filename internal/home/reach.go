package home

import (
	"bytes"
	"sync"
	"time"

	"gatehouse.example/sip/uri"
)

// reach finds the flow of a registered contact by the contact's own URI, for requests inside a dialog with
// a phone that stands behind a NAT or came by WebSocket (RFC 5626 §5.3: requests go over the flow).
type reach struct {
	mu    sync.RWMutex
	flows map[string]*entry // by user@host:port of the contact
}

// replace takes one user's old bindings out and puts the next ones in.
func (r *reach) replace(old, next []*entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range old {
		k := string(appendReachKey(nil, &e.uri))
		if r.flows[k] == e {
			delete(r.flows, k)
		}
	}
	for _, e := range next {
		if e.source.Known() && len(e.Path) == 0 {
			r.flows[string(appendReachKey(nil, &e.uri))] = e
		}
	}
}

func appendReachKey(dst []byte, u *uri.URI) []byte {
	dst = append(dst, u.User...)
	dst = append(dst, '@')
	dst = append(dst, bytes.ToLower(u.Host)...)
	return append(dst, ':', byte(u.Port>>8), byte(u.Port))
}

// FlowOf returns the flow that a contact was registered over.
func (r *Registrar) FlowOf(u *uri.URI, now time.Time) (Source, bool) {
	r.reach.mu.RLock()
	defer r.reach.mu.RUnlock()
	if len(r.reach.flows) == 0 {
		return Source{}, false
	}
	var buf [128]byte
	e := r.reach.flows[string(appendReachKey(buf[:0], u))]
	if e == nil || !e.live(now) {
		return Source{}, false
	}
	return e.source, true
}
