package wire

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

const socketBuffer = 16 << 20

// udpListener is one UDP address of Config.Listen: one socket for sending and
// for the first reader, and a socket more for each reader that load adds.
type udpListener struct {
	net    *Net
	index  uint8
	addr   netip.AddrPort
	wild   bool // bound to the unspecified address: datagrams bring their local address
	locals localTable

	// sending keeps the first socket open while others send on it.
	sending sync.RWMutex
	fd      int
	closed  bool

	mu      sync.Mutex
	readers []*reader   // in the order of their sockets in the SO_REUSEPORT group
	steered bool        // the group does as steer says: readers can be added
	owners  owners      // by bucket, the index of a reader
	seed    uint32      // of bucket
	icmp    atomic.Bool // a sender met an error that readErrors is to read
}

// openUDP binds addr. The first socket is bound without SO_REUSEPORT, so that a
// port that another process has is an error even if that process shares it.
func (n *Net) openUDP(index int, addr netip.AddrPort) (*udpListener, error) {
	l := &udpListener{net: n, index: uint8(index), wild: addr.Addr().IsUnspecified()}
	fd, err := l.socket(addr, false)
	if err != nil {
		return nil, err
	}
	l.fd = fd
	l.addr, err = localAddr(fd)
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	l.seed = rand.Uint32() | 1
	l.steered = l.group() == nil
	return l, nil
}

// group makes the listener's socket a SO_REUSEPORT group of its own in which
// everything goes to this one, so that a socket that joins gets nothing by
// accident. The kernel forms a group when a second socket is bound.
func (l *udpListener) group() error {
	second, err := l.join()
	if err != nil {
		l.share(false)
		return err
	}
	err = steer(l.fd, l.addr.Addr().Is6(), l.seed, &l.owners)
	_ = unix.Close(second)
	l.share(false)
	return err
}

// join binds another socket to the listener's address.
func (l *udpListener) join() (int, error) {
	l.share(true)
	return l.socket(l.addr, true)
}

// share lets other sockets join the group, or not. Anybody's could, of the same
// user, and would have the number in the group that our next reader expects.
func (l *udpListener) share(on bool) {
	v := 0
	if on {
		v = 1
	}
	_ = unix.SetsockoptInt(l.fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, v) // where it fails, so does join
}

func (l *udpListener) socket(addr netip.AddrPort, shared bool) (int, error) {
	family := unix.AF_INET
	if addr.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if err != nil {
		return -1, fmt.Errorf("wire: socket: %w", err)
	}
	if err := l.prepare(fd, family, addr, shared); err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("wire: listen on udp %v: %w", addr, err)
	}
	return fd, nil
}

func (l *udpListener) prepare(fd, family int, addr netip.AddrPort, shared bool) error {
	level, recvErr, pktInfo := unix.IPPROTO_IP, unix.IP_RECVERR, unix.IP_PKTINFO
	if family == unix.AF_INET6 {
		level, recvErr, pktInfo = unix.IPPROTO_IPV6, unix.IPV6_RECVERR, unix.IPV6_RECVPKTINFO
		if err := unix.SetsockoptInt(fd, level, unix.IPV6_V6ONLY, 1); err != nil {
			return err
		}
	}
	if err := unix.SetsockoptInt(fd, level, recvErr, 1); err != nil {
		return err
	}
	// Datagrams that are too long for a network on the way are cut up there (RFC 791 §2.3): where its routers tell nobody, what
	// forbids that, as the kernel does by default, is lost each time that it is sent again. IPv6 routers do not cut.
	if family == unix.AF_INET {
		if err := unix.SetsockoptInt(fd, level, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT); err != nil {
			return err
		}
	}
	if l.wild {
		if err := unix.SetsockoptInt(fd, level, pktInfo, 1); err != nil {
			return err
		}
	}
	// Best effort: without CAP_NET_ADMIN the kernel's maximum is what we get.
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, socketBuffer) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, socketBuffer)
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, socketBuffer) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, socketBuffer)
	}
	// A reader that nothing wakes looks around once a second.
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1}); err != nil {
		return err
	}
	if shared {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
			return err
		}
	}
	return bind(fd, addr)
}

func bind(fd int, addr netip.AddrPort) error {
	var sa sockaddr
	size := putAddrPort(&sa, addr)
	_, _, errno := unix.Syscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(&sa)), uintptr(size))
	if errno != 0 {
		return errno
	}
	return nil
}

func localAddr(fd int) (netip.AddrPort, error) {
	var sa sockaddr
	size := uint32(sizeInet6)
	_, _, errno := unix.Syscall(unix.SYS_GETSOCKNAME, uintptr(fd), uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size)))
	if errno != 0 {
		return netip.AddrPort{}, fmt.Errorf("wire: getsockname: %w", errno)
	}
	return addrPort(&sa), nil
}

// memInfo is what SO_MEMINFO tells about a socket (linux/sock_diag.h).
type memInfo [16]uint32

const (
	memReceived = 0 // octets of datagrams that wait, with the kernel's overhead
	memLimit    = 1 // how many may
	memDrops    = 8 // datagrams that found no room
)

func memInfoOf(fd int) (info memInfo) {
	size := uint32(unsafe.Sizeof(info))
	_, _, _ = unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0) // an older kernel leaves zeros
	return info
}

// kernelDrops asks the kernel how many datagrams found the receive buffer full.
func kernelDrops(fd int) uint64 { return uint64(memInfoOf(fd)[memDrops]) }

// transmit sends what o holds in o.batch, in order. It returns when each message
// was sent or has failed; a send buffer that stays full fails them.
func (l *udpListener) transmit(o *Outbox) {
	l.sending.RLock()
	defer l.sending.RUnlock()
	b := o.batch
	sent, octets, waits, tries := 0, 0, 0, 0
	for i := 0; i < b.n; {
		if l.closed {
			o.failed(i, ErrClosed)
			i++
			continue
		}
		k, err := b.send(l.fd, i)
		switch {
		case err == nil:
			for j := i; j < i+k; j++ {
				octets += int(b.hdrs[j].Len)
			}
			sent, i, tries = sent+k, i+k, 0
			if i < b.n {
				// The kernel stopped for an error that it does not tell and
				// that nobody else will hear of either.
				l.icmp.Store(true)
			}
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOBUFS):
			// A full send buffer empties in microseconds or not soon at all;
			// the reader cannot wait for the latter.
			if waits++; waits <= 2 {
				_, _ = unix.Poll([]unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLOUT}}, 2)
				continue
			}
			l.net.count.sendBlocked.Add(1)
			o.failed(i, ErrQueueFull)
			i++
		case tries < 3 && isICMP(err):
			// This may be the error of an earlier datagram to someone else:
			// with IP_RECVERR it meets the next call, whoever that is for.
			tries++
			l.icmp.Store(true)
		default:
			l.net.count.sendErrors.Add(1)
			o.failed(i, err)
			i, tries = i+1, 0
		}
	}
	l.net.count.sent.Add(uint64(sent))
	l.net.count.sentBytes.Add(uint64(octets))
}

func (l *udpListener) close() {
	l.sending.Lock()
	defer l.sending.Unlock()
	if !l.closed {
		l.closed = true
		_ = unix.Close(l.fd)
	}
}
