package wire

import (
	"crypto/tls"
	"net"
	"net/netip"
	"runtime"
	"testing"

	"gatehouse.example/sip"
)

// Connections that say nothing cost some KiB each, so that Limits.Connections
// bounds the memory: the default number of them stays near 100 MB, with TLS, and half of that without.
func TestIdleConnectionsAreSmall(t *testing.T) {
	ca := newAuthority()
	cfg := ca.config(ca.leaf("example.test"))
	for tr, most := range map[sip.Transport]uint64{sip.TCP: 16 << 10, sip.TLS: 32 << 10} {
		n := start(t, Config{Listen: []Listen{loopback(tr)}, TLS: cfg, Limits: Limits{PerSource: 300}}, newRecorder())
		each := idleCost(t, n, 300, func(addr netip.AddrPort) net.Conn {
			c := dialer(t, "tcp", addr)
			if tr == sip.TCP {
				return c
			}
			tc := tls.Client(c, &tls.Config{RootCAs: ca.pool, ServerName: "example.test"})
			check(tc.Handshake())
			return handle{c, tc}
		})
		t.Logf("%v: %d octets a connection", tr, each)
		if each > most && !raceEnabled {
			t.Errorf("%v: %d octets a connection", tr, each)
		}
	}
}

// handle is the raw connection; the TLS client above it is garbage once it has written.
type handle struct {
	net.Conn
	tls *tls.Conn
}

func (h handle) Write(b []byte) (int, error) { return h.tls.Write(b) }

func idleCost(t *testing.T, n *Net, count int, dial func(netip.AddrPort) net.Conn) uint64 {
	before := inUse()
	for i := range count {
		write(t, dial(n.Listeners()[0].Addr), "OPTIONS")
		until(t, "accepted", func() bool { return n.Stats().Accepted == uint64(i+1) })
	}
	inUse() // shrinks stacks
	return (inUse() - before) / uint64(count)
}

func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
