package home

import (
	"slices"
	"sync"
	"time"

	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// reach finds the flow of a registered contact by the contact's own URI, for requests inside a dialog with
// a phone that stands behind a NAT or came by WebSocket (RFC 5626 §5.3: requests go over the flow).
//
// Private addresses are nobody's own, so two users may well register one contact. Then neither is found:
// whoever registers a copy of another's contact must not receive what is meant for the other.
type reach struct {
	mu    sync.RWMutex
	flows map[string][]*entry // by user@host:port of the contact, the newest last
	from  map[Source][]*entry // by flow
}

// replace takes one user's old bindings out and puts the next ones in.
func (r *reach) replace(old, next []*entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range old {
		k := string(appendReachKey(nil, &e.uri))
		left := slices.DeleteFunc(r.flows[k], func(x *entry) bool { return x == e })
		if r.flows[k] = left; len(left) == 0 {
			delete(r.flows, k)
		}
		from := slices.DeleteFunc(r.from[e.source], func(x *entry) bool { return x == e })
		if r.from[e.source] = from; len(from) == 0 {
			delete(r.from, e.source)
		}
	}
	for _, e := range next {
		if e.source.Known() && len(e.Path) == 0 {
			k := string(appendReachKey(nil, &e.uri))
			r.flows[k] = append(r.flows[k], e)
			r.from[e.source] = append(r.from[e.source], e)
		}
	}
}

// appendReachKey writes what of a contact stays the same when it comes back as a Request-URI.
func appendReachKey(dst []byte, u *uri.URI) []byte {
	dst = append(dst, u.User...)
	dst = append(dst, '@')
	dst = uri.AppendHost(dst, u.Host)
	return append(dst, ':', byte(u.Port>>8), byte(u.Port))
}

// FlowOf returns the flow that a contact was registered over, unless users disagree about whose it is.
func (r *Registrar) FlowOf(u *uri.URI, now time.Time) (Source, bool) {
	r.reach.mu.RLock()
	defer r.reach.mu.RUnlock()
	if e := r.reach.find(u, now); e != nil {
		return e.source, true
	}
	return Source{}, false
}

// OwnerOf returns who has registered the contact that FlowOf finds, "" where it finds none.
func (r *Registrar) OwnerOf(u *uri.URI, now time.Time) string {
	r.reach.mu.RLock()
	defer r.reach.mu.RUnlock()
	if e := r.reach.find(u, now); e != nil {
		return e.AoR
	}
	return ""
}

// At returns the contact that FlowOf finds, none where it finds none.
func (r *Registrar) At(u *uri.URI, now time.Time) []Contact {
	r.reach.mu.RLock()
	defer r.reach.mu.RUnlock()
	if e := r.reach.find(u, now); e != nil {
		return contacts([]*entry{e}, now)
	}
	return nil
}

// find returns the newest entry with a contact; r.mu is held.
func (r *reach) find(u *uri.URI, now time.Time) (found *entry) {
	var buf [320]byte
	for _, e := range r.flows[string(appendReachKey(buf[:0], u))] {
		if !e.live(now) {
			continue
		}
		if found != nil && found.AoR != e.AoR && found.source != e.source {
			return nil
		}
		found = e
	}
	return found
}

// Hidden appends the UDP flows of phones behind a NAT: those who call themselves by
// another address than we see.
func (r *Registrar) Hidden(dst []Source, now time.Time) []Source {
	r.reach.mu.RLock()
	defer r.reach.mu.RUnlock()
	for flow, entries := range r.reach.from {
		if flow.Transport == sip.UDP && slices.ContainsFunc(entries, func(e *entry) bool { return e.live(now) && !e.dialable() }) {
			dst = append(dst, flow)
		}
	}
	return dst
}

// SentBy tells whether a flow is one that a user has registered over, so that
// what comes over it is from a phone of ours.
func (r *Registrar) SentBy(flow Source, now time.Time) bool {
	r.reach.mu.RLock()
	defer r.reach.mu.RUnlock()
	for _, e := range r.reach.from[flow] {
		if e.live(now) {
			return true
		}
	}
	return false
}
