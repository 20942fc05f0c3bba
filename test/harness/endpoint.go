package harness

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Endpoint is a SIP socket: it keeps what arrives until a test asks for it.
type Endpoint struct {
	// Addr is where it is reached.
	Addr netip.AddrPort
	// Transport is UDP, TCP, TLS, WS or WSS.
	Transport string

	t      testing.TB
	peer   netip.AddrPort // where requests go
	write  func(text string, to netip.AddrPort) error
	close  func() error
	arrive chan struct{} // has room for one: something is new
	ended  chan struct{} // closed with the connection, when nothing is read from it any more

	mu       sync.Mutex
	inbox    []Message
	received int // octets
	handler  func(Message)
}

func newEndpoint(t testing.TB, transport string, addr, peer netip.AddrPort) *Endpoint {
	return &Endpoint{t: t, Transport: transport, Addr: addr, peer: peer, arrive: make(chan struct{}, 1), ended: make(chan struct{})}
}

// UDP opens an endpoint that sends to peer.
func UDP(t testing.TB, addr, peer netip.AddrPort) *Endpoint {
	t.Helper()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadBuffer(4 << 20)
	e := newEndpoint(t, "UDP", conn.LocalAddr().(*net.UDPAddr).AddrPort(), peer)
	e.write = func(text string, to netip.AddrPort) error {
		_, err := conn.WriteToUDPAddrPort([]byte(text), to)
		return err
	}
	e.close = func() error {
		err := conn.Close()
		<-e.ended // until its reader has let go of it, the port is taken
		return err
	}
	t.Cleanup(func() { e.close() })
	go func() {
		defer close(e.ended)
		buf := make([]byte, 65536)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				if errors.Is(err, net.ErrClosed) {
					return
				}
				continue
			}
			e.take(Message{Text: string(buf[:n]), From: from, send: func(s string) { conn.WriteToUDPAddrPort([]byte(s), from) }})
		}
	}()
	return e
}

// TCP connects to peer from an address.
func TCP(t testing.TB, from netip.Addr, peer netip.AddrPort) *Endpoint {
	t.Helper()
	return Stream(t, "TCP", dial(t, from, peer), peer)
}

// TLS connects to peer, whose certificate has to be that of roots for name.
func TLS(t testing.TB, from netip.Addr, peer netip.AddrPort, cfg *tls.Config) *Endpoint {
	t.Helper()
	conn := tls.Client(dial(t, from, peer), cfg)
	if err := conn.Handshake(); err != nil {
		t.Fatal(err)
	}
	return Stream(t, "TLS", conn, peer)
}

func dial(t testing.TB, from netip.Addr, peer netip.AddrPort) net.Conn {
	t.Helper()
	d := net.Dialer{Timeout: Patience, LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))}
	conn, err := d.Dial("tcp", peer.String())
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// Stream is an endpoint over a connection.
func Stream(t testing.TB, transport string, conn net.Conn, peer netip.AddrPort) *Endpoint {
	e := newEndpoint(t, transport, conn.LocalAddr().(*net.TCPAddr).AddrPort(), peer)
	e.write = func(text string, _ netip.AddrPort) error { _, err := io.WriteString(conn, text); return err }
	e.close = conn.Close
	t.Cleanup(func() { conn.Close() })
	go func() {
		defer close(e.ended)
		e.readStream(conn)
	}()
	return e
}

// Ended is closed when the other side has closed the connection.
func (e *Endpoint) Ended() <-chan struct{} { return e.ended }

// Accept listens for connections besides what the endpoint does already, so
// that one endpoint is a UDP and TCP server.
func (e *Endpoint) Accept() *Endpoint {
	e.t.Helper()
	l, err := net.Listen("tcp", e.Addr.String())
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			e.t.Cleanup(func() { conn.Close() })
			go e.readStream(conn)
		}
	}()
	return e
}

// readStream cuts a stream into messages by Content-Length.
func (e *Endpoint) readStream(conn net.Conn) {
	r := bufio.NewReader(conn)
	var mu sync.Mutex
	from, _ := netip.ParseAddrPort(conn.RemoteAddr().String())
	send := func(s string) { mu.Lock(); defer mu.Unlock(); io.WriteString(conn, s) }
	for {
		var head strings.Builder
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if head.Len() == 0 && line == "\r\n" {
				continue
			}
			head.WriteString(line)
			if line == "\r\n" {
				break
			}
		}
		n, _ := strconv.Atoi(Message{Text: head.String()}.Get("Content-Length"))
		body := make([]byte, n)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		e.take(Message{Text: head.String() + string(body), From: from, send: send})
	}
}

