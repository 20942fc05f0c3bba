package sip_test

import (
	"net/netip"
	"strings"
	"testing"

	"gatehouse.example/sip"
)

func TestEditSplices(t *testing.T) {
	m := mustParse(t, crlf("OPTIONS sip:h SIP/2.0\n"+headers+"\nbody"))
	line := func(id sip.HeaderID) sip.Field { f, _ := m.First(id); return f }
	from, to := line(sip.HeaderFrom), line(sip.HeaderTo)
	text := string(m.Bytes())
	var e sip.Edit
	for name, c := range map[string]struct {
		edit func()
		want string
	}{
		"nothing": {func() {}, text},
		"inserts at one place keep their order": {func() {
			e.Insert(from.Line.Start, []byte("A: 1\r\n"))
			e.Insert(0, nil)
			e.Insert(from.Line.Start, []byte("B: 2\r\n"))
		}, strings.Replace(text, "From", "A: 1\r\nB: 2\r\nFrom", 1)},
		"calls in any order": {func() {
			e.Insert(m.HeadersEnd(), []byte("Z: 9\r\n"))
			e.Replace(m.RequestURISpan(), []byte("sip:elsewhere"))
		}, strings.Replace(strings.Replace(text, "sip:h ", "sip:elsewhere ", 1), "\r\n\r\n", "\r\nZ: 9\r\n\r\n", 1)},
		"overlapping deletions merge": {func() {
			e.DeleteField(to)
			e.Delete(sip.Span{Start: from.Line.Start, End: to.Value.Start})
			e.Delete(to.Value)
		}, strings.Replace(text, string(m.Text(from.Line))+string(m.Text(to.Line)), "", 1)},
		"text within a deletion goes with it": {func() {
			e.DeleteField(to)
			e.Replace(to.Value, []byte("<sip:x>"))
		}, strings.Replace(text, string(m.Text(to.Line)), "", 1)},
		"text at the borders of a deletion stays": {func() {
			e.DeleteField(to)
			e.Insert(to.Line.Start, []byte("A: 1\r\n"))
			e.Insert(to.Line.End, []byte("B: 2\r\n"))
		}, strings.Replace(text, string(m.Text(to.Line)), "A: 1\r\nB: 2\r\n", 1)},
		"the body": {func() { e.Replace(m.BodySpan(), []byte("other")) }, strings.Replace(text, "body", "other", 1)},
	} {
		e.Begin(m)
		c.edit()
		for range 2 { // AppendTo may be called again
			if got := string(e.AppendTo([]byte("+"))); got != "+"+c.want {
				t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
			}
		}
	}
}

func TestDeleteValueTakesItsComma(t *testing.T) {
	const a, b, c = "<sip:a;lr>", `"B, <b" <sip:b;lr>`, "<sip:c,c@c;lr>"
	for _, test := range []struct{ lines, delete, want string }{
		{"Route: " + a, "a", ""},
		{"Route: " + a + ", " + b + " ,\n " + c, "a", "Route: " + b + " ,\n " + c + "\n"},
		{"Route: " + a + ", " + b + " ,\n " + c, "b", "Route: " + a + ", " + c + "\n"},
		{"Route: " + a + ", " + b + " ,\n " + c, "c", "Route: " + a + ", " + b + "\n"},
		{"Route: " + a + ", " + b + " ,\n " + c, "bc", "Route: " + a + "\n"},
		{"Route: " + a + ", " + b + " ,\n " + c, "cb", "Route: " + a + "\n"},
		{"Route: " + a + ", " + b + " ,\n " + c, "ac", "Route: " + b + "\n"},
		{"Route: " + a + ", " + b + " ,\n " + c, "abc", ""},
		{"Route: " + a + ", " + b + " ,\n " + c, "cab", ""},
		{"Route: , " + a + ",, " + b + ",", "a", "Route: , " + b + ",\n"},
		{"Route: " + a + "\nroute : " + b + "," + c, "ab", "route : " + c + "\n"},
	} {
		m := mustParse(t, crlf("OPTIONS sip:h SIP/2.0\n"+headers+test.lines+"\n\n"))
		var e sip.Edit
		e.Begin(m)
		for _, name := range test.delete {
			for v := m.Values(sip.HeaderRoute); v.Next(); {
				if strings.Contains(string(v.Text()), "sip:"+string(name)) {
					e.DeleteValue(&v)
				}
			}
		}
		want := string(crlf("OPTIONS sip:h SIP/2.0\n" + headers + test.want + "\n"))
		if got := string(e.AppendTo(nil)); got != want {
			t.Errorf("%q without %s: %q, want %q", test.lines, test.delete, got, want)
		}
	}
}

