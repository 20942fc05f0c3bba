package sip_test

import (
	"bytes"
	"regexp"
	"slices"
	"testing"

	"gatehouse.example/sip"
)

// FuzzMessage: a message that parses is written as it came; all spans lie inside it and in order; what an edit puts in and
// takes out is so after another parse; an answer to any message that can be answered has no line of its own making.
func FuzzMessage(f *testing.F) {
	f.Add(invite)
	f.Add(crlf("OPTIONS sip:h SIP/2.0\n" + headers + "m: *\nRoute: <sip:a>,\n\t\"x, \\\"\" <sip:b;lr>\nl: 1\n\nxy"))
	f.Add(crlf("SIP/2.0 200 OK\n" + headers + "\n"))
	f.Add(crlf("BYE sip:[::1] SIP/7.0\nv: SIP / 2.0 / UDP h:1;rport;received=1.1.1.1;x=\"\",\nf:a<tel:1>\nt:sip:x;tag=1\ni:1\nCSeq:1 BYE\n"))
	var m, again sip.Message
	var e sip.Edit
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := m.Parse(b); err != nil {
			checkError(t, &m, err, len(b))
			return
		}
		checkSpans(t, &m)
		e.Begin(&m)
		if !bytes.Equal(e.AppendTo(nil), m.Bytes()) || !bytes.Contains(b, m.Bytes()) {
			t.Fatalf("%q is written as %q", b, e.AppendTo(nil))
		}
		checkEdit(t, &m, &again, &e)
		if m.CanRespond() {
			checkAnswer(t, &m)
		}
	})
}

func checkError(t *testing.T, m *sip.Message, err error, size int) {
	if e, ok := err.(*sip.ParseError); !ok || e.Offset < 0 || e.Offset > size {
		t.Fatalf("error %v", err)
	}
	if m.CanRespond() {
		checkAnswer(t, m)
	}
}

func checkAnswer(t *testing.T, m *sip.Message) {
	answer := sip.AppendResponse(nil, m, &sip.Response{Status: 400, ToTag: "x", Source: source})
	crs, lfs := bytes.Count(answer, []byte("\r")), bytes.Count(answer, []byte("\n"))
	if crlfs := bytes.Count(answer, []byte("\r\n")); crs != crlfs || lfs != crlfs || bytes.Count(answer, []byte("\r\n\r\n")) != 1 {
		t.Fatalf("answer %q", answer)
	}
}

func checkSpans(t *testing.T, m *sip.Message) {
	pos := uint32(bytes.IndexByte(m.Bytes(), '\n') + 1)
	for _, f := range m.Fields() {
		if f.Line.Start != pos || f.Name.Start != pos || f.Name.End > f.Value.Start || f.Value.End > f.Line.End ||
			f.Value.Start > f.Value.End {
			t.Fatalf("field %+v at %d", f, pos)
		}
		pos = f.Line.End
	}
	if pos != m.HeadersEnd() || m.BodySpan().Start != pos+2 {
		t.Fatalf("header section ends at %d, not at %d", pos, m.HeadersEnd())
	}
	for _, s := range []sip.Span{m.Via().Span, m.From().Span, m.To().Span, m.RequestURISpan()} {
		if s.Start > s.End || s.End > m.HeadersEnd() || m.IsRequest() && s.Start == s.End {
			t.Fatalf("span %+v", s)
		}
	}
	if !bytes.Equal(m.Text(m.From().Span), m.Value(sip.HeaderFrom)) || !bytes.Equal(m.Text(m.To().Span), m.Value(sip.HeaderTo)) {
		t.Fatalf("From %q, To %q", m.Text(m.From().Span), m.Text(m.To().Span))
	}
}

// fieldLike is the beginning of a line that some would take for a field.
var fieldLike = regexp.MustCompile("^[-A-Za-z0-9.!%*_+`'~]+[ \\t]*:")

// addressLike is the beginning of one that is none.
var addressLike = regexp.MustCompile("^([^:]*[.]|(?i:sips?|tel)[ \\t]*:)")

func checkEdit(t *testing.T, m, again *sip.Message, e *sip.Edit) {
	if len(m.Fields()) == sip.MaxHeaders || len(m.Bytes()) > 10000 {
		return
	}
	values := 0
	v := m.Values(sip.HeaderRoute)
	for ; v.Next(); values++ {
		if values == 0 {
			e.DeleteValue(&v)
		}
	}
	e.Insert(m.Fields()[0].Line.Start, ourVia)
	sip.AppendReceived(e, m, source)
	e.Unfold()
	edited := e.AppendTo(nil)
	if err := again.Parse(edited); err != nil {
		t.Fatalf("%q edited to %q: %v", m.Bytes(), edited, err)
	}
	for line := range bytes.Lines(edited[:again.HeadersEnd()]) {
		if text := bytes.TrimLeft(line, " \t"); len(text) < len(line) && (len(bytes.TrimSpace(text)) == 0 || fieldLike.Match(text) && !addressLike.Match(text)) {
			t.Fatalf("%q: a line of its own in %q", line, edited)
		}
	}
	if a, b := m.From(), again.From(); !bytes.Equal(a.AppendDisplay(nil), b.AppendDisplay(nil)) || !bytes.Equal(a.URI, b.URI) || !bytes.Equal(a.Tag, b.Tag) {
		t.Fatalf("From %q unfolded to %q", m.Text(a.Span), again.Text(b.Span))
	}
	w := again.Values(sip.HeaderRoute)
	left := 0
	for ; w.Next(); left++ {
	}
	if left != max(values-1, 0) && v.Err() == nil {
		t.Fatalf("%d Route values, after a deletion %d: %q", values, left, edited)
	}
	if string(again.Via().Branch) != "z9hG4bK0123456789abcdef.42" || again.CSeq() != m.CSeq() ||
		!bytes.Equal(again.CallID(), m.CallID()) || !bytes.Equal(again.Body(), m.Body()) {
		t.Fatalf("%q edited to %q", m.Bytes(), edited)
	}
	below := again.Values(sip.HeaderVia)
	below.Next()
	below.Next()
	var via sip.Via
	if err := via.Parse(below.Text()); err != nil || via.RPort > 0 && via.RPort != int(source.Port()) ||
		via.Received != nil && string(via.Received) != source.Addr().String() {
		t.Fatalf("Via %q stamped as %q: %v", m.Text(m.Via().Span), below.Text(), err)
	}
}

