package wire

import (
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"gatehouse.example/sip"
)

// Strangers begin messages and do not finish them until there is no room for more; what the PBX sends has room all the same, and
// so has what is written to it and to a telephone.
func TestStrangersLeaveBuffersToThePBX(t *testing.T) {
	h := newRecorder()
	n := start(t, Config{Listen: []Listen{loopback(sip.TCP)}, Known: isPBX, Limits: Limits{Buffers: 128 << 10}}, h)
	addr := n.Listeners()[0].Addr
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.MustParseAddrPort(pbx + ":0"))}
	c, err := d.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	write(t, c, request(1))
	p := next(t, h.packets)
	phone := dialer(t, "tcp", addr)
	write(t, phone, request(1))
	q := next(t, h.packets)
	begun := strings.Replace(request(2), "Content-Length: 6", "Content-Length: 50000", 1) + strings.Repeat("x", 3000)
	for n.Stats().OverLimit == 0 {
		_, _ = io.WriteString(dialer(t, "tcp", addr), begun)
	}
	long := strings.Replace(request(3), "Content-Length: 6", "Content-Length: 5006", 1) + strings.Repeat("x", 5000)
	write(t, c, long)
	if got := next(t, h.packets); got.Flow != p.Flow || len(got.Data) != len(long) {
		t.Errorf("%d octets from %v", len(got.Data), got.Flow)
	}
	out := n.Outbox()
	out.Send(Dest{Flow: p.Flow}, 0, []byte(long))
	out.Send(Dest{Flow: q.Flow}, 0, []byte(long))
	out.Flush()
	expect(t, c, long)
	expect(t, phone, long)
}
