package uri_test

import (
	"fmt"
	"strings"
	"testing"

	"gatehouse.example/sip/uri"
)

// TestParameterMayNotStandTwice: however many there are, and in whatever spelling (RFC 3261 §19.1.1, §19.1.4).
func TestParameterMayNotStandTwice(t *testing.T) {
	for count := 1; count < uri.MaxParams; count++ {
		var all []string
		for i := range count {
			all = append(all, fmt.Sprintf("p%d=x", i*29%61), fmt.Sprintf("q%%3D%d", i))
		}
		all = all[:count]
		text := "sip:bob@example.test;" + strings.Join(all, ";")
		if _, err := uri.Parse([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		for _, again := range []string{"p0", "P0=y", "%70%30"} {
			if _, err := uri.Parse([]byte(text + ";" + again)); err != uri.ErrParams {
				t.Errorf("%s;%s: %v", text, again, err)
			}
		}
		if _, err := uri.Parse([]byte(text + ";q=" + fmt.Sprint(count))); err != nil { // an escaped '=' is part of a name, another ends it
			t.Errorf("%s;q: %v", text, err)
		}
	}
}
