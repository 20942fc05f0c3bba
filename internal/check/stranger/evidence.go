package stranger

import (
	"math"
	"strconv"

	"gatehouse.example/internal/state/newcomers"
)

// likely says in words how many strangers of a kind are not wanted.
func (c *Check) likely(odds float64) string {
	percent := int(100/(1+math.Exp(-odds)) + 0.5)
	return c.shares[min(max(percent, 1), 99)]
}

// shares are the words for each percentage, made once: nothing is allocated for a stranger.
func shares() (all [100]string) {
	for i := range all {
		all[i] = "of strangers like this one " + strconv.Itoa(i) + " in 100 are not wanted"
	}
	return all
}

func many(s *newcomers.Standing) string {
	return "has tried about " + strconv.Itoa(s.Callees) + " users who have nothing to do with it, and by what became of it is not wanted"
}

func rush(s *newcomers.Standing) string {
	n := strconv.Itoa(s.Rush)
	if s.Rush > fullOfFriend {
		n += " or more"
	}
	n = "has tried " + n + " users within the hour who have nothing to do with it"
	if s.Again > 0 {
		n += ", and the same or friends about " + strconv.Itoa(s.Again) + " times more"
	}
	return n
}

func bursts(s *newcomers.Standing) string {
	if s.Burst == newcomers.BurstHeeded {
		return "tries strangers faster than anybody dials, and those whom it has reached listen"
	}
	return "tries strangers faster than anybody dials, and this one is not suspected for it, to tell how they take it"
}

func record(s *newcomers.Standing) string {
	return "has reached about " + strconv.Itoa(s.Reached) + " users, and what became of it speaks for it"
}
