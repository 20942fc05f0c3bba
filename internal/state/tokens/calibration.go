package tokens

import (
	"math"
	"slices"
)

// calibration says how high a score must be, from the scores that remembered lessons have without their own voice.
type calibration struct {
	fitted thresholds
	due    int     // changes until the thresholds are fitted anew
	known  average // of the part of the features of a message that is known
}

// average is an exponential average, and the same of the squares.
type average struct{ n, mean, square float64 }

// slowly is over how many values an average is taken.
const slowly = 200

func (a *average) add(x, over float64) {
	a.n = min(a.n+1, over)
	a.mean += (x - a.mean) / a.n
	a.square += (x*x - a.square) / a.n
}

// spread is the standard deviation, or a little where there is none.
func (a *average) spread() float64 { return max(0.02, math.Sqrt(max(0, a.square-a.mean*a.mean))) }

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
	spread := c.known.spread()
	margin = strangeMargin * max(0, (c.known.mean-spread-known)/spread)
	return margin, known < c.known.mean-4*spread
}

// thresholds are scores: what fewer than one wanted message in a thousand passes, what divides both kinds best, and what half of the wanted ones lie below.
type thresholds struct{ high, low, middle float64 }

// none lets nothing pass.
const none = 1e6

// shareHigh is the part of the wanted messages that an exponential tail has above the strict threshold. Their own is thinner, so that fewer are: a third of it
// (docs/effect/text.md).
const shareHigh = 0.001

// Scores of few messages say little, and where both kinds lie far apart neither does what lies between: no threshold is lower than what a plain reading of the odds asks
// for, and the strict one stays cautious until enough wanted messages are known.
const (
	enough   = 1000
	cautious = 1.5
)

func (c *calibration) thresholds() thresholds { return c.fitted }

// changed notes that an example was judged anew.
func (c *calibration) changed(examples []example) {
	if c.due--; c.due <= 0 {
		c.fit(examples)
		c.due = len(examples) / 4
	}
}

// fit finds the thresholds.
func (c *calibration) fit(examples []example) {
	var ham, spam []float64
	for i := range examples {
		switch e := &examples[i]; {
		case !e.judged || !e.counted:
		case e.spam:
			spam = append(spam, float64(e.held))
		default:
			ham = append(ham, float64(e.held))
		}
	}
	slices.Sort(ham)
	slices.Sort(spam)
	c.fitted = thresholds{high: none, low: none, middle: -none}
	if len(ham) < leastOfEach || len(spam) < leastOfEach {
		return
	}
	young := 1 - min(1, float64(len(ham))/enough)
	c.fitted.high = max(tail(ham), highest(ham), cautious*young)
	c.fitted.low = min(c.fitted.high, max(divide(ham, spam), 0))
	c.fitted.middle = ham[len(ham)/2]
}

// tail takes the highest scores of wanted messages for an exponential tail, which says more about the rarest than their few scores alone.
func tail(ham []float64) float64 {
	n := len(ham)
	m := max(5, n/20)
	at := ham[n-min(m, n)]
	excess := 0.0
	for _, s := range ham[n-min(m, n):] {
		excess += s - at
	}
	excess = max(excess/float64(m), 0.05)
	return at + excess*math.Log(float64(m)/float64(n)/shareHigh)
}

// highest is the score above which one in 300 lies, and one more: a few that stand far from all others make no such tail.
func highest(ham []float64) float64 { return ham[len(ham)-min(2+len(ham)/300, len(ham))] }

// divide returns the score that has the fewest on its wrong side; both lists are sorted.
func divide(ham, spam []float64) float64 {
	best, at := len(spam), ham[len(ham)-1]
	below := 0
	for i, s := range ham {
		for below < len(spam) && spam[below] <= s {
			below++
		}
		if wrong := len(ham) - 1 - i + below; wrong <= best {
			best, at = wrong, s
		}
	}
	next, _ := slices.BinarySearch(spam, at)
	if next < len(spam) && spam[next] > at {
		return (at + spam[next]) / 2
	}
	return at
}
