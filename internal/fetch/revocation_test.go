package fetch

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/stirtest"
)

// TestRevocationNeverWaits: the first answer is that we do not know, and the list is there for the next one.
func TestRevocationNeverWaits(t *testing.T) {
	w := newWorld(t)
	leaf := w.root.Leaf(stirtest.SPC("1234"), stirtest.CRLPoint(u("/crl"), nil))
	w.serve("/a.pem", leaf.ChainPEM())
	var list atomic.Pointer[[]byte]
	publish := func(opts ...stirtest.CRLOption) {
		der := w.root.CRL(append(opts, stirtest.Updates(w.clock().Add(-time.Minute), w.clock().Add(24*time.Hour)))...)
		list.Store(&der)
	}
	publish()
	w.mux.HandleFunc("/crl", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/pkix-crl")
		rw.Header().Set("Cache-Control", "max-age=600")
		_, _ = rw.Write(*list.Load())
	})
	f := w.fetcher(w.config())
	path, err := f.Path(t.Context(), u("/a.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Revocation(t.Context(), path, w.clock()); got != certificate.RevocationIsUnknown {
		t.Errorf("before there is a list: %v", got)
	}
	until(t, "the list", func() bool { s := f.Stats(); return s.CRLs == 1 && s.UnderWay == 0 })
	for range 3 {
		if got := f.Revocation(t.Context(), path, w.clock()); got != certificate.RevocationGood {
			t.Errorf("with the list: %v", got)
		}
	}
	publish(stirtest.Revoke(leaf))
	w.pass(590 * time.Second)
	f.sweep(w.clock())
	until(t, "the new list", func() bool { s := f.Stats(); return s.Refreshes == 1 && s.UnderWay == 0 })
	if got := f.Revocation(t.Context(), path, w.clock()); got != certificate.RevocationRevoked {
		t.Errorf("after the refresh: %v", got)
	}
	lists, err := f.CRLs(t.Context(), path)
	if err != nil || len(lists) != 1 {
		t.Errorf("%d lists, %v", len(lists), err)
	}
	if n := w.hits.Load(); n != 3 {
		t.Errorf("asked %d times", n)
	}
}

// TestOldCRLPlayedBack: a host that serves an older list than before does not bring a revoked certificate back.
func TestOldCRLPlayedBack(t *testing.T) {
	w := newWorld(t)
	leaf := w.root.Leaf(stirtest.SPC("1234"), stirtest.CRLPoint(u("/crl"), nil))
	w.serve("/a.pem", leaf.ChainPEM())
	var list atomic.Pointer[[]byte]
	w.mux.HandleFunc("/crl", func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(*list.Load()) })
	f := w.fetcher(w.config())
	path, err := f.Path(t.Context(), u("/a.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for _, der := range [][]byte{
		w.root.CRL(stirtest.Revoke(leaf), stirtest.Updates(w.now.Add(-time.Hour), w.now.Add(24*time.Hour))),
		w.root.CRL(stirtest.Updates(w.now.Add(-2*time.Hour), w.now.Add(24*time.Hour))),
	} {
		list.Store(&der)
		w.pass(2 * time.Hour)
		if _, err := f.CRLs(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		if got := f.Revocation(t.Context(), path, w.clock()); got != certificate.RevocationRevoked {
			t.Errorf("%v", got)
		}
	}
}

func TestCRLsHaveTheSameGuard(t *testing.T) {
	w := newWorld(t)
	leaf := w.root.Leaf(stirtest.SPC("1234"), stirtest.CRLPoint("http://169.254.169.254/latest", nil),
		stirtest.CRLPoint("https://127.0.0.1/crl", nil), stirtest.CRLPoint(u("/crl"), nil))
	w.serve("/crl", make([]byte, 2<<20))
	f := w.fetcher(w.config())
	lists, err := f.CRLs(t.Context(), leaf.Path())
	if err == nil || len(lists) != 0 {
		t.Errorf("%d lists, %v", len(lists), err)
	}
	s := f.Stats()
	if s.Failures[BadScheme] == 0 || s.Failures[BadAddress] == 0 || s.Failures[TooLarge] != 1 || w.dials.Load() != 1 {
		t.Errorf("%+v", s)
	}
}
