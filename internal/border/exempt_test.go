package border_test

import (
	"context"
	"strings"
	"testing"

	"gatehouse.example/internal/border"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

func TestExemptionsAndCallsForHelp(t *testing.T) {
	site := &border.Site{Exempt: []string{"112", "urn:service:sos", "4711", "reception"}}
	site.Seal()
	for _, tc := range []struct {
		address           string
		exempt, emergency bool
	}{
		{"sip:112@example.test", true, true},
		{"tel:112;phone-context=+49", true, true},
		{"urn:service:sos", true, true},
		{"urn:service:sos.fire", true, true},
		{"urn:service:sosnot", false, false},
		{"sip:4711@example.test", true, false},
		{"sip:Reception@example.test", true, false},
		{"sip:1123@example.test", false, false},
		{"sip:bob@example.test", false, false},
		{"not an address", false, false},
	} {
		if why, emergency := site.Exemption(tc.address); (why != "") != tc.exempt || emergency != tc.emergency {
			t.Errorf("%s: %q, emergency %v", tc.address, why, emergency)
		}
	}
}

// unwanted finds every caller unwanted.
type unwanted struct{}

func (unwanted) Info() screen.Info {
	return screen.Info{Name: "unwanted", Signals: []screen.SignalInfo{{Name: "UNWANTED", Description: "Everybody.", Weight: 50}}}
}

func (unwanted) Run(_ context.Context, _ *screen.Attempt, r *screen.Report) {
	r.Signal("UNWANTED", 1, "a test")
}

// A PBX that takes the called number from To is not led past the screening unseen; a call for help is relayed as it came all the same.
func TestCallForHelpWhoseToNamesAnotherIsLookedAt(t *testing.T) {
	const help = "sip:112@example.test"
	for _, c := range []struct {
		name, from, uri, to string
		looked              bool
	}{
		{"a call for help", callerAddr, help, help, false},
		{"by its service", callerAddr, help, "urn:service:sos.fire", false},
		{"by its number", callerAddr, "urn:service:sos", "tel:112;phone-context=+49", false},
		{"a user in To", callerAddr, help, "sip:bob@example.test", true},
		{"a user of nobody's domain in To", callerAddr, help, "sip:bob@elsewhere.test", true},
		{"a number in To", callerAddr, "urn:service:sos", "tel:+15557770001", true},
		{"a peer that has translated what was dialled", "203.0.113.9:5060", help, "sip:9112@example.test", true},
	} {
		p := newPaper(t, []screen.Check{unwanted{}}, screen.Layer{Mode: ptr(verdict.Enforce)})
		request := strings.NewReplacer("INVITE sip:bob@example.test", "INVITE "+c.uri, "To: <sip:bob@example.test>", "To: <"+c.to+">", "198.51.100.7:5060", c.from).Replace(invite)
		out := p.from(c.from, request)
		if !strings.HasPrefix(last(out), pbxAddr+" INVITE "+c.uri) || header(textOf(out), "From") != header(crlf(request), "From") || header(textOf(out), "X-Gatehouse") != "" {
			t.Fatalf("%s: %v", c.name, out)
		}
		v := p.seen[len(p.seen)-1]
		signals := len(v.Signals)
		if v.Signals[signals-1].Name != "EXEMPT" || v.Action != verdict.Relay || (v.Would == verdict.Reject) != c.looked || (signals == 2) != c.looked {
			t.Errorf("%s: %+v", c.name, v)
		}
	}
}

// Inside a call both addresses are whatever the caller writes: what was exempt at its beginning stays so, and nothing becomes it.
func TestOnlyACallThatBeganExemptIsExemptInside(t *testing.T) {
	const help = "sip:112@192.0.2.80:5080"
	p := newPaper(t, []screen.Check{reader{}, impostor{}}, screen.Layer{Mode: ptr(verdict.Enforce)})
	inside := func(u up, branch string) (message, renamed string) {
		asHelp := strings.NewReplacer("To: <sip:bob@", "To: <sip:112@", "Content-Length: 0\n", "Content-Type: text/plain\nContent-Length: 7\n\nbuy now")
		message = last(p.from(callerAddr, asHelp.Replace(u.caller("MESSAGE", help, "m"+branch))))
		return message, last(p.from(callerAddr, strings.Replace(u.caller("INVITE", help, "i"+branch), "From: <sip:alice@", "From: <sip:impostor@", 1)))
	}
	u := p.callUp(pbxContact)
	if message, renamed := inside(u, "1"); !strings.HasPrefix(message, callerAddr+" SIP/2.0 603") || !strings.HasPrefix(renamed, callerAddr+" SIP/2.0 603") {
		t.Errorf("in a call to a user: %s, %s", message, renamed)
	}
	fwd := textOf(p.from(callerAddr, strings.NewReplacer("sip:bob@example.test", "sip:112@example.test", "abc1", "abc2").Replace(invite)))
	u = up{alices: header(textOf(p.from(pbxAddr, answer(fwd, "200 OK", "b1"))), "Record-Route")}
	if message, renamed := inside(u, "2"); !strings.HasPrefix(message, pbxAddr+" MESSAGE") || !strings.HasPrefix(renamed, pbxAddr+" INVITE") {
		t.Errorf("in a call for help: %s, %s", message, renamed)
	}
}
