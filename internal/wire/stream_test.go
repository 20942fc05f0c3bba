package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gatehouse.example/sip"
)

func tcpNet(t testing.TB, h *recorder, lim Limits) (*Net, netip.AddrPort) {
	t.Helper()
	n := start(t, Config{Listen: []Listen{loopback(sip.TCP)}, Limits: lim}, h)
	return n, n.Listeners()[0].Addr
}

func TestTCPSplitAtEveryOctet(t *testing.T) {
	h := newRecorder()
	h.answer = echoAnswer
	_, addr := tcpNet(t, h, Limits{})
	c := dialer(t, "tcp", addr)
	text := request(1) + request(22)
	for cut := range len(text) {
		write(t, c, text[:cut])
		write(t, c, text[cut:])
		expect(t, c, text)
	}
	for i := range len(text) {
		write(t, c, text[i:i+1])
	}
	expect(t, c, text)
}

func TestTCPPipelinedMessagesKeepOrder(t *testing.T) {
	h := newRecorder()
	h.answer = echoAnswer
	n, addr := tcpNet(t, h, Limits{})
	c := dialer(t, "tcp", addr)
	var all strings.Builder
	for i := range 500 {
		all.WriteString(request(i))
	}
	go func() { _, _ = io.WriteString(c, all.String()) }()
	expect(t, c, all.String())
	for i := range 500 {
		if p := next(t, h.packets); p.text != request(i) {
			t.Fatalf("got %q, want number %d", p.text, i)
		}
	}
	if s := n.Stats(); s.Received != 500 || s.Connections != 1 || s.Accepted != 1 {
		t.Errorf("got %+v", s)
	}
}

func TestTCPClosedIsTold(t *testing.T) {
	h := newRecorder()
	_, addr := tcpNet(t, h, Limits{})
	c := dialer(t, "tcp", addr)
	write(t, c, request(1))
	p := next(t, h.packets)
	if p.Flow.Conn == 0 || p.Flow.Transport != sip.TCP || p.Local != addr {
		t.Errorf("got %+v", p)
	}
	_ = c.Close()
	if f := next(t, h.closed); f != p.Flow {
		t.Errorf("closed %+v, want %+v", f, p.Flow)
	}
}

// The handler sees what cannot be framed, answers, and the answer is out before the end.
func TestTCPBrokenFramingIsAnsweredAndClosed(t *testing.T) {
	bad := strings.Replace(request(1), "Content-Length: 6", "Content-Length: six", 1)
	for name, text := range map[string]string{
		"wrong":   bad,
		"twice":   strings.Replace(request(1), "CSeq", "Content-Length: 6\r\nCSeq", 1),
		"missing": strings.Replace(request(1), "Content-Length: 6\r\n", "", 1),
		"huge":    strings.Replace(request(1), "Content-Length: 6", "Content-Length: 600000", 1),
	} {
		t.Run(name, func(t *testing.T) {
			h := newRecorder()
			h.answer = func(p *Packet, out *Outbox) {
				out.Send(Dest{Flow: p.Flow}, 0, []byte("SIP/2.0 400 Bad\r\n\r\n"))
			}
			n, addr := tcpNet(t, h, Limits{})
			c := dialer(t, "tcp", addr)
			write(t, c, text+strings.Repeat("more", 1000))
			if got := expectEnd(t, c); got != "SIP/2.0 400 Bad\r\n\r\n" {
				t.Errorf("got %q", got)
			}
			if p := next(t, h.packets); !strings.HasPrefix(p.text, text) || p.Fault == nil {
				t.Errorf("handler got %q, fault %v", p.text, p.Fault)
			}
			_ = c.Close()
			next(t, h.closed)
			if got := n.Stats().FrameErrors; got != 1 {
				t.Errorf("%d frame errors", got)
			}
		})
	}
}

// A Content-Length that is too small leaves octets that are no message.
func TestTCPTooSmallContentLengthEndsTheConnection(t *testing.T) {
	h := newRecorder()
	_, addr := tcpNet(t, h, Limits{})
	c := dialer(t, "tcp", addr)
	write(t, c, strings.Replace(request(1), "Content-Length: 6", "Content-Length: 3", 1)+"\r\n\r\n")
	if p := next(t, h.packets); !strings.HasSuffix(p.text, "\r\n\r\nbod") {
		t.Errorf("got %q", p.text)
	}
	expectEnd(t, c)
}

