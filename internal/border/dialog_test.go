package border_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// up is a call that is up, as both sides know it.
type up struct{ alices, pbxs string }

func (p *paper) callUp(contact string) up {
	p.t.Helper()
	fwd := p.from(callerAddr, invite)[1].text
	back := p.from(pbxAddr, strings.Replace(answer(fwd, "200 OK", "b1"), "sip:bob@192.0.2.80:5080", contact, 1))
	return up{alices: header(back[0].text, "Record-Route"), pbxs: header(fwd, "Record-Route")}
}

const padding = "Subject: ..............................................................................................................................................................................................\n"

// caller writes a request of the caller within the dialog.
func (u up) caller(method, uri, branch string, lines ...string) string {
	return method + " " + uri + " SIP/2.0\nVia: SIP/2.0/UDP " + callerAddr + ";branch=z9hG4bK" + branch + ";rport\nMax-Forwards: 70\nFrom: <sip:alice@elsewhere.test>;tag=a1\n" +
		"To: <sip:bob@example.test>;tag=b1\nCall-ID: call-1@elsewhere.test\nCSeq: 2 " + method + "\nRoute: " + u.alices + "\nContact: <sip:alice@198.51.100.7>\n" + padding + strings.Join(append(lines, ""), "\n") + "Content-Length: 0\n"
}

// callee writes one of the PBX.
func (u up) callee(method, uri, branch string) string {
	return method + " " + uri + " SIP/2.0\nVia: SIP/2.0/UDP " + pbxAddr + ";branch=z9hG4bK" + branch + ";rport\nMax-Forwards: 70\nFrom: <sip:bob@example.test>;tag=b1\n" +
		"To: <sip:alice@elsewhere.test>;tag=a1\nCall-ID: call-1@elsewhere.test\nCSeq: 7 " + method + "\nRoute: " + u.pbxs + "\nContact: <sip:bob@192.0.2.80:5080>\nContent-Length: 0\n"
}

const pbxContact = "sip:bob@192.0.2.80:5080"

// last is where the last message that was sent went, and its first line.
func last(out []letter) string {
	if len(out) == 0 {
		return ""
	}
	l := out[len(out)-1]
	line, _, _ := strings.Cut(l.text, "\r\n")
	return l.to.Remote.String() + " " + line
}

func TestADialogIsNoRelay(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	u := p.callUp(pbxContact)
	for what, uri := range map[string]string{
		"elsewhere": "sip:+972123456@203.0.114.9", "carrier": "sip:+972123456@203.0.113.9", "PBX-host": "sip:x@192.0.2.80:6379;transport=tcp",
		"name": "sip:x@victim.test", "maddr": pbxContact + ";maddr=203.0.114.9",
	} {
		for _, method := range []string{"INVITE", "BYE", "MESSAGE", "REFER"} {
			out := p.from(callerAddr, u.caller(method, uri, what+method))
			if len(out) != 1 || !strings.HasPrefix(last(out), callerAddr+" SIP/2.0 48") && !strings.HasPrefix(last(out), callerAddr+" SIP/2.0 403") {
				t.Errorf("%s to %s: %v", method, what, out)
			}
		}
		if out := p.from(callerAddr, u.caller("ACK", uri, what+"ack")); len(out) != 0 {
			t.Errorf("ACK to %s: %v", what, out)
		}
	}
	// What the PBX's own token opens is not the caller's.
	if out := p.from(callerAddr, up{alices: u.pbxs}.caller("INVITE", "sip:x@203.0.114.9", "x1")); !strings.HasPrefix(last(out), callerAddr+" SIP/2.0 481") {
		t.Errorf("with the other side's token: %v", out)
	}
	seen := len(p.seen)
	for _, method := range []string{"INVITE", "INFO", "BYE"} {
		if out := p.from(callerAddr, u.caller(method, pbxContact, "ok"+method)); !strings.HasPrefix(last(out), pbxAddr+" "+method) {
			t.Errorf("%s to the PBX: %v", method, out)
		}
	}
	if len(p.seen) != seen {
		t.Errorf("screened: %+v", p.seen[seen:])
	}
}

