package siptest

import "net/netip"

type uacState uint8

const (
	uacIdle    uacState = iota
	uacCalling          // INVITE sent, nothing heard
	uacRinging          // a provisional response has come
	uacTalking          // 200 and ACK
	uacLeaving          // BYE sent
	uacDone             // over; late messages are still recognised
)

type uasState uint8

const (
	uasIdle     uasState = iota
	uasRinging           // 180 sent
	uasAnswered          // 200 sent, no ACK yet
	uasTalking           // ACK has come
	uasLeft              // BYE has come and was answered
)

// call is a slot of the call table, used again for later calls. Both sides keep
// their state in it, since both are ours.
type call struct {
	gen           uint32
	number        uint32 // which call of the run this is
	uac           uacState
	uas           uasState
	socket        uint8
	tries         uint8 // retransmissions of the UAC's request under way
	answers       uint8 // retransmissions of the 200
	retransmitted bool  // its stamps and its order no longer mean anything
	invited       int64 // stamp of the INVITE
	left          int64 // stamp of the BYE

	// The caller's dialog: RFC 3261 §12.1.2.
	to     []byte         // line of the 200
	routes []byte         // Route lines, ready to send
	target []byte         // Request-URI of requests in the dialog
	hop    netip.AddrPort // where they go

	// The callee's 200, as sent, and where it goes.
	answer   []byte
	stampAt  int
	answerTo netip.AddrPort
}

func (c *call) over() bool { return c.uac == uacIdle || c.uac == uacDone }

// take returns a free slot; the one that has been free the longest, so that
// late messages of old calls are recognised.
func (l *Load) take() uint32 {
	const linger = 4096
	if l.nFree < linger && len(l.calls) < linger || l.nFree == 0 {
		l.calls = append(l.calls, call{})
		return uint32(len(l.calls) - 1)
	}
	slot := l.free[l.head]
	l.head++
	l.nFree--
	if l.head > 1<<16 && l.head > len(l.free)/2 {
		l.free = append(l.free[:0], l.free[l.head:]...)
		l.head = 0
	}
	return slot
}

func (l *Load) release(slot uint32) {
	l.free = append(l.free, slot)
	l.nFree++
}

// lookup finds the call of a message; nil when it is none of this run.
func (l *Load) lookup(id callID) *call {
	if id.run != l.run || id.slot >= uint32(len(l.calls)) {
		return nil
	}
	c := &l.calls[id.slot]
	if c.gen != id.gen || c.uac == uacIdle {
		return nil
	}
	return c
}

// start makes call number n.
func (l *Load) start(n int) {
	if l.active() >= l.cfg.MaxCalls {
		if l.cfg.Mode != Hold {
			l.result.Skipped++
		}
		return
	}
	slot := l.take()
	c := &l.calls[slot]
	*c = call{
		gen: c.gen + 1, number: uint32(n), uac: uacCalling, socket: uint8(n % len(l.uacs)),
		to: c.to[:0], routes: c.routes[:0], target: c.target[:0], answer: c.answer[:0],
	}
	l.result.Started++
	l.sendInvite(slot, c)
	l.timers.set(l.now, l.t1, timerInvite, slot, c.gen)
}

// end closes the books on a call.
func (l *Load) end(slot uint32, c *call, completed bool) {
	c.uac = uacDone
	if completed {
		l.result.Completed++
		if c.uas == uasAnswered {
			l.result.LostACKs++
		}
	} else {
		l.result.Failed++
	}
	l.release(slot)
}

// timer does what a timer of a live call is for.
func (l *Load) timer(t timer, c *call) {
	switch t.kind {
	case timerInvite:
		if c.uac == uacCalling {
			l.again(t, c, l.sendInvite)
		}
	case timerBye:
		if c.uac == uacLeaving {
			l.again(t, c, l.sendBye)
		}
	case timerHold:
		if c.uac == uacTalking {
			l.hangUp(t.slot, c)
		}
	case timerAnswer:
		if c.uas == uasRinging {
			l.sendAnswer(t.slot, c)
		}
	case timerOK:
		if c.uas == uasAnswered {
			l.answerAgain(t, c)
		}
	}
}

// again retransmits a request: INVITE at doubling intervals, others up to T2,
// until Timer B or F. RFC 3261 §17.1.1.2, §17.1.2.2.
func (l *Load) again(t timer, c *call, send func(uint32, *call)) {
	first, limit := c.invited, timeout
	if t.kind == timerBye {
		first, limit = c.left, t2
	}
	if l.now-first >= int64(timeout) {
		l.result.Timeouts++
		l.end(t.slot, c, false)
		return
	}
	c.tries++
	c.retransmitted = true
	l.result.Retransmits++
	send(t.slot, c)
	l.timers.set(l.now, min(l.t1<<c.tries, limit), t.kind, t.slot, c.gen)
}

// hangUpHeld ends the calls in a range of slots that are held.
func (l *Load) hangUpHeld(from, to int) {
	for slot := from; slot < min(to, len(l.calls)); slot++ {
		if c := &l.calls[slot]; c.uac == uacTalking {
			l.hangUp(uint32(slot), c)
		}
	}
}

// finish counts the calls that have no end when the run is over.
func (l *Load) finish() {
	for slot := range l.calls {
		if c := &l.calls[slot]; !c.over() {
			l.result.Unfinished++
			l.end(uint32(slot), c, false)
		}
	}
}
