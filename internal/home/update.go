package home

import (
	"bytes"
	"slices"
	"time"

	"gatehouse.example/internal/state/binding"
	"gatehouse.example/sip/uri"
)

// plan works out a user's bindings after a request (RFC 3261 §10.3 steps 6 and 7) and changes nothing: old
// stays as it is, so that a request that fails halfway leaves no trace.
func plan(old []*entry, q *request, maxContacts int, now time.Time) ([]*entry, *refusal) {
	live := make([]*entry, 0, len(old)+len(q.contacts))
	for _, e := range old {
		if e.live(now) {
			live = append(live, e)
		}
	}
	if q.wildcard {
		for _, e := range live {
			if outOfOrder(e, q) {
				return nil, refuse(500, "CSeq Out of Order")
			}
		}
		return nil, nil
	}
	before := len(live)
	for i := range q.contacts {
		var no *refusal
		if live, no = apply(live, q, &q.contacts[i], now); no != nil {
			return nil, no
		}
	}
	for i := range q.contacts {
		live = withoutFormer(live, q, &q.contacts[i], maxContacts)
	}
	// A user who is over a lowered limit may still refresh and remove.
	if len(live) > maxContacts && len(live) > before {
		return nil, refuse(403, "Too Many Contacts")
	}
	return live, nil
}

// apply adds, refreshes or removes one contact. A refreshed one keeps its place. Contacts are compared by
// the rules for URIs, which are not transitive: should several bindings equal the contact, it takes the
// place of all. An instance ID does not decide which binding is meant, so that claiming another phone's
// takes nothing from it, but see withoutFormer.
func apply(live []*entry, q *request, w *wanted, now time.Time) ([]*entry, *refusal) {
	var fresh *entry
	if w.expires > 0 {
		fresh = newEntry(q, w, now)
	}
	out := live[:0:0]
	for _, e := range live {
		if !uri.Equal(&e.uri, &w.uri) {
			out = append(out, e)
			continue
		}
		if outOfOrder(e, q) {
			return nil, refuse(500, "CSeq Out of Order")
		}
		if fresh != nil {
			out, fresh = append(out, fresh), nil
		}
	}
	if fresh != nil {
		out = append(out, fresh)
	}
	return out, nil
}

// withoutFormer takes out what a telephone has left behind under former addresses, by its instance ID, which stays the same over restarts
// (RFC 5626 §4.1), or else by its name at its host, for whoever has another port at each start. A binding under its instance ID whose connection
// has ended is nobody's any more. Any other may be another telephone's: it goes only where the user has too many contacts, the one that expires first.
func withoutFormer(live []*entry, q *request, w *wanted, maxContacts int) []*entry {
	if w.expires <= 0 {
		return live
	}
	former := func(e *entry) bool {
		return e.Instance == w.instance && (e.CallID != q.callID || e.CSeq != q.cseq) && (w.instance != "" || q.atPlaceOf(e, w))
	}
	if w.instance != "" {
		live = slices.DeleteFunc(live, func(e *entry) bool { return former(e) && !e.source.Known() && len(e.Path) == 0 })
	}
	for len(live) > maxContacts {
		first := -1
		for i, e := range live {
			if former(e) && (first < 0 || e.Expires.Before(live[first].Expires)) {
				first = i
			}
		}
		if first < 0 {
			break
		}
		live = slices.Delete(live, first, first+1)
	}
	return live
}

// atPlaceOf tells whether a contact differs from a binding in no more than its port and parameters, and comes from the same address. Behind
// proxies all telephones do that.
func (q *request) atPlaceOf(e *entry, w *wanted) bool {
	at := e.source.Remote.Addr()
	if !e.source.Known() { // its connection has ended, and it may be dialled where it says
		at, _ = e.uri.Addr()
	}
	return at.IsValid() && at.Unmap() == q.source.Remote.Addr().Unmap() && len(e.Path) == 0 && len(q.path) == 0 &&
		bytes.Equal(e.uri.User, w.uri.User) && bytes.Equal(uri.AppendHost(nil, e.uri.Host), uri.AppendHost(nil, w.uri.Host))
}

// outOfOrder tells that a request is older than what a binding has seen: the same Call-ID and no higher
// CSeq. Another Call-ID is a phone that started anew (RFC 3261 §10.3 step 7).
func outOfOrder(e *entry, q *request) bool {
	return e.CallID == q.callID && q.cseq <= e.CSeq
}

func newEntry(q *request, w *wanted, now time.Time) *entry {
	return &entry{
		Binding: binding.Binding{
			AoR: q.aor, Contact: w.text, CallID: q.callID, CSeq: q.cseq, Expires: now.Add(w.expires),
			Path: slices.Clone(q.path), Received: q.source.String(), Q: w.q, Instance: w.instance, UserAgent: q.userAgent,
		},
		uri:    w.uri,
		source: q.source,
	}
}

// preference is q in thousandths; without one a contact is as good as any.
func (e *entry) preference() int {
	if e.Q < 0 {
		return 1000
	}
	return e.Q
}

// contacts turns live entries into what callers need, ordered by q (RFC 3261 §16.6).
func contacts(entries []*entry, now time.Time) []Contact {
	var out []Contact
	for _, e := range entries {
		if e.live(now) {
			out = append(out, Contact{
				URI: e.Contact, Target: target(&e.uri), Q: e.preference(), Path: e.Path, Source: e.source,
				Expires: e.Expires, Instance: e.Instance, CallID: e.CallID, UserAgent: e.UserAgent,
			})
		}
	}
	slices.SortStableFunc(out, func(a, b Contact) int { return b.Q - a.Q })
	return out
}

// target writes a contact as a Request-URI: RFC 3261 §19.1.1 allows neither headers nor method there. The
// registered ?headers are kept in the binding and shown in answers, but never become headers of a request
// (RFC 4475 §3.3.14).
func target(u *uri.URI) string {
	t := *u
	t.Headers = nil
	t.Params = withoutMethod(u.Params)
	return string(t.AppendTo(nil))
}

// withoutMethod returns URI parameters without method.
func withoutMethod(params []byte) []byte {
	var out []byte
	for p := range bytes.SplitSeq(params, []byte{';'}) {
		one := uri.URI{Params: p}
		if _, ok := one.Param("method"); ok || len(p) == 0 {
			continue
		}
		if len(out) > 0 {
			out = append(out, ';')
		}
		out = append(out, p...)
	}
	return out
}
