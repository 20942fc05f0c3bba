package screen

import (
	"fmt"
	"strings"
	"testing"
)

func TestEvidenceThatIsRepeatedIsAllocatedOnce(t *testing.T) {
	r := &Report{words: newWords()}
	b := []byte("number +15551230001 in list 'local'")
	first := r.Text(b)
	b[8] = '9'
	if second := r.Text(b); first[8] != '1' || second[8] != '9' {
		t.Errorf("%q, %q", first, second)
	}
	if n := testing.AllocsPerRun(100, func() { r.Text(b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	for i := range 3 * keptWords { // whatever shares a place, each gets its own text
		if want := fmt.Sprint("text ", i); r.Text([]byte(want)) != want {
			t.Fatalf("%q is lost", want)
		}
	}
	if long := strings.Repeat("x", 2*longestKept); r.Text([]byte(long)) != long || new(Report).Text(b) != string(b) {
		t.Error("a text is not what was written")
	}
}
