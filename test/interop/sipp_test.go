package interop

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse.example/test/harness"
)

const behind = `
domains: [{name: example.test, deliver: "sip:%s%s", mode: enforce}]
checks: {rate: {enabled: false}}
`

// front starts a server before a PBX that is reached over a transport.
func front(t *testing.T, n harness.Net, transport string) *harness.Server {
	t.Helper()
	param := ""
	if transport == "tcp" {
		param = ";transport=tcp"
	}
	return harness.Start(t, n, fmt.Sprintf(behind, n.PBX(), param))
}

// sipp starts SIPp with one of our scenarios. fields are what [field0] and so
// on stand for.
func sipp(t *testing.T, n harness.Net, scenario string, local netip.AddrPort, transport string, calls int, fields string, more ...string) *harness.Program {
	t.Helper()
	dir := t.TempDir()
	inf := filepath.Join(dir, "fields.csv")
	if err := os.WriteFile(inf, []byte("SEQUENTIAL\n"+fields+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"-sf", testdata(t, "sipp", scenario+".xml"), "-inf", inf, "-i", local.Addr().String(), "-p", fmt.Sprint(local.Port()),
		"-t", map[string]string{"udp": "u1", "tcp": "t1"}[transport], "-m", fmt.Sprint(calls), "-r", "20", "-s", "bob",
		"-nostdin", "-trace_err", "-error_file", filepath.Join(dir, "errors.txt"), "-timeout", "600s", "-timeout_error", "-lost", "0",
	}
	p := harness.Run(t, dir, "sipp", append(append(args, more...), n.Server().String())...)
	t.Cleanup(func() {
		if text, err := os.ReadFile(filepath.Join(dir, "errors.txt")); err == nil && t.Failed() {
			t.Logf("errors of %s:\n%s", scenario, text[:min(len(text), 4000)])
		}
	})
	return p
}

// callee starts SIPp as the PBX and waits until it listens.
func callee(t *testing.T, n harness.Net, scenario, transport string, calls int, more ...string) *harness.Program {
	t.Helper()
	p := sipp(t, n, scenario, n.PBX(), transport, calls, "example.test", more...)
	harness.WaitListening(t, transport, n.PBX())
	return p
}

func caller(t *testing.T, n harness.Net, scenario, transport string, calls int, more ...string) *harness.Program {
	t.Helper()
	return sipp(t, n, scenario, n.Addr(harness.CallerHost, 5060), transport, calls, "example.test", more...)
}

func wantSuccess(t *testing.T, p *harness.Program, what string) {
	t.Helper()
	if code := p.Wait(t, 11*time.Minute); code != 0 {
		t.Errorf("%s: SIPp ended with status %d", what, code)
	}
}

func TestSIPpPairsAreServed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, uac, uas, transport string
		calls                     int
	}{
		{"calls over UDP", "uac", "uas", "udp", 50},
		{"calls over TCP", "uac", "uas", "tcp", 50},
		{"retransmissions make up for lost packets", "uac-lossy", "uas-lossy", "udp", 15},
		{"a call is cancelled while it rings", "uac-cancel", "uas-cancel", "udp", 10},
		{"the same over TCP", "uac-cancel", "uas-cancel", "tcp", 10},
		{"busy is passed on", "uac-486", "uas-486", "udp", 10},
		{"a decline is passed on", "uac-603", "uas-603", "udp", 10},
		{"the PBX's 503 is a stranger's 480", "uac-480", "uas-503", "udp", 10},
		{"re-INVITE inside a call", "uac-reinvite", "uas-reinvite", "udp", 10},
		{"re-INVITE over TCP", "uac-reinvite", "uas-reinvite", "tcp", 10},
		{"messages", "uac-message", "uas-message", "udp", 10},
		{"messages over TCP", "uac-message", "uas-message", "tcp", 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := harness.NewNet(t)
			s := front(t, n, c.transport)
			pbx := callee(t, n, c.uas, c.transport, c.calls)
			wantSuccess(t, caller(t, n, c.uac, c.transport, c.calls), "the caller")
			wantSuccess(t, pbx, "the PBX")
			harness.Eventually(t, harness.Patience, "every attempt once in the history", func() bool {
				return len(s.Attempts(t, "")) == c.calls
			})
		})
	}
}

// TestATrunkHearsThePBXs503As500: whom we know is told that it is not us who are overloaded (RFC 3261 §16.7 step 6).
func TestATrunkHearsThePBXs503As500(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	harness.Start(t, n, fmt.Sprintf(behind+"peers: [{name: trunk, addresses: [%s]}]\n", n.PBX(), "", n.Host(harness.CallerHost)))
	pbx := callee(t, n, "uas-503", "udp", 10)
	wantSuccess(t, caller(t, n, "uac-500", "udp", 10), "the caller")
	wantSuccess(t, pbx, "the PBX")
}

// TestSilentPBXEndsInATimeout: Timer B is 32 s (RFC 3261 §17.1.1.2); that
// nobody behind us answers is told as 503.
func TestSilentPBXEndsInATimeout(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	front(t, n, "udp")
	callee(t, n, "uas-silent", "udp", 1)
	wantSuccess(t, caller(t, n, "uac-503", "udp", 1), "the caller")
}

func TestBlockedSIPpIsRejected(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	s := front(t, n, "udp")
	s.Block(t, "sip:sipp@caller.test")
	wantSuccess(t, caller(t, n, "uac-603", "udp", 10), "the caller")
	for _, a := range s.Attempts(t, "") {
		if a.Action != "reject" || !a.Has("LISTS_BLOCKED") {
			t.Errorf("%+v", a)
		}
	}
}

// TestSIPpRegisters: SIPp 3.6 knows MD5 only, and looks at the first challenge.
func TestSIPpRegisters(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			n := harness.NewNet(t)
			s := harness.Start(t, n, "domains: [{name: example.test, deliver: home}]\nhome: {md5: only}\n")
			var fields strings.Builder
			for i := range 5 {
				user := fmt.Sprintf("phone%d", i)
				s.AddUser(t, user+"@example.test", "secret-"+user)
				fmt.Fprintf(&fields, "example.test;%s;[authentication username=%s password=secret-%s]\n", user, user, user)
			}
			p := sipp(t, n, "register", n.Addr(harness.CallerHost, 5060), transport, 5, strings.TrimSpace(fields.String()))
			wantSuccess(t, p, "the phone")
		})
	}
}
