package fetch

import (
	"errors"
	"testing"

	"gatehouse.example/stir"
	"gatehouse.example/stir/stirtest"
)

// The certificates of RFC 4474 come by the same way, and are not judged by STI roots.
func TestDomainCertificates(t *testing.T) {
	w := newWorld(t)
	f := w.fetcher(w.config())
	web := stirtest.NewRoot(stirtest.RSA()).Leaf(stirtest.RSA(), stirtest.DNS("example.test"))
	w.serve("/domain.pem", web.ChainPEM())
	w.serve("/domain.der", web.Raw)
	w.serve("/key.pem", web.KeyPEM())
	w.serve("/nothing.pem", []byte("hello"))
	for path, want := range map[string]int{"/domain.pem": 1, "/domain.der": 1, "/key.pem": 0, "/nothing.pem": 0} {
		for range 2 { // fetched, then from the cache
			chain, err := f.DomainCertificates(t.Context(), u(path))
			if len(chain) != want || (err == nil) != (want > 0) {
				t.Errorf("%s: %d certificates, %v", path, len(chain), err)
			}
		}
	}
	if _, err := f.DomainCertificates(t.Context(), "http://"+host+"/domain.pem"); !errors.Is(err, stir.ErrUnreachable) {
		t.Errorf("plain http: %v", err)
	}
	if _, err := f.Path(t.Context(), u("/domain.pem")); err == nil {
		t.Error("a domain's certificate is taken for a signer's")
	}
}
