package wire

import (
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// busyness finds out whether a reader cannot keep up: it hardly waits and the
// process uses that much of a core for each reader, or datagrams were lost. CPU
// time is asked for as well since a reader that competes with others for the cores
// hardly waits either, and there one more reader costs more than it helps, until
// something is lost. It is the process's: a reader has no thread of its own, and
// little else in the process takes much.
type busyness struct {
	since time.Time
	awake time.Duration // in this window
	cpu   int64         // of the process, when the window began
	drops uint64
	lossy int // windows with losses, in a row
}

const (
	busyWindow = 250 * time.Millisecond
	busyShare  = 0.8 // receiving, which is not counted as work, takes about a tenth
	busyLosses = 2
)

// over says whether a window ended and, if so, whether one more reader is wanted
// beside the readers that there are.
func (b *busyness) over(now time.Time, fd int, readers func() int) (over, ended bool) {
	if now.Sub(b.since) < busyWindow {
		return false, false
	}
	var ru unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &ru) != nil {
		return false, false
	}
	return b.window(now, (ru.Utime.Nano()+ru.Stime.Nano())/int64(readers()), kernelDrops(fd)), true
}

// window closes a window; cpu is a reader's share of the process's time.
func (b *busyness) window(now time.Time, cpu int64, drops uint64) bool {
	span, used, awake, lost := now.Sub(b.since), cpu-b.cpu, b.awake, drops != b.drops
	first := b.since.IsZero()
	b.since, b.cpu, b.drops, b.awake = now, cpu, drops, 0
	if b.lossy++; !lost || first {
		b.lossy = 0
	}
	if first || span > 2*busyWindow {
		return false
	}
	enough := busyShare * float64(span)
	return float64(awake) > enough && float64(used) > enough || b.lossy >= busyLosses
}

// gate keeps a new reader from overtaking the one that it takes flows from, whose
// earlier datagrams may still wait at that one's socket: the new reader starts when
// that socket was empty once since then.
type gate struct{ open chan struct{} }

// gateTime bounds the wait when the old reader never catches up: then datagrams
// are being lost anyway, and order with them.
const gateTime = 250 * time.Millisecond

// passGate lets the reader start that r, before it looked at its socket, owed g to.
func (r *reader) passGate(g *gate) {
	if g != nil && r.gate.CompareAndSwap(g, nil) {
		close(g.open)
	}
}

// grow gives half of what comes to r, which cannot keep up, to a new reader. Not
// even that helps where all of it is one flow.
func (l *udpListener) grow(r *reader) {
	l.mu.Lock()
	defer l.mu.Unlock()
	most := l.net.cfg.Readers
	if most <= 0 {
		most = runtime.GOMAXPROCS(0)
	}
	at, ok := r.flows.split(r.share)
	if !ok || !l.steered || len(l.readers) >= most || l.net.closing.Load() {
		return
	}
	half, err := l.another()
	if err != nil {
		return
	}
	whole := r.share
	r.share, half.share = share{whole.from, at}, share{at, whole.to}
	readers := append(l.readers, half)
	g := &gate{make(chan struct{})}
	r.gate.Store(g)
	if steer(l.fd, l.addr.Addr().Is6(), l.seed, readers) != nil {
		r.share = whole
		r.gate.Store(nil)
		half.in.free()
		_ = unix.Close(half.fd)
		return
	}
	l.readers = readers
	l.start(half, g)
}

// another makes a reader with a socket of its own.
func (l *udpListener) another() (*reader, error) {
	fd, err := l.join()
	if err != nil {
		return nil, err
	}
	r, err := newReader(l, fd, false)
	if err != nil {
		_ = unix.Close(fd)
	}
	return r, err
}

func (l *udpListener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.readers)
}

// serve starts the first reader.
func (l *udpListener) serve() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, err := newReader(l, l.fd, true)
	if err != nil {
		return err
	}
	r.share = share{0, buckets}
	l.readers = append(l.readers, r)
	l.start(r, nil)
	return nil
}

// start runs r; l.mu is held, so that closing wakes every reader it started.
func (l *udpListener) start(r *reader, g *gate) {
	l.net.wg.Add(1)
	go func(wg *sync.WaitGroup) {
		defer wg.Done()
		if g != nil {
			g.await()
		}
		r.run()
	}(&l.net.wg)
}

func (g *gate) await() {
	t := time.NewTimer(gateTime)
	defer t.Stop()
	select {
	case <-g.open:
	case <-t.C:
	}
}

// wake makes every blocked reader look at Net.closing. shutdown of an
// unconnected UDP socket reports ENOTCONN, but wakes whoever waits on it.
func (l *udpListener) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.readers {
		_ = unix.Shutdown(r.fd, unix.SHUT_RD)
	}
}
