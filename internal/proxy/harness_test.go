package proxy

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"gatehouse.example/internal/locate"
	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

const (
	us    = "192.0.2.1:5060"
	alice = "198.51.100.7:5060"
	bob   = "192.0.2.80:5080"
	carol = "192.0.2.81:5080"
	dave  = "192.0.2.82:5080"

	sec = time.Second
	ms  = time.Millisecond
)

// fatal is what *testing.T and *rapid.T have in common here.
type fatal interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// paper is a proxy on a network of paper, with a clock of its own, a locator
// that knows what it is told, and workers that wait until they are let.
type paper struct {
	t       fatal
	p       *Proxy
	layer   *txn.Layer
	now     int64
	sent    []letter
	targets []Target // where requests outside dialogs go
	pass    Pass
	names   map[string][]locate.Hop // what DNS says
	errs    map[string]error
	cached  map[string]bool // names that need no look-up
	health  []string        // what the locator was told
	jobs    []func(context.Context)
	busy    bool // no worker is free
	ended   []string
	quiet   bool // no outcome is noted
	label   bool // the From is changed on its way
	veil    Veil
}

type letter struct {
	to   wire.Dest
	text string
}

func (l letter) String() string {
	line, _, _ := strings.Cut(l.text, "\r\n")
	return l.to.Transport.String() + " " + l.to.Remote.String() + " " + line
}

func newPaper(t fatal) *paper { return newPaperWith(t, Config{}) }

func newPaperWith(t fatal, cfg Config) *paper {
	n := &paper{
		t: t, now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixNano(),
		names: map[string][]locate.Hop{}, errs: map[string]error{}, cached: map[string]bool{},
	}
	cfg.Self = NewSelf(SelfConfig{Listeners: []wire.Listener{
		{Transport: sip.UDP, Addr: netip.MustParseAddrPort(us)},
		{Transport: sip.TCP, Addr: netip.MustParseAddrPort(us), Index: 1},
		{Transport: sip.TLS, Addr: netip.MustParseAddrPort("192.0.2.1:5061"), Index: 2},
	}, Names: []string{"gate.example.test"}})
	cfg.Signer = NewSigner([]byte("a key for tests"))
	cfg.Locator, cfg.Resume = n, n.resume
	cfg.Go = func(f func(context.Context)) bool {
		if !n.busy {
			n.jobs = append(n.jobs, f)
		}
		return !n.busy
	}
	n.p = New(cfg)
	n.layer = txn.New(txn.Config{Now: n.now, Shards: 1}, n)
	n.to(bob)
	return n
}

// to sends what comes to the given addresses, in parallel.
func (n *paper) to(addrs ...string) {
	n.targets = n.targets[:0]
	for _, a := range addrs {
		n.targets = append(n.targets, Target{Next: next(a)})
	}
}

// serially sends what comes to one address after the other.
func (n *paper) serially(addrs ...string) {
	n.to(addrs...)
	for i := range n.targets {
		n.targets[i].Group = i
	}
}

func next(addr string) locate.Target {
	host, port, _ := strings.Cut(addr, ":")
	p, _ := strconv.ParseUint(port, 10, 16)
	return locate.Target{Host: host, Port: uint16(p)}
}

func (n *paper) Send(to wire.Dest, _ uint64, msg []byte) {
	n.sent = append(n.sent, letter{to, string(msg)})
}

func (n *paper) resume(callID []byte, f func(now int64, out txn.Sender)) {
	n.layer.Do(callID, func(*txn.Shard) { f(n.now, n) })
}

// work lets the workers do what waits for them.
func (n *paper) work() []letter {
	at := len(n.sent)
	for len(n.jobs) > 0 {
		f := n.jobs[0]
		n.jobs = n.jobs[1:]
		f(context.Background())
	}
	return n.sent[at:]
}

// Cached to Good make the paper a Locator.
func (n *paper) Cached(t locate.Target, dst []locate.Hop) ([]locate.Hop, bool) {
	if a, err := netip.ParseAddr(t.Host); err == nil {
		h := locate.Hop{Addr: netip.AddrPortFrom(a, t.Port), Transport: t.Transport}
		if h.Transport == sip.UnknownTransport {
			h.Transport = sip.UDP
		}
		return append(dst, h), true
	}
	if n.cached[t.Host] {
		return append(dst, n.names[t.Host]...), true
	}
	return dst, false
}

