package wire

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// localTable numbers the local addresses that datagrams to a wildcard listener
// came to, so that Flow can hold one in an octet. It only ever holds addresses
// of this host, and no more than 255.
type localTable struct {
	mu    sync.Mutex
	addrs atomic.Pointer[[]netip.Addr]
}

// number returns a's number, 0 when the table is full, and whether it is a new one.
func (t *localTable) number(a netip.Addr) (n uint8, fresh bool) {
	if p := t.addrs.Load(); p != nil {
		for i, b := range *p {
			if a == b {
				return uint8(i + 1), false
			}
		}
	}
	return t.add(a)
}

func (t *localTable) add(a netip.Addr) (n uint8, fresh bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var old []netip.Addr
	if p := t.addrs.Load(); p != nil {
		old = *p
	}
	for i, b := range old {
		if a == b {
			return uint8(i + 1), false
		}
	}
	if len(old) == 255 {
		return 0, false
	}
	list := append(append(make([]netip.Addr, 0, len(old)+1), old...), a)
	t.addrs.Store(&list)
	return uint8(len(list)), true
}

func (t *localTable) addr(number uint8) (netip.Addr, bool) {
	p := t.addrs.Load()
	if number == 0 || p == nil || int(number) > len(*p) {
		return netip.Addr{}, false
	}
	return (*p)[number-1], true
}

// packetInfo reads the local address from a received control message.
func packetInfo(control []byte) (netip.Addr, bool) {
	if len(control) < unix.CmsgLen(unix.SizeofInet4Pktinfo) {
		return netip.Addr{}, false
	}
	h := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
	data := unsafe.Pointer(&control[unix.CmsgLen(0)])
	switch {
	case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_PKTINFO:
		return netip.AddrFrom4((*unix.Inet4Pktinfo)(data).Spec_dst), true
	case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_PKTINFO && len(control) >= unix.CmsgLen(unix.SizeofInet6Pktinfo):
		a := netip.AddrFrom16((*unix.Inet6Pktinfo)(data).Addr)
		return a, !a.IsMulticast()
	}
	return netip.Addr{}, false
}

// putPacketInfo writes the control message that sends from a, and returns its length.
func putPacketInfo(control *[controlSize]byte, a netip.Addr) int {
	*control = [controlSize]byte{}
	h := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
	data := unsafe.Pointer(&control[unix.CmsgLen(0)])
	if a.Is4() {
		h.Level, h.Type = unix.IPPROTO_IP, unix.IP_PKTINFO
		h.SetLen(unix.CmsgLen(unix.SizeofInet4Pktinfo))
		(*unix.Inet4Pktinfo)(data).Spec_dst = a.As4()
		return unix.CmsgSpace(unix.SizeofInet4Pktinfo)
	}
	h.Level, h.Type = unix.IPPROTO_IPV6, unix.IPV6_PKTINFO
	h.SetLen(unix.CmsgLen(unix.SizeofInet6Pktinfo))
	(*unix.Inet6Pktinfo)(data).Addr = a.As16()
	return unix.CmsgSpace(unix.SizeofInet6Pktinfo)
}
