package sip

import (
	"net/netip"

	"gatehouse.example/sip/uri"
)

const (
	MaxMessage       = 65535
	MaxHeaders       = 256
	MaxHeaderLen     = 8192
	MaxHeaderSection = 32768
)

func equalFold(b []byte, s string) bool { return false }

func ParseHeaderID(name []byte) HeaderID { return 0 }
func (h HeaderID) String() string        { return "" }

type Span struct{ Start, End uint32 }

func (s Span) Len() int { return int(s.End - s.Start) }

type Field struct {
	ID                HeaderID
	Line, Name, Value Span
}

type ParseError struct {
	Offset int
	Status int
	Reason string
}

func (e *ParseError) Error() string { return e.Reason }

type Message struct {
	buf []byte
}

func (m *Message) Parse(b []byte) error            { return nil }
func (m *Message) CanRespond() bool                { return false }
func (m *Message) Bytes() []byte                   { return nil }
func (m *Message) IsRequest() bool                 { return false }
func (m *Message) Method() Method                  { return 0 }
func (m *Message) MethodName() []byte              { return nil }
func (m *Message) RequestURI() []byte              { return nil }
func (m *Message) RequestURISpan() Span            { return Span{} }
func (m *Message) URI() *uri.URI                   { return nil }
func (m *Message) FromURI() *uri.URI               { return nil }
func (m *Message) ToURI() *uri.URI                 { return nil }
func (m *Message) Status() int                     { return 0 }
func (m *Message) Reason() []byte                  { return nil }
func (m *Message) CallID() []byte                  { return nil }
func (m *Message) CSeq() uint32                    { return 0 }
func (m *Message) Via() *Via                       { return nil }
func (m *Message) From() *Address                  { return nil }
func (m *Message) To() *Address                    { return nil }
func (m *Message) MaxForwards() (int, bool)        { return 0, false }
func (m *Message) Body() []byte                    { return nil }
func (m *Message) BodySpan() Span                  { return Span{} }
func (m *Message) HeadersEnd() uint32              { return 0 }
func (m *Message) Fields() []Field                 { return nil }
func (m *Message) Text(s Span) []byte              { return nil }
func (m *Message) First(id HeaderID) (Field, bool) { return Field{}, false }
func (m *Message) Has(id HeaderID) bool            { return false }
func (m *Message) Values(id HeaderID) Values       { return Values{} }

type Values struct{ m *Message }

func (v *Values) Next() bool   { return false }
func (v *Values) Text() []byte { return nil }
func (v *Values) Span() Span   { return Span{} }
func (v *Values) Field() Field { return Field{} }
func (v *Values) Sole() bool   { return false }
func (v *Values) Err() error   { return nil }

type Via struct {
	Span          Span
	Transport     Transport
	Port          uint16
	RPort         int
	Protocol      []byte // "SIP/2.0"
	TransportName []byte
	Host          []byte // with brackets for an IPv6 reference
	SentBy        []byte // host and port as written
	Branch        []byte
	Received      []byte
	MAddr         []byte
	Params        []byte // from the first ';', without it
}

func (v *Via) Parse(b []byte) error             { return nil }
func (v *Via) Param(name string) ([]byte, bool) { return nil, false }

type Address struct {
	Span      Span
	Display   []byte
	URI       []byte
	Params    []byte
	Tag       []byte
	Bracketed bool
}

func (a *Address) Parse(b []byte) error             { return nil }
func (a *Address) Param(name string) ([]byte, bool) { return nil, false }
func (a *Address) AppendDisplay(dst []byte) []byte  { return dst }

type Edit struct{ m *Message }

func (e *Edit) Begin(m *Message)              {}
func (e *Edit) Replace(s Span, text []byte)   {}
func (e *Edit) Insert(at uint32, text []byte) {}
func (e *Edit) Delete(s Span)                 {}
func (e *Edit) DeleteField(f Field)           {}
func (e *Edit) DeleteValue(v *Values)         {}
func (e *Edit) AppendTo(dst []byte) []byte    { return dst }

type Response struct {
	Status  int
	Reason  string
	ToTag   string
	Headers []byte
	Body    []byte
	Source  netip.AddrPort
}

func AppendResponse(dst []byte, req *Message, r *Response) []byte { return dst }
func ReasonPhrase(status int) string                              { return "" }
func AppendReceived(e *Edit, m *Message, source netip.AddrPort)   {}

// Frame finds the first message in b, the unread octets of a stream.
//
//	n > 0   b[:n] is one whole message
//	n == 0  more octets are needed
//	n < 0   b[:-n] is keep-alive (RFC 5626 §4.4.1): -4 is a ping, to be answered with CRLF; -2 is a pong or a stray CRLF
//
// An error is final.
func Frame(b []byte, lim int) (n int, err error) { return 0, nil }
