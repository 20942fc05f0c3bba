package wire

import (
	"math"
	"net"
	"runtime"
	"testing"

	"gatehouse.example/sip"
	"golang.org/x/sys/unix"
)

// threadCPU is the CPU time of the calling thread in nanoseconds.
func threadCPU() int64 {
	var ts unix.Timespec
	check(unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts))
	return ts.Nano()
}

// discarding compares, on one socket and in turns, the CPU time per datagram of
// a bare recvmmsg loop with that of the whole path when Admit refuses.
type discarding struct {
	r *reader
	c net.Conn
}

func newDiscarding(t testing.TB) *discarding {
	t.Helper()
	n, err := Open(Config{Listen: []Listen{loopback(sip.UDP)}}, &quiet{refuse: true})
	check(err)
	r, err := newReader(n.udp[0], n.udp[0].fd, true)
	check(err)
	t.Cleanup(func() {
		r.in.free()
		_ = n.Close()
	})
	return &discarding{r, dialer(t, "udp", n.Listeners()[0].Addr)}
}

// round returns the CPU nanoseconds that taking count waiting datagrams costs.
func (d *discarding) round(count int, each func(n int)) float64 {
	msg := []byte(request(1))
	for range count {
		_, err := d.c.Write(msg)
		check(err)
	}
	from := threadCPU()
	got := 0
	for got < count {
		n, err := d.r.in.recv(d.r.fd, unix.MSG_DONTWAIT)
		check(err)
		each(n)
		got += n
	}
	return float64(threadCPU()-from) / float64(count)
}

// compare returns the best of many short rounds, which other load on the
// machine disturbs least.
func (d *discarding) compare(rounds int) (bare, refused float64) {
	const count = 256
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	bare, refused = math.Inf(1), math.Inf(1)
	for range rounds {
		bare = min(bare, d.round(count, func(int) {}))
		refused = min(refused, d.round(count, func(n int) { d.r.batch(n, 1) }))
	}
	return bare, refused
}

// A banned source costs hardly more than the system call that takes its datagram.
func TestRefusingCostsLittleMoreThanDiscarding(t *testing.T) {
	most := 1.2
	if raceEnabled {
		most = 2
	}
	d := newDiscarding(t)
	var bare, refused float64
	for range 5 {
		bare, refused = d.compare(200)
		t.Logf("bare %.0f ns, refused %.0f ns, ratio %.3f", bare, refused, refused/bare)
		if refused <= most*bare {
			return
		}
	}
	t.Errorf("refused %.0f ns a datagram, a bare loop %.0f ns", refused, bare)
}

func BenchmarkDiscardAndRefuse(b *testing.B) {
	bare, refused := newDiscarding(b).compare(max(b.N, 300))
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(bare, "bare-ns/packet")
	b.ReportMetric(refused, "refused-ns/packet")
	b.ReportMetric(refused/bare, "ratio")
}
