package siptest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Timers of RFC 3261 §17, table 4.
const (
	t1      = 500 * time.Millisecond
	t2      = 4 * time.Second
	timeout = 64 * t1 // Timers B, F, H
)

// Mode says what the callers of a Load do.
type Mode uint8

const (
	// Calls are full calls: INVITE, 180, 200, ACK, the hold time, BYE, 200.
	Calls Mode = iota
	// Blocked callers expect a refusal: INVITE, 4xx or 6xx, ACK.
	Blocked
	// Hold makes calls until MaxCalls are up, keeps them, and hangs up at the end
	// of the load.
	Hold
)

// Config describes a load.
type Config struct {
	Mode Mode
	// Proxy is the server under test: callers send their INVITEs there.
	Proxy netip.AddrPort
	// Caller and Callee are the addresses of the two sides; port 0 is any.
	Caller, Callee netip.AddrPort
	// Callers is the number of sockets on the caller's side. Default: 1.
	Callers int
	// Ring is the time from 180 to 200, HoldTime that from ACK to BYE.
	Ring, HoldTime time.Duration
	// MaxCalls bounds the calls at a time. Default: no bound, 10,000 for Hold.
	MaxCalls int
	// Domain is that of the callees. Default: example.test.
	Domain string
	// CallerPrefix and CalleePrefix begin the user parts; seven digits follow,
	// those of a number below Numbers, in turn. Default: +1415, 1 and 100,000.
	CallerPrefix, CalleePrefix string
	// CallerStep is multiplied with the number before it becomes digits, to hit
	// every so-manieth entry of a list. Default: 1.
	CallerStep int
	Numbers    int
	// Size is that of the INVITE in octets. Default: 842.
	Size int
	// Identity makes the value of an Identity header field for each INVITE, from the user parts of caller and callee; nil: there is none. It is part of
	// Size.
	Identity func(caller, callee string) string
}

func (c Config) withDefaults() Config {
	loopback := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)
	if !c.Caller.IsValid() {
		c.Caller = loopback
	}
	if !c.Callee.IsValid() {
		c.Callee = loopback
	}
	if c.MaxCalls == 0 {
		c.MaxCalls = 1 << 30
		if c.Mode == Hold {
			c.MaxCalls = 10_000
		}
	}
	c.Callers = max(c.Callers, 1)
	c.CallerStep = max(c.CallerStep, 1)
	orText(&c.Domain, "example.test")
	orText(&c.CallerPrefix, "+1415")
	orText(&c.CalleePrefix, "1")
	if c.Numbers == 0 {
		c.Numbers = 100_000
	}
	if c.Size == 0 {
		c.Size = 842
	}
	return c
}

func orText(s *string, def string) {
	if *s == "" {
		*s = def
	}
}

// Load is a caller and a callee around a proxy.
type Load struct {
	cfg    Config
	run    uint32
	uacs   []*Socket
	uas    *Socket
	fds    []unix.PollFd
	pad    int // octets that bring the INVITE to its size
	calls  []call
	free   []uint32 // ring of slots, longest free first
	head   int
	nFree  int
	timers timers
	result *Result
	msg    message
	now    int64 // ns of the real-time clock, read once per step

	t1    time.Duration // t1, but for tests: a slow machine is not one that loses
	brief bool          // the tail ends with the last call

	order [][2]int64 // by caller: the newest stamp seen on the way there and back
}

