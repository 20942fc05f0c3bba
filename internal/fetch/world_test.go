package fetch

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gatehouse.example/stir/stirtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// host is the name that the certificate of httptest's servers is for; public is where the tests' DNS says that it is. Nothing is sent
// there: the tests' dialler leads to a server on loopback.
const host = "example.com"

var public = netip.MustParseAddr("9.9.9.9")

// A world is a web server, DNS, dialler, clock and STI root for one test.
type world struct {
	t      *testing.T
	root   *stirtest.Cert
	server *httptest.Server
	mux    *http.ServeMux
	hits   atomic.Int64 // requests that reached the server
	dials  atomic.Int64

	mu     sync.Mutex
	now    time.Time
	names  map[string][]netip.Addr
	places map[netip.AddrPort]string // where the dialler leads to instead; empty: refused
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, root: stirtest.NewRoot(), mux: http.NewServeMux(), now: time.Now(),
		names: map[string][]netip.Addr{host + ".": {public}}, places: make(map[netip.AddrPort]string)}
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.hits.Add(1)
		w.mux.ServeHTTP(rw, r)
	}))
	w.server.Config.ErrorLog = quiet()
	w.server.StartTLS()
	t.Cleanup(w.server.Close)
	w.places[netip.AddrPortFrom(public, 443)] = w.server.Listener.Addr().String()
	return w
}

// config is a configuration that lives in this world.
func (w *world) config() Config {
	roots := x509.NewCertPool()
	roots.AddCert(w.server.Certificate())
	return Config{Roots: w.root.Roots(), WebRoots: roots, Resolver: w, Dial: w.dial, Now: w.clock, Deadline: time.Minute}
}

// fetcher makes a Fetcher that is closed with the test.
func (w *world) fetcher(c Config) *Fetcher {
	f := New(c)
	w.t.Cleanup(func() {
		if err := f.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return f
}

func (w *world) LookupNetIP(ctx context.Context, _, name string) ([]netip.Addr, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if addrs, found := w.names[name]; found {
		return addrs, ctx.Err()
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (w *world) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.dials.Add(1)
	w.mu.Lock()
	place, found := w.places[netip.MustParseAddrPort(address)]
	w.mu.Unlock()
	switch {
	case !found:
		w.t.Errorf("dialled %s", address)
		fallthrough
	case place == "":
		return nil, fmt.Errorf("connection refused")
	}
	var d net.Dialer
	return d.DialContext(ctx, network, place)
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// serve serves a body with header fields, given as name and value in turn.
func (w *world) serve(path string, body []byte, header ...string) {
	w.mux.HandleFunc(path, func(rw http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			rw.Header().Add(header[i], header[i+1])
		}
		_, _ = rw.Write(body) // the test's client may hang up
	})
}

// leaf issues a chain of three: leaf, intermediate, and the root that is not sent.
func (w *world) leaf(opts ...stirtest.Option) *stirtest.Cert {
	return w.root.CA().Leaf(append([]stirtest.Option{stirtest.SPC("1234")}, opts...)...)
}

func u(path string) string { return "https://" + host + path }
