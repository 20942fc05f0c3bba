package siptest

import "bytes"

// maxLines bounds the Via and the Record-Route lines that are looked at.
const maxLines = 16

// message is what the generator wants to know of a message: views into the
// datagram, valid as long as that is.
type message struct {
	method  byte // first letter of the method; of CSeq's in a response
	status  int  // 0 in a request
	uri     []byte
	vias    [maxLines][]byte // whole lines, as are the next five
	nVias   int
	records [maxLines][]byte
	nRecord int
	from    []byte
	to      []byte
	callID  []byte
	cseq    []byte
	contact []byte // the URI
	tag     []byte // of To
	body    []byte
	id      callID
	sent    int64 // the sender's clock, from the header X-Sent; 0 without
}

// callID is what a Call-ID of ours says.
type callID struct{ run, slot, gen uint32 }

var (
	crlf      = []byte("\r\n")
	headerEnd = []byte("\r\n\r\n")
)

// parse reads a datagram; false when it is no message of a call of ours.
func (m *message) parse(b []byte) bool {
	*m = message{}
	end := bytes.Index(b, headerEnd)
	if end < 0 {
		return false
	}
	head := b[:end+2]
	m.body = b[end+4:]
	at := bytes.Index(head, crlf) + 2
	if !m.startLine(head[:at-2]) {
		return false
	}
	for at < len(head) {
		n := bytes.IndexByte(head[at:], '\n')
		if n < 0 {
			return false
		}
		m.header(head[at : at+n+1])
		at += n + 1
	}
	return m.nVias > 0 && m.from != nil && m.to != nil && m.cseq != nil && m.callID != nil && m.id.run != 0
}

func (m *message) startLine(line []byte) bool {
	if len(line) > 12 && string(line[:8]) == "SIP/2.0 " {
		m.status = int(line[8]-'0')*100 + int(line[9]-'0')*10 + int(line[10]-'0')
		return m.status >= 100 && m.status < 700
	}
	method, rest, ok := bytes.Cut(line, []byte(" "))
	if !ok || len(method) < 3 {
		return false
	}
	m.method = method[0]
	m.uri, _, ok = bytes.Cut(rest, []byte(" "))
	return ok
}

// header looks at one line, with its CRLF. The names are told apart by length
// and first letter, which is enough for those that a call carries.
func (m *message) header(line []byte) {
	colon := bytes.IndexByte(line, ':')
	if colon < 1 {
		return
	}
	value := bytes.TrimSpace(line[colon+1:])
	switch name := bytes.TrimSpace(line[:colon]); {
	case is(name, "via"), is(name, "v"):
		if m.nVias < maxLines {
			m.vias[m.nVias] = line
			m.nVias++
		}
	case is(name, "record-route"):
		if m.nRecord < maxLines {
			m.records[m.nRecord] = line
			m.nRecord++
		}
	case is(name, "from"), is(name, "f"):
		m.from = line
	case is(name, "to"), is(name, "t"):
		m.to = line
		if i := bytes.LastIndex(line, []byte(";tag=")); i > bytes.LastIndexByte(line, '>') {
			m.tag, _, _ = bytes.Cut(bytes.TrimSpace(line[i+5:]), []byte(";"))
		}
	case is(name, "call-id"), is(name, "i"):
		m.callID = line
		m.id = parseCallID(value)
	case is(name, "cseq"):
		m.cseq = line
		if i := bytes.LastIndexByte(value, ' '); m.status != 0 && i >= 0 && i+1 < len(value) {
			m.method = value[i+1]
		}
	case is(name, "contact"), is(name, "m"):
		m.contact, _ = bracketed(value)
	case is(name, "x-sent"):
		m.sent = int64(parseHex(value))
	}
}

// is compares a header name, any case, with a lower-case one.
func is(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i := range len(name) {
		if name[i]|0x20 != lower[i] && name[i] != lower[i] {
			return false
		}
	}
	return true
}

// bracketed returns what stands between the first < and >, and what follows.
func bracketed(b []byte) (inside, rest []byte) {
	i := bytes.IndexByte(b, '<')
	if i < 0 {
		return nil, nil
	}
	j := bytes.IndexByte(b[i:], '>')
	if j < 0 {
		return nil, nil
	}
	return b[i+1 : i+j], b[i+j+1:]
}

// A Call-ID of ours is gl, then run, slot and generation in eight hexadecimal
// digits each.
const callIDLength = 2 + 3*8

func parseCallID(b []byte) callID {
	if len(b) < callIDLength || b[0] != 'g' || b[1] != 'l' {
		return callID{}
	}
	return callID{uint32(parseHex(b[2:10])), uint32(parseHex(b[10:18])), uint32(parseHex(b[18:26]))}
}

func appendCallID(dst []byte, id callID) []byte {
	dst = append(dst, 'g', 'l')
	dst = appendHex(dst, uint64(id.run), 8)
	dst = appendHex(dst, uint64(id.slot), 8)
	return appendHex(dst, uint64(id.gen), 8)
}

func appendHex(dst []byte, v uint64, digits int) []byte {
	const hex = "0123456789abcdef"
	for i := digits - 1; i >= 0; i-- {
		dst = append(dst, hex[v>>(4*i)&15])
	}
	return dst
}

// parseHex reads lower-case hexadecimal digits; 0 for anything else.
func parseHex(b []byte) uint64 {
	var v uint64
	for _, c := range b {
		switch {
		case '0' <= c && c <= '9':
			v = v<<4 | uint64(c-'0')
		case 'a' <= c && c <= 'f':
			v = v<<4 | uint64(c-'a'+10)
		default:
			return 0
		}
	}
	return v
}

// appendDecimal appends v with leading zeros to the given width.
func appendDecimal(dst []byte, v uint64, digits int) []byte {
	var b [20]byte
	for i := digits - 1; i >= 0; i-- {
		b[i] = byte('0' + v%10)
		v /= 10
	}
	return append(dst, b[:digits]...)
}
