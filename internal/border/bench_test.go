package border_test

import (
	"bytes"
	"net/netip"
	"strconv"
	"testing"

	listcheck "gatehouse.example/internal/check/lists"
	ratecheck "gatehouse.example/internal/check/rate"
	"gatehouse.example/internal/state/calls"
	"gatehouse.example/internal/state/lists"
	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/screen"
	"gatehouse.example/sip"
	"gatehouse.example/verdict"
)

// desk is a paper network that allocates nothing: it keeps the last message
// that was sent to the PBX and to the caller.
type desk struct {
	p      *paper
	table  *calls.Table
	msg    sip.Message
	in     txn.Incoming
	packet wire.Packet
	toPBX  []byte
	back   []byte
	buf    []byte
}

func (d *desk) Send(to wire.Dest, _ uint64, msg []byte) {
	if to.Remote.Port() == 5080 {
		d.toPBX = append(d.toPBX[:0], msg...)
	} else {
		d.back = append(d.back[:0], msg...)
	}
}

func (d *desk) receive(b *testing.B, from netip.AddrPort, data []byte) {
	if err := d.msg.Parse(data); err != nil {
		b.Fatalf("%v\n%s", err, data)
	}
	d.packet = wire.Packet{Data: data, Flow: wire.Flow{Transport: sip.UDP, Remote: from}, Local: netip.MustParseAddrPort(serverAddr), Now: d.p.now}
	d.in = txn.Incoming{Msg: &d.msg, Packet: &d.packet}
	d.p.layer.Receive(&d.in, d)
}

// answer writes a response to the last request that went to the PBX.
func (d *desk) answer(statusLine string, body string) []byte {
	d.buf = append(d.buf[:0], statusLine...)
	for line := range bytes.SplitSeq(d.toPBX, []byte("\r\n")) {
		for _, h := range [...]string{"Via: ", "From: ", "Call-ID: ", "CSeq: ", "Record-Route: "} {
			if bytes.HasPrefix(line, []byte(h)) {
				d.buf = append(append(d.buf, line...), "\r\n"...)
			}
		}
	}
	d.buf = append(d.buf, "To: <sip:bob@example.test>;tag=b1\r\nContact: <sip:bob@192.0.2.80:5080>\r\n"...)
	d.buf = append(d.buf, "Content-Length: "...)
	d.buf = strconv.AppendInt(d.buf, int64(len(body)), 10)
	return append(append(d.buf, "\r\n\r\n"...), body...)
}

// BenchmarkFullCall is what the border itself costs for INVITE 100 180 200 ACK
// BYE 200 with both checks and 100,000 list entries, without the sockets and
// without the history.
func BenchmarkFullCall(b *testing.B) {
	d, caller := newDesk(b, screen.Layer{}), netip.MustParseAddrPort("203.0.113.7:5060")
	sdp := string(bytes.Repeat([]byte("a=rtpmap:0 PCMU/8000\r\n"), 15))
	pbx := netip.MustParseAddrPort(pbxAddr)
	var text []byte
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d.p.now += 250e3
		n := strconv.AppendInt(nil, int64(i), 10)
		id := string(n)
		head := " SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.7:5060;branch=z9hG4bK%" + id
		fields := ";rport\r\nMax-Forwards: 70\r\nFrom: \"Alice\" <sip:+1415" + id + "@elsewhere.test>;tag=a1\r\nCall-ID: call-" + id + "@elsewhere.test\r\nContact: <sip:alice@203.0.113.7:5060>\r\n"
		text = append(text[:0], "INVITE sip:bob"+id+"@example.test"+head+"i"+fields+"To: <sip:bob@example.test>\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\nContent-Length: "+strconv.Itoa(len(sdp))+"\r\n\r\n"+sdp...)
		d.receive(b, caller, text)
		d.receive(b, pbx, d.answer("SIP/2.0 180 Ringing\r\n", ""))
		d.receive(b, pbx, d.answer("SIP/2.0 200 OK\r\n", sdp))
		route := header(string(d.back), "Record-Route")
		rest := fields + "To: <sip:bob@example.test>;tag=b1\r\nRoute: " + route + "\r\nContent-Length: 0\r\n"
		text = append(text[:0], "ACK sip:bob@192.0.2.80:5080"+head+"a"+rest+"CSeq: 1 ACK\r\n\r\n"...)
		d.receive(b, caller, text)
		text = append(text[:0], "BYE sip:bob@192.0.2.80:5080"+head+"b"+rest+"CSeq: 2 BYE\r\n\r\n"...)
		d.receive(b, caller, text)
		d.receive(b, pbx, d.answer("SIP/2.0 200 OK\r\n", ""))
		if !bytes.HasPrefix(d.back, []byte("SIP/2.0 200")) {
			b.Fatalf("%s", d.back)
		}
		d.p.layer.Advance(d.p.now, d)
		d.table.Deliver()
	}
}

// BenchmarkBlocked is what the border itself costs for the attempt of a caller on a list: INVITE, refusal, ACK.
func BenchmarkBlocked(b *testing.B) {
	d, caller := newDesk(b, screen.Layer{Mode: ptr(verdict.Enforce)}), netip.MustParseAddrPort("203.0.113.7:5060")
	sdp := string(bytes.Repeat([]byte("a=rtpmap:0 PCMU/8000\r\n"), 15))
	var text []byte
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d.p.now += 250e3
		id, number := strconv.Itoa(i), strconv.Itoa(1000000+i%100_000)
		head := " sip:bob" + id + "@example.test SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.7:5060;branch=z9hG4bK" + id +
			";rport\r\nMax-Forwards: 70\r\nFrom: <sip:+1212" + number + "@elsewhere.test>;tag=a1\r\nCall-ID: call-" + id + "@elsewhere.test\r\nTo: <sip:bob@example.test>"
		text = append(text[:0], "INVITE"+head+"\r\nCSeq: 1 INVITE\r\nContact: <sip:a@203.0.113.7:5060>\r\nUser-Agent: phone\r\nContent-Type: application/sdp\r\nContent-Length: "+
			strconv.Itoa(len(sdp))+"\r\n\r\n"+sdp...)
		d.receive(b, caller, text)
		if !bytes.HasPrefix(d.back, []byte("SIP/2.0 603")) {
			b.Fatalf("%s", d.back)
		}
		text = append(text[:0], "ACK"+head+";tag="+header(string(d.back), "To")[len("<sip:bob@example.test>;tag="):]+"\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n"...)
		d.receive(b, caller, text)
		d.p.layer.Advance(d.p.now, d)
	}
}

func newDesk(b *testing.B, layer screen.Layer) *desk {
	all := lists.New(lists.Config{})
	var entries []lists.Entry
	for i := range 100_000 {
		entries = append(entries, lists.Entry{List: "bought", Value: "+1212" + strconv.Itoa(1000000+i), Kind: lists.Block})
	}
	if _, err := all.Add(b.Context(), entries...); err != nil {
		b.Fatal(err)
	}
	lc, err := listcheck.New(listcheck.Config{}, all)
	if err != nil {
		b.Fatal(err)
	}
	limit := rate.Limit{Count: 1000000, Per: 1e9}
	rc, err := ratecheck.New(ratecheck.Config{Source: limit, Caller: limit, Callee: limit})
	if err != nil {
		b.Fatal(err)
	}
	table := calls.New(calls.Config{Learn: func(*screen.Ending) {}})
	p := newPaperWith(b, []screen.Check{rc, lc}, layer, table)
	p.quiet = true
	return &desk{p: p, table: table}
}
