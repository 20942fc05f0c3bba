package border_test

import (
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/state/calls"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// followed is a paper border with a table of calls.
func followed(t *testing.T, layer screen.Layer, checks ...screen.Check) (*paper, func() []screen.Ending) {
	var ends []screen.Ending
	table := calls.New(calls.Config{
		Account: func(a *screen.Attempt) (string, int64) { return a.From.Claimed, 1 },
		Learn: func(e *screen.Ending) {
			end, a := *e, *e.Attempt
			end.Attempt = &a
			ends = append(ends, end)
		},
	})
	p := newPaperWith(t, checks, layer, table)
	return p, func() []screen.Ending {
		table.Deliver()
		got := ends
		ends = nil
		return got
	}
}

// talk lets the stranger's call be answered and returns the Record-Route that he
// got.
func (p *paper) talk() string {
	p.t.Helper()
	fwd := p.from(callerAddr, invite)[1].text
	p.after(time.Second)
	p.from(pbxAddr, answer(fwd, "180 Ringing", "b1"))
	p.after(2 * time.Second)
	back := p.from(pbxAddr, strings.Replace(answer(fwd, "200 OK", "b1"), "Content-Length", "x: 1800;refresher=uas\nContent-Length", 1))
	return header(back[0].text, "Record-Route")
}

func byeOf(route, tag string) string {
	return "BYE sip:bob@192.0.2.80:5080 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKbye1;rport\nMax-Forwards: 70\n" +
		"From: <sip:alice@elsewhere.test>;tag=a1\nTo: <sip:bob@example.test>;tag=" + tag + "\nCall-ID: call-1@elsewhere.test\nCSeq: 2 BYE\nRoute: " + route +
		"\nReason: Q.850;cause=16, SIP ; cause=200;text=\"done\"\nContent-Length: 0\n"
}

func TestEndingOfACall(t *testing.T) {
	p, ends := followed(t, screen.Layer{})
	route := p.talk()
	p.after(time.Minute)
	// A BYE for another dialog of that name, and one that the callee refuses, end nothing.
	out := p.from(callerAddr, byeOf(route, "b2"))
	p.from(pbxAddr, answer(out[0].text, "481 Call/Transaction Does Not Exist", ""))
	out = p.from(callerAddr, byeOf(route, "b1"))
	p.from(pbxAddr, answer(out[0].text, "500 Out of Order", ""))
	if got := ends(); len(got) != 0 {
		t.Fatalf("ended: %+v", got)
	}
	out = p.from(callerAddr, strings.ReplaceAll(byeOf(route, "b1"), "bye1", "bye2"))
	p.from(pbxAddr, answer(out[0].text, "200 OK", ""))
	got := ends()
	if len(got) != 1 {
		t.Fatalf("%d endings", len(got))
	}
	e := got[0]
	if !e.Answered || e.Status != 200 || e.ByCallee || e.Cause != 200 || e.Talk != time.Minute || e.Ring != 2*time.Second || e.Attempt.CallID != "" && e.Attempt.CallID != "call-1@elsewhere.test" {
		t.Errorf("ending %+v", e)
	}
}

func TestEndingByTheCallee(t *testing.T) {
	p, ends := followed(t, screen.Layer{})
	fwd := p.from(callerAddr, invite)[1].text
	p.from(pbxAddr, answer(fwd, "200 OK", "b1"))
	bye := "BYE sip:alice@198.51.100.7:5060 SIP/2.0\nVia: SIP/2.0/UDP " + pbxAddr + ";branch=z9hG4bKbye2;rport\nMax-Forwards: 70\nFrom: <sip:bob@example.test>;tag=b1\n" +
		"To: <sip:alice@elsewhere.test>;tag=a1\nCall-ID: call-1@elsewhere.test\nCSeq: 1 BYE\nRoute: " + header(fwd, "Record-Route") + "\nReason: SIP;cause=607\nContent-Length: 0\n"
	out := p.from(pbxAddr, bye)
	if len(out) != 1 || out[0].to.Remote.String() != callerAddr {
		t.Fatalf("BYE: %v", out)
	}
	p.from(callerAddr, answer(out[0].text, "200 OK", ""))
	if got := ends(); len(got) != 1 || !got[0].ByCallee || got[0].Cause != 607 {
		t.Errorf("%+v", got)
	}
}

func TestEndingOfACancelledCall(t *testing.T) {
	p, ends := followed(t, screen.Layer{})
	fwd := p.from(callerAddr, invite)[1].text
	p.from(pbxAddr, answer(fwd, "180 Ringing", "b1"))
	p.after(2 * time.Second)
	cancel := strings.NewReplacer("INVITE sip", "CANCEL sip", "1 INVITE", "1 CANCEL", "Contact: ", "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\nX-Was: ").Replace(invite)
	p.from(callerAddr, cancel)
	p.from(pbxAddr, answer(fwd, "487 Request Terminated", "b1"))
	if got := ends(); len(got) != 1 || got[0].Answered || got[0].ByCallee || got[0].Status != 487 || got[0].Ring != 2*time.Second || got[0].Cause != 200 {
		t.Errorf("%+v", got)
	}
}

func TestEndingOfWhatWasRefused(t *testing.T) {
	p, ends := followed(t, screen.Layer{})
	fwd := p.from(callerAddr, invite)[1].text
	p.from(pbxAddr, answer(fwd, "607 Unwanted", "b1"))
	if got := ends(); len(got) != 1 || got[0].Status != 607 || !got[0].ByCallee || got[0].Action != verdict.Relay {
		t.Errorf("607: %+v", got)
	}
	on := verdict.Enforce
	p, ends = followed(t, screen.Layer{Mode: &on, Thresholds: screen.LayerThresholds{Reject: ptr(5.0), Introduce: ptr(5.0)}}, suspect{})
	p.from(callerAddr, invite)
	if got := ends(); len(got) != 1 || got[0].Action != verdict.Reject || got[0].Status != 0 {
		t.Errorf("rejected: %+v", got)
	}
}

func TestMessageEndsWithItsAnswer(t *testing.T) {
	p, ends := followed(t, screen.Layer{})
	text := strings.NewReplacer("INVITE", "MESSAGE").Replace(invite)
	out := p.from(callerAddr, text)
	p.from(pbxAddr, answer(out[len(out)-1].text, "200 OK", "b1"))
	if got := ends(); len(got) != 1 || !got[0].Answered || got[0].Attempt.Kind != verdict.Message {
		t.Errorf("%+v", got)
	}
}
