package siptest

import (
	"fmt"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// batch is how many datagrams one system call moves at most.
	batch = 64
	// maxDatagram is enough for what a call carries plus what proxies add.
	maxDatagram = 4096
)

// mmsghdr is struct mmsghdr of recvmmsg(2) on 64-bit Linux.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
	_   [4]byte
}

// lane is one direction of a socket: message headers and the memory they point
// to, set up once.
type lane struct {
	msgs    [batch]mmsghdr
	iovs    [batch]unix.Iovec
	names   [batch]unix.RawSockaddrInet4
	control [batch][64]byte
	bufs    [batch][maxDatagram]byte
}

// Socket is a UDP socket that moves datagrams in batches.
type Socket struct {
	fd     int
	local  netip.AddrPort
	rx, tx *lane
	queued int

	// Sent and Refused count datagrams; a refused one was not taken by the kernel.
	Sent, Refused uint64
}

// Listen opens a socket on an IPv4 address; port 0 picks a free one.
func Listen(addr netip.AddrPort) (*Socket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("siptest: socket: %w", err)
	}
	s := &Socket{fd: fd, rx: new(lane), tx: new(lane)}
	if err := s.bind(addr); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("siptest: %s: %w", addr, err)
	}
	for i := range batch {
		s.rx.attach(i, maxDatagram)
		s.rx.msgs[i].hdr.Control = &s.rx.control[i][0]
		s.tx.attach(i, 0)
	}
	return s, nil
}

func (s *Socket) bind(addr netip.AddrPort) error {
	const memory = 8 << 20
	for _, opt := range [][2]int{{unix.SO_RCVBUFFORCE, unix.SO_RCVBUF}, {unix.SO_SNDBUFFORCE, unix.SO_SNDBUF}} {
		// Only root may pass the system's limit.
		if unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, opt[0], memory) != nil {
			unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, opt[1], memory)
		}
	}
	if err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return err
	}
	if err := unix.Bind(s.fd, &unix.SockaddrInet4{Addr: addr.Addr().As4(), Port: int(addr.Port())}); err != nil {
		return err
	}
	name, err := unix.Getsockname(s.fd)
	if err != nil {
		return err
	}
	in := name.(*unix.SockaddrInet4)
	s.local = netip.AddrPortFrom(netip.AddrFrom4(in.Addr), uint16(in.Port))
	return nil
}

// attach points message i of the lane at its buffers.
func (l *lane) attach(i, size int) {
	l.iovs[i].Base = &l.bufs[i][0]
	l.iovs[i].SetLen(size)
	l.msgs[i].hdr.Iov = &l.iovs[i]
	l.msgs[i].hdr.SetIovlen(1)
	l.msgs[i].hdr.Name = (*byte)(unsafe.Pointer(&l.names[i]))
	l.msgs[i].hdr.Namelen = unix.SizeofSockaddrInet4
}

// Local is the address that the socket is bound to.
func (s *Socket) Local() netip.AddrPort { return s.local }

// Close closes the socket.
func (s *Socket) Close() error { return unix.Close(s.fd) }

// receive takes what has arrived, without waiting. The datagrams are valid
// until the next receive.
func (s *Socket) receive() int {
	for i := range batch {
		s.rx.msgs[i].hdr.Namelen = unix.SizeofSockaddrInet4
		s.rx.msgs[i].hdr.SetControllen(len(s.rx.control[i]))
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&s.rx.msgs)), batch, unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// datagram returns the bytes of received message i.
func (s *Socket) datagram(i int) []byte { return s.rx.bufs[i][:s.rx.msgs[i].n] }

// source returns where received message i came from.
func (s *Socket) source(i int) netip.AddrPort {
	n := &s.rx.names[i]
	p := (*[2]byte)(unsafe.Pointer(&n.Port))
	return netip.AddrPortFrom(netip.AddrFrom4(n.Addr), uint16(p[0])<<8|uint16(p[1]))
}

// arrival is the kernel's receive stamp of message i, in ns of the real-time
// clock; 0 when there is none.
func (s *Socket) arrival(i int) int64 {
	c := &s.rx.control[i]
	h := (*unix.Cmsghdr)(unsafe.Pointer(c))
	if s.rx.msgs[i].hdr.Controllen < unix.SizeofCmsghdr || h.Type != unix.SCM_TIMESTAMPNS {
		return 0
	}
	ts := (*unix.Timespec)(unsafe.Pointer(&c[unix.SizeofCmsghdr]))
	return ts.Nano()
}

// buffer returns an empty buffer for the next datagram; queue sends it.
func (s *Socket) buffer() []byte {
	if s.queued == batch {
		s.flush()
	}
	return s.tx.bufs[s.queued][:0]
}

// queue adds a datagram to the batch. b is what buffer returned, grown in
// place, or any other memory, which is copied.
func (s *Socket) queue(b []byte, to netip.AddrPort) {
	if s.queued == batch {
		s.flush()
	}
	i := s.queued
	if len(b) > maxDatagram {
		s.Refused++
		return
	}
	if len(b) > 0 && &b[0] != &s.tx.bufs[i][0] {
		copy(s.tx.bufs[i][:], b)
	}
	s.tx.iovs[i].SetLen(len(b))
	n := &s.tx.names[i]
	n.Family = unix.AF_INET
	n.Addr = to.Addr().As4()
	p := (*[2]byte)(unsafe.Pointer(&n.Port))
	p[0], p[1] = byte(to.Port()>>8), byte(to.Port())
	s.queued++
}

// flush sends the batch.
func (s *Socket) flush() {
	for from := 0; from < s.queued; {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&s.tx.msgs[from])), uintptr(s.queued-from), 0, 0, 0)
		switch errno {
		case 0:
			s.Sent += uint64(n)
			from += int(n)
		case unix.EINTR:
		case unix.EAGAIN:
			poll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLOUT}}, time.Millisecond)
		default:
			s.Refused++
			from++
		}
	}
	s.queued = 0
}

// poll waits until one of the descriptors is ready or d has passed, but not long.
// The raw call keeps the scheduler out of it: handing the processor over and
// taking it back costs more than the rest of the loop. The price is that a
// garbage collection would have to wait, which is why the wait is short.
func poll(fds []unix.PollFd, d time.Duration) {
	const longest = 10 * time.Millisecond
	ts := unix.NsecToTimespec(int64(min(max(d, 0), longest)))
	var p unsafe.Pointer
	if len(fds) > 0 {
		p = unsafe.Pointer(&fds[0])
	}
	unix.RawSyscall6(unix.SYS_PPOLL, uintptr(p), uintptr(len(fds)), uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
}

func sleep(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0)
}
