package siptest

import (
	"bytes"
	"net/netip"
)

// atCallee handles datagram i of the callee's socket.
func (l *Load) atCallee(i int) {
	m := &l.msg
	if !m.parse(l.uas.datagram(i)) || m.status != 0 {
		l.result.Strays++
		return
	}
	c := l.lookup(m.id)
	if c == nil {
		l.result.Strays++
		if m.method == 'B' { // RFC 3261 §15.1.2; it lets the proxy rest.
			l.uas.queue(l.appendResponse(l.uas.buffer(), m, "481 Call/Transaction Does Not Exist", l.uas.source(i)), l.replyTo(m, l.uas.source(i)))
		}
		return
	}
	l.measure(c, m, l.uas.arrival(i), int(c.socket), 0)
	switch m.method {
	case 'I':
		l.invited(m, c, l.uas.source(i))
	case 'A':
		l.acknowledged(c)
	case 'B':
		l.left(m, c, l.uas.source(i))
	default:
		l.result.Strays++
	}
}

func (l *Load) invited(m *message, c *call, source netip.AddrPort) {
	if c.uas != uasIdle {
		l.result.Duplicates++
		if c.uas == uasAnswered { // RFC 3261 §17.2.1: what was sent last is sent again.
			l.uas.queue(append(l.uas.buffer(), c.answer...), c.answerTo)
		}
		return
	}
	if !l.sameOffer(m.body) {
		l.result.Mangled++
	}
	c.uas = uasRinging
	c.answerTo = l.replyTo(m, source)
	l.uas.queue(l.appendResponse(l.uas.buffer(), m, "180 Ringing", source), c.answerTo)
	c.answer = l.appendResponse(c.answer[:0], m, "200 OK", source)
	c.stampAt = bytes.LastIndex(c.answer, []byte("X-Sent: ")) + len("X-Sent: ")
	if l.cfg.Ring > 0 {
		l.timers.set(l.now, l.cfg.Ring, timerAnswer, m.id.slot, c.gen)
		return
	}
	l.sendAnswer(m.id.slot, c)
}

// sendAnswer sends the 200 and goes on until the ACK comes. RFC 3261 §13.3.1.4.
func (l *Load) sendAnswer(slot uint32, c *call) {
	c.uas = uasAnswered
	appendHex(c.answer[c.stampAt:c.stampAt], uint64(stamp()), 16)
	l.uas.queue(append(l.uas.buffer(), c.answer...), c.answerTo)
	l.timers.set(l.now, l.t1, timerOK, slot, c.gen)
}

func (l *Load) answerAgain(t timer, c *call) {
	if c.answers++; c.answers > 10 { // 64*T1 have passed
		return
	}
	c.retransmitted = true
	l.result.Retransmits++
	l.uas.queue(append(l.uas.buffer(), c.answer...), c.answerTo)
	l.timers.set(l.now, min(l.t1<<c.answers, t2), timerOK, t.slot, c.gen)
}

func (l *Load) acknowledged(c *call) {
	switch c.uas {
	case uasAnswered:
		c.uas = uasTalking
	case uasLeft:
		if !c.retransmitted {
			l.result.OutOfOrder++ // ACK behind BYE
		}
	default:
		l.result.Duplicates++
	}
}

func (l *Load) left(m *message, c *call, source netip.AddrPort) {
	if c.uas == uasLeft {
		l.result.Duplicates++
	}
	c.uas = uasLeft
	l.uas.queue(l.appendResponse(l.uas.buffer(), m, "200 OK", source), l.replyTo(m, source))
}

// replyTo is where a response goes: RFC 3581 §4 with rport, else sent-by.
func (l *Load) replyTo(m *message, source netip.AddrPort) netip.AddrPort {
	if hasRPort(m.vias[0]) {
		return source
	}
	i := bytes.Index(m.vias[0], []byte("UDP "))
	if i < 0 {
		return source
	}
	sentBy := m.vias[0][i+4:]
	if i = bytes.IndexAny(sentBy, "; ,\r"); i >= 0 {
		sentBy = sentBy[:i]
	}
	if to, ok := parseAddrPort(sentBy); ok {
		return to
	}
	return source
}

// hasRPort says whether a Via asks for rport to be filled in.
func hasRPort(via []byte) bool {
	i := bytes.Index(via, []byte(";rport"))
	return i >= 0 && i+6 < len(via) && via[i+6] != '='
}
