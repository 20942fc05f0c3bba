package siptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// relay is a small stateless proxy with faults.
type relay struct {
	socket *Socket
	callee netip.AddrPort
	lose   func(n int) bool // whether to lose the n-th datagram
	refuse string           // a status to answer INVITEs with
	strict bool             // Record-Route without lr
	swap   bool             // 200 before 180
	alter  bool             // change the body
	held   []byte
	heldTo netip.AddrPort
	seen   int
}

// startRelay serves until the test ends.
func startRelay(t *testing.T, r *relay) netip.AddrPort {
	t.Helper()
	s, err := Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	r.socket = s
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			for i := range s.receive() {
				r.handle(bytes.Clone(s.datagram(i)), s.source(i))
			}
			s.flush()
			poll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}, 5*time.Millisecond)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		s.Close()
	})
	return s.Local()
}

func (r *relay) handle(b []byte, from netip.AddrPort) {
	if r.seen++; r.lose != nil && r.lose(r.seen) {
		return
	}
	if bytes.HasPrefix(b, []byte("SIP/2.0")) {
		r.response(b)
		return
	}
	r.request(b, from)
}

func (r *relay) request(b []byte, from netip.AddrPort) {
	line, rest, _ := bytes.Cut(b, crlf)
	invite := bytes.HasPrefix(line, []byte("INVITE"))
	if r.refuse != "" && invite {
		var m message
		m.parse(b)
		l := &Load{uas: r.socket}
		r.socket.queue(l.appendResponse(nil, &m, r.refuse, from), from)
		return
	}
	if r.refuse != "" {
		return
	}
	own := fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bKrelay%s\r\n", r.socket.Local(), branchOf(b))
	to := r.callee
	if !invite {
		lr := bytes.Contains(rest, []byte("Route: <sip:"+r.socket.Local().String()+";lr>\r\n"))
		strict := bytes.Contains(line, []byte("sip:"+r.socket.Local().String()+" "))
		if lr == r.strict || strict != r.strict {
			return // The route set was not obeyed.
		}
		if strict {
			line = []byte(string(line[:4]) + "sip:callee@" + r.callee.String() + " SIP/2.0")
		}
	} else if r.strict {
		own += "Record-Route: <sip:" + r.socket.Local().String() + ">\r\n"
	} else {
		own += "Record-Route: <sip:" + r.socket.Local().String() + ";lr>\r\n"
	}
	if r.alter {
		rest = bytes.Replace(rest, []byte("PCMU"), []byte("pcmu"), 1)
	}
	r.socket.queue([]byte(string(line)+"\r\n"+own+string(rest)), to)
}

func branchOf(b []byte) string {
	_, after, _ := strings.Cut(string(b), "branch=")
	return after[:min(len(after), 32)]
}

func (r *relay) response(b []byte) {
	line, rest, _ := bytes.Cut(b, crlf)
	_, rest, _ = bytes.Cut(rest, crlf) // Our own Via.
	to := r.viaSource(rest)
	out := append(append(bytes.Clone(line), '\r', '\n'), rest...)
	if r.swap && bytes.HasPrefix(line, []byte("SIP/2.0 180")) {
		r.held, r.heldTo = out, to
		return
	}
	r.socket.queue(out, to)
	if r.held != nil {
		r.socket.queue(r.held, r.heldTo)
		r.held = nil
	}
}

// viaSource reads the sent-by of the top Via.
func (r *relay) viaSource(head []byte) netip.AddrPort {
	_, after, _ := bytes.Cut(head, []byte("UDP "))
	addr, _, _ := bytes.Cut(after, []byte(";"))
	to, _ := parseAddrPort(addr)
	return to
}

func open(t *testing.T, r *relay, cfg Config) *Load {
	t.Helper()
	l, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	l.brief = true
	if r.lose == nil {
		l.t1 = time.Minute
	}
	r.callee = l.Callee()
	proxy := startRelay(t, r)
	if err := l.Configure(func(c *Config) { c.Proxy = proxy }); err != nil {
		t.Fatal(err)
	}
	return l
}

// soon is a tail that no run needs: it ends with the last call.
const soon = time.Minute

func run(t *testing.T, l *Load, rate float64, duration, tail time.Duration) *Result {
	t.Helper()
	res, err := l.Run(t.Context(), rate, duration, tail)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := res.Write(&text); err != nil {
		t.Fatal(err)
	}
	t.Log(text.String())
	return res
}

