package wire

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"gatehouse.example/sip"
	"golang.org/x/sys/unix"
)

func TestTheKernelTellsWhatWeSendFrom(t *testing.T) {
	n, err := Open(Config{Listen: []Listen{{sip.UDP, netip.MustParseAddrPort("127.0.0.1:0")}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	to := netip.MustParseAddr("127.0.0.1")
	for range 2 {
		if got := n.Source(to); got != to {
			t.Errorf("to %v from %v", to, got)
		}
	}
	if got := n.Source(netip.MustParseAddr("::ffff:127.0.0.1")); got != to {
		t.Errorf("a mapped address: from %v", got)
	}
	if got := n.Source(netip.Addr{}); got.IsValid() {
		t.Errorf("to nowhere from %v", got)
	}
	if allocs := testing.AllocsPerRun(100, func() { n.Source(to) }); allocs > 0 {
		t.Errorf("what is known costs %v allocations", allocs)
	}
}

// TestSocketsAreSetForTheOutside: what loopback does not show.
func TestSocketsAreSetForTheOutside(t *testing.T) {
	at := netip.MustParseAddrPort("127.0.0.1:0")
	n, err := Open(Config{Listen: []Listen{{sip.UDP, at}, {sip.TCP, at}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if v, err := unix.GetsockoptInt(n.udp[0].fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER); err != nil || v != unix.IP_PMTUDISC_DONT {
		t.Errorf("routers may not cut datagrams: %d, %v", v, err)
	}
	go func() {
		c, err := net.Dial("tcp", n.streams[1].Addr().String())
		if err == nil {
			defer c.Close()
		}
	}()
	c, err := n.streams[1].ln.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.Control(func(fd uintptr) {
		if v, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT); err != nil || v != int(unheardTime/time.Millisecond) {
			t.Errorf("a connection that is not heard of lives for %d ms, %v", v, err)
		}
	})
}

func TestWhatIsForOneConnectionOnlyIsNotDialled(t *testing.T) {
	at := netip.MustParseAddrPort("127.0.0.1:0")
	h := new(failures)
	n, err := Open(Config{Listen: []Listen{{sip.TCP, at}}}, h)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	out := n.Outbox()
	out.Send(Dest{Flow: Flow{Transport: sip.TCP, Conn: 99, Remote: n.Listeners()[0].Addr}, Only: true}, 1, []byte("x"))
	out.Flush()
	if len(h.errs) != 1 || h.errs[0] != ErrNotDialable || n.conns.len() != 0 {
		t.Errorf("%v, %d connections", h.errs, n.conns.len())
	}
}

// failures is a handler that keeps what could not be sent.
type failures struct {
	Handler
	errs []error
}

func (f *failures) SendFailed(_ Flow, _ uint64, _ []byte, err error) { f.errs = append(f.errs, err) }
