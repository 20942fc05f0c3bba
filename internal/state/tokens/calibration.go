package tokens

import (
	"math"
	"slices"
)

// heldSize is how many scores of each kind are remembered.
const heldSize = 4096

// calibration keeps how lessons would have been judged before they were learned, and says how high a score must be. The newest replace the
// oldest: early scores are those of a memory that knew little.
type calibration struct {
	ham, spam   []float32
	atH, atS    int
	cached      thresholds
	cachedAfter int
	lessons     int
	known       average // of the part of the features of a message that is known
}

// average is an exponential average, and the same of the squares.
type average struct{ n, mean, square float64 }

// slowly is over how many values an average is taken.
const slowly = 200

func (a *average) add(x float64) {
	a.n = min(a.n+1, slowly)
	a.mean += (x - a.mean) / a.n
	a.square += (x*x - a.square) / a.n
}

// strangeMargin is how much more is asked of a text for each standard deviation that it is stranger than usual.
const strangeMargin = 0.6

// strange is what is asked more of a text of which less is known than of most that people judged here: it may come from another world, where the same
// words mean something else. Impossible is true where so little is known that no score counts.
func (c *calibration) strange(known float64) (margin float64, impossible bool) {
	if known < leastKnown {
		return 0, true
	}
	if c.known.n < slowly/4 {
		return 0, false
	}
	spread := max(0.02, math.Sqrt(max(0, c.known.square-c.known.mean*c.known.mean)))
	margin = strangeMargin * max(0, (c.known.mean-spread-known)/spread)
	return margin, known < c.known.mean-4*spread
}

// thresholds are scores: what about one wanted message in some thousand passes, what one in a hundred passes, and what half of them lie below.
type thresholds struct{ high, low, middle float64 }

// The shares of wanted messages above the thresholds, by the tail that is fitted. What is judged before it is learned is judged by a younger memory, so of
// new messages about a twentieth of that share passes (measured: docs/effect/text.md).
const (
	shareHigh = 0.006
	shareLow  = 0.03
)

// add takes the score that a lesson would have had, and the part of it that was known.
func (c *calibration) add(score, known float64, spam bool) {
	c.known.add(known)
	list, at := &c.ham, &c.atH
	if spam {
		list, at = &c.spam, &c.atS
	}
	if len(*list) < heldSize {
		*list = append(*list, float32(score))
	} else {
		(*list)[*at%heldSize] = float32(score)
		*at++
	}
	if c.lessons++; c.lessons-c.cachedAfter >= 16+len(c.ham)/16 || c.lessons <= 64 {
		c.cached, c.cachedAfter = c.fit(), c.lessons
	}
}

func (c *calibration) thresholds() thresholds {
	if c.lessons == 0 {
		return thresholds{high: 1.5, low: 0.5, middle: -1}
	}
	return c.cached
}

// fit takes the highest scores of wanted messages for an exponential tail, which says more about the rarest than their few scores alone. Scores
// of few messages say little, so until there are a thousand the thresholds stay above what a plain reading of the odds asks for.
func (c *calibration) fit() thresholds {
	n := len(c.ham)
	young := 1 - min(1, float64(n)/1000)
	t := thresholds{high: 1.5*young - 2*(1-young), low: 0.5*young - 3*(1-young), middle: -1}
	if n < 8 {
		return t
	}
	sorted := slices.Clone(c.ham)
	slices.Sort(sorted)
	m := max(5, n/20)
	at := float64(sorted[n-m])
	excess := 0.0
	for _, s := range sorted[n-m:] {
		excess += float64(s) - at
	}
	excess = max(excess/float64(m), 0.05)
	part := float64(m) / float64(n)
	t.high = max(t.high, at+excess*math.Log(part/shareHigh))
	t.low = min(t.high, max(t.low, at+excess*math.Log(max(1, part/shareLow))))
	t.middle = float64(sorted[n/2])
	return t
}
