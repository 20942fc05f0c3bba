package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/config"
	"gatehouse.example/internal/fetch"
	"gatehouse.example/internal/state/lists"
	"gatehouse.example/internal/state/register"
	"gatehouse.example/internal/store"
)

// pages are files by URL, with the file itself as its ETag.
type pages map[string]string

func (p pages) Feed(_ context.Context, r fetch.FeedRequest) (*fetch.FeedAnswer, error) {
	text, ok := p[r.URL]
	if !ok {
		return nil, errors.New("not found")
	}
	a := &fetch.FeedAnswer{ETag: text, Unchanged: r.ETag == text, Body: io.NopCloser(strings.NewReader(text))}
	return a, nil
}

func newFeed(t *testing.T, from pages, text string) *feed {
	t.Helper()
	cfg, err := config.Parse("test", []byte("data: "+t.TempDir()+"\nfeeds:\n  - "+text))
	if err != nil {
		t.Fatal(err)
	}
	all := lists.New(lists.Config{Plan: cfg.Plan(), Protected: func(v lists.Value) string { return protectedValue(cfg, v) }})
	return &feed{feeds: &feeds{cfg: cfg, from: from, lists: all, log: slog.New(slog.DiscardHandler)}, Feed: &cfg.Feeds[0]}
}

// TestAFeedOfDeclaredCallers: who is declared is let in, without the feed's saying so.
func TestAFeedOfDeclaredCallers(t *testing.T) {
	const url = "https://lists.example.net/senders.csv"
	from := pages{url: "number,note\n+15551230001,Elm Pharmacy\n+15551230002,school\n+15551230003,airline\n+15551230004,clinic\n192.0.2.7,its server\n"}
	f := newFeed(t, from, "{list: declared, url: '"+url+"', keep: 2d}")
	if err := f.fetch(t.Context(), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	if got := f.lists.Entries(lists.Declared); len(got) != 4 || got[0].Kind != lists.Allow || got[0].Note != "Elm Pharmacy" {
		t.Errorf("got %+v", got)
	}
}

func TestFeedIsTakenWholeOrNotAtAll(t *testing.T) {
	const url = "https://lists.example.net/a.txt"
	from := pages{url: "192.0.2.7\n10.0.0.1\n192.0.2.8\n192.0.2.9\n192.0.2.10\n192.0.2.11\n"}
	f := newFeed(t, from, "{list: public, url: '"+url+"', keep: 2d}")
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	if err := f.fetch(context.Background(), now); err != nil {
		t.Fatal(err)
	}
	got := f.lists.Entries("public")
	if len(got) != 5 || !got[0].Expires.Equal(now.Add(48*time.Hour)) || got[0].Note != "from "+url {
		t.Fatalf("got %+v", got)
	}
	from[url] = "<html>\n<p>\nmoved\n192.0.2.99\n"
	if err := f.fetch(context.Background(), now); !errors.Is(err, lists.ErrRefused) || len(f.lists.Entries("public")) != 5 {
		t.Errorf("a page of something else: %v, %d entries", err, len(f.lists.Entries("public")))
	}
}

func TestUnchangedFeedIsTakenAgainBeforeItsValuesExpire(t *testing.T) {
	const url = "https://lists.example.net/a.txt"
	f := newFeed(t, pages{url: "192.0.2.7\n"}, "{list: public, url: '"+url+"', keep: 2d}")
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]time.Duration{0: 48 * time.Hour} {
		if err := f.fetch(context.Background(), now.Add(after)); err != nil || !f.lists.Entries("public")[0].Expires.Equal(now.Add(want)) {
			t.Fatal(err)
		}
	}
	for _, step := range []struct{ after, expires time.Duration }{{12 * time.Hour, 48 * time.Hour}, {24 * time.Hour, 72 * time.Hour}} {
		if err := f.fetch(context.Background(), now.Add(step.after)); err != nil {
			t.Fatal(err)
		}
		if e := f.lists.Entries("public")[0]; !e.Expires.Equal(now.Add(step.expires)) {
			t.Errorf("after %s it expires at %s", step.after, e.Expires)
		}
	}
}

func TestFeedWithAnotherChecksumIsRefused(t *testing.T) {
	const url = "https://lists.example.net/a.txt"
	from := pages{url: "192.0.2.7\n"}
	from[url+".sha256"] = fmt.Sprintf("%x  a.txt\n", sha256.Sum256([]byte(from[url])))
	f := newFeed(t, from, "{list: public, url: '"+url+"', checksum: '"+url+".sha256'}")
	if err := f.fetch(context.Background(), time.Now()); err != nil || len(f.lists.Entries("public")) != 1 {
		t.Errorf("got %v", err)
	}
	from[url] = "192.0.2.7\n192.0.2.8\n"
	if err := f.fetch(context.Background(), time.Now()); !errors.Is(err, errChecksum) || len(f.lists.Entries("public")) != 1 {
		t.Errorf("got %v", err)
	}
	from[url+".sha256"] = "not found"
	if err := f.fetch(context.Background(), time.Now()); err == nil {
		t.Error("a feed without its checksum was taken")
	}
}

func TestFeedOfARegister(t *testing.T) {
	const url = "https://lists.example.net/dno.txt"
	f := newFeed(t, pages{url: "+18005551212\n"}, "{list: do-not-originate, url: '"+url+"', register: true}")
	if err := f.fetch(context.Background(), time.Now()); err != nil {
		t.Fatal(err)
	}
	r, err := register.New("do-not-originate", store.NewRegisters(f.cfg.Folder()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Load(); err != nil || !r.Has("+18005551212") {
		t.Errorf("got %v", err)
	}
}

func TestImportsDoNotCutUsOffFromOurselves(t *testing.T) {
	cfg, err := config.Parse("test", []byte("domains: [{name: example.test, deliver: ['sip:192.0.2.20', 'sip:pbx.example.test']}]\npeers: [{name: carrier, addresses: [198.51.100.0/24], send: 'sip:192.0.2.99'}]\n"+
		"checks: {number: {own: ['+1555123*']}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"198.51.100.7": true, "198.51.0.0/16": true, "203.0.113.7": false, "example.test": true, "*.test": true, "other.test": false,
		"+1555*": true, "+1555123*": true, "+15551240001": false, "+15551230001": true, "+155512300*": true, "+15551*": true, "+1556*": false,
		"192.0.2.20": true, "192.0.2.99": true, "192.0.2.0/25": true, "192.0.2.21": false, "sip:bob@example.test": true, "sip:bob@other.test": false,
		"112": true, "911": true, "113": false,
	} {
		v, err := lists.ParseValue(text, cfg.Plan())
		if err != nil {
			t.Fatal(err)
		}
		if got := protectedValue(cfg, v); (got != "") != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}
