package sip_test

import (
	"bytes"
	"strings"
	"testing"

	"gatehouse.example/sip"
)

// crlf ends the lines of a text as they end on the wire.
func crlf(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }

const headers = `Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1
From: <sip:a@example.test>;tag=1
To: <sip:b@example.test>
Call-ID: c1
CSeq: 1 OPTIONS
`

func mustParse(t testing.TB, text []byte) *sip.Message {
	t.Helper()
	m := new(sip.Message)
	if err := m.Parse(text); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return m
}

func TestParseReadsWhatRoutingNeeds(t *testing.T) {
	m := mustParse(t, invite)
	expect(t, "request", m.IsRequest(), true)
	expect(t, "method", m.Method(), sip.INVITE)
	expect(t, "Request-URI", string(m.RequestURI()), "sip:+15551230001@gate.example.test;user=phone")
	expect(t, "Request-URI by span", string(m.Text(m.RequestURISpan())), string(m.RequestURI()))
	expect(t, "host", string(m.URI().Host), "gate.example.test")
	expect(t, "Call-ID", string(m.CallID()), "3848276298220188511@atlanta.example.test")
	expect(t, "CSeq", m.CSeq(), 314159)
	expect(t, "From tag", string(m.From().Tag), "9fxced76sl")
	expect(t, "display", string(m.From().Display), `"Alice Example"`)
	expect(t, "From", string(m.FromURI().User), "+15557654321")
	expect(t, "To tag absent", m.To().Tag == nil, true)
	expect(t, "branch", string(m.Via().Branch), "z9hG4bK-524287-1---3f2c9a0b77d1e6aa")
	expect(t, "rport", m.Via().RPort, 0)
	expect(t, "port", m.Via().Port, 5060)
	expect(t, "User-Agent", string(m.Value(sip.HeaderUserAgent)), "ExamplePhone 4.2.110")
	expect(t, "Has", m.Has(sip.HeaderDate), false)
	expect(t, "fields", len(m.Fields()), 14)
	expect(t, "body", string(m.Body()[:5]), "v=0\r\n")
	expect(t, "empty line", string(m.Text(sip.Span{Start: m.HeadersEnd(), End: m.HeadersEnd() + 2})), "\r\n")
}

