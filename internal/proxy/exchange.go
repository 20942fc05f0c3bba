package proxy

import (
	"context"
	"errors"
	"sync"

	"gatehouse.example/internal/locate"
	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

// exchange is the response context of RFC 3261 §16.7: one request that is
// being forwarded, its branches, and the best response so far. It lives in a
// shard and belongs to whoever is inside.
type exchange struct {
	p          *Proxy
	sh         *txn.Shard
	server     *txn.Server // nil once a final response has been sent
	upstream   wire.Flow
	metered    bool // Forward.Metered
	observer   Observer
	witness    Witness   // the observer, where it is one
	veil       Veil      // nil: none
	id         string    // for the observer
	in         *listener // where the request came in
	at         *listener // where its dialog was opened, see Routing.opened
	method     sip.Method
	base       []byte // the request with the common edits, where another branch may follow
	targets    []Target
	next       int // first target that has not been started
	branches   []branch
	breadth    int
	loop       uint64 // of the request as it came (§16.6 step 8)
	from       []byte // Forward.From
	record     bool
	claims     claims         // the sender's, without hop; see bind.go
	token      [tokenLen]byte // what the request carries: the receiver's
	reply      [tokenLen]byte // what takes its place in the response: the sender's
	secure     bool           // Request-URI or next Route is a sips: URI
	back       []byte         // fl of the Record-Route; nil where the caller has an address
	path       []byte         // fp of our Path; nil = none
	answeredBy []byte         // the hop and tag that reply was made for

	best       []byte // best response so far, our Via removed
	bestStatus int
	bestBranch int
	challenges []challenge
	waiting    int // look-ups under way
	abandoned  int // client transactions of hops that were given up too early to be sure
	reached    bool
	cancelled  bool
	done       bool // a 2xx or 6xx has come, or the final response was sent
}

// branch is one target that has been started.
type branch struct {
	target  *Target
	client  *txn.Client // nil when nothing is pending
	hops    []locate.Hop
	hop     int // the next one to try
	share   int // Max-Breadth
	pending bool
	pathed  bool // the request had our Path
	again   bool // the last hop's connection was lost, and a new one tried
}

// challenge keeps the authentication headers of a 401 or 407.
type challenge struct {
	branch int
	lines  []byte
}

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

func (p *Proxy) newExchange(sh *txn.Shard, in *txn.Incoming, fw *Forward) *exchange {
	p.stats.live.Add(1)
	x := exchanges.Get().(*exchange)
	targets, branches, by := x.targets[:0], x.branches[:0], x.answeredBy[:0]
	*x = exchange{p: p, sh: sh, upstream: txn.ReturnFlow(in), metered: fw.Metered, observer: fw.Observer, veil: fw.Veil, id: fw.ID, method: in.Msg.Method(), branches: branches, answeredBy: by, breadth: 60}
	x.targets = append(targets, fw.Targets...)
	x.witness, _ = fw.Observer.(Witness)
	x.loop = p.loopValue(in.Msg)
	x.in, x.at = p.self.incoming(in.Packet.Flow, in.Packet.Local), fw.Routing.opened()
	if n, ok := maxBreadth(in.Msg); ok {
		x.breadth = min(n, 60) // RFC 5393 §5.3.3.1: the default is 60
	}
	if fw.From != nil {
		x.from = append([]byte(nil), fw.From...)
	}
	if dialogForming(x.method, fw.Routing) {
		x.record, x.secure = true, fw.Routing.secure()
		x.bindRequest(in.Msg, fw)
		if !fw.Routing.InDialog && (x.upstream.Conn != 0 || behindNAT(in)) {
			x.back = p.signer.appendFlow(nil, openerFlow, x.upstream, in.Msg.CallID(), in.Msg.From().Tag)
		}
	}
	if fw.Path {
		x.path = p.signer.appendFlow(nil, phoneFlow, phoneOf(in), nil, nil)
	}
	return x
}

// begin starts the first group. The common case is one target with one known
// hop that needs no second try: it is written straight from the request that came.
func (x *exchange) begin(in *txn.Incoming, fw *Forward, now int64, out txn.Sender) {
	if len(x.targets) == 1 {
		b := x.addBranch(&x.targets[0], x.breadth)
		x.next = 1
		if x.resolve(b, len(in.Packet.Data)) && len(b.hops) == 1 && !b.connects() && x.server.Last() != nil && x.path == nil && !twice(in.Msg, fw) {
			x.try(b, in.Msg, fw.Edit, now, out)
			return
		}
		x.base = fw.Edit.AppendTo(x.sh.Buffer())
		x.proceed(b, now, out)
		return
	}
	x.base = fw.Edit.AppendTo(x.sh.Buffer())
	x.nextGroup(now, out)
}

// twice tells whether both the Route set and the target change the Request-URI:
// then the second change needs the result of the first.
func twice(m *sip.Message, fw *Forward) bool {
	r := fw.Routing
	if r.HasNext && !isLoose(&r.Next) {
		return true
	}
	return fw.Targets[0].URI != "" && string(r.RequestURI) != string(m.RequestURI())
}

// nextGroup starts the next targets in order and reports whether there were
// any. A group that is wider than Max-Breadth goes on serially (RFC 5393 §5.3.3).
func (x *exchange) nextGroup(now int64, out txn.Sender) bool {
	if x.next >= len(x.targets) || x.cancelled || x.done {
		return false
	}
	first := x.next
	group := x.targets[first].Group
	for x.next < len(x.targets) && x.targets[x.next].Group == group && x.next-first < x.breadth {
		x.next++
	}
	share := max(1, x.breadth/(x.next-first))
	from := len(x.branches)
	for i := first; i < x.next; i++ {
		x.addBranch(&x.targets[i], share)
	}
	for i := from; i < len(x.branches); i++ {
		b := &x.branches[i]
		x.resolve(b, len(x.base))
		x.proceed(b, now, out)
	}
	return true
}

func (x *exchange) addBranch(t *Target, share int) *branch {
	if n := len(x.branches); n < cap(x.branches) {
		x.branches = x.branches[:n+1]
		b := &x.branches[n]
		*b = branch{target: t, hops: b.hops[:0], share: share, pending: true}
		return b
	}
	x.branches = append(x.branches, branch{target: t, share: share, pending: true})
	return &x.branches[len(x.branches)-1]
}

// resolve finds the hops of a branch without I/O, if that is possible.
func (x *exchange) resolve(b *branch, size int) bool {
	t := b.target
	if t.Flow.Remote.IsValid() {
		b.hops = append(b.hops, locate.Hop{Addr: t.Flow.Remote, Transport: t.Flow.Transport})
		return true
	}
	hops, ok := x.p.cfg.Locator.Cached(t.Next, b.hops)
	for i := 0; ok && i < len(t.Backup); i++ {
		hops, ok = x.p.cfg.Locator.Cached(t.Backup[i], hops)
	}
	if ok {
		x.p.cfg.Locator.Order(hops)
		b.hops = x.p.preferTCP(hops, t, size)
	}
	return ok
}

// preferTCP puts a TCP hop before each UDP hop when the request is too large
// for UDP (RFC 3261 §18.1.1); UDP stays as the fallback.
func (p *Proxy) preferTCP(hops []locate.Hop, t *Target, size int) []locate.Hop {
	if size+200 <= p.cfg.UDPLimit || t.Next.Transport == sip.TCP {
		return hops
	}
	for i := 0; i < len(hops); i++ {
		if hops[i].Transport != sip.UDP || p.noTCP.has(hops[i].Addr) {
			continue
		}
		tcp := hops[i]
		tcp.Transport = sip.TCP
		hops = append(hops, locate.Hop{})
		copy(hops[i+1:], hops[i:])
		hops[i] = tcp
		i++
	}
	return hops
}

// proceed tries the next hop of a branch, or looks its hops up, or gives it up.
func (x *exchange) proceed(b *branch, now int64, out txn.Sender) {
	switch {
	case b.hop < len(b.hops):
		sc := x.p.edits.Get().(*scratch)
		if sc.msg.ParseEdited(x.base) == nil {
			sc.edit.Begin(&sc.msg)
			x.try(b, &sc.msg, &sc.edit, now, out)
		} else {
			b.pending = false // cannot be: we built it
		}
		x.p.edits.Put(sc)
	case b.hop == 0:
		x.lookUp(b, out)
	default:
		b.pending = false
	}
}

// lookUp asks DNS on a worker and comes back into the shard with the answer.
func (x *exchange) lookUp(b *branch, out txn.Sender) {
	i := x.indexOf(b)
	next, size := append([]locate.Target{b.target.Next}, b.target.Backup...), len(x.base)
	var m sip.Message
	if m.ParseEdited(x.base) != nil {
		b.pending = false
		return
	}
	callID := append([]byte(nil), m.CallID()...)
	x.waiting++
	ok := x.p.cfg.Go(func(ctx context.Context) {
		hops, err := x.p.lookUpAll(ctx, next)
		x.p.cfg.Resume(callID, func(now int64, out txn.Sender) {
			x.located(i, hops, err, size, now, out)
		})
	})
	if !ok {
		x.waiting--
		b.pending = false
	}
}

// lookUpAll returns the hops of all targets in order, an error only where there
// are none.
func (p *Proxy) lookUpAll(ctx context.Context, targets []locate.Target) (all []locate.Hop, err error) {
	for _, t := range targets {
		hops, e := p.cfg.Locator.Lookup(ctx, t)
		if all = append(all, hops...); e != nil {
			err = e
		}
	}
	if len(all) > 0 {
		p.cfg.Locator.Order(all)
		err = nil
	}
	return all, err
}

// located goes on with a branch whose hops are known now.
func (x *exchange) located(i int, hops []locate.Hop, err error, size int, now int64, out txn.Sender) {
	x.waiting--
	b := &x.branches[i]
	switch {
	case x.done || x.cancelled || x.server == nil:
		b.pending = false
	case err != nil:
		b.pending = false
		if errors.Is(err, locate.ErrNotFound) && !b.target.Next.Trusted {
			x.offer(404, nil, i) // nobody serves this name: an answer of our own; the PBX's and a peer's is our operator's affair
		}
	default:
		b.hops = x.p.preferTCP(append(b.hops, hops...), b.target, size)
		if len(b.hops) == 0 {
			b.pending = false
		} else {
			x.proceed(b, now, out)
		}
	}
	x.settle(now, out)
}

func (x *exchange) indexOf(b *branch) int {
	for i := range x.branches {
		if &x.branches[i] == b {
			return i
		}
	}
	return -1
}

func (x *exchange) branchOf(c *txn.Client) (int, *branch) {
	for i := range x.branches {
		if x.branches[i].client == c {
			return i, &x.branches[i]
		}
	}
	return -1, nil
}

// pending reports whether a final response of any branch is still awaited.
func (x *exchange) pending() bool {
	for i := range x.branches {
		if x.branches[i].pending {
			return true
		}
	}
	return false
}

// cancelPending cancels what is left (§16.7 step 10) and says why (RFC 3326).
func (x *exchange) cancelPending(reason string, now int64, out txn.Sender) {
	for i := range x.branches {
		if c := x.branches[i].client; c != nil && x.branches[i].pending {
			c.Cancel(reason, now, out)
		}
	}
}

// release gives the context back once nothing refers to it any more.
func (x *exchange) release() {
	if x.server != nil || x.waiting > 0 || x.abandoned > 0 {
		return
	}
	for i := range x.branches {
		if x.branches[i].client != nil {
			return
		}
	}
	if x.p == nil {
		return
	}
	x.p.stats.live.Add(-1)
	x.sh.Release(x.base)
	x.sh.Release(x.best)
	x.base, x.best, x.challenges, x.observer, x.witness, x.veil, x.p, x.sh, x.id = nil, nil, nil, nil, nil, nil, nil, nil, ""
	exchanges.Put(x)
}
