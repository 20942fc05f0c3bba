package txn

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

const (
	sec = time.Second
	ms  = time.Millisecond
)

func TestServerAbsorbsRetransmitsAfter200(t *testing.T) {
	r := newRig(t)
	inv := request("INVITE", "z9hG4bKa")
	r.receive(sip.UDP, alice, inv)
	r.wantSent(r.respond(inv, 200), "SIP/2.0 200 OK")
	r.wantHeard("request INVITE, server ended")
	if n := r.layer.Active(); n != 0 {
		t.Errorf("%d live transactions in Accepted, want none", n)
	}
	r.pass(31 * sec)
	r.wantSent(r.receive(sip.UDP, alice, inv))
	r.wantSent(r.receive(sip.UDP, alice, request("CANCEL", "z9hG4bKa")), "SIP/2.0 200 OK")
	r.receive(sip.UDP, alice, request("ACK", "z9hG4bKack"))
	r.wantHeard("ack")
	r.pass(1*sec + 2*tick) // Timer L
	r.receive(sip.UDP, alice, inv)
	r.wantHeard("request INVITE")
	r.servers[1].Terminate()
	r.wantIdle()
}

func TestServerInviteRejection(t *testing.T) {
	r := newRig(t)
	r.trying = true
	inv := request("INVITE", "z9hG4bKa")
	r.wantSent(r.receive(sip.UDP, alice, inv), "SIP/2.0 100 Trying")
	r.wantSent(r.receive(sip.UDP, alice, inv), "SIP/2.0 100 Trying")
	r.wantSent(r.respond(inv, 180), "SIP/2.0 180 Ringing")
	r.wantSent(r.receive(sip.UDP, alice, inv), "SIP/2.0 180 Ringing")
	r.wantSent(r.respond(inv, 486), "SIP/2.0 486 Busy Here")
	r.wantHeard("request INVITE, server ended")
	// Timer G doubles from T1 to T2 until Timer H.
	r.wantAt(r.pass(40*sec), 500*ms, 1500*ms, 3500*ms, 7500*ms, 11500*ms, 15500*ms, 19500*ms, 23500*ms, 27500*ms, 31500*ms)
	r.wantIdle()
}

func TestServerInviteAcknowledged(t *testing.T) {
	r := newRig(t)
	inv := request("INVITE", "z9hG4bKa")
	r.receive(sip.UDP, alice, inv)
	r.respond(inv, 404)
	r.pass(600 * ms)
	r.wantSent(r.receive(sip.UDP, alice, inv), "SIP/2.0 404 Not Found")
	r.wantSent(r.receive(sip.UDP, alice, request("ACK", "z9hG4bKa")))
	// Confirmed: silence, and Timer I = T4 absorbs ACKs.
	r.wantSent(r.pass(4 * sec))
	r.wantSent(r.receive(sip.UDP, alice, inv))
	r.wantSent(r.receive(sip.UDP, alice, request("ACK", "z9hG4bKa")))
	r.wantHeard("request INVITE, server ended")
	r.pass(1*sec + 2*tick)
	if n := r.layer.Active(); n != 0 {
		t.Errorf("%d transactions after Timer I", n)
	}
	r.receive(sip.UDP, alice, request("ACK", "z9hG4bKa"))
	r.wantHeard("ack")
	r.wantIdle()
}

func TestServerOnReliableTransport(t *testing.T) {
	r := newRig(t)
	inv := request("INVITE", "z9hG4bKa")
	r.receive(sip.TCP, alice, inv)
	r.respond(inv, 500)
	r.wantSent(r.pass(31 * sec)) // no Timer G
	if r.layer.Active() != 1 {
		t.Error("Timer H is not 64*T1 on a reliable transport")
	}
	r.receive(sip.TCP, alice, request("ACK", "z9hG4bKa"))
	if r.layer.Active() != 0 {
		t.Error("Timer I is not 0 on a reliable transport")
	}
	opt := request("OPTIONS", "z9hG4bKo")
	r.receive(sip.TCP, alice, opt)
	r.respond(opt, 200)
	if r.layer.Active() != 0 {
		t.Error("Timer J is not 0 on a reliable transport")
	}
	r.wantIdle()
}

