package sip

import "bytes"

// Parse reads one whole message: a datagram, or what Frame has cut from a stream. It keeps b, which must stay as it is
// until the next Parse. Octets after Content-Length are cut (RFC 3261 §18.3), too few of them are an error.
//
// After a nil error these hold: the start line is valid; From, To, Call-ID and CSeq are there once and valid, with the
// method of the request in CSeq; there is a Via and the top one is valid; the addresses in a request's Contact and Route
// fields are valid; Max-Forwards and Content-Length are numbers; no header that decides anything is there twice; the
// limits are kept; no line of the header section holds a bare CR, a bare LF, or a NUL outside a quoted pair.
//
// An error is a *ParseError that belongs to the message and is overwritten by the next Parse. CanRespond then says
// whether enough could be read for AppendResponse.
func (m *Message) Parse(b []byte) error { return m.parse(b, 1) }

// ParseEdited is Parse for what an [Edit] has made of a message that Parse has taken: the limits are twice as wide, so that
// what an element adds to a message at its limit does not keep that element from reading it once more.
func (m *Message) ParseEdited(b []byte) error { return m.parse(b, 2) }

// parse reads a message within so many times the limits.
func (m *Message) parse(b []byte, times int) error {
	m.times = times
	for len(b) >= 2 && b[0] == '\r' && b[1] == '\n' {
		b = b[2:] // RFC 3261 §7.5
	}
	m.reset(b)
	if len(b) == 0 {
		return m.fault(0, 0, "no message")
	}
	if len(b) > times*MaxMessage {
		return m.fault(MaxMessage, 513, "message too large")
	}
	pos, err := m.startLine()
	if err != nil {
		return err
	}
	if err := m.scan(pos); err != nil {
		return err
	}
	if err := m.frame(); err != nil {
		return err
	}
	if err := m.required(); err != nil {
		return err
	}
	if m.request {
		if err := m.checkRequest(); err != nil {
			return err
		}
	}
	m.canRespond = m.request && m.method != ACK
	return nil
}

func (m *Message) reset(b []byte) {
	m.buf = b
	m.fields = m.fields[:0]
	clear(m.first[:])
	m.request, m.canRespond, m.folded = false, false, false
	m.method, m.status, m.maxForward, m.cseq = UnknownMethod, 0, -1, 0
	m.name, m.target, m.callID, m.section = Span{}, Span{}, Span{}, 0
}

// fault notes an error and reads what an answer to it needs. A faulty response is dropped.
func (m *Message) fault(offset, status int, reason string) error {
	m.err = ParseError{Offset: offset, Status: status, Reason: reason}
	m.salvage()
	if !m.request {
		m.err.Status = 0
	}
	return &m.err
}

func (m *Message) faultAt(s Span, reason string) error { return m.fault(int(s.Start), 400, reason) }

// scan reads the header fields.
func (m *Message) scan(pos int) error {
	s := scanner{b: m.buf, pos: pos, lines: 1}
	if pos < len(m.buf) && (m.buf[pos] == ' ' || m.buf[pos] == '\t') {
		return m.fault(pos, 400, "folded start line")
	}
	for !s.atEmptyLine() {
		if len(m.fields) == m.times*MaxHeaders {
			return m.fault(s.pos, 513, "too many header fields")
		}
		m.fields = append(m.fields, Field{})
		f := &m.fields[len(m.fields)-1]
		if fault := s.field(f); fault != scanned {
			return m.fault(s.pos, 400, fault)
		}
		if f.Line.Len() > m.times*MaxHeaderLen {
			return m.fault(int(f.Line.Start), 513, "header field too long")
		}
		if m.first[f.ID] == 0 {
			m.first[f.ID] = uint16(len(m.fields))
		} else if headerKinds[f.ID]&single != 0 {
			return m.faultAt(f.Line, "header field appears twice")
		}
	}
	if s.pos > m.times*MaxHeaderSection {
		return m.fault(MaxHeaderSection, 513, "header section too large")
	}
	m.section = uint32(s.pos)
	m.folded = s.lines != 1+len(m.fields)
	return m.checkOctets(s.lines)
}

// checkOctets refuses a bare CR (there are more of them than line ends) and a NUL that no backslash precedes: RFC 3261
// §25.1 lets a quoted-pair hold one.
func (m *Message) checkOctets(lines int) error {
	section := m.buf[:m.section]
	if bytes.Count(section, []byte{'\r'}) != lines {
		return m.fault(0, 400, "carriage return without line feed")
	}
	for at, next := 0, 0; ; at = next {
		n := bytes.IndexByte(section[at:], 0)
		if n < 0 {
			return nil
		}
		if next = at + n + 1; section[next-2] != '\\' {
			return m.fault(next-1, 400, "NUL in header section")
		}
	}
}

func indexLF(b []byte) int { return bytes.IndexByte(b, '\n') }

// maxContentLength is the largest Content-Length that is read as a number.
const maxContentLength = 1 << 30