func TestCallsGoThroughAGoodProxy(t *testing.T) {
	for _, strict := range []bool{false, true} {
		l := open(t, &relay{strict: strict}, Config{Callers: 2, Ring: 5 * time.Millisecond, HoldTime: 10 * time.Millisecond})
		for range 2 {
			res := run(t, l, 500, 200*time.Millisecond, soon)
			if res.Started == 0 || res.Started > 100 || res.Completed != res.Started || res.Retransmits+res.Overtaken+res.OutOfOrder+res.LostACKs+res.Mangled+res.Strays+res.Duplicates != 0 {
				t.Errorf("strict %v: not a clean run", strict)
			}
			if int(res.Delay[0].Count()) != 3*res.Started || int(res.Delay[1].Count()) != 3*res.Started {
				t.Errorf("%d and %d delays of %d calls", res.Delay[0].Count(), res.Delay[1].Count(), res.Started)
			}
		}
	}
}

func TestLossShowsAsRetransmissions(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	l := open(t, &relay{lose: func(int) bool { return random.IntN(20) == 0 }}, Config{})
	res := run(t, l, 200, 300*time.Millisecond, soon)
	if res.Completed != res.Started || res.Retransmits == 0 {
		t.Errorf("%d of %d calls, %d retransmissions", res.Completed, res.Started, res.Retransmits)
	}
}

func TestSilenceIsFailure(t *testing.T) {
	l := open(t, &relay{lose: func(int) bool { return true }}, Config{})
	res := run(t, l, 100, 100*time.Millisecond, 4*t1) // each INVITE is sent again after t1
	if res.Completed != 0 || res.Failed != res.Started || res.Unfinished != res.Started || res.Retransmits < res.Started {
		t.Error("calls that nobody answered are not counted as failed")
	}
}

func TestFaultsOfAProxyAreSeen(t *testing.T) {
	res := run(t, open(t, &relay{swap: true}, Config{}), 100, 100*time.Millisecond, soon)
	if res.OutOfOrder == 0 || res.Overtaken == 0 {
		t.Error("180 behind 200 is not seen")
	}
	res = run(t, open(t, &relay{alter: true}, Config{}), 100, 100*time.Millisecond, soon)
	if res.Mangled != res.Started {
		t.Error("a changed body is not seen")
	}
}

func TestBlockedCallersExpectARefusal(t *testing.T) {
	l := open(t, &relay{refuse: "603 Network Blocked"}, Config{Mode: Blocked, CallerPrefix: "+1312", CallerStep: 97})
	res := run(t, l, 200, 100*time.Millisecond, soon)
	if res.Completed != res.Started || res.Statuses[603] != res.Started {
		t.Error("refusals are not what was expected")
	}
	if err := l.Configure(func(c *Config) { c.Mode = Calls }); err != nil {
		t.Fatal(err)
	}
	if res = run(t, l, 200, 100*time.Millisecond, soon); res.Failed != res.Started {
		t.Error("a refused call is no failure")
	}
}

func TestHeldCallsHangUpAtTheEnd(t *testing.T) {
	l := open(t, &relay{}, Config{Mode: Hold, MaxCalls: 40})
	res := run(t, l, 400, time.Second, soon)
	if res.Peak != 40 || res.Started != 40 || res.Completed != 40 {
		t.Errorf("peak %d, started %d, completed %d", res.Peak, res.Started, res.Completed)
	}
}

func TestInviteHasItsSize(t *testing.T) {
	for _, size := range []int{0, 842, 1100} {
		b, err := Invite(Config{Size: size})
		want := size
		if size == 0 {
			want = 842
		}
		if err != nil || len(b) != want {
			t.Errorf("%d octets, %v, want %d", len(b), err, want)
		}
		head, body, _ := bytes.Cut(b, headerEnd)
		if length := fmt.Sprintf("Content-Length: %03d", len(body)); !bytes.Contains(head, []byte(length)) {
			t.Errorf("no %q in\n%s", length, head)
		}
	}
	if _, err := Invite(Config{Size: 100}); err == nil {
		t.Error("100 octets are accepted")
	}
}

