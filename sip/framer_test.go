package sip_test

import (
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/cputime"
	"gatehouse.example/sip"
)

// TestOctetsThatComeOneByOneCostLittleMore: nobody is counted or banned for a message that he has not finished, so it must not
// cost by each octet what it costs as a whole.
func TestOctetsThatComeOneByOneCostLittleMore(t *testing.T) {
	text := crlf("OPTIONS sip:h SIP/2.0\n" + headers + strings.Repeat("X: "+strings.Repeat("y\n ", 60)+"y\n", 120) + "l: 30000\n\n" + strings.Repeat("z", 30000))
	const times = 500 // of 55,000 octets, half of which cost a whole section when each is read from the start
	begun := cputime.Used()
	for range times {
		var f sip.Framer
		if n, err := f.Frame(text, 0); n != len(text) || err != nil {
			t.Fatal(n, err)
		}
	}
	most := cputime.Used() - begun + 20*time.Millisecond // what the clock may miss
	var f sip.Framer
	begun = cputime.Used()
	for i := range text {
		if n, err := f.Frame(text[:i], 0); n != 0 || err != nil {
			t.Fatalf("%d octets: %d %v", i, n, err)
		}
	}
	used := cputime.Used() - begun
	t.Logf("%v, and %d times at once %v", used, times, most)
	if used > most {
		t.Error("too much")
	}
	if n, err := f.Frame(text, 0); n != len(text) || err != nil {
		t.Error(n, err)
	}
}
