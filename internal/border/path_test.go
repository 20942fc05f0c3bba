package border_test

import (
	"strings"
	"testing"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

const register = `
REGISTER sip:example.test SIP/2.0
Via: SIP/2.0/UDP 192.168.1.7:5060;branch=z9hG4bKreg1;rport
Max-Forwards: 70
From: <sip:bob@example.test>;tag=r1
To: <sip:bob@example.test>
Call-ID: reg-1@192.168.1.7
CSeq: 1 REGISTER
Contact: <sip:bob@192.168.1.7:5060>
Subject: ...................................................................................................................................................................
Content-Length: 0
`

// ring is the PBX's call to the phone, along its Path.
func ring(path string) string {
	return "INVITE sip:bob@192.168.1.7:5060 SIP/2.0\nVia: SIP/2.0/UDP " + pbxAddr + ";branch=z9hG4bKring;rport\nMax-Forwards: 70\nFrom: <sip:+15551230001@example.test>;tag=p1\n" +
		"To: <sip:bob@example.test>\nCall-ID: ring-1\nCSeq: 1 INVITE\nContact: <sip:pbx@" + pbxAddr + ">\nRoute: " + path + "\nContent-Length: 0\n"
}

// registered lets the phone register at the PBX and returns its Path there.
func (p *paper) registered() string {
	p.t.Helper()
	out := p.from(callerAddr, register)
	if len(out) != 1 || out[0].to.Remote.String() != pbxAddr {
		p.t.Fatalf("REGISTER: %v", out)
	}
	path := header(out[0].text, "Path")
	if !strings.HasPrefix(path, "<sip:"+serverAddr+";lr;fp=") {
		p.t.Fatalf("Path %q", path)
	}
	ok := answer(out[0].text, "200 OK", "s1")
	if back := p.from(pbxAddr, ok); len(back) != 1 || back[0].to.Remote.String() != callerAddr {
		p.t.Fatalf("200: %v", back)
	}
	return path
}

func TestPBXCallsItsPhoneOverThePhonesFlow(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	path := p.registered()
	out := p.from(pbxAddr, ring(path))
	if len(out) != 2 || out[1].to.Remote.String() != callerAddr || !strings.HasPrefix(out[1].text, "INVITE sip:bob@192.168.1.7:5060 ") || header(out[1].text, "Route") != "" {
		t.Fatalf("the call: %v", out)
	}
	if a := p.seen[len(p.seen)-1]; a.Source.Address != pbxAddr || len(a.Signals) != 1 || a.Signals[0].Name != "EXEMPT" {
		t.Errorf("history: %+v", a)
	}
	ok := strings.Replace(answer(out[1].text, "200 OK", "b1"), "bob@192.0.2.80:5080", "bob@192.168.1.7:5060", 1)
	back := p.from(callerAddr, ok)
	if len(back) != 1 || back[0].to.Remote.String() != pbxAddr {
		t.Fatalf("200: %v", back)
	}
	route := header(back[0].text, "Record-Route")
	atPhone := header(out[1].text, "Record-Route")
	// Inside the dialog both sides find each other too.
	inside := func(method string) string {
		return strings.NewReplacer("INVITE", method, "z9hG4bKring", "z9hG4bK"+method, "To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag=b1", "Route: "+path, "Route: "+route).Replace(ring(path))
	}
	for _, method := range []string{"ACK", "INVITE", "BYE"} {
		out = p.from(pbxAddr, inside(method))
		if len(out) == 0 || out[len(out)-1].to.Remote.String() != callerAddr {
			t.Errorf("%s of the PBX: %v", method, out)
		}
	}
	bye := "BYE sip:pbx@" + pbxAddr + " SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.7:5060;branch=z9hG4bKbye;rport\nMax-Forwards: 70\nFrom: <sip:bob@example.test>;tag=b1\n" +
		"To: <sip:+15551230001@example.test>;tag=p1\nCall-ID: ring-1\nCSeq: 1 BYE\nRoute: " + atPhone + "\nContent-Length: 0\n"
	if out = p.from(callerAddr, bye); len(out) != 1 || out[0].to.Remote.String() != pbxAddr {
		t.Errorf("BYE of the phone: %v", out)
	}
}

// TestUpkeepIsNoAttempt: a PBX that looks after hundreds of telephones fills no history; what others ask is in it.
func TestUpkeepIsNoAttempt(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	path := p.registered()
	before := len(p.seen)
	options := strings.NewReplacer("INVITE", "OPTIONS").Replace(ring(path))
	if out := p.from(pbxAddr, options); len(out) != 1 || out[0].to.Remote.String() != callerAddr {
		t.Fatalf("OPTIONS of the PBX: %v", out)
	}
	if len(p.seen) != before {
		t.Errorf("history: %+v", p.seen[before:])
	}
	stranger := strings.NewReplacer("z9hG4bKring", "z9hG4bKoptions", "ring-1", "options-1", "Route: "+path+"\n", "", "bob@192.168.1.7:5060 ", "bob@example.test ", pbxAddr, "198.51.100.66:5060").Replace(options)
	if p.from("198.51.100.66:5060", stranger); len(p.seen) != before+1 || p.seen[before].Kind != verdict.Other {
		t.Errorf("history after a stranger's OPTIONS: %+v", p.seen[before:])
	}
}

func TestPathOpensNothingToStrangers(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	path := p.registered()
	if out := p.from("198.51.100.66:5060", ring(path)); len(out) != 1 || status(out[0]) != "SIP/2.0 403 Relaying Denied" {
		t.Errorf("a stranger's call along the Path: %v", out)
	}
	at := strings.Index(path, "fp=") + 3
	forged := path[:at] + "A" + path[at+1:]
	if path[at] == 'A' {
		forged = path[:at] + "B" + path[at+1:]
	}
	if out := p.from(pbxAddr, ring(forged)); len(out) != 1 || status(out[0]) != "SIP/2.0 430 Flow Failed" {
		t.Errorf("a Path that is none of ours: %v", out)
	}
}

func TestPathIsNotForcedOnWhoNeedsNone(t *testing.T) {
	reachable := strings.Replace(register, "192.168.1.7", "198.51.100.7", -1)
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"behind a NAT":          {register, true},
		"Supported: gruu":       {strings.Replace(register, "CSeq", "Supported: gruu\nCSeq", 1), true},
		"Supported, empty":      {strings.Replace(register, "CSeq", "Supported:\nCSeq", 1), true},
		"reachable":             {reachable, false},
		"reachable, knows Path": {strings.Replace(reachable, "CSeq", "Supported: timer, Path\nCSeq", 1), true},
		"Contact by name":       {strings.Replace(register, "bob@192.168.1.7", "bob@phone.test", 1), false},
		"unregisters all":       {strings.Replace(register, "<sip:bob@192.168.1.7:5060>", "*\nExpires: 0", 1), false},
	} {
		p := newPaper(t, nil, screen.Layer{})
		out := p.from(callerAddr, c.text)
		if got := strings.Contains(out[0].text, "\r\nPath: "); got != c.want {
			t.Errorf("%s: Path %v", name, got)
		}
		// Asterisk refuses a Path where nobody says that he knows it, with a 420 that does not say why, and reads one field.
		if supported := header(out[0].text, "Supported"); strings.Contains(strings.ToLower(supported), "path") != c.want || strings.Count(out[0].text, "\r\nSupported") > 1 {
			t.Errorf("%s: Supported: %s in %q", name, supported, out[0].text)
		}
	}
}

