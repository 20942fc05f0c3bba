package proxy

import (
	"bytes"
	"strconv"
	"time"

	"gatehouse.example/internal/txn"
	"gatehouse.example/sip"
)

// users splits the two faces that an exchange shows to its transactions, whose
// methods share names.
type (
	serverUser struct{ *exchange }
	clientUser struct{ *exchange }
)

// Cancelled passes the caller's CANCEL on to every branch (§16.10), with the
// reasons that it gives.
func (u serverUser) Cancelled(_ *txn.Server, in *txn.Incoming, out txn.Sender) {
	x, now := u.exchange, in.Packet.Now
	x.cancelled = true
	if x.witness != nil {
		x.witness.Cancelled(in.Msg)
	}
	x.cancelPending(reasons(in.Msg), now, out)
	for i := range x.branches {
		if x.branches[i].client == nil {
			x.branches[i].pending = false // still looking for its hop
		}
	}
	x.settle(now, out)
}

// stopping is the Reason that we give where a call rings and this server stops:
// once it is gone, nobody would pass the answer on.
const stopping = `SIP;cause=503;text="Service Unavailable"`

// Stop ends a call that nobody has answered: the callee rings no more, and the
// caller may try again.
func (u serverUser) Stop(_ *txn.Server, now int64, out txn.Sender) {
	x := u.exchange
	x.cancelled = true
	x.cancelPending(stopping, now, out)
	x.respond(503, "Retry-After: "+strconv.Itoa(stopRetry)+"\r\n", now, out)
}

// stopRetry is how many seconds a restart takes at most, as a rule.
const stopRetry = 10

// maxReasons bounds what a CANCEL of ours repeats of the caller's.
const maxReasons = 256

// reasons returns the values of a request's Reason fields (RFC 3326) on one line.
func reasons(m *sip.Message) string {
	var b []byte
	for vs := m.Values(sip.HeaderReason); vs.Next(); {
		text := vs.Text()
		if len(b)+len(text)+2 > maxReasons || bytes.ContainsAny(text, "\r\n") {
			continue
		}
		if len(b) > 0 {
			b = append(b, ", "...)
		}
		b = append(b, text...)
	}
	return string(b)
}

// Slow answers 100 to a non-INVITE (RFC 4320 §4.1).
func (u serverUser) Slow(s *txn.Server, now int64, out txn.Sender) {
	x := u.exchange
	if b, ok := x.answer(&sip.Response{Status: 100}); ok {
		s.Respond(b, 100, now, out)
		x.sh.Release(b)
	}
}

// Ended forgets the server transaction.
func (u serverUser) Ended(*txn.Server) {
	u.exchange.server = nil
}

// Ended forgets a client transaction.
func (u clientUser) Ended(c *txn.Client) {
	u.exchange.clientEnded(c)
	u.exchange.release()
}

// settle goes on when every branch has ended: with the next group, or with the
// final response (§16.7 step 6). It is the last thing that an event does.
func (x *exchange) settle(now int64, out txn.Sender) {
	for x.server != nil && !x.pending() {
		if !x.nextGroup(now, out) {
			x.finish(now, out)
			break
		}
	}
	x.release()
}

// finish sends the final response.
func (x *exchange) finish(now int64, out txn.Sender) {
	switch {
	case x.method != sip.INVITE && x.bestStatus == 408:
		// RFC 4320 §4.2: a non-INVITE that nobody answered gets no 408, be it
		// ours or somebody else's.
		x.report(0, true, now)
		x.server.Mute(now)
	case x.cancelled && (x.best == nil || x.bestStatus == 408):
		x.respond(487, "", now, out)
	case x.best != nil:
		if !x.veiled(x.bestStatus, now, out) {
			x.finishBest(now, out)
		}
	case x.bestStatus != 0:
		x.respond(x.bestStatus, "", now, out)
	case len(x.targets) > 0 && x.targets[0].Phone:
		x.respond(480, "", now, out)
	case len(x.targets) > 0 && x.targets[0].Only:
		// RFC 5626 §5.3: the flow is gone; the phone will open another.
		x.respond(430, "", now, out)
	default:
		// Nobody behind us answers: we know that we cannot serve, so a 503 is
		// ours to send, and says when to come back (§16.7 step 6, §21.5.4).
		x.p.stats.unreachable.Add(1)
		secs := int(x.p.cfg.RetryAfter / time.Second)
		x.respond(503, "Retry-After: "+strconv.Itoa(secs)+"\r\n", now, out)
	}
}

