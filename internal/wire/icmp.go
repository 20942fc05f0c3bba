package wire

import (
	"errors"
	"unsafe"

	"gatehouse.example/sip"
	"golang.org/x/sys/unix"
)

// errorQueue is room to read one ICMP error that the kernel keeps for a socket
// with IP_RECVERR. Whoever meets a socket error, reader or sender, reads them.
type errorQueue struct {
	hdr     unix.Msghdr
	name    sockaddr
	iov     unix.Iovec
	control [256]byte
	data    [1024]byte
}

// icmpFailure is an ICMP error as SendFailed gets it.
type icmpFailure unix.Errno

func (e icmpFailure) Error() string        { return ErrICMP.Error() + ": " + unix.Errno(e).Error() }
func (e icmpFailure) Is(target error) bool { return target == ErrICMP }
func (e icmpFailure) Unwrap() error        { return unix.Errno(e) }

func isICMP(err error) bool {
	var errno unix.Errno
	if !errors.As(err, &errno) {
		return false
	}
	switch errno {
	case unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.EHOSTDOWN, unix.ENOPROTOOPT,
		unix.EPROTO, unix.EMSGSIZE, unix.EACCES, unix.ENONET, unix.EOPNOTSUPP:
		return true
	}
	return false
}

// readErrors empties fd's error queue into o's failures. An error tells of a datagram that we
// sent, which the ICMP message quotes. An attacker can forge one, but not the
// branch in what it quotes: whoever acts on it looks that up first.
func (l *udpListener) readErrors(fd int, o *Outbox) {
	q := l.net.errorQueues.Get().(*errorQueue)
	defer l.net.errorQueues.Put(q)
	l.icmp.Store(false)
	for range 1024 {
		n, ok := q.read(fd)
		if !ok {
			return
		}
		l.net.count.icmpErrors.Add(1)
		if err := icmpError(q.control[:q.hdr.Controllen]); err != nil {
			flow := Flow{Transport: sip.UDP, Socket: l.index, Remote: addrPort(&q.name)}
			o.fail(flow, 0, q.data[:n], err)
		}
	}
}

func (q *errorQueue) read(fd int) (int, bool) {
	q.hdr.Name = (*byte)(unsafe.Pointer(&q.name))
	q.hdr.Namelen = sizeInet6
	q.iov.Base = &q.data[0]
	q.iov.SetLen(len(q.data))
	q.hdr.Iov = &q.iov
	q.hdr.SetIovlen(1)
	q.hdr.Control = &q.control[0]
	q.hdr.SetControllen(len(q.control))
	n, _, errno := unix.Syscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&q.hdr)),
		unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
	return int(n), errno == 0
}

// icmpError turns a control message of the error queue into an error, nil when
// it is to be ignored. RFC 3261 §18.4: host, network, port or protocol
// unreachable and parameter problem are failures; source quench and TTL exceeded
// are not. "Fragmentation needed" is not either: the kernel has learnt the path
// MTU from it, and the retransmission arrives.
func icmpError(control []byte) error {
	for len(control) >= unix.CmsgLen(int(unsafe.Sizeof(unix.SockExtendedErr{}))) {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
		v4 := h.Level == unix.IPPROTO_IP && h.Type == unix.IP_RECVERR
		v6 := h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_RECVERR
		if !v4 && !v6 {
			step := (int(h.Len) + 7) &^ 7
			if step < unix.SizeofCmsghdr || step > len(control) {
				return nil
			}
			control = control[step:]
			continue
		}
		e := (*unix.SockExtendedErr)(unsafe.Pointer(&control[unix.CmsgLen(0)]))
		const (
			unreachable4, fragmentation4, parameter4 = 3, 4, 12
			unreachable6, parameter6                 = 1, 4
		)
		fails := e.Origin == unix.SO_EE_ORIGIN_LOCAL && unix.Errno(e.Errno) != unix.EMSGSIZE ||
			e.Origin == unix.SO_EE_ORIGIN_ICMP && (e.Type == unreachable4 && e.Code != fragmentation4 || e.Type == parameter4) ||
			e.Origin == unix.SO_EE_ORIGIN_ICMP6 && (e.Type == unreachable6 || e.Type == parameter6)
		if !fails {
			return nil
		}
		return icmpFailure(e.Errno)
	}
	return nil
}