// RFC 3261 §18.2.2: where the connection is gone, the answer goes to the port that
// Via names, at the address that the request came from.
func TestAnswerNamesTheWayForWhenItsConnectionIsGone(t *testing.T) {
	inv := strings.Replace(request("INVITE", "z9hG4bKa"), "UDP 198.51.100.7:5060", "TCP 192.0.2.99:5070", 1)
	for via, want := range map[string]string{
		inv:                                  "198.51.100.7:5070",
		strings.Replace(inv, ":5070", "", 1): "198.51.100.7:5060",
		strings.Replace(strings.Replace(inv, ":5070", "", 1), "TCP", "TLS", 1): "198.51.100.7:5061",
	} {
		r := newRig(t)
		r.receive(sip.TCP, "198.51.100.7:40123", via)
		sent := r.respond(via, 200)
		if len(sent) != 1 || sent[0].to.Conn != 1 || sent[0].to.Remote.String() != want {
			t.Errorf("sent %+v, want it to go to %s", sent, want)
		}
	}
}

func TestServerNonInvite(t *testing.T) {
	r := newRig(t)
	msg := request("MESSAGE", "z9hG4bKm")
	r.receive(sip.UDP, alice, msg)
	r.wantSent(r.receive(sip.UDP, alice, msg)) // Trying says nothing
	r.wantSent(r.respond(msg, 183))            // RFC 4320 §4.1
	r.wantSent(r.respond(msg, 100), "SIP/2.0 100 Trying")
	r.wantSent(r.receive(sip.UDP, alice, msg), "SIP/2.0 100 Trying")
	r.wantSent(r.respond(msg, 202), "SIP/2.0 202 Accepted")
	r.wantHeard("request MESSAGE, server ended")
	r.pass(31 * sec)
	r.wantSent(r.receive(sip.UDP, alice, msg), "SIP/2.0 202 Accepted")
	r.wantSent(r.receive(sip.UDP, alice, request("ACK", "z9hG4bKm")))
	r.wantSent(r.receive(sip.UDP, alice, request("CANCEL", "z9hG4bKm"))) // matches no INVITE
	r.wantHeard("ack, cancel without invite")
	r.pass(1*sec + 2*tick) // Timer J
	if r.layer.Active() != 0 {
		t.Error("Timer J has not ended the transaction")
	}
	r.wantIdle()
}

func TestMutedServerAbsorbs(t *testing.T) {
	r := newRig(t)
	msg := request("MESSAGE", "z9hG4bKm")
	r.receive(sip.UDP, alice, msg)
	r.respond(msg, 100)
	r.servers[0].Mute(r.now)
	r.wantHeard("request MESSAGE, server ended")
	r.pass(31 * sec)
	r.wantSent(r.receive(sip.UDP, alice, msg))
	r.wantHeard("")
	r.wantIdle()
}

// RFC 4320 §4.1: 100 when the client's Timer E has reached T2, once, and only if
// nothing was said before.
func TestServerSaysTryingToSlowNonInvite(t *testing.T) {
	r := newRig(t)
	r.slow = true
	msg := request("MESSAGE", "z9hG4bKm")
	r.receive(sip.UDP, alice, msg)
	r.wantAt(r.pass(30*sec), 3500*ms)
	r.wantHeard("request MESSAGE, slow")
	r.respond(msg, 200)
	r.wantSent(r.pass(sec))
	quick := request("MESSAGE", "z9hG4bKq")
	r.receive(sip.UDP, alice, quick)
	r.respond(quick, 200)
	r.wantSent(r.pass(10 * sec))
	r.wantIdle()
}

func TestServerMatching(t *testing.T) {
	inv := request("INVITE", "z9hG4bKa")
	old := strings.NewReplacer(";branch=z9hG4bKa", "").Replace(inv)
	for _, c := range []struct {
		name, first, second, from string
		same                      bool
	}{
		{"again", inv, inv, alice, true},
		{"from another port", inv, inv, "198.51.100.7:9999", true},
		{"replayed from elsewhere", inv, inv, "198.51.100.8:5060", false},
		{"other branch", inv, request("INVITE", "z9hG4bKb"), alice, false},
		{"other sent-by", inv, strings.Replace(inv, "UDP 198.51.100.7:5060", "UDP 198.51.100.7:5070", 1), alice, false},
		{"other method", inv, request("MESSAGE", "z9hG4bKa"), alice, false},
		{"two unknown methods", request("FOO", "z9hG4bKa"), request("BAR", "z9hG4bKa"), alice, false},
		// The address of a neighbour and another method must not add up.
		{"neighbour", inv, request("MESSAGE", "z9hG4bKa"), "198.51.100.12:5060", false},
		// RFC 2543 peers have no branch, or one without the magic cookie.
		{"2543 again", old, old, alice, true},
		{"2543 other CSeq", old, strings.Replace(old, "CSeq: 1", "CSeq: 2", 1), alice, false},
		{"2543 other From tag", old, strings.Replace(old, "tag=a1", "tag=a2", 1), alice, false},
		{"2543 other Request-URI", old, strings.Replace(old, "INVITE sip:bob", "INVITE sip:rob", 1), alice, false},
		{"2543 other Via", old, strings.Replace(old, ";rport", ";x", 1), alice, false},
		{"2543 from elsewhere", old, old, "198.51.100.8:5060", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.receive(sip.UDP, alice, c.first)
			r.receive(sip.UDP, c.from, c.second)
			if same := len(r.servers) == 1; same != c.same {
				t.Errorf("same transaction: %v, want %v", same, c.same)
			}
			for _, s := range r.servers {
				s.Terminate()
			}
			r.wantIdle()
		})
	}
}

