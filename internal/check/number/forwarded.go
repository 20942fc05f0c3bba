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

// callers are the numbers with which our users have called out lately, with the second of the call in the lower bits: 8 KB. A number finds its place
// by its digits; a later one takes it, and the former is judged as ever.
type callers [1 << callersBits]atomic.Uint64

const (
	callersBits = 10
	secondBits  = 14 // a number has at most 15 digits: 50 bits
	secondMask  = 1<<secondBits - 1
)

func (c *callers) place(n uint64) *atomic.Uint64 { return &c[n*0x9E3779B97F4A7C15>>(64-callersBits)] }

// note takes in a call of our user.
func (c *callers) note(a *screen.Attempt) {
	if a.Kind != verdict.Call || a.Probe {
		return
	}
	second := uint64(a.Time.Unix()) & secondMask
	for _, number := range [...]string{a.FromNumber, a.IdentityNumber} {
		if n, ok := register.Number(number); ok {
			c.place(n).Store(n<<secondBits | second)
		}
	}
}

// calling tells whether the number's owner has called out lately.
func (c *callers) calling(number string, now time.Time) bool {
	n, ok := register.Number(number)
	if !ok {
		return false
	}
	entry := c.place(n).Load()
	ago := (uint64(now.Unix()) - entry) & secondMask
	return entry>>secondBits == n && ago <= uint64(comesBack/time.Second)
}
