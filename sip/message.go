package sip

import "gatehouse.example/sip/uri"

// Limits on what is parsed. Whatever exceeds them is refused with 513, a Request-URI with 414. A response may have twice as
// much: it repeats what was added to its request.
const (
	MaxMessage       = 65535 // octets of a message
	MaxHeaderSection = 32768 // octets of the start line and all header fields
	MaxHeaders       = 256   // header fields
	MaxHeaderLen     = 8192  // octets of one header field with its folding, and of the start line
	MaxAddresses     = 256   // values of a request's Route, and of its Contact
)

// Message is one parsed request or response. It holds offsets into the bytes given to Parse and no copy of them. A Message
// is large and meant to be reused; it must not be copied. Several goroutines may read it at once between two Parse calls.
type Message struct {
	buf        []byte
	fields     []Field
	first      [headerCount]uint16 // index into fields of the first field of an ID, plus one
	request    bool
	canRespond bool
	folded     bool // a field of the header section has more than one line
	method     Method
	status     int16
	maxForward int16 // -1: absent
	times      int   // how many times the limits hold, see ParseEdited
	cseq       uint32
	name       Span // method of the start line, or of CSeq in a response
	target     Span // Request-URI or reason phrase
	callID     Span
	section    uint32 // where the empty line after the header fields starts
	uri        uri.URI
	fromURI    uri.URI
	toURI      uri.URI
	via        Via
	from       Address
	to         Address
	scratch    Address // for headers that are checked but not kept
	scratchURI uri.URI
	err        ParseError
}

// Bytes returns exactly this message: leading CRLFs and what follows the body are cut.
func (m *Message) Bytes() []byte { return m.buf }

// IsRequest tells a request from a response.
func (m *Message) IsRequest() bool { return m.request }

// Method returns the request's method, or the method in CSeq that a response answers.
func (m *Message) Method() Method { return m.method }

// MethodName returns the text of Method, which an extension method needs.
func (m *Message) MethodName() []byte { return m.Text(m.name) }

// RequestURI returns the Request-URI as it was written, nil for a response.
func (m *Message) RequestURI() []byte {
	if !m.request {
		return nil
	}
	return m.Text(m.target)
}

// RequestURISpan returns where the Request-URI stands.
func (m *Message) RequestURISpan() Span { return m.target }

// URI returns the parsed Request-URI. One with an unknown scheme has the scheme Other: the answer to it is 416.
func (m *Message) URI() *uri.URI { return &m.uri }

// FromURI returns the parsed address in From.
func (m *Message) FromURI() *uri.URI { return &m.fromURI }

// ToURI returns the parsed address in To.
func (m *Message) ToURI() *uri.URI { return &m.toURI }

// Status returns a response's status code, 0 for a request.
func (m *Message) Status() int { return int(m.status) }

// Reason returns a response's reason phrase.
func (m *Message) Reason() []byte {
	if m.request {
		return nil
	}
	return m.Text(m.target)
}

// CallID returns the value of Call-ID. RFC 3261 §20.8: it compares octet by octet.
func (m *Message) CallID() []byte { return m.Text(m.callID) }

// CSeq returns the sequence number.
func (m *Message) CSeq() uint32 { return m.cseq }

// Via returns the top Via.
func (m *Message) Via() *Via { return &m.via }

// From returns the From field.
func (m *Message) From() *Address { return &m.from }

// To returns the To field.
func (m *Message) To() *Address { return &m.to }

// MaxForwards returns the value of Max-Forwards and whether there is one. More than 255, which RFC 3261 §20.22 does not
// allow, counts as 255, so that no one can buy himself a longer way.
func (m *Message) MaxForwards() (n int, ok bool) { return max(int(m.maxForward), 0), m.maxForward >= 0 }

// Body returns the body.
func (m *Message) Body() []byte { return m.Text(m.BodySpan()) }

// BodySpan returns where the body stands.
func (m *Message) BodySpan() Span {
	end := uint32(len(m.buf))
	return Span{min(m.section+2, end), end}
}

// HeadersEnd returns the offset of the empty line: text inserted there becomes the last header field.
func (m *Message) HeadersEnd() uint32 { return m.section }

// Fields returns all header fields in order. The slice is the message's own.
func (m *Message) Fields() []Field { return m.fields }

// Text returns a part of the message.
func (m *Message) Text(s Span) []byte { return m.buf[s.Start:s.End:s.End] }

// First returns the first field with an ID.
func (m *Message) First(id HeaderID) (Field, bool) {
	i := m.first[id]
	if i == 0 {
		return Field{}, false
	}
	return m.fields[i-1], true
}

// Value returns the value of the first field with an ID, nil if there is none.
func (m *Message) Value(id HeaderID) []byte {
	i := m.first[id]
	if i == 0 {
		return nil
	}
	return m.Text(m.fields[i-1].Value)
}

// Has says whether there is a field with an ID.
func (m *Message) Has(id HeaderID) bool { return m.first[id] != 0 }
