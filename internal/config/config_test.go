package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse.example/sip"
	"gatehouse.example/verdict"
)

// TestErrorsNameThePlaceAndTheMend reads testdata/errors.txt.
func TestErrorsNameThePlaceAndTheMend(t *testing.T) {
	text, err := os.ReadFile("testdata/errors.txt")
	if err != nil {
		t.Fatal(err)
	}
	for i, block := range strings.Split(string(text), "\n=== ")[1:] {
		head, rest, _ := strings.Cut(block, "\n")
		body, want, _ := strings.Cut("\n"+rest, "\n--- ")
		t.Run(head, func(t *testing.T) {
			want, _, _ = strings.Cut("f.yaml:"+want, "\n")
			_, err := Parse("f.yaml", []byte(body[1:]))
			if err == nil {
				t.Fatalf("case %d loads, want %s", i, want)
			}
			if err.Error() != want {
				t.Errorf("got  %s\nwant %s", err, want)
			}
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(e.Excerpt, "^") {
				t.Errorf("no excerpt: %#v", err)
			}
		})
	}
}

func TestExcerptMarksTheColumn(t *testing.T) {
	_, err := Parse("f.yaml", []byte("data: x\nhot: memory\nconsole: here\n"))
	var e *Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	want := "    1 | data: x\n    2 | hot: memory\n    3 | console: here\n      |          ^\n"
	if e.Excerpt != want {
		t.Errorf("got\n%swant\n%s", e.Excerpt, want)
	}
}

func TestDefaultsAreThoseOfTheContract(t *testing.T) {
	c := Default()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if c.Listen[0].String() != "udp://127.0.0.1:5060" || c.Listen[1].String() != "tcp://127.0.0.1:5060" ||
		c.Console.String() != "127.0.0.1:8060" || c.Data != "./gatehouse-data" {
		t.Errorf("%+v", c)
	}
	d := c.Domains[0]
	if d.Name != "localhost" || !d.Deliver.Home || verdict.Mode(d.Mode) != verdict.Monitor {
		t.Errorf("%+v", d)
	}
}

// TestIdleConnectionOutlivesARegistration: a telephone behind a NAT is gone with its connection, and many say nothing before half
// of what they were granted is over.
func TestIdleConnectionOutlivesARegistration(t *testing.T) {
	if c := Default(); c.Limits.Idle <= c.Home.MaxExpires {
		t.Errorf("a silent connection is closed after %v, a registration ends after %v", time.Duration(c.Limits.Idle), time.Duration(c.Home.MaxExpires))
	}
}

func TestOldFilesLoad(t *testing.T) {
	c, err := Load("testdata/v1.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if d := c.Domains[1].Deliver; len(d.Targets) != 2 || d.Targets[0].Transport != sip.TCP || !d.Targets[1].Secure || d.Targets[1].Host != "pbx2.cluster.test" {
		t.Errorf("deliver: %+v", d)
	}
	if !c.Peer("carrier").Trusts(TrustPAI) || c.Peer("carrier").Trusts(TrustVerstat) || c.Peer("nobody") != nil {
		t.Errorf("peers: %+v", c.Peers)
	}
	if got := len(c.PeerPrefixes()); got != 3 { // two of a peer, one PBX
		t.Errorf("%d peer prefixes", got)
	}
	if c.Exempt[3] != "000" || c.Exempt[4] != "30" {
		t.Errorf("exempt: %q", c.Exempt)
	}
	if c.Checks.Rate.Caller != (Rate{30, time.Minute}) || c.Checks.Rate.Source.Count == 0 {
		t.Errorf("a key that is not written keeps its default: %+v", c.Checks.Rate)
	}
	if p := c.Plan(); p.Country != "1" || p.International != "011" {
		t.Errorf("plan: %+v", p)
	}
	if c.History.MaxSize != 500<<20 || c.Limits.Message != 32<<10 || c.Limits.Flood.V4Host.Burst != 100 {
		t.Errorf("sizes: %+v %+v", c.History, c.Limits)
	}
	l := c.Domains[0].Layer()
	if *l.Mode != verdict.Enforce || *l.Thresholds.Reject != 20 || l.Thresholds.Label != nil || l.Name != "domain example.test" {
		t.Errorf("layer: %+v", l)
	}
	if s := c.Policy.Layer("policy"); *s.Fallback != verdict.Label || s.LookupDeadline != 150*time.Millisecond || s.Weights["LISTS_BLOCKED"] != 15 {
		t.Errorf("site layer: %+v", s)
	}
}

