package effect

import (
	"math"
	"math/rand/v2"
)

// chance is the source of all that happens by accident to one actor: what another one draws changes nothing for it.
type chance struct{ *rand.Rand }

func newChance(seed uint64, actor Actor) chance {
	return chance{rand.New(rand.NewPCG(seed, 0x5EED<<8|uint64(actor)))}
}

// is true with a probability.
func (c chance) is(p float64) bool { return c.Float64() < p }

// lognormal has the given median; sigma is that of the logarithm.
func (c chance) lognormal(median, sigma float64) float64 {
	return median * math.Exp(sigma*c.NormFloat64())
}

// poisson is how often something happens that happens mean times on average.
func (c chance) poisson(mean float64) int {
	if mean > 50 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*c.NormFloat64())))
	}
	n, p, limit := 0, 1.0, math.Exp(-mean)
	for {
		if p *= c.Float64(); p <= limit {
			return n
		}
		n++
	}
}

// between is a number of a range, its ends included.
func (c chance) between(low, high int) int { return low + c.IntN(high-low+1) }

func pick[T any](c chance, all []T) T { return all[c.IntN(len(all))] }

// second and day are in milliseconds, the unit of time of a world.
const (
	second = 1000
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
)

// awake is a moment of a day at which people call: between 8 and 22 o'clock, most in the afternoon.
func (c chance) awake(d int) int64 {
	h := 8 + 14*(c.Float64()+c.Float64())/2
	return int64(d)*day + int64(h*hour)
}

// office is a moment of a day at which offices call: between 9 and 18 o'clock.
func (c chance) office(d int) int64 { return int64(d)*day + int64((9+9*c.Float64())*hour) }

// weekend tells whether a day is one: a world begins on a Monday.
func weekend(d int) bool { return d%7 >= 5 }
