package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/stirtest"
)

// TestRestartKeepsWhatWasFetched: and judges it anew.
func TestRestartKeepsWhatWasFetched(t *testing.T) {
	w := newWorld(t)
	other := newWorld(t)
	w.serve("/a.pem", w.leaf().ChainPEM())
	w.serve("/b.pem", w.leaf().ChainPEM())
	c := w.config()
	disk := newShelf()
	c.Storage = disk
	first := New(c)
	for _, path := range []string{"/a.pem", "/b.pem"} {
		if _, err := first.Path(t.Context(), u(path)); err != nil {
			t.Fatal(err)
		}
	}
	first.Proven(u("/b.pem"))
	first.Proven(u("/unknown.pem"))
	first.Proven("no address")
	if err := first.Close(); err != nil || disk.len() != 2 {
		t.Fatalf("%d stored, %v", disk.len(), err)
	}
	disk.entries[flightKey{Chain, u("/junk.pem")}] = Entry{URL: u("/junk.pem"), Body: []byte("junk"), Fresh: w.now.Add(time.Hour)}
	disk.entries[flightKey{Chain, "/etc/passwd"}] = Entry{URL: "/etc/passwd", Body: w.leaf().ChainPEM(), Fresh: w.now.Add(time.Hour)}
	w.server.Close()

	second := w.fetcher(c)
	if err := second.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/a.pem", "/b.pem"} {
		if _, err := second.Path(t.Context(), u(path)); err != nil {
			t.Error(err)
		}
		if second.chains.get(u(path)).proven.Load() != (path == "/b.pem") {
			t.Errorf("%s: proven or not?", path)
		}
	}
	if s := second.Stats(); s.Chains != 2 || s.Fetches != 0 {
		t.Errorf("%+v", s)
	}
	second.SetRoots(other.root.Roots())
	if err := second.journal.flush(t.Context()); err != nil || second.Stats().Chains != 0 || disk.len() != 0 {
		t.Errorf("under other roots: %d kept, %d stored, %v", second.Stats().Chains, disk.len(), err)
	}
}

func TestStorageThatFailsIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.serve("/a.pem", w.leaf().ChainPEM())
	c := w.config()
	disk := newShelf()
	c.Storage, disk.broken = disk, true
	f := New(c)
	if _, err := f.Path(t.Context(), u("/a.pem")); err != nil {
		t.Fatal(err)
	}
	if err := f.journal.flush(t.Context()); err == nil {
		t.Error("a full disk is no error")
	}
	disk.broken = false
	if err := f.Close(); err != nil || disk.len() != 1 {
		t.Errorf("%d stored, %v", disk.len(), err)
	}
}

