package proxy

import (
	"errors"
	"strconv"
	"time"

	"gatehouse.example/internal/locate"
	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

// timerC is the patience with a ringing branch: more than three minutes
// (RFC 3261 §16.6 step 11).
const timerC = int64(3*time.Minute + time.Second)

// Response takes a response of one branch (§16.7).
func (x *exchange) Response(c *txn.Client, in *txn.Incoming, out txn.Sender) {
	now, status := in.Packet.Now, in.Msg.Status()
	if x.witness != nil && status > 100 {
		x.witness.Heard(in.Msg, now)
	}
	if c.Abandoned() {
		// Silent for too long, and then answered: by a 2xx, or we were not told.
		x.success(c, in, now, out)
		x.settle(now, out)
		return
	}
	i, b := x.branchOf(c)
	if b == nil {
		return
	}
	if !x.reached || status >= 200 {
		x.p.cfg.Locator.Good(b.hops[b.hop-1])
	}
	x.reached = true
	switch {
	case status == 100:
	case status < 200:
		if x.method == sip.INVITE {
			c.SetDeadline(now + timerC) // §16.7 step 2
		}
		x.passOn(in, status, now, out)
	case status < 300:
		b.pending = false
		x.success(c, in, now, out)
	case status == 503 && x.failover(b, in, now, out):
	case status == 420 && x.withoutPath(b, in, now, out):
	default:
		b.pending = false
		x.keep(i, in)
		if status >= 600 {
			// §16.7 step 5: a 6xx ends the search, but is sent when the
			// others have answered, INVITEs their CANCEL.
			x.done = true
			x.cancelPending("SIP;cause="+strconv.Itoa(status), now, out)
		}
	}
	x.settle(now, out)
}

// elsewhere tells the other telephones of a group that they missed nothing (RFC 3326 §3.1).
const elsewhere = `SIP;cause=200;text="Call completed elsewhere"`

// success sends every 2xx upstream at once (§16.7 step 5).
func (x *exchange) success(c *txn.Client, in *txn.Incoming, now int64, out txn.Sender) {
	x.done = true
	first := x.server != nil
	if x.method == sip.INVITE || !first || !x.veiled(in.Msg.Status(), now, out) {
		x.passOn(in, in.Msg.Status(), now, out)
	}
	if x.method == sip.INVITE {
		c.Linger(x.caller(), now)
	}
	if first {
		x.report(in.Msg.Status(), false, now)
		x.cancelPending(elsewhere, now, out)
	}
}

// caller is where late answers go.
func (x *exchange) caller() txn.Upstream {
	up := txn.Upstream{Flow: x.upstream, Metered: x.metered}
	if x.from != nil {
		from := string(x.from)
		up.From = &from
	}
	return up
}

// passOn forwards a response.
func (x *exchange) passOn(in *txn.Incoming, status int, now int64, out txn.Sender) {
	b, ok := x.strip(in)
	if ok {
		if x.server != nil {
			x.server.Respond(b, status, now, out)
		} else if x.method == sip.INVITE && status >= 200 && status < 300 && (!x.metered || x.sh.MayAnswer(x.upstream, len(b), now)) {
			// RFC 6026 §8.6: the second 2xx of a forked INVITE.
			out.Send(wire.Dest{Flow: x.upstream}, 0, b)
		}
	}
	x.sh.Release(b)
}

// strip writes a response as its caller gets it: without our Via (§16.7 step 3)
// and what its sender may not say, with the caller's own token, and with the From
// value as it came. It reports false where no Via is left: then the response was
// meant for us.
func (x *exchange) strip(in *txn.Incoming) ([]byte, bool) {
	sc, m := x.p.edits.Get().(*scratch), in.Msg
	defer x.p.edits.Put(sc)
	more := x.p.removeVia(in, &sc.edit)
	x.bindResponse(m, &sc.edit)
	complete(m, &sc.edit, x.upstream.Transport)
	if x.from != nil {
		sc.edit.Replace(m.From().Span, x.from)
	}
	return sc.edit.AppendTo(x.sh.Buffer()), more
}

// removeVia begins the edit of a response by removing the top Via, and what its
// sender may not say. It reports whether another Via follows.
func (p *Proxy) removeVia(in *txn.Incoming, e *sip.Edit) bool {
	e.Begin(in.Msg)
	vs := in.Msg.Values(sip.HeaderVia)
	vs.Next()
	e.DeleteValue(&vs)
	if p.cfg.Strip != nil {
		p.cfg.Strip(in, e)
	}
	e.Unfold()
	return vs.Next()
}

// keep compares a final response with the best one so far (§16.7 step 6).
func (x *exchange) keep(i int, in *txn.Incoming) {
	m, status := in.Msg, in.Msg.Status()
	if status == 401 || status == 407 {
		x.challenges = append(x.challenges, challenge{i, authLines(m)})
	}
	b, ok := x.strip(in)
	if !ok || !x.offer(status, b, i) {
		x.sh.Release(b)
	}
}

// offer takes a final response of branch i, nil where it is one of our own, if it
// is better than the best one so far.
func (x *exchange) offer(status int, resp []byte, i int) bool {
	if x.bestStatus != 0 && rank(status) >= rank(x.bestStatus) {
		return false
	}
	x.sh.Release(x.best)
	x.best, x.bestStatus, x.bestBranch = resp, status, i
	return true
}

// rank orders final responses, best first: 6xx; then the lowest class, and
// within 4xx those that tell the caller what to change first and silence last
// (§16.7 step 6; RFC 4320 §4.2: to other than an INVITE that may not be said).
func rank(status int) int {
	switch {
	case status >= 600:
		return 0
	case status == 401 || status == 407 || status == 415 || status == 420 || status == 484:
		return 4*100 - 50
	case status == 408:
		return 499
	case status == 503:
		return 599
	default:
		return status / 100 * 100
	}
}

func authLines(m *sip.Message) (lines []byte) {
	for _, f := range m.Fields() {
		if f.ID == sip.HeaderWWWAuthenticate || f.ID == sip.HeaderProxyAuthenticate {
			lines = append(lines, m.Text(f.Line)...)
		}
	}
	return lines
}

// failover goes on to the next hop after a 503 (RFC 3263 §4.3).
func (x *exchange) failover(b *branch, in *txn.Incoming, now int64, out txn.Sender) bool {
	hop := b.hops[b.hop-1]
	if d, ok := retryAfter(in.Msg); ok {
		x.p.cfg.Locator.Busy(hop, d)
	}
	if b.hop >= len(b.hops) || x.done || x.cancelled || x.base == nil {
		return false
	}
	x.p.stats.failovers.Add(1)
	x.proceed(b, now, out)
	return true
}

func retryAfter(m *sip.Message) (time.Duration, bool) {
	f, ok := m.First(sip.HeaderRetryAfter)
	if !ok {
		return 0, false
	}
	n := 0
	for _, c := range m.Text(f.Value) {
		if c < '0' || c > '9' || n > 1e6 {
			break
		}
		n = n*10 + int(c-'0')
	}
	return time.Duration(n) * time.Second, n > 0
}

// Failed takes the news that a hop has not answered or could not be reached.
func (x *exchange) Failed(c *txn.Client, err error, now int64, out txn.Sender) {
	i, b := x.branchOf(c)
	if b == nil {
		return
	}
	// Silence after a CANCEL, or of somebody who has rung, is not a dead hop.
	rang, hop, lost := c.Provisional(), b.hops[b.hop-1], errors.Is(err, wire.ErrLost)
	switch {
	case rang || x.cancelled:
	case lost && b.redials():
		b.hop--
	default:
		x.p.cfg.Locator.Failed(hop)
	}
	if !rang && !lost && hop.Transport == sip.TCP && b.hop < len(b.hops) && b.hops[b.hop].Addr == hop.Addr {
		x.p.noTCP.add(hop.Addr) // preferTCP's guess was wrong
	}
	if errors.Is(err, txn.ErrTimeout) && (rang || b.target.Only && b.target.Flow.Conn == 0) {
		x.offer(408, nil, i) // RFC 3261 §16.8; and a phone that is silent is not a server that is down
	}
	if c.Abandoned() {
		x.abandoned++
		b.client = nil
	}
	if !rang && !x.done && !x.cancelled && b.hop < len(b.hops) && x.base != nil {
		x.p.stats.failovers.Add(1)
		x.proceed(b, now, out)
	} else {
		b.pending = false
	}
	x.settle(now, out)
}

// redials tells whether the only hop that is left gets a second try, over a new
// connection: the old one may have been that of a PBX which has started anew since.
func (b *branch) redials() bool {
	if b.again || b.hop < len(b.hops) || !b.connects() {
		return false
	}
	b.again = true
	return true
}

// connects tells whether the last hop is reached by a connection that we may open.
func (b *branch) connects() bool {
	return b.hops[len(b.hops)-1].Transport != sip.UDP && !b.target.Flow.Remote.IsValid()
}

func (x *exchange) clientEnded(c *txn.Client) {
	if c.Abandoned() {
		x.abandoned--
	} else if _, b := x.branchOf(c); b != nil {
		b.client = nil
	}
}

var _ Locator = (*locate.Resolver)(nil)