func (e *Endpoint) take(m Message) {
	e.mu.Lock()
	e.received += len(m.Text)
	handler := e.handler
	e.inbox = append(e.inbox, m)
	e.mu.Unlock()
	if handler != nil {
		handler(m)
	}
	select {
	case e.arrive <- struct{}{}:
	default:
	}
}

// Handle calls f for each message as it arrives; it stays in the inbox too.
func (e *Endpoint) Handle(f func(Message)) *Endpoint {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.handler = f
	return e
}

// Received is how many octets have arrived.
func (e *Endpoint) Received() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.received
}

// Peer is where requests go.
func (e *Endpoint) Peer() netip.AddrPort { return e.peer }

// Close closes the socket.
func (e *Endpoint) Close() { e.close() }

// Send sends a text to the peer.
func (e *Endpoint) Send(text string) {
	e.t.Helper()
	e.SendTo(text, e.peer)
}

// SendTo sends a text to any address (UDP only).
func (e *Endpoint) SendTo(text string, to netip.AddrPort) {
	e.t.Helper()
	if err := e.write(text, to); err != nil {
		e.t.Fatalf("%s %s: %v", e.Transport, e.Addr, err)
	}
}

// Find takes the first message that fits out of the inbox, waiting for it.
func (e *Endpoint) Find(within time.Duration, fits func(Message) bool) (Message, bool) {
	return e.find(within, fits, true)
}

// holds tells whether the inbox holds a message that fits, waiting for it.
func (e *Endpoint) holds(within time.Duration, fits func(Message) bool) bool {
	_, ok := e.find(within, fits, false)
	return ok
}

func (e *Endpoint) find(within time.Duration, fits func(Message) bool, take bool) (Message, bool) {
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	for over := false; ; {
		e.mu.Lock()
		for i, m := range e.inbox {
			if !fits(m) {
				continue
			}
			if take {
				e.inbox = append(e.inbox[:i:i], e.inbox[i+1:]...)
			}
			e.mu.Unlock()
			return m, true
		}
		e.mu.Unlock()
		if over {
			return Message{}, false
		}
		select {
		case <-e.arrive:
		case <-deadline.C:
			over = true // what has come meanwhile has come in time
		}
	}
}

// Expect is Find for what has to come.
func (e *Endpoint) Expect(t testing.TB, what string, fits func(Message) bool) Message {
	t.Helper()
	m, ok := e.Find(Patience, fits)
	if !ok {
		var have strings.Builder
		for _, m := range e.Inbox() {
			fmt.Fprintf(&have, "\n  %s (%s)", m.StartLine(), m.Get("CSeq"))
		}
		t.Fatalf("%s at %s: no %s; in the inbox:%s", e.Transport, e.Addr, what, have.String())
	}
	return m
}

// ExpectRequest waits for a request with a method.
func (e *Endpoint) ExpectRequest(t testing.TB, method string) Message {
	t.Helper()
	return e.Expect(t, method, func(m Message) bool { return m.Status() == 0 && m.Method() == method })
}

// ExpectStatus waits for a response with a code.
func (e *Endpoint) ExpectStatus(t testing.TB, status int) Message {
	t.Helper()
	return e.Expect(t, strconv.Itoa(status), func(m Message) bool { return m.Status() == status })
}

// ExpectFinal waits for a final response to a request.
func (e *Endpoint) ExpectFinal(t testing.TB, request string) Message {
	t.Helper()
	id := Message{Text: request}.Get("Call-ID")
	return e.Expect(t, "final response", func(m Message) bool { return m.Status() >= 200 && m.Get("Call-ID") == id })
}

// Inbox is what has arrived and was not asked for.
func (e *Endpoint) Inbox() []Message {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]Message(nil), e.inbox...)
}

// Messages is an endpoint over anything that moves whole messages, as a
// WebSocket does.
func Messages(t testing.TB, transport string, read func() (string, error), write func(string) error, close func() error) *Endpoint {
	// RFC 7118 §5.2: a browser does not know its address and makes up a name.
	e := newEndpoint(t, transport, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), 5060), netip.AddrPort{})
	e.write = func(text string, _ netip.AddrPort) error { return write(text) }
	e.close = close
	t.Cleanup(func() { close() })
	go func() {
		for {
			text, err := read()
			if err != nil {
				return
			}
			e.take(Message{Text: text, send: func(s string) { write(s) }})
		}
	}()
	return e
}
