package siptest

import (
	"net/netip"
	"time"
)

// The session descriptions: G.711 and telephone events, as phones offer them.
const (
	sdpStart = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\n" +
		"a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\na=label:-"
	sdpRest = "\r\n"
)

var sdpAnswer = []byte("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n")

// stamp reads the clock that receive stamps come from.
func stamp() int64 { return time.Now().UnixNano() }

func (l *Load) sendInvite(slot uint32, c *call) {
	if c.invited == 0 {
		c.invited = stamp()
	}
	s := l.uacs[c.socket]
	s.queue(l.appendInvite(s.buffer(), slot, c), l.cfg.Proxy)
}

func (l *Load) sendAck(slot uint32, c *call) {
	s := l.uacs[c.socket]
	s.queue(l.appendInDialog(s.buffer(), "ACK ", 'a', "1 ACK", stamp(), slot, c), c.hop)
}

func (l *Load) sendBye(slot uint32, c *call) {
	if c.left == 0 {
		c.left = stamp()
	}
	s := l.uacs[c.socket]
	s.queue(l.appendInDialog(s.buffer(), "BYE ", 'b', "2 BYE", c.left, slot, c), c.hop)
}

// sendRefusalAck acknowledges a final response other than 2xx: to where the
// INVITE went, with its branch. RFC 3261 §17.1.1.3.
func (l *Load) sendRefusalAck(m *message, c *call) {
	s := l.uacs[c.socket]
	b := append(s.buffer(), "ACK "...)
	b = l.appendCalleeURI(b, c)
	b = append(b, " SIP/2.0\r\n"...)
	b = l.appendVia(b, 'i', m.id.slot, c)
	b = l.appendFrom(b, m.id.slot, c)
	b = append(b, m.to...)
	b = append(b, "Call-ID: "...)
	b = appendCallID(b, m.id)
	b = append(b, "\r\nCSeq: 1 ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"...)
	s.queue(b, l.cfg.Proxy)
}

func (l *Load) appendInvite(b []byte, slot uint32, c *call) []byte {
	b = append(b, "INVITE "...)
	b = l.appendCalleeURI(b, c)
	b = append(b, " SIP/2.0\r\n"...)
	b = l.appendVia(b, 'i', slot, c)
	b = append(b, "Max-Forwards: 70\r\n"...)
	b = l.appendFrom(b, slot, c)
	b = append(b, "To: <"...)
	b = l.appendCalleeURI(b, c)
	b = append(b, ">\r\nCall-ID: "...)
	b = appendCallID(b, callID{l.run, slot, c.gen})
	b = append(b, "\r\nCSeq: 1 INVITE\r\nContact: <sip:"...)
	b = l.appendCaller(b, c)
	b = append(b, '@')
	b = appendAddrPort(b, l.uacs[c.socket].Local())
	b = append(b, ">\r\nUser-Agent: siptest-load\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\nSupported: replaces, timer\r\nX-Sent: "...)
	b = appendHex(b, uint64(c.invited), 16)
	if l.cfg.Identity != nil {
		b = append(b, "\r\nIdentity: "...)
		b = append(b, l.cfg.Identity(string(l.appendCaller(nil, c)), string(l.appendCallee(nil, c)))...)
	}
	b = append(b, "\r\nContent-Type: application/sdp\r\nContent-Length: "...)
	b = appendDecimal(b, uint64(len(sdpStart)+len(sdpRest)+max(l.pad, 0)), 3)
	b = append(b, "\r\n\r\n"+sdpStart...)
	for range l.pad {
		b = append(b, '-')
	}
	return append(b, sdpRest...)
}

// sameOffer says whether the body came through unchanged.
func (l *Load) sameOffer(body []byte) bool {
	n := len(sdpStart) + l.pad
	return len(body) == n+len(sdpRest) && string(body[:len(sdpStart)]) == sdpStart && string(body[n:]) == sdpRest
}

func (l *Load) appendInDialog(b []byte, method string, branch byte, cseq string, sent int64, slot uint32, c *call) []byte {
	b = append(b, method...)
	b = append(b, c.target...)
	b = append(b, " SIP/2.0\r\n"...)
	b = l.appendVia(b, branch, slot, c)
	b = append(b, c.routes...)
	b = append(b, "Max-Forwards: 70\r\n"...)
	b = l.appendFrom(b, slot, c)
	b = append(b, c.to...)
	b = append(b, "Call-ID: "...)
	b = appendCallID(b, callID{l.run, slot, c.gen})
	b = append(b, "\r\nCSeq: "...)
	b = append(b, cseq...)
	b = append(b, "\r\nX-Sent: "...)
	b = appendHex(b, uint64(sent), 16)
	return append(b, "\r\nContent-Length: 0\r\n\r\n"...)
}

