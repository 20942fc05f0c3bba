package proof

import (
	"fmt"
	"math"
	"net/netip"
	"testing"
	"time"

	"gatehouse.example/verdict"
	"pgregory.net/rapid"
)

// world is a memory with a virtual clock.
type world struct {
	t   testing.TB
	m   *Memory
	now time.Time
}

func newWorld(t testing.TB, cfg Config) *world {
	t.Helper()
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &world{t, m, time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)}
}

var (
	bankHost  = netip.MustParseAddr("198.51.100.7")
	otherHost = netip.MustParseAddr("203.0.113.9")
)

// bank is a call from bank.test, with a proof or without.
func (w *world) bank(p verdict.Proof, from netip.Addr) *Observation {
	o := &Observation{Time: w.now, Domain: "bank.test", Proof: p, Source: from, Connected: true}
	if p != verdict.None {
		o.ProvenDomain, o.Signer, o.Repository = o.Domain, "Bank", "cert.bank.test"
	}
	return o
}

// signed lets bank.test make n signed calls, a minute apart, and a day pass after each perDay of them.
func (w *world) signed(n, perDay int) {
	for i := range n {
		w.m.Observe(w.bank(verdict.StirURI, bankHost))
		if w.now = w.now.Add(time.Minute); perDay > 0 && i%perDay == perDay-1 {
			w.now = w.now.Add(24 * time.Hour)
		}
	}
}

func (w *world) strength() float64 {
	return w.m.Look(w.bank(verdict.None, otherHost)).Strength
}

func (w *world) between(what string, lo, hi float64) {
	w.t.Helper()
	if s := w.strength(); s < lo || s > hi {
		w.t.Errorf("%s: strength %.3f, want %.2f to %.2f", what, s, lo, hi)
	}
}

func TestTrustGrowsWithEvidenceAndTime(t *testing.T) {
	w := newWorld(t, Config{})
	w.between("a stranger", 0, 0)
	w.signed(8, 0)
	w.between("8 proofs", 0, 0)
	w.signed(4, 0)
	w.between("12 proofs within minutes", 0.2, 0.35)
	w.signed(13, 0)
	w.between("25 proofs within the hour", 0.59, 0.61)
	w.signed(5, 1)
	w.between("five days later", 0.8, 0.95)
	w.signed(5, 1)
	w.between("ten days later", 0.99, 1)
	x := w.m.Look(w.bank(verdict.None, otherHost))
	if x.Subject != (Subject{Domain, verdict.Call, "bank.test"}) || x.Signer != "Bank" || x.Repository != "cert.bank.test" || x.Missing != 0 || math.Abs(x.Proven-29) > 1 ||
		!x.First.Equal(time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)) || x.Explained {
		t.Errorf("%+v", x)
	}
}

func TestTrustFadesInSilence(t *testing.T) {
	w := newWorld(t, Config{})
	w.signed(100, 10)
	w.between("just now", 1, 1)
	w.now = w.now.Add(13 * 24 * time.Hour)
	w.between("13 days on", 0.99, 1)
	w.now = w.now.Add(15 * 24 * time.Hour)
	w.between("4 weeks on", 0.4, 0.65)
	w.now = w.now.Add(20 * 24 * time.Hour)
	w.between("7 weeks on", 0, 0)
}

// TestUnsignedStrangersTeachNothing: a thousand calls that claim to be bank.test, interleaved from the first day.
func TestUnsignedStrangersTeachNothing(t *testing.T) {
	w := newWorld(t, Config{})
	for i := range 60 {
		w.signed(1, 1)
		for j := range 50 {
			for _, connected := range []bool{true, false} {
				o := w.bank(verdict.None, netip.AddrFrom4([4]byte{203, byte(i * 7), byte(j), 9}))
				o.Connected = connected
				w.m.Observe(o)
			}
		}
	}
	w.between("after 6000 forged calls", 0.99, 1)
	w.m.Observe(&Observation{Time: w.now, Domain: "victim.test", Source: otherHost, Connected: true})
	if s := w.m.Stats(); s.Entries != 1 {
		t.Errorf("%d entries", s.Entries)
	}
}

// TestForgedSourceDatagramsTeachNothing: who knows the bank's address can write it into a datagram.
func TestForgedSourceDatagramsTeachNothing(t *testing.T) {
	w := newWorld(t, Config{})
	w.signed(40, 4)
	for range 1000 {
		o := w.bank(verdict.None, bankHost)
		o.Connected = false
		w.m.Observe(o)
		w.now = w.now.Add(time.Minute)
	}
	w.between("after 1000 forged datagrams", 0.9, 1)
}