func TestValuesSplitOutsideQuotesAndBrackets(t *testing.T) {
	for _, c := range []struct {
		id    sip.HeaderID
		lines string
		want  string
		bad   bool
	}{
		{sip.HeaderAllow, "Allow: INVITE ,ACK\nAllow:\nallow: BYE,\n CANCEL", "INVITE|ACK|BYE|CANCEL", false},
		{sip.HeaderRecordRoute, `Record-Route: "a, \", b" <sip:a,b>;x="1,2" , <sip:c>`, `"a, \", b" <sip:a,b>;x="1,2"|<sip:c>`, false},
		{sip.HeaderRecordRoute, `Record-Route: <sip:a>, "b, <sip:c>`, "<sip:a>", true},
		{sip.HeaderRecordRoute, `Record-Route: <sip:a>, <sip:c, <sip:d`, "<sip:a>", true},
		{sip.HeaderDate, "Date: Sat, 21 Nov 2026 20:00:00 GMT", "Sat, 21 Nov 2026 20:00:00 GMT", false},
		{sip.HeaderUserAgent, "User-Agent: a, \"b", "a, \"b", false},
		{sip.HeaderPath, "", "", false},
	} {
		m := mustParse(t, crlf("OPTIONS sip:h SIP/2.0\n"+headers+strings.TrimSuffix(c.lines+"\n", "\n\n")+"\n"))
		if c.lines == "" {
			m = mustParse(t, crlf("OPTIONS sip:h SIP/2.0\n"+headers+"\n"))
		}
		var got []string
		v := m.Values(c.id)
		for v.Next() {
			got = append(got, string(v.Text()))
			if v.Sole() != !strings.Contains(c.want, "|") && c.id != sip.HeaderAllow && !c.bad {
				t.Errorf("%q: sole %v", c.lines, v.Sole())
			}
		}
		if strings.Join(got, "|") != c.want || (v.Err() != nil) != c.bad {
			t.Errorf("%q: %q, error %v", c.lines, got, v.Err())
		}
	}
}

// Who takes each line for a field finds as many as there are, under their names; folds that mislead nobody stay.
func TestUnfoldLeavesNoLineThatLooksLikeAField(t *testing.T) {
	for _, c := range []struct{ lines, want string }{
		{"Subject: x\n P-Asserted-Identity: <sip:boss@example.test>\n", "Subject: x P-Asserted-Identity: <sip:boss@example.test>\n"},
		{"Subject: x\n \n\t\n  y  z\n", "Subject: x y  z\n"},
		{"Subject: x\n\tP-Asserted-Identity \t: y\n", "Subject: x P-Asserted-Identity \t: y\n"},
		{"Subject:\n x\nSupported: a,\n\tb , c\n \n", "Subject:\n x\nSupported: a,\n\tb , c \n"},
		{"Subject:\n \nDate: \n\t\n", "Subject: \nDate:  \n"},
		{"Contact: \"A\n B\"\n <sip:a@h>\n ;x=\"\n \"\n", "Contact: \"A\n B\"\n <sip:a@h>\n ;x=\"\n \"\n"},
		{"Contact: A\n <sip:a@h>,\n sip:b@h\n", "Contact: A\n <sip:a@h>,\n sip:b@h\n"},
		{"Warning: 399\n example.test:5060\n \"x\"\n", "Warning: 399\n example.test:5060\n \"x\"\n"},
		{"Subject: x  y\n", "Subject: x  y\n"},
	} {
		m := mustParse(t, crlf("OPTIONS sip:h SIP/2.0\n"+headers+c.lines+"\nbody\n in lines"))
		var e sip.Edit
		e.Begin(m)
		e.Unfold()
		got := e.AppendTo(nil)
		if want := string(crlf("OPTIONS sip:h SIP/2.0\n" + headers + c.want + "\nbody\n in lines")); string(got) != want {
			t.Errorf("%q became %q", c.lines, got)
		}
		if n := len(m.Fields()); len(mustParse(t, got).Fields()) != n {
			t.Errorf("%q: not %d fields any more", c.lines, n)
		}
	}
	// With other edits at the same places.
	m := mustParse(t, crlf("OPTIONS sip:h SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1;rport\n ,SIP/2.0/UDP i\nRoute: <sip:a>\n , <sip:b>\n ,\n <sip:c>\n"+headers+"\n"))
	var e sip.Edit
	e.Begin(m)
	sip.AppendReceived(&e, m, netip.MustParseAddrPort("203.0.113.7:40000"))
	for v := m.Values(sip.HeaderRoute); v.Next(); {
		if string(v.Text()) != "<sip:b>" {
			e.DeleteValue(&v)
		}
	}
	e.Unfold()
	want := "OPTIONS sip:h SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1;rport=40000;received=203.0.113.7\n ,SIP/2.0/UDP i\nRoute: <sip:b>\n" + headers + "\n"
	if got := string(e.AppendTo(nil)); got != string(crlf(want)) {
		t.Errorf("got %q", got)
	}
}

