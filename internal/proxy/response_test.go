package proxy

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/locate"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

// fork sends an INVITE to some places and returns what each got.
func (n *paper) fork(t *testing.T, addrs ...string) map[string]string {
	t.Helper()
	n.to(addrs...)
	got := map[string]string{}
	for _, l := range n.from(alice, invite)[1:] {
		got[l.to.Remote.String()] = l.text
	}
	if len(got) != len(addrs) {
		t.Fatalf("forked to %d of %d", len(got), len(addrs))
	}
	return got
}

func TestBestResponse(t *testing.T) {
	for _, c := range []struct {
		in   []int
		want int
	}{
		{[]int{404, 486}, 404},
		{[]int{486, 404}, 486}, // of one class the first
		{[]int{408, 486}, 486}, // says more than nothing
		{[]int{408, 500}, 408},
		{[]int{500, 404}, 404},
		{[]int{404, 302}, 302},
		{[]int{302, 401}, 302},
		{[]int{404, 401}, 401}, // tells the caller what to change
		{[]int{404, 407}, 407},
		{[]int{404, 415}, 415},
		{[]int{404, 420}, 420},
		{[]int{404, 484}, 484},
		{[]int{503, 500}, 500},
		{[]int{503, 503}, 500}, // never passed on as it is
		{[]int{503, 404}, 404},
		{[]int{404, 603}, 603},
		{[]int{604, 404}, 604},
		{[]int{401, 600}, 600},
		{[]int{503, 502, 486}, 486},
	} {
		n := newPaper(t)
		addrs := []string{bob, carol, dave}[:len(c.in)]
		got := n.fork(t, addrs...)
		var out []letter
		for i, a := range addrs {
			out = append(out, sentTo(n.from(a, answer(got[a], c.in[i], "x", "")), alice)...)
		}
		n.want(out, fmt.Sprintf("%s SIP/2.0 %d", alice, c.want))
		n.wantOutcome(fmt.Sprintf("id1 %d false", c.want))
		n.wantIdle()
	}
}

func TestBusyServerBecomes500WithItsRetryAfter(t *testing.T) {
	n := newPaper(t)
	fwd := n.from(alice, invite)[1].text
	out := sentTo(n.from(bob, answer(fwd, 503, "x", "Retry-After: 18 (maintenance)\r\n")), alice)
	n.want(out, alice+" SIP/2.0 500 Server Internal Error")
	if strings.Join(n.health, ",") != "busy "+bob+" 18s" {
		t.Errorf("locator told %q", n.health)
	}
	if got := header(out[0].text, "Retry-After"); len(got) != 1 {
		t.Errorf("Retry-After %q", got)
	}
	n.wantIdle()
}

func TestChallengesAreAggregated(t *testing.T) {
	n := newPaper(t)
	got := n.fork(t, bob, carol, dave)
	n.from(bob, answer(got[bob], 401, "x", "WWW-Authenticate: Digest realm=\"b\", nonce=\"1\", algorithm=SHA-256\r\nWWW-Authenticate: Digest realm=\"b\", nonce=\"1\"\r\n"))
	n.from(carol, answer(got[carol], 486, "x", ""))
	out := sentTo(n.from(dave, answer(got[dave], 407, "x", "Proxy-Authenticate: Digest realm=\"d\", nonce=\"2\"\r\n")), alice)
	n.want(out, alice+" SIP/2.0 401")
	www, proxy := header(out[0].text, "WWW-Authenticate"), header(out[0].text, "Proxy-Authenticate")
	// RFC 8760 §2.5: the order of each server stays.
	if len(www) != 2 || !strings.Contains(www[0], "SHA-256") || len(proxy) != 1 || !strings.Contains(proxy[0], `"d"`) {
		t.Errorf("got\n%s", out[0].text)
	}
	n.wantIdle()
}

