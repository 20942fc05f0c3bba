package wire

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	batchSize = 64
	// slotSize holds the longest UDP datagram there is, so nothing is cut.
	slotSize = 65536
	// slotStride keeps neighbouring slots in different cache sets: 25 lines
	// apart, which is more than most SIP messages are long.
	slotStride  = slotSize + 25*64
	controlSize = 64 // one IP_PKTINFO or IPV6_PKTINFO with its header
)

// recvBatch is the arrays of one recvmmsg, made once. The slots are virtual
// memory: only pages that a datagram has reached are ever real (4 KiB a slot
// for SIP as it is usual, so 256 KiB a reader).
type recvBatch struct {
	hdrs    [batchSize]unix.Mmsghdr
	iovs    [batchSize]unix.Iovec
	names   [batchSize]sockaddr
	control [][controlSize]byte
	mem     []byte
	used    int
}

func newRecvBatch(withControl bool) (*recvBatch, error) {
	mem, err := unix.Mmap(-1, 0, batchSize*slotStride, unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("wire: receive buffers: %w", err)
	}
	// Best effort: huge pages would make the whole region real at the first datagram.
	_ = unix.Madvise(mem, unix.MADV_NOHUGEPAGE)
	b := &recvBatch{mem: mem, used: batchSize}
	if withControl {
		b.control = make([][controlSize]byte, batchSize)
	}
	for i := range batchSize {
		b.iovs[i].Base = &mem[i*slotStride]
		b.iovs[i].SetLen(slotSize)
		h := &b.hdrs[i].Hdr
		h.Name = (*byte)(unsafe.Pointer(&b.names[i]))
		h.Iov = &b.iovs[i]
		h.SetIovlen(1)
		if withControl {
			h.Control = &b.control[i][0]
		}
	}
	return b, nil
}

func (b *recvBatch) free() {
	mem := b.mem
	b.mem = nil
	_ = unix.Munmap(mem)
}

// recv takes up to a batch of datagrams. The kernel overwrites the lengths of
// the slots that it uses, so those are set back first.
func (b *recvBatch) recv(fd, flags int) (int, error) {
	for i := range b.used {
		h := &b.hdrs[i].Hdr
		h.Namelen = sizeInet6
		h.Flags = 0
		if b.control != nil {
			h.SetControllen(controlSize)
		}
	}
	b.used = 0
	call := unix.Syscall6
	if flags&unix.MSG_DONTWAIT != 0 {
		call = unix.RawSyscall6 // does not block: the runtime need not know
	}
	n, _, errno := call(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.hdrs[0])),
		batchSize, uintptr(flags), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	b.used = int(n)
	return b.used, nil
}

// data is slot i's datagram, borrowed until the next recv.
func (b *recvBatch) data(i int) []byte {
	at := i * slotStride
	return b.mem[at : at+int(b.hdrs[i].Len)]
}

func (b *recvBatch) truncated(i int) bool {
	return b.hdrs[i].Hdr.Flags&unix.MSG_TRUNC != 0
}
