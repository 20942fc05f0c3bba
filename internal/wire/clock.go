package wire

import "time"

// Clock tells the time in Unix nanoseconds, read once from the wall clock and
// carried on by the monotonic one: when somebody sets the wall clock, timers,
// limits and transactions neither stand still nor all expire at once.
type Clock struct{ start time.Time }

// NewClock starts a clock.
func NewClock() Clock { return Clock{time.Now()} }

// Now returns the time.
func (c Clock) Now() int64 { return c.at(time.Now()) }

func (c Clock) at(t time.Time) int64 { return c.start.UnixNano() + int64(t.Sub(c.start)) }