// TestOneWhoSignsHalfIsNotExpectedTo: its own unsigned calls come from its own host.
func TestOneWhoSignsHalfIsNotExpectedTo(t *testing.T) {
	for _, unsignedFirst := range []bool{true, false} {
		w := newWorld(t, Config{})
		for i := range 200 {
			p := verdict.None
			if (i%2 == 0) != unsignedFirst {
				p = verdict.StirURI
			}
			if s := w.m.Observe(w.bank(p, bankHost)).Strength; s > 0 {
				t.Fatalf("call %d: strength %v", i, s)
			}
			w.now = w.now.Add(time.Hour)
		}
	}
}

// TestOneWhoStopsSigningIsForgiven, but not on the first day: until then it could as well be someone on the way.
func TestOneWhoStopsSigningIsForgiven(t *testing.T) {
	for proofs, want := range map[int][2]int{25: {2, 7}, 300: {10, 24}} {
		w := newWorld(t, Config{})
		w.signed(proofs, 10)
		days := 0
		for ; w.strength() > 0.1 && days < 100; days++ {
			for range 50 {
				w.m.Observe(w.bank(verdict.None, bankHost))
				w.now = w.now.Add(10 * time.Minute)
			}
			w.now = w.now.Truncate(24 * time.Hour).Add(33 * time.Hour)
		}
		if days < want[0] || days > want[1] {
			t.Errorf("%d proofs are forgotten after %d days of missing ones, want %d to %d", proofs, days, want[0], want[1])
		}
	}
}

// TestRegularWayWithoutProofs: an old gateway brings the same callers' calls unsigned. It is told apart after a week, and nobody else profits.
func TestRegularWayWithoutProofs(t *testing.T) {
	w := newWorld(t, Config{})
	w.signed(40, 4)
	gateway, elsewhere := netip.MustParseAddr("192.0.2.20"), netip.MustParseAddr("192.0.3.20")
	for day := range 12 {
		w.signed(4, 0)
		x := w.m.Observe(w.bank(verdict.None, gateway))
		if explained := day >= 7; x.Explained != explained || explained != (x.Strength < 0.3) {
			t.Errorf("day %d: %+v", day, x)
		}
		// Passing strangers do not push it out.
		for i := range 20 {
			w.m.Observe(w.bank(verdict.None, netip.AddrFrom4([4]byte{10, byte(day), byte(i), 1})))
		}
		w.now = w.now.Add(24 * time.Hour)
	}
	if x := w.m.Look(w.bank(verdict.None, elsewhere)); x.Explained || x.Strength < 0.99 {
		t.Errorf("elsewhere: %+v", x)
	}
	spam := w.bank(verdict.None, gateway)
	w.m.Judge(spam, false)
	if x := w.m.Look(spam); x.Explained || x.Strength < 0.99 {
		t.Errorf("after the way was found to bring spam: %+v", x)
	}
	w.m.Judge(w.bank(verdict.None, elsewhere), true)
	if x := w.m.Look(w.bank(verdict.None, elsewhere)); !x.Explained || x.Strength > 0.3 {
		t.Errorf("after a person said that it was wanted: %+v", x)
	}
}

func TestCallsAndMessagesAreApart(t *testing.T) {
	w := newWorld(t, Config{})
	w.signed(60, 6)
	m := w.bank(verdict.None, otherHost)
	m.Method = verdict.Message
	if x := w.m.Look(m); x.Strength != 0 {
		t.Errorf("calls teach about messages: %+v", x)
	}
}

// number is a call from a number of one carrier.
func (w *world) number(n string, p verdict.Proof, from netip.Addr, peer string) *Observation {
	o := &Observation{Time: w.now, Number: n, Proof: p, Source: from, Peer: peer, Connected: true}
	if p != verdict.None {
		o.ProvenNumber, o.Signer = n, "1234"
	}
	return o
}