func TestParallelFork(t *testing.T) {
	n := newPaper(t)
	got := n.fork(t, bob, carol, dave)
	n.want(n.from(bob, answer(got[bob], 180, "b", "")), alice+" SIP/2.0 180")
	n.want(n.from(carol, answer(got[carol], 183, "c", "")), alice+" SIP/2.0 183")
	// The first 2xx cancels the others: at once who has answered at all.
	n.want(n.from(bob, answer(got[bob], 200, "b", "")), alice+" SIP/2.0 200", carol+" CANCEL ")
	n.want(n.from(dave, answer(got[dave], 180, "d", "")), dave+" CANCEL ")
	n.want(n.from(carol, answer(got[carol], 487, "c", "")), carol+" ACK ")
	// A 2xx that crosses the CANCEL goes upstream all the same.
	ok := answer(got[dave], 200, "d", "")
	n.want(n.from(dave, ok), alice+" SIP/2.0 200")
	n.want(n.from(dave, ok), alice+" SIP/2.0 200")
	n.wantOutcome("id1 200 false")
	n.wantIdle()
}

func TestDeclineEverywhereWaitsForTheOthers(t *testing.T) {
	n := newPaper(t)
	got := n.fork(t, bob, carol)
	n.from(carol, answer(got[carol], 180, "c", ""))
	n.want(n.from(bob, answer(got[bob], 603, "b", "")), bob+" ACK ", carol+" CANCEL ")
	n.want(n.from(carol, answer(got[carol], 487, "c", "")), carol+" ACK ", alice+" SIP/2.0 603")
	n.wantIdle()

	n = newPaper(t) // a 2xx wins even then
	got = n.fork(t, bob, carol)
	n.from(carol, answer(got[carol], 180, "c", ""))
	n.from(bob, answer(got[bob], 603, "b", ""))
	n.want(n.from(carol, answer(got[carol], 200, "c", "")), alice+" SIP/2.0 200")
	n.wantIdle()
}

func TestSerialFork(t *testing.T) {
	n := newPaper(t)
	n.serially(bob, carol, dave)
	out := n.from(alice, invite)
	n.want(out, alice+" SIP/2.0 100", bob+" INVITE ")
	out = n.from(bob, answer(out[1].text, 486, "b", ""))
	n.want(out, bob+" ACK ", carol+" INVITE ")
	out = n.from(carol, answer(out[1].text, 404, "c", ""))
	n.want(out, carol+" ACK ", dave+" INVITE ")
	n.want(n.from(dave, answer(out[1].text, 480, "d", "")), dave+" ACK ", alice+" SIP/2.0 486")
	n.wantIdle()

	for _, method := range []string{"INVITE", "MESSAGE"} { // a 6xx ends the search
		n = newPaper(t)
		n.serially(bob, carol)
		out = n.from(alice, as(method))
		out = n.from(bob, answer(out[len(out)-1].text, 604, "b", ""))
		n.want(out[len(out)-1:], alice+" SIP/2.0 604")
		n.wantIdle()
	}
}

func TestSilentHopFailsOverWithANewBranch(t *testing.T) {
	n := newPaper(t)
	n.name("pbx.example.test", bob, carol)
	n.cached["pbx.example.test"] = true
	n.targets = []Target{{Next: locate.Target{Host: "pbx.example.test"}}}
	first := n.from(alice, invite)[1].text
	out := sentTo(n.after(5*sec), carol)
	if len(out) == 0 || header(out[0].text, "Via")[0] == header(first, "Via")[0] {
		t.Fatalf("no new branch: %v", out)
	}
	if strings.Join(n.health, ",") != "failed "+bob {
		t.Errorf("locator told %q", n.health)
	}
	// The first one rings after all, and is told to stop; the second one answers.
	n.want(n.from(bob, answer(first, 180, "b", "")), bob+" CANCEL ")
	n.want(n.from(bob, answer(first, 487, "b", "")), bob+" ACK ")
	n.want(n.from(carol, answer(out[0].text, 200, "c", "")), alice+" SIP/2.0 200")
	n.wantOutcome("id1 200 false")
	n.wantIdle()
}

