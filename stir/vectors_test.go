package stir_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gatehouse.example/stir"
	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/passport"
)

// vector returns a file of ../shared/testdata/vectors/stir, found from the test's folder upwards; it skips where there is
// none.
func vector(t *testing.T, name string) []byte {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		b, err := os.ReadFile(filepath.Join(dir, "shared", "testdata", "vectors", "stir", name))
		if err == nil {
			return b
		}
		if dir == filepath.Dir(dir) {
			t.Skipf("shared/testdata/vectors/stir/%s is not here: the header fields of others are not checked", name)
		}
	}
}

// TestHeaderFieldOfLibstirshaken: the table says 438 Invalid PASSporT, although the signature is good and the chain too.
func TestHeaderFieldOfLibstirshaken(t *testing.T) {
	found := regexp.MustCompile(`eyJ\S+;info=\S+`).Find(vector(t, "libstirshaken_passport.txt"))
	if found == nil {
		t.Fatal("no Identity header field")
	}
	h, err := stir.ParseHeader(found)
	if err != nil || h.Info != "http://shaken.signalwire.cloud/sp.pem" || h.PPT != passport.Shaken {
		t.Fatalf("%+v, %v", h, err)
	}
	if again := string(h.AppendTo(nil)); again != string(found) {
		t.Errorf("%q is written as %q", found, again)
	}
	w := newWorld()
	w.now = time.Unix(1603458131, 0)
	got := w.one(string(found), from("<sip:01256789999@example.com>"), to("<sip:01256500600@example.com>"), date(w.now))
	if want := "438 Invalid PASSporT: token refused, malformed dest"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestCertificatesOfOthers: what the certificates of the table lead to for a call that their owners sign.
func TestCertificatesOfOthers(t *testing.T) {
	for _, c := range []struct{ chain, root, want string }{
		{"libstirshaken_wrongsp.pem", "libstirshaken_ca.pem", "437 Unsupported Credential: certificate refused"},
		{"sems_test.pem", "libstirshaken_ca.pem", "437 Unsupported Credential: certificate refused"},
		{"freeswitch/www_cert.pem", "libstirshaken_ca.pem", "437 Unsupported Credential: certificate refused"},
		{"cgrates/stir_cert.pem", "libstirshaken_ca.pem", "437 Unsupported Credential: certificate refused"},
		{"asterisk/SPAST1_SPAST1-cert.pem", "libstirshaken_ca.pem", "437 Unsupported Credential: certificate refused"},
	} {
		w := newWorld()
		roots, err := certificate.ParseRoots(vector(t, c.root))
		if err != nil {
			w.paths.errs[certURL] = err
		} else if chain, err := certificate.ParseChain(vector(t, c.chain)); err != nil {
			w.paths.errs[certURL] = err
		} else {
			_, w.paths.errs[certURL] = roots.Path(chain)
		}
		if got := w.one(w.shaken()); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", c.chain, got, c.want)
		}
	}
}

// TestAKeyFileIsNoCertificate: what cgrates has at its x5u is a bare key, and a path of a file system.
func TestAKeyFileIsNoCertificate(t *testing.T) {
	key := vector(t, "cgrates/stir_pubkey.pem")
	if block, _ := pem.Decode(key); block == nil {
		t.Fatal("no PEM")
	} else if _, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	_, w.paths.errs[certURL] = certificate.ParseChain(key)
	if got := w.one(w.shaken()); !strings.HasPrefix(got, "437 Unsupported Credential: certificate refused") {
		t.Error(got)
	}
	const file = "/usr/share/cgrates/stir/stir_pubkey.pem"
	if got, want := w.one(strings.ReplaceAll(w.spoilt(certURL, file), certURL, file)), "436 Bad Identity Info: info is no URI"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
