package home

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// model is what RFC 3261 §10.3 says in the fewest words: a map of contacts.
type model map[string]modelBinding

type modelBinding struct {
	callID  string
	cseq    uint32
	expires time.Time
}

func (m model) register(callID string, cseq uint32, contacts map[string]int, now time.Time) bool {
	next := maps.Clone(m)
	maps.DeleteFunc(next, func(_ string, b modelBinding) bool { return !b.expires.After(now) })
	for c, seconds := range contacts {
		if old, ok := next[c]; ok && old.callID == callID && cseq <= old.cseq {
			return false
		}
		if delete(next, c); seconds > 0 {
			next[c] = modelBinding{callID, cseq, now.Add(time.Duration(seconds) * time.Second)}
		}
	}
	clear(m)
	maps.Copy(m, next)
	return true
}

// Property: through any sequence of requests, overtaken, repeated, refreshing, removing, from several
// phones, the registrar and the model agree on which succeed and on what is bound.
func TestRegistrarAgreesWithTheModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := newRegistrar(func(c *RegistrarConfig) { c.MaxContacts = 100 })
		want := model{}
		now := noon
		for range rapid.IntRange(1, 40).Draw(rt, "requests") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(rt, "wait")) * time.Second)
			callID := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "callID")
			cseq := uint32(rapid.IntRange(1, 8).Draw(rt, "cseq"))
			contacts := rapid.MapOfN(rapid.SampledFrom([]string{"sip:1@h", "sip:2@h", "sip:3@h"}),
				rapid.SampledFrom([]int{0, 60, 120, 3600}), 0, 3).Draw(rt, "contacts")
			headers := []string{"Call-ID: " + callID, fmt.Sprintf("CSeq: %d REGISTER", cseq)}
			for _, c := range slices.Sorted(maps.Keys(contacts)) {
				headers = append(headers, fmt.Sprintf("Contact: <%s>;expires=%d", c, contacts[c]))
			}
			got := r.Register(message(t, "REGISTER sip:example.test", headers...), overUDP, alice, now)
			if ok := want.register(callID, cseq, contacts, now); ok != (got.Status == 200) {
				rt.Fatalf("%v: status %d, the model says %v", headers, got.Status, ok)
			}
			have := model{}
			for _, e := range r.shard(alice).users[alice] {
				if e.live(now) {
					have[e.Contact] = modelBinding{e.CallID, e.CSeq, e.Expires}
				}
			}
			live := maps.Clone(want)
			maps.DeleteFunc(live, func(_ string, b modelBinding) bool { return !b.expires.After(now) })
			if !maps.Equal(have, live) {
				rt.Fatalf("bound %v, the model says %v", have, live)
			}
		}
	})
}
