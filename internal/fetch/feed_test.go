package fetch

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestFeedIsFetchedOnceAndThenAskedForChanges(t *testing.T) {
	w := newWorld(t)
	w.mux.HandleFunc("/list.txt", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			rw.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(rw, "192.0.2.7\n")
	})
	f := w.fetcher(w.config())
	got, err := f.Feed(context.Background(), FeedRequest{URL: "https://" + host + "/list.txt", Most: 100})
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(got.Body)
	if cerr := got.Body.Close(); err != nil || cerr != nil || string(text) != "192.0.2.7\n" || got.ETag != `"1"` || got.Unchanged {
		t.Errorf("%q, %+v, %v, %v", text, got, err, cerr)
	}
	again, err := f.Feed(context.Background(), FeedRequest{URL: "https://" + host + "/list.txt", ETag: got.ETag, Most: 100})
	if err != nil || !again.Unchanged {
		t.Fatalf("%+v, %v", again, err)
	}
	if err := again.Body.Close(); err != nil {
		t.Error(err)
	}
}

// gone is a connection that is closed already.
type gone struct{ net.Conn }

func (gone) SetReadDeadline(time.Time) error { return &net.OpError{Op: "set", Err: net.ErrClosed} }

// A file that has come in whole is read to its end, though its connection is closed by then.
func TestFeedOutlivesItsConnection(t *testing.T) {
	b := &feedBody{body: io.NopCloser(strings.NewReader("192.0.2.7\n")), conn: gone{}, left: 100, size: 10}
	if text, err := io.ReadAll(b); err != nil || string(text) != "192.0.2.7\n" {
		t.Errorf("%q, %v", text, err)
	}
	short := &feedBody{body: io.NopCloser(strings.NewReader("192.0")), conn: gone{}, left: 100, size: 10}
	if _, err := io.ReadAll(short); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("half a file: %v", err)
	}
}

func TestFeedGuard(t *testing.T) {
	w := newWorld(t)
	w.mux.HandleFunc("/large", func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(rw, strings.Repeat("x", 200))
	})
	w.mux.HandleFunc("/endless", func(rw http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := io.WriteString(rw, strings.Repeat("x", 1000)); err != nil {
				return
			}
		}
	})
	w.mux.HandleFunc("/elsewhere", func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, "https://10.0.0.1/", http.StatusFound)
	})
	w.mux.HandleFunc("/packed", func(rw http.ResponseWriter, _ *http.Request) { rw.Header().Set("Content-Encoding", "gzip") })
	f := w.fetcher(w.config())
	for path, want := range map[string]Reason{"/elsewhere": Redirected, "/nothing": BadStatus, "/packed": BadEncoding} {
		if _, err := f.Feed(context.Background(), FeedRequest{URL: "https://" + host + path, Most: 100}); reasonOf(err) != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, bad := range []string{"http://" + host + "/", "https://10.0.0.1/", "https://" + host + ":22/", "file:///etc/passwd"} {
		if _, err := f.Feed(context.Background(), FeedRequest{URL: bad, Most: 100}); err == nil {
			t.Errorf("%s was fetched", bad)
		}
	}
	if _, err := f.Feed(context.Background(), FeedRequest{URL: "https://" + host + "/large", Most: 100}); !errors.Is(err, ErrTooMuch) {
		t.Errorf("got %v", err)
	}
	got, err := f.Feed(context.Background(), FeedRequest{URL: "https://" + host + "/endless", Most: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, got.Body); !errors.Is(err, ErrTooMuch) || n > 10_000 {
		t.Errorf("%d octets, %v", n, err)
	}
	if err := got.Body.Close(); err != nil {
		t.Error(err)
	}
}
