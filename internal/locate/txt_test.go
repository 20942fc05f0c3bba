package locate

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

func TestTextsFromRealZone(t *testing.T) {
	r := newResolver(t, Config{Servers: []netip.AddrPort{startNSD(t, "testdata/example.test.zone")}})
	for _, c := range []struct {
		name string
		want string // texts with | between them, or the error
		ttl  time.Duration
	}{
		{"txt.example.test", "nothing to see", time.Minute},
		{"TXT.Example.Test.", "nothing to see", time.Minute},
		{"host1.example.test", "", 30 * time.Second},   // the name has other records: the SOA's minimum
		{"nowhere.example.test", "", 30 * time.Second}, // no such name
		{"loop1.example.test", "", noSOA},
		{"a..b", "locate: bad target", 0},
	} {
		texts, ttl, err := r.Texts(t.Context(), c.name)
		got := strings.Join(texts, "|")
		if err != nil {
			got = err.Error()
		}
		if got != c.want || ttl != c.ttl {
			t.Errorf("%s: %q for %s, %v; want %q for %s", c.name, texts, ttl, err, c.want, c.ttl)
		}
	}
}

func TestTextsAreJoinedAndUnescaped(t *testing.T) {
	const long = `"v=SIPID1; p=enforce; " "rua=mailto:a\"b\\c\009\255@example.test"`
	server := startFaulty(t, func(w dns.ResponseWriter, q *dns.Msg) {
		switch q.Question[0].Name {
		case "alias.example.test.":
			reply(w, q, "alias.example.test. 20 IN CNAME _sip-identity.example.test.", "_sip-identity.example.test. 60 IN TXT "+long, `_sip-identity.example.test. 60 IN TXT "other"`)
		case "many.example.test.":
			m := response(q)
			m.Compress = true
			for range 50 {
				m.Answer = append(m.Answer, response(q, `many.example.test. 60 IN TXT "x"`).Answer...)
			}
			w.WriteMsg(m)
		}
	})
	r := newResolver(t, Config{Servers: []netip.AddrPort{server.addr}})
	texts, ttl, err := r.Texts(t.Context(), "alias.example.test")
	if err != nil || len(texts) != 2 || texts[0] != "v=SIPID1; p=enforce; rua=mailto:a\"b\\c\t\xff@example.test" || ttl != 20*time.Second {
		t.Errorf("%q for %s, %v", texts, ttl, err)
	}
	if texts, _, err := r.Texts(t.Context(), "many.example.test"); err != nil || len(texts) != maxTexts {
		t.Errorf("%d texts, %v", len(texts), err)
	}
	hurried := newResolver(t, Config{Servers: []netip.AddrPort{server.addr}, QueryTimeout: 50 * time.Millisecond})
	if _, _, err := hurried.Texts(t.Context(), "silent.example.test"); !errors.Is(err, errQuery) {
		t.Errorf("silent: %v", err)
	}
	impatient := errors.New("too long for this one")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Millisecond, impatient)
	defer cancel()
	if _, _, err := r.Texts(ctx, "silent.example.test"); !errors.Is(err, impatient) {
		t.Errorf("with a short context: %v", err)
	}
	if _, _, err := newResolver(t, Config{}).Texts(t.Context(), "example.test"); !errors.Is(err, ErrNoServers) {
		t.Errorf("without servers: %v", err)
	}
	r.Close()
	if _, _, err := r.Texts(t.Context(), "example.test"); !errors.Is(err, errClosed) {
		t.Errorf("closed: %v", err)
	}
}

// early is a context whose deadline is noticed before its timer is.
type early struct{ context.Context }

func (early) Deadline() (time.Time, bool) { return time.Now().Add(-time.Second), true }

// TestOurOwnHasteIsNoServersFault: a caller whose time is over says nothing about the server.
func TestOurOwnHasteIsNoServersFault(t *testing.T) {
	r := newResolver(t, Config{Servers: []netip.AddrPort{startFaulty(t, good).addr}})
	impatient := errors.New("too long for this one")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, impatient)
	defer cancel()
	if _, _, err := r.Texts(early{ctx}, "a.example.test"); !errors.Is(err, impatient) || len(r.client.last) > 0 {
		t.Errorf("%v, at fault: %v", err, r.client.last)
	}
}

func TestJoinStrings(t *testing.T) {
	for in, want := range map[string]string{`a\`: `a\`, `\12`: "12", `\065\0660`: "AB0", ``: ``} {
		if got := joinStrings([]string{in}); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}
