package txn

import (
	"context"
	"hash/maphash"
	"sync/atomic"
	"time"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

// Sender collects messages that are to be sent, in order. A *wire.Outbox is
// one. Send copies the message.
type Sender interface {
	Send(to wire.Dest, token uint64, msg []byte)
}

// Incoming is one parsed message and how it came.
type Incoming struct {
	Msg    *sip.Message
	Packet *wire.Packet
}

// Core is the transaction user above the layer: it gets what no transaction
// takes. Its methods run inside the shard and must not block.
type Core interface {
	// Request is called for a new request, neither ACK nor CANCEL.
	Request(sh *Shard, in *Incoming, out Sender)
	// Ack is called for an ACK that completes no transaction: it acknowledges
	// a 2xx (RFC 3261 §13.2.2.4) and is forwarded like a request, or is noise.
	Ack(sh *Shard, in *Incoming, out Sender)
	// Cancel is called for a CANCEL that matches no INVITE.
	Cancel(sh *Shard, in *Incoming, out Sender)
	// Response is called for a response that matches no client transaction.
	Response(sh *Shard, in *Incoming, out Sender)
	// Late2xx is called for a 2xx to an INVITE that was already answered: a
	// retransmission, or another fork's answer (RFC 6026 §7.2). It belongs
	// upstream on the flow of the INVITE.
	Late2xx(sh *Shard, up *Upstream, in *Incoming, out Sender)
}

// Meter says whether a response of out bytes may be sent to the flow of a
// stranger on UDP that sent in more bytes since it was last asked (in = 0 on a
// retransmission), so that nobody's address can be flooded through us. The
// final flag tells final responses from provisional ones.
type Meter func(f wire.Flow, in, out int, now int64, final bool) bool

// Config is what a Layer is made of.
type Config struct {
	Timers Timers
	Shards int          // a power of two up to 256; 0 = 8
	Meter  Meter        // nil = no limit
	Now    int64        // the time to begin with, unix ns; 0 = the clock's
	Clock  func() int64 // the time for Run, see wire.Clock; nil = the wall clock
}

// Layer holds all transactions of a server.
type Layer struct {
	shards []Shard
	hash   hasher
	core   Core
	iv     intervals
	meter  Meter
	active atomic.Int64
	clock  func() int64
}

// New makes a Layer whose transaction user is core.
func New(cfg Config, core Core) *Layer {
	n := cfg.Shards
	if n <= 0 || n > 1<<idShardBits {
		n = 8
	}
	for n&(n-1) != 0 {
		n &= n - 1
	}
	if cfg.Clock == nil {
		cfg.Clock = func() int64 { return time.Now().UnixNano() }
	}
	now := cfg.Now
	if now == 0 {
		now = cfg.Clock()
	}
	l := &Layer{
		clock:  cfg.Clock,
		shards: make([]Shard, n),
		hash:   hasher{maphash.MakeSeed()},
		core:   core,
		iv:     cfg.Timers.intervals(),
		meter:  cfg.Meter,
	}
	for i := range l.shards {
		l.shards[i].init(l, i, now)
	}
	return l
}

// Active returns the number of live transactions.
func (l *Layer) Active() int { return int(l.active.Load()) }

// Pending returns the number of requests that await their final response.
func (l *Layer) Pending() (n int) {
	for i := range l.shards {
		sh := &l.shards[i]
		sh.mu.Lock()
		for _, s := range sh.servers {
			if !s.Final() {
				n++
			}
		}
		sh.mu.Unlock()
	}
	return n
}

// Stopper may be implemented by the user of an INVITE's transaction, to end what
// nobody has answered when the server stops.
type Stopper interface {
	// Stop sends the final response.
	Stop(s *Server, now int64, out Sender)
}

// GiveUp has every INVITE ended that awaits its final response.
func (l *Layer) GiveUp(now int64, out Sender) {
	for i := range l.shards {
		sh := &l.shards[i]
		sh.mu.Lock()
		for _, s := range sh.servers {
			if u, ok := s.user.(Stopper); ok && s.invite && !s.Final() {
				u.Stop(s, now, out)
			}
		}
		sh.mu.Unlock()
	}
}

// shardFor returns the shard of a call.
func (l *Layer) shardFor(callID []byte) *Shard {
	return &l.shards[maphash.Bytes(l.hash.seed, callID)&uint64(len(l.shards)-1)]
}

// Receive takes one message from the network. What it causes to be sent is in
// out when it returns.
func (l *Layer) Receive(in *Incoming, out Sender) {
	sh := l.shardFor(in.Msg.CallID())
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if in.Msg.IsRequest() {
		sh.request(in, out)
	} else {
		sh.response(in, out)
	}
}

// Do runs f inside the shard of the given call: work that went on elsewhere
// (a look-up, a verdict) comes back into its call by this door.
func (l *Layer) Do(callID []byte, f func(sh *Shard)) {
	sh := l.shardFor(callID)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	f(sh)
}

// SendFailed tells the client transaction that token names, or whose request
// begins with head, that its request could not be delivered (RFC 3261 §17.1.4).
func (l *Layer) SendFailed(token uint64, head []byte, err error, now int64, out Sender) {
	id := token
	if id == 0 {
		var ok bool
		if id, ok = branchOfHead(head); !ok {
			return
		}
	}
	n := shardOfID(id)
	if n >= len(l.shards) {
		return
	}
	sh := &l.shards[n]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if c := sh.clients[id]; c != nil {
		c.failed(err, now, out)
	}
}

// Advance fires the timers that are due.
func (l *Layer) Advance(now int64, out Sender) {
	for i := range l.shards {
		sh := &l.shards[i]
		sh.mu.Lock()
		sh.advance(now, out)
		sh.mu.Unlock()
	}
}

// Flusher is a Sender whose messages leave when Flush is called.
type Flusher interface {
	Sender
	Flush()
}

// Run fires timers until ctx ends. It owns out.
func (l *Layer) Run(ctx context.Context, out Flusher) error {
	tick := time.NewTicker(1 << tickShift)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			l.Advance(l.clock(), out)
			out.Flush()
		}
	}
}
