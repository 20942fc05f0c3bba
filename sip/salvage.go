package sip

import (
	"bytes"

	"gatehouse.example/sip/uri"
)

// CanRespond says whether AppendResponse can answer this message: it is a request other than ACK, and its Via, From, To,
// Call-ID and CSeq can be copied. It is meant for use after a failed Parse.
func (m *Message) CanRespond() bool { return m.canRespond }

// salvage reads as much of a refused message as an answer needs, forgiving what the answer does not depend on: other
// line ends, a missing empty line, malformed values. What is found is not fit for anything else.
func (m *Message) salvage() {
	m.fields = m.fields[:0]
	clear(m.first[:])
	m.via, m.from, m.to = Via{}, Address{}, Address{}
	m.uri, m.fromURI, m.toURI = uri.URI{}, uri.URI{}, uri.URI{}
	end := indexLF(m.buf)
	if end < 0 {
		end = len(m.buf)
	}
	n := skip(m.buf[:end], 0, isToken)
	// RFC 3261 §8.2.6, §17.1.1.3: neither a response nor an ACK is ever answered.
	m.request = n > 0 && n < end && m.buf[n] == ' '
	if !m.request {
		return
	}
	m.name = Span{0, uint32(n)}
	m.method = ParseMethod(m.buf[:n])
	m.salvageFields(end + 1)
	m.canRespond = m.method != ACK && m.copyable()
}

// salvageFields indexes the lines that hold a colon.
func (m *Message) salvageFields(pos int) {
	b := m.buf
	for pos < len(b) && pos < MaxHeaderSection && len(m.fields) < MaxHeaders {
		end := pos
		for {
			n := indexLF(b[end:])
			if n < 0 {
				end = len(b)
				break
			}
			end += n + 1
			if end == len(b) || b[end] != ' ' && b[end] != '\t' {
				break
			}
		}
		if len(trimLWS(b[pos:end])) == 0 {
			return
		}
		m.salvageField(pos, end)
		pos = end
	}
}

func (m *Message) salvageField(pos, end int) {
	b := m.buf
	colon := bytes.IndexByte(b[pos:end], ':')
	if colon < 1 || end-pos > MaxHeaderLen {
		return
	}
	name := trimLWS(b[pos : pos+colon])
	start := min(skipLWS(b, pos+colon+1), end)
	stop := start + len(trimLWS(b[start:end]))
	f := Field{
		ID:    ParseHeaderID(name),
		Line:  Span{uint32(pos), uint32(end)},
		Name:  Span{uint32(pos), uint32(pos + len(name))},
		Value: Span{uint32(start), uint32(stop)},
	}
	m.fields = append(m.fields, f)
	if m.first[f.ID] == 0 {
		m.first[f.ID] = uint16(len(m.fields))
	}
}

// copyable checks what the answer copies, and reads the top Via as far as it goes: its sent-by must be there.
func (m *Message) copyable() bool {
	for _, id := range [...]HeaderID{HeaderVia, HeaderFrom, HeaderTo, HeaderCallID, HeaderCSeq} {
		value := m.Value(id)
		if len(value) == 0 || bytes.IndexByte(value, 0) >= 0 {
			return false
		}
	}
	f, _ := m.First(HeaderVia)
	m.via.parse(m.Text(f.Value), f.Value.Start)
	f, _ = m.First(HeaderFrom)
	m.from.parse(m.Text(f.Value), f.Value.Start)
	f, _ = m.First(HeaderTo)
	m.to.parse(m.Text(f.Value), f.Value.Start)
	f, _ = m.First(HeaderCallID)
	m.callID = f.Value
	return len(m.via.Host) > 0
}
