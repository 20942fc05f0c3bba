package txn

import (
	"net/netip"
	"runtime"
	"strconv"
	"testing"
	"time"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

// relay is a transaction user that forwards each INVITE without looking at it
// much: what remains is the cost of the layer itself.
type relay struct {
	server *Server
	client *Client
	id     uint64
	text   []byte
	up     wire.Flow
}

func (r *relay) Request(sh *Shard, in *Incoming, out Sender) {
	r.server = sh.NewServer(in, (*relayServer)(r), "", false)
	r.up = r.server.Flow()
	r.id = sh.ReserveID()
	b := append(sh.Buffer(), "INVITE sip:bob@192.0.2.80 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch="...)
	b = AppendBranch(b, r.id)
	b = append(b, "\r\n"...)
	b = append(b, in.Msg.Bytes()[len("INVITE sip:bob@192.0.2.80 SIP/2.0\r\n"):]...)
	to := wire.Dest{Flow: wire.Flow{Transport: sip.UDP, Remote: netip.MustParseAddrPort(bob)}}
	r.client = sh.NewClient(r.id, sip.INVITE, b, to, (*relayClient)(r), in.Packet.Now, out)
}
func (*relay) Ack(*Shard, *Incoming, Sender)                {}
func (*relay) Cancel(*Shard, *Incoming, Sender)             {}
func (*relay) Response(*Shard, *Incoming, Sender)           {}
func (*relay) Late2xx(*Shard, *Upstream, *Incoming, Sender) {}

type relayServer relay

func (*relayServer) Cancelled(*Server, *Incoming, Sender) {}
func (r *relayServer) Ended(*Server)                      { r.server = nil }

type relayClient relay

func (r *relayClient) Response(c *Client, in *Incoming, out Sender) {
	if r.server != nil {
		r.server.Respond(in.Msg.Bytes(), in.Msg.Status(), in.Packet.Now, out)
	}
	if in.Msg.Status() == 200 {
		c.Linger(Upstream{Flow: r.up}, in.Packet.Now)
	}
}
func (*relayClient) Failed(*Client, error, int64, Sender) {}
func (r *relayClient) Ended(*Client)                      { r.client = nil }

type void struct{}

func (void) Send(wire.Dest, uint64, []byte) {}
func (void) Flush()                         {}

// calls plays answered calls on a layer; nothing in it allocates.
type calls struct {
	layer     *Layer
	user      *relay
	now       int64
	n         uint64
	in        Incoming
	msg       sip.Message
	packet    wire.Packet
	req, resp []byte
	branch    []byte
}

func newCalls() *calls {
	c := &calls{user: &relay{}, now: 1 << 60}
	c.layer = New(Config{Shards: 1, Now: c.now}, c.user)
	c.in = Incoming{Msg: &c.msg, Packet: &c.packet}
	c.packet.Flow = wire.Flow{Transport: sip.UDP, Remote: netip.MustParseAddrPort(alice)}
	return c
}

func (c *calls) receive(b []byte) {
	if c.msg.Parse(b) != nil {
		panic("cannot be parsed: " + string(b))
	}
	c.packet.Data, c.packet.Now = b, c.now
	c.layer.Receive(&c.in, void{})
}

// call is one INVITE, its 180 and its 200.
func (c *calls) call() {
	c.n++
	const rest = "\r\nMax-Forwards: 70\r\nFrom: <sip:alice@elsewhere.test>;tag=a1\r\nTo: <sip:bob@192.0.2.80>;tag=b1\r\nCall-ID: call-"
	c.req = append(c.req[:0], "INVITE sip:bob@192.0.2.80 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK"...)
	c.req = strconv.AppendUint(c.req, c.n, 10)
	c.req = append(c.req, rest...)
	c.req = strconv.AppendUint(c.req, c.n, 10)
	c.req = append(c.req, "\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"...)
	c.receive(c.req)
	for _, status := range [...]string{"180", "200"} {
		c.resp = append(c.resp[:0], "SIP/2.0 "...)
		c.resp = append(c.resp, status...)
		c.resp = append(c.resp, " X\r\nVia: SIP/2.0/UDP 192.0.2.1;branch="...)
		c.resp = AppendBranch(c.resp, c.user.id)
		c.resp = append(c.resp, rest...)
		c.resp = strconv.AppendUint(c.resp, c.n, 10)
		c.resp = append(c.resp, "\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"...)
		c.receive(c.resp)
	}
}

// TestAnsweredCallAllocatesNothing: in steady state, where as many calls leave
// the Accepted state as enter it, a server and a client transaction cost no
// allocation from the INVITE to the 200, nor do the ticks in between.
func TestAnsweredCallAllocatesNothing(t *testing.T) {
	c := newCalls()
	step := func() {
		c.call()
		c.now += int64(tick)
		c.layer.Advance(c.now, void{})
	}
	for range 5000 { // 32 s and more: maps and queues have their size
		step()
	}
	if n := testing.AllocsPerRun(2000, step); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if c.layer.Active() != 0 {
		t.Errorf("%d live transactions", c.layer.Active())
	}
}

// TestMemoryOfAnsweredCalls: what is kept for the 64*T1 of RFC 6026 after a 200.
func TestMemoryOfAnsweredCalls(t *testing.T) {
	const n = answeredCalls
	c := newCalls()
	c.call()
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for range n {
		c.call()
		c.now += int64(30*time.Second) / n
	}
	per := (heap() - before) / n
	t.Logf("%d bytes per answered call", per)
	if per > 400 {
		t.Errorf("%d bytes per answered call, at most 400", per)
	}
	c.now += int64(40 * time.Second)
	c.layer.Advance(c.now, void{})
	if after := heap(); after > before+n {
		t.Errorf("%d bytes are not given back", after-before)
	}
	runtime.KeepAlive(c)
}

func BenchmarkAnsweredCall(b *testing.B) {
	c := newCalls()
	b.ReportAllocs()
	for b.Loop() {
		c.call()
		c.now += int64(time.Millisecond)
		c.layer.Advance(c.now, void{})
	}
}
