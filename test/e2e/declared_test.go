package e2e

import (
	"fmt"
	"strings"
	"testing"

	"gatehouse.example/test/harness"
)

// A trunk brings strangers whom people do not want; a pharmacy's machine that comes with them is not treated like them once it is declared, and its number in anybody's
// From is worth nothing. Nobody can be asked here who he is, so what is doubted is labelled.
func TestADeclaredMachineIsNotTakenForOthersOfItsTrunk(t *testing.T) {
	t.Parallel()
	s := newSite(t, "domains: [{name: example.test, deliver: \"sip:PBX\", mode: enforce}]\nnumbers: {country: 1, international: 011, trunk: 1}\n"+
		"peers: [{name: carrier, addresses: [CARRIERHOST], trust: [pai]}]\n")
	carrier := harness.UDP(t, s.Net.Addr(harness.CarrierHost, 5060), s.Net.Server())
	by := func(e *harness.Endpoint, number string) harness.Attempt {
		t.Helper()
		invite := e.Invite(bob, "From: <sip:"+number+"@carrier.test>;tag="+harness.Token(), "P-Asserted-Identity: <sip:"+number+"@carrier.test>")
		if ok := e.Ask(t, invite); ok.Status() != 200 {
			t.Fatalf("%s: %s", number, ok.StartLine())
		} else {
			e.Send(e.CallerDialog(ok).Request("ACK"))
		}
		seen := func(a *harness.Attempt) bool { return a.Kind == "call" && strings.Contains(a.From.Claimed, number) }
		return s.Attempt(t, number, seen)
	}
	for i := range 6 {
		a := by(carrier, fmt.Sprintf("+1415555%04d", 1000+i))
		s.Must(t, "POST", "/attempts/"+a.ID+"/feedback", map[string]string{"label": "spam"}, nil)
	}
	if a := by(carrier, "+14155552001"); a.Action != "label" || !a.Has("STRANGER_RISK") {
		t.Errorf("a stranger by that trunk: %+v", a)
	}
	harness.Command(t, s.Dir, "", "--config", s.ConfigFile(), "list", "add", "+14155552002", "--list", "declared", "--note", "Elm Pharmacy, reminders")
	a := by(carrier, "+14155552002")
	if a.Action != "relay" || !a.Has("STRANGER_RISK") {
		t.Errorf("a declared machine by that trunk: %+v", a)
	}
	said := ""
	for _, signal := range a.Signals {
		if signal.Name == "LISTS_DECLARED" {
			said = signal.Evidence
		}
	}
	if said != `declared: +14155552002 in list 'declared': "Elm Pharmacy, reminders"` {
		t.Errorf("the history says %q", said)
	}
	harness.Command(t, s.Dir, "", "--config", s.ConfigFile(), "list", "add", "+14155552003", "--list", "declared")
	if a := by(s.caller, "+14155552003"); a.Has("LISTS_DECLARED") {
		t.Errorf("who merely shows a declared number: %+v", a)
	}
}
