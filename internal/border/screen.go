package border

import (
	"context"
	"net/netip"
	"time"

	"gatehouse.example/internal/text"
	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

// KindOf tells what a request attempts.
func KindOf(m sip.Method) verdict.Kind {
	switch m {
	case sip.INVITE:
		return verdict.Call
	case sip.MESSAGE:
		return verdict.Message
	case sip.SUBSCRIBE:
		return verdict.Subscription
	case sip.REGISTER:
		return verdict.Registration
	case sip.PUBLISH:
		return verdict.Publication
	}
	return verdict.Other
}

// screen lets the checks report and the policy decide. It reports false when
// look-ups are needed: then the request waits in its server transaction and the
// rest of the story goes on from a worker.
func (v *visit) screen() bool {
	v.describe()
	if v.wantsProof() && v.postpone(verify) {
		return false
	}
	done := v.b.cfg.Engine.Cheap(&v.attempt, v.policy(), &v.verdict)
	switch {
	case v.spared != "":
		v.spare()
	case !done:
		return !v.postpone(lookUp)
	case v.wantsSignature():
		return !v.postpone(sign)
	}
	return true
}

// task is what a worker does first for a request.
type task uint8

const (
	verify task = iota // verify the caller's signature, then all the checks
	lookUp             // the checks that wait for the world
	sign               // nothing more to find out: sign what we send on
)

// work is the part of the story that may wait, on a worker. One deadline holds
// for all of it, from when a worker was asked for.
func (v *visit) work(ctx context.Context, t task, asked time.Time) {
	ctx, cancel := context.WithDeadline(ctx, asked.Add(v.policy().LookupDeadline))
	defer cancel()
	if t == verify {
		v.verify(ctx)
		if v.b.cfg.Engine.Cheap(&v.attempt, v.policy(), &v.verdict) {
			t = sign
		}
	}
	if t != sign {
		v.b.cfg.Engine.Lookup(ctx, &v.attempt, v.policy(), &v.verdict)
	}
	if v.wantsSignature() {
		v.sign()
	}
}

// describe fills in the attempt.
func (v *visit) describe() {
	wall := v.outline()
	a := &v.attempt
	found := text.Of(v.in.Msg)
	a.Text, a.Names, a.Opaque = found.Text, found.Names, found.Opaque
	if v.routing.Renamed {
		a.Earlier = "another address" // the token only says that it was not this one
	}
	v.exempted()
	v.describeClaim(wall)
	a.Describe(&v.verdict)
	v.verdict.Time = wall // what people read follows the clock on the wall
}

// outline fills in who calls whom from where, and returns the time on the wall.
func (v *visit) outline() (wall time.Time) {
	m, a, p := v.in.Msg, &v.attempt, v.in.Packet
	a.Time = time.Unix(0, p.Now)
	wall = time.Now()
	a.ID = v.b.cfg.NewID(wall)
	a.Kind = KindOf(m.Method())
	a.Source = p.Flow.Remote
	a.Transport = p.Flow.Transport.Lower()
	a.Peer = v.from.name()
	if f, ok := m.First(sip.HeaderUserAgent); ok {
		a.UserAgent = string(m.Text(f.Value))
	}
	v.describeCaller()
	if v.owner != "" {
		if u, err := uri.Parse([]byte(v.owner)); err == nil {
			a.SetTo(&u, v.site.Plan)
		}
	} else if v.routing.InDialog || a.Kind == verdict.Registration {
		// Inside a dialog the Request-URI is a Contact; that of a REGISTER names the domain alone, and To whose
		// registration it is (RFC 3261 §10.2).
		a.SetTo(m.ToURI(), v.site.Plan)
	} else {
		a.SetTo(&v.routing.URI, v.site.Plan)
	}
	if a.Outbound = v.pass.Outbound; !a.Outbound {
		a.To.User = a.To.Requested
		if v.domain != nil {
			v.rules = v.domain.rules(a.To.User, a.ToNumber)
		}
	}
	return wall
}

// leaves tells whether a request goes to the outside. Our PBX is screened for
// that alone: a call of it to elsewhere costs money, whoever has made it do that.
func (v *visit) leaves() bool {
	return v.pass.Outbound && !v.routing.InDialog && !v.routing.Phone.Remote.IsValid()
}

// waiting is a request whose verdict needs look-ups: a visit with its own copy
// of the message.
type waiting struct {
	visit  visit
	in     txn.Incoming
	msg    sip.Message
	packet wire.Packet
	data   []byte
	gone   bool // cancelled meanwhile
}

// postpone moves the visit to a worker. It reports false where no worker is free:
// then what is known so far has to do (fail open, counted).
func (v *visit) postpone(t task) bool {
	w := &waiting{packet: *v.in.Packet, data: append([]byte(nil), v.in.Packet.Data...)}
	w.packet.Data = w.data
	if w.msg.Parse(w.data) != nil {
		return false
	}
	w.in = txn.Incoming{Msg: &w.msg, Packet: &w.packet}
	w.visit = visit{
		b: v.b, site: v.site, sh: v.sh, in: &w.in, key: v.key, from: v.from, domain: v.domain, pass: v.pass, nobody: v.nobody, trapped: v.trapped, rules: v.rules,
		help: v.help, attempt: v.attempt, verdict: *v.verdict.Clone(),
	}
	w.visit.targets = append(w.visit.targets, v.targets...)
	w.visit.edit.Begin(&w.msg)
	v.b.proxy.Preroute(&w.msg, &w.visit.edit, &w.visit.routing)
	if !v.routing.InDialog {
		w.visit.routing.Leave()
	}
	b := v.b
	asked := time.Now()
	started := b.cfg.Go(func(ctx context.Context) {
		w.visit.work(ctx, t, asked)
		b.Do(w.msg.CallID(), func(_ *txn.Shard, now int64, out txn.Sender) { w.resume(now, out) })
	})
	if !started {
		b.stats.openForLack.Add(1)
		return false
	}
	w.visit.server = v.sh.NewServer(v.in, w, txn.ToTag(v.key), v.from.metered)
	if v.in.Msg.Method() == sip.INVITE {
		b.proxy.Trying(w.visit.server, v.in, v.out)
	}
	return true
}

// resume finishes the story in the shard.
func (w *waiting) resume(now int64, out txn.Sender) {
	v := &w.visit
	if !w.gone {
		v.out = out
		w.packet.Now = now
		v.act()
	}
	v.record()
}

// Cancelled answers 487: nothing has been forwarded yet.
func (w *waiting) Cancelled(s *txn.Server, _ *txn.Incoming, out txn.Sender) {
	w.gone = true
	w.visit.out = out
	w.visit.respond(&sip.Response{Status: 487, ToTag: s.ToTag(), Source: netip.AddrPort{}})
}

// Ended forgets the server transaction.
func (w *waiting) Ended(*txn.Server) { w.gone = true }
