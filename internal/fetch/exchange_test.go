package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gatehouse.example/stir"
	"gatehouse.example/stir/certificate"
)

// reasonOf is the reason of a failed Path, zero for none.
func reasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return 0
}

func TestChainIsFetchedWithItsIntermediate(t *testing.T) {
	w := newWorld(t)
	leaf := w.leaf()
	w.serve("/a.pem", leaf.ChainPEM(), "Content-Type", "application/pem-certificate-chain")
	f := w.fetcher(w.config())
	for range 3 {
		path, err := f.Path(t.Context(), u("/a.pem"))
		if err != nil {
			t.Fatal(err)
		}
		if got := path.Chain().Certificates(); len(got) != 2 || !got[0].Equal(leaf.Certificate) {
			t.Errorf("%d certificates", len(got))
		}
	}
	if n := w.hits.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	if s := f.Stats(); s.Fetches != 1 || s.Hits != 2 || s.Chains != 1 {
		t.Errorf("%+v", s)
	}
}

// TestAbusesOfTheAnswer: each of these gives a reason of its own and leaves the host usable.
func TestAbusesOfTheAnswer(t *testing.T) {
	w := newWorld(t)
	chain := w.leaf().ChainPEM()
	var elsewhere int
	w.mux.HandleFunc("/elsewhere.pem", func(rw http.ResponseWriter, _ *http.Request) { elsewhere++; _, _ = rw.Write(chain) })
	for _, code := range []int{300, 301, 302, 303, 307, 308} {
		w.mux.HandleFunc("/redirect"+http.StatusText(code)[:3], func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Location", u("/elsewhere.pem"))
			rw.WriteHeader(code)
		})
	}
	w.mux.HandleFunc("/404", http.NotFound)
	w.mux.HandleFunc("/206", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(206); _, _ = rw.Write(chain) })
	w.mux.HandleFunc("/204", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(204) })
	w.mux.HandleFunc("/500", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(500) })
	w.serve("/10MB", make([]byte, 10<<20))
	w.mux.HandleFunc("/10MB-chunked", func(rw http.ResponseWriter, _ *http.Request) {
		for range 160 {
			if _, err := rw.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})
	w.serve("/padded", append(chain, bytes.Repeat([]byte("\n"), certificate.MaxChainSize)...))
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := z.Write(make([]byte, 10<<20)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	w.serve("/gzip", bomb.Bytes(), "Content-Encoding", "gzip", "Content-Type", "text/plain")
	w.serve("/deflate", chain, "Content-Encoding", "identity, deflate")
	w.serve("/quiet-gzip", bomb.Bytes(), "Content-Type", "application/octet-stream")
	w.serve("/1000", bytes.Repeat(w.root.PEM(), 1000)[:certificate.MaxChainSize-1])
	w.serve("/100", bytes.Repeat(w.root.PEM(), 100)[:48000])
	w.serve("/html", chain, "Content-Type", "text/html; charset=utf-8")
	w.serve("/json", chain, "Content-Type", "application/json")
	w.serve("/garbage", []byte("<html>Hello"), "Content-Type", "text/plain")
	w.serve("/empty", nil, "Content-Type", "text/plain")
	w.serve("/header", chain, "X-Long", strings.Repeat("x", 64<<10))
	for path, want := range map[string]Reason{
		"/redirectMul": Redirected, "/redirectMov": Redirected, "/redirectFou": Redirected, "/redirectSee": Redirected,
		"/redirectTem": Redirected, "/redirectPer": Redirected,
		"/404": BadStatus, "/206": BadStatus, "/204": BadStatus, "/500": BadStatus,
		"/10MB": TooLarge, "/10MB-chunked": TooLarge, "/padded": TooLarge,
		"/gzip": BadEncoding, "/deflate": BadEncoding, "/quiet-gzip": BadContent,
		"/1000": BadContent, "/100": BadContent, "/garbage": BadContent, "/empty": BadContent,
		"/html": BadType, "/json": BadType,
	} {
		f := w.fetcher(w.config())
		before := w.hits.Load()
		for try := range 2 {
			got, err := f.Path(t.Context(), u(path))
			if got != nil || reasonOf(err) != want {
				t.Errorf("%s: %v, want %v", u(path), err, want)
			}
			if !errors.Is(err, stir.ErrUnreachable) {
				t.Errorf("%v: there is a certificate?", err)
			}
			if e, _ := errors.AsType[*Error](err); e.Cached != (try == 1) {
				t.Errorf("try %d: %v", try, err)
			}
		}
		if n := w.hits.Load() - before; n != 1 {
			t.Errorf("%s: asked %d times", path, n)
		}
		if s := f.Stats(); s.ReceivedBytes > 2*certificate.MaxChainSize || s.Chains != 0 {
			t.Errorf("%s: %+v", path, s)
		}
		w.serve("/good"+path, chain)
		if _, err := f.Path(t.Context(), u("/good"+path)); err != nil {
			t.Errorf("after %s: %v", path, err)
		}
	}
	if elsewhere != 0 {
		t.Errorf("followed %d redirects", elsewhere)
	}
	if _, err := w.fetcher(w.config()).Path(t.Context(), u("/header")); reasonOf(err) != BadAnswer {
		t.Errorf("a header of 64 KiB: %v", err)
	}
}

func TestChainOfNoRootOfOurs(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	w.serve("/other.pem", other.leaf().ChainPEM())
	f := w.fetcher(w.config())
	_, err := f.Path(t.Context(), u("/other.pem"))
	if reasonOf(err) != BadContent || certificate.ReasonOf(err) != certificate.NotTrusted || errors.Is(err, stir.ErrUnreachable) {
		t.Errorf("%v", err)
	}
	c := w.config()
	c.Roots = nil
	if _, err := w.fetcher(c).Path(t.Context(), u("/other.pem")); !errors.Is(err, ErrNoRoots) {
		t.Errorf("without roots: %v", err)
	}
}

// TestSlowHosts: whatever is slow, and however, is over at the deadline, and the host is left alone.
func TestSlowHosts(t *testing.T) {
	const deadline = 250 * time.Millisecond
	end := make(chan struct{})
	w := newWorld(t)
	w.mux.HandleFunc("/silent", func(http.ResponseWriter, *http.Request) { <-end })
	drip := func(rw http.ResponseWriter, r *http.Request) {
		tick := time.NewTicker(deadline / 20)
		defer tick.Stop()
		for {
			if _, err := rw.Write([]byte("-")); err != nil {
				return
			}
			_ = http.NewResponseController(rw).Flush() // the client hangs up
			select {
			case <-end:
				return
			case <-r.Context().Done():
				return
			case <-tick.C:
			}
		}
	}
	w.mux.HandleFunc("/drip", drip)
	hung, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer hung.Close()
	defer close(end)
	for name, path := range map[string]string{"answer": "/silent", "body": "/drip", "TLS": "/tls", "DNS": "/dns"} {
		t.Run(name, func(t *testing.T) {
			c := w.config()
			c.Deadline = deadline
			switch name {
			case "TLS":
				hanging := newWorld(t)
				hanging.places[netip.AddrPortFrom(public, 443)] = hung.Addr().String()
				c.Dial = hanging.dial
			case "DNS":
				c.Resolver = never{}
			}
			f := w.fetcher(c)
			ctx, cancel := context.WithTimeout(t.Context(), 100*deadline)
			defer cancel()
			if _, err := f.Path(ctx, u(path)); reasonOf(err) != TooSlow || !errors.Is(err, stir.ErrUnreachable) {
				t.Fatalf("%v", err)
			}
			if _, err := f.Path(t.Context(), u("/another")); reasonOf(err) != TooSlow || f.Stats().Negative != 1 {
				t.Errorf("again: %v", err)
			}
		})
	}
}

func TestWebCertificateHasToBeTheHosts(t *testing.T) {
	w := newWorld(t)
	w.names["other.example."] = []netip.Addr{public}
	w.serve("/", w.leaf().ChainPEM())
	f := w.fetcher(w.config())
	if _, err := f.Path(t.Context(), "https://other.example/"); reasonOf(err) != BadTLS {
		t.Errorf("another name: %v", err)
	}
	c := w.config()
	c.WebRoots = nil // the system's
	if _, err := w.fetcher(c).Path(t.Context(), u("/")); reasonOf(err) != BadTLS {
		t.Errorf("unknown CA: %v", err)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	w := newWorld(t)
	old := httptest.NewUnstartedServer(w.mux)
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.Config.ErrorLog = quiet()
	old.StartTLS()
	defer old.Close()
	w.places[netip.AddrPortFrom(public, 443)] = old.Listener.Addr().String()
	if _, err := w.fetcher(w.config()).Path(t.Context(), u("/")); reasonOf(err) != BadTLS {
		t.Errorf("TLS 1.1: %v", err)
	}
}

func TestPlainHTTPOnTheTLSPort(t *testing.T) {
	w := newWorld(t)
	plain := httptest.NewServer(w.mux)
	defer plain.Close()
	w.places[netip.AddrPortFrom(public, 443)] = plain.Listener.Addr().String()
	if _, err := w.fetcher(w.config()).Path(t.Context(), u("/")); reasonOf(err) != BadTLS {
		t.Errorf("%v", err)
	}
}

// TestLoopbackServerWithoutDoubles goes the whole way: real resolver, real dialler, a real port.
func TestLoopbackServerWithoutDoubles(t *testing.T) {
	w := newWorld(t)
	w.serve("/a.pem", w.leaf().ChainPEM())
	address := netip.MustParseAddrPort(w.server.Listener.Addr().String())
	c := w.config()
	c.Resolver, c.Dial, c.Ports = nil, nil, []uint16{address.Port()}
	url := "https://" + address.String() + "/a.pem"
	if _, err := w.fetcher(c).Path(t.Context(), url); reasonOf(err) != BadAddress {
		t.Errorf("not allowed: %v", err)
	}
	if w.hits.Load() != 0 {
		t.Error("asked all the same")
	}
	c.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	if _, err := w.fetcher(c).Path(t.Context(), url); err != nil {
		t.Errorf("allowed: %v", err)
	}
	c.Ports = nil
	if _, err := w.fetcher(c).Path(t.Context(), url); reasonOf(err) != BadPort {
		t.Errorf("another port: %v", err)
	}
}

// TestNameThatChangesItsMind: the first look-up says public, the next ones loopback. There is only one look-up, and each address
// that is dialled is one that was judged.
func TestNameThatChangesItsMind(t *testing.T) {
	w := newWorld(t)
	w.serve("/a.pem", w.leaf().ChainPEM())
	rebinding := &turncoat{answers: [][]netip.Addr{{public}, {netip.MustParseAddr("127.0.0.1")}, {netip.MustParseAddr("::ffff:10.0.0.1")}}}
	c := w.config()
	c.Resolver = rebinding
	f := w.fetcher(c)
	if _, err := f.Path(t.Context(), u("/a.pem")); err != nil {
		t.Fatal(err)
	}
	if rebinding.asked != 1 {
		t.Errorf("%d look-ups for one fetch", rebinding.asked)
	}
	for range 2 {
		f := w.fetcher(c)
		if _, err := f.Path(t.Context(), u("/a.pem")); reasonOf(err) != BadAddress {
			t.Errorf("%v", err)
		}
	}
	if n := w.dials.Load(); n != 1 {
		t.Errorf("dialled %d times", n)
	}
}

// TestNameWithMixedAddresses: of several addresses only those of the Internet are tried, and the next where one does not answer.
func TestNameWithMixedAddresses(t *testing.T) {
	w := newWorld(t)
	w.serve("/a.pem", w.leaf().ChainPEM())
	dead := netip.MustParseAddr("2620:fe::fe")
	w.places[netip.AddrPortFrom(dead, 443)] = ""
	w.names[host+"."] = []netip.Addr{netip.MustParseAddr("127.0.0.1"), dead, netip.MustParseAddr("169.254.169.254"),
		netip.MustParseAddr("::ffff:9.9.9.9"), public}
	if _, err := w.fetcher(w.config()).Path(t.Context(), u("/a.pem")); err != nil {
		t.Error(err)
	}
	if n := w.dials.Load(); n != 2 {
		t.Errorf("dialled %d times", n)
	}
}

func TestContentTypes(t *testing.T) {
	for kind, want := range map[string]bool{
		"": true, "application/pem-certificate-chain": true, "application/pkix-cert": true, "application/x-pem-file": true,
		"Application/PKIX-Cert; charset=binary": true, "text/plain;charset=utf-8": true, "application/x-x509-ca-cert": true,
		"application/octet-stream": true, "binary/octet-stream": true, "application/pkix-crl": true,
		"text/html": false, "image/png": false, "multipart/mixed": false, "application/json": false, "/": false, "video": false,
	} {
		if got := certificateType(kind); got != want {
			t.Errorf("%q: %v", kind, got)
		}
	}
}

// TestRequestTellsNothing: the host learns the path it is asked for and nothing else.
func TestRequestTellsNothing(t *testing.T) {
	w := newWorld(t)
	requests := make(chan *http.Request, 1)
	w.mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { requests <- r })
	_, _ = w.fetcher(w.config()).Path(t.Context(), u("/a%2Fb/c.pem?x=1"))
	seen := <-requests
	if seen.Method != http.MethodGet || seen.RequestURI != "/a%2Fb/c.pem?x=1" || seen.Host != host || seen.ContentLength != 0 ||
		seen.Header.Get("Accept-Encoding") != "identity" || seen.Header.Get("Referer") != "" || seen.Header.Get("Cookie") != "" {
		t.Errorf("%+v", seen)
	}
}
