package identitypolicy_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	check "gatehouse.example/internal/check/identity_policy"
	"gatehouse.example/internal/state/proof"
	"gatehouse.example/screen"
	"gatehouse.example/screen/screentest"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

var update = flag.Bool("update", false, "write what the check reports into testdata")

// zone answers from a map of domain to record.
type zone struct {
	records map[string]string
	delay   time.Duration
	asked   atomic.Int64
}

func (z *zone) Texts(ctx context.Context, name string) ([]string, time.Duration, error) {
	z.asked.Add(1)
	if z.delay > 0 {
		select {
		case <-time.After(z.delay):
		case <-ctx.Done():
			return nil, 0, context.Cause(ctx)
		}
	}
	record := z.records[strings.TrimPrefix(name, "_sip-identity.")]
	switch record {
	case "":
		return nil, time.Hour, nil
	case "SERVFAIL":
		return nil, 0, errors.New("server says SERVFAIL")
	}
	return strings.Split(record, " | "), time.Hour, nil
}

func build(t testing.TB, z *zone) (*check.Check, *proof.Policies) {
	t.Helper()
	p := proof.NewPolicies(proof.PoliciesConfig{Texts: z})
	t.Cleanup(p.Close)
	c, err := check.New(check.Config{Seed: 1}, p)
	if err != nil {
		t.Fatal(err)
	}
	return c, p
}

// setup reads lines "bank.test v=SIPID1; p=enforce", several records with " | " between them.
func setup(t testing.TB, lines []string) screen.Check {
	z := &zone{records: make(map[string]string)}
	for _, line := range lines {
		domain, record, _ := strings.Cut(line, " ")
		z.records[domain] = record
	}
	c, _ := build(t, z)
	return c
}

func TestCases(t *testing.T) {
	var write func(string, []byte) error
	if *update {
		write = func(name string, text []byte) error {
			return os.WriteFile(filepath.Join("testdata", name), text, 0o644)
		}
	}
	screentest.Run(t, os.DirFS("testdata"), setup, write)
}

func TestNewNeedsPolicies(t *testing.T) {
	if _, err := check.New(check.Config{}, nil); err == nil || err.Error() != "identity_policy: the check needs policies" {
		t.Errorf("got %v", err)
	}
}

func call(from string, p verdict.Proof, now time.Time) *screen.Attempt {
	ev := screen.Event{From: from, To: "sip:bob@example.test", Source: "203.0.113.9:5060", Transport: "udp", Time: now, Proof: p}
	a, err := ev.Attempt(uri.Plan{})
	if err != nil {
		panic(err)
	}
	return a
}

// TestCachedPolicyNeedsNoLookup goes through the engine as the border does.
func TestCachedPolicyNeedsNoLookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := &zone{records: map[string]string{"bank.test": "v=SIPID1; p=enforce"}, delay: 50 * time.Millisecond}
		c, _ := build(t, z)
		e, err := screen.New([]screen.Check{c})
		if err != nil {
			t.Fatal(err)
		}
		mode := verdict.Enforce
		p, err := e.Resolve(screen.Layer{Name: "policy", Mode: &mode})
		if err != nil {
			t.Fatal(err)
		}
		var v verdict.Verdict
		a := call("sip:alice@bank.test", verdict.None, time.Now())
		if e.Cheap(a, p, &v) {
			t.Fatalf("nothing is cached, and no look-up is wanted: %s", v.Why())
		}
		start := time.Now()
		e.Lookup(t.Context(), a, p, &v)
		if v.Action != verdict.Reject || time.Since(start) != 50*time.Millisecond {
			t.Errorf("after %s: %s", time.Since(start), v.Why())
		}
		first := v.Why()
		if !e.Cheap(a, p, &v) || v.Why() != first || z.asked.Load() != 1 {
			t.Errorf("cached: %s, %d questions", v.Why(), z.asked.Load())
		}
		// What has proof does not wait, even where nothing is cached.
		if !e.Cheap(call("sip:alice@other.test", verdict.StirURI, time.Now()), p, &v) || len(v.Signals) != 0 {
			t.Errorf("proven: %s", v.Why())
		}
		// A name server that does not answer delays a call by the policy's deadline, and the next not at all.
		z.delay = time.Hour
		a = call("sip:alice@dead.test", verdict.None, time.Now())
		e.Cheap(a, p, &v)
		start = time.Now()
		e.Lookup(t.Context(), a, p, &v)
		if v.Action != verdict.Relay || v.Signals[0].Name != "IDENTITY_POLICY_TIMEOUT" || time.Since(start) != 150*time.Millisecond {
			t.Errorf("after %s: %s", time.Since(start), v.Why())
		}
		time.Sleep(3 * time.Second)
		a.Time = time.Now()
		if !e.Cheap(a, p, &v) || v.Action != verdict.Relay {
			t.Errorf("after the failure: %s", v.Why())
		}
		e.Wait()
	})
}

// TestPercentIsKept: of 10,000 attempts, and the same ones each time.
func TestPercentIsKept(t *testing.T) {
	z := &zone{records: map[string]string{"bank.test": "v=SIPID1; p=enforce; pct=20"}}
	c, p := build(t, z)
	if _, err := p.Lookup(t.Context(), "bank.test", screentest.Start()); err != nil {
		t.Fatal(err)
	}
	e, err := screen.New([]screen.Check{c})
	if err != nil {
		t.Fatal(err)
	}
	policy, err := e.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	a, counts := call("sip:alice@bank.test", verdict.None, screentest.Start()), map[string]int{}
	for i := range 10000 {
		a.ID = fmt.Sprintf("01JD%022d", i)
		var v, again verdict.Verdict
		e.Cheap(a, policy, &v)
		e.Cheap(a, policy, &again)
		if v.Signals[0].Name != again.Signals[0].Name {
			t.Fatalf("%s: %s, then %s", a.ID, v.Why(), again.Why())
		}
		counts[v.Signals[0].Name]++
	}
	if n := counts["IDENTITY_POLICY_VIOLATED"]; n < 1850 || n > 2150 || n+counts["IDENTITY_POLICY_MONITORED"] != 10000 {
		t.Errorf("%v", counts)
	}
}

func TestNothingFoundAllocatesNothing(t *testing.T) {
	z := &zone{records: map[string]string{"bank.test": "v=SIPID1; p=enforce"}}
	c, p := build(t, z)
	for _, d := range []string{"bank.test", "sip.carrier.test"} {
		if _, err := p.Lookup(t.Context(), d, screentest.Start()); err != nil {
			t.Fatal(err)
		}
	}
	r := &screen.Report{}
	for _, a := range []*screen.Attempt{
		call("sip:alice@sip.carrier.test", verdict.None, screentest.Start()), call("sip:alice@bank.test", verdict.StirURI, screentest.Start()),
		call("sip:alice@unknown.test", verdict.None, screentest.Start()), call("tel:+15551230001", verdict.None, screentest.Start()),
	} {
		if n := testing.AllocsPerRun(1000, func() { c.Wants(a, r) }); n != 0 {
			t.Errorf("%s: %v allocations", a.From.Claimed, n)
		}
	}
}

func BenchmarkWantsCached(b *testing.B) {
	c, p := build(b, &zone{})
	if _, err := p.Lookup(b.Context(), "sip.carrier.test", screentest.Start()); err != nil {
		b.Fatal(err)
	}
	a, r := call("sip:alice@sip.carrier.test", verdict.None, screentest.Start()), &screen.Report{}
	b.ReportAllocs()
	for b.Loop() {
		c.Wants(a, r)
	}
}