func TestAnswerOfAHopThatWasGivenUpIsNotLost(t *testing.T) {
	n := newPaper(t)
	n.serially(bob, carol)
	first := n.from(alice, invite)[1].text
	second := sentTo(n.after(5*sec), carol)[0].text
	n.want(n.from(bob, answer(first, 200, "b", "")), alice+" SIP/2.0 200")
	n.want(n.from(carol, answer(second, 200, "c", "")), alice+" SIP/2.0 200")
	n.wantIdle()
}

func TestUnavailableFailsOver(t *testing.T) {
	n := newPaper(t)
	n.name("pbx.example.test", bob, carol)
	n.cached["pbx.example.test"] = true
	n.targets = []Target{{Next: locate.Target{Host: "pbx.example.test"}}}
	first := n.from(alice, invite)[1].text
	out := n.from(bob, answer(first, 503, "b", "Retry-After: 60\r\n"))
	n.want(out, bob+" ACK ", carol+" INVITE ")
	if header(out[1].text, "Via")[0] == header(first, "Via")[0] {
		t.Error("the branch is the same")
	}
	n.want(n.from(carol, answer(out[1].text, 486, "c", "")), carol+" ACK ", alice+" SIP/2.0 486")
	if strings.Join(n.health, ",") != "busy "+bob+" 1m0s" || n.p.Stats().Failovers != 1 {
		t.Errorf("locator told %q, %+v", n.health, n.p.Stats())
	}
	n.wantIdle()
}

func TestUnreachableHopFailsOverAtOnce(t *testing.T) {
	n := newPaper(t)
	n.serially(bob, carol)
	fwd := n.from(alice, invite)[1].text
	at := len(n.sent)
	n.layer.SendFailed(0, []byte(fwd), errors.New("port unreachable"), n.now, n)
	n.want(n.sent[at:], carol+" INVITE ")
	at = len(n.sent)
	n.layer.SendFailed(0, []byte(n.sent[at-1].text), errors.New("port unreachable"), n.now, n)
	n.want(n.sent[at:], alice+" SIP/2.0 503")
	if got := header(n.sent[at].text, "Retry-After"); len(got) != 1 || got[0] != "30" {
		t.Errorf("Retry-After %q", got)
	}
	n.wantOutcome("id1 503 true")
	n.wantIdle()
}

func TestSilenceEverywhere(t *testing.T) {
	n := newPaper(t)
	n.from(alice, invite)
	n.want(sentTo(n.after(32*sec+200*ms), alice), alice+" SIP/2.0 503")
	n.wantIdle()

	// RFC 4320 §4.2: a non-INVITE whose callee has said 100 and no more gets nothing.
	n = newPaper(t)
	fwd := n.from(alice, as("MESSAGE"))[0].text
	n.from(bob, answer(fwd, 100, "", ""))
	n.want(sentTo(n.after(40*sec), alice), alice+" SIP/2.0 100") // RFC 4320 §4.1
	n.wantOutcome("id1 0 true")
	n.wantIdle()

	// Nor does another's 408 go on.
	n = newPaper(t)
	fwd = n.from(alice, as("MESSAGE"))[0].text
	n.want(n.from(bob, answer(fwd, 408, "x", "")))
	n.want(n.from(alice, as("MESSAGE"))) // a retransmission is not a new request
	n.wantIdle()
}

func TestNonInviteGetsOneAnswer(t *testing.T) {
	n := newPaper(t)
	n.to(bob, carol)
	out := n.from(alice, as("MESSAGE"))
	n.want(out, bob+" MESSAGE ", carol+" MESSAGE ")
	n.want(n.from(bob, answer(out[0].text, 180, "b", ""))) // RFC 4320 §4.1
	n.want(n.from(bob, answer(out[0].text, 202, "b", "")), alice+" SIP/2.0 202")
	n.want(n.from(carol, answer(out[1].text, 200, "c", "")))
	n.wantOutcome("id1 202 false")
	n.wantIdle()

	n = newPaper(t) // 408 is not to be sent (§4.2), but what somebody else says
	n.to(bob, carol)
	out = n.from(alice, as("MESSAGE"))
	n.want(n.from(bob, answer(out[0].text, 408, "b", "")))
	n.want(n.from(carol, answer(out[1].text, 480, "c", "")), alice+" SIP/2.0 480")
	n.wantIdle()
}

