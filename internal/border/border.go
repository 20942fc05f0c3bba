// Package border is the page to read first: what becomes of a request.
//
//	arrive     what is malformed, repeated, or asks only us
//	identify   who sends it, what is only claimed, how strongly it is proven
//	address    who is meant: a dialog, a user, a PBX, elsewhere
//	screen     checks report, the policy decides
//	act        relay, label, reject, drop: the one place where a verdict takes effect
//	record     history, off the caller's time
//
// A Border is the core of the transaction layer: its methods run inside the
// shard of the call (see package txn), never block, and leave what they send in
// an outbox. Only a verdict that needs look-ups leaves the shard, for a bounded
// set of workers, and comes back.
package border

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse.example/internal/guard"
	"gatehouse.example/internal/home"
	"gatehouse.example/internal/identity"
	"gatehouse.example/internal/locate"
	"gatehouse.example/internal/proxy"
	"gatehouse.example/internal/state/calls"
	"gatehouse.example/internal/state/lists"
	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/screen"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
	"gatehouse.example/stir"
	"gatehouse.example/verdict"
)

// Config is what a Border is made of.
type Config struct {
	Site      *Site
	Self      *proxy.Self
	Guard     *guard.Guard
	Engine    *screen.Engine
	Recorder  Recorder
	Auth      *home.Authenticator
	Registrar *home.Registrar
	// HasUser tells whether an address of record is an account's.
	HasUser func(aor string) bool
	// NewID makes the id of an attempt.
	NewID func(time.Time) string
	// Go runs f on a bounded set of workers, or reports false.
	Go func(f func(ctx context.Context)) bool
	// Clock tells the time as wire does; see wire.Clock.
	Clock func() int64
	// Outbox makes an outbox for work outside wire's goroutines.
	Outbox func() txn.Flusher
	Log    *slog.Logger
	// Lookup finds the addresses of PBXs that are named by host; nil finds none.
	Lookup func(context.Context, locate.Target) ([]locate.Hop, error)
	// Found is told the addresses of all PBXs, after each look-up and for each new
	// site; it may be nil.
	Found func([]netip.Addr)
	// MaxTransactions is where strangers' requests begin to get 503.
	MaxTransactions int
	// Identity finds out who calls, and signs for our users; nil: nobody does.
	Identity *identity.Service
	// Probed is told what number a stranger wants to be connected with who may not
	// be, and says what that shows, "" where it shows nothing; nil: nobody asks.
	Probed func(source netip.Addr, user string, now time.Time) string
	// Traps are the numbers and addresses that somebody has marked as traps,
	// besides those of the site; nil: none.
	Traps *lists.Lists
	// Accusing are the signals by which a verdict about a stranger bans him, and
	// for what.
	Accusing map[string]guard.FailureKind
	// Posing are the signals of a search that ban a stranger who is not let through and says that he is one of us.
	Posing []string
	// Storming are the signals of which one at full strength counts a stranger who is refused as one who scans, callee by callee.
	Storming []string
	// Trapping are the signals of a trap. Whom nothing else gets rejected is answered as one who calls a user who is not there.
	Trapping []string
	// Calls follows what is let through until it has ended; nil: nobody does.
	Calls *calls.Table
}

// Recorder takes verdicts for the history. It copies and never blocks.
type Recorder interface {
	Record(v *verdict.Verdict)
	// Respond adds the response that an attempt got in the end to its record.
	Respond(id string, r verdict.Response)
}

// Border decides about requests. Make it by New, then call Connect before the
// first message.
type Border struct {
	cfg              Config
	site             atomic.Pointer[Site]
	layer            *txn.Layer
	proxy            *proxy.Proxy
	answers          answers
	visits           sync.Pool // of *visit
	messages         sync.Pool // of *arrival
	outboxes         sync.Pool // of txn.Flusher
	followers        sync.Pool // of *follower
	strangers, known shedder
	lines            perSecond
	unanswered       atomic.Int64 // when the log last said so
	draining         atomic.Bool
	sentry           *Sentry
	finder           finder
	challenges       challengeForms
	stats            counters
}

// New makes a Border.
func New(cfg Config) *Border {
	b := &Border{cfg: cfg}
	b.sentry = NewSentry(SentryConfig{Guard: cfg.Guard, Self: cfg.Self, Probed: cfg.Probed, Traps: cfg.Traps, Accusing: cfg.Accusing, Posing: cfg.Posing, Storming: cfg.Storming})
	b.site.Store(cfg.Site)
	b.finder.again = make(chan struct{}, 1)
	b.answers.init()
	b.visits.New = func() any { return new(visit) }
	b.messages.New = func() any { return new(arrival) }
	b.outboxes.New = func() any { return cfg.Outbox() }
	b.followers.New = func() any { return new(follower) }
	return b
}

// Connect gives the Border the layer it is the core of, and its proxy.
func (b *Border) Connect(l *txn.Layer, p *proxy.Proxy) { b.layer, b.proxy = l, p }

// SetSite replaces the configuration; requests that are being decided finish
// with the old one.
func (b *Border) SetSite(s *Site) {
	b.finder.settle(s)
	b.site.Store(s)
	select {
	case b.finder.again <- struct{}{}:
	default:
	}
}

// Site returns the configuration in force.
func (b *Border) Site() *Site { return b.site.Load() }

