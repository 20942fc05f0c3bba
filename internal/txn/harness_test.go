package txn

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

const tick = time.Duration(1 << tickShift)

// rig is a layer with a clock of its own, a network of paper and a transaction
// user that notes what it is told.
type rig struct {
	t       fatal
	layer   *Layer
	now     int64
	start   int64
	sent    []letter
	servers []*Server // made for each new request
	told    []string  // what the users heard, in order
	metered bool
	trying  bool // answer each INVITE with 100
	slow    bool // the users answer slow non-INVITEs with 100
}

// fatal is what *testing.T and *rapid.T have in common here.
type fatal interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

type letter struct {
	at    time.Duration // since the rig was made
	to    wire.Dest
	token uint64
	text  string
}

func (l letter) first() string { line, _, _ := strings.Cut(l.text, "\r\n"); return line }

func newRig(t fatal) *rig { return newRigWith(t, Config{Shards: 1}) }

func newRigWith(t fatal, cfg Config) *rig {
	r := &rig{t: t, now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixNano() &^ (1<<tickShift - 1)}
	r.start = r.now
	cfg.Now = r.now
	r.layer = New(cfg, r)
	return r
}

func (r *rig) Send(to wire.Dest, token uint64, msg []byte) {
	r.sent = append(r.sent, letter{time.Duration(r.now - r.start), to, token, string(msg)})
}

func (r *rig) note(format string, args ...any) { r.told = append(r.told, fmt.Sprintf(format, args...)) }

// Request, Ack, Cancel, Response and Late2xx make the rig a Core.
func (r *rig) Request(sh *Shard, in *Incoming, out Sender) {
	r.note("request %s", in.Msg.MethodName())
	u := serverNotes{r}
	var user ServerUser = u
	if r.slow {
		user = slowNotes{u}
	}
	s := sh.NewServer(in, user, "ours", r.metered)
	r.servers = append(r.servers, s)
	if r.trying && in.Msg.Method() == sip.INVITE {
		s.Respond(sip.AppendResponse(nil, in.Msg, &sip.Response{Status: 100}), 100, in.Packet.Now, out)
	}
}
func (r *rig) Ack(_ *Shard, _ *Incoming, _ Sender)      { r.note("ack") }
func (r *rig) Cancel(_ *Shard, _ *Incoming, _ Sender)   { r.note("cancel without invite") }
func (r *rig) Response(_ *Shard, _ *Incoming, _ Sender) { r.note("stray response") }
func (r *rig) Late2xx(_ *Shard, up *Upstream, in *Incoming, _ Sender) {
	r.note("late %d for %v", in.Msg.Status(), up.Flow.Remote)
}

type serverNotes struct{ *rig }

func (u serverNotes) Cancelled(*Server, *Incoming, Sender) { u.note("cancelled") }
func (u serverNotes) Ended(*Server)                        { u.note("server ended") }

type slowNotes struct{ serverNotes }

func (u slowNotes) Slow(s *Server, now int64, out Sender) {
	u.note("slow")
	s.Respond([]byte("SIP/2.0 100 Trying\r\n\r\n"), 100, now, out)
}

type clientNotes struct{ *rig }

func (u clientNotes) Response(_ *Client, in *Incoming, _ Sender) {
	u.note("response %d", in.Msg.Status())
}
func (u clientNotes) Failed(_ *Client, err error, _ int64, _ Sender) { u.note("failed: %v", err) }
func (u clientNotes) Ended(*Client)                                  { u.note("client ended") }

const (
	alice = "198.51.100.7:5060"
	bob   = "192.0.2.80:5080"
)

// receive lets a message arrive and returns what is sent at once.
func (r *rig) receive(tr sip.Transport, from, text string) []letter {
	r.t.Helper()
	data := []byte(text)
	m := new(sip.Message)
	if err := m.Parse(data); err != nil {
		r.t.Fatalf("%v in\n%s", err, text)
	}
	p := &wire.Packet{Data: data, Now: r.now, Flow: wire.Flow{Transport: tr, Remote: netip.MustParseAddrPort(from)}}
	if tr.Reliable() {
		p.Flow.Conn = 1
	}
	n := len(r.sent)
	r.layer.Receive(&Incoming{Msg: m, Packet: p}, r)
	clear(data) // the packet was only borrowed
	return r.sent[n:]
}

// pass lets time pass and returns what was sent meanwhile.
func (r *rig) pass(d time.Duration) []letter {
	n := len(r.sent)
	for end := r.now + int64(d); r.now < end; {
		r.now = min(r.now+int64(10*time.Millisecond), end)
		r.layer.Advance(r.now, r)
	}
	return r.sent[n:]
}

// heard returns and forgets what the users were told.
func (r *rig) heard() string {
	s := strings.Join(r.told, ", ")
	r.told = nil
	return s
}