func (n *paper) Lookup(_ context.Context, t locate.Target) ([]locate.Hop, error) {
	return n.names[t.Host], n.errs[t.Host]
}
func (n *paper) Order(hops []locate.Hop) {
	failed := func(h locate.Hop) int {
		if slices.Contains(n.health, "failed "+h.Addr.String()) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(hops, func(a, b locate.Hop) int { return failed(a) - failed(b) })
}
func (n *paper) Failed(h locate.Hop) { n.health = append(n.health, "failed "+h.Addr.String()) }
func (n *paper) Busy(h locate.Hop, d time.Duration) {
	n.health = append(n.health, "busy "+h.Addr.String()+" "+d.String())
}
func (n *paper) Good(h locate.Hop) {}

// name makes DNS know a name.
func (n *paper) name(host string, addrs ...string) {
	for _, a := range addrs {
		n.names[host] = append(n.names[host], locate.Hop{Addr: netip.MustParseAddrPort(a), Transport: sip.UDP})
	}
}

// Request to Late2xx make the paper the transaction user: a border without screening.
func (n *paper) Request(sh *txn.Shard, in *txn.Incoming, out txn.Sender) {
	if r := n.p.Validate(in.Msg); r.Status != 0 {
		sh.Reply(in, &sip.Response{Status: r.Status, Reason: r.Reason, Headers: []byte(r.Headers), ToTag: "ours"}, out)
		return
	}
	var e sip.Edit
	var r Routing
	e.Begin(in.Msg)
	n.p.Preroute(in.Msg, &e, &r)
	fw := Forward{Routing: &r, Targets: n.targets, Edit: &e, Pass: n.pass, ToTag: "ours", ID: "id1", Veil: n.veil}
	if n.label {
		from := in.Msg.From()
		fw.From = in.Msg.Text(from.Span)
		e.Insert(from.Span.Start+1, []byte("Changed "))
	}
	if !n.quiet {
		fw.Observer = n
	}
	if r.InDialog {
		if n.p.ForwardDialog(sh, in, &r, &e, out) {
			return
		}
		var u uri.URI
		r.NextURI(&u)
		fw.Targets, fw.Pass = []Target{{Next: TargetOf(&u)}}, r.Pass
		if f := n.p.cfg.FlowOf; f != nil {
			if flow, ok := f(&u); ok {
				fw.Targets[0].Flow = flow
			}
		}
	}
	n.p.Forward(sh, in, &fw, out)
}

func (n *paper) Ack(sh *txn.Shard, in *txn.Incoming, out txn.Sender) {
	var e sip.Edit
	var r Routing
	e.Begin(in.Msg)
	n.p.Preroute(in.Msg, &e, &r)
	if r.InDialog && !n.p.ForwardDialog(sh, in, &r, &e, out) {
		n.p.ForwardAck(in, &r, &e)
	}
}

func (n *paper) Cancel(sh *txn.Shard, in *txn.Incoming, out txn.Sender) {
	sh.Reply(in, &sip.Response{Status: 481, ToTag: "ours"}, out)
}

func (n *paper) Response(sh *txn.Shard, in *txn.Incoming, out txn.Sender) {
	n.p.StrayResponse(sh, in, out)
}

func (n *paper) Late2xx(sh *txn.Shard, up *txn.Upstream, in *txn.Incoming, out txn.Sender) {
	n.p.Late2xx(sh, up, in, out)
}

func (n *paper) Answered(id string, status int, local bool, _ int64) {
	n.ended = append(n.ended, fmt.Sprintf("%s %d %v", id, status, local))
}

// from lets a message arrive over UDP and returns what is sent at once.
func (n *paper) from(addr, text string) []letter {
	n.t.Helper()
	return n.receive(wire.Flow{Transport: sip.UDP, Remote: netip.MustParseAddrPort(addr)}, text)
}

func (n *paper) receive(f wire.Flow, text string) []letter {
	n.t.Helper()
	data := []byte(crlf(text))
	m := new(sip.Message)
	if err := m.Parse(data); err != nil {
		n.t.Fatalf("%v in\n%s", err, text)
	}
	at := len(n.sent)
	pkt := &wire.Packet{Data: data, Flow: f, Local: netip.MustParseAddrPort(us), Now: n.now}
	n.layer.Receive(&txn.Incoming{Msg: m, Packet: pkt}, n)
	clear(data) // it was only borrowed
	return n.sent[at:]
}

// after lets time pass.
func (n *paper) after(d time.Duration) []letter {
	at := len(n.sent)
	for end := n.now + int64(d); n.now < end; {
		n.now = min(n.now+int64(20*ms), end)
		n.layer.Advance(n.now, n)
	}
	return n.sent[at:]
}

// crlf makes line ends of \n where no CRLF is yet, in the header section.
func crlf(s string) string {
	if strings.Contains(s, "\r\n") {
		return s
	}
	head, body, _ := strings.Cut(strings.TrimLeft(s, "\n"), "\n\n")
	return strings.ReplaceAll(strings.TrimRight(head, "\n"), "\n", "\r\n") + "\r\n\r\n" + body
}

const invite = `
INVITE sip:bob@example.test SIP/2.0
Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKabc1;rport
Max-Forwards: 70
From: "Alice" <sip:alice@elsewhere.test>;tag=a1
To: <sip:bob@example.test>
Call-ID: call-1@elsewhere.test
CSeq: 1 INVITE
Contact: <sip:alice@198.51.100.7:5060>
Content-Length: 0
`

// as makes a request of another method out of the INVITE.
func as(method string) string {
	return strings.NewReplacer("INVITE", method, "abc1", method).Replace(invite)
}

func cancelOf(req string) string {
	return strings.NewReplacer("INVITE sip:", "CANCEL sip:", " INVITE\n", " CANCEL\n").Replace(req)
}

// with puts header lines into a request.
func with(req, lines string) string {
	return strings.Replace(req, "Max-Forwards: 70\n", "Max-Forwards: 70\n"+lines, 1)
}

// answer builds a response to a request that was sent.
func answer(req string, status int, toTag, headers string) string {
	b := []byte(req)
	m := new(sip.Message)
	if err := m.ParseEdited(b); err != nil {
		panic(err.Error() + " in " + req)
	}
	for vs := m.Values(sip.HeaderRecordRoute); vs.Next(); {
		headers += "Record-Route: " + string(vs.Text()) + "\r\n"
	}
	return string(sip.AppendResponse(nil, m, &sip.Response{Status: status, ToTag: toTag, Headers: []byte(headers)}))
}

// to filters what was sent by address.
func sentTo(ls []letter, addr string) (out []letter) {
	for _, l := range ls {
		if l.to.Remote.String() == addr {
			out = append(out, l)
		}
	}
	return out
}

// want compares what was sent, as "UDP 192.0.2.1:5060 START LINE", where a start
// line may be given by its beginning.
func (n *paper) want(got []letter, want ...string) {
	n.t.Helper()
	ok := len(got) == len(want)
	for i := 0; ok && i < len(want); i++ {
		ok = strings.HasPrefix(got[i].String(), "UDP "+want[i]) || strings.HasPrefix(got[i].String(), want[i])
	}
	if !ok {
		n.t.Errorf("sent %v, want %q", got, want)
	}
}

// wantOutcome compares what the observer was told.
func (n *paper) wantOutcome(want ...string) {
	n.t.Helper()
	if fmt.Sprint(n.ended) != fmt.Sprint(want) {
		n.t.Errorf("observer told %q, want %q", n.ended, want)
	}
	n.ended = nil
}

func (n *paper) wantIdle() {
	n.t.Helper()
	n.after(300 * sec) // Timer C, then Timers B and H
	if a, l := n.layer.Active(), n.p.Stats().Live; a != 0 || l != 0 || len(n.jobs) != 0 {
		n.t.Errorf("%d transactions, %d contexts and %d jobs left", a, l, len(n.jobs))
	}
}

// header returns the values of a header, one a line of the message.
func header(text, name string) (out []string) {
	head, _, _ := strings.Cut(text, "\r\n\r\n")
	for _, l := range strings.Split(head, "\r\n") {
		if strings.HasPrefix(l, name+": ") {
			out = append(out, l[len(name)+2:])
		}
	}
	return out
}

// routing returns what a request says about where it goes.
func (n *paper) routing(text string) *Routing {
	n.t.Helper()
	m := new(sip.Message)
	if err := m.Parse([]byte(crlf(text))); err != nil {
		n.t.Fatalf("%v in\n%s", err, text)
	}
	e, r := new(sip.Edit), new(Routing)
	e.Begin(m)
	n.p.Preroute(m, e, r)
	return r
}