func TestTCPSlowMessagesRunOutOfTime(t *testing.T) {
	const short = 50 * time.Millisecond
	text := request(1)
	cases := map[string]struct {
		lim   Limits
		text  string
		count func(Stats) uint64
	}{
		"no octet":     {Limits{HandshakeTime: short}, "", func(s Stats) uint64 { return s.Idle }},
		"half headers": {Limits{HeaderTime: short}, text[:60], func(s Stats) uint64 { return s.Timeouts }},
		"half body":    {Limits{BodyTime: short}, text[:len(text)-2], func(s Stats) uint64 { return s.Timeouts }},
		"stranger":     {Limits{StrangerIdle: short}, "\r\n\r\n", func(s Stats) uint64 { return s.Idle }},
		"idle":         {Limits{Idle: short}, text, func(s Stats) uint64 { return s.Idle }},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			n, addr := tcpNet(t, newRecorder(), k.lim)
			c := dialer(t, "tcp", addr)
			write(t, c, k.text)
			expectEnd(t, c)
			until(t, "counted", func() bool { return k.count(n.Stats()) == 1 })
		})
	}
}

// Slowloris: one octet now and then does not buy more time.
func TestTCPDripDoesNotRenewTheHeaderTime(t *testing.T) {
	n, addr := tcpNet(t, newRecorder(), Limits{HeaderTime: 200 * time.Millisecond})
	c := dialer(t, "tcp", addr)
	write(t, c, "OPTIONS sip:bob@example.test SIP/2.0\r\n")
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	give := time.After(patience)
	for n.Stats().Timeouts == 0 {
		select {
		case <-tick.C:
			_, _ = c.Write([]byte("x"))
		case <-give:
			t.Fatal("the connection lives on")
		}
	}
}

// RFC 5626 §4.4.1: a double CRLF is a ping, one CRLF the pong; a ping may come in two halves.
func TestTCPAnswersPings(t *testing.T) {
	h := newRecorder()
	n, addr := tcpNet(t, h, Limits{})
	c := dialer(t, "tcp", addr)
	write(t, c, "\r\n\r\n")
	expect(t, c, "\r\n")
	write(t, c, request(1))
	next(t, h.packets)
	write(t, c, "\r\n")
	write(t, c, "\r\n")
	expect(t, c, "\r\n")
	write(t, c, "\r\n"+request(2)) // a stray CRLF before a message is none
	if p := next(t, h.packets); p.text != request(2) {
		t.Errorf("got %q", p.text)
	}
	if got := n.Stats().KeepAlives; got != 2 {
		t.Errorf("%d pings", got)
	}
}

func TestTCPCapPerSource(t *testing.T) {
	n, addr := tcpNet(t, newRecorder(), Limits{PerSource: 2})
	a, b := dialer(t, "tcp", addr), dialer(t, "tcp", addr)
	until(t, "two accepted", func() bool { return n.Stats().Accepted == 2 })
	expectEnd(t, dialer(t, "tcp", addr))
	until(t, "counted", func() bool { return n.Stats().OverLimit == 1 })
	_ = a.Close()
	until(t, "the place is free", func() bool { return n.Stats().Connections == 1 })
	c := dialer(t, "tcp", addr)
	write(t, c, "\r\n\r\n")
	expect(t, c, "\r\n")
	_ = b
}

func TestTCPCapInTotal(t *testing.T) {
	n, addr := tcpNet(t, newRecorder(), Limits{Connections: 1})
	dialer(t, "tcp", addr)
	until(t, "accepted", func() bool { return n.Stats().Accepted == 1 })
	expectEnd(t, dialer(t, "tcp", addr))
}

