package proxy

import "gatehouse.example/sip"

const version = "SIP/2.0"

// complete adds what the next hop needs and the message came without. Over a stream that is Content-Length (RFC 3261 §16.6
// step 10, §18.3): a datagram ends its body, a stream would read that body as the next message, unscreened and from us.
// A status line that ends with its code gets the space that the grammar wants there (§25.1), and a version in lower case is
// written in upper case (§7.1).
func complete(m *sip.Message, e *sip.Edit, t sip.Transport) {
	end := m.Fields()[0].Line.Start - 2
	v := sip.Span{Start: 0, End: uint32(len(version))}
	if m.IsRequest() {
		v = sip.Span{Start: end - v.End, End: end}
	} else if m.Text(sip.Span{Start: end - 1, End: end})[0] != ' ' && len(m.Reason()) == 0 {
		e.Insert(end, []byte{' '})
	}
	if string(m.Text(v)) != version {
		e.Replace(v, []byte(version))
	}
	if !t.Reliable() || m.Has(sip.HeaderContentLength) {
		return
	}
	var buf [40]byte
	line := append(buf[:0], "Content-Length: "...)
	line = appendInt(line, m.BodySpan().Len())
	e.Insert(m.HeadersEnd(), append(line, "\r\n"...))
}