func TestServerCompletedByAckAndCancelOfRFC2543(t *testing.T) {
	r := newRig(t)
	old := func(method string) string {
		return strings.Replace(request(method, "z9hG4bKa"), ";branch=z9hG4bKa", "", 1)
	}
	r.receive(sip.UDP, alice, old("INVITE"))
	r.wantSent(r.receive(sip.UDP, alice, old("CANCEL")), "SIP/2.0 200 OK")
	r.wantHeard("request INVITE, cancelled")
	r.respond(old("INVITE"), 487)
	// The ACK carries the To tag of the response.
	r.receive(sip.UDP, alice, strings.Replace(old("ACK"), "To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=b1", 1))
	r.wantSent(r.pass(4 * sec))
	r.wantHeard("server ended")
	r.wantIdle()
}

func TestCancelOfServerInEveryState(t *testing.T) {
	inv, cancel := request("INVITE", "z9hG4bKa"), request("CANCEL", "z9hG4bKa")
	r := newRig(t)
	r.receive(sip.UDP, alice, cancel)
	r.wantHeard("cancel without invite")
	r.receive(sip.UDP, alice, inv)
	out := r.receive(sip.UDP, alice, cancel)
	r.wantSent(out, "SIP/2.0 200 OK")
	if !strings.Contains(out[0].text, "CSeq: 1 CANCEL") || !strings.Contains(out[0].text, "tag=ours") {
		t.Errorf("answer to the CANCEL:\n%s", out[0].text)
	}
	r.wantSent(r.receive(sip.UDP, alice, cancel), "SIP/2.0 200 OK")
	r.wantHeard("request INVITE, cancelled, cancelled")
	r.respond(inv, 487)
	r.wantSent(r.receive(sip.UDP, alice, cancel), "SIP/2.0 200 OK") // Completed
	r.receive(sip.UDP, alice, request("ACK", "z9hG4bKa"))
	r.wantSent(r.receive(sip.UDP, alice, cancel), "SIP/2.0 200 OK") // Confirmed
	r.wantHeard("server ended")
	r.wantSent(r.receive(sip.UDP, "198.51.100.8:5060", cancel)) // somebody else's
	r.wantHeard("cancel without invite")
	r.wantIdle()
}

func TestResponsesGoToTheSourceNotToVia(t *testing.T) {
	inv := strings.Replace(request("INVITE", "z9hG4bKa"), "198.51.100.7:5060", "victim.test:7777", 1)
	for _, c := range []struct{ name, text, want string }{
		{"rport", inv, "198.51.100.7:31000"},
		{"no rport", strings.Replace(inv, ";rport", "", 1), "198.51.100.7:7777"},
		{"no port", strings.Replace(strings.Replace(inv, ";rport", "", 1), ":7777", "", 1), "198.51.100.7:5060"},
	} {
		r := newRig(t)
		r.trying = true
		out := r.receive(sip.UDP, "198.51.100.7:31000", c.text)
		if len(out) != 1 || out[0].to.Remote.String() != c.want {
			t.Errorf("%s: %v, want %s", c.name, out, c.want)
		}
		r.servers[0].Terminate()
	}
}

// A stranger's answers are paid for: a retransmission brings bytes of its own,
// a timer brings none.
func TestServerMetersStrangers(t *testing.T) {
	var budget int
	var asked []bool
	r := newRigWith(t, Config{Shards: 1, Meter: func(_ wire.Flow, in, out int, _ int64, final bool) bool {
		asked = append(asked, final)
		budget += 3 * in
		if budget < out {
			return false
		}
		budget -= out
		return true
	}})
	r.metered = true
	inv := strings.Replace(request("INVITE", "z9hG4bKa"), "Max-Forwards", "X: "+strings.Repeat("p", 300)+"\r\nMax-Forwards", 1)
	r.receive(sip.UDP, alice, inv)
	r.respond(inv, 180)
	r.respond(inv, 486)
	got := 0
	for _, l := range r.pass(40 * sec) {
		got += len(l.text)
	}
	for _, l := range r.sent[:2] {
		got += len(l.text)
	}
	if got > 3*len(inv) {
		t.Errorf("%d bytes for %d", got, len(inv))
	}
	if asked[0] || !asked[1] {
		t.Errorf("final flags: %v", asked)
	}
	r.wantIdle()
}

