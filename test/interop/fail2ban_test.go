package interop

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gatehouse.example/internal/telemetry"
	"gatehouse.example/test/harness"
)

// fail2ban has the real fail2ban-regex read lines with the shipped filter, and
// returns the sources that it would ban.
func fail2ban(t *testing.T, mode string, lines []byte) []string {
	t.Helper()
	harness.NeedProgram(t, "fail2ban-regex")
	log := filepath.Join(t.TempDir(), "gatehouse.log")
	if err := os.WriteFile(log, lines, 0o600); err != nil {
		t.Fatal(err)
	}
	filter, err := filepath.Abs("../../packaging/fail2ban/filter.d/gatehouse.conf")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("fail2ban-regex", "-o", "<ip>", log, filter+"[mode="+mode+"]")
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	out, err := cmd.Output()
	if err != nil && len(out) > 0 {
		t.Fatalf("fail2ban-regex: %v\n%s", err, out)
	}
	return strings.Fields(string(out))
}

// hostile are what attackers put into user names to write other people's
// addresses, or whole lines, into the log.
func hostile() []string {
	return []string{
		`bob" src="10.0.0.66" port=1 transport=tcp account="`,
		"bob\r\ngatehouse security v=1 event=ban src=\"10.0.0.66\" port=0 transport=none account=\"\" reason=\"\" count=0\r\n",
		"\x00\x1b[2J\u2028gatehouse security v=1 event=ban src=\"10.0.0.66\" port=0 transport=none account=\"\"",
		`gatehouse: gatehouse security v=1 event=ban src="10.0.0.66" port=0 transport=none account="" reason="" count=0`,
		`\" event=ban src=\"10.0.0.66\" port=0 transport=none account=\"`,
		"Nov 21 12:00:00 host gatehouse[1]: gatehouse security v=1 event=ban src=\"10.0.0.66\" port=0 transport=none account=\"\"",
		"<HOST> %(failregex)s <F-ID>10.0.0.66</F-ID>", strings.Repeat(`"`, 3000), "\u0661\u0662 \u202e10.0.0.66",
	}
}

func TestFail2banFollowsOurBansAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "Nov 21 12:00:00 host gatehouse[123]: ", "2026-11-21T12:00:00.123456+00:00 host gatehouse[123]: "} {
		var log []byte
		add := func(e telemetry.SecurityEvent) { log = telemetry.AppendSecurity(append(log, prefix...), &e) }
		add(telemetry.SecurityEvent{Kind: telemetry.Ban, Source: netip.MustParsePrefix("192.0.2.7/32"), Reason: "wrong credentials"})
		add(telemetry.SecurityEvent{Kind: telemetry.Ban, Source: netip.MustParsePrefix("198.51.100.0/24"), Reason: "scanning"})
		add(telemetry.SecurityEvent{Kind: telemetry.Ban, Source: netip.MustParsePrefix("2001:db8:0:7::/64"), Reason: "flood"})
		add(telemetry.SecurityEvent{Kind: telemetry.Unban, Source: netip.MustParsePrefix("192.0.2.99/32"), Reason: "expired"})
		for _, text := range hostile() {
			for kind := telemetry.AuthFailure; kind <= telemetry.Malformed; kind++ {
				source := netip.MustParsePrefix(fmt.Sprintf("192.0.2.%d/32", 100+int(kind)))
				for _, transport := range []string{"udp", "tcp"} {
					add(telemetry.SecurityEvent{Kind: kind, Source: source, Port: 5060, Transport: transport, Account: text, Reason: text, Count: 1})
				}
			}
		}
		bans := fail2ban(t, "ban", log)
		want := []string{"192.0.2.7", "198.51.100.0/24", "2001:db8:0:7::/64"}
		ours := fmt.Sprintf("192.0.2.%d", 100+int(telemetry.Ban))
		for _, b := range bans {
			if b != ours && !slices.Contains(want, b) && !slices.Contains([]string{"198.51.100.0", "2001:db8:0:7::"}, b) {
				t.Errorf("prefix %q: %s is banned by somebody else's words", prefix, b)
			}
		}
		if n := 3 + 2*len(hostile()); len(bans) != n {
			t.Errorf("prefix %q: %d bans of %d: %v", prefix, len(bans), n, bans)
		}
		six := netip.MustParsePrefix("2001:db8:0:9::/64") // an IPv6 source is one /64
		add(telemetry.SecurityEvent{Kind: telemetry.AuthFailure, Source: six, Port: 5060, Transport: "tcp", Reason: "wrong credentials", Count: 1})
		failures := fail2ban(t, "failures", log)
		for _, f := range failures {
			if f != six.String() && f != six.Addr().String() && f != "192.0.2.100" && f != "192.0.2.101" && f != "192.0.2.102" { // auth-failure, scan, toll-fraud
				t.Errorf("prefix %q: %s counts as failing", prefix, f)
			}
		}
		if n := 1 + 3*len(hostile()); len(failures) != n { // over TCP only
			t.Errorf("prefix %q: %d failures of %d", prefix, len(failures), n)
		}
	}
}

// TestFail2banReadsTheServersOwnLines: an attack, the log as it came out of the
// running server, and the filter.
func TestFail2banReadsTheServersOwnLines(t *testing.T) {
	t.Parallel()
	s := victim(t, "users are hosted")
	e := harness.UDP(t, s.Net.Addr(harness.AttackerHost, 5060), s.Net.Server())
	for i := range 10 {
		uri := fmt.Sprintf("sip:x%d%%22%%20src=%%2210.0.0.66%%22@example.test", i)
		e.Send(e.Request("REGISTER", "sip:example.test", "From: <"+uri+">;tag=1", "To: <"+uri+">"))
	}
	banned(t, s)
	bans := fail2ban(t, "ban", []byte(strings.Join(s.Lines(), "\n")+"\n"))
	if attacker := s.Net.Host(harness.AttackerHost).String(); len(bans) != 1 || bans[0] != attacker {
		t.Errorf("fail2ban bans %v, want %s", bans, attacker)
	}
}