// Open binds the sockets, so that a server can be told where the callee is.
func Open(cfg Config) (*Load, error) {
	l := &Load{cfg: cfg.withDefaults(), run: rand.Uint32() | 1, t1: t1}
	for range l.cfg.Callers {
		s, err := Listen(l.cfg.Caller)
		if err != nil {
			l.Close()
			return nil, err
		}
		l.uacs = append(l.uacs, s)
		l.fds = append(l.fds, unix.PollFd{Fd: int32(s.fd), Events: unix.POLLIN})
	}
	s, err := Listen(l.cfg.Callee)
	if err != nil {
		l.Close()
		return nil, err
	}
	l.uas = s
	l.fds = append(l.fds, unix.PollFd{Fd: int32(s.fd), Events: unix.POLLIN})
	l.order = make([][2]int64, l.cfg.Callers)
	if err := l.fit(); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// fit finds the padding that brings the INVITE to its size.
func (l *Load) fit() error {
	l.pad = 0
	size := len(l.appendInvite(nil, 0, &call{}))
	if l.pad = l.cfg.Size - size; l.pad < 0 {
		return fmt.Errorf("siptest: an INVITE of %d octets is too small: %d are needed", l.cfg.Size, size)
	}
	return nil
}

// Configure changes what the next Run does. The addresses of the two sides
// stay as they are.
func (l *Load) Configure(change func(*Config)) error {
	change(&l.cfg)
	l.cfg = l.cfg.withDefaults()
	l.cfg.Callers = len(l.uacs)
	return l.fit()
}

// Callee is the address of the callee: where the proxy has to deliver.
func (l *Load) Callee() netip.AddrPort { return l.uas.Local() }

// Close closes the sockets.
func (l *Load) Close() {
	for _, s := range l.uacs {
		s.Close()
	}
	if l.uas != nil {
		l.uas.Close()
	}
}

// Run makes calls at a rate, in calls per second, for a time, then waits a tail
// for their ends: a call that has none by then failed. It may be called again
// for another run with the same sockets. An ended ctx ends the run early; that
// is no error.
func (l *Load) Run(ctx context.Context, rate float64, duration, tail time.Duration) (*Result, error) {
	if !l.cfg.Proxy.IsValid() {
		return nil, errors.New("siptest: no proxy address")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// Without this the kernel rounds each wait up by 50 µs.
	unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	l.result = newResult(rate)
	l.run = l.run + 2 | 1
	l.forget()
	for i := range l.order {
		l.order[i] = [2]int64{}
	}
	l.pace(ctx, rate, duration, tail)
	l.finish()
	return l.result, nil
}

// forget empties the call table between runs.
func (l *Load) forget() {
	l.free = l.free[:0]
	l.head, l.nFree = 0, 0
	l.timers = timers{}
	for i := range l.calls {
		l.calls[i].uac, l.calls[i].uas = uacIdle, uasIdle
		l.calls[i].gen++
		l.release(uint32(i))
	}
}

// Above sparing calls per second the generator looks at its sockets every tick
// and not at each datagram. It would else take so much of a small machine that
// the load is not what breaks first, and make the server wake it for each message.
// While more waits than one call takes, it does not sleep: what its own sockets
// drop would come again and look like the server's fault.
const (
	sparing = 6000
	tick    = 500 * time.Microsecond
)

// pace is the loop: calls that are due, timers, datagrams, sleep.
func (l *Load) pace(ctx context.Context, rate float64, duration, tail time.Duration) {
	start := time.Now().UnixNano()
	interval := float64(time.Second) / rate
	stop := start + int64(duration)
	end := stop + int64(tail)
	held := 0 // slots that were told to hang up at the end
	for n := 0; ; {
		l.now = time.Now().UnixNano()
		if l.now >= end || ctx.Err() != nil {
			return
		}
		next := end
		for l.now < stop {
			due := start + int64(float64(n)*interval)
			if due > l.now {
				next = min(due, stop)
				break
			}
			n++
			l.result.lag(l.now - due)
			l.start(n)
		}
		if l.now >= stop {
			if held == 0 {
				l.result.Peak = l.active()
			}
			if l.cfg.Mode == Hold && held < len(l.calls) {
				to := 1 + int(float64(l.now-stop)/interval)
				l.hangUpHeld(held, to)
				held, next = to, min(end, l.now+int64(time.Millisecond))
			}
			held = max(held, 1)
			if l.brief && l.active() == 0 {
				return
			}
		}
		l.fire()
		switch received, more := l.exchange(); {
		case more:
		case rate > sparing:
			sleep(tick)
		case received == 0:
			poll(l.fds, time.Duration(l.timers.next(next)-time.Now().UnixNano()))
		}
	}
}

// exchange handles what has arrived, a batch from each socket, and sends what is
// queued. It says whether more may wait.
func (l *Load) exchange() (received int, more bool) {
	n := l.uas.receive()
	received, more = n, n == batch
	for i := range n {
		l.atCallee(i)
	}
	l.uas.flush()
	for at, s := range l.uacs {
		n := s.receive()
		received, more = received+n, more || n == batch
		for i := range n {
			l.atCaller(at, i)
		}
		s.flush()
	}
	return received, more
}

// active is the number of calls that are not over.
func (l *Load) active() int { return len(l.calls) - l.nFree }

// fire runs the timers that are due.
func (l *Load) fire() {
	for i := range l.timers.queues {
		for {
			t, ok := l.timers.queues[i].take(l.now)
			if !ok {
				break
			}
			c := &l.calls[t.slot]
			if c.gen != t.gen || c.over() {
				continue
			}
			l.timer(t, c)
		}
	}
}