// Who was let in once does not get to others by that, nor who was refused.
func TestADialogOpensNoOther(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	u := p.callUp(pbxContact)
	for _, method := range []string{"INVITE", "MESSAGE", "BYE"} {
		forged := strings.Replace(u.caller(method, "sip:chief@192.0.2.80:5080", "z"+method), ";tag=b1", ";tag=b2", 1)
		if out := p.from(callerAddr, forged); !strings.HasPrefix(last(out), callerAddr+" SIP/2.0 481") {
			t.Errorf("%s with another tag: %v", method, out)
		}
	}
	p = newPaper(t, nil, screen.Layer{})
	fwd := p.from(callerAddr, invite)[1].text
	back := p.from(pbxAddr, answer(fwd, "486 Busy Here", "b1")) // an ACK, and what the caller gets
	u = up{alices: header(back[len(back)-1].text, "Record-Route")}
	if seen := len(p.seen); u.alices == "" || !strings.HasPrefix(last(p.from(callerAddr, u.caller("INVITE", "sip:chief@192.0.2.80:5080", "z1"))), pbxAddr) || len(p.seen) != seen+1 {
		t.Errorf("a refused caller calls on, history %+v, Record-Route %q", p.seen, u.alices)
	}
}

// A caller who was let in says no more in his call than he could say at its beginning.
func TestClaimsWithinADialogDoNotReachThePBX(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	u := p.callUp(pbxContact)
	claims := []string{"P-Asserted-Identity: <sip:boss@example.test>", "p-preferred-identity : <sip:boss@example.test>", "Remote-Party-ID: <sip:boss@example.test>",
		"Diversion: <sip:boss@example.test>", "X-Gatehouse: relay", "Spam-Score: 0", "P-Attestation-Indicator: A", "X-Harmless: stays"}
	named := func(text string) (names []string) {
		for _, l := range strings.Split(text, "\r\n") {
			if name, _, _ := strings.Cut(l, ":"); slices.ContainsFunc(claims, func(c string) bool { return strings.HasPrefix(c, name+":") || strings.HasPrefix(c, name+" :") }) && name != "" {
				names = append(names, name)
			}
		}
		return names
	}
	for _, method := range []string{"INVITE", "UPDATE", "INFO", "MESSAGE", "SUBSCRIBE", "ACK", "BYE"} {
		out := p.from(callerAddr, u.caller(method, pbxContact, "c"+method, claims...))
		if got := named(out[len(out)-1].text); !strings.HasPrefix(last(out), pbxAddr+" "+method) || !slices.Equal(got, []string{"X-Harmless"}) {
			t.Errorf("%s: %q in %v", method, got, out)
		}
	}
	// What the PBX says of its caller may pass, but never in our name.
	out := p.from(pbxAddr, u.callee("UPDATE", "sip:alice@198.51.100.7:5060", "p1")+"P-Asserted-Identity: <sip:bob@example.test>\nX-Gatehouse: relay\n")
	if got := named(out[0].text); !slices.Equal(got, []string{"P-Asserted-Identity"}) {
		t.Errorf("of the PBX: %q", got)
	}
}

// Nor does he in his answers, however they come back: to what the PBX asks him within the call, with and without state, and when the asking is over.
func TestClaimsInAnswersDoNotReachThePBX(t *testing.T) {
	const claims = "P-Asserted-Identity: \"Police\" <sip:110@example.test>\nRemote-Party-ID: <sip:boss@example.test>\nalert-info: <http://127.0.0.1/x>\nX-Gatehouse: relay\nX-Harmless: stays\n"
	p := newPaper(t, nil, screen.Layer{})
	u := p.callUp(pbxContact)
	for _, method := range []string{"INVITE", "UPDATE", "INFO", "BYE"} {
		asked := textOf(p.from(pbxAddr, u.callee(method, "sip:alice@198.51.100.7:5060", "a"+method)))
		ok := strings.Replace(answer(asked, "200 OK", ""), "Contact:", claims+"Contact:", 1)
		for range 2 { // the second 2xx to an INVITE is a late one
			got := textOf(p.from(callerAddr, ok))
			if method != "INVITE" && got == "" {
				continue
			}
			if header(got, "P-Asserted-Identity")+header(got, "Remote-Party-ID")+header(got, "alert-info")+header(got, "X-Gatehouse") != "" || header(got, "X-Harmless") != "stays" {
				t.Errorf("%s: the PBX gets\n%s", method, got)
			}
		}
	}
	// What the PBX says in its answers goes on, but never in our name.
	fwd := textOf(p.from(callerAddr, strings.NewReplacer("abc1", "abc9", "call-1@", "call-9@").Replace(invite)))
	got := textOf(p.from(pbxAddr, strings.Replace(answer(fwd, "200 OK", "b9"), "Contact:", claims+"Contact:", 1)))
	if !strings.Contains(header(got, "P-Asserted-Identity"), "Police") || header(got, "alert-info") == "" || header(got, "X-Gatehouse") != "" {
		t.Errorf("the caller gets\n%s", got)
	}
}

