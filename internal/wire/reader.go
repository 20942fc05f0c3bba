package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync/atomic"
	"time"

	"gatehouse.example/sip"
	"golang.org/x/sys/unix"
)

// reader is one UDP socket and the goroutine that serves it.
type reader struct {
	l      *udpListener
	fd     int
	first  bool // fd is the listener's own: its close is not ours
	in     *recvBatch
	out    *Outbox
	pkt    Packet
	pace   pacer
	busy   busyness
	behind behindSince

	index int   // in udpListener.readers, and among the sockets of the group
	flows flows // how much came in this window, by bucket
	total atomic.Uint64
	came  uint64               // of total, in the last window of whoever measured; udpListener.mu
	seen  []uint64             // total of each reader when this one measured last; udpListener.mu
	owes  atomic.Pointer[gate] // what another reader waits at until fd is empty
	waits atomic.Pointer[gate] // what this one waits at
}

func newReader(l *udpListener, fd int, first bool) (*reader, error) {
	in, err := newRecvBatch(l.wild)
	if err != nil {
		return nil, err
	}
	return &reader{l: l, fd: fd, first: first, in: in, out: l.net.Outbox(), pace: pacer{most: l.net.cfg.Coalesce}}, nil
}

// run serves the socket until the listener closes. It blocks in the kernel rather
// than in the runtime's poller, which costs fewer system calls per wake-up. It does
// not lock its thread: the runtime preempts it a hundred times a second, and to
// hand a locked thread its processor back takes two more wake-ups each time.
func (r *reader) run() {
	defer r.close()
	for !r.l.net.closing.Load() {
		g := r.owes.Load() // before recv: what came earlier is in what recv finds
		flags := r.pace.flags()
		if g != nil {
			flags = unix.MSG_DONTWAIT // somebody waits to hear that there is nothing
		}
		n, err := r.in.recv(r.fd, flags)
		if err != nil {
			r.failed(err, g)
			continue
		}
		now := time.Now()
		at := r.l.net.clock.at(now)
		r.behind.note(n == batchSize, at)
		r.awaitGate()
		r.batch(n, at)
		if n < batchSize {
			r.passGate(g)
		}
		done := time.Now()
		r.busy.awake += done.Sub(now)
		if over, ended := r.busy.over(done, r.fd, func() float64 { return r.l.measure(r) }); ended {
			if over {
				r.l.relieve(r)
			}
			clear(r.flows[:])
		}
		r.pace.wait(n, now)
	}
}

func (r *reader) close() {
	r.in.free()
	r.l.mu.Lock()
	defer r.l.mu.Unlock()
	if !r.first {
		_ = unix.Close(r.fd)
		r.fd = -1 // nobody wakes what has that number next
	}
}

func (r *reader) failed(err error, g *gate) {
	r.pace.empty()
	switch {
	case errors.Is(err, unix.EINTR):
	case errors.Is(err, unix.EAGAIN):
		r.behind.note(false, 0)
		r.passGate(g)
	default:
		r.l.readErrors(r.fd, r.out)
		r.out.Flush()
	}
}

// batch hands n datagrams to the handler and sends what it answers. A datagram
// that Admit refuses costs 1.03 times what a bare loop of recvmmsg costs that
// throws it away (668 against 651 ns, BenchmarkDiscardAndRefuse).
func (r *reader) batch(n int, now int64) {
	count := &r.l.net.count
	var received, octets, refused uint64
	for i := range n {
		data := r.in.data(i)
		from := addrPort(&r.in.names[i])
		switch {
		case !from.IsValid(): // the wake-up of shutdown
		case !r.l.net.handler.Admit(from, sip.UDP, len(data), now):
			refused++
		case r.in.truncated(i):
			count.truncated.Add(1)
		case ignorable(data):
			r.ignored(data)
		default:
			received++
			octets += uint64(len(data))
			r.flows[bucket(&r.in.names[i], r.l.seed)]++
			r.deliver(i, data, from, now)
		}
	}
	count.batches.Add(1)
	if refused > 0 {
		count.refused.Add(refused)
	}
	if received > 0 {
		r.total.Add(received)
		count.received.Add(received)
		count.receivedBytes.Add(octets)
		r.out.Flush()
	}
}

func (r *reader) deliver(i int, data []byte, from netip.AddrPort, now int64) {
	p := &r.pkt
	p.Data = data
	p.Flow = Flow{Transport: sip.UDP, Socket: r.l.index, Remote: from}
	p.Local = r.l.addr
	p.Now = now
	if r.l.wild {
		control := r.in.control[i][:r.in.hdrs[i].Hdr.Controllen]
		if a, ok := packetInfo(control); ok {
			p.Local = netip.AddrPortFrom(a, r.l.addr.Port())
			var fresh bool
			if p.Flow.Local, fresh = r.l.locals.number(a); fresh {
				r.l.net.cameToNew()
			}
		}
	}
	r.l.net.handler.Packet(p, r.out)
}

// ignorable says whether a datagram is no SIP message: a keep-alive, or STUN,
// which RFC 5626 §4.4.2 tells by its first two bits being zero.
func ignorable(b []byte) bool {
	return len(b) <= 4 || b[0] < 0x40 && (isSTUN(b) || len(bytes.Trim(b, "\r\n")) == 0)
}

func isSTUN(b []byte) bool {
	const cookie = 0x2112A442 // RFC 5389 §6
	return len(b) >= 20 && b[0] < 0x40 && binary.BigEndian.Uint32(b[4:]) == cookie
}

func (r *reader) ignored(b []byte) {
	if isSTUN(b) {
		r.l.net.count.stun.Add(1)
		return
	}
	r.l.net.count.keepAlives.Add(1)
}
