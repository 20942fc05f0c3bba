package sip_test

import (
	"strings"
	"testing"

	"gatehouse.example/sip"
)

func TestFrameCutsOneMessageAtATime(t *testing.T) {
	one := "OPTIONS sip:h SIP/2.0\n" + headers + "Content-Length :\n  4\n\nbody"
	two := "OPTIONS sip:h SIP/2.0\n" + headers + "l: 0\n\n"
	for _, c := range []struct {
		name, text string
		want       int
	}{
		{"nothing", "", 0},
		{"one message", one, len(crlf(one))},
		{"two messages", one + two, len(crlf(one))},
		{"a body not all there", one[:len(one)-1], 0},
		{"a ping", "\n\n" + one, -4},
		{"a pong", "\n" + one, -2},
		{"a CRLF alone", "\n", -2},
		{"half a CRLF", "\r", 0},
		{"three quarters of a ping", "\n\r", 0},
	} {
		n, err := sip.Frame(crlf(c.text), 0)
		if n != c.want || err != nil {
			t.Errorf("%s: %d %v, want %d", c.name, n, err, c.want)
		}
	}
	whole := crlf(one)
	for i := range whole {
		if n, err := sip.Frame(whole[:i], 0); n != 0 || err != nil {
			t.Errorf("%d octets: %d %v", i, n, err)
		}
	}
}

func TestFrameErrorsAreFinal(t *testing.T) {
	const start = "OPTIONS sip:h SIP/2.0\r\n"
	for _, c := range []struct {
		name, text string
		lim        int
		status     int
	}{
		{"no Content-Length", start + "\r\n", 0, 400},
		{"two", start + "Content-Length: 1\r\nl: 1\r\n\r\n", 0, 400},
		{"a list", start + "Content-Length: 5, 5\r\n\r\n", 0, 400},
		{"a sign", start + "Content-Length: +5\r\n\r\n", 0, 400},
		{"negative", start + "Content-Length: -5\r\n\r\n", 0, 400},
		{"hexadecimal", start + "Content-Length: 0x5\r\n\r\n", 0, 400},
		{"overflow", start + "Content-Length: 18446744073709551621\r\n\r\n", 0, 400},
		{"too large", start + "Content-Length: 65535\r\n\r\n", 0, 513},
		{"more than the limit", start + "Content-Length: 100\r\n\r\n", 100, 513},
		{"bare line feeds", "OPTIONS sip:h SIP/2.0\nl: 0\n\n", 0, 400},
		{"a bare line feed", start + "X: y\nl: 0\r\n\r\n", 0, 400},
		{"a bare line feed at the start", "\n", 0, 400},
		{"a bare CR at the start", "\rOPTIONS", 0, 400},
		{"a bare CR in a ping", "\r\n\rX", 0, 400},
		{"no colon", start + "junk\r\n", 0, 400},
		{"a folded start line", start + " x: y\r\n", 0, 400},
		{"headers without end", start + strings.Repeat("X: y\r\n", 200) + strings.Repeat("x", 40000), 0, 513},
		{"a start line without end", strings.Repeat("x", 40000), 0, 513},
		{"too many headers", start + strings.Repeat("X: y\r\n", 300), 0, 400},
	} {
		n, err := sip.Frame([]byte(c.text), c.lim)
		e, ok := err.(*sip.ParseError)
		if !ok || n != 0 || e.Status != c.status {
			t.Errorf("%s: %d %v, want %d", c.name, n, err, c.status)
		}
	}
}
