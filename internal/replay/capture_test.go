package replay

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"gatehouse.example/screen"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

// tape is a capture that is written by hand: each message at a time in milliseconds.
type tape struct {
	file bytes.Buffer
	next map[string]uint32 // sequence numbers of the directions
}

func newTape() *tape {
	t := &tape{next: map[string]uint32{}}
	t.file.Write([]byte{0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0})
	return t
}

func (t *tape) packet(ms int, proto byte, from, to string, rest []byte) {
	ip := make([]byte, 20, 20+len(rest)+4)
	ip[0], ip[9] = 0x45, proto
	src, dst := netip.MustParseAddrPort(from), netip.MustParseAddrPort(to)
	copy(ip[12:], src.Addr().AsSlice())
	copy(ip[16:], dst.Addr().AsSlice())
	ip = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(ip, src.Port()), dst.Port())
	ip = append(ip, rest...)
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
	for _, n := range []int{1767600000 + ms/1000, ms % 1000 * 1000, len(ip), len(ip)} {
		t.file.Write(binary.LittleEndian.AppendUint32(nil, uint32(n)))
	}
	t.file.Write(ip)
}

func (t *tape) udp(ms int, from, to, text string) {
	t.packet(ms, 17, from, to, append(binary.BigEndian.AppendUint16(nil, uint16(8+len(text))), "\x00\x00"+text...))
}

// tcp sends a text as segments in the given order of their numbers.
func (t *tape) tcp(ms int, from, to, text string, parts int, order ...int) {
	begin := t.next[from]
	size := (len(text) + parts - 1) / parts
	for _, i := range order {
		part := text[min(len(text), i*size):min(len(text), (i+1)*size)]
		head := binary.BigEndian.AppendUint32(nil, begin+uint32(i*size))
		t.packet(ms, 6, from, to, append(append(head, 0, 0, 0, 0, 5<<4, 0x18, 0, 0, 0, 0, 0, 0), part...))
	}
	t.next[from] = begin + uint32(len(text))
}

// message writes a SIP message.
func message(first, callID, fromTag, toTag, cseq, body string) string {
	if toTag != "" {
		toTag = ";tag=" + toTag
	}
	from, to := "Eve <sip:+15551230001@x.test>;tag="+fromTag, "<sip:bob@example.test>"+toTag
	return fmt.Sprintf("%s\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\nUser-Agent: phone/1\r\n"+
		"Content-Length: %d\r\n\r\n%s", first, from, to, callID, cseq, len(body), body)
}

const (
	invite = "INVITE sip:bob@example.test SIP/2.0"
	caller = "192.0.2.7:5060"
	border = "192.0.2.1:5060"
	pbx    = "10.0.0.1:5060"
)

// read are the events of a tape.
func read(t *testing.T, tape *tape, site Site) (all []screen.Event) {
	t.Helper()
	events, err := Open(&tape.file, site)
	if err != nil {
		t.Fatal(err)
	}
	for {
		var ev screen.Event
		if err := events.Next(&ev); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, ev)
	}
}

// captured are the events of a tape, as JSON lines without ids.
func captured(t *testing.T, tape *tape) string {
	t.Helper()
	var b strings.Builder
	for _, ev := range read(t, tape, Site{Domains: []string{"example.test"}}) {
		out, err := json.Marshal(&ev.Outcome)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s%s %s %q → %s %s %s %q %s\n", ev.Time.Format("05.000"), ev.Direction, ev.Kind, ev.From, ev.Display, ev.To, ev.Source, ev.Transport, ev.Text, out)
	}
	return b.String()
}

