package sip_test

import (
	"fmt"
	"net/netip"
	"strings"

	"gatehouse.example/sip"
)

var options = []byte(strings.ReplaceAll(`OPTIONS sip:bob@example.test SIP/2.0
Via: SIP/2.0/UDP pc33.example.test;branch=z9hG4bK776asdhds
Route: <sip:gate.example.test;lr>
Max-Forwards: 70
From: "Alice" <sip:alice@example.test>;tag=1928301774
To: <sip:bob@example.test>
Call-ID: a84b4c76e66710
CSeq: 63104 OPTIONS
Content-Length: 0

`, "\n", "\r\n"))

func ExampleMessage_Parse() {
	var m sip.Message
	if err := m.Parse(options); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v for %s from %s\n", m.Method(), m.URI().Host, m.From().AppendDisplay(nil))
	for v := m.Values(sip.HeaderRoute); v.Next(); {
		fmt.Printf("by way of %s\n", v.Text())
	}
	// Output:
	// OPTIONS for example.test from Alice
	// by way of <sip:gate.example.test;lr>
}

func ExampleEdit() {
	var m sip.Message
	if err := m.Parse(options); err != nil {
		fmt.Println(err)
		return
	}
	var e sip.Edit
	e.Begin(&m)
	sip.AppendReceived(&e, &m, netip.MustParseAddrPort("192.0.2.7:5060"))
	e.Insert(m.Fields()[0].Line.Start, []byte("Via: SIP/2.0/UDP gate.example.test;branch=z9hG4bK1\r\n"))
	hops, _ := m.First(sip.HeaderMaxForwards)
	e.Replace(hops.Value, []byte("69"))
	if v := m.Values(sip.HeaderRoute); v.Next() {
		e.DeleteValue(&v)
	}
	for line := range strings.Lines(string(e.AppendTo(nil))) {
		fmt.Println(strings.TrimSpace(line))
	}
	// Output:
	// OPTIONS sip:bob@example.test SIP/2.0
	// Via: SIP/2.0/UDP gate.example.test;branch=z9hG4bK1
	// Via: SIP/2.0/UDP pc33.example.test;branch=z9hG4bK776asdhds;received=192.0.2.7
	// Max-Forwards: 69
	// From: "Alice" <sip:alice@example.test>;tag=1928301774
	// To: <sip:bob@example.test>
	// Call-ID: a84b4c76e66710
	// CSeq: 63104 OPTIONS
	// Content-Length: 0
}

func ExampleAppendResponse() {
	var m sip.Message
	if err := m.Parse(options); err != nil && !m.CanRespond() {
		return
	}
	answer := sip.AppendResponse(nil, &m, &sip.Response{Status: 404, ToTag: "gate1"})
	fmt.Println(strings.ReplaceAll(string(answer), "\r", ""))
	// Output:
	// SIP/2.0 404 Not Found
	// Via: SIP/2.0/UDP pc33.example.test;branch=z9hG4bK776asdhds
	// From: "Alice" <sip:alice@example.test>;tag=1928301774
	// To: <sip:bob@example.test>;tag=gate1
	// Call-ID: a84b4c76e66710
	// CSeq: 63104 OPTIONS
	// Content-Length: 0
}
