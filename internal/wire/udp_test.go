package wire

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"gatehouse.example/sip"
	"golang.org/x/sys/unix"
)

func udpNet(t testing.TB, h *recorder, addr string) (*Net, netip.AddrPort) {
	t.Helper()
	n := start(t, Config{Listen: []Listen{{sip.UDP, netip.MustParseAddrPort(addr)}}, Coalesce: DefaultCoalesce}, h)
	return n, n.Listeners()[0].Addr
}

func TestUDPKeepsOrder(t *testing.T) {
	h := newRecorder()
	h.answer = echoAnswer
	_, addr := udpNet(t, h, "127.0.0.1:0")
	c := dialer(t, "udp", addr)
	for round := range 10 {
		for i := range 100 { // as many as a plain socket's buffer holds
			write(t, c, fmt.Sprintf("message %d.%d", round, i))
		}
		for i := range 100 {
			if got, want := datagram(t, c), fmt.Sprintf("message %d.%d", round, i); got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	}
}

func TestUDPTellsFlowAndLocalAddress(t *testing.T) {
	h := newRecorder()
	_, addr := udpNet(t, h, "127.0.0.1:0")
	c := dialer(t, "udp", addr)
	write(t, c, "hello")
	p := next(t, h.packets)
	want := Flow{Transport: sip.UDP, Remote: c.LocalAddr().(*net.UDPAddr).AddrPort()}
	if p.Flow != want || p.Local != addr || p.text != "hello" || p.Now == 0 {
		t.Errorf("got %+v", p)
	}
}

func TestUDPTakesTheLongestDatagram(t *testing.T) {
	h := newRecorder()
	h.answer = echoAnswer
	_, addr := udpNet(t, h, "127.0.0.1:0")
	c := dialer(t, "udp", addr)
	long := strings.Repeat("x", 65507)
	write(t, c, long)
	if got := datagram(t, c); got != long {
		t.Errorf("got %d octets", len(got))
	}
}

func TestUDPOverIPv6(t *testing.T) {
	h := newRecorder()
	h.answer = echoAnswer
	_, addr := udpNet(t, h, "[::1]:0")
	c := dialer(t, "udp", addr)
	write(t, c, "hello over six")
	if got := datagram(t, c); got != "hello over six" {
		t.Errorf("got %q", got)
	}
}

func TestUDPIgnoresKeepAlivesAndSTUN(t *testing.T) {
	h := newRecorder()
	n, addr := udpNet(t, h, "127.0.0.1:0")
	c := dialer(t, "udp", addr)
	stun := "\x00\x01\x00\x00\x21\x12\xa4\x42" + strings.Repeat("t", 12)
	for _, text := range []string{"\r\n", "\r\n\r\n", "", "\x00", "jaK", "\r\n\r\n\r\n", stun, "the end"} {
		write(t, c, text)
	}
	if got := next(t, h.packets).text; got != "the end" {
		t.Errorf("got %q", got)
	}
	if s := n.Stats(); s.KeepAlives != 6 || s.STUN != 1 {
		t.Errorf("keep-alives %d, STUN %d", s.KeepAlives, s.STUN)
	}
}

func TestUDPRefusedSourceIsNotHeard(t *testing.T) {
	h := newRecorder()
	h.admit = func(_ netip.Addr, tr sip.Transport, size int) bool { return tr == sip.UDP && size == 5 }
	n, addr := udpNet(t, h, "127.0.0.1:0")
	c := dialer(t, "udp", addr)
	write(t, c, "refused")
	write(t, c, "taken")
	if got := next(t, h.packets).text; got != "taken" {
		t.Errorf("got %q", got)
	}
	until(t, "one refusal", func() bool { return n.Stats().Refused == 1 })
}

// deadPort is a port where nobody listens and that nobody else gets meanwhile:
// that of a socket that is connected elsewhere.
func deadPort(t *testing.T, host string) netip.AddrPort {
	t.Helper()
	to := netip.AddrPortFrom(netip.MustParseAddrPort(host).Addr(), 9)
	return dialer(t, "udp", to).LocalAddr().(*net.UDPAddr).AddrPort()
}

// A PBX that is down answers with ICMP, which is heard at once.
func TestUDPHearsThatNobodyListens(t *testing.T) {
	for _, host := range []string{"127.0.0.1:0", "[::1]:0"} {
		to := deadPort(t, host)
		h := newRecorder()
		n, _ := udpNet(t, h, host)
		out := n.Outbox()
		out.Send(Dest{Flow: Flow{Transport: sip.UDP, Remote: to}}, 5, []byte(request(1)))
		out.Flush()
		f := next(t, h.failed)
		if f.flow.Remote != to || !strings.HasPrefix(request(1), f.head) || len(f.head) < 100 ||
			!errors.Is(f.err, ErrICMP) || !errors.Is(f.err, unix.ECONNREFUSED) {
			t.Errorf("got %+v", f)
		}
	}
}

// The error about a dead neighbour meets whichever send comes next, and must not hurt it.
func TestUDPErrorOfOneDoesNotHurtAnother(t *testing.T) {
	gone := deadPort(t, "127.0.0.1:0")
	alive, err := net.ListenPacket("udp", "127.0.0.1:0")
	check(err)
	defer alive.Close()
	to := alive.LocalAddr().(*net.UDPAddr).AddrPort()
	h := newRecorder()
	n, _ := udpNet(t, h, "127.0.0.1:0")
	out := n.Outbox()
	for i := range 100 {
		out.Send(Dest{Flow: Flow{Transport: sip.UDP, Remote: gone}}, 0, []byte("to the dead"))
		out.Send(Dest{Flow: Flow{Transport: sip.UDP, Remote: to}}, 0, fmt.Appendf(nil, "%d", i))
		out.Flush()
	}
	buf := make([]byte, 100)
	for i := range 100 {
		k, _, err := alive.ReadFrom(buf)
		check(err)
		if string(buf[:k]) != fmt.Sprint(i) {
			t.Fatalf("got %s, want %d", buf[:k], i)
		}
	}
	if f := next(t, h.failed); f.flow.Remote != gone {
		t.Errorf("got %+v", f)
	}
}

func TestUDPWhatCannotBeSentIsReported(t *testing.T) {
	h := newRecorder()
	n, addr := udpNet(t, h, "127.0.0.1:0")
	c := dialer(t, "udp", addr)
	to := c.LocalAddr().(*net.UDPAddr).AddrPort()
	out := n.Outbox()
	out.Send(Dest{Flow: Flow{Transport: sip.UDP, Remote: to}}, 1, []byte("one"))
	out.Send(Dest{Flow: Flow{Transport: sip.UDP, Remote: to}}, 2, make([]byte, 70000))
	out.Send(Dest{Flow: Flow{Transport: sip.UDP, Remote: to}}, 3, []byte("three"))
	out.Send(Dest{Flow: Flow{Transport: sip.UDP, Remote: netip.MustParseAddrPort("[::1]:5060")}}, 4, []byte("six"))
	out.Send(Dest{Flow: Flow{Transport: sip.UDP}}, 5, []byte("nowhere"))
	nothing(t, h.failed) // never from Send
	out.Flush()
	got := map[uint64]error{}
	for range 3 {
		f := next(t, h.failed)
		got[f.token] = f.err
	}
	if !errors.Is(got[2], unix.EMSGSIZE) || !errors.Is(got[4], ErrNoSocket) || !errors.Is(got[5], ErrNoSocket) {
		t.Errorf("got %v", got)
	}
	if a, b := datagram(t, c), datagram(t, c); a != "one" || b != "three" {
		t.Errorf("got %q, %q", a, b)
	}
}

func TestUDPPortInUseIsAnError(t *testing.T) {
	h := newRecorder()
	_, addr := udpNet(t, h, "127.0.0.1:0")
	n, err := Open(Config{Listen: []Listen{{sip.UDP, addr}}}, h)
	if !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("got %v, %v", n, err)
	}
}