func TestCaptureBecomesEvents(t *testing.T) {
	tape := newTape()
	// A call that is challenged, answered after four seconds and hung up by the callee, seen on both sides of the border.
	tape.udp(0, caller, border, message(invite, "c1", "a", "", "1 INVITE", ""))
	tape.udp(10, border, caller, message("SIP/2.0 407 Who", "c1", "a", "z", "1 INVITE", ""))
	tape.udp(20, caller, border, message(invite, "c1", "a", "", "2 INVITE", ""))
	tape.udp(21, caller, border, message(invite, "c1", "a", "", "2 INVITE", "")) // again
	tape.udp(22, border, pbx, message(invite, "c1", "a", "", "2 INVITE", ""))
	tape.udp(30, pbx, border, message("SIP/2.0 180 Ringing", "c1", "a", "b", "2 INVITE", ""))
	tape.udp(4000, pbx, border, message("SIP/2.0 200 OK", "c1", "a", "b", "2 INVITE", ""))
	tape.udp(4001, border, caller, message("SIP/2.0 200 OK", "c1", "a", "b", "2 INVITE", ""))
	bye := message("BYE sip:eve@h SIP/2.0", "c1", "b", "a", "9 BYE", "")
	tape.udp(14000, pbx, border, strings.Replace(bye, "User-Agent", "Reason: SIP;cause=607\r\nUser-Agent", 1))
	// One that is cancelled.
	tape.udp(20000, caller, border, message(invite, "c2", "a", "", "1 INVITE", ""))
	tape.udp(27000, caller, border, message("CANCEL sip:bob@example.test SIP/2.0", "c2", "a", "", "1 CANCEL", ""))
	tape.udp(27001, border, caller, message("SIP/2.0 487 Cancelled", "c2", "a", "b", "1 INVITE", ""))
	// One that nobody may make, one of a local user, noise, and a message over TCP whose segments come in the wrong order.
	tape.udp(30000, caller, border, message(invite, "c3", "a", "", "1 INVITE", ""))
	tape.udp(30500, border, caller, message("SIP/2.0 404 Nobody", "c3", "a", "b", "1 INVITE", ""))
	out := message("INVITE sip:+15550009999@carrier.test SIP/2.0", "c4", "a", "", "1 INVITE", "")
	tape.udp(31000, pbx, border, strings.Replace(out, "sip:+15551230001@x.test", "sip:bob@Example.test", 1))
	tape.udp(32000, caller, border, "\r\n\r\n")
	tape.udp(32000, caller, border, "this is no SIP, whatever it looks like")
	text := message("MESSAGE sip:bob@example.test SIP/2.0", "m1", "a", "", "1 MESSAGE", "buy now")
	tape.tcp(33000, caller, border, "\r\n\r\n"+text+message("OPTIONS sip:bob@example.test SIP/2.0", "o1", "a", "", "1 OPTIONS", ""), 4, 0, 2, 1, 1, 3)
	tape.tcp(33100, border, caller, message("SIP/2.0 200 OK", "m1", "a", "b", "1 MESSAGE", ""), 1, 0)

	want := `00.000 call sip:+15551230001@x.test "Eve" → sip:bob@example.test 192.0.2.7:5060 udp "" {"answered":true,"ring_s":4,"duration_s":10,"feedback":"spam"}
20.000 call sip:+15551230001@x.test "Eve" → sip:bob@example.test 192.0.2.7:5060 udp "" {"ring_s":7}
30.000 call sip:+15551230001@x.test "Eve" → sip:bob@example.test 192.0.2.7:5060 udp "" {"ring_s":0.5,"status":404}
31.000 outcall sip:bob@Example.test "Eve" → sip:+15550009999@carrier.test 10.0.0.1:5060 udp "" {}
33.000 message sip:+15551230001@x.test "Eve" → sip:bob@example.test 192.0.2.7:5060 tcp "buy now" {"answered":true,"ring_s":0.1,"status":200}
33.000 other sip:+15551230001@x.test "Eve" → sip:bob@example.test 192.0.2.7:5060 tcp "" {}
`
	if got := captured(t, tape); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Texts are decoded as the border decodes them, and a trusted trunk says who calls.
func TestCaptureIsReadAsTheBorderReads(t *testing.T) {
	tape := newTape()
	first, typed := "MESSAGE sip:bob@example.test SIP/2.0", func(text, kind string) string {
		return strings.Replace(text, "User-Agent", "Subject: a word\r\nContent-Type: "+kind+"\r\nUser-Agent", 1)
	}
	tape.udp(0, caller, border, typed(message(first, "m1", "a", "", "1 MESSAGE", "\xcf\xf0\xe8\xe2\xe5\xf2"), "text/plain;charset=windows-1251"))
	tape.udp(1, caller, border, typed(message(first, "m2", "a", "", "1 MESSAGE", "0\x80"), "application/pkcs7-mime"))
	asserted := "P-Asserted-Identity: <tel:+390612345678>\r\nUser-Agent"
	tape.udp(2, pbx, border, strings.Replace(message(invite, "c1", "a", "", "1 INVITE", ""), "User-Agent", asserted, 1))
	tape.udp(3, caller, border, strings.Replace(message(invite, "c2", "a", "", "1 INVITE", ""), "User-Agent", asserted, 1))
	trunk := netip.MustParseAddrPort(pbx).Addr()
	var got strings.Builder
	for _, ev := range read(t, tape, Site{Prove: func(m *sip.Message, source netip.Addr) (string, verdict.Proof) {
		if source != trunk {
			return "", verdict.None
		}
		return strings.Trim(string(m.Value(sip.HeaderPAssertedIdentity)), "<>"), verdict.Trunk
	}}) {
		a, err := ev.Attempt(uri.Plan{})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "%q %q %s %q\n", a.Text, a.Opaque, a.From.Proof, a.From.Identity)
	}
	want := `"a word\nПривет" "" none ""
"a word" "application/pkcs7-mime" none ""
"" "" trunk "tel:+390612345678"
"" "" none ""
`
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &got, want)
	}
}