func (r *rig) wantHeard(want string) {
	r.t.Helper()
	if got := r.heard(); got != want {
		r.t.Errorf("told %q, want %q", got, want)
	}
}

func (r *rig) wantSent(got []letter, want ...string) {
	r.t.Helper()
	var lines []string
	for _, l := range got {
		lines = append(lines, l.first())
	}
	if strings.Join(lines, "|") != strings.Join(want, "|") {
		r.t.Errorf("sent %q, want %q", lines, want)
	}
}

// wantIdle lets the longest timer run out and checks that nothing is left.
func (r *rig) wantIdle() {
	r.t.Helper()
	r.pass(33 * time.Second)
	if n := r.layer.Active(); n != 0 {
		r.t.Errorf("%d transactions left", n)
	}
	for i := range r.layer.shards {
		sh := &r.layer.shards[i]
		if len(sh.servers)+len(sh.clients)+sh.wheel.count+sh.absorb.n+sh.late.n+sh.dialogs.n != 0 {
			r.t.Errorf("shard %d: servers %d, clients %d, timers %d, lingering %d %d %d", i, len(sh.servers), len(sh.clients), sh.wheel.count, sh.absorb.n, sh.late.n, sh.dialogs.n)
		}
	}
}

// wantAt checks when messages left: not before the given times, and at the
// second tick after them at the latest.
func (r *rig) wantAt(got []letter, want ...time.Duration) {
	r.t.Helper()
	ok := len(got) == len(want)
	for i := 0; ok && i < len(want); i++ {
		ok = got[i].at >= want[i] && got[i].at < want[i]+2*tick
	}
	if !ok {
		var at []time.Duration
		for _, l := range got {
			at = append(at, l.at)
		}
		r.t.Errorf("sent at %v, want %v", at, want)
	}
}

// request is what Alice sends.
func request(method, branch string) string {
	return method + " sip:bob@example.test SIP/2.0\r\n" +
		"Via: SIP/2.0/UDP 198.51.100.7:5060;branch=" + branch + ";rport\r\n" +
		"Max-Forwards: 70\r\nFrom: \"Alice\" <sip:alice@elsewhere.test>;tag=a1\r\nTo: <sip:bob@example.test>\r\n" +
		"Call-ID: call-1\r\nCSeq: 1 " + method + "\r\nContent-Length: 0\r\n\r\n"
}

// response answers a request that was sent or received.
func response(req string, status int, toTag string) string {
	var m sip.Message
	b := []byte(req)
	if m.Parse(b) != nil {
		panic("cannot be parsed: " + req)
	}
	return string(sip.AppendResponse(nil, &m, &sip.Response{Status: status, ToTag: toTag}))
}

// respond sends a response of the transaction user on the newest server transaction.
func (r *rig) respond(req string, status int) []letter {
	n := len(r.sent)
	s := r.servers[len(r.servers)-1]
	s.Respond([]byte(response(req, status, "b1")), status, r.now, r)
	return r.sent[n:]
}

// answer responds with a header field and a body of their own.
func (r *rig) answer(req string, status int, field, body string) {
	text := strings.Replace(response(req, status, "b1"), "\r\n\r\n", "\r\nX: "+field+"\r\n\r\n"+body, 1)
	r.servers[len(r.servers)-1].Respond([]byte(text), status, r.now, r)
}

// client makes a client transaction, as a proxy does.
func (r *rig) client(method string, tr sip.Transport, extra string) (c *Client, req string) {
	sh := r.layer.shardFor([]byte("call-1"))
	id := sh.ReserveID()
	req = method + " sip:bob@192.0.2.80:5080 SIP/2.0\r\n" +
		"Via: SIP/2.0/" + tr.String() + " 192.0.2.1:5060;branch=" + string(AppendBranch(nil, id)) + ".loop\r\n" +
		"Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKup\r\n" + extra +
		"Max-Forwards: 69\r\nFrom: \"Alice\" <sip:alice@elsewhere.test>;tag=a1\r\nTo: <sip:bob@example.test>\r\n" +
		"Call-ID: call-1\r\nCSeq: 7 " + method + "\r\nContent-Length: 4\r\n\r\nbody"
	to := wire.Dest{Flow: wire.Flow{Transport: tr, Remote: netip.MustParseAddrPort(bob)}}
	return sh.NewClient(id, sip.ParseMethod([]byte(method)), sh.Copy([]byte(req)), to, clientNotes{r}, r.now, r), req
}

func parsed(t fatal, text string) *sip.Message {
	t.Helper()
	m := new(sip.Message)
	if err := m.Parse([]byte(text)); err != nil {
		t.Fatalf("%v", err)
	}
	return m
}
