package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gatehouse.example/sip"
	"github.com/coder/websocket"
)

// subprotocol is the WebSocket subprotocol of RFC 7118 §4.
const subprotocol = "sip"

// frames is the link of WebSockets. Deadlines are those of the TCP connection
// below, which the library leaves alone once the handshake is done.
type frames struct {
	ws  *websocket.Conn
	raw net.Conn
}

// write sends each message in a WebSocket message of its own (RFC 7118 §5): as
// text, unless it is no UTF-8, which text has to be.
func (l frames) write(b []byte, marks []mark, limit time.Duration) (int, error) {
	start := 0
	for _, m := range marks {
		msg := b[start:m.end]
		typ := websocket.MessageText
		if !utf8.Valid(msg) {
			typ = websocket.MessageBinary
		}
		if err := l.raw.SetWriteDeadline(time.Now().Add(limit)); err != nil {
			return start, err
		}
		if err := l.ws.Write(context.Background(), typ, msg); err != nil {
			return start, err
		}
		start = m.end
	}
	return start, nil
}

// ping keeps the way open for clients that cannot ping: browsers (RFC 7118 §6).
func (l frames) ping(limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return l.ws.Ping(ctx)
}

func (l frames) finish() { _ = l.ws.Close(websocket.StatusGoingAway, "") }
func (l frames) close()  { _ = l.raw.Close() }

// serveHTTP runs the HTTP server that upgrades. It serves nothing else.
func (l *streamListener) serveHTTP() {
	lim := &l.net.cfg.Limits
	s := &http.Server{
		Handler:           http.HandlerFunc(l.upgrade),
		ReadHeaderTimeout: lim.HandshakeTime,
		ReadTimeout:       lim.HandshakeTime,
		WriteTimeout:      lim.HandshakeTime,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, rawConn{}, c)
		},
		ConnState: func(_ net.Conn, state http.ConnState) {
			// Each connection is new once, and closed or hijacked once.
			switch state {
			case http.StateNew:
				l.net.wg.Add(1)
			case http.StateClosed, http.StateHijacked:
				l.net.wg.Done()
			}
		},
	}
	s.SetKeepAlivesEnabled(false)
	context.AfterFunc(l.net.ctx, func() { _ = s.Close() })
	var ln net.Listener = l
	if l.transport == sip.WSS {
		ln = tls.NewListener(l, l.net.tls)
	}
	_ = s.Serve(ln)
	<-l.net.ctx.Done() // after Drain, Serve ends before its connections do
}

type rawConn struct{}

// upgrade is the life of a WebSocket connection.
func (l *streamListener) upgrade(w http.ResponseWriter, r *http.Request) {
	l.net.wg.Add(1)
	defer l.net.wg.Done()
	c := newConn(l.net, Flow{Transport: l.transport, Socket: l.index})
	nc, _ := r.Context().Value(rawConn{}).(net.Conn)
	if t, ok := nc.(*tls.Conn); ok {
		c.peer = l.net.cfg.TLS.client(t.ConnectionState())
		nc = t.NetConn()
	}
	a, ok := nc.(*accepted)
	if !ok || !offersSIP(r) {
		l.net.count.handshakeErrors.Add(1)
		http.Error(w, "this is a SIP server: Sec-WebSocket-Protocol must offer sip", http.StatusBadRequest)
		return
	}
	opts := &websocket.AcceptOptions{Subprotocols: []string{subprotocol}, InsecureSkipVerify: l.net.cfg.Origins == nil}
	if l.net.cfg.Origins != nil {
		opts.OriginPatterns = l.net.cfg.Origins()
	}
	ws, err := websocket.Accept(w, r, opts)
	if err != nil {
		l.net.count.handshakeErrors.Add(1)
		return
	}
	defer ws.CloseNow()
	ws.SetReadLimit(int64(l.net.cfg.Limits.Message))
	c.flow.Remote = a.remote
	c.local = unmap(a.LocalAddr().(*net.TCPAddr).AddrPort())
	c.open(frames{ws, a})
	if !l.net.conns.add(c) {
		return
	}
	c.serveFrames(ws, a)
	c.end()
}

var errText = errors.New("wire: websocket: a text message is no UTF-8")

// offersSIP obeys RFC 7118 §4.1: a client names the subprotocol "sip".
func offersSIP(r *http.Request) bool {
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		if slices.ContainsFunc(strings.Split(line, ","), func(p string) bool {
			return strings.EqualFold(strings.TrimSpace(p), subprotocol)
		}) {
			return true
		}
	}
	return false
}

func (c *conn) serveFrames(ws *websocket.Conn, raw net.Conn) {
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.write()
	}()
	c.kill(c.readFrames(ws, raw))
	_ = ws.CloseNow() // a ping that still waits for its pong gives up
	<-written
}

// readFrames handles a message after the other, each with the times of a stream.
func (c *conn) readFrames(ws *websocket.Conn, raw net.Conn) error {
	r := &reading{c: c, nc: raw, buf: make([]byte, 0, smallBuffer)}
	defer func() { c.net.giveBuffer(r.charged) }()
	for {
		if err := r.deadline(); err != nil {
			return err
		}
		typ, from, err := ws.Reader(context.Background())
		if err == nil {
			r.phase = body
			if err = r.deadline(); err == nil {
				err = r.frame(from, typ)
			}
		}
		if errors.Is(err, errText) {
			_ = ws.Close(websocket.StatusInvalidFramePayloadData, "text has to be UTF-8")
		}
		if err != nil {
			r.timedOut(err)
			return err
		}
		if r.phase = stranger; r.known {
			r.phase = idle
		}
	}
}

// frame reads one WebSocket message and handles it.
func (r *reading) frame(from io.Reader, typ websocket.MessageType) error {
	r.buf = r.buf[:0]
	for {
		if err := r.room(); err != nil {
			return err
		}
		n, err := from.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+n]
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("wire: websocket: %w", err)
		}
	}
	if typ == websocket.MessageText && !utf8.Valid(r.buf) {
		r.c.net.count.frameErrors.Add(1)
		return errText // RFC 6455 §8.1
	}
	if len(bytes.Trim(r.buf, "\r\n")) == 0 {
		// Older clients keep alive as RFC 5626 does on TCP.
		if len(r.buf) >= 4 {
			r.c.net.count.keepAlives.Add(1)
			_ = r.c.enqueue([]byte("\r\n"), 0, true)
		}
		return nil
	}
	err := r.handle(r.buf, r.c.net.clock.Now(), nil)
	r.flush()
	r.known = true
	return err
}
