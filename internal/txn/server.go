package txn

import (
	"bytes"
	"net/netip"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

// ServerUser is what a server transaction reports to.
type ServerUser interface {
	// Cancelled is called when a CANCEL, which in holds, has come for an INVITE
	// that has no final response yet. The CANCEL itself is already answered.
	Cancelled(s *Server, in *Incoming, out Sender)
	// Ended is called when nothing more will be reported, that is after the
	// final response; s is invalid afterwards.
	Ended(s *Server)
}

// Slow may be implemented by the user of a non-INVITE transaction, to answer 100
// in time.
type Slow interface {
	// Slow is called when nothing has been answered for as long as the client
	// may be left without (RFC 4320 §4.1).
	Slow(s *Server, now int64, out Sender)
}

type serverState uint8

const (
	serverTrying     serverState = iota // non-INVITE: nothing sent yet
	serverProceeding                    // provisional responses only
	serverCompleted                     // final response sent; INVITE: not acknowledged
	serverConfirmed                     // INVITE: acknowledged, absorbing
)

// Server is a server transaction (RFC 3261 §17.2). The Accepted state of
// RFC 6026 needs no object: see Shard.absorb.
type Server struct {
	timer    timer
	sh       *Shard
	user     ServerUser
	key      uint64
	dialog   uint64 // of an INVITE, for Shard.Accepted
	flow     wire.Flow
	last     []byte // the latest response, for retransmission; owned
	interval int64  // Timer G
	deadline int64  // Timer H, I or J; of a non-INVITE in Trying, when 100 is due
	size     int    // bytes of the request, for the meter
	came     int    // of a metered INVITE: all octets of it that have come …
	sent     int    // … and that went out for them; see holds
	toTag    string
	state    serverState
	invite   bool
	metered  bool
}

// NewServer makes the server transaction of a new request. The user may be set
// later by SetUser. A metered transaction asks Config.Meter before it sends.
func (sh *Shard) NewServer(in *Incoming, user ServerUser, toTag string, metered bool) *Server {
	s := sh.pool.server()
	s.sh = sh
	s.user = user
	s.toTag = toTag
	s.flow = ReturnFlow(in)
	s.size = len(in.Packet.Data)
	s.came = s.size
	s.invite = in.Msg.Method() == sip.INVITE
	s.metered = metered
	s.key = sh.RequestKey(in)
	if s.invite {
		s.state = serverProceeding
		s.dialog = sh.layer.hash.dialogKey(in.Msg, in.Packet.Flow.Remote.Addr())
	}
	s.timer.owner = s
	if !s.invite {
		s.deadline = in.Packet.Now + sh.layer.iv.slow
		sh.wheel.set(&s.timer, s.deadline)
	}
	sh.servers[s.key] = s
	sh.layer.active.Add(1)
	return s
}

// Flow returns the flow that the request came on and responses leave on.
func (s *Server) Flow() wire.Flow { return s.flow }

// Shard returns the shard that the transaction lives in.
func (s *Server) Shard() *Shard { return s.sh }

// SetUser says whom the transaction reports to from now on.
func (s *Server) SetUser(u ServerUser) { s.user = u }

// Metered reports whether the meter is asked before anything is sent.
func (s *Server) Metered() bool { return s.metered }

// Last returns the latest response that was sent, nil if none was. It is
// borrowed until the next one.
func (s *Server) Last() []byte { return s.last }

// ToTag returns the tag of the responses that we make ourselves.
func (s *Server) ToTag() string { return s.toTag }

// Final reports whether a final response has been sent.
func (s *Server) Final() bool { return s.state >= serverCompleted }

// Respond sends a response, whose status is given, and moves the machine. The
// final response ends the user's interest: a 2xx to an INVITE ends the
// transaction object at once (RFC 6026's Accepted state lives on without it).
func (s *Server) Respond(resp []byte, status int, now int64, out Sender) {
	if s.Final() {
		return
	}
	switch {
	case status < 200:
		// RFC 4320 §4.1: a non-INVITE gets no provisional response but 100.
		if !s.invite && status != 100 {
			return
		}
		s.state = serverProceeding
		s.send(resp, now, false, out)
		s.remember(resp)
	case s.invite && status < 300:
		s.send(resp, now, true, out)
		s.sh.absorb.add(s.key, struct{}{}, now+s.sh.layer.iv.n) // Timer L
		s.sh.dialogs.add(s.dialog, struct{}{}, now+s.sh.layer.iv.n)
		s.terminate()
	case s.invite:
		s.send(resp, now, true, out)
		s.remember(resp)
		s.complete(now)
		s.leave()
	default:
		s.send(resp, now, true, out)
		s.remember(resp)
		s.state = serverCompleted
		if s.flow.Transport.Reliable() {
			s.terminate() // Timer J = 0
			return
		}
		s.deadline = now + s.sh.layer.iv.n // Timer J
		s.sh.wheel.set(&s.timer, s.deadline)
		s.leave()
	}
}

// complete enters Completed after a final response other than 2xx
// (RFC 3261 §17.2.1).
func (s *Server) complete(now int64) {
	s.state = serverCompleted
	s.deadline = now + s.sh.layer.iv.n // Timer H
	if s.flow.Transport.Reliable() {
		s.sh.wheel.set(&s.timer, s.deadline)
		return
	}
	s.interval = s.sh.layer.iv.t1 // Timer G
	s.sh.wheel.set(&s.timer, now+s.interval)
}

// retransmitted absorbs a request that has come again: what was last said is
// said again, if anything.
func (s *Server) retransmitted(in *Incoming, out Sender) {
	s.size += len(in.Packet.Data)
	s.came += len(in.Packet.Data)
	if s.last == nil && s.invite && s.state == serverProceeding {
		// RFC 3261 §17.2.1: who sends again has to be told that it arrived.
		b := sip.AppendResponse(s.sh.Buffer(), in.Msg, &sip.Response{Status: 100, Source: in.Packet.Flow.Remote})
		s.Respond(b, 100, in.Packet.Now, out)
		s.sh.Release(b)
		return
	}
	if s.last != nil && s.state != serverConfirmed {
		s.send(s.last, in.Packet.Now, s.Final(), out)
	}
}

// ack ends the retransmissions of a final response other than 2xx.
func (s *Server) ack(now int64) {
	if !s.invite || s.state != serverCompleted {
		return
	}
	s.forget()
	if s.flow.Transport.Reliable() {
		s.terminate() // Timer I = 0
		return
	}
	s.state = serverConfirmed
	s.deadline = now + s.sh.layer.iv.t4 // Timer I
	s.sh.wheel.set(&s.timer, s.deadline)
}

// cancel answers a CANCEL and tells the user (RFC 3261 §9.2).
func (s *Server) cancel(in *Incoming, out Sender) {
	s.sh.answerCancel(in, s.toTag, out)
	if s.invite && !s.Final() && s.user != nil {
		s.user.Cancelled(s, in, out)
	}
}

// expire is called when the earliest of the transaction's timers is due.
func (s *Server) expire(now int64, out Sender) {
	if !s.Final() {
		if u, ok := s.user.(Slow); ok && s.state == serverTrying {
			u.Slow(s, now, out)
		}
		return
	}
	if now >= s.deadline {
		s.terminate() // Timer H, I or J
		return
	}
	// RFC 3261 §17.2.1: Timer G doubles up to T2.
	s.size = 0
	s.send(s.last, now, true, out)
	s.interval = min(2*s.interval, s.sh.layer.iv.t2)
	next := s.timer.due + s.interval
	if next <= now {
		next = now + s.interval
	}
	s.sh.wheel.set(&s.timer, min(next, s.deadline))
}

// send sends a response to where the request came from (RFC 3261 §18.2.2,
// RFC 3581 §4).
func (s *Server) send(resp []byte, now int64, final bool, out Sender) {
	if s.metered {
		if !final && s.holds(resp) {
			return
		}
		in := s.size
		s.size = 0
		if m := s.sh.layer.meter; m != nil && !m(s.flow, in, len(resp), now, final) {
			return
		}
		s.sent += len(resp)
	}
	out.Send(wire.Dest{Flow: s.flow}, 0, resp)
}

// What a metered INVITE has to leave room for, in octets, before a provisional
// response goes out for it.
const (
	perOctet   = 3    // what one octet of a request pays for, as in package guard
	ringRoom   = 1900 // before 100: a 180, and a 2xx with a session description
	answerRoom = 600  // before a 180: what a 2xx has more than that
)

// holds tells whether a provisional response to a metered INVITE has to wait. It
// ends the caller's retransmissions (RFC 3261 §17.1.1.2), and nothing is earned any
// more for the final one then. A short INVITE pays for both when it has come again.
func (s *Server) holds(resp []byte) bool {
	if !s.invite {
		return false
	}
	keep := len(resp)
	switch {
	case bytes.HasPrefix(resp, []byte("SIP/2.0 100")):
		keep = ringRoom
	case bytes.HasSuffix(resp, []byte("\r\n\r\n")): // else it has a session description as well
		keep += answerRoom
	}
	return perOctet*s.came-s.sent-len(resp) < keep
}

func (s *Server) remember(resp []byte) {
	s.forget()
	s.last = s.sh.pool.copyOf(resp)
}

func (s *Server) forget() {
	s.sh.Release(s.last)
	s.last = nil
}

// Mute ends a non-INVITE that nobody answered in time: no final response may be
// sent (RFC 4320 §4.2), and retransmissions are absorbed as if one had been.
func (s *Server) Mute(now int64) {
	s.forget()
	s.state = serverCompleted
	s.deadline = now + s.sh.layer.iv.n
	s.sh.wheel.set(&s.timer, s.deadline)
	s.leave()
}

// Terminate ends the transaction without a response.
func (s *Server) Terminate() { s.terminate() }

func (s *Server) terminate() {
	sh := s.sh
	sh.wheel.stop(&s.timer)
	delete(sh.servers, s.key)
	sh.layer.active.Add(-1)
	s.forget()
	s.leave()
	sh.pool.putServer(s)
}

// leave lets the user go: what follows concerns the transaction only.
func (s *Server) leave() {
	if u := s.user; u != nil {
		s.user = nil
		u.Ended(s)
	}
}

// answerCancel answers 200 to a CANCEL. It keeps no state: a retransmitted
// CANCEL meets the same INVITE and gets the same answer.
func (sh *Shard) answerCancel(in *Incoming, toTag string, out Sender) {
	if toTag == "" {
		toTag = "late"
	}
	sh.Reply(in, &sip.Response{Status: 200, ToTag: toTag}, out)
}

// ReturnFlow is the flow that responses to a request leave on: its connection, and
// where that is gone by then, one to the port that Via names; from UDP its source
// address with the port that rport asks for or Via names (RFC 3261 §18.2.2, RFC
// 3581 §4). Never where Via says a host is.
func ReturnFlow(in *Incoming) wire.Flow {
	f, v := in.Packet.Flow, in.Msg.Via()
	if f.Conn == 0 && v.RPort >= 0 {
		return f
	}
	port := v.Port
	switch {
	case port != 0:
	case v.Transport.Secure():
		port = 5061
	default:
		port = 5060
	}
	f.Remote = netip.AddrPortFrom(f.Remote.Addr(), port)
	return f
}

// Reply answers a request without a transaction (RFC 3261 §8.2.7).
func (sh *Shard) Reply(in *Incoming, r *sip.Response, out Sender) {
	r.Source = in.Packet.Flow.Remote
	b := sip.AppendResponse(sh.Buffer(), in.Msg, r)
	out.Send(wire.Dest{Flow: ReturnFlow(in)}, 0, b)
	sh.Release(b)
}
