package wire

import (
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"
)

// Which reader a datagram goes to is for the kernel to find out, by a program
// that we attach to the SO_REUSEPORT group. The kernel's own choice is a hash over
// all sockets: two busy flows, a trunk and a PBX, then meet at one reader every
// other time, and all flows move when a socket joins. Here flows fall into buckets,
// each reader has a range of them, and a new one gets half of a busy one's, as
// measured.

const buckets = 256

// share is the buckets [from, to).
type share struct{ from, to int }

// flows counts datagrams by bucket.
type flows [buckets]uint32

// split finds the bucket from which on s is given away, so that either half has as
// nearly as can be the same part of what came. It is false when hardly anything
// can be given away or would be left.
func (f *flows) split(s share) (at int, ok bool) {
	total, before, best := uint64(0), uint64(0), uint64(0)
	for _, n := range f[s.from:s.to] {
		total += uint64(n)
	}
	for i := s.from + 1; i < s.to; i++ {
		before += uint64(f[i-1])
		if less := min(before, total-before); less > best {
			at, best = i, less
		}
	}
	return at, best*10 >= total && best > 0
}

// Spreading addresses and ports that differ little over the buckets.
const spread = 0x9e3779b1

// bucket is which bucket a source falls into; steer tells the kernel the same.
func bucket(sa *sockaddr, seed uint32) uint8 {
	addr := sa.Addr[12:]
	if sa.Family == unix.AF_INET {
		addr = as4(sa).Addr[:]
	}
	h := uint32(port(&sa.Port))*spread + binary.BigEndian.Uint32(addr)
	return uint8(h * seed >> 24)
}

// Where the kernel's program finds source address and port, from the network
// header on. Options of IPv4 and extension headers of IPv6 move them; such a flow
// lands in another bucket, but always in the same.
const (
	networkHeader = 0xfff00000 // SKF_NET_OFF, linux/filter.h
	source4       = 12
	sourcePort4   = 20
	source6       = 8 + 12 // its last four octets
	sourcePort6   = 40
)

// steer makes the group of socket fd send each bucket to the reader that has it.
// The kernel numbers the sockets of a group in the order in which they joined.
func steer(fd int, v6 bool, seed uint32, readers []*reader) error {
	addr, port := uint32(networkHeader+source4), uint32(networkHeader+sourcePort4)
	if v6 {
		addr, port = networkHeader+source6, networkHeader+sourcePort6
	}
	code := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_H | unix.BPF_ABS, K: port},
		{Code: unix.BPF_ALU | unix.BPF_MUL | unix.BPF_K, K: spread},
		{Code: unix.BPF_MISC | unix.BPF_TAX},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: addr},
		{Code: unix.BPF_ALU | unix.BPF_ADD | unix.BPF_X},
		{Code: unix.BPF_ALU | unix.BPF_MUL | unix.BPF_K, K: seed},
		{Code: unix.BPF_ALU | unix.BPF_RSH | unix.BPF_K, K: 24},
	}
	order := make([]int, len(readers))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return readers[b].share.from - readers[a].share.from })
	for _, i := range order {
		code = append(code,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: uint32(readers[i].share.from), Jf: 1},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: uint32(i)})
	}
	code = append(code, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K})
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF,
		&unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]})
}
