package proxy

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

// typical is an INVITE of 842 octets, as a phone sends it.
func typical() string {
	body := "v=0\r\no=alice 2890844526 2890844526 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n" +
		"m=audio 49170 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=sendrecv\r\n"
	head := "INVITE sip:bob@example.test SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK0000000;rport\r\nMax-Forwards: 70\r\n" +
		"From: \"Alice\" <sip:alice@elsewhere.test>;tag=a1\r\nTo: <sip:bob@example.test>\r\nCall-ID: 0000000@elsewhere.test\r\nCSeq: 1 INVITE\r\n" +
		"Contact: <sip:alice@198.51.100.7:5060>\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO\r\nSupported: replaces, timer\r\nUser-Agent: Phone\r\n" +
		"Content-Type: application/sdp\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n"
	pad := 842 - len(head) - len(body)
	return strings.Replace(head, "Phone\r\n", "Phone"+strings.Repeat("/", max(pad, 0))+"\r\n", 1) + body
}

// line plays calls through a proxy; nothing in the playing allocates.
type line struct {
	*paper
	edit      sip.Edit
	routing   Routing
	fw        Forward
	in        txn.Incoming
	msg       sip.Message
	packet    wire.Packet
	req, resp []byte // what comes, and what was forwarded last
	buf       []byte
	branch    int // where the last digit of the branch is
	callID    int // and that of the Call-ID
	out       int
	n         int
}

func newLine(t fatal) *line {
	text := typical()
	l := &line{paper: newPaper(t), req: []byte(text)}
	l.branch, l.callID = strings.Index(text, "K0000000")+7, strings.Index(text, ": 0000000")+8
	l.layer = txn.New(txn.Config{Now: l.now, Shards: 1}, l)
	l.in = txn.Incoming{Msg: &l.msg, Packet: &l.packet}
	return l
}

func (l *line) Request(sh *txn.Shard, in *txn.Incoming, out txn.Sender) {
	if l.p.Validate(in.Msg).Status != 0 {
		panic("refused")
	}
	l.edit.Begin(in.Msg)
	l.p.Preroute(in.Msg, &l.edit, &l.routing)
	l.fw = Forward{Routing: &l.routing, Targets: l.targets, Edit: &l.edit, ToTag: "ours"}
	l.p.Forward(sh, in, &l.fw, out)
}

func (l *line) Send(to wire.Dest, token uint64, msg []byte) {
	l.out++
	if token != 0 {
		l.resp = append(l.resp[:0], msg...)
	}
}

func (l *line) receive(b []byte, from netip.AddrPort) {
	if err := l.msg.Parse(b); err != nil {
		panic(err)
	}
	l.packet = wire.Packet{Data: b, Now: l.now, Flow: wire.Flow{Transport: sip.UDP, Remote: from}}
	l.layer.Receive(&l.in, l)
}

// call is one INVITE, its 180 and its 200.
func (l *line) call(caller, callee netip.AddrPort) {
	l.n++
	for i, n := 0, l.n; i < 7; i, n = i+1, n/10 {
		l.req[l.branch-i], l.req[l.callID-i] = byte('0'+n%10), byte('0'+n%10)
	}
	l.receive(l.req, caller)
	l.answer("SIP/2.0 180 Ringing\r\n", callee)
	l.answer("SIP/2.0 200 OK\r\n", callee)
}

// answer turns the request that was forwarded into its own response.
func (l *line) answer(start string, callee netip.AddrPort) {
	b := append(l.buf[:0], start...)
	rest := l.resp
	for i := range rest {
		if rest[i] == '\n' {
			rest = rest[i+1:]
			break
		}
	}
	l.buf = append(b, rest...)
	l.receive(l.buf, callee)
}

func TestForwardingAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Log("the race detector empties pools; only the run is checked")
	}
	if n := len(typical()); n != 842 {
		t.Fatalf("the typical INVITE has %d octets", n)
	}
	l := newLine(t)
	caller, callee := netip.MustParseAddrPort(alice), netip.MustParseAddrPort(bob)
	step := func() {
		l.call(caller, callee)
		l.now += int64(70 * time.Millisecond)
		l.layer.Advance(l.now, l)
	}
	for range 2000 { // 64*T1 and more: maps and queues have their size
		step()
	}
	l.out = 0
	if n := testing.AllocsPerRun(1000, step); n != 0 && !raceDetector {
		t.Errorf("%v allocations", n)
	}
	if l.out != 4*1001 { // 100, INVITE, 180, 200
		t.Errorf("%d messages for 1001 calls", l.out)
	}
}

func BenchmarkForwardedCall(b *testing.B) {
	l := newLine(b)
	caller, callee := netip.MustParseAddrPort(alice), netip.MustParseAddrPort(bob)
	b.ReportAllocs()
	for b.Loop() {
		l.call(caller, callee)
		l.now += int64(time.Millisecond)
		l.layer.Advance(l.now, l)
	}
}

// A BYE within a dialog, forwarded without state.
func TestStatelessForwardingAllocatesNothing(t *testing.T) {
	n := newPaper(t)
	bye := []byte(crlf(inside("BYE", n.dialog())))
	var m sip.Message
	var e sip.Edit
	var r Routing
	in := txn.Incoming{Msg: &m, Packet: &wire.Packet{Data: bye, Now: n.now, Flow: wire.Flow{Transport: sip.UDP, Remote: netip.MustParseAddrPort(alice)}}}
	var out txn.Sender = &line{paper: n}
	n.layer.Do([]byte("call-1@elsewhere.test"), func(sh *txn.Shard) {
		allocs := testing.AllocsPerRun(1000, func() {
			if m.Parse(bye) != nil {
				t.Fatal("cannot be parsed")
			}
			e.Begin(&m)
			n.p.Preroute(&m, &e, &r)
			if !n.p.ForwardDialog(sh, &in, &r, &e, out) {
				t.Fatal("not forwarded")
			}
		})
		if allocs != 0 && !raceDetector {
			t.Errorf("%v allocations", allocs)
		}
	})
}
