package wire

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"gatehouse.example/sip"
)

// octets is the link of TCP and TLS.
type octets struct{ net.Conn }

func (l octets) write(b []byte, _ []mark, limit time.Duration) (int, error) {
	if err := l.SetWriteDeadline(time.Now().Add(limit)); err != nil {
		return 0, err
	}
	return l.Write(b)
}

// ping sends the keep-alive of RFC 5626 §4.4.1. Its pong is not insisted on: a
// peer that knows nothing of RFC 5626 ignores leading CRLFs (RFC 3261 §7.5).
func (l octets) ping(limit time.Duration) error {
	_, err := l.write([]byte("\r\n\r\n"), nil, limit)
	return err
}

func (l octets) finish() {
	if h, ok := l.Conn.(interface{ CloseWrite() error }); ok {
		_ = h.CloseWrite()
	}
	_ = l.SetReadDeadline(time.Now().Add(lingerTime))
}

func (l octets) close() { _ = l.Close() }

// phase is what a stream waits for, each with a time of its own.
type phase uint8

const (
	firstOctet phase = iota
	stranger         // idle, no message yet
	idle
	header
	body
)

// reading is the state of the goroutine that reads a stream.
type reading struct {
	c       *conn
	nc      net.Conn
	buf     []byte
	framer  sip.Framer // of what buf starts with
	charged int        // octets of buf accounted to Limits.Buffers
	phase   phase
	lone    bool // the last thing was a single CRLF, which may be half a ping
	known   bool // a whole message has come
	turn    *turn
}

// turn is what one go at handling messages needs; idle connections have none.
type turn struct {
	out *Outbox
	pkt Packet
}

const smallBuffer = 2048

var (
	errRefused = errors.New("wire: the source is refused")
	errFraming = errors.New("wire: the stream's framing is broken")
	errTooLong = errors.New("wire: the message is too long")
)

// serve runs the writer beside the reader until the connection has ended. When
// the framing broke, the answer to that is written first.
func (c *conn) serve(nc net.Conn) {
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.write()
	}()
	err := c.read(nc)
	if errors.Is(err, errFraming) {
		c.finish()
		<-written
		linger(nc)
	}
	c.kill(err)
	<-written
}

// read handles the stream until it ends, and says why it did.
func (c *conn) read(nc net.Conn) error {
	r := &reading{c: c, nc: nc, buf: make([]byte, 0, smallBuffer)}
	defer func() { c.net.giveBuffer(r.charged) }()
	if c.dialled {
		r.phase = idle
	}
	if err := r.deadline(); err != nil {
		return err
	}
	for {
		if err := r.room(); err != nil {
			return err
		}
		n, err := nc.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+n]
		if n > 0 {
			if err := r.messages(); err != nil {
				return err
			}
			if err := r.advance(); err != nil {
				return err
			}
		}
		if err != nil {
			r.timedOut(err)
			return err
		}
	}
}

// messages handles every whole message in the buffer and keeps the rest.
func (r *reading) messages() error {
	rest := r.buf
	now := r.c.net.clock.Now()
	pongs := 0
	var err error
	for len(rest) > 0 && err == nil {
		var n int
		n, err = r.framer.Frame(rest, r.c.net.cfg.Limits.Message)
		if err == nil && n == 0 && len(rest) >= r.c.net.cfg.Limits.Message {
			err = errTooLong
		}
		switch {
		case err != nil:
			r.c.net.count.frameErrors.Add(1)
			_ = r.handle(rest, now, err)
			err = fmt.Errorf("%w: %w", errFraming, err)
		case n > 0:
			err = r.handle(rest[:n], now, nil)
			rest, r.known, r.lone = rest[n:], true, false
		case n < 0:
			if r.keepAlive(-n) {
				pongs++
			}
			rest = rest[-n:]
		}
		if n == 0 {
			break
		}
	}
	r.flush()
	if err == nil && pongs > 0 {
		// One pong a read is enough for the peer to see that we live.
		_ = r.c.enqueue([]byte("\r\n"), 0, true)
	}
	if len(rest) < len(r.buf) {
		r.phase = idle // what is left is the start of another message
		r.buf = r.buf[:copy(r.buf, rest)]
	}
	return err
}

