package siptest

import (
	"bytes"
	"net/netip"
	"time"
)

// atCaller handles datagram i of a caller's socket.
func (l *Load) atCaller(at, i int) {
	s := l.uacs[at]
	m := &l.msg
	if !m.parse(s.datagram(i)) || m.status == 0 {
		l.result.Strays++
		return
	}
	c := l.lookup(m.id)
	if c == nil || int(c.socket) != at {
		l.result.Strays++
		return
	}
	// RFC 3261 §8.1.3.3: a response with more than one Via is not for us.
	if m.nVias != 1 || !bytes.Contains(m.vias[0], []byte("branch=z9hG4bK")) {
		l.result.Mangled++
		return
	}
	l.measure(c, m, s.arrival(i), at, 1)
	switch {
	case m.method == 'B':
		l.byeResponse(m, c)
	case m.status < 200:
		l.provisional(m, c)
	case m.status < 300:
		l.success(m, c)
	default:
		l.refusal(m, c)
	}
}

// measure takes the time that a message took through the proxy and looks
// whether one that was sent later has overtaken it.
func (l *Load) measure(c *call, m *message, arrival int64, at, direction int) {
	if m.sent == 0 || c.retransmitted {
		return
	}
	if arrival == 0 {
		arrival = l.now
	}
	l.result.Delay[direction].Add(time.Duration(arrival - m.sent))
	if m.sent < l.order[at][direction] {
		l.result.Overtaken++
		return
	}
	l.order[at][direction] = m.sent
}

func (l *Load) provisional(m *message, c *call) {
	switch c.uac {
	case uacCalling:
		c.uac = uacRinging
	case uacTalking, uacLeaving:
		if m.status > 100 && !c.retransmitted {
			l.result.OutOfOrder++ // 180 behind 200
		}
	}
}

func (l *Load) success(m *message, c *call) {
	switch c.uac {
	case uacCalling, uacRinging:
		l.result.Setup.Add(time.Duration(l.now - c.invited))
		if !l.dialog(m, c) {
			l.result.Mangled++
			l.end(m.id.slot, c, false)
			return
		}
		if !bytes.Equal(m.body, sdpAnswer) {
			l.result.Mangled++
		}
		c.uac = uacTalking
		l.sendAck(m.id.slot, c)
		switch {
		case l.cfg.Mode == Hold:
		case l.cfg.HoldTime > 0:
			l.timers.set(l.now, l.cfg.HoldTime, timerHold, m.id.slot, c.gen)
		default:
			l.hangUp(m.id.slot, c)
		}
	case uacTalking, uacLeaving, uacDone:
		// RFC 3261 §13.2.2.4: each 200 is acknowledged.
		l.result.Duplicates++
		if len(c.target) > 0 {
			l.sendAck(m.id.slot, c)
		}
	}
}

func (l *Load) refusal(m *message, c *call) {
	l.sendRefusalAck(m, c)
	if c.uac != uacCalling && c.uac != uacRinging {
		l.result.Duplicates++
		return
	}
	l.result.Setup.Add(time.Duration(l.now - c.invited))
	l.result.Statuses[m.status]++
	l.end(m.id.slot, c, l.cfg.Mode == Blocked && m.status >= 400)
}

func (l *Load) byeResponse(m *message, c *call) {
	switch {
	case c.uac != uacLeaving:
		l.result.Duplicates++
	case m.status >= 300:
		l.result.Statuses[m.status]++
		l.end(m.id.slot, c, false)
	case m.status >= 200:
		l.end(m.id.slot, c, l.cfg.Mode != Blocked)
	}
}

func (l *Load) hangUp(slot uint32, c *call) {
	c.uac = uacLeaving
	c.tries = 0
	c.left = 0
	l.sendBye(slot, c)
	l.timers.set(l.now, l.t1, timerBye, slot, c.gen)
}

// dialog keeps what the 200 says about the way to the callee: the reversed
// Record-Route, and the Contact as the remote target. RFC 3261 §12.1.2,
// §12.2.1.1.
func (l *Load) dialog(m *message, c *call) bool {
	if len(m.tag) == 0 || m.contact == nil {
		return false
	}
	c.to = append(c.to[:0], m.to...)
	c.target = append(c.target[:0], m.contact...)
	var routes [maxLines][]byte
	n := 0
	for i := range m.nRecord {
		for uri, rest := bracketed(m.records[i]); uri != nil && n < maxLines; uri, rest = bracketed(rest) {
			routes[n] = uri
			n++
		}
	}
	c.routes = c.routes[:0]
	first := n - 1
	strict := n > 0 && !bytes.Contains(routes[first], []byte(";lr"))
	if strict { // The first route becomes the Request-URI, the target goes last.
		c.target = append(c.target[:0], routes[first]...)
		first--
	}
	for i := first; i >= 0; i-- {
		c.routes = appendRoute(c.routes, routes[i])
	}
	if strict {
		c.routes = appendRoute(c.routes, m.contact)
	}
	next := c.target
	if n > 0 {
		next = routes[n-1]
	}
	var ok bool
	c.hop, ok = hostPort(next)
	return ok
}

func appendRoute(dst, uri []byte) []byte {
	dst = append(dst, "Route: <"...)
	dst = append(dst, uri...)
	return append(dst, ">\r\n"...)
}

// hostPort reads the host and the port of a URI that holds an IPv4 address.
func hostPort(uri []byte) (netip.AddrPort, bool) {
	i := bytes.IndexByte(uri, ':')
	if i < 0 {
		return netip.AddrPort{}, false
	}
	host := uri[i+1:]
	if i = bytes.IndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	if i = bytes.IndexAny(host, ";?>"); i >= 0 {
		host = host[:i]
	}
	return parseAddrPort(host)
}

// parseAddrPort reads 127.0.0.1:5060; without a port it is 5060. netip would
// want a string, which costs an allocation.
func parseAddrPort(b []byte) (netip.AddrPort, bool) {
	var part [5]int // four octets and the port
	at, digits := 0, 0
	for _, c := range b {
		switch {
		case '0' <= c && c <= '9' && digits < 5:
			part[at] = part[at]*10 + int(c-'0')
			digits++
		case digits > 0 && (c == '.' && at < 3 || c == ':' && at == 3):
			at, digits = at+1, 0
		default:
			return netip.AddrPort{}, false
		}
	}
	if at < 3 || digits == 0 || max(part[0], part[1], part[2], part[3]) > 255 || part[4] > 65535 {
		return netip.AddrPort{}, false
	}
	if at == 3 {
		part[4] = 5060
	}
	addr := netip.AddrFrom4([4]byte{byte(part[0]), byte(part[1]), byte(part[2]), byte(part[3])})
	return netip.AddrPortFrom(addr, uint16(part[4])), true
}
