package siptest

import "time"

// timerKind says what a timer does when it fires.
type timerKind uint8

const (
	timerInvite timerKind = iota // UAC: retransmit INVITE, RFC 3261 §17.1.1.2
	timerBye                     // UAC: retransmit BYE, RFC 3261 §17.1.2.2
	timerAnswer                  // UAS: send the 200 after ringing
	timerOK                      // UAS: retransmit the 200, RFC 3261 §13.3.1.4
	timerHold                    // UAC: hang up
	timerGiveUp                  // the call has taken too long
)

// timer belongs to one use of one call slot; it is void when the slot has
// another generation by then.
type timer struct {
	due  int64
	slot uint32
	gen  uint32
	kind timerKind
}

// queue holds timers of one duration: they fire in the order in which they were
// set, so a ring serves and no timer needs to be cancelled.
type queue struct {
	after time.Duration
	ring  []timer // its length is a power of two
	head  uint
	tail  uint
}

func (q *queue) add(t timer) {
	if q.tail-q.head == uint(len(q.ring)) {
		ring := make([]timer, max(1024, 2*len(q.ring)))
		for i := q.head; i != q.tail; i++ {
			ring[i&uint(len(ring)-1)] = q.ring[i&uint(len(q.ring)-1)]
		}
		q.ring = ring
	}
	q.ring[q.tail&uint(len(q.ring)-1)] = t
	q.tail++
}

// take returns the next timer that is due.
func (q *queue) take(now int64) (timer, bool) {
	if q.head == q.tail {
		return timer{}, false
	}
	t := q.ring[q.head&uint(len(q.ring)-1)]
	if t.due > now {
		return timer{}, false
	}
	q.head++
	return t, true
}

// next returns when the next timer is due.
func (q *queue) next() (due int64, ok bool) {
	if q.head == q.tail {
		return 0, false
	}
	return q.ring[q.head&uint(len(q.ring)-1)].due, true
}

// timers has a queue for each duration in use. There are about ten.
type timers struct{ queues []queue }

func (t *timers) set(now int64, after time.Duration, kind timerKind, slot, gen uint32) {
	e := timer{due: now + int64(after), slot: slot, gen: gen, kind: kind}
	for i := range t.queues {
		if t.queues[i].after == after {
			t.queues[i].add(e)
			return
		}
	}
	t.queues = append(t.queues, queue{after: after})
	t.queues[len(t.queues)-1].add(e)
}

// next returns when the first timer is due; limit when none is before that.
func (t *timers) next(limit int64) int64 {
	for i := range t.queues {
		if due, ok := t.queues[i].next(); ok && due < limit {
			limit = due
		}
	}
	return limit
}
