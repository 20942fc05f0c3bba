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
	if lim <= 0 {
		lim = MaxMessage
	}
	if len(b) == 0 {
		return 0, nil
	}
	if b[0] == '\r' {
		return frameCRLF(b)
	}
	s := scanner{b: b}
	length, fault := s.section()
	switch {
	case fault == incomplete:
		if len(b) > min(MaxHeaderSection, lim) {
			return 0, &ParseError{len(b), 513, "header section too large"}
		}
		return 0, nil
	case fault != scanned:
		return 0, &ParseError{s.pos, 400, fault}
	case s.pos > MaxHeaderSection || s.pos+length > lim:
		return 0, &ParseError{s.pos, 513, "message too large"}
	case s.pos+length > len(b):
		return 0, nil
	}
	return s.pos + length, nil
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

// section reads the start line and the header fields, moves behind the empty line and returns the Content-Length.
func (s *scanner) section() (length int, fault string) {
	start := indexLF(s.b)
	if start < 0 {
		return 0, incomplete
	}
	if start == 0 || s.b[start-1] != '\r' {
		return 0, "start line not terminated"
	}
	s.pos = start + 1
	found := false
	for n := 0; ; n++ {
		if s.atEmptyLine() {
			break
		}
		if s.pos+1 >= len(s.b) {
			return 0, incomplete
		}
		var f Field
		if fault := s.field(&f); fault != scanned {
			return 0, fault
		}
		if n == MaxHeaders {
			return 0, "too many header fields"
		}
		if f.ID != HeaderContentLength {
			continue
		}
		value, ok := number(s.b[f.Value.Start:f.Value.End], 1<<31-1)
		if !ok || found {
			return 0, "malformed Content-Length"
		}
		length, found = int(value), true
	}
	if !found {
		return 0, "no Content-Length"
	}
	s.pos += 2
	return length, scanned
}
