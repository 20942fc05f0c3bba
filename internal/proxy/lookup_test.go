package proxy

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"gatehouse.example/internal/locate"
	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

// ackTo lets an ACK go to a target.
func (n *paper) ackTo(m *sip.Message, target locate.Target) {
	var e sip.Edit
	var r Routing
	e.Begin(m)
	n.p.Preroute(m, &e, &r)
	in := &txn.Incoming{Msg: m, Packet: &wire.Packet{Data: m.Bytes(), Now: n.now, Flow: wire.Flow{Transport: sip.UDP, Remote: netip.MustParseAddrPort(alice)}}}
	n.layer.Do(m.CallID(), func(sh *txn.Shard) { n.p.ForwardAckTo(in, sh, &r, &e, target, n) })
}

// toName sends what comes to a name that has to be looked up.
func toName(hosts ...string) (ts []Target) {
	for i, h := range hosts {
		ts = append(ts, Target{Next: locate.Target{Host: h}, Group: i})
	}
	return ts
}

func TestLookUpByName(t *testing.T) {
	n := newPaper(t)
	n.name("pbx.example.test", bob, carol)
	n.targets = toName("pbx.example.test")
	n.want(n.from(alice, invite), alice+" SIP/2.0 100")
	out := n.work()
	n.want(out, bob+" INVITE ")
	out = n.from(bob, answer(out[0].text, 503, "b", ""))
	n.want(out, bob+" ACK ", carol+" INVITE ")
	n.want(n.from(carol, answer(out[1].text, 200, "c", "")), alice+" SIP/2.0 200")
	n.wantIdle()
}

func TestFailedLookUp(t *testing.T) {
	for _, c := range []struct {
		err  error
		ours bool
		want string
	}{
		{locate.ErrNotFound, false, " SIP/2.0 404"},
		{locate.ErrNotFound, true, " SIP/2.0 503"}, // a name of the configuration
		{context.DeadlineExceeded, false, " SIP/2.0 503"},
		{nil, false, " SIP/2.0 503"}, // no hop at all
	} {
		n := newPaper(t)
		n.errs["pbx.example.test"] = c.err
		n.targets = toName("pbx.example.test")
		n.targets[0].Next.Trusted = c.ours
		n.from(alice, invite)
		n.want(n.work(), alice+c.want)
		n.wantIdle()
		// The next call is not worse off for it.
		n.errs["pbx.example.test"] = nil
		n.name("pbx.example.test", bob)
		n.from(alice, as("MESSAGE"))
		n.want(n.work(), bob+" MESSAGE ")
		n.wantIdle()
	}
}

func TestLookUpsOfLaterGroups(t *testing.T) {
	n := newPaper(t)
	n.name("third.example.test", carol)
	n.errs["second.example.test"] = errors.New("SERVFAIL")
	n.targets = append([]Target{{Next: next(bob), Group: -1}}, toName("second.example.test", "third.example.test")...)
	fwd := n.from(alice, invite)[1].text
	n.want(n.from(bob, answer(fwd, 486, "b", "")), bob+" ACK ")
	out := n.work()
	n.want(out, carol+" INVITE ")
	n.want(n.from(carol, answer(out[0].text, 500, "c", "")), carol+" ACK ", alice+" SIP/2.0 486")
	n.wantIdle()
}

// Where no worker is free the branch counts as failed: the groups after it are
// still tried, and what is known is used.
func TestNoWorkerIsFree(t *testing.T) {
	n := newPaper(t)
	n.busy = true
	n.targets = append(toName("first.example.test", "second.example.test"), Target{Next: next(bob), Group: 2})
	n.want(n.from(alice, invite), alice+" SIP/2.0 100", bob+" INVITE ")
	n.wantIdle()

	n = newPaper(t)
	n.busy = true
	n.targets = toName("first.example.test", "second.example.test")
	n.want(n.from(alice, invite), alice+" SIP/2.0 100", alice+" SIP/2.0 503")
	n.wantIdle()
}

func TestCancelledWhileLookingUp(t *testing.T) {
	n := newPaper(t)
	n.name("pbx.example.test", bob)
	n.targets = toName("pbx.example.test")
	n.from(alice, invite)
	n.want(n.from(alice, cancelOf(invite)), alice+" SIP/2.0 200", alice+" SIP/2.0 487")
	n.want(n.work())
	n.wantOutcome("id1 487 true")
	n.wantIdle()

	n = newPaper(t) // with another branch that rings
	n.name("pbx.example.test", carol)
	n.to(bob)
	n.targets = append(n.targets, Target{Next: locate.Target{Host: "pbx.example.test"}})
	fwd := n.from(alice, invite)[1].text
	n.from(bob, answer(fwd, 180, "b", ""))
	n.want(n.from(alice, cancelOf(invite)), alice+" SIP/2.0 200", bob+" CANCEL ")
	n.want(n.work())
	n.want(n.from(bob, answer(fwd, 487, "b", "")), bob+" ACK ", alice+" SIP/2.0 487")
	n.wantIdle()
}

func TestAnsweredWhileLookingUp(t *testing.T) {
	for _, status := range []int{200, 603} {
		n := newPaper(t)
		n.name("pbx.example.test", carol)
		n.to(bob)
		n.targets = append(n.targets, Target{Next: locate.Target{Host: "pbx.example.test"}})
		fwd := n.from(alice, invite)[1].text
		n.from(bob, answer(fwd, status, "b", ""))
		n.work()
		if got := sentTo(n.sent, carol); len(got) != 0 {
			t.Errorf("%d: a branch was added: %v", status, got)
		}
		if got := sentTo(n.sent, alice); len(got) != 2 {
			t.Errorf("%d: Alice got %v", status, got)
		}
		n.wantIdle()
	}
}
