package identity_test

import (
	"context"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	check "gatehouse.example/internal/check/identity"
	"gatehouse.example/internal/state/proof"
	"gatehouse.example/screen"
	"gatehouse.example/screen/screentest"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write what the check reports into testdata")

var home = netip.MustParseAddr("198.51.100.7")

// teach lets a subject prove itself count times, once every eight hours up to the start of the case.
func teach(m *proof.Memory, count int, o proof.Observation) {
	for i := range count {
		o.Time = screentest.Start().Add(time.Duration(i-count) * 8 * time.Hour)
		m.Observe(&o)
	}
}

// setup reads lines "signed 40 bank.test", "signed 40 +15551230001 messages" and "unsigned 40 peer=old".
func setup(t testing.TB, lines []string) screen.Check {
	m, err := proof.New(proof.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		f := strings.Fields(line)
		count, err := strconv.Atoi(f[1])
		if err != nil {
			t.Fatal(err)
		}
		o := proof.Observation{Source: home, Connected: true, Signer: "Bank plc", Repository: "cert.bank.test"}
		if len(f) > 3 && f[3] == "messages" {
			o.Method = verdict.Message
		}
		switch name := f[2]; {
		case strings.HasPrefix(name, "peer="):
			if o.Peer = name[len("peer="):]; f[0] == "signed" {
				o.Proof = verdict.StirB
			}
		case name[0] == '+':
			o.Number, o.ProvenNumber, o.Proof = name, name, verdict.StirA
		default:
			o.Domain, o.ProvenDomain, o.Proof = name, name, verdict.StirURI
		}
		teach(m, count, o)
	}
	c, err := check.New(check.Config{}, m)
	if err != nil {
		t.Fatal(err)
	}
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

func TestNewNeedsAMemory(t *testing.T) {
	if _, err := check.New(check.Config{}, nil); err == nil || err.Error() != "identity: the check needs a memory" {
		t.Errorf("got %v", err)
	}
}

func attempt(from string, p verdict.Proof, outcome string) *screen.Attempt {
	ev := screen.Event{From: from, To: "sip:bob@example.test", Source: "203.0.113.9:5060", Transport: "udp", Time: screentest.Start(), Proof: p}
	if outcome != "" {
		ev.Signature = &verdict.Signature{Outcome: outcome, URL: "https://dead.evil.test/1.pem"}
	}
	a, err := ev.Attempt(uri.Plan{})
	if err != nil {
		panic(err)
	}
	return a
}

// score is what the default weights make of an attempt.
func score(t testing.TB, c screen.Check, a *screen.Attempt) (sum float64) {
	for _, s := range screentest.Signals(t, c, a) {
		sum += s.Score
	}
	return sum
}

// TestNoBrokenSignatureIsCheaperThanNone: whatever a forger puts into Identity, it never helps.
func TestNoBrokenSignatureIsCheaperThanNone(t *testing.T) {
	for _, lines := range [][]string{nil, {"signed 12 bank.test"}, {"signed 60 bank.test", "signed 30 +15551230001"}} {
		for _, from := range []string{"sip:alice@bank.test", "sip:+15551230001@carrier.test"} {
			c := setup(t, lines)
			none := score(t, c, attempt(from, verdict.None, ""))
			for _, outcome := range []string{verdict.SignatureInvalid, verdict.SignatureStale, verdict.SignatureUnsupported, verdict.SignatureUnreachable} {
				if got := score(t, c, attempt(from, verdict.None, outcome)); got < none {
					t.Errorf("%v: %s from %s scores %v, without a signature %v", lines, outcome, from, got, none)
				}
			}
		}
	}
}

// TestProbesTeachNothing: whoever may ask must not be able to teach by it.
func TestProbesTeachNothing(t *testing.T) {
	c := setup(t, nil)
	for i := range 100 {
		a := attempt("sip:alice@bank.test", verdict.StirURI, "")
		a.Probe, a.Time = true, screentest.Start().Add(time.Duration(i)*time.Hour)
		screentest.Signals(t, c, a)
	}
	a := attempt("sip:alice@bank.test", verdict.None, "")
	a.Time = screentest.Start().Add(101 * time.Hour)
	if s := screentest.Signals(t, c, a); len(s) != 0 {
		t.Errorf("learned from probes: %+v", s)
	}
}

// TestProofIsNoPass: what proofs of all kinds weigh together never outweighs a label.
func TestProofIsNoPass(t *testing.T) {
	c := setup(t, nil)
	rapid.Check(t, func(rt *rapid.T) {
		p := verdict.Proof(rapid.IntRange(0, 7).Draw(rt, "proof"))
		outcome := rapid.SampledFrom([]string{"", "", verdict.SignatureMissing, verdict.SignatureStale, verdict.SignatureInvalid}).Draw(rt, "outcome")
		a := attempt("sip:+15551230001@carrier.test", p, outcome)
		a.Transport = rapid.SampledFrom([]string{"udp", "tcp", "tls", "wss"}).Draw(rt, "transport")
		a.Probe = true
		if s := score(t, c, a); s < -1 {
			rt.Fatalf("proof %s weighs %v", p, s)
		}
	})
}

func TestNothingFoundAllocatesNothing(t *testing.T) {
	c := setup(t, []string{"signed 40 bank.test", "signed 40 +15551230001"})
	a, r := attempt("sip:+12125551234@carrier.test", verdict.None, ""), &screen.Report{}
	if n := testing.AllocsPerRun(1000, func() {
		a.Time = a.Time.Add(time.Second)
		c.Run(context.Background(), a, r)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRun(b *testing.B) {
	c := setup(b, []string{"signed 40 bank.test", "signed 40 +15551230001"})
	a, r := attempt("sip:+12125551234@carrier.test", verdict.None, ""), &screen.Report{}
	b.ReportAllocs()
	for b.Loop() {
		a.Time = a.Time.Add(time.Second)
		c.Run(context.Background(), a, r)
	}
}
