package sip_test

import (
	"testing"

	"gatehouse.example/sip"
)

func TestResponseCopiesWhatItMust(t *testing.T) {
	m := mustParse(t, crlf(`INVITE sip:b@h SIP/2.0
v: SIP/2.0/UDP pc.example;branch=z9hG4bK1;rport,
 SIP/2.0/TCP h;branch=z9hG4bK2
Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK3
f: <sip:a@h>
  ;tag=1
t: sip:b@h
i: c1
Timestamp: 54
CSeq: 7 INVITE

`))
	for _, c := range []struct {
		response sip.Response
		want     string
	}{
		{sip.Response{Status: 100, Source: source}, `SIP/2.0 100 Trying
Via: SIP/2.0/UDP pc.example;branch=z9hG4bK1;rport=40000;received=203.0.113.7, SIP/2.0/TCP h;branch=z9hG4bK2
Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK3
From: <sip:a@h> ;tag=1
To: sip:b@h
Call-ID: c1
CSeq: 7 INVITE
Timestamp: 54
Content-Length: 0

`},
		{sip.Response{Status: 603, Reason: "Network Blocked\r\nX: y", ToTag: "g1", Headers: []byte("Allow: ACK\r\n"), Body: []byte("why")},
			`SIP/2.0 603 Network Blocked
Via: SIP/2.0/UDP pc.example;branch=z9hG4bK1;rport, SIP/2.0/TCP h;branch=z9hG4bK2
Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK3
From: <sip:a@h> ;tag=1
To: sip:b@h;tag=g1
Call-ID: c1
CSeq: 7 INVITE
Allow: ACK
Content-Length: 3

why`},
	} {
		got := sip.AppendResponse(nil, m, &c.response)
		if string(got) != string(crlf(c.want)) {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
		mustParse(t, got)
	}
}

func TestResponseKeepsATag(t *testing.T) {
	m := mustParse(t, crlf("BYE sip:b@h SIP/2.0\nVia: SIP/2.0/UDP h\nFrom: sip:a@h\nTo: <sip:b@h>;x;tag=theirs\nCall-ID: c\nCSeq: 2 BYE\n\n"))
	answer := mustParse(t, sip.AppendResponse(nil, m, &sip.Response{Status: 481, ToTag: "ours"}))
	expect(t, "tag", string(answer.To().Tag), "theirs")
	expect(t, "reason", string(answer.Reason()), "Call/Transaction Does Not Exist")
}

func TestReasonPhrases(t *testing.T) {
	for status, want := range map[int]string{
		100: "Trying", 183: "Session Progress", 189: "Session Progress", 200: "OK", 299: "OK", 302: "Moved Temporarily",
		399: "Multiple Choices", 404: "Not Found", 428: "Use Identity Header", 440: "Max-Breadth Exceeded", 499: "Bad Request",
		500: "Server Internal Error", 503: "Service Unavailable", 599: "Server Internal Error", 600: "Busy Everywhere",
		603: "Decline", 607: "Unwanted", 608: "Rejected",
	} {
		expect(t, want, sip.ReasonPhrase(status), want)
	}
}
