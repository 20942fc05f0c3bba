package fetch

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gatehouse.example/stir/stirtest"
)

func keyPEM(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func TestPublisherServesChainsAndNothingElse(t *testing.T) {
	root := stirtest.NewRoot()
	now := time.Now()
	leaf := root.CA().Leaf(stirtest.SPC("1234"), stirtest.Validity(now.Add(-time.Hour), now.Add(2*time.Hour)))
	p := NewPublisher(0)
	if err := p.Set(map[string][]byte{"/cert/a.pem": append([]byte("Bag Attributes: secret\n"), leaf.ChainPEM()...)}); err != nil {
		t.Fatal(err)
	}
	etag := ""
	for _, test := range []struct {
		method, target string
		code           int
	}{
		{"GET", "/cert/a.pem", 200}, {"HEAD", "/cert/a.pem", 200}, {"GET", "/cert/a.pem?x=1", 200},
		{"POST", "/cert/a.pem", 405}, {"DELETE", "/cert/a.pem", 405}, {"OPTIONS", "/cert/a.pem", 405},
		{"GET", "/", 404}, {"GET", "/cert/", 404}, {"GET", "/cert/b.pem", 404}, {"GET", "/cert/a.pem/", 404}, {"GET", "/CERT/a.pem", 404},
		{"GET", "/cert/a.key", 404}, {"GET", "/cert/../cert/a.pem", 404}, {"GET", "//cert/a.pem", 404}, {"POST", "/x", 404},
	} {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(test.method, "https://e.org"+test.target, nil))
		if w.Code != test.code {
			t.Errorf("%s %s: %d", test.method, test.target, w.Code)
		}
		body, header := w.Body.String(), w.Header()
		if w.Code == 200 {
			etag = header.Get("ETag")
			if (body == string(leaf.ChainPEM())) != (test.method == "GET") || header.Get("Content-Type") != "application/pem-certificate-chain" {
				t.Errorf("%s: %q %v", test.method, body, header)
			}
			if age := header.Get("Cache-Control"); age < "public, max-age=7100" || age > "public, max-age=7200" {
				t.Errorf("Cache-Control of what expires in two hours: %s", age)
			}
		} else if strings.Contains(body, "BEGIN") || strings.Contains(body, "secret") {
			t.Errorf("%s %s: %q", test.method, test.target, body)
		}
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/cert/a.pem", nil)
	r.Header.Set("If-None-Match", `"x", W/`+etag)
	if p.ServeHTTP(w, r); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("not modified: %d", w.Code)
	}
}

func TestPublisherNeverTakesAKey(t *testing.T) {
	chain := stirtest.NewRoot().Leaf(stirtest.SPC("1234")).ChainPEM()
	key := keyPEM(t)
	p := NewPublisher(time.Hour)
	if err := p.Set(map[string][]byte{"/good.pem": chain}); err != nil {
		t.Fatal(err)
	}
	broken := bytes.Replace(key, []byte("-----END"), []byte("-----FIN"), 1)
	for name, chains := range map[string]map[string][]byte{
		"a key":                  {"/k.pem": key},
		"a key behind":           {"/k.pem": append(bytes.Clone(chain), key...)},
		"a key before":           {"/k.pem": append(bytes.Clone(key), chain...)},
		"half a key":             {"/k.pem": append(bytes.Clone(broken), chain...)},
		"half a key at end":      {"/k.pem": append(bytes.Clone(chain), broken...)},
		"a key as a certificate": {"/k.pem": bytes.ReplaceAll(key, []byte("PRIVATE KEY"), []byte("CERTIFICATE"))},
		"nothing":                {"/k.pem": nil},
		"no path":                {"k.pem": chain},
		"a path with ..":         {"/../k.pem": chain},
		"a hidden path":          {"/.well-known": chain},
		"an escape":              {"/%6b.pem": chain},
		"good and bad":           {"/good2.pem": chain, "/k.pem": key},
	} {
		if err := p.Set(chains); err == nil {
			t.Errorf("%s is published", name)
		}
	}
	if paths := p.Paths(); len(paths) != 1 || paths[0] != "/good.pem" {
		t.Errorf("left: %q", paths)
	}
}

// A chain that is exchanged for another stays while tokens of its key are on their way.
func TestWithdrawnChainsStayForAWhile(t *testing.T) {
	root := stirtest.NewRoot()
	first, second := root.Leaf(stirtest.SPC("1234")).ChainPEM(), root.Leaf(stirtest.SPC("1234")).ChainPEM()
	p := NewPublisher(0)
	now := time.Now()
	p.now = func() time.Time { return now }
	set := func(chains map[string][]byte) {
		t.Helper()
		if err := p.Set(chains); err != nil {
			t.Fatal(err)
		}
	}
	served := func(path string) string {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest("GET", "https://e.org"+path, nil))
		if w.Code != 200 {
			return ""
		}
		return w.Body.String()
	}
	set(map[string][]byte{"/1.pem": first})
	next := map[string][]byte{"/2.pem": second}
	if paths := p.Replaces(next); paths != nil {
		t.Errorf("a new path replaces %q", paths)
	}
	if paths := p.Replaces(map[string][]byte{"/1.pem": second}); len(paths) != 1 || paths[0] != "/1.pem" {
		t.Errorf("another chain at the same path replaces %q", paths)
	}
	set(next)
	for range 3 { // further reloads do not prolong it
		now = now.Add(lingers/3 - time.Second)
		set(next)
		if served("/1.pem") != string(first) || served("/2.pem") != string(second) {
			t.Error("not both are served")
		}
	}
	now = now.Add(time.Minute)
	if served("/1.pem") != "" || served("/2.pem") == "" {
		t.Error("the first is served for ever")
	}
	if set(next); len(p.Paths()) != 1 {
		t.Errorf("kept: %q", p.Paths())
	}
}
