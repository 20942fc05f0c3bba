package sip

import "bytes"

// startLine reads the first line and returns where the next one starts. RFC 3261 §7.1, §7.2: single spaces and nothing
// else between the parts.
func (m *Message) startLine() (next int, err error) {
	end := indexLF(m.buf)
	if end < 1 || m.buf[end-1] != '\r' {
		return 0, m.fault(max(end, 0), 400, "start line not terminated")
	}
	if end >= 4 && equalFold(m.buf[:4], "sip/") {
		m.times = 2 // it repeats what was added to its request
	}
	if end > m.times*MaxHeaderLen {
		return 0, m.fault(MaxHeaderLen, 414, "start line too long")
	}
	line := m.buf[:end-1]
	if len(line) >= 4 && equalFold(line[:4], "sip/") {
		return end + 1, m.statusLine(line)
	}
	return end + 1, m.requestLine(line)
}

func (m *Message) requestLine(line []byte) error {
	n := skip(line, 0, isToken)
	if n == 0 || n == len(line) || line[n] != ' ' {
		return m.fault(n, 400, "malformed method")
	}
	m.request = true
	m.name = Span{0, uint32(n)}
	m.method = ParseMethod(line[:n])
	if m.method == UnknownMethod && otherCase(line[:n]) {
		return m.fault(0, 501, "method in another case")
	}
	start := n + 1
	size := bytes.IndexByte(line[start:], ' ')
	if size < 0 {
		return m.fault(start, 400, "malformed request line")
	}
	m.target = Span{uint32(start), uint32(start + size)}
	switch version(line[start+size+1:]) {
	case otherVersion:
		return m.fault(start+size+1, 505, "SIP version not supported")
	case noVersion:
		return m.fault(start+size+1, 400, "malformed request line")
	}
	if m.uri.Parse(m.RequestURI()) != nil {
		return m.faultAt(m.target, "malformed Request-URI")
	}
	// RFC 3261 §19.1.1: no headers in a Request-URI; "?Route=" in one is an attempt to have them executed.
	if len(m.uri.Headers) > 0 {
		return m.faultAt(m.target, "headers in Request-URI")
	}
	return nil
}

// statusLine reads "SIP/2.0 200 OK". The space before an empty reason phrase may be missing.
func (m *Message) statusLine(line []byte) error {
	if len(line) < 11 || version(line[:7]) != version2 || line[7] != ' ' || len(line) > 11 && line[11] != ' ' {
		return m.fault(0, 0, "malformed status line")
	}
	n, ok := number(line[8:11], 699)
	if !ok || n < 100 {
		return m.fault(8, 0, "status code out of range")
	}
	m.status = int16(n)
	m.target = Span{uint32(min(12, len(line))), uint32(len(line))}
	if bytes.IndexByte(line, 0) >= 0 {
		return m.fault(11, 0, "NUL in reason phrase")
	}
	return nil
}

type versionKind uint8

const (
	noVersion versionKind = iota
	version2
	otherVersion
)

// version reads SIP-Version, which compares without regard to case (RFC 3261 §7.1).
func version(b []byte) versionKind {
	if len(b) < 5 || !equalFold(b[:4], "sip/") {
		return noVersion
	}
	b = b[4:]
	if string(b) == "2.0" {
		return version2
	}
	n := skip(b, 0, isDigit)
	if n == 0 || n+1 >= len(b) || b[n] != '.' || skip(b, n+1, isDigit) != len(b) {
		return noVersion
	}
	return otherVersion
}
