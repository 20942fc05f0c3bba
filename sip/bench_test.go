package sip_test

import (
	"net/netip"
	"strings"
	"testing"

	"gatehouse.example/sip"
)

// invite is a call with SDP as an ordinary phone sends it: 842 octets.
var invite = []byte(strings.ReplaceAll(`INVITE sip:+15551230001@gate.example.test;user=phone SIP/2.0
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-524287-1---3f2c9a0b77d1e6aa;rport
Max-Forwards: 70
Route: <sip:192.0.2.1:5060;lr>
Contact: <sip:alice@192.0.2.10:5060;transport=udp>
To: <sip:+15551230001@gate.example.test;user=phone>
From: "Alice Example" <sip:+15557654321@example.test>;tag=9fxced76sl
Call-ID: 3848276298220188511@atlanta.example.test
CSeq: 314159 INVITE
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE
Supported: replaces, timer
User-Agent: ExamplePhone 4.2.110
Session-Expires: 1800;refresher=uac
Content-Type: application/sdp
Content-Length: 197

v=0
o=alice 2890844526 2890844526 IN IP4 192.0.2.10
s=-
c=IN IP4 192.0.2.10
t=0 0
m=audio 49172 RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
`, "\n", "\r\n"))

func TestInviteOfTheBenchmarksHas842Octets(t *testing.T) {
	var m sip.Message
	if err := m.Parse(invite); err != nil {
		t.Fatal(err)
	}
	if len(invite) != 842 || len(m.Bytes()) != 842 {
		t.Fatalf("%d octets, body %d", len(invite), len(m.Body()))
	}
}

func BenchmarkParseINVITE(b *testing.B) {
	var m sip.Message
	b.ReportAllocs()
	b.SetBytes(int64(len(invite)))
	for b.Loop() {
		if err := m.Parse(invite); err != nil {
			b.Fatal(err)
		}
	}
}

var (
	ourVia         = []byte("Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK0123456789abcdef.42\r\n")
	ourRecordRoute = []byte("Record-Route: <sip:198.51.100.1:5060;lr;gh=AbCdEfGhIjKlMnOp>\r\n")
	source         = netip.MustParseAddrPort("203.0.113.7:40000")
)

// forward does what a proxy does to a request.
func forward(m *sip.Message, e *sip.Edit, dst []byte) []byte {
	e.Begin(m)
	sip.AppendReceived(e, m, source)
	via, _ := m.First(sip.HeaderVia)
	e.Insert(via.Line.Start, ourVia)
	e.Insert(via.Line.Start, ourRecordRoute)
	if n, ok := m.MaxForwards(); ok {
		f, _ := m.First(sip.HeaderMaxForwards)
		digits := [3]byte{byte('0' + (n-1)/100), byte('0' + (n-1)/10%10), byte('0' + (n-1)%10)}
		e.Replace(f.Value, digits[1:])
	}
	if v := m.Values(sip.HeaderRoute); v.Next() {
		e.DeleteValue(&v)
	}
	return e.AppendTo(dst)
}

func BenchmarkForwardEdit(b *testing.B) {
	var m sip.Message
	var e sip.Edit
	dst := make([]byte, 0, 2048)
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Parse(invite); err != nil {
			b.Fatal(err)
		}
		dst = forward(&m, &e, dst[:0])
	}
}

func BenchmarkAppendResponse(b *testing.B) {
	var m sip.Message
	if err := m.Parse(invite); err != nil {
		b.Fatal(err)
	}
	r := sip.Response{Status: 100, Source: source}
	dst := make([]byte, 0, 2048)
	b.ReportAllocs()
	for b.Loop() {
		dst = sip.AppendResponse(dst[:0], &m, &r)
	}
}

func BenchmarkFrame(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if n, err := sip.Frame(invite, 0); n != len(invite) || err != nil {
			b.Fatal(n, err)
		}
	}
}

func BenchmarkParseHeaderID(b *testing.B) {
	name := []byte("Content-Length")
	for b.Loop() {
		sip.ParseHeaderID(name)
	}
}
