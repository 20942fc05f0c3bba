package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const guardSite = "domains: [{name: example.test, deliver: \"sip:10.0.0.9\", mode: enforce}]\npeers: [{name: trunk, addresses: [198.51.100.0/24]}]\ntraps: [\"7777\"]\n"

// sweep is a file of events of one source, one every other second; # in a field is a number.
func sweep(count int, fields string) string {
	var b strings.Builder
	begin := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	for i := range count {
		fmt.Fprintf(&b, "{\"id\":\"e%d\",\"time\":%q,%s}\n", i+1, begin.Add(time.Duration(2*i)*time.Second).Format(time.RFC3339),
			strings.ReplaceAll(fields, "#", fmt.Sprint(2000+7*i)))
	}
	return b.String()
}

// In a replay the guard of the server bans scanners within five requests, by what they do or by the name of their tool, and nobody else.
func TestReplayBansScanners(t *testing.T) {
	const from, source = `"from":"sip:100@example.test",`, `"source":"192.0.2.7:5060","transport":"udp",`
	for _, c := range []struct {
		name, fields, signal string
		most                 int // requests that are looked at, -1: all
	}{
		{"OPTIONS to users", from + source + `"kind":"other","to":"sip:#@example.test"`, "GUARD_BANNED", 5},
		{"REGISTER of users", source + `"kind":"registration","from":"sip:#@example.test","to":"sip:#@example.test"`, "GUARD_BANNED", 5},
		{"REGISTER over TLS", `"source":"192.0.2.7:5060","transport":"tls","kind":"registration","from":"sip:#@example.test","to":"sip:#@example.test"`, "GUARD_BANNED", 5},
		{"calls to nobody", `"from":"sip:eve@far.test",` + source + `"kind":"call","to":"sip:#@example.test","outcome":{"status":404}`, "GUARD_BANNED", 5},
		{"wrong passwords", source + `"kind":"registration","from":"sip:bob@example.test","to":"sip:bob@example.test","outcome":{"refused":true}`, "GUARD_BANNED", 5},
		{"a tool", from + source + `"kind":"call","to":"sip:bob@example.test","user_agent":"friendly-scanner"`, "GUARD_SCANNER", 0},
		{"a trap", from + source + `"kind":"registration","to":"sip:7777@example.test"`, "GUARD_TRAP", 0},
		{"another's address", from + source + `"kind":"other","to":"sip:100@203.0.113.99"`, "", -1},
		{"a flood of calls", `"from":"sip:eve@far.test",` + source + `"kind":"call","to":"sip:bob@example.test","outcome":{"answered":true}`, "", -1},
		{"by a trunk", from + `"source":"198.51.100.7:5060","kind":"other","to":"sip:#@example.test"`, "", -1},
		{"from our PBX", from + `"source":"10.0.0.9:5060","kind":"other","to":"sip:#@example.test"`, "", -1},
		{"phones that prove themselves", source + `"proof":"digest","kind":"registration","from":"sip:#@example.test","to":"sip:#@example.test"`, "", -1},
		{"phones of a capture", source + `"kind":"registration","from":"sip:#@example.test","to":"sip:#@example.test","outcome":{"status":200}`, "", -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			p.write("site.yaml", guardSite)
			p.write("events.jsonl", sweep(20, c.fields))
			out, errs, status := p.run("", "--config", "site.yaml", "replay", "events.jsonl")
			if status != 0 {
				t.Fatalf("%d %s", status, errs)
			}
			lines := strings.Split(strings.TrimSpace(out), "\n")
			first := len(lines)
			for i, l := range lines {
				if strings.Contains(l, `"action":"drop"`) {
					first = min(first, i)
				}
			}
			if c.most < 0 {
				if first != len(lines) {
					t.Errorf("dropped after %d: %s", first, lines[first])
				}
				return
			}
			if first > c.most || !strings.Contains(lines[min(first, len(lines)-1)], c.signal) {
				t.Errorf("dropped after %d, want %d and %s\n%s", first, c.most, c.signal, strings.Join(lines[:min(first+1, len(lines))], "\n"))
			}
		})
	}
}
