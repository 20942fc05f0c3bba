package api

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/fetch"
	"gatehouse.example/stir/stirtest"
)

// storage is one that may fail.
type storage struct{ broken error }

func (s *storage) LoadFetched(context.Context) ([]fetch.Entry, error)      { return nil, s.broken }
func (s *storage) SaveFetched(context.Context, fetch.Entry) error          { return s.broken }
func (s *storage) DeleteFetched(context.Context, fetch.Kind, string) error { return s.broken }

func refuse(context.Context, string, string) (net.Conn, error) { return nil, errors.New("refused") }

// nobody is a DNS without names.
type nobody struct{}

func (nobody) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) { return nil, nil }

// withCertificates is an API over an empty cache that reaches no host.
func withCertificates(t *testing.T, root *stirtest.Cert, s *storage) *fixture {
	t.Helper()
	f := newFixture(t)
	config := fetch.Config{Storage: s, Deadline: time.Second, Dial: refuse, Resolver: nobody{}}
	if root != nil {
		config.Roots = root.Roots()
	}
	cache := fetch.New(config)
	t.Cleanup(func() { cache.Close() })
	f.server = New(Config{Token: token, Certificates: cache})
	return f
}

func put(url string, pem []byte) string {
	b, err := json.Marshal(NewCertificate{URL: url, PEM: string(pem)})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestCertificatesAreImportedListedAndRemoved(t *testing.T) {
	root := stirtest.NewRoot()
	leaf := root.CA().Leaf(stirtest.SPC("1234"), stirtest.Subject("FR", "Télécom", "SHAKEN 1234"))
	key := append(leaf.ChainPEM(), leaf.KeyPEM()...)
	f := withCertificates(t, root, &storage{})
	const path = "/api/v1/certificates"
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		want                     string // a part of the body
	}{
		{"nothing", "GET", path, "", 200, `{"certificates":[]}`},
		{"import", "POST", path, put("HTTPS://Certs.Example.test:443/a.pem", leaf.ChainPEM()), 201,
			`"kind":"chain","url":"https://certs.example.test/a.pem"`},
		{"list", "GET", path, "", 200, `"organization":"Télécom","common_name":"SHAKEN 1234","spc":"1234","country":"FR","not_after":"`},
		{"imported", "GET", path, "", 200, `"proven":true,"imported":true}`},
		{"another root", "POST", path, put("https://certs.example.test/b.pem", stirtest.NewRoot().Leaf(stirtest.SPC("1")).ChainPEM()), 422, "not acceptable"},
		{"a key", "POST", path, put("https://certs.example.test/b.pem", key), 422, "private key"},
		{"no PEM", "POST", path, `{"url":"https://certs.example.test/b.pem","pem":"x"}`, 422, "not acceptable"},
		{"no URL", "POST", path, `{"pem":"x"}`, 422, "required"},
		{"not https", "POST", path, put("http://certs.example.test/b.pem", leaf.ChainPEM()), 422, "not https"},
		{"a file", "POST", path, `{"url":"file:///etc/passwd"}`, 422, "not https"},
		{"our own network", "POST", path, `{"url":"https://127.0.0.1/x.pem"}`, 422, "address not allowed"},
		{"no such host", "POST", path, `{"url":"https://certs.example.test/b.pem"}`, 502, "name not found"},
		{"control characters are quoted", "POST", path, `{"url":"https://\u001b[2J/"}`, 422, `\\x1b`},
		{"too large", "POST", path, `{"url":"https://certs.example.test/b.pem","pem":"` + strings.Repeat("a", maxChain) + `"}`, 413, ""},
		{"remove", "DELETE", path + "?url=https%3A%2F%2Fcerts.example.test%2Fa.pem", "", 204, ""},
		{"remove again", "DELETE", path + "?url=https%3A%2F%2Fcerts.example.test%2Fa.pem", "", 404, "nothing from this address"},
		{"remove nothing", "DELETE", path, "", 422, "query.url"},
		{"remove what is no address", "DELETE", path + "?url=x", "", 422, "not https"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if status, body := f.call(c.method, c.path, c.body); status != c.status || !strings.Contains(body, c.want) {
				t.Errorf("%d %s\nwant %d %s", status, body, c.status, c.want)
			}
		})
	}
}

func TestCertificatesWithoutRootsAndWithABrokenStore(t *testing.T) {
	root := stirtest.NewRoot()
	body := put("https://certs.example.test/a.pem", root.Leaf(stirtest.SPC("1234")).ChainPEM())
	if status, answer := withCertificates(t, nil, &storage{}).call("POST", "/api/v1/certificates", body); status != 422 || !strings.Contains(answer, "identity.roots") {
		t.Errorf("%d %s", status, answer)
	}
	broken := &storage{errors.New("disk of hunter2 full")}
	if status, answer := withCertificates(t, root, broken).call("POST", "/api/v1/certificates", body); status != 503 || strings.Contains(answer, "hunter2") {
		t.Errorf("%d %s", status, answer)
	}
}

func TestCertificatesStandInOpenAPI(t *testing.T) {
	b, err := withCertificates(t, nil, &storage{}).server.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct{ Responses map[string]any }
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	for method, statuses := range map[string][]string{"get": {"200"}, "post": {"201", "413", "422", "502"}, "delete": {"204", "404", "422"}} {
		responses := doc.Paths[Prefix+"/certificates"][method].Responses
		for _, status := range statuses {
			if responses[status] == nil {
				t.Errorf("%s: no %s", method, status)
			}
		}
	}
	if b, err = newFixture(t).server.OpenAPI(); err != nil || slices.Contains(strings.Split(string(b), `"`), Prefix+"/certificates") {
		t.Error("offered without a cache", err)
	}
}

func TestCanonicalIsTheSpellingOfTheCache(t *testing.T) {
	for given, want := range map[string]string{
		"https://a.test":             "https://a.test/",
		"HTTPS://A.test:443?x=%2F":   "https://a.test/?x=%2F",
		"https://a.test:8443/B?c://": "https://a.test:8443/B?c://",
	} {
		if got := canonical(given); got != want {
			t.Errorf("%s: %s", given, got)
		}
	}
}
