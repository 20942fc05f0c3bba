package stirtest_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/passport"
	"gatehouse.example/stir/stirtest"
)

func Example() {
	root := stirtest.NewRoot()
	leaf := root.Leaf(stirtest.SPC("1234"), stirtest.Number("12155551000"))
	full := leaf.Shaken("https://cert.example.org/leaf.pem", "12155551000", "12155552000", "A", time.Now())
	token, err := passport.Parse([]byte(full))
	if err != nil {
		fmt.Println(err)
		return
	}
	path, err := root.Roots().Path(leaf.Chain())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token.Verify(path.Key()), path.Covers(token.Claims.Orig), token.Claims.Attest)
	// Output: <nil> number A
}

// TestDefaultsFollowTheBubblesClock: certificates are valid, and CRLs current, at the time of testing/synctest.
func TestDefaultsFollowTheBubblesClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := stirtest.NewRoot()
		path := root.CA().Leaf().Path()
		now := time.Now()
		if err := path.At(now, now); err != nil {
			t.Fatal(err)
		}
		time.Sleep(48 * time.Hour)
		if got := certificate.ReasonOf(path.At(time.Now(), now)); got != certificate.Expired {
			t.Fatalf("after two days: %v", got)
		}
	})
}

// TestKeysAreOfTheirOwn: two certificates share nothing but their makers.
func TestKeysAreOfTheirOwn(t *testing.T) {
	root := stirtest.NewRoot()
	a, b := root.Leaf(), root.Leaf()
	if a.SerialNumber.Cmp(b.SerialNumber) == 0 || a.Subject.CommonName == b.Subject.CommonName {
		t.Fatal("two leaves with one name or serial number")
	}
	if key, err := a.Chain().Key(); err != nil || !key.Equal(a.Key.Public()) || key.Equal(b.Key.Public()) {
		t.Fatalf("keys are mixed up: %v", err)
	}
}

func TestIdentityHeader(t *testing.T) {
	if got, want := stirtest.IdentityHeader("a.b.c", "https://x/y", "shaken"), "a.b.c;info=<https://x/y>;alg=ES256;ppt=shaken"; got != want {
		t.Fatalf("%q, want %q", got, want)
	}
	if got, want := stirtest.IdentityHeader("a.b.c", "https://x/y", ""), "a.b.c;info=<https://x/y>;alg=ES256"; got != want {
		t.Fatalf("%q, want %q", got, want)
	}
	if id := stirtest.UUID(); len(id) != 36 || id[14] != '4' {
		t.Fatalf("UUID %q", id)
	}
}

// TestMistakesPanic: a test that asks for what cannot be is told at once.
func TestMistakesPanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Fatal("no panic")
		}
	}()
	stirtest.NewRoot(stirtest.IsCA(false)).Roots()
}
