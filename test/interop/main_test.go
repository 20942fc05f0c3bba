// Package interop holds the server against programs that nobody here wrote:
// SIPp, sipsak, Kamailio, baresip and sipgo as clients and as the PBX behind,
// SIPVicious as the attacker. Everything runs on loopback addresses; a program
// that is missing is a failure.
package interop

import (
	"path/filepath"
	"testing"

	"gatehouse.example/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// testdata is the absolute path of a file of testdata.
func testdata(t testing.TB, name ...string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(append([]string{"testdata"}, name...)...))
	if err != nil {
		t.Fatal(err)
	}
	return path
}
