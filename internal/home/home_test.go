package home

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse.example/sip"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const example = "example.test"

// hosted is the Domain of the tests: example.test, with an alias.
func hosted(host []byte) (string, bool) {
	switch strings.ToLower(string(host)) {
	case example, "sip.example.test", "192.0.2.1":
		return example, true
	case "example.com":
		return "example.com", true
	}
	return "", false
}

// requestText builds a request; headers that the tests do not look at are filled in.
func requestText(start string, headers ...string) []byte {
	has := func(name string) bool {
		return slices.ContainsFunc(headers, func(h string) bool { return strings.HasPrefix(h, name+":") })
	}
	method, _, _ := strings.Cut(start, " ")
	lines := []string{start + " SIP/2.0", "Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK1;rport", "Max-Forwards: 70"}
	for _, d := range [][2]string{
		{"From", "<sip:alice@example.test>;tag=1"}, {"To", "<sip:alice@example.test>"}, {"Call-ID", "c1@phone"}, {"CSeq", "1 " + method},
	} {
		if !has(d[0]) {
			lines = append(lines, d[0]+": "+d[1])
		}
	}
	lines = append(lines, headers...)
	return []byte(strings.Join(lines, "\r\n") + "\r\nContent-Length: 0\r\n\r\n")
}

// message parses what requestText builds.
func message(t *testing.T, start string, headers ...string) *sip.Message {
	t.Helper()
	text := requestText(start, headers...)
	m := new(sip.Message)
	if err := m.Parse(text); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return m
}

func TestSourceSurvivesTheStore(t *testing.T) {
	for _, s := range []Source{
		{},
		{Transport: sip.UDP, Remote: netip.MustParseAddrPort("192.0.2.7:5060")},
		{Transport: sip.TLS, Socket: 3, Conn: 1<<64 - 1, Remote: netip.MustParseAddrPort("[2001:db8::7]:49152")},
		{Transport: sip.WSS, Socket: 255, Conn: 1, Remote: netip.MustParseAddrPort("192.0.2.7:1")},
	} {
		got, err := ParseSource(s.String())
		if err != nil || got != s {
			t.Errorf("%q: %+v, %v", s.String(), got, err)
		}
	}
	for _, bad := range []string{"udp", "udp/0/0", "udp/256/0/192.0.2.7:5060", "udp/0/-1/192.0.2.7:5060", "udp/0/0/192.0.2.7", "ipx/0/0/192.0.2.7:5060"} {
		if _, err := ParseSource(bad); err == nil {
			t.Errorf("%q is understood", bad)
		}
	}
}