func TestEmergencyNumbersCannotBeTakenAway(t *testing.T) {
	c, err := Parse("f.yaml", []byte("exempt: [30]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := len(c.Exempt); got != 4 || c.Exempt[0] != "30" {
		t.Errorf("exempt: %q", c.Exempt)
	}
}

func TestFileOfAnEditorOnWindowsIsRead(t *testing.T) {
	c, err := Parse("f.yaml", []byte("\ufeffdata: here\r\nlisten:\r\n  - udp://127.0.0.1:5062\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Data != "here" || len(c.Listen) != 1 {
		t.Errorf("data %q, listen %v", c.Data, c.Listen)
	}
	var e *Error
	if _, err := Parse("f.yaml", []byte("\ufeffdatum: here\r\n")); !errors.As(err, &e) || !strings.HasPrefix(err.Error(), "f.yaml:1:1: unknown key \"datum\"") {
		t.Errorf("got %v", err)
	}
}

func TestSearchOrder(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := os.Stat(SearchPath()[1]); err == nil {
		t.Logf("%s exists here; the defaults cannot be tested", SearchPath()[1])
	} else if c, err := Load(""); err != nil || c.Path() != "" {
		t.Errorf("defaults: %v %q", err, c.Path())
	}
	os.WriteFile("gatehouse.yaml", []byte("data: here\n"), 0o600)
	if c, err := Load(""); err != nil || c.Data != "here" || c.Folder() != "here" {
		t.Errorf("./gatehouse.yaml: %v", err)
	}
	if _, err := Load("other.yaml"); err == nil || !strings.HasPrefix(err.Error(), "other.yaml: cannot read it: no such file") {
		t.Errorf("a named file has to exist: %v", err)
	}
	if _, err := Load(filepath.Dir(os.Args[0])); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("a folder: %v", err)
	}
}

func TestProblemFindsTheNearestPlace(t *testing.T) {
	c, err := Parse("f.yaml", []byte("listen:\n  - udp://127.0.0.1:5060\nhistory:\n  keep_days: 3\n"))
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("in use")
	for path, want := range map[string]string{
		"listen[0]":         "f.yaml:2:5: m",
		"listen[4]":         "f.yaml:1:1: m",
		"history.max_size":  "f.yaml:3:1: m",
		"history.keep_days": "f.yaml:4:14: m",
		"console":           "f.yaml: console: m",
	} {
		e := c.Problem(path, "m", cause)
		if e.Error() != want || !errors.Is(e, cause) {
			t.Errorf("%s: got %q want %q", path, e, want)
		}
	}
	for text, want := range map[string]string{
		"checks: {lists: {keys: 1000}}": "f.yaml:1:18: key \"keys\" does not belong here",
		"checks: {rate: {keys: 9}}":     "f.yaml:1:23: 9 is not within 1024 and 67108864",
	} {
		if _, err := Parse("f.yaml", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if e := Default().Problem("listen[0]", "in use", nil); e.Error() != "defaults: listen[0]: in use" {
		t.Errorf("%v", e)
	}
}

func TestWeightsNameKnownSignals(t *testing.T) {
	known := []string{"LISTS_BLOCKED", "LISTS_ALLOWED", "RATE_CALLER"}
	for _, c := range []struct{ text, want string }{
		{"policy: {weights: {LISTS_BLOCKED: 3}}", ""},
		{"policy: {weights: {LISTS_BLOKED: 3}}", "f.yaml:1:34: no check has a signal LISTS_BLOKED; did you mean LISTS_BLOCKED?"},
		{"policy: {composites: [{name: BOTH, all: [LISTS_BLOCKED, RATE_X_Y_Z_A]}], weights: {BOTH: 2}}",
			"f.yaml:1:24: no check has a signal RATE_X_Y_Z_A; the known ones are LISTS_BLOCKED, LISTS_ALLOWED, RATE_CALLER, BOTH"},
		{"domains: [{name: a.test, deliver: home, policy: {weights: {NO_SUCH_THING: 3}}}]",
			"f.yaml:1:75: no check has a signal NO_SUCH_THING; the known ones are LISTS_BLOCKED, LISTS_ALLOWED, RATE_CALLER"},
	} {
		cfg, err := Parse("f.yaml", []byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := cfg.CheckSignals(known); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestPrefixOfMappedAddressesIsThatOfTheirOwn(t *testing.T) {
	for text, want := range map[string]string{"::ffff:203.0.113.0/120": "203.0.113.0/24", "::ffff:203.0.113.7": "203.0.113.7/32", "::/0": "::/0"} {
		if p, err := ParsePrefix(text); err != nil || p.String() != want {
			t.Errorf("%s: %v %v, want %s", text, p, err, want)
		}
	}
}