// finishBest sends the best response, with every challenge in it (§16.7 step 7)
// and 503 made into 500 (step 6): that a server behind us is overloaded does
// not mean that we are.
func (x *exchange) finishBest(now int64, out txn.Sender) {
	sc := x.p.edits.Get().(*scratch)
	defer x.p.edits.Put(sc)
	status, resp := x.bestStatus, x.best
	auth := status == 401 || status == 407
	if status == 503 || auth && len(x.challenges) > 1 {
		if sc.msg.ParseEdited(x.best) == nil {
			sc.edit.Begin(&sc.msg)
			if status == 503 {
				status = 500
				first := sc.msg.Fields()[0].Line.Start
				sc.edit.Replace(sip.Span{Start: 0, End: first}, []byte("SIP/2.0 500 Server Internal Error\r\n"))
			}
			if auth {
				for _, ch := range x.challenges {
					if ch.branch != x.bestBranch {
						sc.edit.Insert(sc.msg.HeadersEnd(), ch.lines)
					}
				}
			}
			resp = sc.edit.AppendTo(x.sh.Buffer())
			defer x.sh.Release(resp)
		}
	}
	x.report(status, false, now)
	x.server.Respond(resp, status, now, out)
}

// veiled answers in place of a final response of the other side, where its status is not for the caller's ears.
func (x *exchange) veiled(status int, now int64, out txn.Sender) bool {
	if x.veil == nil {
		return false
	}
	r, ok := x.veil.Instead(status)
	if ok {
		x.send(&r, status, false, now, out)
	}
	return ok
}

// respond answers the request with a response of our own.
func (x *exchange) respond(status int, headers string, now int64, out txn.Sender) {
	x.send(&sip.Response{Status: status, Headers: []byte(headers)}, status, true, now, out)
}

// send sends a final response that we write; the observer is told the status of the one that it stands for.
func (x *exchange) send(r *sip.Response, status int, local bool, now int64, out txn.Sender) {
	r.ToTag = x.server.ToTag()
	b, ok := x.answer(r)
	if !ok {
		x.server.Terminate()
		return
	}
	x.report(status, local, now)
	x.server.Respond(b, r.Status, now, out)
	x.sh.Release(b)
}

// answer writes a response of our own in a buffer of the shard.
func (x *exchange) answer(r *sip.Response) ([]byte, bool) {
	sc := x.p.edits.Get().(*scratch)
	defer x.p.edits.Put(sc)
	if sc.msg.ParseEdited(x.request()) != nil {
		return nil, false
	}
	b := sip.AppendResponse(x.sh.Buffer(), &sc.msg, r)
	if x.from == nil || sc.msg.ParseEdited(b) != nil {
		return b, true
	}
	sc.edit.Begin(&sc.msg)
	sc.edit.Replace(sc.msg.From().Span, x.from)
	restored := sc.edit.AppendTo(x.sh.Buffer())
	x.sh.Release(b)
	return restored, true
}

// request returns something that the request's Via, From, To, Call-ID and CSeq
// can be read from: the request itself where it was kept, else the latest
// provisional response to it, which repeats them.
func (x *exchange) request() []byte {
	if x.base != nil {
		return x.base
	}
	return x.server.Last()
}

func (x *exchange) report(status int, local bool, now int64) {
	if x.observer != nil {
		x.observer.Answered(x.id, status, local, now)
		x.observer, x.witness = nil, nil
	}
}