// RFC 3327 §5.3: a registrar may refuse a Path that the phone has not asked for.
func TestPBXThatRefusesPathIsNotAskedAgain(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	first := p.from(callerAddr, register)[0].text
	out := p.from(pbxAddr, strings.Replace(answer(first, "420 Bad Extension", "s1"), "Content-Length", "Unsupported: path\nContent-Length", 1))
	if len(out) != 1 || out[0].to.Remote.String() != pbxAddr || strings.Contains(out[0].text, "\r\nPath") || header(out[0].text, "Via") == header(first, "Via") {
		t.Fatalf("after the 420: %v", out)
	}
	if out = p.from(pbxAddr, answer(out[0].text, "200 OK", "s1")); len(out) != 1 || status(out[0]) != "SIP/2.0 200 OK" {
		t.Fatalf("200: %v", out)
	}
	again := strings.NewReplacer("reg1", "reg2", "1 REGISTER", "2 REGISTER").Replace(register)
	out = p.from(callerAddr, again)
	if strings.Contains(out[0].text, "\r\nPath") {
		t.Error("it got a Path again")
	}
	// A 420 for another reason is the phone's business.
	out = p.from(pbxAddr, strings.Replace(answer(out[0].text, "420 Bad Extension", "s1"), "Content-Length", "Unsupported: path\nContent-Length", 1))
	if len(out) != 1 || out[0].to.Remote.String() != callerAddr || status(out[0]) != "SIP/2.0 420 Bad Extension" {
		t.Errorf("second 420: %v", out)
	}
}

