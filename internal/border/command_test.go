package border_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"gatehouse.example/internal/action"
	"gatehouse.example/internal/border"
	"gatehouse.example/internal/locate"
	"gatehouse.example/screen"
	"gatehouse.example/sip"
	"gatehouse.example/verdict"
)

const premium = "Refer-To: <sip:+882130000001@example.test>"

// outside is a request that begins something.
func outside(method, from, branch string, lines ...string) string {
	return method + " sip:bob@example.test SIP/2.0\nVia: SIP/2.0/UDP " + from + ";branch=z9hG4bK" + branch + ";rport\nMax-Forwards: 70\nFrom: <sip:alice@elsewhere.test>;tag=a1\n" +
		"To: <sip:bob@example.test>\nCall-ID: out-" + branch + "\nCSeq: 1 " + method + "\nContact: <sip:alice@" + from + ">\n" + padding + strings.Join(append(lines, ""), "\n") + "Content-Length: 0\n"
}

// Nobody makes our PBX call, or our telephones answer, by being let in to a call; and the call goes on.
func TestStrangersCommandNobody(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	u := p.callUp(pbxContact)
	for i, c := range []struct{ method, line string }{
		{"REFER", premium}, {"REFER", "r: sip:carol@example.test"}, {"NOTIFY", "Event: talk"}, {"NOTIFY", "o:\n TALK ;id=1"}, {"NOTIFY", "Event: hold"}, {"NOTIFY", "Event: check-sync;reboot=true"},
		{"NOTIFY", "Event: Yealink-xml"},
	} {
		for _, request := range []string{
			u.caller(c.method, pbxContact, fmt.Sprint("in", i), c.line), strings.Replace(u.caller(c.method, pbxContact, fmt.Sprint("as", i), c.line), "sip:alice@elsewhere", "sip:carol@elsewhere", 1),
		} {
			if out := p.from(callerAddr, request); len(out) != 1 || status(out[0]) != "SIP/2.0 403 Forbidden" {
				t.Errorf("%s %s: %v", c.method, c.line, out)
			}
		}
	}
	for _, event := range []string{"refer", "talkative", "presence"} {
		if out := p.from(callerAddr, u.caller("NOTIFY", pbxContact, "n"+event, "Event: "+event)); !strings.HasPrefix(last(out), pbxAddr+" NOTIFY") {
			t.Errorf("NOTIFY of %s: %v", event, out)
		}
	}
	if out := p.from(callerAddr, u.caller("BYE", pbxContact, "bye")); !strings.HasPrefix(last(out), pbxAddr+" BYE") {
		t.Errorf("BYE: %v", out)
	}
	// Who has been called by the PBX is a telephone of its own, or whom somebody of ours wanted to reach.
	out := p.from(pbxAddr, ring(p.registered()))
	fwd := textOf(out)
	p.from(callerAddr, strings.Replace(answer(fwd, "200 OK", "b1"), "bob@192.0.2.80:5080", "bob@192.168.1.7:5060", 1))
	refer := "REFER sip:pbx@" + pbxAddr + " SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.7:5060;branch=z9hG4bKref;rport\nMax-Forwards: 70\nFrom: <sip:bob@example.test>;tag=b1\n" +
		"To: <sip:+15551230001@example.test>;tag=p1\nCall-ID: ring-1\nCSeq: 1 REFER\nContact: <sip:bob@192.168.1.7:5060>\nRoute: " + header(fwd, "Record-Route") + "\n" + premium + "\nContent-Length: 0\n"
	if out := p.from(callerAddr, refer); !strings.HasPrefix(last(out), pbxAddr+" REFER") {
		t.Errorf("REFER of a telephone that was called: %v", out)
	}
}

// Outside of a call nobody transfers anything.
func TestWhoCommandsOutsideOfCallsIsBanned(t *testing.T) {
	for _, c := range []struct{ method, line string }{{"REFER", premium}, {"NOTIFY", "Event: check-sync"}, {"NOTIFY", "Event: message-summary"}} {
		method, line := c.method, c.line
		p := newPaper(t, nil, screen.Layer{})
		at := netip.MustParseAddrPort(callerAddr)
		for i := range 5 {
			if !p.border.Admit(at, sip.UDP, 500, p.now) {
				break
			}
			if out := p.from(callerAddr, outside(method, callerAddr, fmt.Sprint("o", i), line)); len(out) != 1 || status(out[0]) != "SIP/2.0 403 Forbidden" {
				t.Errorf("%s: %v", method, out)
			}
		}
		if p.border.Admit(at, sip.UDP, 500, p.now) {
			t.Errorf("%s: not banned after five", method)
		}
		const carrier = "203.0.113.9:5060"
		if out := p.from(carrier, outside(method, carrier, "peer", line)); !strings.HasPrefix(last(out), pbxAddr+" "+method) {
			t.Errorf("%s of a peer: %v", method, out)
		}
	}
}

