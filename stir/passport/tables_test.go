package passport

import (
	"crypto/elliptic"
	"strings"
	"testing"
)

// The order of the curve and the alphabet are written by hand.
func TestTables(t *testing.T) {
	if string(elliptic.P256().Params().N.FillBytes(make([]byte, 32))) != order || len(zero) != 32 {
		t.Error("the order is not that of P-256")
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for c := range 256 {
		want := strings.IndexByte(alphabet, byte(c))
		if got := sextet(byte(c)); want >= 0 && got != byte(want) || want < 0 && got < 64 {
			t.Errorf("sextet of %#x: %d, want %d", c, got, want)
		}
	}
	seen := map[string]Reason{}
	for r := NoReason + 1; r <= SigningFailed; r++ {
		if other, ok := seen[r.String()]; ok || r.String() == NoReason.String() {
			t.Errorf("reasons %d and %d are both %q", r, other, r)
		}
		seen[r.String()] = r
	}
	if (SigningFailed + 1).String() != NoReason.String() {
		t.Error("a reason beyond the last has words")
	}
}
