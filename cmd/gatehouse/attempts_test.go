package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"gatehouse.example/internal/api"
	"gatehouse.example/internal/state/history"
	"gatehouse.example/internal/store"
	"gatehouse.example/verdict"
)

// remember puts attempts into the history of a server that is not running.
func (p *place) remember(attempts ...verdict.Verdict) {
	p.t.Helper()
	s, err := store.Open(p.t.Context(), filepath.Join(p.dir, "gatehouse-data"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer s.Close()
	if err := s.Append(p.t.Context(), attempts); err != nil {
		p.t.Fatal(err)
	}
}

// nasty is what a caller may send in the hope that a person looks at it: new lines, colours, a C1 control, writing from right to left.
const nasty = "Bank\r\n\x1b[31mred\u009b2J\x7f\u202egnol\u2028"

func threeAttempts() []verdict.Verdict {
	var ids history.IDs
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.Local)
	attempt := func(after time.Duration, caller string) verdict.Verdict {
		return verdict.Verdict{ID: ids.New(noon.Add(after)), Time: noon.Add(after), Mode: verdict.Enforce,
			From: verdict.From{Claimed: "sip:" + caller + "@carrier.test"}, To: verdict.To{Requested: "sip:bob@example.test"},
			Source: verdict.Source{Address: "192.0.2.7:5060", Transport: "udp"}}
	}
	listed := verdict.Signal{Name: "LISTS_BLOCKED", Strength: 1, Weight: 15, Score: 15, Evidence: "number +15551230001 in list 'local'"}
	rejected, would, hostile := attempt(0, "+15551230001"), attempt(time.Minute, "+15551230001"), attempt(time.Hour, strings.Repeat("long", 100))
	rejected.Action, rejected.Score, rejected.Signals, rejected.Response = verdict.Reject, 15, verdict.Signals{listed}, &verdict.Response{Code: 603, Reason: "Network Blocked"}
	would.Mode, would.Would, would.Score, would.Signals = verdict.Monitor, verdict.Reject, 15, verdict.Signals{listed}
	hostile.Kind, hostile.From.Display, hostile.Source.UserAgent, hostile.To.Requested = verdict.Message, nasty, nasty, "sip:"+nasty+"@example.test"
	hostile.Signals = verdict.Signals{{Name: "RATE_CALLER", Score: 1, Weight: 1, Strength: 1, Evidence: nasty}}
	hostile.Response = &verdict.Response{Code: 503, Reason: "Service Unavailable"}
	return []verdict.Verdict{rejected, would, hostile}
}

func TestAttemptsAreListedNewestFirst(t *testing.T) {
	p := newPlace(t)
	all := threeAttempts()
	p.remember(all...)
	lines := strings.Split(strings.TrimSpace(p.must("", "attempts")), "\n")
	if len(lines) != 4 {
		t.Fatalf("%q", lines)
	}
	for i, want := range []string{
		"2026-11-21 13:00:00 " + all[2].ID + " message relay → 503 no answer behind us 0 sip:longlonglong",
		"2026-11-21 12:01:00 " + all[1].ID + " call would reject 15 sip:+15551230001@carrier.test → sip:bob@example.test LISTS_BLOCKED +15 (number +15551230001 in list 'local')",
		"2026-11-21 12:00:00 " + all[0].ID + " call reject 15 sip:+15551230001@carrier.test → sip:bob@example.test LISTS_BLOCKED +15 (number +15551230001 in list 'local')",
	} {
		if got := strings.Join(strings.Fields(lines[i+1]), " "); !strings.HasPrefix(got, want) {
			t.Errorf("line %d:\ngot  %s\nwant %s", i+1, got, want)
		}
	}
	for args, want := range map[string][]int{
		"--from +15551230001":                  {1, 0},
		"--to sip:bob@example.test":            {1, 0},
		"--kind message":                       {2},
		"--kind call --action reject":          {0},
		"--limit 1":                            {2},
		"--limit 1 --before " + all[2].ID:      {1},
		"--from tel:+1-555-999-0000":           {},
		"list --kind call --action relay":      {1},
		"--from sip:nobody@example.test":       {},
		"--before " + all[0].ID + " --limit 9": {},
	} {
		var page api.AttemptPage
		decode(t, p.must("", append([]string{"attempts", "--json"}, strings.Fields(args)...)...), &page)
		var got []int
		for _, v := range page.Attempts {
			for i := range all {
				if all[i].ID == v.ID {
					got = append(got, i)
				}
			}
		}
		if len(got) != len(want) || len(want) > 0 && (got[0] != want[0] || got[len(got)-1] != want[len(want)-1]) {
			t.Errorf("%s: %v, want %v", args, got, want)
		}
	}
	if out := p.must("", "attempts", "--limit", "2"); !strings.HasSuffix(out, "There are older ones: --before "+all[1].ID+"\n") {
		t.Errorf("%q", out)
	}
}

func TestAttemptsOfOthersAreHarmlessOnATerminal(t *testing.T) {
	p := newPlace(t)
	hostile := threeAttempts()[2]
	p.remember(hostile)
	for _, args := range [][]string{{"attempts"}, {"attempts", "--json"}, {"attempts", "show", hostile.ID}, {"attempts", "show", hostile.ID, "--json"}} {
		out := p.must("", args...)
		if i := strings.IndexFunc(out, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("%v prints %q", args, out[i:])
		}
		if !strings.Contains(out, "Bank") {
			t.Errorf("%v: %s", args, out)
		}
	}
	var v verdict.Verdict
	decode(t, p.must("", "attempts", "show", hostile.ID, "--json"), &v)
	if v.From.Display != nasty || v.Source.UserAgent != nasty {
		t.Errorf("escaping changed the text: %q", v.From.Display)
	}
}

func TestShowAndFeedback(t *testing.T) {
	p := newPlace(t)
	all := threeAttempts()
	p.remember(all...)
	out := p.must("", "attempts", "show", all[1].ID)
	for _, want := range []string{all[1].ID, "relay (monitor, would reject) 15: LISTS_BLOCKED +15", "mode          monitor", "identity      not proven",
		"signal        LISTS_BLOCKED +15 = strength 1 × weight 15: number +15551230001 in list 'local'", "source        192.0.2.7:5060 udp"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	p.must("", "attempts", "feedback", all[1].ID, "spam")
	if out := p.must("", "attempts", "show", all[1].ID); !strings.Contains(out, "feedback      spam") {
		t.Errorf("%s", out)
	}
}

// call sends an INVITE as a stranger would and returns the first final answer.
func (p *place) call(caller string) string {
	p.t.Helper()
	conn, err := net.Dial("udp", p.sip)
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close()
	text := strings.NewReplacer("5060;branch", "5060;rport;branch", "z9hG4bK1", "z9hG4bK"+caller[1:], "+15551230001", caller).Replace(invite)
	if _, err := conn.Write(wireForm([]byte(text))); err != nil {
		p.t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		p.t.Fatal(err)
	}
	for b := make([]byte, 2000); ; {
		n, err := conn.Read(b)
		if err != nil {
			p.t.Fatal(err)
		}
		if answer := string(b[:n]); !strings.HasPrefix(answer, "SIP/2.0 1") {
			return answer
		}
	}
}

// TestCallsAreScreenedAndOneCanReadWhy is what the README promises, over the network. The PBX of this place is down.
func TestCallsAreScreenedAndOneCanReadWhy(t *testing.T) {
	p := newPlace(t)
	p.write("gatehouse.yaml", "listen: [\"udp://"+p.sip+"\"]\nconsole: "+p.console+"\ndomains:\n  - {name: example.test, deliver: \"sip:"+freePort(t)+";transport=tcp\", mode: enforce}\n")
	p.serve()
	p.must("", "list", "add", "+15551230001", "--note", "claims to be a bank")
	if answer := p.call("+15551230001"); !strings.HasPrefix(answer, "SIP/2.0 603 Network Blocked\r\n") {
		t.Errorf("blocked caller: %q", answer)
	}
	if answer := p.call("+15551230002"); !strings.HasPrefix(answer, "SIP/2.0 503 ") {
		t.Errorf("PBX down: %q", answer)
	}
	var out string
	p.eventually(func() bool {
		out = p.must("", "attempts")
		return strings.Contains(out, " reject ") && strings.Contains(out, " relay → 503 no answer behind us ")
	}, "both attempts, one with the answer that it got in the end")
	if !strings.Contains(out, "LISTS_BLOCKED +15 (number +15551230001 in list 'local'") {
		t.Errorf("%s", out)
	}
	var page api.AttemptPage
	decode(t, p.must("", "attempts", "--json", "--action", "reject"), &page)
	p.must("", "attempts", "feedback", page.Attempts[0].ID, "spam")
	if out := p.must("", "attempts", "show", page.Attempts[0].ID); !strings.Contains(out, "feedback      spam") || !strings.Contains(out, `display name  "Bank"`) {
		t.Errorf("%s", out)
	}
}

// TestFirstCallScript does what `make run` tells a new user to do, in an empty folder.
func TestFirstCallScript(t *testing.T) {
	text, err := exec.Command("sh", "../../scripts/first-call.sh").Output()
	if err != nil {
		t.Fatal(err)
	}
	var commands strings.Builder
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "    ") || commands.Len() > 0 {
			commands.WriteString(strings.TrimPrefix(line, "    "))
		}
		if line == "SIP\n" {
			break
		}
	}
	p := newPlace(t) // its ports are free, which the defaults may not be
	p.write("gatehouse.yaml", "listen: [\"udp://"+p.sip+"\"]\nconsole: "+p.console+"\n")
	p.serve()
	c := p.command(t.Context())
	if err := os.Mkdir(filepath.Join(p.dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(c.Path, filepath.Join(p.dir, "bin", "gatehouse")); err != nil {
		t.Fatal(err)
	}
	shell := exec.Command("sh", "-e", "-c", commands.String())
	shell.Dir, shell.Env = c.Dir, c.Env
	out, err := shell.CombinedOutput()
	if want := "relay (monitor, would reject) 15: LISTS_BLOCKED +15 (number +15551230001 in list 'local'"; err != nil || !strings.Contains(string(out), want) {
		t.Errorf("%v: %s\nof\n%s", err, out, commands.String())
	}
}

func TestAttemptsSayHowTheyEnded(t *testing.T) {
	for _, c := range []struct {
		v    verdict.Verdict
		want string
	}{
		{verdict.Verdict{Action: verdict.Relay}, "relay"},
		{verdict.Verdict{Action: verdict.Relay, Response: &verdict.Response{Code: 480, Reason: "Temporarily Unavailable"}}, "relay → 480 nobody reachable"},
		{verdict.Verdict{Action: verdict.Relay, Response: &verdict.Response{Code: 480, Reason: "instead of 404 behind us"}}, "relay → 480 instead of 404 behind us"},
		{verdict.Verdict{Action: verdict.Relay, Response: &verdict.Response{Code: 503}}, "relay → 503 no answer behind us"},
		{verdict.Verdict{Action: verdict.Relay, Response: &verdict.Response{Code: 430}}, "relay → 430 phone's connection gone"},
		{verdict.Verdict{Action: verdict.Relay, Response: &verdict.Response{Code: 404}}, "relay → 404 no such place"},
		{verdict.Verdict{Action: verdict.Relay, Response: &verdict.Response{Code: 500, Reason: "Server\x1bError"}}, "relay → 500 " + oneLine("Server\x1bError")},
		{verdict.Verdict{Action: verdict.Relay, Kind: verdict.Registration, Response: &verdict.Response{Code: 200}}, "relay → 200 registered"},
		{verdict.Verdict{Action: verdict.Reject, Response: &verdict.Response{Code: 603}}, "reject"},
		{verdict.Verdict{Action: verdict.Relay, Would: verdict.Reject, Response: &verdict.Response{Code: 480}}, "would reject"},
	} {
		if got := done(&c.v); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