func TestNumbersAndTheirBlock(t *testing.T) {
	w := newWorld(t, Config{})
	for i := range 60 {
		w.m.Observe(w.number(fmt.Sprintf("+1555123%04d", i%12), verdict.StirA, bankHost, ""))
		w.now = w.now.Add(6 * time.Hour)
	}
	x := w.m.Look(w.number("+15551230999", verdict.None, otherHost, ""))
	if x.Subject != (Subject{Block, verdict.Call, "+15551230"}) || x.Strength < 0.5 || x.Strength > 0.6 {
		t.Errorf("another number of the block: %+v", x)
	}
	for range 40 {
		w.m.Observe(w.number("+15559990001", verdict.StirA, bankHost, ""))
		w.now = w.now.Add(6 * time.Hour)
	}
	if x := w.m.Look(w.number("+15559990001", verdict.None, otherHost, "")); x.Subject.Kind != Number || x.Strength < 0.99 {
		t.Errorf("the number: %+v", x)
	}
	if x := w.m.Look(w.number("+15559990002", verdict.None, otherHost, "")); x.Strength != 0 {
		t.Errorf("one number makes no block: %+v", x)
	}
	if x := w.m.Look(w.number("+15559990001", verdict.StirC, otherHost, "")); x.Strength < 0.49 || x.Strength > 0.5 {
		t.Errorf("a gateway's attestation: %+v", x)
	}
	if x := w.m.Look(w.number("+15559990001", verdict.StirB, otherHost, "")); x.Strength != 0 {
		t.Errorf("partial attestation: %+v", x)
	}
}

// TestWeakAttestationTeachesNothing: whose provider signs any number with B or C must not make others' numbers "always signed".
func TestWeakAttestationTeachesNothing(t *testing.T) {
	w := newWorld(t, Config{})
	for _, p := range []verdict.Proof{verdict.StirB, verdict.StirC, verdict.Trunk, verdict.Digest, verdict.None} {
		for range 50 {
			w.m.Observe(w.number("+15551230001", p, otherHost, ""))
		}
	}
	// A signature for one's own number says nothing about the domain that is claimed beside it.
	o := w.number("+15551230002", verdict.StirA, otherHost, "")
	o.Domain = "bank.test"
	w.m.Observe(o)
	for _, e := range w.m.All() {
		if e.Name == "bank.test" || e.Name == "+15551230001" {
			t.Errorf("%+v", e)
		}
	}
}

func TestPeers(t *testing.T) {
	w := newWorld(t, Config{})
	for i := range 60 {
		w.m.Observe(w.number(fmt.Sprintf("+1212555%04d", i), verdict.StirB, bankHost, "sip trunk"))
		w.m.Observe(w.number(fmt.Sprintf("+1312555%04d", i), verdict.None, bankHost, "old trunk"))
		w.m.Observe(w.number("+15559990001", verdict.StirA, otherHost, ""))
		w.now = w.now.Add(6 * time.Hour)
	}
	if x := w.m.Look(w.number("+14155550000", verdict.None, bankHost, "sip trunk")); x.Subject.Kind != Peer || x.Strength < 0.49 || x.Strength > 0.5 {
		t.Errorf("unsigned where all is signed: %+v", x)
	}
	if x := w.m.Look(w.number("+14155550000", verdict.None, bankHost, "old trunk")); x.Strength != 0 {
		t.Errorf("unsigned where nothing is: %+v", x)
	}
	if x := w.m.Look(w.number("+15559990001", verdict.None, bankHost, "old trunk")); !x.Explained || x.Strength > 0.26 {
		t.Errorf("a number that always signs, where nothing is signed: %+v", x)
	}
}

func TestOwnHostsTeach(t *testing.T) {
	w := newWorld(t, Config{})
	w.signed(25, 0)
	before := w.strength()
	for range 40 {
		o := w.bank(verdict.None, otherHost)
		o.Own = true
		w.m.Observe(o)
		w.now = w.now.Add(12 * time.Hour)
	}
	if before < 0.5 || w.strength() != 0 {
		t.Errorf("strength %v, and %v after the domain's own hosts sent unsigned calls for 20 days", before, w.strength())
	}
}

func TestFloodOfNewSubjectsEvictsNothingGood(t *testing.T) {
	w := newWorld(t, Config{Entries: 256})
	w.signed(30, 3)
	for i := range 20000 {
		domain := fmt.Sprintf("d%d.evil.test", i)
		o := &Observation{Time: w.now, Domain: domain, ProvenDomain: domain, Proof: verdict.StirURI, Signer: fmt.Sprintf("evil%d", i%50), Source: otherHost}
		for range 1 + i%5 {
			w.m.Observe(o)
		}
		w.now = w.now.Add(time.Second)
	}
	w.between("after 20000 proven inventions", 0.9, 1)
	if s := w.m.Stats(); s.Entries > 256 || s.Probation > 64 || len(w.m.held) > 60 {
		t.Errorf("%+v, %d signers", s, len(w.m.held))
	}
}