// A phone that is silent is not a server that is down: the PBX must not turn
// away from us.
func TestSilentPhoneIs408(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	p.from(pbxAddr, ring(p.registered()))
	for _, l := range p.after(40 * time.Second) {
		if l.to.Remote.String() == pbxAddr && strings.HasPrefix(status(l), "SIP/2.0 4") {
			if status(l) != "SIP/2.0 408 Request Timeout" {
				t.Errorf("got %s", status(l))
			}
			return
		}
	}
	t.Error("no final answer")
}

// The Request-URI of a REGISTER names the registrar alone: the history, the rates and the rules of single users go by
// To, which says whose registration it is (RFC 3261 §10.2).
func TestRegistrationIsOfWhomToNames(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	p.registered()
	if got := p.seen[len(p.seen)-1]; got.Kind != verdict.Registration || got.To.Requested != "sip:bob@example.test" || got.To.User != "sip:bob@example.test" {
		t.Errorf("to %+v", got.To)
	}
}

// TestServiceRouteThatNamesThePBXIsFollowed: a phone puts what its registrar has told it behind us into each request
// (RFC 3608); it may name the place that the request goes to anyway, and nothing behind that.
func TestServiceRouteThatNamesThePBXIsFollowed(t *testing.T) {
	for route, want := range map[string]string{
		"<sip:" + serverAddr + ";lr>, <sip:orig@" + pbxAddr + ";lr>":     pbxAddr + " INVITE",
		"<sip:" + pbxAddr + ";lr>":                                       pbxAddr + " INVITE",
		"<sip:" + pbxAddr + ";lr>, <sip:" + serverAddr + ";lr>":          callerAddr + " SIP/2.0 403",
		"<sip:" + pbxAddr + ";lr>, <sip:192.0.2.99;lr>":                  callerAddr + " SIP/2.0 403",
		"<sip:" + pbxAddr + ";lr;maddr=192.0.2.99>":                      callerAddr + " SIP/2.0 403",
		"<sip:192.0.2.99;lr>, <sip:" + pbxAddr + ";lr>":                  callerAddr + " SIP/2.0 403",
		"<sip:" + strings.Replace(pbxAddr, ":5080", ":5081", 1) + ";lr>": callerAddr + " SIP/2.0 403",
	} {
		p := newPaper(t, nil, screen.Layer{})
		out := p.from(callerAddr, strings.Replace(invite, "Max-Forwards", "Route: "+route+"\nMax-Forwards", 1))
		if len(out) == 0 || !strings.HasPrefix(last(out), want) {
			t.Errorf("%s: %v", route, out)
		}
	}
}
