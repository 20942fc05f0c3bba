package wire

import (
	"math"
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

// over says whether a window ended and, if so, whether the reader needs relief.
// part tells which part of what came to all readers came to this one.
func (b *busyness) over(now time.Time, fd int, part func() float64) (over, ended bool) {
	if now.Sub(b.since) < busyWindow {
		return false, false
	}
	var ru unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &ru) != nil {
		return false, false
	}
	return b.window(now, ru.Utime.Nano()+ru.Stime.Nano(), part(), kernelDrops(fd)), true
}

// window closes a window; cpu is the process's time, of which the reader has that
// part.
func (b *busyness) window(now time.Time, cpu int64, part float64, drops uint64) bool {
	span, used, awake, lost := now.Sub(b.since), float64(cpu-b.cpu)*part, b.awake, drops != b.drops
	first := b.since.IsZero()
	b.since, b.cpu, b.drops, b.awake = now, cpu, drops, 0
	if b.lossy++; !lost || first {
		b.lossy = 0
	}
	if first || span > 2*busyWindow {
		return false
	}
	enough := busyShare * float64(span)
	return float64(awake) > enough && used > enough || b.lossy >= busyLosses
}

// gate keeps a reader that gets flows from overtaking the one that gives them,
// whose earlier datagrams may still wait at that one's socket: it goes on when that
// socket was empty once since then.
type gate struct{ open chan struct{} }

// gateTime bounds the wait when the giver never catches up: then datagrams are
// being lost anyway, and order with them.
const gateTime = 250 * time.Millisecond

// passGate lets the reader go on that r, before it looked at its socket, owed g to.
func (r *reader) passGate(g *gate) {
	if g != nil && r.owes.CompareAndSwap(g, nil) {
		close(g.open)
	}
}

// awaitGate holds r, which has datagrams in hand, until no older ones of their flows
// wait at the reader that had them before.
func (r *reader) awaitGate() {
	if g := r.waits.Load(); g != nil {
		g.await()
		r.waits.Store(nil)
	}
}

// relieve gives flows of r, which cannot keep up, to a reader that has little to
// do, or to a new one. Not even that helps where all that comes is one flow.
func (l *udpListener) relieve(r *reader) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.steered || l.net.closing.Load() || r.owes.Load() != nil {
		return
	}
	to, has := l.idlest(r)
	fresh := has > r.came/2 && len(l.readers) < l.most()
	if fresh {
		to, has = nil, 0
	}
	at, ok := r.flows.split(&l.owners, r.index, has)
	if !ok || !fresh && (to == nil || to.waits.Load().shut()) {
		return
	}
	if fresh {
		var err error
		if to, err = l.another(); err != nil {
			return
		}
	}
	g, before := &gate{make(chan struct{})}, l.owners
	l.owners.give(r.index, to.index, at)
	to.waits.Store(g) // before the kernel is told: what then comes to it finds the gate
	r.owes.Store(g)
	if steer(l.fd, l.addr.Addr().Is6(), l.seed, &l.owners) != nil {
		l.owners = before
		r.owes.Store(nil)
		close(g.open)
		if fresh {
			to.in.free()
			_ = unix.Close(to.fd)
		}
		return
	}
	if fresh {
		l.readers = append(l.readers, to)
		l.start(to)
	}
}

// most is how many readers there may be.
func (l *udpListener) most() int {
	if n := l.net.cfg.Readers; n > 0 {
		return n
	}
	return runtime.GOMAXPROCS(0)
}

// idlest finds the reader beside r to which the least came lately, and how much
// that was: more than any where r is alone.
func (l *udpListener) idlest(r *reader) (least *reader, came uint64) {
	came = math.MaxUint64
	for _, o := range l.readers {
		if o != r && o.came < came {
			least, came = o, o.came
		}
	}
	return least, came
}

// measure notes what came to each reader since r, whose window ends, asked last,
// and returns which part of it came to r.
func (l *udpListener) measure(r *reader) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all uint64
	for _, o := range l.readers {
		for len(r.seen) <= o.index {
			r.seen = append(r.seen, 0)
		}
		total := o.total.Load()
		o.came = total - r.seen[o.index]
		r.seen[o.index] = total
		all += o.came
	}
	return float64(r.came) / float64(max(all, 1))
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
		return nil, err
	}
	r.index = len(l.readers)
	return r, nil
}

// serve starts the first reader.
func (l *udpListener) serve() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, err := newReader(l, l.fd, true)
	if err != nil {
		return err
	}
	l.readers = append(l.readers, r)
	l.start(r)
	return nil
}

// start runs r; l.mu is held, so that closing wakes every reader it started.
func (l *udpListener) start(r *reader) {
	l.net.wg.Add(1)
	go func(wg *sync.WaitGroup) {
		defer wg.Done()
		r.run()
	}(&l.net.wg)
}

// shut tells whether somebody may have to wait at a gate, of which there may be none.
func (g *gate) shut() bool {
	if g == nil {
		return false
	}
	select {
	case <-g.open:
		return false
	default:
		return true
	}
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
