package txn

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gatehouse.example/sip"
)

func (r *rig) receiveBob(text string) []letter { r.t.Helper(); return r.receive(sip.UDP, bob, text) }

func TestClientInviteTimersAAndB(t *testing.T) {
	r := newRig(t)
	r.client("INVITE", sip.UDP, "")
	// Timer A doubles without limit, Timer B ends it.
	r.wantAt(r.pass(31900*ms), 500*ms, 1500*ms, 3500*ms, 7500*ms, 15500*ms, 31500*ms)
	r.wantHeard("")
	r.wantSent(r.pass(100*ms + 2*tick))
	r.wantHeard("failed: txn: no response in time, client ended")
	r.wantIdle()
}

func TestClientNonInviteTimersEAndF(t *testing.T) {
	r := newRig(t)
	r.client("MESSAGE", sip.UDP, "")
	r.wantAt(r.pass(31900*ms), 500*ms, 1500*ms, 3500*ms, 7500*ms, 11500*ms, 15500*ms, 19500*ms, 23500*ms, 27500*ms, 31500*ms)
	r.pass(100*ms + 2*tick)
	r.wantHeard("failed: txn: no response in time, client ended")
	r.wantIdle()
}

func TestClientNonInviteProceeding(t *testing.T) {
	r := newRig(t)
	c, req := r.client("MESSAGE", sip.UDP, "")
	c.SetDeadline(r.now + int64(4*sec)) // somebody's patience
	r.pass(600 * ms)
	r.receiveBob(response(req, 100, ""))
	// The timer that runs goes on; from then on it is T2, and Timer F ends it.
	r.wantAt(r.pass(31*sec), 1500*ms, 5500*ms, 9500*ms, 13500*ms, 17500*ms, 21500*ms, 25500*ms, 29500*ms)
	r.pass(400*ms + 2*tick)
	r.wantHeard("response 100, failed: txn: no response in time, client ended")
	r.wantIdle()
}

func TestClientOnReliableTransportIsSilent(t *testing.T) {
	for _, method := range []string{"INVITE", "OPTIONS"} {
		r := newRig(t)
		c, req := r.client(method, sip.TCP, "")
		c.SetDeadline(r.now + int64(10*sec))
		r.wantSent(r.pass(9 * sec))
		if method == "OPTIONS" {
			r.receive(sip.TCP, bob, response(req, 100, ""))
		}
		r.receive(sip.TCP, bob, response(req, 404, "b1"))
		if r.layer.Active() != 0 {
			t.Errorf("%s: Timers D and K are not 0 on a reliable transport", method)
		}
		r.wantIdle()
	}
}

func TestClientNonInviteFinal(t *testing.T) {
	r := newRig(t)
	_, req := r.client("MESSAGE", sip.UDP, "")
	ok := response(req, 200, "b1")
	r.wantSent(r.receiveBob(ok))
	r.wantSent(r.pass(4900 * ms))
	r.wantSent(r.receiveBob(ok)) // Timer K absorbs
	r.pass(100*ms + 2*tick)
	r.receiveBob(ok)
	r.wantHeard("response 200, client ended, stray response")
	r.wantIdle()
}

