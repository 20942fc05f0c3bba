package wire

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"gatehouse.example/sip"
)

const pbx = "127.0.0.2"

func isPBX(a netip.Addr) bool { return a.String() == pbx }

// Strangers have answers dialled to where nobody speaks; the PBX is dialled all the same.
func TestStrangersLeaveDialsToThePBX(t *testing.T) {
	h, taken := newRecorder(), make(chan net.Conn, 16)
	listen := func(a netip.Addr) netip.AddrPort { // it accepts, and says nothing
		l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, 0)))
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				taken <- c
			}
		}()
		t.Cleanup(func() { _ = l.Close() })
		return l.Addr().(*net.TCPAddr).AddrPort()
	}
	strange, known := listen(netip.MustParseAddr("127.0.0.3")), listen(netip.MustParseAddr(pbx))
	n := start(t, Config{Known: isPBX, Limits: Limits{Dials: 4}}, h)
	out := n.Outbox()
	dial := func(to netip.AddrPort, name string) {
		out.Send(Dest{Flow: Flow{Transport: sip.TLS, Remote: to}, ServerName: name}, 1, []byte(request(1)))
		out.Flush()
	}
	for _, name := range []string{"a", "b"} {
		dial(strange, name)
		_ = next(t, taken)
	}
	dial(strange, "c")
	if f := next(t, h.failed); !errors.Is(f.err, ErrTooManyConns) || f.flow.Remote != strange {
		t.Errorf("%+v", f)
	}
	for _, name := range []string{"d", "e"} {
		dial(known, name)
		if c := next(t, taken); c.LocalAddr().(*net.TCPAddr).AddrPort() != known {
			t.Errorf("dialled %v", c.LocalAddr())
		}
	}
	dial(known, "f")
	if f := next(t, h.failed); !errors.Is(f.err, ErrTooManyConns) || f.flow.Remote != known {
		t.Errorf("%+v", f)
	}
}

func TestStrangersLeaveConnectionsToThePBX(t *testing.T) {
	n := start(t, Config{Listen: []Listen{loopback(sip.TCP)}, Known: isPBX, Limits: Limits{Connections: 16}}, newRecorder())
	addr := n.Listeners()[0].Addr
	for range 15 {
		dialer(t, "tcp", addr)
	}
	until(t, "accepted", func() bool { return n.Stats().Accepted == 15 })
	expectEnd(t, dialer(t, "tcp", addr))
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.MustParseAddrPort(pbx + ":0"))}
	for i, answered := range []bool{true, false} {
		c, err := d.Dial("tcp", addr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if !answered {
			expectEnd(t, c)
			continue
		}
		write(t, c, "\r\n\r\n")
		if expect(t, c, "\r\n"); n.Stats().Accepted != 16 {
			t.Errorf("connection %d: %d accepted", i, n.Stats().Accepted)
		}
	}
}