// TestNonInviteIsNotAwaitedForTimerC: what only an INVITE may say (RFC 3261 §16.7 step 2) does not put off Timer F, until
// which the request is sent again every four seconds.
func TestNonInviteIsNotAwaitedForTimerC(t *testing.T) {
	n := newPaper(t)
	out := n.from(alice, as("MESSAGE"))
	n.from(bob, answer(out[0].text, 183, "b", ""))
	if got := len(sentTo(n.after(200*sec), bob)); got > 10 {
		t.Errorf("sent %d times more", got)
	}
	n.wantIdle()
}

func TestTimerC(t *testing.T) {
	n := newPaper(t)
	n.serially(bob, carol)
	fwd := n.from(alice, invite)[1].text
	n.from(bob, answer(fwd, 180, "b", ""))
	n.after(170 * sec)
	n.from(bob, answer(fwd, 180, "b", "")) // starts it anew
	n.want(n.after(180 * sec))
	out := n.after(3 * sec)
	if len(out) == 0 || !strings.HasPrefix(out[0].text, "CANCEL ") {
		t.Fatalf("sent %v", out)
	}
	out = n.from(bob, answer(fwd, 487, "b", ""))
	n.want(out, bob+" ACK ", carol+" INVITE ") // nobody answers here: the next place
	n.want(n.from(carol, answer(out[1].text, 486, "c", "")), carol+" ACK ", alice+" SIP/2.0 487")
	if len(n.health) != 0 {
		t.Errorf("locator told %q", n.health)
	}
	n.wantIdle()

	n = newPaper(t) // and if the CANCEL is not heard either: 408 (§16.8)
	fwd = n.from(alice, invite)[1].text
	n.from(bob, answer(fwd, 180, "b", ""))
	n.want(sentTo(n.after(220*sec), alice)[:1], alice+" SIP/2.0 408")
	if len(n.health) != 0 {
		t.Errorf("who has rung is not dead: %q", n.health)
	}
	n.wantOutcome("id1 408 true")
	n.wantIdle()
}

func TestTimeoutOfOneBranchRanksAs408(t *testing.T) {
	n := newPaper(t)
	got := n.fork(t, bob, carol)
	n.from(bob, answer(got[bob], 180, "b", ""))
	n.from(carol, answer(got[carol], 500, "c", ""))
	n.want(sentTo(n.after(220*sec), alice)[:1], alice+" SIP/2.0 408")
	n.wantIdle()
}

// TestCancelSaysWhy: RFC 3326. A telephone tells by it whether it has missed a call.
func TestCancelSaysWhy(t *testing.T) {
	reason := func(out []letter) string {
		for _, l := range out {
			if strings.HasPrefix(l.text, "CANCEL ") {
				return strings.Join(header(l.text, "Reason"), " | ")
			}
		}
		return "no CANCEL"
	}
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	n := newPaper(t)
	got := n.fork(t, bob, carol, dave)
	n.from(carol, answer(got[carol], 180, "c", ""))
	check("another has answered", reason(n.from(bob, answer(got[bob], 200, "b", ""))), `SIP;cause=200;text="Call completed elsewhere"`)
	check("the same, later", reason(n.from(dave, answer(got[dave], 180, "d", ""))), `SIP;cause=200;text="Call completed elsewhere"`)

	n = newPaper(t)
	got = n.fork(t, bob, carol)
	n.from(carol, answer(got[carol], 180, "c", ""))
	check("another has declined for all", reason(n.from(bob, answer(got[bob], 603, "b", ""))), "SIP;cause=603")

	long := strings.Repeat("x", 300)
	for fields, want := range map[string]string{
		"": "",
		"Reason: SIP;cause=200;text=\"done, elsewhere\", Q.850 ;cause=26\n": `SIP;cause=200;text="done, elsewhere", Q.850 ;cause=26`,
		"Reason: Q.850;cause=16\nReason: SIP;cause=487\n":                   "Q.850;cause=16, SIP;cause=487",
		"Reason: SIP;text=\"" + long + "\", Q.850;cause=31\n":               "Q.850;cause=31",
		"Reason: SIP;cause=200;\n text=\"folded\"\n":                        "",
	} {
		n = newPaper(t)
		fwd := n.from(alice, invite)[1].text
		n.from(bob, answer(fwd, 180, "b", ""))
		check(fields, reason(n.from(alice, strings.Replace(cancelOf(invite), "Call-ID", fields+"Call-ID", 1))), want)
	}
}

