package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse.example/sip"
)

// Net is the open sockets.
type Net struct {
	cfg     Config
	handler Handler
	clock   Clock
	tls     *tls.Config
	udp     []*udpListener    // by index in Config.Listen; nil where it is a stream's
	streams []*streamListener // by index; nil where it is UDP's
	conns   *table
	count   counters
	buffers atomic.Int64
	sources sources

	turns       sync.Pool // *turn
	errorQueues sync.Pool // *errorQueue

	ctx     context.Context // ends with Run: dials and handshakes hang on it
	cancel  context.CancelFunc
	closing atomic.Bool
	once    sync.Once
	wg      sync.WaitGroup
}

// Open binds all listeners. Nothing is read until Run. Whoever does not call
// Run calls Close.
func Open(cfg Config, h Handler) (*Net, error) {
	if len(cfg.Listen) > 255 {
		return nil, errors.New("wire: more than 255 listeners")
	}
	cfg.Limits.fill()
	n := &Net{cfg: cfg, handler: h, clock: cfg.Clock}
	if n.clock == (Clock{}) {
		n.clock = NewClock()
	}
	n.sources.seed = maphash.MakeSeed()
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.conns = newTable(n)
	n.tls = n.serverTLS()
	n.turns.New = func() any { return &turn{out: n.Outbox()} }
	n.errorQueues.New = func() any { return new(errorQueue) }
	n.udp = make([]*udpListener, len(cfg.Listen))
	n.streams = make([]*streamListener, len(cfg.Listen))
	for i, l := range cfg.Listen {
		if err := n.open(i, l); err != nil {
			_ = n.Close()
			return nil, err
		}
	}
	return n, nil
}

func (n *Net) open(i int, l Listen) (err error) {
	switch l.Transport {
	case sip.UDP:
		n.udp[i], err = n.openUDP(i, l.Addr)
	case sip.TCP, sip.TLS, sip.WS, sip.WSS:
		n.streams[i], err = n.openStream(i, l)
	default:
		err = errors.New("wire: cannot listen on transport " + l.Transport.String())
	}
	return err
}

// fill puts the defaults that the comments of Limits name.
func (l *Limits) fill() {
	setDefault(&l.Connections, 4096)
	setDefault(&l.PerSource, 100)
	setDefault(&l.Dials, 256)
	setDefault(&l.Message, 65535)
	setDefault(&l.WriteQueue, 256<<10)
	setDefault(&l.Buffers, 16<<20)
	setDefault(&l.HandshakeTime, 10*time.Second)
	setDefault(&l.HeaderTime, 10*time.Second)
	setDefault(&l.BodyTime, 10*time.Second)
	setDefault(&l.StrangerIdle, 30*time.Second)
	setDefault(&l.Idle, 130*time.Minute)
	setDefault(&l.WriteTime, 10*time.Second)
	setDefault(&l.Ping, 100*time.Second)
}

func setDefault[T int | int64 | time.Duration](p *T, v T) {
	if *p == 0 {
		*p = v
	}
}

// Run serves until ctx ends, then closes everything and waits for its
// goroutines. It can be called once.
func (n *Net) Run(ctx context.Context) error {
	for _, l := range n.udp {
		if l == nil {
			continue
		}
		if err := l.serve(); err != nil {
			_ = n.Close()
			return err
		}
	}
	for _, l := range n.streams {
		if l != nil {
			n.wg.Add(1)
			go l.run()
		}
	}
	<-ctx.Done()
	return n.Close()
}

// Close closes everything at once and waits. Run does so by itself.
func (n *Net) Close() error {
	n.once.Do(n.close)
	return nil
}

func (n *Net) close() {
	n.closing.Store(true)
	n.cancel()
	n.stopAccepting()
	for _, c := range n.conns.drain() {
		c.kill(ErrClosed)
	}
	for _, l := range n.udp {
		if l != nil {
			l.wake()
		}
	}
	n.wg.Wait()
	for _, l := range n.udp {
		if l != nil {
			l.close()
		}
	}
}

func (n *Net) stopAccepting() {
	for _, l := range n.streams {
		if l != nil {
			_ = l.Close()
		}
	}
}

// Drain stops accepting connections and returns when all queued writes are out
// and the connections are closed, or when ctx ends. UDP goes on until Run ends.
func (n *Net) Drain(ctx context.Context) {
	n.stopAccepting()
	for _, c := range n.conns.drain() {
		c.finish()
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for n.conns.len() > 0 {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Listeners returns the open listeners, with the ports that the kernel chose.
func (n *Net) Listeners() []Listener {
	list := make([]Listener, 0, len(n.cfg.Listen))
	for i, l := range n.cfg.Listen {
		addr := l.Addr
		if u := n.udp[i]; u != nil {
			addr = u.addr
		} else if s := n.streams[i]; s != nil {
			addr = s.addrPort()
		}
		list = append(list, Listener{l.Transport, addr, uint8(i)})
	}
	return list
}

// cameToNew tells that something has come to an address of ours for the first time.
func (n *Net) cameToNew() {
	if n.cfg.NewLocal != nil {
		n.cfg.NewLocal()
	}
}

// udpFor returns the listener that f is to leave from, and settles f on it.
func (n *Net) udpFor(f *Flow) *udpListener {
	a := f.Remote.Addr()
	if a.Is4In6() {
		f.Remote, a = unmap(f.Remote), a.Unmap()
	}
	if int(f.Socket) < len(n.udp) {
		if l := n.udp[f.Socket]; l != nil && l.addr.Addr().Is4() == a.Is4() {
			return l
		}
	}
	f.Local = 0
	for _, l := range n.udp {
		if l != nil && a.IsValid() && l.addr.Addr().Is4() == a.Is4() {
			f.Socket = l.index
			return l
		}
	}
	return nil
}