func TestClientAcknowledgesRejection(t *testing.T) {
	r := newRig(t)
	_, req := r.client("INVITE", sip.UDP, "Route: <sip:edge.example.test;lr>,\r\n <sip:core.example.test;lr>\r\n")
	r.pass(600 * ms)
	busy := response(req, 486, "b9")
	out := r.receiveBob(busy)
	via, _, _ := strings.Cut(req[strings.Index(req, "Via: "):], "\r\n")
	want := "ACK sip:bob@192.0.2.80:5080 SIP/2.0\r\n" + via + "\r\n" +
		"Route: <sip:edge.example.test;lr>,\r\n <sip:core.example.test;lr>\r\n" +
		"From: \"Alice\" <sip:alice@elsewhere.test>;tag=a1\r\nTo: <sip:bob@example.test>;tag=b9\r\n" +
		"Call-ID: call-1\r\nCSeq: 7 ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
	if len(out) != 1 || out[0].text != want || out[0].to.Remote.String() != bob {
		t.Fatalf("got %v\nwant\n%s", out, want)
	}
	// Timer D: at least 32 s of repeating the ACK, and nothing else.
	r.wantSent(r.pass(31 * sec))
	if out := r.receiveBob(busy); len(out) != 1 || out[0].text != want {
		t.Errorf("retransmitted response: %v", out)
	}
	r.wantSent(r.receiveBob(response(req, 180, "b9")))
	r.wantSent(r.receiveBob(response(req, 200, "b9"))) // too late, and not to be acknowledged by us
	r.wantHeard("response 486, client ended")
	r.pass(1*sec + 2*tick)
	r.receiveBob(busy)
	r.wantHeard("stray response")
	r.wantIdle()
}

func TestClientInviteProceeding(t *testing.T) {
	r := newRig(t)
	c, req := r.client("INVITE", sip.UDP, "")
	r.receiveBob(response(req, 180, "b1"))
	r.wantSent(r.pass(100 * sec)) // no Timer A, no Timer B
	r.receiveBob(response(req, 200, "b1"))
	r.wantHeard("response 180, response 200, client ended")
	if again, _ := r.client("INVITE", sip.UDP, ""); again != c || again.Provisional() || !again.Pending() {
		t.Error("the transaction was not recycled, or not clean")
	}
	r.wantIdle()
}

// A 2xx is followed by its retransmissions and by those of other forks for
// 64*T1 (Timer M of RFC 6026), as the user has asked by Linger.
func TestClientLingers(t *testing.T) {
	r := newRig(t)
	sh := r.layer.shardFor([]byte("call-1"))
	id := sh.ReserveID()
	_, req := r.client("INVITE", sip.UDP, "")
	mine := AppendBranch(nil, id)
	i := strings.Index(req, branchPrefix)
	req = req[:i] + string(mine) + req[i+len(mine):]
	c := sh.NewClient(id, sip.INVITE, sh.Copy([]byte(req)), r.sent[0].to, lingeringNotes{clientNotes{r}}, r.now, r)
	_ = c
	r.receiveBob(response(req, 200, "b1"))
	r.pass(31 * sec)
	r.receiveBob(response(req, 200, "b1"))
	r.receiveBob(response(req, 200, "b2"))
	r.wantSent(r.receiveBob(response(req, 486, "b1")))
	r.wantHeard("response 200, client ended, late 200 for 192.0.2.80:5080, late 200 for 192.0.2.80:5080")
	r.pass(1*sec + 2*tick)
	r.receiveBob(response(req, 200, "b1"))
	r.wantHeard("failed: txn: no response in time, client ended, stray response")
	r.wantIdle()
}

type lingeringNotes struct{ clientNotes }

func (l lingeringNotes) Response(c *Client, in *Incoming, out Sender) {
	l.clientNotes.Response(c, in, out)
	c.Linger(Upstream{Flow: c.Dest().Flow}, in.Packet.Now)
}

func TestClientTimerC(t *testing.T) {
	r := newRig(t)
	c, req := r.client("INVITE", sip.UDP, "")
	r.receiveBob(response(req, 100, ""))
	r.pass(180 * sec)
	r.receiveBob(response(req, 180, "b1"))
	c.SetDeadline(r.now + timerC)
	r.wantSent(r.pass(180 * sec))
	r.wantSent(r.pass(1*sec+2*tick), "CANCEL sip:bob@192.0.2.80:5080 SIP/2.0")
	if !c.Provisional() {
		t.Error("a ringing branch is not Provisional")
	}
	r.receiveBob(strings.Replace(response(req, 200, "b1"), "7 INVITE", "7 CANCEL", 1))
	r.wantSent(r.receiveBob(response(req, 487, "b1")), "ACK sip:bob@192.0.2.80:5080 SIP/2.0")
	r.wantHeard("response 100, response 180, response 487, client ended")
	r.wantIdle()
}

