package uri_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gatehouse.example/sip/uri"
)

// testdata returns a file of ../shared/testdata, found from the test's folder upwards; it skips where there is none.
func testdata(t testing.TB, name string) []byte {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		b, err := os.ReadFile(filepath.Join(dir, "shared", "testdata", name))
		if err == nil {
			return b
		}
		if dir == filepath.Dir(dir) {
			t.Skipf("shared/testdata/%s is not here: skipped", name)
		}
	}
}

func TestEqualAgreesWithTheVectors(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(string(testdata(t, "vectors/uri/rfc3261_19_1_4.tsv"))), "\n")
	for _, line := range lines[1:] {
		c := strings.Split(line, "\t")
		a, errA := uri.Parse([]byte(c[0]))
		b, errB := uri.Parse([]byte(c[1]))
		equal := errA == nil && errB == nil && uri.Equal(&a, &b)
		if equal != (c[2] == "1") {
			t.Errorf("%s and %s: %v, want %s: %s", c[0], c[1], equal, c[2], c[3])
		}
		if equal != (errA == nil && errB == nil && uri.Equal(&b, &a)) {
			t.Errorf("%s and %s: not symmetric", c[0], c[1])
		}
	}
}

func TestEqualBeyondTheVectors(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0:0::1]", true},
		{"sip:a@h;lr", "sip:a@h;lr=on", false},
		{"sip:a@h;x=a;y=b", "sip:a@h;Y=B;X=A", true},
		{"sip:a@h?a=1&a=1&b=2", "sip:a@h?a=1&b=2&b=2", false},
		{"sip:a@h?Subject=x", "sip:a@h?subject=X", true},
		{"sip:a@h", "sip:h", false},
		{"sip:a:@h", "sip:a@h", false},
		{"sip:%00@h", "sip:%00%00@h", false},
		{"sip:a%3bb@h", "sip:a;b@h", false},
		{"tel:+1-201-555-0123", "tel:+12015550123", true},
		{"tel:+12015550123", "tel:12015550123", false},
		{"tel:7042;phone-context=Example.com;ext=1-2", "tel:70-42;EXT=12;phone-context=example.COM", true},
		{"tel:7042;phone-context=+1-2", "tel:7042;phone-context=+12", true},
		{"tel:7042;phone-context=a.example", "tel:7042", false},
		{"tel:7042;isub=1", "tel:7042;isub=2", false},
		{"urn:service:SOS", "URN:service:sos", true},
		{"urn:uuid:a", "urn:uuid:A", false},
		{"HTTP://a", "http://a", true},
		{"http://a", "http://b", false},
		{"tel:7042", "sip:7042@h", false},
	} {
		a, b := parse(t, c.a), parse(t, c.b)
		if uri.Equal(a, b) != c.want || uri.Equal(b, a) != c.want {
			t.Errorf("%s and %s: %v and %v, want %v", c.a, c.b, uri.Equal(a, b), uri.Equal(b, a), c.want)
		}
	}
}