// FuzzAddress: an address written from its parts has the same parts.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{`"a\"<b" <sip:a@h;x>;tag=1;y="z"`, "a b<sip:h>", "sip:h ; a = b", "<tel:1>;+x"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var a, again sip.Address
		if a.Parse(b) != nil {
			return
		}
		if a.Span.End > uint32(len(b)) || a.Span.Start > a.Span.End {
			t.Fatalf("span %+v of %q", a.Span, b)
		}
		text := append([]byte(nil), a.Display...)
		text = append(append(append(text, '<'), a.URI...), '>')
		if a.Params != nil {
			text = append(append(text, ';'), a.Params...)
		}
		if err := again.Parse(text); err != nil {
			t.Fatalf("%q written as %q: %v", b, text, err)
		}
		if !bytes.Equal(a.URI, again.URI) || !bytes.Equal(a.Tag, again.Tag) || !bytes.Equal(a.Params, again.Params) ||
			!bytes.Equal(a.AppendDisplay(nil), again.AppendDisplay(nil)) {
			t.Fatalf("%q written as %q", b, text)
		}
	})
}

// FuzzVia: a Via written from its parts has the same parts.
func FuzzVia(f *testing.F) {
	for _, s := range []string{"SIP/2.0/UDP h:1;branch=z9hG4bK1;rport;received=1.1.1.1;maddr=x", "SIP / 2.0\t/ X [::1] : 5 ; ttl = 1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v, again sip.Via
		if v.Parse(b) != nil {
			return
		}
		text := append([]byte("SIP/2.0/"), v.TransportName...)
		text = append(append(text, ' '), v.SentBy...)
		if v.Params != nil {
			text = append(append(text, ';'), v.Params...)
		}
		if err := again.Parse(text); err != nil {
			t.Fatalf("%q written as %q: %v", b, text, err)
		}
		if v.Transport != again.Transport || v.Port != again.Port || v.RPort != again.RPort || !bytes.Equal(v.Host, again.Host) ||
			!bytes.Equal(v.Branch, again.Branch) || !bytes.Equal(v.Received, again.Received) || !bytes.Equal(v.Params, again.Params) {
			t.Fatalf("%q written as %q", b, text)
		}
	})
}

// FuzzFrame: a stream gives the same messages however it is cut into pieces, and whether what has come already is read anew or
// not, and each framed one that parses ends where the frame does.
func FuzzFrame(f *testing.F) {
	stream := append(append([]byte("\r\n\r\n"), invite...), crlf("\nOPTIONS sip:h SIP/2.0\n"+headers+"l : 2\n\nxyBYE")...)
	f.Add(stream, uint8(1))
	f.Add(stream, uint8(7))
	f.Fuzz(func(t *testing.T, b []byte, step uint8) {
		whole := frames(b, len(b))
		pieces := frames(b, int(step)+1)
		if anew := framesAnew(b, int(step)+1); !slices.EqualFunc(anew, pieces, bytes.Equal) {
			t.Fatalf("%q: messages %q, read anew %q", b, pieces, anew)
		}
		if len(whole) > len(pieces) {
			t.Fatalf("%q: %d messages, in pieces %d", b, len(whole), len(pieces))
		}
		var m sip.Message
		for i := range whole {
			if !bytes.Equal(whole[i], pieces[i]) {
				t.Fatalf("%q: message %q, in pieces %q", b, whole[i], pieces[i])
			}
			if m.Parse(whole[i]) == nil && len(m.Bytes()) != len(whole[i]) {
				t.Fatalf("framed %q, parsed %q", whole[i], m.Bytes())
			}
		}
		if len(pieces) > len(whole) {
			t.Fatalf("%q: %d messages, in pieces %d", b, len(whole), len(pieces))
		}
	})
}

// frames reads a stream that arrives in pieces of step octets and returns its messages up to the first error.
func frames(b []byte, step int) [][]byte {
	var f sip.Framer
	return cutBy(f.Frame, b, step)
}

func framesAnew(b []byte, step int) [][]byte { return cutBy(sip.Frame, b, step) }

func cutBy(frame func(b []byte, lim int) (int, error), b []byte, step int) (messages [][]byte) {
	var unread []byte
	for len(b) > 0 {
		n := min(step, len(b))
		unread, b = append(unread, b[:n]...), b[n:]
		for {
			n, err := frame(unread, 0)
			if err != nil {
				return messages
			}
			if n == 0 {
				break
			}
			if n > 0 {
				messages = append(messages, unread[:n])
			}
			unread = unread[max(n, -n):]
		}
	}
	return messages
}
