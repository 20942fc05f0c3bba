package wire

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse.example/sip"
)

const patience = time.Minute

// heard is a Packet that outlives its call.
type heard struct {
	text string
	Packet
}

type lost struct {
	flow  Flow
	token uint64
	head  string
	err   error
}

// recorder is a Handler that notes everything and can answer.
type recorder struct {
	admit   func(netip.Addr, sip.Transport, int) bool
	answer  func(*Packet, *Outbox)
	packets chan heard
	failed  chan lost
	closed  chan Flow
	dropped atomic.Int64
}

func newRecorder() *recorder {
	return &recorder{packets: make(chan heard, 4096), failed: make(chan lost, 4096), closed: make(chan Flow, 4096)}
}

func (r *recorder) Admit(from netip.AddrPort, tr sip.Transport, size int, _ int64) bool {
	return r.admit == nil || r.admit(from.Addr(), tr, size)
}

func (r *recorder) Packet(p *Packet, out *Outbox) {
	if r.answer != nil {
		r.answer(p, out)
	}
	note(r.packets, heard{string(p.Data), *p}, &r.dropped)
}

func (r *recorder) SendFailed(f Flow, token uint64, head []byte, err error) {
	note(r.failed, lost{f, token, string(head), err}, &r.dropped)
}

func (r *recorder) Closed(f Flow) { note(r.closed, f, &r.dropped) }

func note[T any](ch chan T, v T, dropped *atomic.Int64) {
	select {
	case ch <- v:
	default:
		dropped.Add(1)
	}
}

// echo answers each message with itself.
func echoAnswer(p *Packet, out *Outbox) { out.Send(Dest{Flow: p.Flow}, 7, p.Data) }

func loopback(tr sip.Transport) Listen {
	return Listen{tr, netip.MustParseAddrPort("127.0.0.1:0")}
}

// start opens and runs a Net until the test ends.
func start(t testing.TB, cfg Config, h Handler) *Net {
	t.Helper()
	n, err := Open(cfg, h)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("Run did not end")
		}
		if got := n.buffers.Load(); got != 0 {
			t.Errorf("%d octets of buffers are still accounted", got)
		}
		if got := n.conns.len(); got != 0 {
			t.Errorf("%d connections are still counted", got)
		}
	})
	return n
}

func next[T any](t testing.TB, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func nothing[T any](t testing.TB, ch <-chan T) {
	t.Helper()
	select {
	case v := <-ch:
		t.Fatalf("unexpected: %+v", v)
	default:
	}
}

// until polls for a condition that no channel tells of.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not reached: %s", what)
		}
	}
}

// request is a small SIP request, told from others by n.
func request(n int) string {
	body := fmt.Sprintf("body %d", n)
	return fmt.Sprintf("OPTIONS sip:bob@example.test SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK%d\r\n"+
		"Max-Forwards: 70\r\nFrom: <sip:alice@example.test>;tag=1\r\nTo: <sip:bob@example.test>\r\nCall-ID: %d\r\n"+
		"CSeq: 1 OPTIONS\r\nContent-Length: %d\r\n\r\n%s", n, n, len(body), body)
}

// dialer is a plain client socket.
func dialer(t testing.TB, network string, to netip.AddrPort) net.Conn {
	t.Helper()
	c, err := net.Dial(network, to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func write(t testing.TB, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

// expect reads exactly text.
func expect(t testing.TB, c net.Conn, text string) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(patience))
	got := make([]byte, len(text))
	if _, err := io.ReadFull(c, got); err != nil {
		t.Fatalf("after %q: %v", bytes.TrimRight(got, "\x00"), err)
	}
	if string(got) != text {
		t.Fatalf("got %q, want %q", got, text)
	}
}

// expectEnd reads until the peer closes, and returns what came before.
func expectEnd(t testing.TB, c net.Conn) string {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(patience))
	got, err := io.ReadAll(c)
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		t.Fatalf("still open after %q", got)
	}
	return string(got)
}

func datagram(t testing.TB, c net.Conn) string {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(patience))
	buf := make([]byte, 65536)
	n, err := c.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}
