package wire

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatehouse.example/sip"
	"golang.org/x/sys/unix"
)

// echoMain is the measured process: it echoes datagrams in one of several ways
// until its standard input ends, then prints its CPU time.
func echoMain(mode string) {
	var e echoer = &echo{}
	if strings.HasPrefix(mode, "wire") {
		e = &wired{}
	}
	port := e.start(mode)
	var ru0, ru1 unix.Rusage
	check(unix.Getrusage(unix.RUSAGE_SELF, &ru0))
	fmt.Println(port)
	_, _ = io.Copy(io.Discard, os.Stdin)
	check(unix.Getrusage(unix.RUSAGE_SELF, &ru1))
	cpu := ru1.Utime.Nano() + ru1.Stime.Nano() - ru0.Utime.Nano() - ru0.Stime.Nano()
	packets, wakes := e.counts()
	fmt.Println(cpu, packets, wakes, ru1.Maxrss)
}

type echoer interface {
	start(mode string) (port uint16)
	counts() (packets, wakes int)
}

// wired echoes through the real thing.
type wired struct{ net *Net }

func (w *wired) start(mode string) uint16 {
	nap, err := time.ParseDuration(mode[4:])
	check(err)
	w.net, err = Open(Config{Listen: []Listen{loopback(sip.UDP)}, Coalesce: nap}, &quiet{})
	check(err)
	go func() { check(w.net.Run(context.Background())) }()
	return w.net.Listeners()[0].Addr.Port()
}

func (w *wired) counts() (packets, wakes int) {
	s := w.net.Stats()
	return int(s.Received), int(s.Batches)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

type echo struct {
	fd             int
	in             *recvBatch
	out            *sendBatch
	packets, wakes int
}

func (e *echo) start(mode string) uint16 {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	check(err)
	check(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<20)
	sa, err := unix.Getsockname(fd)
	check(err)
	e.fd, e.out = fd, newSendBatch()
	e.in, err = newRecvBatch(false)
	check(err)
	go e.run(mode)
	return uint16(sa.(*unix.SockaddrInet4).Port)
}

func (e *echo) counts() (packets, wakes int) { return e.packets, e.wakes }

func (e *echo) run(mode string) {
	switch {
	case mode == "netpoll":
		e.netpoll()
	case mode == "block":
		e.block(0)
	case mode == "locked":
		runtime.LockOSThread()
		e.block(0)
	case strings.HasPrefix(mode, "sleep"):
		d, err := time.ParseDuration(mode[5:])
		check(err)
		e.block(d)
	}
}

func (e *echo) reply(n int) {
	e.packets += n
	e.wakes++
	for i := range n {
		e.out.iovs[i].Base = &e.in.data(i)[0]
		e.out.iovs[i].SetLen(len(e.in.data(i)))
		e.out.names[i] = e.in.names[i]
		e.out.hdrs[i].Hdr.Namelen = sizeInet4
	}
	e.out.n = n
	_, err := e.out.send(e.fd, 0)
	check(err)
}

func (e *echo) netpoll() {
	check(unix.SetNonblock(e.fd, true))
	f := os.NewFile(uintptr(e.fd), "udp")
	raw, err := f.SyscallConn()
	check(err)
	n := 0
	read := func(fd uintptr) bool {
		n, err = e.in.recv(int(fd), unix.MSG_DONTWAIT)
		return err != unix.EAGAIN
	}
	for {
		check(raw.Read(read))
		check(err)
		e.reply(n)
	}
}

func (e *echo) block(nap time.Duration) {
	flags, last := unix.MSG_WAITFORONE, time.Now()
	var gap float64
	ts := unix.NsecToTimespec(nap.Nanoseconds())
	for {
		n, err := e.in.recv(e.fd, flags)
		if err == unix.EAGAIN {
			flags = unix.MSG_WAITFORONE
			continue
		}
		check(err)
		now := time.Now()
		e.reply(n)
		gap += (float64(now.Sub(last))/float64(n) - gap) * 0.1
		last = now
		flags = unix.MSG_WAITFORONE
		if nap > 0 && n < batchSize && gap < float64(nap) {
			_ = unix.Nanosleep(&ts, nil)
			flags = unix.MSG_DONTWAIT
		}
	}
}

// BenchmarkEcho measures the CPU time (user and system, the process's own) of
// the ways to wait for datagrams, at even rates on loopback:
//
//	go test -run=^$ -bench=Echo -benchtime=1x ./internal/wire
func BenchmarkEcho(b *testing.B) {
	for _, mode := range []string{"netpoll", "locked", "sleep500us", "sleep1ms", "sleep2ms", "wire0s", "wire1ms", "wire2ms"} {
		for _, rate := range []int{500, 2000, 7000, 28000} {
			b.Run(fmt.Sprintf("%s/%d", mode, rate), func(b *testing.B) { benchEcho(b, mode, rate) })
		}
	}
}

func benchEcho(b *testing.B, mode string, rate int) {
	const length = 3 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "WIRE_ECHO="+mode)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	check(err)
	stdout, err := cmd.StdoutPipe()
	check(err)
	check(cmd.Start())
	lines := bufio.NewReader(stdout)
	var port uint16
	_, err = fmt.Fscanln(lines, &port)
	check(err)
	rtt := drive(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port), rate, length)
	check(stdin.Close())
	var cpu, packets, wakes, rss int64
	_, err = fmt.Fscanln(lines, &cpu, &packets, &wakes, &rss)
	check(err)
	check(cmd.Wait())
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(cpu)/float64(packets)/1000, "cpu-us/packet")
	b.ReportMetric(float64(packets)/float64(wakes), "packets/wake")
	b.ReportMetric(100*float64(len(rtt))/float64(rate*int(length/time.Second)), "%answered")
	b.ReportMetric(float64(rtt[len(rtt)*99/100])/1e3, "p99-us")
	b.ReportMetric(float64(rss)/1024, "rss-MB")
}

// drive sends at an even rate and returns the sorted round-trip times.
func drive(to netip.AddrPort, rate int, length time.Duration) []time.Duration {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	check(err)
	defer c.Close()
	_ = c.SetReadBuffer(4 << 20)
	start := time.Now()
	done := make(chan []time.Duration)
	total := rate * int(length/time.Second)
	go func() {
		var rtt []time.Duration
		buf := make([]byte, 2048)
		check(c.SetReadDeadline(start.Add(length + 500*time.Millisecond)))
		for len(rtt) < total {
			if _, err := c.Read(buf); err != nil {
				break
			}
			rtt = append(rtt, time.Since(start)-time.Duration(binary.BigEndian.Uint64(buf)))
		}
		slices.Sort(rtt)
		done <- rtt
	}()
	msg := make([]byte, 600)
	for i := range total {
		at := time.Duration(i) * time.Second / time.Duration(rate)
		for d := at - time.Since(start); d > 0; d = at - time.Since(start) {
			if d > 100*time.Microsecond {
				ts := unix.NsecToTimespec(int64(d - 60*time.Microsecond))
				_ = unix.Nanosleep(&ts, nil)
			}
		}
		binary.BigEndian.PutUint64(msg, uint64(time.Since(start)))
		if _, err := c.Write(msg); err != nil && err != syscall.ECONNREFUSED {
			check(err)
		}
	}
	return <-done
}