// The call has been moved to the second PBX: its caller finds it there, by a
// token that is not bound to it. So what opens something is screened again.
func TestCallThatMovesInsideIsFollowedAndScreened(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	u := p.callUp(pbxContact)
	const second = "sip:bob@192.0.2.81:5080"
	if out := p.from(callerAddr, u.caller("INVITE", second, "m1")); last(out) != "192.0.2.81:5080 INVITE "+second+" SIP/2.0" || len(p.seen) != 2 {
		t.Errorf("re-INVITE: %v, history %d", out, len(p.seen))
	}
	for _, method := range []string{"ACK", "BYE", "PRACK"} {
		if out := p.from(callerAddr, u.caller(method, second, "m2"+method)); last(out) != "192.0.2.81:5080 "+method+" "+second+" SIP/2.0" || len(p.seen) != 2 {
			t.Errorf("%s: %v, history %d", method, out, len(p.seen))
		}
	}
}

// A caller may move anywhere: the PBX follows, and is trusted to.
func TestPBXFollowsACallerWhoMoves(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	u := p.callUp(pbxContact)
	for _, method := range []string{"ACK", "INVITE", "BYE"} {
		if out := p.from(pbxAddr, u.callee(method, "sip:alice@198.51.100.99:5099", "f"+method)); last(out) != "198.51.100.99:5099 "+method+" sip:alice@198.51.100.99:5099 SIP/2.0" {
			t.Errorf("%s: %v", method, out)
		}
	}
}

// RFC 4916, STANDARDS 5.9: who goes on in another name calls anew.
func TestCallerWhoChangesHisNameIsScreenedAgain(t *testing.T) {
	p := newPaper(t, []screen.Check{impostor{}}, screen.Layer{Mode: ptr(verdict.Enforce)})
	u := p.callUp(pbxContact)
	send := func(method, from, branch string) []letter {
		return p.from(callerAddr, strings.Replace(u.caller(method, pbxContact, branch), "From: <sip:alice@elsewhere.test>", "From: "+from, 1))
	}
	for i, same := range []string{
		`"Somebody Else" <sip:alice@elsewhere.test>`, "<sip:alice@ELSEWHERE.test:5060>", "<sip:%61lice@elsewhere.test;user=phone>", "sip:alice@elsewhere.test",
	} {
		if out := send("UPDATE", same, "same"+string(rune('a'+i))); !strings.HasPrefix(last(out), pbxAddr+" UPDATE") || len(p.seen) != 1 {
			t.Errorf("%s: %v, history %d", same, out, len(p.seen))
		}
	}
	for i, method := range []string{"INVITE", "UPDATE", "SUBSCRIBE", "MESSAGE"} {
		out := send(method, "<sip:carol@elsewhere.test>", "other"+method)
		if !strings.HasPrefix(last(out), pbxAddr+" "+method+" "+pbxContact) {
			t.Errorf("%s: %v", method, out)
		}
		if len(p.seen) == i+2 && !slices.ContainsFunc(p.seen[i+1].Signals, func(s verdict.Signal) bool { return s.Name == "IMPOSTOR_RENAMED" }) {
			t.Errorf("%s: no check hears that the caller is another", method)
		}
		if len(p.seen) != i+2 || p.seen[i+1].From.Claimed != "sip:carol@elsewhere.test" || p.seen[i+1].To.Requested != "sip:bob@example.test" {
			t.Errorf("%s: history %+v", method, p.seen[len(p.seen)-1])
		}
		out = send(method, "<sip:impostor@elsewhere.test>", "bad"+method)
		if !strings.HasPrefix(last(out), callerAddr+" SIP/2.0 603") {
			t.Errorf("%s of an impostor: %v", method, out)
		}
		p.seen = p.seen[:i+2]
	}
	// It can still hang up, and the callee may change its own (RFC 4916 §1).
	seen := len(p.seen)
	for _, method := range []string{"ACK", "BYE"} {
		if out := send(method, "<sip:impostor@elsewhere.test>", "end"+method); !strings.HasPrefix(last(out), pbxAddr+" "+method) {
			t.Errorf("%s: %v", method, out)
		}
	}
	connected := strings.Replace(u.callee("UPDATE", "sip:alice@198.51.100.7", "conn"), "From: <sip:bob@example.test>", "From: <sip:carol@example.test>", 1)
	if out := p.from(pbxAddr, connected); !strings.HasPrefix(last(out), callerAddr+" UPDATE") || len(p.seen) != seen {
		t.Errorf("connected identity: %v, history %d", out, len(p.seen))
	}
}

