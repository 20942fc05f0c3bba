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
			l.relieve(l.readers[0])
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
		for i := range 3 {
			fd := l.fd
			if i > 0 {
				fd, err = l.join()
				check(err)
			}
			r, err := newReader(l, fd, i == 0)
			check(err)
			defer r.close()
			readers = append(readers, r)
		}
		var o owners
		for b := range o {
			switch {
			case b >= 180 || b == 7:
				o[b] = 1
			case b >= 100:
				o[b] = 2
			}
		}
		check(steer(l.fd, l.addr.Addr().Is6(), l.seed, &o))
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
					if b := bucket(&r.in.names[j], l.seed); int(o[b]) != i {
						t.Errorf("%s: bucket %d at reader %d", host, b, i)
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

func TestSplitEvensWhatComes(t *testing.T) {
	type counts map[int]uint32
	cases := map[string]struct {
		came   counts
		others []int // buckets that are not the reader's
		has    uint64
		at     int
		ok     bool
	}{
		"nothing":           {nil, nil, 0, 0, false},
		"one flow":          {counts{7: 1000}, nil, 0, 0, false},
		"one flow and dust": {counts{7: 1000, 9: 50}, nil, 0, 0, false},
		"two flows":         {counts{7: 1000, 8: 900}, nil, 0, 8, true},
		"the first two":     {counts{0: 1000, 1: 900}, nil, 0, 1, true},
		"the last two":      {counts{254: 1000, 255: 900}, nil, 0, 255, true},
		"three flows":       {counts{3: 500, 100: 600, 200: 1000}, nil, 0, 200, true},
		"one's buckets":     {counts{3: 500, 100: 600, 200: 1000}, []int{200}, 0, 100, true},
		"to who has some":   {counts{3: 500, 100: 600, 200: 300}, nil, 500, 200, true},
		"to who has enough": {counts{3: 500, 100: 600, 200: 300}, nil, 1200, 0, false},
	}
	for name, k := range cases {
		var f flows
		var o owners
		for b, n := range k.came {
			f[b] = n
		}
		for _, b := range k.others {
			o[b] = 1
		}
		at, ok := f.split(&o, 0, k.has)
		if ok != k.ok || ok && at != k.at {
			t.Errorf("%s: %d, %v", name, at, ok)
		}
	}
}

// Flows that come later than the readers, all to one of them, move to the other,
// which has nothing to do, and keep their order.
func TestIdleReaderTakesFlows(t *testing.T) {
	h := newRecorder()
	var opened atomic.Pointer[Net]
	var relieve atomic.Bool
	h.answer = func(*Packet, *Outbox) { // on the goroutine of the reader that all of it comes to
		if l := opened.Load().udp[0]; relieve.Load() {
			before := l.table()
			l.measure(l.readers[0])
			if l.relieve(l.readers[0]); l.table() != before {
				relieve.Store(false)
			}
		}
	}
	n := start(t, Config{Listen: []Listen{loopback(sip.UDP)}, Coalesce: DefaultCoalesce, Readers: 2}, h)
	opened.Store(n)
	l := n.udp[0]
	dialAt := func(owner uint8) net.Conn {
		for {
			c := dialer(t, "udp", l.addr)
			var sa sockaddr
			putAddrPort(&sa, c.LocalAddr().(*net.UDPAddr).AddrPort())
			if o := l.table(); o[bucket(&sa, l.seed)] == owner {
				return c
			}
		}
	}
	seen := map[netip.AddrPort]int{}
	for phase := range 2 {
		var clients []net.Conn
		for range 8 {
			clients = append(clients, dialAt(0))
		}
		relieve.Store(true)
		for k := range 100 {
			for _, c := range clients {
				write(t, c, fmt.Sprintf("number %d", k))
			}
		}
		for range 100 * len(clients) {
			p := next(t, h.packets)
			if want := fmt.Sprintf("number %d", seen[p.Flow.Remote]); p.text != want {
				t.Fatalf("phase %d, %v: got %q, want %q", phase, p.Flow.Remote, p.text, want)
			}
			seen[p.Flow.Remote]++
		}
		if relieve.Load() || n.Stats().Readers != 2 {
			t.Fatalf("phase %d: no flow was moved; %d readers", phase, n.Stats().Readers)
		}
	}
}

// Where there may be one reader only, there is.
func TestReaderThatMayNotBeRelieved(t *testing.T) {
	h := newRecorder()
	var opened atomic.Pointer[Net]
	h.answer = func(*Packet, *Outbox) {
		l := opened.Load().udp[0]
		l.measure(l.readers[0])
		l.relieve(l.readers[0])
	}
	n := start(t, Config{Listen: []Listen{loopback(sip.UDP)}, Readers: 1}, h)
	opened.Store(n)
	for range 40 {
		write(t, dialer(t, "udp", n.udp[0].addr), "hello")
		next(t, h.packets)
	}
	if got := n.Stats().Readers; got != 1 {
		t.Errorf("%d readers", got)
	}
}

func (l *udpListener) table() owners {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.owners
}