// keepAlive says whether n octets of CRLFs make a ping (RFC 5626 §4.4.1: a
// double CRLF), also when the two came apart.
func (r *reading) keepAlive(n int) bool {
	ping := n >= 4 || r.lone
	r.lone = n < 4 && !r.lone
	if ping {
		r.c.net.count.keepAlives.Add(1)
	}
	return ping
}

func (r *reading) handle(msg []byte, now int64, fault error) error {
	c := r.c
	if !c.net.handler.Admit(c.flow.Remote, c.flow.Transport, len(msg), now) {
		c.net.count.refused.Add(1)
		return errRefused
	}
	if r.turn == nil {
		r.turn = c.net.turns.Get().(*turn)
	}
	c.net.count.received.Add(1)
	c.net.count.receivedBytes.Add(uint64(len(msg)))
	r.turn.pkt = Packet{Data: msg, Flow: c.flow, Local: c.local, Now: now, TLS: c.peer, Fault: fault}
	c.net.handler.Packet(&r.turn.pkt, r.turn.out)
	return nil
}

func (r *reading) flush() {
	if r.turn == nil {
		return
	}
	r.turn.out.Flush()
	r.turn.pkt = Packet{}
	r.c.net.turns.Put(r.turn)
	r.turn = nil
}

// room makes sure that there is something to read into, and lets go of a large
// buffer when its message is done.
func (r *reading) room() error {
	if len(r.buf) == 0 && cap(r.buf) > smallBuffer {
		r.c.net.giveBuffer(r.charged)
		r.charged, r.buf = 0, make([]byte, 0, smallBuffer)
	}
	if len(r.buf) < cap(r.buf) {
		return nil
	}
	size := min(2*cap(r.buf), max(r.c.net.cfg.Limits.Message, cap(r.buf)+1))
	if !r.c.net.takeBuffer(size, keptReads, r.c.flow.Remote.Addr()) {
		r.c.net.count.overLimit.Add(1)
		return ErrQueueFull
	}
	r.c.net.giveBuffer(r.charged)
	r.charged = size
	r.buf = append(make([]byte, 0, size), r.buf...)
	return nil
}

// advance finds out what is waited for now. The time for a header section or a
// body runs from its start, however often a few octets arrive.
func (r *reading) advance() error {
	old := r.phase
	switch {
	case r.framer.InBody():
		r.phase = body
	case len(r.buf) > 0:
		r.phase = header
	case r.known || r.c.dialled:
		r.phase = idle
	default:
		r.phase = stranger
	}
	if r.phase == old && (old == header || old == body) {
		return nil
	}
	return r.deadline()
}

func (r *reading) deadline() error {
	lim := &r.c.net.cfg.Limits
	d := [...]time.Duration{firstOctet: lim.HandshakeTime, stranger: lim.StrangerIdle, idle: lim.Idle, header: lim.HeaderTime, body: lim.BodyTime}
	if r.c.finishing() {
		return nil // finish has set the last deadline
	}
	return r.nc.SetReadDeadline(time.Now().Add(d[r.phase]))
}

func (r *reading) timedOut(err error) {
	var ne net.Error
	if !errors.As(err, &ne) || !ne.Timeout() {
		return
	}
	if r.phase == header || r.phase == body {
		r.c.net.count.timeouts.Add(1)
		return
	}
	r.c.net.count.idle.Add(1)
}

// lingerTime is how long a connection is read on after our last octets: closing
// a socket with unread octets resets the connection and takes the answer with it.
const lingerTime = time.Second

func linger(nc net.Conn) {
	_ = nc.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyN(io.Discard, nc, 256<<10)
}