func TestReceivedAndRPortAreStamped(t *testing.T) {
	v4, v6 := netip.MustParseAddrPort("203.0.113.7:40000"), netip.MustParseAddrPort("[2001:db8::7]:40000")
	mapped := netip.MustParseAddrPort("[::ffff:203.0.113.7]:40000")
	for _, c := range []struct {
		via, want string
		source    netip.AddrPort
	}{
		{"pc.example;branch=z9hG4bK1", "pc.example;branch=z9hG4bK1;received=203.0.113.7", v4},
		{"203.0.113.7:5060;branch=z9hG4bK1", "203.0.113.7:5060;branch=z9hG4bK1", v4},
		{"203.0.113.7;branch=z9hG4bK1", "203.0.113.7;branch=z9hG4bK1", mapped},
		{"203.0.113.7;rport;branch=z9hG4bK1", "203.0.113.7;rport=40000;branch=z9hG4bK1;received=203.0.113.7", v4},
		{"192.0.2.1;branch=z9hG4bK1;RPORT", "192.0.2.1;branch=z9hG4bK1;RPORT=40000;received=203.0.113.7", mapped},
		{"192.0.2.1;rport=;branch=z9hG4bK1", "192.0.2.1;rport=40000;branch=z9hG4bK1;received=203.0.113.7", v4},
		{"192.0.2.1;rport=1;branch=z9hG4bK1", "192.0.2.1;rport=40000;branch=z9hG4bK1;received=203.0.113.7", v4},
		{"192.0.2.1;received=10.0.0.1;branch=z9hG4bK1;rport", "192.0.2.1;received=203.0.113.7;branch=z9hG4bK1;rport=40000", v4},
		{"203.0.113.7;received=10.0.0.1;branch=z9hG4bK1", "203.0.113.7;received=203.0.113.7;branch=z9hG4bK1", v4},
		{"[2001:db8::1];branch=z9hG4bK1;received=[::1]", "[2001:db8::1];branch=z9hG4bK1;received=2001:db8::7", v6},
		{"[2001:DB8:0::7];branch=z9hG4bK1", "[2001:DB8:0::7];branch=z9hG4bK1", v6},
		{"192.0.2.1 ; branch = z9hG4bK1 , SIP/2.0/TCP h;branch=2", "192.0.2.1 ; branch = z9hG4bK1;received=203.0.113.7 , SIP/2.0/TCP h;branch=2", v4},
		{"192.0.2.1;branch=z9hG4bK1", "192.0.2.1;branch=z9hG4bK1", netip.AddrPort{}},
	} {
		m := mustParse(t, crlf("OPTIONS sip:h SIP/2.0\n"+strings.Replace(headers, "192.0.2.10;branch=z9hG4bK1", c.via, 1)+"\n"))
		var e sip.Edit
		e.Begin(m)
		sip.AppendReceived(&e, m, c.source)
		want := strings.Replace(string(m.Bytes()), c.via, c.want, 1)
		if got := string(e.AppendTo(nil)); got != want {
			t.Errorf("%s: %s", c.via, got)
		}
		answer := mustParse(t, sip.AppendResponse(nil, m, &sip.Response{Status: 200, Source: c.source}))
		if got := string(answer.Value(sip.HeaderVia)); got != "SIP/2.0/UDP "+c.want {
			t.Errorf("%s: answered with Via %s", c.via, got)
		}
	}
}

// A list that is as long as a header may be, taken out value by value, costs no more than a moment.
func TestDeletingALongListIsQuick(t *testing.T) {
	list := strings.Repeat("<sip:a>,", 1000) + "<sip:a>"
	m := mustParse(t, crlf("OPTIONS sip:h SIP/2.0\n"+headers+"P-Asserted-Identity: "+list+"\n\n"))
	var e sip.Edit
	e.Begin(m)
	for v := m.Values(sip.HeaderPAssertedIdentity); v.Next(); {
		e.DeleteValue(&v)
	}
	if got := string(e.AppendTo(nil)); got != string(crlf("OPTIONS sip:h SIP/2.0\n"+headers+"\n")) {
		t.Errorf("left %q", got)
	}
}

// Nor does a message of thousands of folds, with edits before and behind them.
func TestUnfoldingManyLinesIsQuick(t *testing.T) {
	long := "A:" + strings.Repeat(" x:\n", 1600)
	text := "OPTIONS sip:h SIP/2.0\n" + headers + strings.Repeat(long, 3) + strings.Repeat("Diversion: <sip:a>\n", 200) + "\n"
	m := mustParse(t, crlf(text))
	var e sip.Edit
	e.Begin(m)
	for i, f := range m.Fields() {
		if f.ID == sip.HeaderDiversion {
			e.DeleteField(f)
			e.Insert(f.Line.Start, []byte{byte('a' + i%26)})
			e.Insert(f.Line.Start, []byte{byte('A' + i%26)})
		}
	}
	e.Unfold()
	e.Insert(0, []byte("+"))
	want := "+OPTIONS sip:h SIP/2.0\n" + headers + strings.Repeat("A:"+strings.Repeat(" x:", 1600)+"\n", 3)
	for i := range 200 {
		at := len(m.Fields()) - 200 + i
		want += string([]byte{byte('a' + at%26), byte('A' + at%26)})
	}
	if got := string(e.AppendTo(nil)); got != string(crlf(want+"\n")) {
		t.Errorf("got %q", got)
	}
}