// frame finds the end of the body. RFC 3261 §18.3: without Content-Length it ends with the datagram.
func (m *Message) frame() error {
	body := int(m.section) + 2
	i := m.first[HeaderContentLength]
	if i == 0 {
		return nil
	}
	value := m.fields[i-1].Value
	n, ok := number(m.Text(value), maxContentLength)
	switch {
	case !ok:
		return m.faultAt(value, "malformed Content-Length")
	case body+int(n) > m.times*MaxMessage:
		return m.fault(int(value.Start), 513, "message too large")
	case int(n) > len(m.buf)-body:
		return m.faultAt(value, "body shorter than Content-Length")
	}
	m.buf = m.buf[:body+int(n)]
	return nil
}

// required checks the fields that every message must have. RFC 3261 §8.1.1, §16.3.
func (m *Message) required() error {
	if err := m.parseVia(); err != nil {
		return err
	}
	if err := m.parseFromTo(); err != nil {
		return err
	}
	i := m.first[HeaderCallID]
	if i == 0 {
		return m.fault(int(m.section), 400, "no Call-ID")
	}
	m.callID = m.fields[i-1].Value
	if id := m.CallID(); len(id) == 0 || skip(id, 0, isWord) != len(id) {
		return m.faultAt(m.callID, "malformed Call-ID")
	}
	if err := m.parseCSeq(); err != nil {
		return err
	}
	return m.parseMaxForwards()
}

func (m *Message) parseVia() error {
	i := m.first[HeaderVia]
	if i == 0 {
		return m.fault(int(m.section), 400, "no Via")
	}
	value := m.fields[i-1].Value
	if !m.via.parse(m.Text(value), value.Start) {
		return m.faultAt(value, "malformed Via")
	}
	if !m.via.isSIP2() {
		return m.faultAt(value, "protocol in Via is not SIP/2.0")
	}
	// RFC 3261 §8.1.1.7, RFC 4475 §3.2.1: the cookie alone identifies nothing.
	if m.request && len(m.via.Branch) == len(BranchCookie) && HasCookie(m.via.Branch) {
		return m.faultAt(value, "empty branch in Via")
	}
	return nil
}

func (m *Message) parseFromTo() error {
	i, j := m.first[HeaderFrom], m.first[HeaderTo]
	if i == 0 {
		return m.fault(int(m.section), 400, "no From")
	}
	if j == 0 {
		return m.fault(int(m.section), 400, "no To")
	}
	from, to := m.fields[i-1].Value, m.fields[j-1].Value
	if !m.from.parse(m.Text(from), from.Start) || m.fromURI.Parse(m.from.URI) != nil {
		return m.faultAt(from, "malformed From")
	}
	if !m.to.parse(m.Text(to), to.Start) || m.toURI.Parse(m.to.URI) != nil {
		return m.faultAt(to, "malformed To")
	}
	return nil
}

// parseCSeq reads the number and the method. RFC 3261 §20.16: 32 bits, though §8.1.1.5 starts a dialog below 2**31.
func (m *Message) parseCSeq() error {
	i := m.first[HeaderCSeq]
	if i == 0 {
		return m.fault(int(m.section), 400, "no CSeq")
	}
	value := m.fields[i-1].Value
	b := m.Text(value)
	digits := skip(b, 0, isDigit)
	n, ok := number(b[:digits], 1<<32-1)
	start := skipLWS(b, digits)
	if !ok || start == digits || skip(b, start, isToken) != len(b) || start == len(b) {
		return m.faultAt(value, "malformed CSeq")
	}
	m.cseq = uint32(n)
	if !m.request {
		m.name = Span{value.Start + uint32(start), value.End}
		m.method = ParseMethod(b[start:])
	} else if !bytes.Equal(b[start:], m.MethodName()) {
		return m.faultAt(value, "method in CSeq is another one")
	}
	return nil
}

func (m *Message) parseMaxForwards() error {
	i := m.first[HeaderMaxForwards]
	if i == 0 {
		return nil
	}
	value := m.fields[i-1].Value
	b := m.Text(value)
	if len(b) == 0 || skip(b, 0, isDigit) != len(b) {
		return m.faultAt(value, "malformed Max-Forwards")
	}
	n, ok := number(b, 255)
	if !ok {
		n = 255
	}
	m.maxForward = int16(n)
	return nil
}

// checkRequest refuses malformed addresses in the fields that route the dialog, so that none is forwarded.
func (m *Message) checkRequest() error {
	if err := m.checkAddresses(HeaderContact); err != nil {
		return err
	}
	return m.checkAddresses(HeaderRoute)
}

func (m *Message) checkAddresses(id HeaderID) error {
	if m.first[id] == 0 {
		return nil
	}
	v := m.Values(id)
	n := 0
	for ; v.Next(); n++ {
		text := v.Text()
		if n == m.times*MaxAddresses {
			return m.fault(int(v.Span().Start), 513, "too many addresses")
		}
		if id == HeaderContact && len(text) == 1 && text[0] == '*' {
			continue // RFC 3261 §10.2.2
		}
		if !m.scratch.parse(text, 0) || m.scratchURI.Parse(m.scratch.URI) != nil {
			return m.faultAt(v.Span(), malformed(id))
		}
	}
	if n == 0 || v.Err() != nil {
		return m.faultAt(v.Field().Value, malformed(id))
	}
	return nil
}

func malformed(id HeaderID) string {
	if id == HeaderContact {
		return "malformed Contact"
	}
	return "malformed Route"
}
