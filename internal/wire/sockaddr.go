package wire

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sockaddr is room for an IPv4 or IPv6 socket address. The two layouts share
// family and port; an IPv4 address stands where IPv6 keeps its flow label.
type sockaddr = unix.RawSockaddrInet6

const (
	sizeInet4 = unix.SizeofSockaddrInet4
	sizeInet6 = unix.SizeofSockaddrInet6
)

func as4(sa *sockaddr) *unix.RawSockaddrInet4 {
	return (*unix.RawSockaddrInet4)(unsafe.Pointer(sa))
}

// Ports are in network order in memory whatever the machine's order is.
func port(p *uint16) uint16 {
	return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(p))[:])
}

func putPort(p *uint16, v uint16) {
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(p))[:], v)
}

// addrPort reads sa. Only a link-local IPv6 address, whose zone is a string,
// costs an allocation.
func addrPort(sa *sockaddr) netip.AddrPort {
	switch sa.Family {
	case unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4(as4(sa).Addr), port(&sa.Port))
	case unix.AF_INET6:
		a := netip.AddrFrom16(sa.Addr)
		if sa.Scope_id != 0 && a.IsLinkLocalUnicast() {
			a = a.WithZone(strconv.FormatUint(uint64(sa.Scope_id), 10))
		}
		return netip.AddrPortFrom(a.Unmap(), port(&sa.Port))
	}
	return netip.AddrPort{}
}

// putAddrPort writes ap into sa and returns the length to tell the kernel.
func putAddrPort(sa *sockaddr, ap netip.AddrPort) uint32 {
	a := ap.Addr()
	if a.Is4() {
		sa4 := as4(sa)
		sa4.Family = unix.AF_INET
		putPort(&sa4.Port, ap.Port())
		sa4.Addr = a.As4()
		return sizeInet4
	}
	*sa = sockaddr{Family: unix.AF_INET6, Addr: a.As16()}
	putPort(&sa.Port, ap.Port())
	if z := a.Zone(); z != "" {
		if id, err := strconv.ParseUint(z, 10, 32); err == nil {
			sa.Scope_id = uint32(id)
		}
	}
	return sizeInet6
}