func TestTCPRefusedAtAcceptAndLater(t *testing.T) {
	h := newRecorder()
	h.admit = func(a netip.Addr, tr sip.Transport, size int) bool {
		return size == 0 && a == netip.MustParseAddr("127.0.0.1")
	}
	n, addr := tcpNet(t, h, Limits{})
	c := dialer(t, "tcp", addr)
	write(t, c, request(1))
	expectEnd(t, c)
	until(t, "counted", func() bool { return n.Stats().Refused == 1 })
	nothing(t, h.packets)
	h2 := newRecorder()
	h2.admit = func(_ netip.Addr, _ sip.Transport, size int) bool { return size > 0 }
	_, addr2 := tcpNet(t, h2, Limits{})
	expectEnd(t, dialer(t, "tcp", addr2))
}

// However much is begun and not finished, the octets held are bounded.
func TestTCPUnfinishedMessagesAreBounded(t *testing.T) {
	n, addr := tcpNet(t, newRecorder(), Limits{Buffers: 64 << 10})
	long := strings.Replace(request(1), "Content-Length: 6", "Content-Length: 50000", 1) + strings.Repeat("x", 20000)
	for range 8 {
		c := dialer(t, "tcp", addr)
		_, _ = io.WriteString(c, long)
	}
	until(t, "some were closed", func() bool { return n.Stats().OverLimit > 0 })
	if got := n.Stats().BufferBytes; got > 64<<10 {
		t.Errorf("%d octets held", got)
	}
}

// listener is a peer that we connect to.
func listener(t *testing.T) (net.Listener, netip.AddrPort) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	t.Cleanup(func() { _ = ln.Close() })
	return ln, ln.Addr().(*net.TCPAddr).AddrPort()
}

func toTCP(remote netip.AddrPort) Dest { return Dest{Flow: Flow{Transport: sip.TCP, Remote: remote}} }

func TestDialledConnectionIsReused(t *testing.T) {
	ln, to := listener(t)
	h := newRecorder()
	n := start(t, Config{}, h)
	out := n.Outbox()
	var want strings.Builder
	for i := range 50 {
		out.Send(toTCP(to), uint64(i), []byte(request(i)))
		want.WriteString(request(i))
		out.Flush()
	}
	c, err := ln.Accept()
	check(err)
	defer c.Close()
	expect(t, c, want.String())
	write(t, c, request(99)) // and it is read
	p := next(t, h.packets)
	out.Send(Dest{Flow: p.Flow}, 0, []byte("answer"))
	out.Flush()
	expect(t, c, "answer")
	if s := n.Stats(); s.Dialled != 1 || s.Connections != 1 {
		t.Errorf("got %+v", s)
	}
}

// What was written can have no answer on a connection that has ended.
func TestWhatALostConnectionTookIsReported(t *testing.T) {
	ln, to := listener(t)
	h := newRecorder()
	n := start(t, Config{}, h)
	out := n.Outbox()
	for i := range mostTokens + 3 { // the oldest are forgotten
		out.Send(toTCP(to), uint64(i), []byte("x"))
	}
	out.Flush()
	c, err := ln.Accept()
	check(err)
	expect(t, c, strings.Repeat("x", mostTokens+3))
	_ = c.Close()
	for i := range mostTokens {
		if f := next(t, h.failed); f.token != uint64(i+3) || !errors.Is(f.err, ErrLost) {
			t.Fatalf("report %d: %+v", i, f)
		}
	}
	next(t, h.closed)
}

// RFC 3261 §18.2.2: when the connection is gone, a new one to the same place.
func TestGoneConnectionIsDialledAgain(t *testing.T) {
	ln, to := listener(t)
	h := newRecorder()
	n := start(t, Config{}, h)
	out := n.Outbox()
	out.Send(toTCP(to), 0, []byte("one"))
	out.Flush()
	c, err := ln.Accept()
	check(err)
	expect(t, c, "one")
	_ = c.Close()
	gone := next(t, h.closed)
	out.Send(Dest{Flow: gone}, 0, []byte("two"))
	out.Flush()
	c, err = ln.Accept()
	check(err)
	defer c.Close()
	expect(t, c, "two")
}

