package number

import (
	"sync/atomic"
	"time"

	"gatehouse.example/internal/state/register"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// comesBack is how long after one of our users has called out a call that shows his number may be that very call, sent on to us by a telephone
// elsewhere that its owner forwards: at once, or after it has rung in vain (3GPP TS 22.082: 5 to 30 s), once more if that is done twice.
// Whoever forwards keeps the caller's number, and few networks bring the one who forwards along (RFC 5806, RFC 7044).
const comesBack = 90 * time.Second

// callers are the numbers with which our users have called out lately: 8 KB. A number finds its place by its digits; a later one takes it, and the
// former is judged as ever. Beside the number are the time of the call and whether the one before was as late: a number that a whole office shows
// calls out at any time, and who borrows it to pass for the office may have waited for that.
type callers [1 << callersBits]atomic.Uint64

const (
	callersBits = 10
	timeBits    = 13 // of two seconds each, beside a number of at most 15 digits: 50 bits
	timeMask    = 1<<timeBits - 1
	busyBit     = 1 << timeBits
)

func (c *callers) place(n uint64) *atomic.Uint64 { return &c[n*0x9E3779B97F4A7C15>>(64-callersBits)] }

// note takes in a call of our user.
func (c *callers) note(a *screen.Attempt) {
	if a.Kind != verdict.Call || a.Probe {
		return
	}
	c.called(a.FromNumber, a.Time)
	if a.IdentityNumber != a.FromNumber {
		c.called(a.IdentityNumber, a.Time)
	}
}

func (c *callers) called(number string, now time.Time) {
	n, ok := register.Number(number)
	if !ok {
		return
	}
	place, next := c.place(n), n<<(timeBits+1)|ticks(now)
	if recent(place.Load(), n, now) {
		next |= busyBit
	}
	place.Store(next)
}

// calling tells whether the number's owner has called out once within comesBack.
func (c *callers) calling(number string, now time.Time) bool {
	n, ok := register.Number(number)
	if !ok {
		return false
	}
	entry := c.place(n).Load()
	return entry&busyBit == 0 && recent(entry, n, now)
}

func recent(entry, number uint64, now time.Time) bool {
	ago := (ticks(now) - entry) & timeMask
	return entry>>(timeBits+1) == number && ago <= uint64(comesBack/(2*time.Second))
}

func ticks(t time.Time) uint64 { return uint64(t.Unix()) / 2 & timeMask }
