package wangiri_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	check "gatehouse.example/internal/check/wangiri"
	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/rings"
	"gatehouse.example/screen"
	"gatehouse.example/screen/screentest"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

func plan() uri.Plan { return uri.Plan{Country: "1", International: "011", Trunk: "1"} }

func newCheck(t testing.TB) *check.Check {
	t.Helper()
	c, err := check.New(check.Config{Plan: plan()}, rings.New(1000, rate.FixedSeed(1)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func attempt(t testing.TB, direction, from, to string, after time.Duration) *screen.Attempt {
	t.Helper()
	ev := screen.Event{Kind: verdict.Call, Direction: direction, Time: screentest.Start().Add(after), From: from, To: to, Source: "192.0.2.7:5060"}
	a, err := ev.Attempt(plan())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// said is what the check reports, strength and evidence.
func said(t testing.TB, c screen.Check, a *screen.Attempt) string {
	var all []string
	for _, s := range screentest.Signals(t, c, a) {
		all = append(all, fmt.Sprintf("%s %.3g: %s", s.Name, s.Strength, s.Evidence))
	}
	return strings.Join(all, "; ")
}

// ends lets n calls from a number end, each at another callee.
func ends(t testing.TB, c *check.Check, from string, n int, end screen.Ending) {
	for i := range n {
		e := end
		e.Attempt = attempt(t, "in", from, fmt.Sprintf("sip:u%d@example.test", i), 0)
		e.Time = e.Attempt.Time.Add(e.Ring + e.Talk)
		c.Learn(&e)
	}
}

var brief = screen.Ending{Status: 487, Ring: 1500 * time.Millisecond}

func TestWhoRingsOnceAndWhoDoesNot(t *testing.T) {
	const number = "sip:+88213100001@carrier.test"
	for name, c := range map[string]struct {
		from       string
		n          int
		end        screen.Ending
		in, callee string // what is said when it calls, and when it is called
	}{
		"twice":            {number, 2, brief, "", "WANGIRI_CALLBACK 0.5: +88213100001 has rung once and hung up"},
		"at three":         {number, 3, brief, "WANGIRI_CALLER 0.5: +88213100001 has rung briefly at 3 people and hung up", "WANGIRI_CALLBACK 1: +88213100001 rings once and hangs up, at 3 people: a call back is what it wants"},
		"at many":          {number, 20, brief, "WANGIRI_CALLER 1: +88213100001 has rung briefly at 8 or more people and hung up", "WANGIRI_CALLBACK 1: +88213100001 rings once and hangs up, at 8 or more people: a call back is what it wants"},
		"rings as usual":   {number, 20, screen.Ending{Status: 487, Ring: 15 * time.Second}, "", ""},
		"never rang":       {number, 20, screen.Ending{Status: 487}, "", ""},
		"callees refuse":   {number, 20, screen.Ending{Status: 486, Ring: time.Second, ByCallee: true}, "", ""},
		"people talk":      {number, 20, screen.Ending{Status: 200, Answered: true, Ring: time.Second, Talk: time.Minute}, "", ""},
		"we turned it off": {number, 20, screen.Ending{Status: 487, Ring: time.Second, Action: verdict.Introduce}, "", ""},
		"at home":          {"sip:+12125550100@carrier.test", 20, brief, "", ""},
		"no number":        {"sip:alice@carrier.test", 20, brief, "", ""},
	} {
		ck := newCheck(t)
		ends(t, ck, c.from, c.n, c.end)
		if got := said(t, ck, attempt(t, "in", c.from, "sip:bob@example.test", time.Hour)); got != c.in {
			t.Errorf("%s: calls: %q", name, got)
		}
		to := strings.Replace(c.from, "carrier", "example", 1)
		if got := said(t, ck, attempt(t, "out", "sip:bob@example.test", to, time.Hour)); got != c.callee {
			t.Errorf("%s: is called: %q", name, got)
		}
		if got := said(t, ck, attempt(t, "in", c.from, "sip:bob@example.test", 9*24*time.Hour)); got != "" {
			t.Errorf("%s: next week: %q", name, got)
		}
	}
}

func TestBlockOfNumbers(t *testing.T) {
	c := newCheck(t)
	for i := range 6 {
		ends(t, c, fmt.Sprintf("sip:+882131000%02d@carrier.test", i), 1+i%2, brief)
	}
	ends(t, c, "sip:+88213100040@carrier.test", 6, brief)
	if got := said(t, c, attempt(t, "in", "sip:+88213100077@carrier.test", "sip:bob@example.test", time.Hour)); !strings.HasPrefix(got, "WANGIRI_CALLER 0.5: numbers like") {
		t.Errorf("%q", got)
	}
}

func TestWhoPeopleTalkWithIsNone(t *testing.T) {
	c := newCheck(t)
	const number = "sip:+33145678901@carrier.test"
	ends(t, c, number, 4, brief)
	ends(t, c, number, 4, screen.Ending{Status: 200, Answered: true, Talk: time.Minute})
	if got := said(t, c, attempt(t, "in", number, "sip:bob@example.test", time.Hour)); got != "" {
		t.Errorf("%q", got)
	}
	c = newCheck(t)
	ends(t, c, number, 1, brief)
	c.Judge(attempt(t, "in", number, "sip:bob@example.test", 0), "ham", "sip:bob@example.test")
	if got := said(t, c, attempt(t, "out", "sip:bob@example.test", number, time.Hour)); got != "" {
		t.Errorf("after bob has said that it is wanted: %q", got)
	}
}

func TestNothingFoundNothingAllocated(t *testing.T) {
	c := newCheck(t)
	a := attempt(t, "in", "sip:+33145678901@carrier.test", "sip:bob@example.test", 0)
	e := brief
	e.Attempt, e.Time = a, a.Time
	var r screen.Report
	if n := testing.AllocsPerRun(1000, func() { c.Run(context.Background(), a, &r); c.Learn(&e) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRun(b *testing.B) {
	c := newCheck(b)
	a := attempt(b, "in", "sip:+33145678901@carrier.test", "sip:bob@example.test", 0)
	var r screen.Report
	b.ReportAllocs()
	for b.Loop() {
		c.Run(context.Background(), a, &r)
	}
}