func TestCallsDoNotAllocate(t *testing.T) {
	l := open(t, &relay{lose: func(int) bool { return true }}, Config{})
	run(t, l, 100, 50*time.Millisecond, 10*time.Millisecond)
	c := call{number: 1, gen: 1, hop: l.cfg.Proxy}
	invite := l.appendInvite(nil, 0, &c)
	ok := l.appendResponse(nil, parsed(t, invite), "200 OK", l.cfg.Proxy)
	l.run = uint32(parsed(t, invite).id.run)
	var m message
	if n := testing.AllocsPerRun(100, func() {
		m.parse(ok)
		l.dialog(&m, &c)
		l.sendInvite(0, &c)
		l.sendAck(0, &c)
		l.sendBye(0, &c)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func parsed(t *testing.T, b []byte) *message {
	t.Helper()
	m := new(message)
	if !m.parse(b) {
		t.Fatalf("not understood:\n%s", b)
	}
	return m
}

func TestHistogram(t *testing.T) {
	var h Histogram
	var all []time.Duration
	random := rand.New(rand.NewPCG(3, 4))
	for range 10000 {
		d := time.Duration(random.ExpFloat64() * float64(time.Millisecond))
		all = append(all, d)
		h.Add(d)
	}
	slices.Sort(all)
	for _, q := range []float64{0, 0.5, 0.99, 0.999} {
		want, got := all[int(q*float64(len(all)))], h.Quantile(q)
		if got < want || float64(got) > float64(want)*1.04+1 {
			t.Errorf("quantile %v: %v, want %v", q, got, want)
		}
	}
	if h.Max() != all[len(all)-1] || h.Quantile(1) != h.Max() || h.Count() != 10000 {
		t.Errorf("max %v, want %v", h.Max(), all[len(all)-1])
	}
}

func TestTimersFireInOrder(t *testing.T) {
	var set timers
	for i := range 5000 {
		set.set(int64(i), time.Duration(1+i%3)*time.Second, timerBye, uint32(i), 0)
	}
	if next := set.next(1 << 62); next != int64(time.Second) {
		t.Errorf("next is %d", next)
	}
	fired := 0
	for i := range set.queues {
		last := int64(0)
		for e, ok := set.queues[i].take(1 << 61); ok; e, ok = set.queues[i].take(1 << 61) {
			if e.due < last {
				t.Fatal("out of order")
			}
			last = e.due
			fired++
		}
	}
	if fired != 5000 {
		t.Errorf("%d fired", fired)
	}
}

func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"sip:127.0.0.1:5080;lr": "127.0.0.1:5080", "sip:u@192.0.2.1": "192.0.2.1:5060", "sip:u@192.0.2.255:1?x=y": "192.0.2.255:1",
		"sip:host": "", "sip:1.2.3": "", "sip:1.2.3.4:": "", "sip:1..2.3": "", "127.0.0.1": "", "sip:1.2.3.4.5": "",
	} {
		got, ok := hostPort([]byte(in))
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("hostPort(%s) = %v, %v, want %q", in, got, ok, want)
		}
	}
}

func TestAgentsTalk(t *testing.T) {
	a, err := NewAgent(netip.AddrPort{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := NewAgent(netip.AddrPort{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, _, err := b.Receive(time.Millisecond); !errors.Is(err, ErrSilence) {
		t.Errorf("Receive: %v", err)
	}
	if err := a.Send(b.Addr(), "\n\tMESSAGE sip:b SIP/2.0\nContent-Length: *\n\nhello\n"); err != nil {
		t.Fatal(err)
	}
	text, from, err := b.Receive(time.Minute)
	if want := "MESSAGE sip:b SIP/2.0\r\nContent-Length: 7\r\n\r\nhello\r\n"; text != want || from != a.Addr() || err != nil {
		t.Errorf("Receive = %q from %v, %v", text, from, err)
	}
}

func TestBlastAndDiscard(t *testing.T) {
	a, err := NewAgent(netip.AddrPort{})
	if err != nil {
		t.Fatal(err)
	}
	at := a.Addr()
	a.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- Discard(ctx, at) }()
	sent, err := Blast(t.Context(), netip.MustParseAddrPort("127.0.0.9:0"), at, 10000, 100*time.Millisecond, []byte("x"))
	if err != nil || sent == 0 || sent > 1000 { // how many less is for the machine to say
		t.Errorf("sent %d of at most 1000, %v", sent, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// FuzzParse: whatever comes, nothing breaks, and what is understood lies within
// the datagram.
func FuzzParse(f *testing.F) {
	invite, err := Invite(Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(invite)
	f.Add([]byte("SIP/2.0 200 OK\r\nVia: x\r\nTo: <a>;tag=1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m message
		if !m.parse(b) {
			return
		}
		if len(m.body) > len(b) || m.nVias < 1 {
			t.Errorf("%+v", m)
		}
		l := &Load{uacs: []*Socket{{}}, uas: &Socket{}}
		l.appendResponse(nil, &m, "200 OK", netip.AddrPort{})
		l.replyTo(&m, netip.AddrPort{})
		l.dialog(&m, &call{})
	})
}
