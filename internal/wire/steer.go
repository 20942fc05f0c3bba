package wire

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Which reader a datagram goes to is for the kernel to find out, by a program
// that we attach to the SO_REUSEPORT group. The kernel's own choice is a hash over
// all sockets: two busy flows, a trunk and a PBX, then meet at one reader every
// other time, and all flows move when a socket joins. Here flows fall into buckets,
// each bucket has a reader, and one that cannot keep up gives some of its buckets
// away, by what came in them.

const buckets = 256

// owners is the index of the reader that has each bucket.
type owners [buckets]uint8

// flows counts datagrams by bucket.
type flows [buckets]uint32

// split finds the bucket from which on a reader gives away what is its own to
// another, to which has came in the same time, so that both have as nearly as can
// be the same. It is false when the one that gives would gain less than a tenth, or
// the other have more than that one had.
func (f *flows) split(o *owners, from int, has uint64) (at int, ok bool) {
	var mine uint64
	for b, n := range f {
		if int(o[b]) == from {
			mine += uint64(n)
		}
	}
	left, best := mine, mine-mine/10
	for b := buckets - 1; b > 0; b-- {
		if int(o[b]) != from {
			continue
		}
		left -= uint64(f[b])
		if more := max(left, has+mine-left); f[b] > 0 && more < best {
			at, best, ok = b, more, true
		}
	}
	return at, ok
}

// give gives what one reader has from a bucket on to another.
func (o *owners) give(from, to, at int) {
	for b := at; b < buckets; b++ {
		if int(o[b]) == from {
			o[b] = uint8(to)
		}
	}
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

// steer makes the group of socket fd send each bucket to its owner. The kernel
// numbers the sockets of a group in the order in which they joined.
func steer(fd int, v6 bool, seed uint32, o *owners) error {
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
	for b := buckets - 1; b > 0; b-- {
		if o[b] != o[b-1] { // here begin buckets of one owner
			code = append(code,
				unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: uint32(b), Jf: 1},
				unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: uint32(o[b])})
		}
	}
	code = append(code, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: uint32(o[0])})
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF,
		&unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]})
}
