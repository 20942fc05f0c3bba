package wire

import (
	"hash/maphash"
	"net/netip"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sources remembers which address this machine sends from to others, in fixed memory.
type sources struct {
	seed  maphash.Seed
	cells [1024]atomic.Pointer[sourceFor]
}

type sourceFor struct {
	to, from netip.Addr
	until    int64
}

// sourceTime is how long an answer counts: routes change.
const sourceTime = int64(2 * time.Second)

// Source returns the address that this machine sends from to another, as its routes
// say; the zero Addr where none leads there.
func (n *Net) Source(to netip.Addr) netip.Addr {
	cell := &n.sources.cells[maphash.Comparable(n.sources.seed, to)%uint64(len(n.sources.cells))]
	now := n.clock.Now()
	if s := cell.Load(); s != nil && s.to == to && now < s.until {
		return s.from
	}
	s := &sourceFor{to: to, from: askSource(to), until: now + sourceTime}
	cell.Store(s)
	return s.from
}

// askSource has the kernel choose: to connect a UDP socket sends nothing.
func askSource(to netip.Addr) netip.Addr {
	if !to.IsValid() || to.IsUnspecified() {
		return netip.Addr{}
	}
	family := unix.AF_INET6
	if to = to.Unmap(); to.Is4() {
		family = unix.AF_INET
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if err != nil {
		return netip.Addr{}
	}
	defer unix.Close(fd)
	var sa sockaddr
	size := putAddrPort(&sa, netip.AddrPortFrom(to, 5060))
	if _, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&sa)), uintptr(size)); errno != 0 {
		return netip.Addr{}
	}
	from, err := localAddr(fd)
	if err != nil || from.Addr().IsUnspecified() {
		return netip.Addr{}
	}
	return from.Addr()
}
