package sip_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/cputime"
	"gatehouse.example/sip"
)

// TestNoMessageCostsMuchMoreThanOthersOfItsLength: strangers are counted by messages, so that one must not cost what hundreds do.
func TestNoMessageCostsMuchMoreThanOthersOfItsLength(t *testing.T) {
	cost := func(text string) time.Duration {
		b := crlf("OPTIONS sip:h SIP/2.0\n" + headers + text + "\n")
		var m sip.Message
		begun, times := cputime.Used(), 0
		for cputime.Used()-begun < 100*time.Millisecond {
			if err := m.Parse(b); err != nil {
				t.Fatal(err)
			}
			times++
		}
		return (cputime.Used() - begun) / time.Duration(times)
	}
	most := 120 * cost(strings.Repeat("X-A: "+strings.Repeat("y", 7600)+"\nRoute: "+strings.Repeat("<sip:a>,", 64)+"\n", 4))
	var params strings.Builder
	for i := range 63 {
		n := i * 37 % 63 // in no order
		fmt.Fprintf(&params, ";%c%c", 'a'+n/26, 'a'+n%26)
	}
	for what, text := range map[string]string{
		"parameters of addresses": strings.Repeat("Route: "+strings.Repeat("<sip:a"+params.String()+">,", 39)+"\n", 4),
		"parameters of Route":     strings.Repeat("Route: "+strings.Repeat("<sip:a>"+params.String()+",", 39)+"\n", 4),
		"Via":                     strings.Repeat("Via: "+strings.Repeat("SIP/2.0/UDP a;branch=z9hG4bK1,", 250)+"\n", 4),
		"folds":                   strings.Repeat("X-A: "+strings.Repeat("\n y", 1900)+"\n", 4),
		"escapes":                 strings.Repeat("Route: "+strings.Repeat("<sip:"+strings.Repeat("%61", 80)+"@a>,", 30)+"\n", 4),
	} {
		if c := cost(text); c > most {
			t.Errorf("%s: %v, more than %v", what, c, most)
		} else {
			t.Logf("%s: %v of %v", what, c, most)
		}
	}
}
