package wire

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// sendBatch is the arrays of one sendmmsg, made once.
type sendBatch struct {
	hdrs    [batchSize]unix.Mmsghdr
	iovs    [batchSize]unix.Iovec
	names   [batchSize]sockaddr
	control [batchSize][controlSize]byte
	n       int
}

func newSendBatch() *sendBatch {
	b := &sendBatch{}
	for i := range batchSize {
		h := &b.hdrs[i].Hdr
		h.Name = (*byte)(unsafe.Pointer(&b.names[i]))
		h.Iov = &b.iovs[i]
		h.SetIovlen(1)
	}
	return b
}

// send gives the messages from i on to the kernel and returns how many it took.
func (b *sendBatch) send(fd, i int) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.hdrs[i])),
		uintptr(b.n-i), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
