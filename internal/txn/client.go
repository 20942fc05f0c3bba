package txn

import (
	"bytes"
	"errors"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

// ClientUser is what a client transaction reports to.
type ClientUser interface {
	// Response is called for every response but those that only concern the
	// transaction (retransmissions, and answers to its CANCEL). Of an
	// abandoned one only a 2xx is reported.
	Response(c *Client, in *Incoming, out Sender)
	// Failed is called when there will be no final response: err is ErrTimeout
	// (Timer B, F or C) or says why the request could not be delivered. The
	// transaction ends after the call, unless it is Abandoned.
	Failed(c *Client, err error, now int64, out Sender)
	// Ended is called when nothing more will be reported; c is invalid afterwards.
	Ended(c *Client)
}

// ErrTimeout says that no final response came in time (Timer B, F or C).
var ErrTimeout = errors.New("txn: no response in time")

type clientState uint8

const (
	clientCalling    clientState = iota // Calling, or Trying for a non-INVITE
	clientProceeding                    // provisional response seen
	clientCompleted                     // final response seen, absorbing its retransmissions
)

// Client is a client transaction (RFC 3261 §17.1). The Accepted state of
// RFC 6026 needs no object: see Shard.late.
type Client struct {
	timer     timer
	sh        *Shard
	user      ClientUser
	id        uint64
	dest      wire.Dest
	request   []byte // as sent, for retransmission, CANCEL and ACK; owned
	reason    string // why it is cancelled
	ack       []byte // the ACK of a final response other than 2xx; owned
	interval  int64  // Timer A or E; 0 = none
	resend    int64  // when it fires
	deadline  int64  // Timer B, F, C, D or K
	giveUp    int64  // Timer B or F, whatever patience the user has
	method    sip.Method
	state     clientState
	cancelled bool // a CANCEL was asked for
	sentCANC  bool // and has been sent
	heard     bool // a provisional response has come
	abandoned bool // the user has lost patience
}

// ReserveID makes the id that the branch of a coming request is written with.
func (sh *Shard) ReserveID() uint64 { return sh.newID() }

// NewClient makes a client transaction for a request whose top Via carries the
// branch of id (see AppendBranch), and sends it. The request is a buffer of
// the shard (see Buffer) that the transaction owns from now on.
func (sh *Shard) NewClient(id uint64, method sip.Method, request []byte, to wire.Dest, user ClientUser, now int64, out Sender) *Client {
	c := sh.pool.client()
	c.sh = sh
	c.user = user
	c.id = id
	c.dest = to
	c.request = request
	c.method = method
	c.timer.owner = c
	sh.clients[id] = c
	sh.layer.active.Add(1)
	// RFC 3261 §17.1.1.2 and §17.1.2.2: Timers B and F bound the wait, A and E
	// retransmit on unreliable transports.
	c.deadline = now + sh.layer.iv.n
	c.giveUp = c.deadline
	if !to.Transport.Reliable() {
		c.interval = sh.layer.iv.t1
		c.resend = now + c.interval
	}
	c.arm()
	out.Send(to, id, request)
	return c
}

// ID returns the number in the transaction's branch.
func (c *Client) ID() uint64 { return c.id }

// Dest returns where the request was sent.
func (c *Client) Dest() wire.Dest { return c.dest }

// Method returns the request's method.
func (c *Client) Method() sip.Method { return c.method }

// Pending reports whether a final response is still to come.
func (c *Client) Pending() bool { return c.state < clientCompleted }

// Provisional reports whether a provisional response has come.
func (c *Client) Provisional() bool { return c.heard }

// SetDeadline moves the time until which a final response is awaited: Timer C
// of a proxy (RFC 3261 §16.6 step 11), or an earlier end of patience where
// another target can be tried.
func (c *Client) SetDeadline(at int64) {
	if c.Pending() && !c.cancelled {
		c.deadline = at
		c.arm()
	}
}

// arm sets the timer for the earliest of what is awaited.
func (c *Client) arm() {
	due := c.deadline
	if c.interval > 0 {
		due = min(due, c.resend)
	}
	c.sh.wheel.set(&c.timer, due)
}

// response moves the machine and tells the user (RFC 3261 §17.1.1.2, 17.1.2.2,
// RFC 6026 §7.2).
func (c *Client) response(in *Incoming, out Sender) {
	status, now := in.Msg.Status(), in.Packet.Now
	switch {
	case c.state == clientCompleted:
		if c.ack != nil && status >= 300 {
			out.Send(c.dest, 0, c.ack)
		}
	case status < 200:
		c.provisional(in, now, out)
	case c.method == sip.INVITE && status < 300:
		c.accepted(in, now, out)
	default:
		c.final(in, now, out)
	}
}

func (c *Client) provisional(in *Incoming, now int64, out Sender) {
	first := !c.heard
	c.state, c.heard = clientProceeding, true
	switch {
	case !first:
	case c.method != sip.INVITE:
		// RFC 3261 §17.1.2.2: Timer E goes on, at T2 from its next firing;
		// whoever has answered at all has until Timer F.
		c.deadline = c.giveUp
		c.arm()
	case c.cancelled:
		c.interval = 0
		c.sendCancel(now, out)
	default:
		// RFC 3261 §17.1.1.2: no retransmission and no deadline in Proceeding;
		// the proxy's Timer C (§16.6 step 11, more than three minutes) is the
		// only one.
		c.interval = 0
		c.deadline = now + timerC
		c.arm()
	}
	if !c.abandoned {
		c.user.Response(c, in, out)
	}
}

// timerC is more than three minutes (RFC 3261 §16.6 step 11); a proxy moves it
// by SetDeadline on each provisional response but 100.
const timerC = int64(181e9)

// accepted passes the 2xx on and leaves the rest to Shard.late.
func (c *Client) accepted(in *Incoming, now int64, out Sender) {
	c.state = clientCompleted
	c.user.Response(c, in, out)
	c.terminate()
}

// Linger makes later 2xx responses of this INVITE go upstream by Core.Late2xx
// for 64*T1 (Timer M of RFC 6026). A callee repeats its 2xx until it is
// acknowledged, so metered ones are subject to Config.Meter like all else that
// goes to a stranger.
func (c *Client) Linger(up Upstream, now int64) {
	c.sh.late.add(c.id, up, now+c.sh.layer.iv.n)
}

func (c *Client) final(in *Incoming, now int64, out Sender) {
	c.state = clientCompleted
	c.interval = 0
	if c.method == sip.INVITE {
		c.ack = c.sh.appendAck(c.sh.Buffer(), c.request, in.Msg)
		out.Send(c.dest, 0, c.ack)
	}
	c.releaseRequest()
	if !c.abandoned {
		c.user.Response(c, in, out)
	}
	c.leave()
	if c.dest.Transport.Reliable() {
		c.terminate() // Timers D and K are zero
		return
	}
	c.deadline = now + c.sh.layer.iv.t4 // Timer K
	if c.method == sip.INVITE {
		c.deadline = now + c.sh.layer.iv.d // Timer D
	}
	c.arm()
}

// expire is called when the earliest of the transaction's timers is due.
func (c *Client) expire(now int64, out Sender) {
	if now < c.deadline {
		out.Send(c.dest, c.id, c.request) // Timer A or E
		c.interval *= 2                   // RFC 3261 §17.1.1.2
		if c.method != sip.INVITE {
			c.interval = min(c.interval, c.sh.layer.iv.t2)
			if c.state == clientProceeding {
				c.interval = c.sh.layer.iv.t2
			}
		}
		// Counted from when it was due, not from the tick that came: ticks do
		// not add up.
		if c.resend += c.interval; c.resend <= now {
			c.resend = now + c.interval
		}
		c.arm()
		return
	}
	if !c.Pending() {
		c.terminate() // Timer D or K
		return
	}
	if c.method == sip.INVITE && c.state == clientProceeding && !c.cancelled {
		// RFC 3261 §16.8: Timer C fires on a branch that has had a
		// provisional response: it is cancelled, and then awaited.
		c.Cancel("", now, out)
		return
	}
	c.failed(ErrTimeout, now, out)
}

// failed ends the transaction without a final response.
func (c *Client) failed(err error, now int64, out Sender) {
	if !c.Pending() {
		return
	}
	if c.state == clientProceeding && !errors.Is(err, ErrTimeout) {
		return // somebody is there: a retransmission got lost, or an ICMP error is forged
	}
	if c.abandoned {
		c.terminate()
		return
	}
	impatient := c.method == sip.INVITE && c.state == clientCalling && errors.Is(err, ErrTimeout) && now < c.giveUp
	if impatient {
		c.abandon()
	} else {
		c.state = clientCompleted
	}
	c.user.Failed(c, err, now, out)
	if !impatient {
		c.terminate()
	}
}

// abandon leaves an INVITE to itself until Timer B. It may have been received all
// the same: if it rings after all it is cancelled, and if it is answered the user
// gets the 2xx.
func (c *Client) abandon() {
	c.cancelled, c.abandoned = true, true
	c.interval = 0
	c.deadline = c.giveUp
	c.arm()
}

// Abandoned reports whether the user lost patience (SetDeadline) before Timer B.
func (c *Client) Abandoned() bool { return c.abandoned }

// Cancel asks for the end of a pending INVITE. The CANCEL leaves at once if a
// provisional response has come, and otherwise with the first one
// (RFC 3261 §9.1). reason is the value of its Reason field (RFC 3326), which
// tells a telephone whether it has missed a call; empty for none.
func (c *Client) Cancel(reason string, now int64, out Sender) {
	if !c.Pending() || c.cancelled || c.method != sip.INVITE {
		return
	}
	c.cancelled, c.reason = true, reason
	if c.state == clientProceeding {
		c.sendCancel(now, out)
	}
}

func (c *Client) sendCancel(now int64, out Sender) {
	c.sentCANC = true
	// RFC 3261 §9.1: 64*T1 after the CANCEL the INVITE counts as cancelled.
	c.deadline = now + c.sh.layer.iv.n
	c.arm()
	b := c.sh.appendCancel(c.sh.Buffer(), c.request, c.reason)
	c.sh.NewClient(c.id|idCancel, sip.CANCEL, b, c.dest, ignore{}, now, out)
}

func (c *Client) releaseRequest() {
	c.sh.Release(c.request)
	c.request = nil
}

func (c *Client) terminate() {
	sh := c.sh
	sh.wheel.stop(&c.timer)
	delete(sh.clients, c.id)
	sh.layer.active.Add(-1)
	c.releaseRequest()
	sh.Release(c.ack)
	c.leave()
	sh.pool.putClient(c)
}

// leave lets the user go: what follows concerns the transaction only.
func (c *Client) leave() {
	if u := c.user; u != nil {
		c.user = nil
		u.Ended(c)
	}
}

// ignore is the user of a CANCEL: nothing follows from how it ends.
type ignore struct{}

func (ignore) Response(*Client, *Incoming, Sender)  {}
func (ignore) Failed(*Client, error, int64, Sender) {}
func (ignore) Ended(*Client)                        {}

// branchOfHead finds our branch in the first bytes of a request that an ICMP
// error quotes. It is in the first Via, which we wrote; in the Vias below and in
// responses it may stand too, where a request has come back to us on a spiral,
// but says nothing about what could not be delivered.
func branchOfHead(head []byte) (uint64, bool) {
	if bytes.HasPrefix(head, []byte("SIP/2.0 ")) {
		return 0, false
	}
	_, via, _ := bytes.Cut(head, []byte("\r\nVia: "))
	via, _, _ = bytes.Cut(via, []byte("\r\n"))
	i := bytes.Index(via, []byte(branchPrefix))
	if i < 0 {
		return 0, false
	}
	return parseBranch(via[i:])
}
