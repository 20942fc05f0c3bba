package wire

import "gatehouse.example/sip"

// Outbox collects messages in order and sends them in batches. It belongs to
// one goroutine.
//
// Order is kept per UDP listener and per connection, which is more than any flow needs. And no request leaves before a response that was
// queued before it: the answer to an INVITE that is passed on must not get past our 100, which goes another way (RFC 3261 §17.2.1).
type Outbox struct {
	net       *Net
	arena     []byte
	msgs      []outMessage
	lanes     []lane // what msgs names, in the order of sending
	batch     *sendBatch
	from      [batchSize]int32 // batch slot → msgs
	failures  []failure
	reporting bool
}

// lane is a UDP listener, or all streams.
type lane struct {
	via       *udpListener // nil: the streams
	responses bool         // there are some in it
}

type outMessage struct {
	to       Dest
	via      *udpListener // nil: a stream
	token    uint64
	off, end int
}

// failure is a SendFailed that has yet to be told.
type failure struct {
	flow  Flow
	token uint64
	head  []byte
	err   error
}

const (
	// flushAt sends early what a large batch has gathered, so that an Outbox
	// stays small whatever is put into it.
	flushAt     = 128 << 10
	headLength  = 512
	maxFailures = 1024
)

// Outbox makes an Outbox for a goroutine that is not wire's: timers, workers.
func (n *Net) Outbox() *Outbox {
	return &Outbox{net: n, batch: newSendBatch()}
}

// Send queues a copy of msg. token comes back in Handler.SendFailed.
func (o *Outbox) Send(to Dest, token uint64, msg []byte) {
	m := outMessage{to: to, token: token}
	if to.Transport == sip.UDP {
		m.via = o.net.udpFor(&m.to.Flow)
		if m.via == nil {
			o.fail(to.Flow, token, msg, ErrNoSocket)
			return
		}
	}
	o.use(m.via, len(msg) > 8 && string(msg[:8]) == "SIP/2.0 ")
	m.off = len(o.arena)
	o.arena = append(o.arena, msg...)
	m.end = len(o.arena)
	o.msgs = append(o.msgs, m)
	if len(o.arena) >= flushAt {
		o.transmit()
	}
}

// use makes sure that there is a lane, and sends what is queued where a request in
// it would leave before a response in a later one.
func (o *Outbox) use(via *udpListener, response bool) {
	found := -1
	for i := range o.lanes {
		l := &o.lanes[i]
		if l.via == via {
			found = i
			l.responses = l.responses || response
		} else if found >= 0 && !response && l.responses {
			o.transmit()
			found = -1
			break
		}
	}
	if found < 0 {
		o.lanes = append(o.lanes, lane{via, response})
	}
}

// Flush sends what was queued. Handler.SendFailed may be called from it, so the
// caller holds no lock that SendFailed takes.
func (o *Outbox) Flush() {
	o.transmit()
	if !o.reporting {
		o.report()
	}
}

// transmit sends and calls nobody back.
func (o *Outbox) transmit() {
	if len(o.msgs) == 0 {
		return
	}
	for _, l := range o.lanes {
		if l.via != nil {
			o.transmitUDP(l.via)
		} else {
			o.queueStreams()
		}
	}
	clear(o.msgs)
	o.msgs, o.arena, o.lanes = o.msgs[:0], o.arena[:0], o.lanes[:0]
	if cap(o.arena) > 4*flushAt {
		o.arena = nil
	}
}

func (o *Outbox) transmitUDP(l *udpListener) {
	b := o.batch
	for i := range o.msgs {
		m := &o.msgs[i]
		if m.via != l {
			continue
		}
		o.put(m)
		o.from[b.n] = int32(i)
		if b.n++; b.n == batchSize {
			l.transmit(o)
			b.n = 0
		}
	}
	if b.n > 0 {
		l.transmit(o)
		b.n = 0
	}
}

// put describes m in the next slot of the batch.
func (o *Outbox) put(m *outMessage) {
	b := o.batch
	h := &b.hdrs[b.n].Hdr
	h.Namelen = putAddrPort(&b.names[b.n], m.to.Remote)
	if m.end > m.off {
		b.iovs[b.n].Base = &o.arena[m.off]
	}
	b.iovs[b.n].SetLen(m.end - m.off)
	h.Control = nil
	h.SetControllen(0)
	if m.to.Local == 0 {
		return
	}
	if a, ok := m.via.locals.addr(m.to.Local); ok {
		h.Control = &b.control[b.n][0]
		h.SetControllen(putPacketInfo(&b.control[b.n], a))
	}
}

func (o *Outbox) queueStreams() {
	for i := range o.msgs {
		m := &o.msgs[i]
		if m.via != nil {
			continue
		}
		msg := o.arena[m.off:m.end]
		if err := o.net.conns.send(&m.to, m.token, msg); err != nil {
			o.fail(m.to.Flow, m.token, msg, err)
		}
	}
}

// failed notes that the message in a batch slot was not sent.
func (o *Outbox) failed(slot int, err error) {
	m := &o.msgs[o.from[slot]]
	o.fail(m.to.Flow, m.token, o.arena[m.off:m.end], err)
}

func (o *Outbox) fail(f Flow, token uint64, msg []byte, err error) {
	if len(o.failures) >= maxFailures {
		return
	}
	head := append([]byte(nil), msg[:min(len(msg), headLength)]...)
	o.failures = append(o.failures, failure{f, token, head, err})
}

// report tells the handler of failures. It may send on this very Outbox, so the
// list can grow meanwhile.
func (o *Outbox) report() {
	o.reporting = true
	for _, l := range o.net.udp {
		if l != nil && l.icmp.Load() {
			l.sending.RLock()
			if !l.closed {
				l.readErrors(l.fd, o)
			}
			l.sending.RUnlock()
		}
	}
	for i := 0; i < len(o.failures); i++ {
		f := o.failures[i]
		o.net.handler.SendFailed(f.flow, f.token, f.head, f.err)
	}
	clear(o.failures)
	o.failures = o.failures[:0]
	o.reporting = false
}