func TestOneSignerHoldsAPart(t *testing.T) {
	w := newWorld(t, Config{Entries: 800})
	for i := range 1000 {
		for range 4 {
			w.m.Observe(w.number(fmt.Sprintf("+1555%04d000", i), verdict.StirA, otherHost, ""))
		}
	}
	if s := w.m.Stats(); s.Entries > 101 || s.Refused == 0 {
		t.Errorf("%+v", s)
	}
}

func TestNewNamesWhatIsWrong(t *testing.T) {
	if _, err := New(Config{Entries: 3}); err == nil || err.Error() != "proof: entries: 3 is not within 64 and 16777216" {
		t.Errorf("got %v", err)
	}
}

// TestProperties: bounds hold, claims without proof never make entries, and equal histories give equal memories.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := Config{Entries: 64}
		a, _ := New(cfg)
		b, _ := New(cfg)
		now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		proven := map[string]bool{}
		for range rapid.IntRange(1, 200).Draw(t, "attempts") {
			now = now.Add(time.Duration(rapid.Int64Range(-int64(time.Hour), int64(72*time.Hour)).Draw(t, "pause")))
			name := fmt.Sprintf("d%d.test", rapid.IntRange(0, 90).Draw(t, "domain"))
			o := Observation{Time: now, Method: verdict.Kind(rapid.IntRange(0, 2).Draw(t, "method")), Domain: name, Connected: rapid.Bool().Draw(t, "connected"),
				Proof: rapid.SampledFrom([]verdict.Proof{verdict.None, verdict.None, verdict.TLS, verdict.StirURI, verdict.StirC}).Draw(t, "proof"),
				Peer:  rapid.SampledFrom([]string{"", "", "p"}).Draw(t, "peer"), Source: netip.AddrFrom4([4]byte{192, 0, 2, byte(rapid.IntRange(0, 3).Draw(t, "host"))})}
			if o.Proof == verdict.TLS || o.Proof == verdict.StirURI {
				o.ProvenDomain, proven[name] = name, true
			}
			x, y := a.Observe(&o), b.Observe(&o)
			if x != y {
				t.Fatalf("one history, two expectations: %+v, %+v", x, y)
			}
			if x.Strength < 0 || x.Strength > 1 || math.IsNaN(x.Strength) {
				t.Fatalf("strength %v", x.Strength)
			}
			if x.Subject.Kind == Domain && x.Strength > 0 && !proven[name] {
				t.Fatalf("%s never proved itself: %+v", name, x)
			}
		}
		if s := a.Stats(); s.Entries > 64+2*3 {
			t.Fatalf("%+v", s)
		}
		held := 0
		for _, n := range a.held {
			held += n
		}
		if held != len(a.entries) || len(a.young.slots)+len(a.old.slots)+a.held[peerPool] != held {
			t.Fatalf("accounts say %d, there are %d, in places %d", held, len(a.entries), len(a.young.slots)+len(a.old.slots))
		}
	})
}

func TestLookingAllocatesNothing(t *testing.T) {
	w := newWorld(t, Config{})
	w.signed(40, 4)
	for name, o := range map[string]*Observation{
		"stranger": {Time: w.now, Domain: "stranger.test", Number: "+15551230001", Source: otherHost, Peer: "carrier"},
		"missing":  w.bank(verdict.None, otherHost), "proven": w.bank(verdict.StirURI, bankHost),
	} {
		if n := testing.AllocsPerRun(100, func() { w.m.Observe(o) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkObserveStranger(b *testing.B) {
	w := newWorld(b, Config{})
	w.signed(40, 4)
	o := &Observation{Time: w.now, Domain: "stranger.test", Number: "+15551230001", Source: otherHost}
	b.ReportAllocs()
	for b.Loop() {
		w.m.Observe(o)
	}
}

func BenchmarkObserveMissing(b *testing.B) {
	w := newWorld(b, Config{})
	w.signed(40, 4)
	o := w.bank(verdict.None, otherHost)
	b.ReportAllocs()
	for b.Loop() {
		w.m.Observe(o)
	}
}