// Each wrong password is an event of its own, and asks for whom it is for; a stale nonce is no wrong password.
func TestWrongPasswordsOfACapture(t *testing.T) {
	tape, ms := newTape(), 0
	try := func(callID string, seq int, password bool, answer string) {
		cseq := fmt.Sprint(seq, " REGISTER")
		request := message("REGISTER sip:example.test SIP/2.0", callID, "a", "", cseq, "")
		if password {
			request = strings.Replace(request, "User-Agent", "Authorization: Digest username=\"bob\", response=\"0\"\r\nUser-Agent", 1)
		}
		tape.udp(ms, caller, border, request)
		tape.udp(ms+1, border, caller, strings.Replace(message("SIP/2.0 "+answer, callID, "a", "z", cseq, ""), "User-Agent", "WWW-Authenticate: Digest realm=\"x\"\r\nUser-Agent", 1))
		ms += 10
	}
	try("r1", 1, false, "401 Who") // never tries
	try("r2", 1, false, "401 Who")
	try("r2", 2, true, "401 Wrong")
	try("r2", 3, true, "401 Wrong")
	try("r3", 1, true, "403 Wrong")
	try("r4", 1, false, "401 Who")
	try("r4", 2, true, "200 OK")
	var got []string
	ours := "From: <sip:bob@example.test>"
	for i, answer := range []string{"180 Ringing", "403 No"} { // a call of one of us is proven by the password that got it further
		call := fmt.Sprint("c", i)
		try := strings.Replace(message(invite, call, "a", "", "2 INVITE", ""), "From: Eve <sip:+15551230001@x.test>", ours, 1)
		tape.udp(ms, caller, border, strings.Replace(try, "User-Agent", "Proxy-Authorization: Digest username=\"bob\"\r\nUser-Agent", 1))
		tape.udp(ms+1, border, caller, strings.Replace(message("SIP/2.0 "+answer, call, "a", "z", "2 INVITE", ""), "From: Eve <sip:+15551230001@x.test>", ours, 1))
		ms += 10
	}
	var proofs []verdict.Proof
	for _, ev := range read(t, tape, Site{Domains: []string{"example.test"}}) {
		if ev.Kind == verdict.Call {
			proofs = append(proofs, ev.Proof)
			continue
		}
		got = append(got, fmt.Sprint(ev.To, " ", ev.Outcome.Refused, " ", ev.Outcome.Status))
	}
	if !slices.Equal(proofs, []verdict.Proof{verdict.Digest, verdict.None}) {
		t.Errorf("calls are proven by %v", proofs)
	}
	const bob = "sip:bob@example.test "
	if want := []string{bob + "false 0", bob + "true 0", bob + "true 0", bob + "true 403", bob + "false 200"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestStreamsOutlastLostSegments: what is missing costs the messages that it is part of, and no more.
func TestStreamsOutlastLostSegments(t *testing.T) {
	tape := newTape()
	lost := message(invite, "c1", "a", "", "1 INVITE", "")
	tape.tcp(0, caller, border, lost, 2, 0)
	for i := range maxPending + 2 {
		tape.tcp(1000+i, caller, border, message(invite, fmt.Sprint("d", i), "a", "", "1 INVITE", ""), 1, 0)
	}
	if n := strings.Count(captured(t, tape), "call"); n < maxPending {
		t.Errorf("%d calls of %d", n, maxPending+2)
	}
}

// webSocket makes a frame, masked as clients do, of each text; all but the last go on.
func webSocket(masked bool, texts ...string) (out string) {
	for i, text := range texts {
		head := []byte{0, 126, byte(len(text) >> 8), byte(len(text))}
		if i == 0 {
			head[0] = 1
		}
		if i == len(texts)-1 {
			head[0] |= 0x80
		}
		b := []byte(text)
		if masked {
			head[1] |= 0x80
			head = append(head, 1, 2, 3, 4)
			for i := range b {
				b[i] ^= byte(i%4 + 1)
			}
		}
		out += string(head) + string(b)
	}
	return out
}

const (
	upgrade  = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: sip\r\n\r\n"
	switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n"
	ping     = "\x89\x80abcd"
)

// TestWebSocketIsReadFromItsHandshakeOn: RFC 7118 §5, each message is a WebSocket message, in frames that may be cut anywhere.
func TestWebSocketIsReadFromItsHandshakeOn(t *testing.T) {
	call := strings.Replace(message(invite, "c1", "a", "", "1 INVITE", ""), "/UDP", "/WS", 1)
	text := strings.Replace(message("MESSAGE sip:bob@example.test SIP/2.0", "m1", "a", "", "1 MESSAGE", "hello"), "Content-Length: 5\r\n", "", 1)
	tape := newTape()
	tape.tcp(0, caller, border, upgrade+ping+webSocket(true, call)+webSocket(true, text[:70], text[70:]), 5, 0, 2, 1, 4, 3)
	tape.tcp(10, border, caller, switched+webSocket(false, message("SIP/2.0 200 OK", "c1", "a", "b", "1 INVITE", "")), 1, 0)
	tape.tcp(20, caller, border, "\xC1\x80abcd"+webSocket(true, call), 1, 0) // compressed: nothing behind it is read
	var got []string
	events, err := Open(&tape.file, Site{})
	if err != nil {
		t.Fatal(err)
	}
	for ev := new(screen.Event); events.Next(ev) == nil; {
		got = append(got, fmt.Sprint(ev.Kind, " ", ev.Transport, " ", ev.Text, " ", ev.Outcome.Answered))
	}
	if want := []string{"call ws  true", "message ws hello false"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestCutPacketsAreCountedAndGzipIsRead: who has captured the beginnings of packets only is told why nothing comes out.
func TestCutPacketsAreCountedAndGzipIsRead(t *testing.T) {
	tape := newTape()
	tape.udp(0, caller, border, message(invite, "c1", "a", "", "1 INVITE", ""))
	whole := tape.file.Len()
	tape.udp(1, caller, border, message(invite, "c2", "a", "", "1 INVITE", ""))
	file := tape.file.Bytes()[:tape.file.Len()-40]
	binary.LittleEndian.PutUint32(file[whole+8:], uint32(len(file)-whole-16)) // what was captured of it
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(file)
	z.Close()
	for name, in := range map[string]io.Reader{"as it is": bytes.NewReader(file), "gzip": &packed} {
		events, err := Open(in, Site{})
		if err != nil {
			t.Fatal(err)
		}
		if n := Unread(events); n != 1 {
			t.Errorf("%s: %d packets are said to be cut off, want 1", name, n)
		}
		if err := events.Next(new(screen.Event)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzCapture: what comes out of a stream of octets can be played.
func FuzzCapture(f *testing.F) {
	f.Add([]byte(message(invite, "c1", "a", "", "1 INVITE", "")+message("SIP/2.0 200 OK", "c1", "a", "b", "1 INVITE", "")), uint8(3))
	f.Add([]byte(message("MESSAGE sip:bob@example.test SIP/2.0", "m1", "a", "", "1 MESSAGE", "\xff")), uint8(1))
	f.Add([]byte(upgrade+ping+webSocket(true, message(invite, "c1", "a", "", "1 INVITE", ""))), uint8(2))
	f.Fuzz(func(t *testing.T, text []byte, parts uint8) {
		if len(text) > 60000 {
			return
		}
		tape := newTape()
		tape.tcp(0, caller, border, string(text), int(parts)+1, order(int(parts)+1)...)
		tape.udp(1, caller, border, string(text))
		events, err := Open(&tape.file, Site{})
		if err != nil {
			t.Fatal(err)
		}
		r, _ := newReplay(t)
		for {
			var ev screen.Event
			if events.Next(&ev) != nil {
				break
			}
			var res Result
			if err := r.Play(&ev, &res); err != nil {
				t.Fatal(err)
			}
			if _, err := json.Marshal(&ev); err != nil {
				t.Fatal(err)
			}
		}
		r.Finish()
	})
}

func order(n int) (all []int) {
	for i := range n {
		all = append(all, n-1-i)
	}
	return all
}