// TestRefreshBeforeExpiry: what is in use is fetched again in the last fifth of its time, in the background; what is not is not.
func TestRefreshBeforeExpiry(t *testing.T) {
	w := newWorld(t)
	old, renewed := w.leaf(), w.leaf()
	var serve atomic.Pointer[stirtest.Cert]
	serve.Store(old)
	w.mux.HandleFunc("/", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Cache-Control", "max-age=1000")
		_, _ = rw.Write(serve.Load().ChainPEM())
	})
	f := w.fetcher(w.config())
	for _, path := range []string{"/used.pem", "/imported.pem"} {
		if _, err := f.Path(t.Context(), u(path)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Import(t.Context(), u("/imported.pem"), old.ChainPEM()); err != nil {
		t.Fatal(err)
	}
	serve.Store(renewed)
	w.pass(799 * time.Second)
	f.sweep(w.clock())
	if n := f.Stats().Fetches; n != 2 {
		t.Errorf("%d fetches before it is time", n)
	}
	w.pass(101 * time.Second) // the address decides when, in the first half of the last fifth
	f.sweep(w.clock())
	until(t, "a fetch", func() bool { s := f.Stats(); return s.Fetches == 3 && s.UnderWay == 0 })
	path, err := f.Path(t.Context(), u("/used.pem"))
	if err != nil || !path.Chain().Leaf().Equal(renewed.Certificate) {
		t.Errorf("not refreshed: %v", err)
	}
	if s := f.Stats(); s.Refreshes != 1 || s.Hits != 1 {
		t.Errorf("%+v", s)
	}
	w.pass(25 * time.Hour)
	f.sweep(w.clock())
	w.pass(25 * time.Hour)
	f.sweep(w.clock())
	if s := f.Stats(); s.Refreshes != 1 || s.Chains != 1 {
		t.Errorf("two days later: %+v", s)
	}
}

// TestRefreshOfADeadHost: one try each period, and what is there stays in use.
func TestRefreshOfADeadHost(t *testing.T) {
	w := newWorld(t)
	w.serve("/a.pem", w.leaf().ChainPEM(), "Cache-Control", "max-age=1000")
	w.serve("/b.pem", w.leaf().ChainPEM(), "Cache-Control", "max-age=1000")
	f := w.fetcher(w.config())
	for _, path := range []string{"/a.pem", "/b.pem"} {
		if _, err := f.Path(t.Context(), u(path)); err != nil {
			t.Fatal(err)
		}
	}
	w.mu.Lock()
	w.places[netip.AddrPortFrom(public, 443)] = ""
	w.mu.Unlock()
	w.pass(990 * time.Second)
	for range 5 {
		f.sweep(w.clock())
		until(t, "the end of all fetches", func() bool { return f.Stats().UnderWay == 0 })
	}
	if n := w.dials.Load(); n != 3 {
		t.Errorf("dialled %d times", n)
	}
	if _, err := f.Path(t.Context(), u("/a.pem")); err != nil {
		t.Error(err)
	}
}

// TestRunSweepsStoresAndEnds runs on virtual time, so there is no network in it.
func TestRunSweepsStoresAndEnds(t *testing.T) {
	root := stirtest.NewRoot()
	leaf := root.CA().Leaf(stirtest.SPC("1234"))
	synctest.Test(t, func(t *testing.T) {
		disk := newShelf()
		f := New(Config{Roots: root.Roots(), Storage: disk})
		now := time.Now()
		e := Entry{URL: u("/a.pem"), Body: leaf.ChainPEM(), Fetched: now, Fresh: now.Add(time.Minute), Used: now.Add(-48 * time.Hour)}
		i, err := makeItem(e, root.Roots())
		if err != nil {
			t.Fatal(err)
		}
		f.keep(i)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- f.Run(ctx) }()
		time.Sleep(2 * time.Second)
		if disk.len() != 1 {
			t.Errorf("%d stored after two seconds", disk.len())
		}
		time.Sleep(25 * time.Hour)
		if s := f.Stats(); s.Chains != 0 || disk.len() != 0 || s.Fetches != 0 {
			t.Errorf("%+v, %d stored after a day", s, disk.len())
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestImportListRemove(t *testing.T) {
	w := newWorld(t)
	leaf, other := w.leaf(stirtest.Subject("US", "Carrier \x1b Inc", "SHAKEN 1234")), newWorld(t).leaf()
	c := w.config()
	disk := newShelf()
	c.Storage, c.Size = disk, 4
	f := w.fetcher(c)
	ctx := t.Context()
	for url, want := range map[string]Reason{"http://e.org/": BadScheme, "https://127.0.0.1/": BadAddress} {
		if err := f.Import(ctx, url, leaf.ChainPEM()); reasonOf(err) != want {
			t.Errorf("%s: %v", url, err)
		}
	}
	if err := f.Import(ctx, u("/a.pem"), other.ChainPEM()); certificate.ReasonOf(err) != certificate.NotTrusted {
		t.Errorf("another root: %v", err)
	}
	if err := f.Import(ctx, u("/a.pem"), make([]byte, 1<<20)); reasonOf(err) != TooLarge {
		t.Errorf("too large: %v", err)
	}
	for n := range 3 {
		if err := f.Import(ctx, u(fmt.Sprintf("/%d.pem", n)), leaf.ChainPEM()); (n == 2) != errors.Is(err, ErrFull) {
			t.Errorf("import %d: %v", n, err)
		}
	}
	if _, err := f.Path(ctx, "https://EXAMPLE.com:443/0.pem"); err != nil || w.dials.Load() != 0 {
		t.Errorf("imported: %v", err)
	}
	list := f.List()
	if len(list) != 2 || list[0].URL != u("/0.pem") || !list[0].Imported || list[0].Entity.CommonName != "SHAKEN 1234" || disk.len() != 2 {
		t.Errorf("%+v, %d stored", list, disk.len())
	}
	for _, want := range []bool{true, false} {
		if found, err := f.Remove(ctx, u("/0.pem")); found != want || err != nil {
			t.Errorf("removed %v, %v", found, err)
		}
	}
	if disk.len() != 1 || len(f.List()) != 1 {
		t.Errorf("%d stored", disk.len())
	}
}

// TestPrefetchAsksWhateverFailed: who works with the command line has just mended something.
func TestPrefetchAsksWhateverFailed(t *testing.T) {
	w := newWorld(t)
	c := w.config()
	disk := newShelf()
	c.Storage, c.Stranger = disk, Budget{1, 1}
	f := w.fetcher(c)
	if _, err := f.Path(t.Context(), u("/a.pem")); reasonOf(err) != BadStatus {
		t.Fatal(err)
	}
	if err := f.Prefetch(t.Context(), u("/a.pem"), "ftp://x/"); reasonOf(err) != BadStatus {
		t.Fatal(err)
	}
	w.serve("/a.pem", w.leaf().ChainPEM())
	if err := f.Prefetch(t.Context(), u("/a.pem")); err != nil || disk.len() != 1 {
		t.Errorf("%d stored, %v", disk.len(), err)
	}
	if _, err := f.Path(t.Context(), u("/a.pem")); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Prefetch(ctx, u("/b.pem")); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// Look is for people: it returns what is at an address, under the guard of all fetches, and keeps nothing.
func TestLookJudgesNothingAndKeepsNothing(t *testing.T) {
	w := newWorld(t)
	w.mux.HandleFunc("/foreign.pem", func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(stirtest.NewRoot().Leaf().ChainPEM()) })
	w.mux.HandleFunc("/page", func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte("no certificate")) })
	f := New(w.config())
	defer f.Close()
	for range 2 {
		if chain, err := f.Look(t.Context(), "https://"+host+"/foreign.pem"); err != nil || len(chain.Certificates()) == 0 {
			t.Fatal(chain, err)
		}
	}
	if n := len(f.List()); n != 0 || w.hits.Load() != 2 {
		t.Errorf("kept %d, asked %d times", n, w.hits.Load())
	}
	for url, want := range map[string]Reason{
		"https://" + host + "/page": BadContent, "https://" + host + "/none": BadStatus, "http://" + host + "/": BadScheme,
		"https://10.0.0.1/x.pem": BadAddress, "https://unknown.test/x.pem": NoName,
	} {
		_, err := f.Look(t.Context(), url)
		if bad, ok := errors.AsType[*Error](err); !ok || bad.Reason != want {
			t.Errorf("%s: %v, want %v", url, err, want)
		}
	}
	if _, err := f.Path(t.Context(), "https://"+host+"/foreign.pem"); certificate.ReasonOf(err) != certificate.NotTrusted {
		t.Errorf("a call is believed: %v", err)
	}
}
