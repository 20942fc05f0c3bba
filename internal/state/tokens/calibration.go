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
}

// thresholds are scores: what about one wanted message in some thousand passes, what one in a hundred passes, and what half of them lie below.
type thresholds struct{ high, low, middle float64 }

// The shares of wanted messages above the thresholds, by the tail that is fitted. What is judged before it is learned is judged by a younger memory, so of
// new messages about a seventh of that share passes (measured: docs/effect/text.md).
const (
	shareHigh = 0.003
	shareLow  = 0.02
)

func (c *calibration) add(score float64, spam bool) {
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
