package proxy

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse.example/internal/locate"
	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// Config is what a Proxy is made of.
type Config struct {
	Self    *Self
	Signer  *Signer
	Locator Locator
	// Go runs f on a bounded set of workers, or reports false at once when all
	// are busy and the queue is full.
	Go func(f func(ctx context.Context)) bool
	// Resume runs f inside the shard of a call, from a worker.
	Resume func(callID []byte, f func(now int64, out txn.Sender))
	// FlowOf returns the flow that a registered contact is reached by, for
	// requests inside a dialog with a phone behind a NAT. nil = none is.
	FlowOf func(contact *uri.URI) (wire.Flow, bool)
	// OwnerOf returns the address of record that has such a contact, "" where FlowOf
	// finds none. nil = nobody knows.
	OwnerOf func(contact *uri.URI) string
	// Strip notes in e what a response loses before it goes on, by who has sent it;
	// nil: nothing. It must not allocate or block.
	Strip func(in *txn.Incoming, e *sip.Edit)
	// UDPLimit is the size from which a request to a UDP hop tries TCP first
	// (RFC 3261 §18.1.1). 0 = 1300.
	UDPLimit int
	// Patience is how long a hop may be silent before the next one is tried
	// where there is one. 0 = 4 s.
	Patience time.Duration
	// RetryAfter goes into the 503 that a caller gets when nobody behind us
	// answers. 0 = 30 s.
	RetryAfter time.Duration
}

// Locator finds the hops of a target; a *locate.Resolver is one.
type Locator interface {
	Cached(t locate.Target, dst []locate.Hop) ([]locate.Hop, bool)
	Lookup(ctx context.Context, t locate.Target) ([]locate.Hop, error)
	// Order puts hops that have failed lately behind the others, once for each request.
	Order(hops []locate.Hop)
	Failed(h locate.Hop)
	Busy(h locate.Hop, d time.Duration)
	Good(h locate.Hop)
}

// Proxy forwards. It holds no state of its own besides what lives in the
// shards of the transaction layer.
type Proxy struct {
	cfg    Config
	self   *Self
	signer *Signer
	seed   maphash.Seed
	edits  sync.Pool // of *scratch
	stats  counters
	noTCP  lately
	noPath lately
}

// Stats counts what was forwarded.
type Stats struct {
	Forwarded, Stateless, Failovers, Unreachable, ResponsesDropped uint64
	// Live is the number of requests whose branches have not all ended.
	Live int64
}

type counters struct {
	forwarded, stateless, failovers, unreachable, dropped atomic.Uint64
	live                                                  atomic.Int64
}

// New makes a proxy.
func New(cfg Config) *Proxy {
	if cfg.UDPLimit == 0 {
		cfg.UDPLimit = 1300
	}
	if cfg.Patience == 0 {
		cfg.Patience = 4 * time.Second
	}
	if cfg.RetryAfter == 0 {
		cfg.RetryAfter = 30 * time.Second
	}
	p := &Proxy{cfg: cfg, self: cfg.Self, signer: cfg.Signer, seed: maphash.MakeSeed()}
	p.edits.New = func() any { return new(scratch) }
	return p
}

// scratch is what editing one message needs.
type scratch struct {
	edit sip.Edit
	msg  sip.Message
	text []byte
}

// Stats returns the counters.
func (p *Proxy) Stats() Stats {
	return Stats{
		Forwarded:        p.stats.forwarded.Load(),
		Stateless:        p.stats.stateless.Load(),
		Failovers:        p.stats.failovers.Load(),
		Unreachable:      p.stats.unreachable.Load(),
		ResponsesDropped: p.stats.dropped.Load(),
		Live:             p.stats.live.Load(),
	}
}