func TestFailedConnectIsReportedForEachMessage(t *testing.T) {
	ln, to := listener(t)
	_ = ln.Close()
	h := newRecorder()
	n := start(t, Config{}, h)
	out := n.Outbox()
	for i := range 3 {
		out.Send(toTCP(to), uint64(i+1), []byte(request(i)))
	}
	out.Flush()
	for i := range 3 {
		f := next(t, h.failed)
		if f.token != uint64(i+1) || f.flow.Remote != to || f.head != request(i)[:len(f.head)] || f.head == "" {
			t.Errorf("got %+v", f)
		}
	}
	until(t, "forgotten", func() bool { return n.Stats().Connections == 0 })
	nothing(t, h.closed)
}

func TestWebSocketIsNotDialled(t *testing.T) {
	h := newRecorder()
	n := start(t, Config{}, h)
	out := n.Outbox()
	out.Send(Dest{Flow: Flow{Transport: sip.WS, Conn: 12, Remote: netip.MustParseAddrPort("127.0.0.1:9")}}, 3, []byte("x"))
	out.Flush()
	if f := next(t, h.failed); f.token != 3 || !errors.Is(f.err, ErrNotDialable) {
		t.Errorf("got %+v", f)
	}
}

// A peer that does not read is cut off, and the messages that it did not get are reported.
func TestSlowReaderIsClosed(t *testing.T) {
	h := newRecorder()
	n, addr := tcpNet(t, h, Limits{WriteQueue: 64 << 10})
	c := dialer(t, "tcp", addr)
	write(t, c, request(1))
	p := next(t, h.packets)
	out := n.Outbox()
	msg := make([]byte, 30000)
	for i := 0; n.Stats().SlowReaders == 0; i++ {
		if i > 10000 {
			t.Fatal("never closed")
		}
		out.Send(Dest{Flow: p.Flow}, uint64(i+1), msg)
		out.Flush()
	}
	if f := next(t, h.failed); f.token == 0 {
		t.Errorf("got %+v", f)
	}
	if f := next(t, h.closed); f != p.Flow {
		t.Errorf("got %+v", f)
	}
}

func TestOwnConnectionsArePinged(t *testing.T) {
	ln, to := listener(t)
	n := start(t, Config{Limits: Limits{Ping: 10 * time.Millisecond}}, newRecorder())
	out := n.Outbox()
	out.Send(toTCP(to), 0, []byte("x"))
	out.Flush()
	c, err := ln.Accept()
	check(err)
	defer c.Close()
	expect(t, c, "x\r\n\r\n\r\n\r\n")
}

func TestDrainLetsWritesFinish(t *testing.T) {
	h := newRecorder()
	n, addr := tcpNet(t, h, Limits{})
	c := dialer(t, "tcp", addr)
	write(t, c, request(1))
	p := next(t, h.packets)
	out := n.Outbox()
	out.Send(Dest{Flow: p.Flow}, 0, []byte("last words"))
	out.Flush()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	n.Drain(ctx)
	if ctx.Err() != nil {
		t.Error("drained too long")
	}
	if got := expectEnd(t, c); got != "last words" {
		t.Errorf("got %q", got)
	}
	if c, err := net.Dial("tcp", addr.String()); err == nil {
		_ = c.Close()
		t.Error("still accepting")
	}
	out.Send(toTCP(addr), 9, []byte("too late"))
	out.Flush()
	if f := next(t, h.failed); f.token != 9 || !errors.Is(f.err, ErrClosed) {
		t.Errorf("got %+v", f)
	}
}

func TestOutboxSendsEarlyWhatIsLarge(t *testing.T) {
	ln, to := listener(t)
	n := start(t, Config{Limits: Limits{WriteQueue: 8 << 20}}, newRecorder())
	out := n.Outbox()
	for i := range 1000 {
		out.Send(toTCP(to), 0, fmt.Appendf(nil, "%999d\n", i))
		if cap(out.arena) > 4*flushAt {
			t.Fatalf("%d octets in the arena", cap(out.arena))
		}
	}
	out.Flush()
	c, err := ln.Accept()
	check(err)
	defer c.Close()
	for i := range 1000 {
		expect(t, c, fmt.Sprintf("%999d\n", i))
	}
}