func TestClientThatIsNotToldOfItsCancelEnds(t *testing.T) {
	r := newRig(t)
	c, req := r.client("INVITE", sip.UDP, "")
	r.receiveBob(response(req, 180, "b1"))
	c.Cancel("", r.now, r)
	c.Cancel("", r.now, r) // once is enough
	// The CANCEL is a transaction of its own: Timer E.
	out := r.pass(31 * sec)
	r.wantAt(out, 500*ms, 1500*ms, 3500*ms, 7500*ms, 11500*ms, 15500*ms, 19500*ms, 23500*ms, 27500*ms)
	for _, l := range out {
		if !strings.HasPrefix(l.text, "CANCEL ") {
			t.Errorf("sent %s", l.first())
		}
	}
	r.pass(1*sec + 2*tick)
	r.wantHeard("response 180, failed: txn: no response in time, client ended")
	r.wantIdle()
}

func TestCancelWaitsForTheFirstProvisional(t *testing.T) {
	r := newRig(t)
	c, req := r.client("INVITE", sip.UDP, "Route: <sip:edge.example.test;lr>\r\n")
	c.Cancel("", r.now, r)
	r.wantSent(r.pass(600*ms), "INVITE sip:bob@192.0.2.80:5080 SIP/2.0")
	out := r.receiveBob(response(req, 100, ""))
	via, _, _ := strings.Cut(req[strings.Index(req, "Via: "):], "\r\n")
	want := "CANCEL sip:bob@192.0.2.80:5080 SIP/2.0\r\n" + via + "\r\nRoute: <sip:edge.example.test;lr>\r\n" +
		"From: \"Alice\" <sip:alice@elsewhere.test>;tag=a1\r\nTo: <sip:bob@example.test>\r\n" +
		"Call-ID: call-1\r\nCSeq: 7 CANCEL\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
	if len(out) != 1 || out[0].text != want {
		t.Fatalf("got %v\nwant\n%s", out, want)
	}
	r.wantSent(r.receiveBob(response(req, 180, "b1"))) // not a second one
	r.wantSent(r.receiveBob(response(req, 487, "b1")), "ACK sip:bob@192.0.2.80:5080 SIP/2.0")
	r.receiveBob(response(want, 200, "b1"))
	r.wantHeard("response 100, response 180, response 487, client ended")
	r.wantIdle()
}

func TestCancelCrossesTheAnswer(t *testing.T) {
	for _, status := range []int{200, 486} {
		r := newRig(t)
		c, req := r.client("INVITE", sip.UDP, "")
		c.Cancel("", r.now, r)
		r.receiveBob(response(req, status, "b1"))
		if n := strings.Count(strings.Join(texts(r.sent), ""), "CANCEL"); n != 0 {
			t.Errorf("%d: a CANCEL was sent for what was answered", status)
		}
		r.wantIdle()

		r = newRig(t)
		c, req = r.client("INVITE", sip.UDP, "")
		r.receiveBob(response(req, 180, "b1"))
		c.Cancel("", r.now, r)
		r.receiveBob(response(req, status, "b1"))
		if got := r.heard(); !strings.HasPrefix(got, "response 180, response "+map[int]string{200: "200", 486: "486"}[status]+", client ended") {
			t.Errorf("%d: told %q", status, got)
		}
		cancel := r.sent[1].text
		r.receiveBob(response(cancel, 481, "b1"))
		r.wantHeard("")
		r.wantIdle()
	}
}

func TestCancelIsForInviteOnly(t *testing.T) {
	r := newRig(t)
	c, req := r.client("MESSAGE", sip.UDP, "")
	r.receiveBob(response(req, 100, ""))
	c.Cancel("", r.now, r)
	r.wantSent(r.sent[1:])
	r.wantIdle()
}

