package e2e

import (
	"strings"
	"testing"

	"github.com/miekg/dns"

	"gatehouse.example/test/harness"
)

// TestCallerFromENUMIsToldByItsTraps: whoever calls what ENUM says of a number that nobody has, is told by that number; and is banned for the second, not for the first.
func TestCallerFromENUMIsToldByItsTraps(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing)
	numbers := []string{"+4930123901", "+4930123957"}
	args := append([]string{"--config", s.ConfigFile(), "address", "enum", "--trap", "example.test"}, numbers...)
	out, errs, code := harness.Command(t, s.Dir, "", args...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || len(lines) != len(numbers) {
		t.Fatalf("status %d: %s%s", code, out, errs)
	}
	walker := harness.UDP(t, s.Net.Addr(harness.AttackerHost, 5060), s.Net.Server())
	for i, line := range lines {
		rr, err := dns.NewRR(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		target := strings.Split(rr.(*dns.NAPTR).Regexp, "!")[2]
		request := walker.Invite(target, "From: <sip:sales@elsewhere.test>;tag="+harness.Token())
		if i > 0 {
			walker.Send(request)
		} else if r := walker.Ask(t, request); r.Status() != 480 {
			t.Errorf("%s: %s", target, r.StartLine())
		}
		a := s.Attempt(t, "the call to "+target, func(a *harness.Attempt) bool { return a.To.Requested == target })
		said := false
		for _, signal := range a.Signals {
			said = said || signal.Name == "LISTS_TRAP" && strings.Contains(signal.Evidence, "published in ENUM for "+numbers[i]+" on 20")
		}
		if !said {
			t.Errorf("%s: %+v", target, a.Signals)
		}
		if i == 0 && s.Banned(t, harness.AttackerHost) {
			t.Error("banned for one call, which may be a slip of the finger")
		}
	}
	harness.Eventually(t, harness.Patience, "who calls the second trap is banned", func() bool { return s.Banned(t, harness.AttackerHost) })
}
