package screen

import (
	"math"
	"strconv"
	"sync/atomic"
	"unicode/utf8"
)

// Report takes what one check reports during one run.
type Report struct {
	signals []SignalInfo // the check's own, and what the engine adds for it
	found   []finding
	bugs    *atomic.Uint64
	words   *words // nil: nothing is kept
	notes   any    // of the check's Prepare
	failed  bool   // the check has panicked
}

type finding struct {
	signal   int // index into signals
	strength float64
	evidence string
}

// Signal reports that the check has seen what name stands for. Strength lies between 0 and 1; 0 means "could not tell" and
// has no effect beyond being shown. Evidence says in words what was seen; use [Quote] for text that came from the network.
// Of two reports of one signal the stronger one counts. A name that the check's Info does not list, or a strength that is
// not a number, is a bug of the check: counted and otherwise ignored.
func (r *Report) Signal(name string, strength float64, evidence string) {
	for i := range r.signals {
		if r.signals[i].Name != name {
			continue
		}
		if math.IsNaN(strength) {
			break
		}
		r.add(i, min(max(strength, 0), 1), evidence)
		return
	}
	r.bugs.Add(1)
}

func (r *Report) add(signal int, strength float64, evidence string) {
	for i := range r.found {
		if r.found[i].signal == signal {
			if strength > r.found[i].strength {
				r.found[i].strength, r.found[i].evidence = strength, evidence
			}
			return
		}
	}
	r.found = append(r.found, finding{signal, strength, evidence})
}

// quoteLimit keeps a reason readable when someone sends a display name of 4 KB.
const quoteLimit = 80

// Quote makes text from the network fit for evidence: in double quotes, escaped, and cut.
func Quote(s string) string {
	cut := false
	if len(s) > quoteLimit {
		n := quoteLimit
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s, cut = s[:n], true
	}
	q := strconv.QuoteToGraphic(s)
	if cut {
		q += "…"
	}
	return q
}
