package sip

// Frame finds the first message in b, the unread octets of a stream. RFC 3261 §18.3: by Content-Length, which a message on
// a stream must have, and by nothing else. lim is the most that a message may have; 0 or less means MaxMessage.
//
//	n > 0   b[:n] is one whole message
//	n == 0  more octets are needed
//	n < 0   b[:-n] is keep-alive, to be thrown away: -4 is a ping (a double CRLF, to be answered with one CRLF, RFC 5626
//	        §4.4.1), -2 a single CRLF: a pong, or one that stands before a message (RFC 3261 §7.5)
//
// A ping that arrives cut in half comes out as two single CRLFs. An error is a *ParseError and final: where the next
// message starts is not known, so that the connection has to be closed, perhaps after an answer.
func Frame(b []byte, lim int) (n int, err error) {
	var f Framer
	return f.Frame(b, lim)
}

// Framer is Frame for unread octets that become more: what it has read of a message it does not read anew, so that octets
// which come one by one cost little more than all at once. The zero value waits for a message.
type Framer struct {
	pos    int // where the next line starts; 0: the start line is not all there
	fields int
	length int // Content-Length
	found  bool
	ended  bool // pos is behind the empty line
}

// InBody tells whether the header section of the message that is awaited is all there.
func (f *Framer) InBody() bool { return f.ended }

// Frame does what the function Frame does. As long as it returns neither a message nor an error, b must start with what it
// was given the last time.
func (f *Framer) Frame(b []byte, lim int) (n int, err error) {
	if lim <= 0 {
		lim = MaxMessage
	}
	if len(b) == 0 {
		return 0, nil
	}
	if b[0] == '\r' {
		return frameCRLF(b)
	}
	switch fault := f.section(b); {
	case fault == incomplete:
		if len(b) > min(MaxHeaderSection, lim) {
			return 0, &ParseError{len(b), 513, "header section too large"}
		}
		return 0, nil
	case fault == tooLong:
		return 0, &ParseError{f.pos, 513, fault}
	case fault != scanned:
		return 0, &ParseError{f.pos, 400, fault}
	case f.pos > MaxHeaderSection || f.pos+f.length > lim:
		return 0, &ParseError{f.pos, 513, "message too large"}
	case f.pos+f.length > len(b):
		return 0, nil
	}
	n = f.pos + f.length
	*f = Framer{}
	return n, nil
}

// frameCRLF reads what starts with CR.
func frameCRLF(b []byte) (n int, err error) {
	if len(b) == 1 {
		return 0, nil
	}
	if b[1] != '\n' {
		return 0, &ParseError{1, 400, "carriage return without line feed"}
	}
	if len(b) == 2 || b[2] != '\r' {
		return -2, nil
	}
	if len(b) == 3 {
		return 0, nil
	}
	if b[3] != '\n' {
		return 0, &ParseError{3, 400, "carriage return without line feed"}
	}
	return -4, nil
}

const (
	tooLong    = "header field too long"
	maxLineLen = 2 * MaxHeaderLen // in a response, see MaxHeaderLen
)

// section reads on in the start line and the header fields, up to behind the empty line.
func (f *Framer) section(b []byte) (fault string) {
	if f.ended {
		return scanned
	}
	if f.pos == 0 {
		start := indexLF(b)
		if start < 0 {
			return incomplete
		}
		if start == 0 || b[start-1] != '\r' {
			return "start line not terminated"
		}
		f.pos = start + 1
	}
	s := scanner{b: b, pos: f.pos}
	for ; !s.atEmptyLine(); f.pos = s.pos {
		fault := f.field(&s)
		if fault == incomplete && len(b)-f.pos > maxLineLen {
			return tooLong
		}
		if fault == incomplete {
			return fault
		}
		if fault != scanned {
			f.pos = s.pos
			return fault
		}
	}
	if !f.found {
		return "no Content-Length"
	}
	f.pos += 2
	f.ended = true
	return scanned
}

// field reads one field.
func (f *Framer) field(s *scanner) (fault string) {
	if s.pos+1 >= len(s.b) {
		return incomplete
	}
	var h Field
	if fault := s.field(&h); fault != scanned {
		return fault
	}
	if h.Line.Len() > maxLineLen {
		return tooLong
	}
	if f.fields++; f.fields > MaxHeaders {
		return "too many header fields"
	}
	if h.ID != HeaderContentLength {
		return scanned
	}
	value, ok := number(s.b[h.Value.Start:h.Value.End], 1<<31-1)
	if !ok || f.found {
		return "malformed Content-Length"
	}
	f.length, f.found = int(value), true
	return scanned
}
