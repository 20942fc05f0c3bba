package e2e

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gatehouse.example/internal/store"
	"gatehouse.example/test/harness"
)

// ringing lets a PBX ring until the caller gives up.
func ringing(e *harness.Endpoint) {
	var invite harness.Message
	e.Handle(func(m harness.Message) {
		switch m.Method() {
		case "INVITE":
			invite = m
			m.Reply(180, "Ringing")
		case "CANCEL":
			m.Reply(200, "OK")
			invite.Reply(487, "Request Terminated")
		}
	})
}

// ring calls somebody from a number, and gives up at the first ring.
func ring(t *testing.T, e *harness.Endpoint, number, callee string) {
	t.Helper()
	invite := e.Invite(callee, spammer(number))
	e.Send(invite)
	e.ExpectStatus(t, 180)
	e.Send(harness.Cancel(invite))
	e.Send(harness.AckFailure(invite, e.ExpectFinal(t, invite)))
}

// rows are how many rows a memory has, by the metrics.
func rows(t *testing.T, s *harness.Server, memory string) string {
	t.Helper()
	_, text := s.Get(t, "/metrics")
	m := regexp.MustCompile(`(?m)^gatehouse_` + memory + `_rows (\S+)$`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no figure of %s in the metrics", memory)
	}
	return m[1]
}

// What the checks remember takes the memory that the configuration gives it, and the metrics say how much.
func TestMemoryOfChecksIsConfiguredAndShown(t *testing.T) {
	t.Parallel()
	octets := func(checks string) map[string]int {
		s := harness.Start(t, harness.NewNet(t), "domains: [{name: example.test, deliver: home}]\nchecks: "+checks+"\n")
		_, text := s.Get(t, "/metrics")
		sizes := map[string]int{}
		for _, m := range regexp.MustCompile(`(?m)^gatehouse_(?:check_bytes\{check="(\w+)"\}|(\w+)_bytes) (\S+)$`).FindAllStringSubmatch(text, -1) {
			n, err := strconv.ParseFloat(m[3], 64)
			if err != nil {
				t.Fatal(err)
			}
			sizes[m[1]+m[2]] = int(n)
		}
		return sizes
	}
	shipped := octets("{}")
	small := octets("{rate: {keys: 1024}, flood: {keys: 1024}, harvest: {networks: 1024}, content: {recent: 1MB, words: 4096, reports: 64}, wangiri: {numbers: 1024}," +
		" tollfraud: {ledger: 1024, tails: 1024}, known: {peers: 1024, recent: 1024}, reputation: {subjects: 1024, behaviours: 1024, web: 1024}, stranger: {pairs: 1024, callers: 1024}}")
	for _, name := range []string{"rate", "flood", "harvest", "content", "tokens", "wangiri_numbers", "tollfraud_accounts", "tollfraud_tails", "known", "reputation",
		"stranger_pairs", "stranger_callers"} {
		if small[name] <= 0 || shipped[name] < 3*small[name] {
			t.Errorf("%s: %d octets as shipped, %d when made small", name, shipped[name], small[name])
		}
	}
}

// A number that rang once at four people is known as such after a restart, and so is how strangers have turned out. Where a part of it was damaged on
// the disk the log says so, and the rest stays.
func TestWhatWasLearnedOutlivesARestart(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	pbx := harness.UDP(t, n.PBX(), n.Server())
	ringing(pbx)
	harness.UDP(t, n.Addr(harness.CarrierHost, 5060), n.Server()).Answering()
	caller := harness.UDP(t, n.Addr(harness.CallerHost, 5060), n.Server())
	s := harness.Start(t, n, fill(n, fraudSite+"checks: {rate: {enabled: false}, tollfraud: {countries: [SL]}}\n"))
	const trap = "+23276123456"
	for i := range 4 {
		ring(t, caller, trap, fmt.Sprintf("sip:user%d@example.test", i))
	}
	warned := func(who string) bool {
		t.Helper()
		pbx.Ask(t, pbx.Invite("sip:"+trap+"@elsewhere.test", "From: <sip:"+who+"@example.test>;tag="+harness.Token()))
		a := s.Attempt(t, who+" calls back", func(a *harness.Attempt) bool { return strings.Contains(a.From.Claimed, who) })
		return a.Has("WANGIRI_CALLBACK")
	}
	calls := 0
	harness.Eventually(t, harness.Patience, "a warning of the call back", func() bool { calls++; return warned(fmt.Sprint("anna", calls)) })
	before := [...]string{rows(t, s, "wangiri_numbers"), rows(t, s, "stranger_callers"), rows(t, s, "stranger_pairs"), rows(t, s, "stranger_traits")}
	s.Stop(t)
	s.Restart(t)
	after := [...]string{rows(t, s, "wangiri_numbers"), rows(t, s, "stranger_callers"), rows(t, s, "stranger_pairs"), rows(t, s, "stranger_traits")}
	if before != after || strings.Contains(strings.Join(after[:], " ")+" ", "0 0") {
		t.Errorf("rows before the restart: %q, after: %q", before, after)
	}
	if !warned("bella") {
		t.Error("after the restart nobody warns of the call back")
	}
	s.Stop(t)
	damage(t, s, "rings-1", "newcomers-callers-1")
	s.Restart(t)
	for _, what := range []string{"which numbers ring once", "how first contacts turn out"} {
		harness.Eventually(t, harness.Patience, "in the log: "+what, func() bool { return s.Said("damaged in the storage, and learned anew", what) })
	}
	if got := rows(t, s, "wangiri_numbers"); got != "0" {
		t.Errorf("%s damaged rows are in force", got)
	}
	if got := rows(t, s, "stranger_pairs"); got != after[2] {
		t.Errorf("%s of %s pairs are left", got, after[2])
	}
	s.Stop(t)
	said := len(s.Lines())
	s.Restart(t)
	s.Stop(t)
	if lines := strings.Join(s.Lines()[said:], "\n"); strings.Contains(lines, "learned anew") {
		t.Errorf("what was damaged is still there: %s", lines)
	}
}

// damage flips a bit in every part of the named states of a server that does not run.
func damage(t *testing.T, s *harness.Server, names ...string) {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(s.Dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, name := range names {
		for part := range 64 {
			b, err := db.LoadState(t.Context(), fmt.Sprint(name, "-", part))
			if err == nil && len(b) > 0 {
				b[len(b)/2] ^= 1
				err = db.PutState(t.Context(), fmt.Sprint(name, "-", part), b)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A restart gives who searches for users no fresh tries.
func TestCountsOfFailuresOutliveARestart(t *testing.T) {
	t.Parallel()
	s := newSite(t, hosting)
	scanner := harness.UDP(t, s.Net.Addr(harness.AttackerHost, 5060), s.Net.Server())
	try := callTo("OPTIONS", "sip:#@example.test", "")
	for i := range 3 {
		scanner.Ask(t, try(scanner, i))
	}
	s.Stop(t)
	s.Restart(t)
	scanner.Ask(t, try(scanner, 3))
	if s.Banned(t, harness.AttackerHost) {
		t.Error("banned at the fourth user")
	}
	scanner.Ask(t, try(scanner, 4))
	harness.Eventually(t, harness.Patience, "banned at the fifth", func() bool { return s.Banned(t, harness.AttackerHost) })
}