// visit is one request on its way through the border.
type visit struct {
	b    *Border
	site *Site
	sh   *txn.Shard
	in   *txn.Incoming
	out  txn.Sender
	edit sip.Edit

	key       uint64 // the same for each retransmission
	from      sender
	routing   proxy.Routing
	domain    *Domain
	targets   []proxy.Target
	pass      proxy.Pass
	fw        proxy.Forward
	attempt   screen.Attempt
	verdict   verdict.Verdict
	server    *txn.Server // made early where the verdict has to wait
	labelled  bool
	signature *stir.Result // what became of the caller's signature; nil: nobody looked
	added     []byte       // header lines of ours for whoever is next
	rules     *Rules       // of the called user; nil: the domain's
	owner     string       // of the telephone that the Request-URI names by its Contact; "": it names no telephone
	nobody    bool         // the callee is not there
	trapped   bool         // it tries a trap
	help      bool         // it calls for help
	veil      proxy.Veil   // nil: its sender hears what is answered
	spared    string       // why it is relayed whatever the checks say; "": it is not, or they are not asked
}

// Request takes a new request: the whole story, in order.
func (b *Border) Request(sh *txn.Shard, in *txn.Incoming, out txn.Sender) {
	v := b.visits.Get().(*visit)
	v.begin(b, sh, in, out)
	if v.arrive() && v.identify() && v.address() && v.screen() {
		v.act()
		v.record()
	}
	v.end()
}

func (v *visit) begin(b *Border, sh *txn.Shard, in *txn.Incoming, out txn.Sender) {
	v.b, v.site, v.sh, v.in, v.out = b, b.site.Load(), sh, in, out
	v.edit.Begin(in.Msg)
}

// end gives the visit back. What it pointed to is let go; its buffers stay.
func (v *visit) end() {
	signals, targets := v.verdict.Signals[:0], v.targets[:0]
	b := v.b
	v.attempt = screen.Attempt{}
	v.verdict = verdict.Verdict{Signals: signals}
	v.targets = targets
	v.b, v.site, v.sh, v.in, v.out, v.domain, v.server, v.labelled, v.nobody, v.trapped = nil, nil, nil, nil, nil, nil, nil, false, false, false
	v.from, v.fw, v.pass = sender{}, proxy.Forward{}, proxy.Pass{}
	v.signature, v.added, v.rules = nil, nil, nil
	v.help, v.spared, v.owner, v.veil = false, "", "", nil
	b.visits.Put(v)
}

// Ack forwards the ACK of a 2xx along the dialog's route. Any other is dropped
// without cost: there is nothing to answer an ACK with.
func (b *Border) Ack(sh *txn.Shard, in *txn.Incoming, out txn.Sender) {
	v := b.visits.Get().(*visit)
	v.begin(b, sh, in, out)
	v.ack()
	v.end()
}

// Cancel answers a CANCEL that matches nothing (RFC 3261 §9.2).
func (b *Border) Cancel(sh *txn.Shard, in *txn.Incoming, out txn.Sender) {
	v := b.visits.Get().(*visit)
	v.begin(b, sh, in, out)
	v.identify()
	v.refuse(481, "", "")
	v.end()
}

// Response takes a response that matches no transaction.
func (b *Border) Response(sh *txn.Shard, in *txn.Incoming, out txn.Sender) {
	b.byeAnswered(in.Msg, in.Packet.Now)
	b.proxy.StrayResponse(sh, in, out)
}

// Late2xx passes on a 2xx that came after the first.
func (b *Border) Late2xx(sh *txn.Shard, up *txn.Upstream, in *txn.Incoming, out txn.Sender) {
	b.proxy.Late2xx(sh, up, in, out)
}

// Do runs f inside the shard of a call from outside wire's goroutines, and
// sends what it left.
func (b *Border) Do(callID []byte, f func(sh *txn.Shard, now int64, out txn.Sender)) {
	out := b.outboxes.Get().(txn.Flusher)
	b.layer.Do(callID, func(sh *txn.Shard) { f(sh, b.cfg.Clock(), out) })
	out.Flush()
	b.outboxes.Put(out)
}

// Meter is the transaction layer's meter: what leaves for a stranger on UDP
// never exceeds three times what came from it (STANDARDS 5.6).
func (b *Border) Meter(f wire.Flow, in, out int, now int64, _ bool) bool {
	return b.cfg.Guard.MayReply(f.Remote.Addr(), in, out, now)
}

// Resume is Do for the proxy.
func (b *Border) Resume(callID []byte, f func(now int64, out txn.Sender)) {
	b.Do(callID, func(_ *txn.Shard, now int64, out txn.Sender) { f(now, out) })
}

// FlowOf returns the flow that a registered contact is reached by.
func (b *Border) FlowOf(u *uri.URI) (wire.Flow, bool) {
	if b.cfg.Registrar == nil {
		return wire.Flow{}, false
	}
	src, ok := b.cfg.Registrar.FlowOf(u, time.Now())
	return flowOf(src), ok
}

// OwnerOf returns who has registered a contact, "" where FlowOf finds none.
func (b *Border) OwnerOf(u *uri.URI) string {
	if b.cfg.Registrar == nil {
		return ""
	}
	return b.cfg.Registrar.OwnerOf(u, time.Now())
}

// Drain turns new calls away; what has begun goes on.
func (b *Border) Drain() { b.draining.Store(true) }

func addrOf(in *txn.Incoming) netip.Addr { return in.Packet.Flow.Remote.Addr() }