func TestParseAcceptsWhatTheGrammarAllows(t *testing.T) {
	for name, text := range map[string]string{
		"compact forms":           "OPTIONS sip:h SIP/2.0\nv:SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1\nf:<sip:a@h>;tag=1\nt:<sip:b@h>\ni:c\nCSeq:1 OPTIONS\nl:0\n\n",
		"white space at colons":   "OPTIONS sip:h SIP/2.0\n" + strings.ReplaceAll(headers, ": ", " \t:\t ") + "\n",
		"a fold of white space":   "OPTIONS sip:h SIP/2.0\n" + headers + "X-A: a\n \t \n b\n\n",
		"an empty header":         "OPTIONS sip:h SIP/2.0\n" + headers + "Supported:\n\n",
		"a version in lower case": "OPTIONS sip:h sip/2.0\n" + headers + "\n",
		"CSeq up to 32 bits":      "OPTIONS sip:h SIP/2.0\n" + strings.Replace(headers, "CSeq: 1", "CSeq: 4294967295", 1) + "\n",
		"leading CRLFs":           "\n\n\nOPTIONS sip:h SIP/2.0\n" + headers + "\n",
		"Contact *":               "OPTIONS sip:h SIP/2.0\n" + headers + "Contact: *\n\n",
		"many Route values":       "OPTIONS sip:h SIP/2.0\n" + headers + strings.Repeat("Route: "+strings.Repeat("<sip:a>,", 64)+"\n", 4) + "\n",
		"many unknown headers":    "OPTIONS sip:h SIP/2.0\n" + headers + strings.Repeat("X-Y: ;;,\"<\n", sip.MaxHeaders-5) + "\n",
		"a quoted NUL":            "OPTIONS sip:h SIP/2.0\n" + headers + "Subject: \"\\\x00\"\n\n",
		"a body without length":   "OPTIONS sip:h SIP/2.0\n" + headers + "\nbody\x00\n",
		"two User-Agents":         "OPTIONS sip:h SIP/2.0\n" + headers + "User-Agent: a\nUser-Agent: b\n\n",
		"an old Via":              "OPTIONS sip:h SIP/2.0\n" + strings.Replace(headers, ";branch=z9hG4bK1", "", 1) + "\n",
		"a response":              "SIP/2.0 404 Not Found\n" + headers + "\n",
		"no reason, no space":     "SIP/2.0 200\n" + headers + "\n",
		"a UTF-8 display name":    "OPTIONS sip:h SIP/2.0\n" + strings.Replace(headers, "From: ", "From: J\u00f6rg ", 1) + "\n",
		"unknown scheme":          "OPTIONS name:x SIP/2.0\n" + headers + "\n",
	} {
		var m sip.Message
		if err := m.Parse(crlf(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// refusal is a text, the status that refuses it, and whether it can be answered.
type refusal struct {
	name, text string
	status     int
	respond    bool
}

const startLine = "OPTIONS sip:h SIP/2.0\n"

// swap returns a request in which a part of the usual headers is another one.
func swap(old, new string) string { return startLine + strings.Replace(headers, old, new, 1) + "\n" }

func checkRefusals(t *testing.T, cases []refusal) {
	t.Helper()
	for _, c := range cases {
		var m sip.Message
		err, ok := m.Parse(crlf(c.text)).(*sip.ParseError)
		if !ok {
			t.Errorf("%s: accepted", c.name)
			continue
		}
		if err.Status != c.status || m.CanRespond() != c.respond {
			t.Errorf("%s: status %d, can respond %v, want %d, %v: %v", c.name, err.Status, m.CanRespond(), c.status, c.respond, err)
		}
		if !m.CanRespond() {
			continue
		}
		answer := sip.AppendResponse(nil, &m, &sip.Response{Status: err.Status, Source: source, ToTag: "gate"})
		if bytes.IndexByte(answer, 0) >= 0 || bytes.Count(answer, []byte("\n")) != bytes.Count(answer, []byte("\r\n")) {
			t.Errorf("%s: answer %q", c.name, answer)
		}
	}
}

func TestParseRefusesStartLines(t *testing.T) {
	checkRefusals(t, []refusal{
		{"nothing", "", 0, false},
		{"a keep-alive", "\n\n", 0, false},
		{"a STUN packet", "\x00\x01\x00\x00\x21\x12\xa4\x42", 0, false},
		{"HTTP", "GET / HTTP/1.1\n" + headers + "\n", 400, true},
		{"no version", "OPTIONS sip:h\n" + headers + "\n", 400, true},
		{"SIP/3.0", "OPTIONS sip:h SIP/3.0\n" + headers + "\n", 505, true},
		{"SIP/2.0.1", "OPTIONS sip:h SIP/2.0.1\n" + headers + "\n", 400, true},
		{"SIP/3.0 of an ACK", "ACK sip:h SIP/3.0\n" + headers + "\n", 505, false},
		{"a method with a slash", "OPT/IONS sip:h SIP/2.0\n" + headers + "\n", 0, false},
		{"a method in another case", "Invite sip:h SIP/2.0\n" + strings.Replace(headers, "OPTIONS", "Invite", 1) + "\n", 501, true},
		{"the longest in another case", "subscribe sip:h SIP/2.0\n" + strings.Replace(headers, "OPTIONS", "subscribe", 1) + "\n", 501, true},
		{"a tab in the request line", "OPTIONS\tsip:h SIP/2.0\n" + headers + "\n", 0, false},
		{"a folded start line", "OPTIONS sip:h SIP/2.0\n ;x\n" + headers + "\n", 400, true},
		{"status 99", "SIP/2.0 099 x\n" + headers + "\n", 0, false},
		{"status 700", "SIP/2.0 700 x\n" + headers + "\n", 0, false},
		{"status 20", "SIP/2.0 20 OK x\n" + headers + "\n", 0, false},
		{"status 2000", "SIP/2.0 2000 x\n" + headers + "\n", 0, false},
		{"status +20", "SIP/2.0 +20 x\n" + headers + "\n", 0, false},
		{"NUL in a reason", "SIP/2.0 200 \x00\n" + headers + "\n", 0, false},
		{"a bad response", "SIP/2.0 200 OK\n" + strings.Replace(headers, "CSeq: 1", "CSeq: x", 1) + "\n", 0, false},
	})
}

func TestParseRefusesRequiredHeaders(t *testing.T) {
	checkRefusals(t, []refusal{
		{"no Via", swap("Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1\n", ""), 400, false},
		{"no From", swap("From: <sip:a@example.test>;tag=1\n", ""), 400, false},
		{"no To", swap("To: <sip:b@example.test>\n", ""), 400, false},
		{"no Call-ID", swap("Call-ID: c1\n", ""), 400, false},
		{"no CSeq", swap("CSeq: 1 OPTIONS\n", ""), 400, false},
		{"an empty Call-ID", swap("Call-ID: c1", "Call-ID:"), 400, false},
		{"a Call-ID with a space", swap("Call-ID: c1", "Call-ID: c 1"), 400, true},
		{"CSeq above 32 bits", swap("CSeq: 1", "CSeq: 4294967296"), 400, true},
		{"negative CSeq", swap("CSeq: 1", "CSeq: -1"), 400, true},
		{"CSeq without method", swap("CSeq: 1 OPTIONS", "CSeq: 1"), 400, true},
		{"CSeq in one word", swap("CSeq: 1 OPTIONS", "CSeq: 1OPTIONS"), 400, true},
		{"another method in CSeq", swap("CSeq: 1 OPTIONS", "CSeq: 1 options"), 400, true},
		{"Via of SIP/1.0", swap("SIP/2.0/UDP", "SIP/1.0/UDP"), 400, true},
		{"Via with two branches", swap("z9hG4bK1", "z9hG4bK1;branch=z9hG4bK2"), 400, true},
		{"Via with an empty branch", swap("z9hG4bK1", ""), 400, true},
		{"Via without host", swap("192.0.2.10", ""), 400, false},
		{"Via with port 0", swap("192.0.2.10", "192.0.2.10:0"), 400, false},
		{"Via with a huge rport", swap("z9hG4bK1", "z9hG4bK1;rport=70000"), 400, true},
		{"two From", startLine + headers + "f: <sip:x@h>;tag=2\n\n", 400, true},
		{"two From addresses", swap("tag=1", "tag=1, <sip:x@h>"), 400, true},
		{"two From tags", swap("tag=1", "tag=1;TAG=2"), 400, true},
		{"an empty tag", swap("tag=1", "tag="), 400, true},
		{"From without scheme", swap("<sip:a@example.test>", "a@example.test"), 400, true},
	})
}

func TestParseRefusesFramingAndSizes(t *testing.T) {
	checkRefusals(t, []refusal{
		{"two Dates", startLine + headers + "Date: a\ndate : b\n\n", 400, true},
		{"two Max-Forwards", startLine + headers + "Max-Forwards: 1\nMAX-FORWARDS: 1\n\n", 400, true},
		{"junk Max-Forwards", startLine + headers + "Max-Forwards: 7x\n\n", 400, true},
		{"empty Max-Forwards", startLine + headers + "Max-Forwards:\n\n", 400, true},
		{"Content-Length +5", startLine + headers + "Content-Length: +5\n\n12345", 400, true},
		{"Content-Length 0x5", startLine + headers + "Content-Length: 0x5\n\n12345", 400, true},
		{"Content-Length 5, 5", startLine + headers + "Content-Length: 5, 5\n\n12345", 400, true},
		{"Content-Length -1", startLine + headers + "Content-Length: -1\n\n12345", 400, true},
		{"Content-Length empty", startLine + headers + "Content-Length:\n\n12345", 400, true},
		{"Content-Length 2**64+5", startLine + headers + "Content-Length: 18446744073709551621\n\n12345", 400, true},
		{"two equal Content-Lengths", startLine + headers + "Content-Length: 5\nl: 5\n\n12345", 400, true},
		{"Content-Length too large", startLine + headers + "Content-Length: 6\n\n12345", 400, true},
		{"no empty line", startLine + headers, 400, true},
		{"a line without colon", startLine + headers + "junk\n\n", 400, true},
		{"a header without name", startLine + headers + ": x\n\n", 400, true},
		{"a space in a header name", startLine + headers + "X Y: x\n\n", 400, true},
		{"a line break that is quoted", startLine + strings.Replace(headers, "From: ", "From: \"a\\\n b\" ", 1) + "\n", 400, true},
		{"a bare CR", startLine + headers + "X-A: a\rb\n\n", 400, true},
		{"a NUL", startLine + headers + "X-A: a\x00b\n\n", 400, true},
		{"a NUL in From", swap("tag=1", "tag=\x00"), 400, false},
		{"a bad Contact", startLine + headers + "Contact: <sip:x@h>, sip:a@h?x=y\n\n", 400, true},
		{"an empty Contact", startLine + headers + "Contact:\n\n", 400, true},
		{"an open quote in Contact", startLine + headers + "Contact: <sip:x@h>, \"a <sip:a@h>\n\n", 400, true},
		{"a bad Route", startLine + headers + "Route: <sip:h;lr>, <sip:a@>\n\n", 400, true},
		{"too many headers", startLine + headers + strings.Repeat("X-A: y\n", sip.MaxHeaders-4) + "\n", 513, true},
		{"too many Route values", startLine + headers + strings.Repeat("Route: "+strings.Repeat("<sip:a>,", 86)+"\n", 3) + "\n", 513, true},
		{"a long header", startLine + headers + "X-A: " + strings.Repeat("y", sip.MaxHeaderLen) + "\n\n", 513, true},
		{"a long header section", startLine + headers + strings.Repeat("X-A: "+strings.Repeat("y", 8000)+"\n", 5) + "\n", 513, true},
		{"a long start line", "OPTIONS sip:" + strings.Repeat("y", sip.MaxHeaderLen) + " SIP/2.0\n" + headers + "\n", 414, true},
		{"a long message", startLine + headers + "\n" + strings.Repeat("y", sip.MaxMessage), 513, true},
		{"a body that would make it long", startLine + headers + "Content-Length: 70000\n\n" + strings.Repeat("y", 100), 513, true},
		{"a body of which some is missing", startLine + headers + "Content-Length: 101\n\n" + strings.Repeat("y", 100), 400, true},
	})
}

func TestMaxForwardsIsNeverMoreThan255(t *testing.T) {
	for text, want := range map[string]int{"0": 0, "0068": 68, "255": 255, "256": 255, "99999999999999999999999": 255} {
		m := mustParse(t, crlf("OPTIONS sip:h SIP/2.0\n"+headers+"Max-Forwards: "+text+"\n\n"))
		n, ok := m.MaxForwards()
		if n != want || !ok {
			t.Errorf("%s: %d %v, want %d", text, n, ok, want)
		}
	}
	if _, ok := mustParse(t, crlf("OPTIONS sip:h SIP/2.0\n"+headers+"\n")).MaxForwards(); ok {
		t.Error("absent, and yet there")
	}
}

func TestHeaderNamesAreFoundInEveryCase(t *testing.T) {
	for id := sip.HeaderAccept; id.String() != ""; id++ {
		for _, name := range []string{id.String(), strings.ToLower(id.String()), strings.ToUpper(id.String())} {
			if got := sip.ParseHeaderID([]byte(name)); got != id {
				t.Errorf("%s: %d, want %d", name, got, id)
			}
		}
	}
	for compact, full := range map[string]string{
		"a": "Accept-Contact", "b": "Referred-By", "c": "Content-Type", "d": "Request-Disposition", "e": "Content-Encoding",
		"f": "From", "i": "Call-ID", "j": "Reject-Contact", "k": "Supported", "l": "Content-Length", "m": "Contact",
		"n": "Identity-Info", "o": "Event", "r": "Refer-To", "s": "Subject", "t": "To", "u": "Allow-Events", "v": "Via",
		"x": "Session-Expires", "Y": "Identity",
	} {
		if got := sip.ParseHeaderID([]byte(compact)).String(); got != full {
			t.Errorf("%s: %s, want %s", compact, got, full)
		}
	}
	for _, name := range []string{"", "z", "X-Unknown", "Fromm", "C%6Fntact", "Content Length"} {
		if got := sip.ParseHeaderID([]byte(name)); got != sip.HeaderUnknown {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestMethodsAndTransportsHaveNames(t *testing.T) {
	for m := sip.INVITE; m <= sip.REFER; m++ {
		expect(t, m.String(), sip.ParseMethod([]byte(m.String())), m)
	}
	expect(t, "invite", sip.ParseMethod([]byte("invite")), sip.UnknownMethod)
	for tr := sip.UDP; tr <= sip.TLSSCTP; tr++ {
		expect(t, tr.String(), sip.ParseTransport([]byte(tr.String())), tr)
		expect(t, tr.Lower(), sip.ParseTransport([]byte(tr.Lower())), tr)
		expect(t, tr.Lower(), strings.ToLower(tr.String()), tr.Lower())
	}
	expect(t, "SMOKE", sip.ParseTransport([]byte("SMOKE")), sip.UnknownTransport)
	expect(t, "UDP reliable", sip.UDP.Reliable(), false)
	expect(t, "WSS secure", sip.WSS.Secure(), true)
}

func TestNothingAllocatesWhenWarm(t *testing.T) {
	var m, bad sip.Message
	var e sip.Edit
	malformed := bytes.Replace(invite, []byte("CSeq: 314159"), []byte("CSeq: 9999999999"), 1)
	dst := make([]byte, 0, 4096)
	r := sip.Response{Status: 180, ToTag: "x", Headers: []byte("Contact: <sip:h>\r\n"), Source: source}
	allocs := testing.AllocsPerRun(200, func() {
		if m.Parse(invite) != nil || bad.Parse(malformed) == nil {
			t.Fatal("parse")
		}
		dst = forward(&m, &e, dst[:0])
		dst = sip.AppendResponse(dst[:0], &m, &r)
		dst = sip.AppendResponse(dst[:0], &bad, &r)
		for v := m.Values(sip.HeaderAllow); v.Next(); {
			_ = v.Text()
		}
		_, _ = sip.Frame(invite, 0)
		_, _ = m.Via().Param("rport")
		dst = m.From().AppendDisplay(dst[:0])
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