// A telephone of the PBX transfers calls, also those that it began: it has registered there with its password.
func TestTelephoneOfThePBXTransfersItsCalls(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	proves := `Authorization: Digest username="bob", realm="pbx", nonce="n", uri="sip:example.test", response="00000000000000000000000000000000"` + "\n"
	out := p.from(callerAddr, strings.Replace(register, "Subject:", proves+"Subject:", 1))
	p.from(pbxAddr, answer(out[0].text, "200 OK", "s1"))
	u := p.callUp(pbxContact)
	if out := p.from(callerAddr, u.caller("REFER", pbxContact, "ref", premium)); !strings.HasPrefix(last(out), pbxAddr+" REFER") {
		t.Errorf("got %v", out)
	}
}

// reader finds words in texts.
type reader struct{}

func (reader) Info() screen.Info {
	return screen.Info{Name: "reader", Signals: []screen.SignalInfo{{Name: "READER_SPAM", Description: "It says so.", Weight: 50}}}
}

func (reader) Run(_ context.Context, a *screen.Attempt, r *screen.Report) {
	if strings.Contains(a.Text, "buy now") {
		r.Signal("READER_SPAM", 1, a.Text)
	}
}

// RFC 5039 §3.1: what somebody writes in a call that was let in is read as any other message, and the call goes on.
func TestMessagesWithinACallAreRead(t *testing.T) {
	for _, profile := range []string{"us-603plus", "404"} {
		p := newPaper(t, []screen.Check{reader{}}, screen.Layer{Mode: ptr(verdict.Enforce)})
		if profile == "404" {
			p.border.SetSite(strictSite(p))
		}
		u := p.callUp(pbxContact)
		write := func(text, branch string) []letter {
			m := u.caller("MESSAGE", pbxContact, branch, "Content-Type: text/plain")
			return p.from(callerAddr, strings.Replace(m, "Content-Length: 0\n", fmt.Sprintf("Content-Length: %d\n\n%s", len(text), text), 1))
		}
		if out := write("see you at eight", "m1"); !strings.HasPrefix(last(out), pbxAddr+" MESSAGE") || len(p.seen) != 2 || p.seen[1].Kind != verdict.Message {
			t.Fatalf("%s: %v, history %+v", profile, out, p.seen)
		}
		first := write("buy now", "m2")
		if !strings.HasPrefix(last(first), callerAddr+" SIP/2.0 603") || len(p.seen) != 3 || p.seen[2].Action != verdict.Reject || p.seen[2].To.Requested != "sip:bob@example.test" {
			t.Errorf("%s: %v, history %+v", profile, first, p.seen)
		}
		if again := write("buy now", "m2"); last(again) != last(first) || len(p.seen) != 3 {
			t.Errorf("%s: again %v, history %d", profile, again, len(p.seen))
		}
		// The callee may write what it likes, and the call is still up.
		if out := p.from(pbxAddr, u.callee("MESSAGE", "sip:alice@198.51.100.7:5060", "m3")); !strings.HasPrefix(last(out), callerAddr+" MESSAGE") || len(p.seen) != 3 {
			t.Errorf("%s: of the callee: %v", profile, out)
		}
		if out := p.from(callerAddr, u.caller("BYE", pbxContact, "bye")); !strings.HasPrefix(last(out), pbxAddr+" BYE") {
			t.Errorf("%s: BYE: %v", profile, out)
		}
	}
}

// strictSite answers who is rejected by 404.
func strictSite(p *paper) *border.Site {
	p.t.Helper()
	engine, err := screen.New([]screen.Check{reader{}})
	if err != nil {
		p.t.Fatal(err)
	}
	policy, err := engine.Resolve(screen.Layer{Mode: ptr(verdict.Enforce)})
	if err != nil {
		p.t.Fatal(err)
	}
	site := &border.Site{}
	site.AddDomain(&border.Domain{
		Name: "example.test", Policy: policy, Targets: []locate.Target{{Host: "192.0.2.80", Port: 5080}}, Rejection: action.NewRejection("404", action.Redress{}),
	})
	site.Seal()
	return site
}