func TestCancel(t *testing.T) {
	n := newPaper(t) // before any answer: it waits
	fwd := n.from(alice, invite)[1].text
	n.want(n.from(alice, cancelOf(invite)), alice+" SIP/2.0 200")
	n.want(n.from(bob, answer(fwd, 100, "", "")), bob+" CANCEL ")
	n.want(n.from(bob, answer(fwd, 487, "b", "")), bob+" ACK ", alice+" SIP/2.0 487")
	n.wantOutcome("id1 487 false")
	n.wantIdle()

	n = newPaper(t) // nobody ever answers: 487 all the same, and nobody is to blame
	n.from(alice, invite)
	n.from(alice, cancelOf(invite))
	n.want(sentTo(n.after(33*sec), alice)[:1], alice+" SIP/2.0 487")
	if len(n.health) != 0 {
		t.Errorf("locator told %q", n.health)
	}
	n.wantOutcome("id1 487 true")
	n.wantIdle()

	n = newPaper(t) // crossing the 200
	fwd = n.from(alice, invite)[1].text
	n.from(bob, answer(fwd, 180, "b", ""))
	n.want(n.from(alice, cancelOf(invite)), alice+" SIP/2.0 200", bob+" CANCEL ")
	n.want(n.from(bob, answer(fwd, 200, "b", "")), alice+" SIP/2.0 200")
	n.want(n.from(alice, cancelOf(invite)), alice+" SIP/2.0 200") // and again, too late
	n.wantIdle()

	n = newPaper(t) // of parallel and later branches
	n.to(bob, carol, dave)
	n.targets[2].Group = 1
	out := n.from(alice, invite)
	n.from(bob, answer(out[1].text, 180, "b", ""))
	n.want(n.from(alice, cancelOf(invite)), alice+" SIP/2.0 200", bob+" CANCEL ")
	n.want(n.from(carol, answer(out[2].text, 486, "c", "")), carol+" ACK ")
	n.want(n.from(bob, answer(out[1].text, 503, "b", "")), bob+" ACK ", alice+" SIP/2.0 486")
	n.wantIdle()

	n = newPaper(t) // that matches nothing
	n.want(n.from(alice, cancelOf(invite)), alice+" SIP/2.0 481")
}

func TestLargeRequestTriesTCPFirst(t *testing.T) {
	n := newPaper(t)
	big := with(invite, "X-Pad: "+strings.Repeat("x", 1200)+"\n")
	out := n.from(alice, big)
	n.want(out, alice+" SIP/2.0 100", "TCP "+bob+" INVITE ")
	if via := header(out[1].text, "Via")[0]; !strings.HasPrefix(via, "SIP/2.0/TCP ") {
		t.Errorf("Via %q", via)
	}
	at := len(n.sent)
	n.layer.SendFailed(0, []byte(out[1].text), errors.New("connection refused"), n.now, n)
	n.want(n.sent[at:], "UDP "+bob+" INVITE ")
	if via := header(n.sent[at].text, "Via")[0]; !strings.HasPrefix(via, "SIP/2.0/UDP ") {
		t.Errorf("Via %q", via)
	}
	n.want(n.from(bob, answer(n.sent[at].text, 200, "b", "")), alice+" SIP/2.0 200")
	n.wantIdle()

	n = newPaper(t)
	n.targets[0].Next.Transport = sip.TLS // stays what it is
	n.want(n.from(alice, big), alice+" SIP/2.0 100", "TLS "+bob+" INVITE ")
}