// TestServerKeepsRoomForTheAnswer: a provisional response makes the caller fall
// silent, so nothing is earned any more for the answer. It waits until the request
// has brought enough for both.
func TestServerKeepsRoomForTheAnswer(t *testing.T) {
	sdp := strings.Repeat("a", 500)
	for _, c := range []struct {
		name    string
		size    int
		ring    int    // octets of the 180's own
		early   string // its session description
		want100 int    // copies of the request until there is a 100
		want180 int
	}{
		{"long", 850, 300, "", 1, 1},
		{"long, early media", 850, 300, sdp, 1, 1},
		{"middle", 600, 250, "", 2, 1},
		{"short", 450, 250, "", 2, 2},
		{"tiny", 340, 250, "", 3, 2},
	} {
		for _, trying := range []bool{false, true} {
			budget := 0
			r := newRigWith(t, Config{Shards: 1, Meter: func(_ wire.Flow, in, out int, _ int64, _ bool) bool {
				ok := budget+3*in >= out
				if budget += 3 * in; ok {
					budget -= out
				}
				return ok
			}})
			r.metered, r.trying = true, trying
			inv := request("INVITE", "z9hG4bKa")
			inv = strings.Replace(inv, "Max-Forwards", "X: "+strings.Repeat("p", max(0, c.size-len(inv)-5))+"\r\nMax-Forwards", 1)
			want := c.want100
			r.receive(sip.UDP, alice, inv)
			if !trying {
				want = c.want180
				r.answer(inv, 180, strings.Repeat("h", c.ring), c.early)
			}
			copies := 1
			for ; len(r.sent) == 0 && copies < 9; copies++ {
				r.receive(sip.UDP, alice, inv)
			}
			if copies != want {
				t.Errorf("%s, 100 %v: answered after %d copies, want %d", c.name, trying, copies, want)
			}
			if trying {
				r.answer(inv, 180, strings.Repeat("h", c.ring), c.early)
			}
			r.sent = nil
			if r.answer(inv, 200, strings.Repeat("h", 200), sdp); len(r.sent) != 1 {
				t.Errorf("%s, 100 %v: the answer does not go out", c.name, trying)
			}
		}
	}
}

func TestPendingCountsWhatAwaitsItsAnswer(t *testing.T) {
	r := newRig(t)
	inv := request("INVITE", "z9hG4bKa")
	r.receive(sip.UDP, alice, inv)
	if n := r.layer.Pending(); n != 1 {
		t.Errorf("pending %d", n)
	}
	r.respond(inv, 486)
	if n := r.layer.Pending(); n != 0 || r.layer.Active() != 1 {
		t.Errorf("pending %d, active %d", n, r.layer.Active())
	}
	r.wantIdle()
}

// Accepted vouches for an ACK that ignores the Route set: from the source of an
// INVITE that had a 2xx, within 64*T1.
func TestAcceptedKnowsTheDialogsThatAwaitTheirAck(t *testing.T) {
	r := newRig(t)
	inv := request("INVITE", "z9hG4bKa")
	r.receive(sip.UDP, alice, inv)
	known := func(from, text string) (ok bool) {
		m := parsed(t, text)
		in := &Incoming{Msg: m, Packet: &wire.Packet{Now: r.now, Flow: wire.Flow{Remote: netip.MustParseAddrPort(from)}}}
		r.layer.Do(m.CallID(), func(sh *Shard) { ok = sh.Accepted(in) })
		return ok
	}
	ack := request("ACK", "z9hG4bKother")
	if known(alice, ack) {
		t.Error("before the 200")
	}
	r.respond(inv, 200)
	if !known(alice, ack) || !known("198.51.100.7:999", ack) {
		t.Error("after the 200")
	}
	// CSeq 1 and an address that ends in 7 must not add up to CSeq 2 and 4.
	if known("198.51.100.4:5060", strings.Replace(ack, "CSeq: 1", "CSeq: 2", 1)) || known("198.51.100.8:5060", ack) ||
		known(alice, strings.Replace(ack, "tag=a1", "tag=a2", 1)) || known(alice, strings.Replace(ack, "CSeq: 1", "CSeq: 2", 1)) {
		t.Error("another dialog")
	}
	r.wantIdle()
	if known(alice, ack) {
		t.Error("after 64*T1")
	}
}