func (l *Load) appendVia(b []byte, letter byte, slot uint32, c *call) []byte {
	b = append(b, "Via: SIP/2.0/UDP "...)
	b = appendAddrPort(b, l.uacs[c.socket].Local())
	b = append(b, ";rport;branch=z9hG4bK"...)
	b = append(b, letter)
	b = appendHex(b, uint64(l.run), 8)
	b = appendHex(b, uint64(slot), 8)
	b = appendHex(b, uint64(c.gen), 8)
	return append(b, "\r\n"...)
}

func (l *Load) appendFrom(b []byte, slot uint32, c *call) []byte {
	b = append(b, "From: \"Load\" <sip:"...)
	b = l.appendCaller(b, c)
	b = append(b, "@carrier.test>;tag=c"...)
	b = appendHex(b, uint64(slot), 8)
	b = appendHex(b, uint64(c.gen), 8)
	return append(b, "\r\n"...)
}

func (l *Load) appendCaller(b []byte, c *call) []byte {
	b = append(b, l.cfg.CallerPrefix...)
	return appendDecimal(b, uint64(c.number)%uint64(l.cfg.Numbers)*uint64(l.cfg.CallerStep), 7)
}

func (l *Load) appendCalleeURI(b []byte, c *call) []byte {
	b = append(b, "sip:"...)
	b = l.appendCallee(b, c)
	b = append(b, '@')
	return append(b, l.cfg.Domain...)
}

func (l *Load) appendCallee(b []byte, c *call) []byte {
	b = append(b, l.cfg.CalleePrefix...)
	return appendDecimal(b, uint64(c.number)%uint64(l.cfg.Numbers), 7)
}

func appendAddrPort(b []byte, a netip.AddrPort) []byte { return a.AppendTo(b) }

// appendResponse writes the callee's response to a request: RFC 3261 §8.2.6.2,
// with Record-Route copied as §12.1.1 wants.
func (l *Load) appendResponse(b []byte, m *message, status string, source netip.AddrPort) []byte {
	b = append(b, "SIP/2.0 "...)
	b = append(b, status...)
	b = append(b, "\r\n"...)
	for i, via := range m.vias[:m.nVias] {
		if i == 0 && hasRPort(via) {
			b = appendViaWithRPort(b, via, source)
			continue
		}
		b = append(b, via...)
	}
	for _, line := range m.records[:m.nRecord] {
		b = append(b, line...)
	}
	b = append(b, m.from...)
	if len(m.tag) == 0 {
		b = append(b, m.to[:len(m.to)-2]...)
		b = append(b, ";tag=u"...)
		b = appendHex(b, uint64(m.id.gen), 8)
		b = append(b, "\r\n"...)
	} else {
		b = append(b, m.to...)
	}
	b = append(b, m.callID...)
	b = append(b, m.cseq...)
	b = append(b, "Contact: <sip:callee@"...)
	b = appendAddrPort(b, l.uas.Local())
	b = append(b, ">\r\nX-Sent: "...)
	b = appendHex(b, uint64(stamp()), 16)
	if m.method == 'I' && status[0] == '2' {
		b = append(b, "\r\nContent-Type: application/sdp\r\nContent-Length: "...)
		b = appendDecimal(b, uint64(len(sdpAnswer)), 3)
		b = append(b, "\r\n\r\n"...)
		return append(b, sdpAnswer...)
	}
	return append(b, "\r\nContent-Length: 0\r\n\r\n"...)
}

// appendViaWithRPort fills in rport and received: RFC 3581 §4.
func appendViaWithRPort(b, via []byte, source netip.AddrPort) []byte {
	i := 0
	for string(via[i:i+6]) != ";rport" {
		i++
	}
	b = append(b, via[:i]...)
	b = append(b, ";received="...)
	b = source.Addr().AppendTo(b)
	b = append(b, ";rport="...)
	b = appendDecimal(b, uint64(source.Port()), 5)
	return append(b, via[i+6:]...)
}
