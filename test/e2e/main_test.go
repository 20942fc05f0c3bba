// Package e2e tells the stories that operators live through, over the real
// binary on loopback addresses: verdicts, faults, reloads, attacks.
package e2e

import (
	"fmt"
	"strings"
	"testing"

	"gatehouse.example/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// enforcing is a domain before a PBX. The rate check is off: these tests call
// more than people do.
const enforcing = `
domains: [{name: example.test, deliver: "sip:PBX", mode: enforce}]
checks: {rate: {enabled: false}}
`

// site is a server, the PBX behind it and a caller in front of it.
type site struct {
	*harness.Server
	pbx, caller *harness.Endpoint
}

// fill puts the addresses of a network into a configuration.
func fill(n harness.Net, yaml string) string {
	return strings.NewReplacer(
		"PBX", n.PBX().String(), "STANDBY", n.Addr(harness.StandbyHost, 5060).String(),
		"CARRIERHOST", n.Host(harness.CarrierHost).String(), "CARRIER", n.Addr(harness.CarrierHost, 5060).String(),
		"NAMES", n.Addr(harness.NameHost, 5353).String(), "LISTEN", n.Server().String(),
	).Replace(yaml)
}

// newSite starts a server with a configuration, a PBX that answers everything
// and a caller.
func newSite(t *testing.T, yaml string) *site {
	t.Helper()
	n := harness.NewNet(t)
	pbx := harness.UDP(t, n.PBX(), n.Server()).Accept().Answering()
	return &site{
		Server: harness.Start(t, n, fill(n, yaml)), pbx: pbx,
		caller: harness.UDP(t, n.Addr(harness.CallerHost, 5060), n.Server()),
	}
}

const bob = "sip:bob@example.test"

// spammer is the From of a caller who is going to be blocked.
func spammer(number string) string {
	return fmt.Sprintf("From: \"Bank\" <sip:%s@carrier.test>;tag=%s", number, harness.Token())
}

// call makes a complete call and fails the test if it does not work.
func (s *site) call(t *testing.T, lines ...string) {
	t.Helper()
	s.callFrom(t, s.caller, lines...)
}

func (s *site) callFrom(t *testing.T, e *harness.Endpoint, lines ...string) {
	t.Helper()
	ok := e.Ask(t, e.Invite(bob, lines...))
	if ok.Status() != 200 {
		t.Fatalf("INVITE: %s", ok.StartLine())
	}
	d := e.CallerDialog(ok)
	e.Send(d.Request("ACK"))
	if bye := e.Ask(t, d.Request("BYE")); bye.Status() != 200 {
		t.Fatalf("BYE: %s", bye.StartLine())
	}
}
