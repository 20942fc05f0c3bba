package newcomers

import "time"

// Came says how an attempt went that came through.
type Came struct {
	// Answered and Talk are how the callee took it; Introduced tells that the caller had to pass a test, Labelled that the callee was warned of it. Began is when the
	// attempt was made.
	Answered, Introduced, Labelled bool
	Talk                           time.Duration
	Began                          time.Time
	// Declared tells that the caller is one that is declared as a machine: many are not at home whom it calls, and that says nothing about it.
	Declared bool
	// Judged is false for what is no call: a message that arrives is always accepted.
	Judged bool
}

// lean is what that says about the caller.
func (h *Came) lean() float64 {
	switch {
	case !h.Answered && h.Declared:
		return 0
	case !h.Answered && h.Labelled:
		return leanMissedLabelled
	case !h.Answered:
		return leanMissed
	case h.Talk < talkShort && h.Declared:
		return leanShort // to have been answered is no merit where not to be is no fault
	case h.Talk < talkShort:
		return leanAnswered + leanShort
	case h.Talk >= talkLong:
		return leanAnswered + leanListened + leanTalked
	case h.Talk >= talkListened:
		return leanAnswered + leanListened
	}
	return leanAnswered
}

// tells is what how somebody took a call says about a burst of them.
func (h *Came) tells() float32 {
	switch {
	case !h.Answered && h.Declared:
		return 0
	case !h.Answered:
		return tellsMissed
	case h.Talk < talkShort:
		return tellsHungUp
	case h.Talk >= talkListened:
		return tellsListened
	}
	return 0
}
