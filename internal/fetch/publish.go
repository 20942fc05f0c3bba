package fetch

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Publisher serves our own chains, each at its path, to those who verify what we sign: the certificate repository of RFC 8224 §7 and
// ATIS-1000074. It is an http.Handler; what is not a chain's path is not found. What it serves is written anew from the parsed
// certificates, so that nothing else that stood in a file can get out, a key least of all.
type Publisher struct {
	maxAge time.Duration
	now    func() time.Time
	pages  atomic.Pointer[map[string]page]
}

var _ http.Handler = (*Publisher)(nil)

type page struct {
	body     []byte
	etag     string
	notAfter time.Time // of the certificate that expires first
	until    time.Time // it has been withdrawn and is served until then; zero: it has not
}

// lingers is how long a chain is served that Set has withdrawn. Whoever got a token that its key signed a moment ago has yet to ask for
// it; a token is fresh for a minute or so (RFC 8224 §4.4), and may have been kept waiting.
const lingers = 10 * time.Minute

// NewPublisher returns a Publisher of nothing. maxAge is how long others may keep a chain; zero stands for a day.
func NewPublisher(maxAge time.Duration) *Publisher {
	or(&maxAge, 24*time.Hour)
	p := &Publisher{maxAge: maxAge, now: time.Now}
	p.pages.Store(&map[string]page{})
	return p
}

// Errors of Set.
var (
	errNotCertificate = errors.New("fetch: only certificates are published")
	errNoCertificate  = errors.New("fetch: no certificate")
	errPath           = errors.New("fetch: not a path to publish at")
)

// Set replaces all chains by those given: PEM by the path of the URL. All are changed at once, or with an error none is. Requests under
// way are served as before, and a chain whose path is not among those given stays for ten minutes: a key is exchanged without a call
// that cannot be verified.
func (p *Publisher) Set(chains map[string][]byte) error {
	pages := make(map[string]page, len(chains))
	for path, chain := range chains {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#%\\ ") || strings.Contains(path, "/.") || strings.Contains(path, "//") {
			return fmt.Errorf("%w: %s", errPath, quoted(path))
		}
		one, err := newPage(chain)
		if err != nil {
			return fmt.Errorf("%w (for %s)", err, quoted(path))
		}
		pages[path] = one
	}
	for path, old := range p.withdrawn(pages) {
		pages[path] = old
	}
	p.pages.Store(&pages)
	return nil
}

// withdrawn returns what is served now, will not be among the new pages, and stays for a while.
func (p *Publisher) withdrawn(pages map[string]page) map[string]page {
	now := p.now()
	stay := map[string]page{}
	for path, old := range *p.pages.Load() {
		if _, replaced := pages[path]; replaced {
			continue
		}
		if old.until.IsZero() {
			old.until = now.Add(lingers)
		}
		if now.Before(old.until) {
			stay[path] = old
		}
	}
	return stay
}

// Replaces returns the paths among these at which another chain is served now. Whoever has kept that one refuses what the new key signs
// until it asks again: a new chain wants a path of its own.
func (p *Publisher) Replaces(chains map[string][]byte) []string {
	var paths []string
	pages := *p.pages.Load()
	for path, chain := range chains {
		old, served := pages[path]
		if one, err := newPage(chain); err == nil && served && one.etag != old.etag {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// newPage takes a chain apart and writes it anew (RFC 8555 §9.1: certificates in PEM and nothing else).
func newPage(chain []byte) (page, error) {
	var one page
	for rest := chain; ; {
		block, next := pem.Decode(rest)
		if block == nil {
			break
		}
		rest = next
		if block.Type != "CERTIFICATE" {
			return page{}, fmt.Errorf("%w, not a %s", errNotCertificate, quoted(block.Type))
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return page{}, fmt.Errorf("fetch: a certificate: %w", err)
		}
		if one.notAfter.IsZero() || cert.NotAfter.Before(one.notAfter) {
			one.notAfter = cert.NotAfter
		}
		one.body = append(one.body, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})...)
	}
	switch {
	case len(one.body) == 0:
		return page{}, errNoCertificate
	case bytes.Contains(chain, []byte("PRIVATE KEY")):
		return page{}, fmt.Errorf("%w, not a key", errNotCertificate) // one that pem.Decode has passed over: the file is not what it should be
	}
	sum := sha256.Sum256(one.body)
	one.etag = `"` + hex.EncodeToString(sum[:16]) + `"`
	return one, nil
}

// ServeHTTP answers GET and HEAD for the path of a chain.
func (p *Publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	one, found := (*p.pages.Load())[r.URL.Path]
	if !one.until.IsZero() && !p.now().Before(one.until) {
		found = false
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	switch {
	case !found:
		h.Set("Cache-Control", "no-store")
		http.Error(w, "not found", http.StatusNotFound)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	age := max(min(p.maxAge, one.notAfter.Sub(p.now())), 0)
	h.Set("Cache-Control", "public, max-age="+strconv.FormatInt(int64(age/time.Second), 10))
	h.Set("ETag", one.etag)
	for tag := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if tag = strings.TrimSpace(tag); strings.TrimPrefix(tag, "W/") == one.etag || tag == "*" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h.Set("Content-Type", "application/pem-certificate-chain")
	h.Set("Content-Length", strconv.Itoa(len(one.body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(one.body) // whoever asked has gone
	}
}

// Paths returns the paths at which something is served.
func (p *Publisher) Paths() []string {
	var paths []string
	for path := range maps.Keys(*p.pages.Load()) {
		paths = append(paths, path)
	}
	return paths
}
