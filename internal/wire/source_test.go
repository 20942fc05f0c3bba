package wire

import (
	"net/netip"
	"testing"

	"gatehouse.example/sip"
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
