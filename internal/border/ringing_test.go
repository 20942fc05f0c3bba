package border_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"gatehouse.example/internal/border"
	"gatehouse.example/screen"
)

// commands are what makes a telephone ring otherwise, or answer by itself.
const commands = "Alert-Info: <http://192.0.2.66/loud.wav>\nalert-info: Auto Answer\nCall-Info: <sip:x>;answer-after=0\nCALL-INFO : <https://a.test/i.png>;purpose=icon\n" +
	"Answer-Mode: Auto;require\nPriv-Answer-Mode: Auto\nP-Asserted-Service: urn:urn-7:3gpp-service.ims.icsi.mmtel\nP-Served-User: <sip:boss@example.test>\nP-Access-Network-Info: IEEE-802.11\n"

// fieldsOf returns the names of commands that a message has, in lower case.
func fieldsOf(text string) (names []string) {
	for l := range strings.SplitSeq(text, "\r\n") {
		name, _, _ := strings.Cut(l, ":")
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" && strings.Contains("\n"+strings.ToLower(commands), "\n"+name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func commanding(text string) string {
	return strings.Replace(text, "Content-Length", commands+"Content-Length", 1)
}

// RFC 3261 §20.4, RFC 5373 §7: from outside nobody has a telephone ring as he likes, or answer by itself, at the beginning or within a call.
func TestNoTelephoneObeysStrangers(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	icon := []string{"call-info"}
	u := p.callUp(pbxContact)
	if got := fieldsOf(textOf(p.from(callerAddr, commanding(strings.NewReplacer("abc1", "abc2", "call-1@", "call-2@").Replace(invite))))); !slices.Equal(got, icon) {
		t.Errorf("INVITE: %q", got)
	}
	for _, method := range []string{"INVITE", "UPDATE", "INFO", "ACK"} {
		if got := fieldsOf(textOf(p.from(callerAddr, commanding(u.caller(method, pbxContact, "r"+method))))); !slices.Equal(got, icon) {
			t.Errorf("%s: %q", method, got)
		}
	}
	// A peer whose word on identities is taken has no more to say here.
	const carrier = "203.0.113.9:5060"
	trunk := strings.NewReplacer("abc1", "abc3", "call-1@", "call-3@", "198.51.100.7", "203.0.113.9").Replace(invite)
	if got := fieldsOf(textOf(p.from(carrier, commanding(trunk)))); !slices.Equal(got, []string{"call-info", "p-asserted-service", "p-served-user"}) {
		t.Errorf("a peer: %q", got)
	}
}

// textOf is the text of the last message that was sent.
func textOf(out []letter) string {
	if len(out) == 0 {
		return ""
	}
	return out[len(out)-1].text
}

// The intercom of a PBX works on telephones that have registered there through us.
func TestPBXHasItsTelephonesAnswer(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	out := p.from(pbxAddr, commanding(ring(p.registered())))
	if got := fieldsOf(textOf(out)); len(got) != 7 || !strings.HasPrefix(last(out), callerAddr+" INVITE") {
		t.Errorf("got %q in %v", got, out)
	}
}

// So does that of one which sends from another port than its calls are delivered to, and is known as a peer.
func TestPBXAtAnotherPortHasItsTelephonesAnswer(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	site := strictSite(p)
	site.AddPeer(&border.Peer{Name: "pbx", Prefixes: []netip.Prefix{netip.MustParsePrefix("192.0.2.80/32")}})
	site.Seal()
	path := p.registered()
	p.border.SetSite(site)
	out := p.from("192.0.2.80:5099", commanding(strings.ReplaceAll(ring(path), pbxAddr, "192.0.2.80:5099")))
	if got := fieldsOf(textOf(out)); !slices.Equal(got, []string{"alert-info", "answer-mode", "call-info"}) || !strings.HasPrefix(last(out), callerAddr+" INVITE") {
		t.Errorf("got %q in %v", got, out)
	}
}

// Where somebody is who calls for help goes with his call.
func TestCallForHelpKeepsItsPlace(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	out := p.from(callerAddr, commanding(strings.ReplaceAll(invite, "sip:bob@example.test", "sip:112@example.test")))
	if got := fieldsOf(textOf(out)); !slices.Equal(got, []string{"call-info", "p-access-network-info"}) {
		t.Errorf("got %q", got)
	}
}
