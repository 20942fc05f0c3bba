package txn

import "gatehouse.example/sip"

// appendAck builds the ACK for a final response other than 2xx from the INVITE
// that was sent and the response (RFC 3261 §17.1.1.3): the Request-URI, top
// Via, From, Call-ID, CSeq number and Route of the INVITE, the To of the
// response.
func (sh *Shard) appendAck(dst, invite []byte, resp *sip.Message) []byte {
	m := &sh.rebuilt
	if m.ParseEdited(invite) != nil {
		return dst // cannot be: we built it
	}
	dst = appendHead(dst, m, "ACK")
	dst = append(dst, "To: "...)
	dst = append(dst, resp.Text(resp.To().Span)...)
	return appendTail(dst, m, "ACK")
}

// appendCancel builds the CANCEL for an INVITE that was sent (RFC 3261 §9.1).
func (sh *Shard) appendCancel(dst, invite []byte, reason string) []byte {
	m := &sh.rebuilt
	if m.ParseEdited(invite) != nil {
		return dst // cannot be: we built it
	}
	dst = appendHead(dst, m, "CANCEL")
	dst = append(dst, "To: "...)
	dst = append(dst, m.Text(m.To().Span)...)
	if reason != "" {
		dst = append(append(dst, "\r\nReason: "...), reason...)
	}
	return appendTail(dst, m, "CANCEL")
}

// appendHead writes the start line, the one Via, and the Route fields.
func appendHead(dst []byte, m *sip.Message, method string) []byte {
	dst = append(dst, method...)
	dst = append(dst, ' ')
	dst = append(dst, m.RequestURI()...)
	dst = append(dst, " SIP/2.0\r\nVia: "...)
	dst = append(dst, m.Text(m.Via().Span)...)
	dst = append(dst, "\r\n"...)
	for _, f := range m.Fields() {
		if f.ID == sip.HeaderRoute {
			dst = append(dst, m.Text(f.Line)...)
		}
	}
	dst = append(dst, "From: "...)
	dst = append(dst, m.Text(m.From().Span)...)
	return append(dst, "\r\n"...)
}

func appendTail(dst []byte, m *sip.Message, method string) []byte {
	dst = append(dst, "\r\nCall-ID: "...)
	dst = append(dst, m.CallID()...)
	dst = append(dst, "\r\nCSeq: "...)
	dst = appendUint(dst, uint64(m.CSeq()))
	dst = append(dst, ' ')
	dst = append(dst, method...)
	// RFC 3261 §8.1.1.6: the ACK and CANCEL are requests of ours, one hop long.
	return append(dst, "\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"...)
}

func appendUint(dst []byte, v uint64) []byte {
	var buf [20]byte
	i := len(buf)
	for {
		i--
		buf[i] = byte('0' + v%10)
		if v /= 10; v == 0 {
			return append(dst, buf[i:]...)
		}
	}
}