// Nobody else can bind the port beside us, to get what our next reader is meant to.
func TestUDPPortIsNotShared(t *testing.T) {
	n, _ := udpNet(t, newRecorder(), "127.0.0.1:0")
	l := n.udp[0]
	if fd, err := l.socket(l.addr, true); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("got %v", err)
		_ = unix.Close(fd)
	}
}

// RFC 3581 §4: the answer comes from the address that the request went to.
func TestUDPWildcardAnswersFromTheAddressAsked(t *testing.T) {
	h := newRecorder()
	h.answer = echoAnswer
	n, addr := udpNet(t, h, "0.0.0.0:0")
	if n.Local(0, netip.MustParseAddr("127.0.0.3")) != 1 || n.Local(1, addr.Addr()) != 0 {
		t.Error("the number of an address that nothing has come to yet")
	}
	for _, ip := range []string{"127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.2"} {
		to := netip.AddrPortFrom(netip.MustParseAddr(ip), addr.Port())
		c := dialer(t, "udp", to) // connected: hears only from there
		write(t, c, "hello "+ip)
		if got := datagram(t, c); got != "hello "+ip {
			t.Errorf("got %q", got)
		}
		if p := next(t, h.packets); p.Local != to {
			t.Errorf("local address %v, want %v", p.Local, to)
		} else if p.Flow.Local != n.Local(0, to.Addr()) {
			t.Errorf("%v has number %d, in a flow %d", to, n.Local(0, to.Addr()), p.Flow.Local)
		}
	}
}

func TestUDPPathDoesNotAllocate(t *testing.T) {
	h := &quiet{}
	n, err := Open(Config{Listen: []Listen{loopback(sip.UDP)}}, h)
	check(err)
	defer n.Close()
	r, err := newReader(n.udp[0], n.udp[0].fd, true)
	check(err)
	defer r.in.free()
	c := dialer(t, "udp", n.Listeners()[0].Addr)
	msg, back := []byte(request(1)), make([]byte, 2048)
	got := testing.AllocsPerRun(200, func() {
		for range 4 {
			_, err := c.Write(msg)
			check(err)
		}
		for k := 0; k < 4; {
			n, err := r.in.recv(r.fd, unix.MSG_WAITFORONE)
			check(err)
			r.batch(n, 1)
			k += n
		}
		for range 4 {
			_, err := c.Read(back)
			check(err)
		}
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}

// quiet echoes and notes nothing.
type quiet struct{ refuse bool }

func (q *quiet) Admit(netip.AddrPort, sip.Transport, int, int64) bool { return !q.refuse }
func (q *quiet) Packet(p *Packet, out *Outbox)                        { echoAnswer(p, out) }
func (q *quiet) SendFailed(Flow, uint64, []byte, error)               {}
func (q *quiet) Closed(Flow)                                          {}