func texts(ls []letter) (out []string) {
	for _, l := range ls {
		out = append(out, l.text)
	}
	return out
}

// Whom patience has given up before Timer B may have got the request: it is
// cancelled if it rings, and its answer is not lost.
func TestAbandonedHop(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		sent   []string
		told   string
	}{
		{"rings", 180, []string{"CANCEL sip:bob@192.0.2.80:5080 SIP/2.0"}, ""},
		{"is silent", 0, nil, ""},
		{"answers", 200, nil, "response 200, client ended"},
		{"rejects", 486, []string{"ACK sip:bob@192.0.2.80:5080 SIP/2.0"}, "client ended"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			cl, req := r.client("INVITE", sip.UDP, "")
			cl.SetDeadline(r.now + int64(4*sec))
			r.wantAt(r.pass(20*sec), 500*ms, 1500*ms, 3500*ms)
			r.wantHeard("failed: txn: no response in time")
			if c.status != 0 {
				r.wantSent(r.receiveBob(response(req, c.status, "b1")), c.sent...)
				r.wantHeard(c.told)
			}
			r.pass(33 * sec) // Timer B, or 64*T1 after the CANCEL
			if c.told == "" {
				r.wantHeard("client ended")
			}
			r.wantIdle()
		})
	}
}

func TestSendFailed(t *testing.T) {
	refused := errors.New("refused")
	r := newRig(t)
	c, req := r.client("INVITE", sip.UDP, "")
	r.layer.SendFailed(0, []byte("garbage"), refused, r.now, r)
	r.layer.SendFailed(0, []byte(response(req, 200, "x")), refused, r.now, r) // our Via in a response of ours
	r.layer.SendFailed(0, []byte(strings.Replace(req, "Via: ", "Via: SIP/2.0/UDP other.test;branch=z9hG4bKo\r\nVia: ", 1)), refused, r.now, r)
	r.layer.SendFailed(^uint64(0), nil, refused, r.now, r)
	r.wantHeard("")
	r.layer.SendFailed(0, []byte(req)[:120], refused, r.now, r) // an ICMP error quotes the beginning
	r.wantHeard("failed: refused, client ended")

	c, req = r.client("INVITE", sip.TCP, "")
	r.layer.SendFailed(c.ID(), nil, refused, r.now, r)
	r.wantHeard("failed: refused, client ended")

	c, req = r.client("INVITE", sip.UDP, "")
	r.receiveBob(response(req, 100, ""))
	r.layer.SendFailed(c.ID(), nil, refused, r.now, r) // somebody is there
	r.wantHeard("response 100")
	r.receiveBob(response(req, 404, "b1"))
	r.layer.SendFailed(c.ID(), nil, refused, r.now, r)
	r.wantHeard("response 404, client ended")
	r.wantIdle()
}

func TestResponsesThatFitNothing(t *testing.T) {
	r := newRig(t)
	_, req := r.client("INVITE", sip.UDP, "")
	for _, text := range []string{
		strings.Replace(response(req, 200, "x"), "7 INVITE", "7 MESSAGE", 1), // method of another
		strings.Replace(response(req, 200, "x"), "7 INVITE", "7 CANCEL", 1),  // nobody has cancelled
		strings.Replace(response(req, 200, "x"), branchPrefix, magic+"-xx", 1),
		strings.Replace(response(req, 200, "x"), branchPrefix, branchPrefix+"0", 1),
		strings.Replace(response(req, 200, "x"), branchPrefix, branchPrefix+"G", 1),
		strings.Replace(response(req, 200, "x"), ";branch="+branchPrefix, ";b="+branchPrefix, 1),
	} {
		r.wantSent(r.receiveBob(text))
	}
	if got := r.heard(); strings.Contains(got, "response 200") {
		t.Errorf("told %q", got)
	}
	r.pass(40 * time.Second)
	r.wantIdle()
}