// The connection that took the INVITE ended without a word: the next hop is tried
// at once, and TCP is not held to be missing.
func TestLostConnectionFailsOverAtOnce(t *testing.T) {
	n := newPaper(t)
	big := with(invite, "X-Pad: "+strings.Repeat("x", 1200)+"\n")
	out := n.from(alice, big)
	n.want(out, alice+" SIP/2.0 100", "TCP "+bob+" INVITE ")
	at := len(n.sent)
	n.layer.SendFailed(0, []byte(out[1].text), wire.ErrLost, n.now, n)
	n.want(n.sent[at:], "UDP "+bob+" INVITE ")
	ringing := n.sent[at]
	n.from(bob, answer(ringing.text, 180, "b", ""))
	at = len(n.sent)
	n.layer.SendFailed(0, []byte(ringing.text), wire.ErrLost, n.now, n) // somebody is there
	n.want(n.sent[at:])
	n.want(n.from(bob, answer(ringing.text, 200, "b", "")), alice+" SIP/2.0 200")
	n.wantIdle()
	if out = n.from(alice, strings.Replace(big, "z9hG4bK", "z9hG4bKother", 1)); out[len(out)-1].to.Transport != sip.TCP {
		t.Errorf("the next large one: %v", out)
	}
}

// The only way to the PBX is a connection that has died since it was used last: a
// new one is tried, once.
func TestLostConnectionIsDialledAgain(t *testing.T) {
	n := newPaper(t)
	n.targets[0].Next.Transport = sip.TLS
	first := n.from(alice, invite)[1]
	for _, want := range []string{"TLS " + bob + " INVITE ", alice + " SIP/2.0 503"} {
		at := len(n.sent)
		n.layer.SendFailed(0, []byte(first.text), wire.ErrLost, n.now, n)
		n.want(n.sent[at:], want)
		first = n.sent[at]
	}
	n.wantIdle()
}

// Who was silent once comes last for a while, also among the targets that an
// operator gave an order.
func TestDeadTargetIsNotTriedFirstAgain(t *testing.T) {
	n := newPaper(t)
	n.targets = []Target{{Next: next(bob), Backup: []locate.Target{next(carol)}}}
	n.want(n.from(alice, invite), alice+" SIP/2.0 100", bob+" INVITE ")
	second := sentTo(n.after(5*sec), carol)
	n.from(carol, answer(second[0].text, 486, "c", ""))
	n.after(40 * sec)
	n.want(n.from(alice, strings.ReplaceAll(invite, "z9hG4bK", "z9hG4bKagain")), alice+" SIP/2.0 100", carol+" INVITE ")
}

// The caller of a call that went on with another From sees his own, also in the
// second answer of a forked call.
func TestLateAnswerHasTheCallersFrom(t *testing.T) {
	n := newPaper(t)
	n.label = true
	fwd := n.from(alice, invite)[1].text
	const from = `"Alice" <sip:alice@elsewhere.test>;tag=a1`
	if header(fwd, "From")[0] == from {
		t.Fatal("the From was not changed")
	}
	for _, tag := range []string{"b", "b", "c"} {
		out := n.from(bob, answer(fwd, 200, tag, ""))
		n.want(out, alice+" SIP/2.0 200")
		if got := header(out[0].text, "From")[0]; got != from {
			t.Errorf("answer %s has From %q, want %q", tag, got, from)
		}
	}
}

func TestAnswerGoesBackOnItsConnection(t *testing.T) {
	n := newPaper(t)
	f := wire.Flow{Transport: sip.TCP, Socket: 1, Conn: 9}
	f.Remote = netip.MustParseAddrPort(alice)
	fwd := n.receive(f, strings.Replace(invite, "SIP/2.0/UDP", "SIP/2.0/TCP", 1))[1].text
	if rr := strings.Join(header(fwd, "Record-Route"), ","); strings.Count(rr, "gh=") != 2 {
		t.Errorf("RFC 5658 wants two entries: %q", rr)
	}
	if out := n.from(bob, answer(fwd, 200, "b", "")); len(out) != 1 || out[0].to.Flow != f {
		t.Errorf("sent %v", out)
	}
	n.after(time.Minute)
	n.wantIdle()
}
