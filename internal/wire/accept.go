package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"gatehouse.example/sip"
	"golang.org/x/sys/unix"
)

// streamListener is one TCP, TLS, WS or WSS address of Config.Listen.
type streamListener struct {
	net       *Net
	index     uint8
	transport sip.Transport
	ln        *net.TCPListener
	locals    localTable // the addresses that connections have come to
}

// accepted is a connection that holds a place in the table until it is closed.
type accepted struct {
	*net.TCPConn
	net    *Net
	remote netip.AddrPort
	once   sync.Once
}

// Close closes the connection and gives its place back.
func (a *accepted) Close() error {
	err := a.TCPConn.Close()
	a.once.Do(func() { a.net.conns.release(a.remote.Addr()) })
	return err
}

func (n *Net) openStream(index int, l Listen) (*streamListener, error) {
	if l.Transport.Secure() && n.cfg.TLS.Certificate == nil {
		return nil, fmt.Errorf("wire: listen on %s %v: no certificate", l.Transport.Lower(), l.Addr)
	}
	network := "tcp4"
	if l.Addr.Addr().Is6() {
		network = "tcp6"
	}
	lc := net.ListenConfig{KeepAlive: keepAliveTime, Control: giveUp}
	ln, err := lc.Listen(context.Background(), network, l.Addr.String())
	if err != nil {
		return nil, fmt.Errorf("wire: listen on %s %v: %w", l.Transport.Lower(), l.Addr, err)
	}
	return &streamListener{net: n, index: uint8(index), transport: l.Transport, ln: ln.(*net.TCPListener)}, nil
}

// keepAliveTime is TCP's own; SIP keep-alives are more frequent.
const keepAliveTime = 2 * time.Minute

// unheardTime is how long octets of ours may be without acknowledgement (RFC 5482): a phone that has lost its network, and a
// connection that a NAT on the way has forgotten, tell nobody, and the kernel would try for a quarter of an hour. Whoever is
// called meanwhile is waited for in vain (RFC 3261 §17.1.1.2: Timer B, 32 s), each time.
const unheardTime = 30 * time.Second

// giveUp makes unheardTime hold for a socket, and for those that it accepts.
func giveUp(_, _ string, c syscall.RawConn) error {
	var err error
	if e := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(unheardTime/time.Millisecond))
	}); e != nil {
		return e
	}
	return err
}

// Accept returns the next connection that may stay. It makes the listener a
// net.Listener, which is what net/http wants.
func (l *streamListener) Accept() (net.Conn, error) {
	for {
		c, err := l.ln.AcceptTCP()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil, net.ErrClosed
			}
			l.pause() // out of file descriptors, most likely
			continue
		}
		if a := l.admit(c); a != nil {
			return a, nil
		}
		_ = c.Close()
	}
}

func (l *streamListener) admit(c *net.TCPConn) *accepted {
	remote := unmap(c.RemoteAddr().(*net.TCPAddr).AddrPort())
	if !l.net.handler.Admit(remote, l.transport, 0, l.net.clock.Now()) {
		l.net.count.refused.Add(1)
		return nil
	}
	if !l.net.conns.reserve(remote.Addr()) {
		l.net.count.overLimit.Add(1)
		return nil
	}
	l.net.count.accepted.Add(1)
	return &accepted{TCPConn: c, net: l.net, remote: remote}
}

func (l *streamListener) pause() {
	t := time.NewTimer(20 * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.net.ctx.Done():
	}
}

// Addr returns the address that is listened on.
func (l *streamListener) Addr() net.Addr { return l.ln.Addr() }

// Close stops accepting.
func (l *streamListener) Close() error { return l.ln.Close() }

func (l *streamListener) addrPort() netip.AddrPort {
	return unmap(l.ln.Addr().(*net.TCPAddr).AddrPort())
}

func unmap(ap netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// run accepts until the listener is closed.
func (l *streamListener) run() {
	defer l.net.wg.Done()
	if l.transport == sip.WS || l.transport == sip.WSS {
		l.serveHTTP()
		return
	}
	for {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		l.net.wg.Add(1)
		go l.serve(nc.(*accepted))
	}
}

// serve is the life of an accepted connection.
func (l *streamListener) serve(a *accepted) {
	defer l.net.wg.Done()
	defer a.Close()
	c := newConn(l.net, Flow{Transport: l.transport, Socket: l.index, Remote: a.remote})
	c.local = unmap(a.LocalAddr().(*net.TCPAddr).AddrPort())
	if _, fresh := l.locals.number(c.local.Addr()); fresh {
		l.net.cameToNew()
	}
	var nc net.Conn = a
	if l.transport == sip.TLS {
		t, err := l.handshake(a)
		if err != nil {
			l.net.count.handshakeErrors.Add(1)
			return
		}
		nc, c.peer = t, l.net.cfg.TLS.client(t.ConnectionState())
	}
	c.open(octets{nc})
	if !l.net.conns.add(c) {
		return
	}
	c.serve(nc)
	c.end()
}

func (l *streamListener) handshake(a *accepted) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(l.net.ctx, l.net.cfg.Limits.HandshakeTime)
	defer cancel()
	t := tls.Server(a, l.net.tls)
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("wire: TLS handshake: %w", err)
	}
	return t, nil
}
