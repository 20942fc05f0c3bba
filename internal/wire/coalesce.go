package wire

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pacer decides how a UDP reader waits.
//
// A wake-up costs several times what a message costs, so under load the reader
// does what network cards do: it sleeps for a moment and then takes all that has
// come. When datagrams come further apart than that, it waits in the kernel for
// the next one and answers at once.
//
// CPU (user and system) of the whole process per echoed datagram of 600 octets,
// loopback, BenchmarkEcho on two virtual cores of an AMD EPYC:
//
//	datagrams/s                        2,000     7,000     28,000
//	Go's poller, then recvmmsg         82–102 µs 54–57 µs  16.7 µs
//	blocking recvmmsg, own thread      80–84 µs  43 µs     13.4 µs
//	… and sleeping ≤ 0.5 ms            93 µs     27 µs      9.5 µs
//	… and sleeping ≤ 1 ms              59–62 µs  20 µs      9.0 µs
//	… and sleeping ≤ 2 ms (default)    40 µs     16 µs
//
// The reader itself, with a handler that echoes: 60, 17 and 8.5 µs at 1 ms, and
// 59, 32 and 12.6 µs without sleeping, on the same machine under other load.
// Below 1.5 datagrams per sleep (750/s with the default) the reader does not
// sleep: at 500/s all of them cost 66–80 µs. The cost of a wake-up is that of a
// virtual processor that has gone idle, so the figures differ between machines;
// their order does not.
type pacer struct {
	most time.Duration // longest sleep, 0 = never
	last time.Time
	gap  float64 // smoothed time between datagrams, ns
	poll bool    // slept: look, do not block
}

func (p *pacer) flags() int {
	if p.poll {
		return unix.MSG_DONTWAIT
	}
	return unix.MSG_WAITFORONE
}

// empty tells that there was nothing to take: block next time.
func (p *pacer) empty() { p.poll = false }

// wait sleeps if that is likely to gather more than one datagram. n came at now.
func (p *pacer) wait(n int, now time.Time) {
	p.poll = false
	if p.most <= 0 {
		return
	}
	p.note(n, now)
	if n == batchSize { // more is waiting already
		p.poll = true
		return
	}
	if p.gap*3 < float64(p.most)*2 {
		sleep(min(p.most, time.Duration(p.gap*gather)))
		p.poll = true
	}
}

// gather is how many datagrams a sleep is meant to gather: enough that waking
// costs little beside them, and so few that they do not wait for each other.
const gather = 32

// sleep is a system call that the runtime is not told of: the thread keeps its
// processor, which saves handing that to another thread and taking it back, half
// of what a wake-up costs (measured on the machine above, per wake-up of 1 ms:
// time.Sleep 67 µs, with the runtime told 103 µs, so 42 µs). The runtime's
// preemption signal ends the sleep early, so nobody waits for it.
func sleep(d time.Duration) {
	ts := unix.NsecToTimespec(d.Nanoseconds())
	_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0)
}

// note follows the rate: over some tens of batches, and with a ceiling so that
// a pause is soon forgotten.
func (p *pacer) note(n int, now time.Time) {
	if n == 0 {
		return
	}
	most := 10 * float64(p.most)
	gap := min(float64(now.Sub(p.last))/float64(n), most)
	if p.last.IsZero() {
		gap, p.gap = most, most
	}
	p.gap += (gap - p.gap) * 0.1
	p.last = now
}
