package wire

import (
	"net"
	"net/netip"
	"testing"

	"gatehouse.example/sip"
)

// What answers a request at once, on another listener, does not get past the response that was queued before it.
func TestAnswerDoesNotGetPastThe100(t *testing.T) {
	pbx, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	check(err)
	t.Cleanup(func() { _ = pbx.Close() })
	go func() { // rings as soon as it is called
		b := make([]byte, 64)
		for {
			n, from, err := pbx.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			if string(b[:n]) == "BYE" {
				continue
			}
			_, _ = pbx.WriteToUDPAddrPort([]byte("SIP/2.0 180 Ringing\r\n\r\n"), from)
		}
	}()
	h := newRecorder()
	caller := make(chan Flow, 1)
	h.answer = func(p *Packet, out *Outbox) {
		if p.Flow.Transport == sip.TCP {
			caller <- p.Flow
			return
		}
		f := <-caller
		out.Send(Dest{Flow: f}, 0, []byte("180 "))
		caller <- f
	}
	n := start(t, Config{Listen: []Listen{loopback(sip.UDP), loopback(sip.TCP)}}, h)
	c := dialer(t, "tcp", n.Listeners()[1].Addr)
	write(t, c, request(1))
	next(t, h.packets)
	flow := <-caller
	caller <- flow
	out := n.Outbox()
	toPBX := Dest{Flow: Flow{Transport: sip.UDP, Remote: pbx.LocalAddr().(*net.UDPAddr).AddrPort()}}
	for i := range 1000 {
		if i%2 == 0 {
			out.Send(toPBX, 0, []byte("BYE")) // of another call
		}
		out.Send(Dest{Flow: flow}, 0, []byte("SIP/2.0 100 "))
		out.Send(toPBX, 1, []byte("INVITE"))
		out.Flush()
		next(t, h.packets)
		expect(t, c, "SIP/2.0 100 180 ")
	}
}