// The PBX repeats in To how the caller was labelled; the caller does not see it.
func TestLabelStaysInsideForTheWholeCall(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	u := p.callUp(pbxContact)
	for name, want := range map[string]string{
		`"[SPAM?] Alice \"A\"" `: `"Alice \"A\"" `, `"[SPAM?] " `: `"" `, `"Alice" `: `"Alice" `, "": "",
	} {
		bye := strings.Replace(u.callee("BYE", "sip:alice@198.51.100.7:5060", "b"), "To: ", "To: "+name, 1)
		out := p.from(pbxAddr, bye)
		if len(out) != 1 || !strings.HasPrefix(header(out[0].text, "To"), want+"<sip:alice@") {
			t.Errorf("%s: %v", name, out)
		}
	}
}

// RFC 3261 §12.2.1.1: within the call a caller has the From of its beginning, with the label, or a PBX that takes the name from a re-INVITE shows it without.
// He himself sees what he has written.
func TestLabelStaysForTheWholeCall(t *testing.T) {
	p := newPaper(t, []screen.Check{suspect{}}, screen.Layer{Mode: ptr(verdict.Enforce)})
	u := p.callUp(pbxContact)
	for _, method := range []string{"INVITE", "UPDATE", "INFO", "ACK", "BYE"} {
		for _, name := range []string{"", `"Alice" `} {
			request := strings.Replace(u.caller(method, pbxContact, fmt.Sprint("l", method, len(name))), "From: ", "From: "+name, 1)
			out := p.from(callerAddr, request)
			fwd := textOf(out)
			if got, want := header(fwd, "From"), `"[SPAM?] `+strings.Trim(name, `" `)+`" <sip:alice@elsewhere.test>;tag=a1`; !strings.HasPrefix(last(out), pbxAddr+" "+method) || got != want {
				t.Errorf("%s: %q, want %q", method, got, want)
			}
			if header(fwd, "X-Gatehouse") != "" {
				t.Errorf("%s: it has a verdict of its own", method)
			}
			if method == "ACK" {
				continue
			}
			back := p.from(pbxAddr, answer(fwd, "200 OK", ""))
			if got := header(textOf(back), "From"); !strings.HasPrefix(last(back), callerAddr+" SIP/2.0 200") || got != name+"<sip:alice@elsewhere.test>;tag=a1" {
				t.Errorf("%s: the caller sees %q in %v", method, got, back)
			}
		}
	}
	if len(p.seen) != 1 {
		t.Errorf("screened again: %+v", p.seen[1:])
	}
	// The callee's own requests tell nobody that there is a label, and who has none gets none.
	labelled := strings.Replace(u.callee("UPDATE", "sip:alice@198.51.100.7:5060", "lc"), "To: ", `To: "[SPAM?] Alice" `, 1)
	if got := header(textOf(p.from(pbxAddr, labelled)), "To"); !strings.HasPrefix(got, `"Alice" <sip:alice@`) {
		t.Errorf("the caller sees To %q", got)
	}
	p = newPaper(t, nil, screen.Layer{Mode: ptr(verdict.Enforce)})
	u = p.callUp(pbxContact)
	if got := header(textOf(p.from(callerAddr, u.caller("INVITE", pbxContact, "n1"))), "From"); got != "<sip:alice@elsewhere.test>;tag=a1" {
		t.Errorf("without a label: %q", got)
	}
}

// A rejected re-INVITE that comes again gets the same answer, and is one attempt.
func TestRejectedRequestInADialogIsDecidedOnce(t *testing.T) {
	p := newPaper(t, []screen.Check{impostor{}}, screen.Layer{Mode: ptr(verdict.Enforce)})
	u := p.callUp(pbxContact)
	again := strings.Replace(u.caller("INVITE", pbxContact, "re"), "From: <sip:alice@", "From: <sip:impostor@", 1)
	first := last(p.from(callerAddr, again))
	if !strings.HasPrefix(first, callerAddr+" SIP/2.0 603") || len(p.seen) != 2 {
		t.Fatalf("got %s, history %d", first, len(p.seen))
	}
	if second := last(p.from(callerAddr, again)); second != first || len(p.seen) != 2 {
		t.Errorf("again: %s, history %d", second, len(p.seen))
	}
}

// impostor finds one name suspicious.
type impostor struct{}

func (impostor) Info() screen.Info {
	return screen.Info{Name: "impostor", Signals: []screen.SignalInfo{
		{Name: "IMPOSTOR", Description: "One.", Weight: 50}, {Name: "IMPOSTOR_RENAMED", Description: "Another than before."},
	}}
}

func (impostor) Run(_ context.Context, a *screen.Attempt, r *screen.Report) {
	if strings.Contains(a.From.Claimed, "impostor") {
		r.Signal("IMPOSTOR", 1, "a test")
	}
	if a.Earlier != "" {
		r.Signal("IMPOSTOR_RENAMED", 1, a.Earlier)
	}
}
