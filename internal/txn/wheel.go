package txn

// tickShift makes a tick of 2^26 ns, about 67 ms: fine enough for T1 = 500 ms,
// coarse enough that an idle server hardly wakes.
const (
	tickShift  = 26
	wheelSlots = 512 // 34 s: nearly every timer is met in its first turn
)

// expirer is what a timer wakes.
type expirer interface {
	expire(now int64, out Sender)
}

// timer is an entry of a wheel, embedded in the object that it wakes. One per
// object: an object with several deadlines arms its earliest one.
type timer struct {
	next, prev *timer
	due        int64
	owner      expirer
}

func (t *timer) armed() bool { return t.next != nil }

// wheel is a hashed timer wheel: setting and stopping are O(1), and a timer
// that lies more than one turn ahead is simply met again.
type wheel struct {
	slots [wheelSlots]timer // list heads
	due   timer             // list head of what fires now
	tick  int64             // the last tick that was processed
	count int
}

func (w *wheel) init(now int64) {
	for i := range w.slots {
		h := &w.slots[i]
		h.next, h.prev = h, h
	}
	w.due.next, w.due.prev = &w.due, &w.due
	w.tick = now >> tickShift
}

// set arms t for the time due, in unix nanoseconds; an armed timer moves.
func (w *wheel) set(t *timer, due int64) {
	w.stop(t)
	t.due = due
	// A timer fires at the first tick that begins at or after its time.
	at := max((due+(1<<tickShift)-1)>>tickShift, w.tick+1)
	h := &w.slots[at&(wheelSlots-1)]
	t.next, t.prev = h, h.prev
	h.prev.next = t
	h.prev = t
	w.count++
}

func (w *wheel) stop(t *timer) {
	if t.next == nil {
		return
	}
	t.prev.next, t.next.prev = t.next, t.prev
	t.next, t.prev = nil, nil
	w.count--
}

// advance fires every timer that is due at now.
func (w *wheel) advance(now int64, out Sender) {
	last := now >> tickShift
	if last-w.tick > wheelSlots {
		// The clock jumped: one full turn meets every timer.
		w.tick = last - wheelSlots
	}
	for w.tick < last {
		w.tick++
		w.fire(&w.slots[w.tick&(wheelSlots-1)], now, out)
	}
}

// fire wakes the due timers of one slot. They are moved to a list of their own
// first, since a callback may arm or stop any timer, also of this slot.
func (w *wheel) fire(h *timer, now int64, out Sender) {
	due := &w.due
	for t := h.next; t != h; {
		next := t.next
		if t.due <= now {
			t.prev.next, t.next.prev = t.next, t.prev
			t.next, t.prev = due, due.prev
			due.prev.next = t
			due.prev = t
		}
		t = next
	}
	for due.next != due {
		t := due.next
		w.stop(t)
		t.owner.expire(now, out)
	}
}
