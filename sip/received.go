package sip

import (
	"net/netip"
	"strconv"

	"gatehouse.example/sip/uri"
)

// stamp is a splice that writes the true source of a request into its top Via.
type stamp struct {
	at     Span
	prefix string
	addr   netip.Addr // valid: write it
	port   uint16     // otherwise: write this
}

func (s *stamp) appendText(dst []byte) []byte {
	dst = append(dst, s.prefix...)
	if s.addr.IsValid() {
		return s.addr.AppendTo(dst) // RFC 5118 §4.5: without brackets
	}
	return strconv.AppendUint(dst, uint64(s.port), 10)
}

// stamps returns the splices for a source in the order of their place. RFC 3261 §18.2.1: received is added when the
// sent-by is a name or another address; RFC 3581 §4: with an rport, both are always filled in. A received that the sender
// wrote himself is never believed.
func (v *Via) stamps(source netip.AddrPort) (s [2]stamp, n int) {
	if !source.IsValid() {
		return s, 0
	}
	addr := source.Addr().Unmap().WithZone("")
	host, ok := uri.ParseHost(v.Host)
	if v.Received != nil {
		s[n] = stamp{at: v.received, addr: addr}
		n++
	} else if !ok || host != addr || v.RPort >= 0 {
		s[n] = stamp{at: Span{v.good, v.good}, prefix: ";received=", addr: addr}
		n++
	}
	if v.RPort >= 0 {
		s[n] = stamp{at: v.rport, port: source.Port()}
		if v.bareName {
			s[n].prefix = "="
		}
		n++
	}
	if n == 2 && s[1].at.Start <= s[0].at.Start {
		s[0], s[1] = s[1], s[0]
	}
	return s, n
}

// AppendReceived adds to e the splices that note the source of m, a request, in its top Via: received and rport.
func AppendReceived(e *Edit, m *Message, source netip.AddrPort) {
	s, n := m.via.stamps(source)
	for i := range s[:n] {
		at := uint32(len(e.text))
		e.text = s[i].appendText(e.text)
		e.ops = append(e.ops, splice{s[i].at.Start, s[i].at.End, at, uint32(len(e.text))})
	}
}
