package certificate_test

import (
	"crypto/rand"
	"crypto/rsa"
	"os"
	"path/filepath"
	"testing"

	"gatehouse.example/stir/certificate"
)

// vector returns a file of ../shared/testdata/vectors/stir, found from the test's folder upwards.
func vector(t *testing.T, name string) []byte {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		b, err := os.ReadFile(filepath.Join(dir, "shared", "testdata", "vectors", "stir", filepath.FromSlash(name)))
		if err == nil {
			return b
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Skipf("shared/testdata/vectors/stir/%s is not here: skipped", name)
		}
		dir = parent
	}
}

// wantReason compares an error's reason; NoReason stands for no error at all.
func wantReason(t *testing.T, err error, want certificate.Reason) {
	t.Helper()
	switch got := certificate.ReasonOf(err); {
	case want == certificate.NoReason && err != nil:
		t.Fatalf("error %v, want none", err)
	case got != want:
		t.Fatalf("error %v with reason %q, want %q", err, got, want)
	}
}

func must[T any](t testing.TB, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// weakRSA makes a key that no CA should have.
func weakRSA(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	return must(t, key, err)
}
