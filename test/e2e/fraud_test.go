package e2e

import (
	"fmt"
	"strings"
	"testing"

	"gatehouse.example/test/harness"
)

const fraudSite = "domains: [{name: example.test, deliver: \"sip:PBX\", mode: enforce, outbound: carrier}]\n" +
	"peers: [{name: carrier, addresses: [CARRIERHOST], send: \"sip:CARRIER\"}]\nnumbers: {country: 1, international: 011, trunk: 1}\n"

// A hacked PBX calls what somebody earns by: the carrier never hears of it. Emergency calls and ordinary ones go through.
func TestHackedPBXCannotCallExpensiveNumbers(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	pbx := harness.UDP(t, n.PBX(), n.Server()).Answering()
	carrier := harness.UDP(t, n.Addr(harness.CarrierHost, 5060), n.Server()).Answering()
	harness.Start(t, n, fill(n, fraudSite+"checks: {tollfraud: {countries: [FR], pbx: {calls_hour: 2}}}\n"))
	for _, c := range []struct {
		to     string
		passes bool
	}{
		{"+870773111632", false}, {"9011870773111632", false}, {"+19005551234", false}, {"+4930123456", false},
		{"+12125550100", true}, {"+33145678901", true}, {"+12125550101", false}, {"112", true},
	} {
		r := pbx.Ask(t, pbx.Invite("sip:"+c.to+"@elsewhere.test"))
		if passed := r.Status() == 200; passed != c.passes {
			t.Errorf("%s: %s", c.to, r.StartLine())
		}
		if c.passes {
			if m := carrier.ExpectRequest(t, "INVITE"); !strings.Contains(m.StartLine(), c.to) {
				t.Errorf("the carrier got %s", m.StartLine())
			}
		}
	}
}

// A restart gives nobody his allowance once more.
func TestCeilingsOutliveARestart(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	pbx := harness.UDP(t, n.PBX(), n.Server()).Answering()
	harness.UDP(t, n.Addr(harness.CarrierHost, 5060), n.Server()).Answering()
	s := harness.Start(t, n, fill(n, fraudSite+"checks: {tollfraud: {pbx: {calls_hour: 2}}}\n"))
	call := func(want int) {
		t.Helper()
		if r := pbx.Ask(t, pbx.Invite("sip:+12125550100@elsewhere.test")); r.Status() != want {
			t.Errorf("%s, want %d", r.StartLine(), want)
		}
	}
	call(200)
	call(200)
	call(603)
	s.Stop(t)
	s.Restart(t)
	call(603)
}

// Three prefixes before one number, and the source is banned.
func TestSearchForAWayOutIsBannedAtTheThirdTry(t *testing.T) {
	t.Parallel()
	s := newSite(t, fraudSite)
	for i, domain := range []string{"elsewhere.test", "example.test"} {
		host := byte(harness.AttackerHost + i)
		stranger := harness.UDP(t, s.Net.Addr(host, 5060), s.Net.Server())
		for _, prefix := range []string{"9011", "7011", "00"} {
			if s.Banned(t, host) {
				t.Errorf("%s: banned before %s", domain, prefix)
			}
			stranger.Ask(t, stranger.Invite("sip:"+prefix+fmt.Sprintf("97259555%04d", i)+"@"+domain))
		}
		harness.Eventually(t, harness.Patience, "banned at the third try", func() bool { return s.Banned(t, host) })
	}
}
