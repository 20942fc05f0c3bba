package wire

import (
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"

	"gatehouse.example/sip"
	"golang.org/x/sys/unix"
)

// A second reader joins while flows are busy; none of them is reordered.
func TestUDPOrderHoldsWhenAReaderIsAdded(t *testing.T) {
	const flows, before, after = 16, 40, 40
	h := newRecorder()
	var opened atomic.Pointer[Net]
	var count atomic.Int64
	h.answer = func(*Packet, *Outbox) {
		if count.Add(1) == flows*before { // on the goroutine of the only reader
			l := opened.Load().udp[0]
			l.grow(l.readers[0])
		}
	}
	n := start(t, Config{Listen: []Listen{loopback(sip.UDP)}, Coalesce: DefaultCoalesce, Readers: 2}, h)
	opened.Store(n)
	addr := n.Listeners()[0].Addr
	clients := make([]net.Conn, flows)
	for i := range clients {
		clients[i] = dialer(t, "udp", addr)
	}
	for k := range before + after {
		for _, c := range clients {
			write(t, c, fmt.Sprintf("number %d", k))
		}
	}
	seen := map[netip.AddrPort]int{}
	for range flows * (before + after) {
		p := next(t, h.packets)
		if want := fmt.Sprintf("number %d", seen[p.Flow.Remote]); p.text != want {
			t.Fatalf("%v: got %q, want %q", p.Flow.Remote, p.text, want)
		}
		seen[p.Flow.Remote]++
	}
	if got := n.Stats().Readers; got != 2 {
		t.Errorf("%d readers", got)
	}
}

// The kernel sends each flow to the reader that bucket says.
func TestKernelSteersAsBucketSays(t *testing.T) {
	for _, host := range []string{"127.0.0.1:0", "[::1]:0"} {
		n, err := Open(Config{Listen: []Listen{{sip.UDP, netip.MustParseAddrPort(host)}}}, newRecorder())
		check(err)
		defer n.Close()
		l := n.udp[0]
		if !l.steered {
			t.Fatal("the kernel does not take the program")
		}
		var readers []*reader
		for i, s := range []share{{0, 100}, {180, 256}, {100, 180}} {
			fd := l.fd
			if i > 0 {
				fd, err = l.join()
				check(err)
			}
			r, err := newReader(l, fd, i == 0)
			check(err)
			defer r.close()
			r.share = s
			readers = append(readers, r)
		}
		check(steer(l.fd, l.addr.Addr().Is6(), l.seed, readers))
		const sources = 90
		for range sources {
			write(t, dialer(t, "udp", l.addr), "hello")
		}
		got := 0
		for i, r := range readers {
			k := 0
			for {
				m, err := r.in.recv(r.fd, unix.MSG_DONTWAIT)
				if err != nil {
					break
				}
				for j := range m {
					if b := int(bucket(&r.in.names[j], l.seed)); b < r.share.from || b >= r.share.to {
						t.Errorf("%s: bucket %d at reader %d, %v", host, b, i, r.share)
					}
				}
				k += m
			}
			if k < sources/10 {
				t.Errorf("%s: reader %d got %d of %d", host, i, k, sources)
			}
			got += k
		}
		if got != sources {
			t.Errorf("%s: %d of %d arrived", host, got, sources)
		}
	}
}

func TestSplitHalvesWhatCame(t *testing.T) {
	cases := map[string]struct {
		came  map[int]uint32
		share share
		at    int
		ok    bool
	}{
		"nothing":           {nil, share{0, 256}, 0, false},
		"one flow":          {map[int]uint32{7: 1000}, share{0, 256}, 0, false},
		"one flow and dust": {map[int]uint32{7: 1000, 9: 50}, share{0, 256}, 0, false},
		"two flows":         {map[int]uint32{7: 1000, 8: 900}, share{0, 256}, 8, true},
		"the last two":      {map[int]uint32{254: 1000, 255: 900}, share{0, 256}, 255, true},
		"three flows":       {map[int]uint32{3: 500, 100: 600, 200: 1000}, share{0, 256}, 101, true},
		"others' flows":     {map[int]uint32{3: 500, 100: 600, 200: 1000}, share{0, 150}, 4, true},
		"one bucket":        {map[int]uint32{3: 500}, share{3, 4}, 0, false},
	}
	for name, k := range cases {
		var f flows
		for i, n := range k.came {
			f[i] = n
		}
		at, ok := f.split(k.share)
		if ok != k.ok || ok && at != k.at {
			t.Errorf("%s: %d, %v", name, at, ok)
		}
	}
}
