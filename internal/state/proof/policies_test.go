package proof

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse.example/stir/policy"
)

// zone is a Texts that a test writes into.
type zone struct {
	mu    sync.Mutex
	texts map[string][]string // by domain, without policy.Label
	ttl   time.Duration
	delay time.Duration
	err   error
	asked int
}

func (z *zone) Texts(ctx context.Context, name string) ([]string, time.Duration, error) {
	z.mu.Lock()
	z.asked++
	texts, ttl, err, delay := z.texts[strings.TrimPrefix(name, policy.Label+".")], z.ttl, z.err, z.delay
	z.mu.Unlock()
	select {
	case <-time.After(delay):
		return texts, ttl, err
	case <-ctx.Done():
		return nil, 0, context.Cause(ctx)
	}
}

func (z *zone) set(domain string, texts ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.texts == nil {
		z.texts = make(map[string][]string)
	}
	z.texts[domain], z.err = texts, nil
}

func (z *zone) fail(err error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.err = err
}

func (z *zone) count() int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.asked
}

// show says what is known: "enforce at bank.test", "none", or the error.
func show(p Policy, err error) string {
	if err != nil {
		return err.Error()
	}
	if p.Record == nil {
		return "none"
	}
	s := p.Record.Policy.String()
	if p.Inherited {
		s = p.Record.Subdomains.String()
	}
	if s += " at " + p.Domain; p.Remembered {
		s += ", remembered"
	}
	return s
}

// inBubble runs a test on virtual time with policies over a zone.
func inBubble(t *testing.T, cfg PoliciesConfig, test func(t *testing.T, z *zone, p *Policies)) {
	synctest.Test(t, func(t *testing.T) {
		z := &zone{ttl: 10 * time.Minute}
		cfg.Texts = z
		p := NewPolicies(cfg)
		defer p.Close()
		test(t, z, p)
	})
}

func TestNearestRecordDecides(t *testing.T) {
	inBubble(t, PoliciesConfig{}, func(t *testing.T, z *zone, p *Policies) {
		z.set("bank.test", "v=SIPID1; p=enforce; sp=monitor")
		z.set("open.bank.test", "v=SIPID1; p=none")
		z.set("double.bank.test", "v=SIPID1; p=none", "v=SIPID1; p=none")
		z.set("spf.test", "v=spf1 -all")
		z.set("test", "v=SIPID1; p=enforce; sp=enforce")
		for _, c := range []struct{ domain, want string }{
			{"bank.test", "enforce at bank.test"},
			{"sip.bank.test", "monitor at bank.test"},
			{"open.bank.test", "none at open.bank.test"},
			{"x.open.bank.test", "none at open.bank.test"},
			{"double.bank.test", "monitor at bank.test"},
			{"spf.test", "none"}, {"nowhere.test", "none"}, {"test", "none"}, {"192.0.2.1", "none"}, {"", "none"},
		} {
			got, err := p.Lookup(t.Context(), c.domain, time.Now())
			if show(got, err) != c.want {
				t.Errorf("%s: %s, want %s", c.domain, show(got, err), c.want)
			}
			if again, ok := p.Cached(c.domain, time.Now()); !ok || again != got {
				t.Errorf("%s: cached %+v, %v", c.domain, again, ok)
			}
		}
	})
}

// TestPolicyOutlivesItsRecord: RFC 8461 §3.3 for our record.
func TestPolicyOutlivesItsRecord(t *testing.T) {
	inBubble(t, PoliciesConfig{}, func(t *testing.T, z *zone, p *Policies) {
		expect := func(when, want string) {
			t.Helper()
			// A stale record is renewed behind the caller's back; here it is done at once.
			if n := p.names["bank.test"]; n != nil && !time.Now().Before(n.expires) {
				p.renew(t.Context(), "bank.test")
			}
			if got := show(p.Lookup(t.Context(), "bank.test", time.Now())); got != want {
				t.Errorf("%s: %s, want %s", when, got, want)
			}
		}
		z.set("bank.test", "v=SIPID1; p=enforce; max-age=86400")
		expect("published", "enforce at bank.test")
		z.set("bank.test")
		time.Sleep(11 * time.Minute)
		expect("taken out", "enforce at bank.test, remembered")
		z.fail(errors.New("SERVFAIL"))
		time.Sleep(11 * time.Minute)
		expect("DNS fails", "enforce at bank.test, remembered")
		z.set("bank.test", "v=SIPID1; p=enforce; oops")
		time.Sleep(11 * time.Minute)
		expect("damaged", "enforce at bank.test, remembered")
		z.set("bank.test", "v=SIPID1; p=enforce; max-age=86400")
		time.Sleep(11 * time.Minute)
		expect("published again", "enforce at bank.test")
		z.set("bank.test")
		time.Sleep(23 * time.Hour)
		expect("taken out", "enforce at bank.test, remembered")
		time.Sleep(2 * time.Hour)
		expect("longer than max-age", "none")
	})
}

// TestWeakerRecordIsDoubted: one forged answer ends no policy; a record that stays does.
func TestWeakerRecordIsDoubted(t *testing.T) {
	inBubble(t, PoliciesConfig{}, func(t *testing.T, z *zone, p *Policies) {
		next := func(want string) {
			t.Helper()
			time.Sleep(11 * time.Minute)
			p.renew(t.Context(), "bank.test")
			if got := show(p.Lookup(t.Context(), "bank.test", time.Now())); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		z.set("bank.test", "v=SIPID1; p=enforce")
		next("enforce at bank.test")
		z.set("bank.test", "v=SIPID1; p=none")
		next("enforce at bank.test, remembered")
		z.set("bank.test", "v=SIPID1; p=enforce")
		next("enforce at bank.test")
		for _, weaker := range []string{"p=monitor", "p=enforce; pct=1", "p=enforce; m=message", "p=enforce; sign=stir,tls", "p=enforce; from=2999-01-01", "p=none"} {
			z.set("bank.test", "v=SIPID1; "+weaker)
			next("enforce at bank.test, remembered")
		}
		z.set("bank.test", "v=SIPID1; p=none")
		next("none at bank.test") // the record has asked for less for over an hour, whatever exactly
		z.set("bank.test", "v=SIPID1; p=enforce")
		next("enforce at bank.test") // more is believed at once
	})
}

func TestAnswersAreCachedAndShared(t *testing.T) {
	inBubble(t, PoliciesConfig{}, func(t *testing.T, z *zone, p *Policies) {
		z.delay = 100 * time.Millisecond
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() {
				if got := show(p.Lookup(t.Context(), "sip.nowhere.test", time.Now())); got != "none" {
					t.Errorf("got %s", got)
				}
			})
		}
		callers.Wait()
		if z.count() != 2 { // the domain and the one above it
			t.Errorf("%d questions", z.count())
		}
		if _, ok := p.Cached("sip.nowhere.test", time.Now().Add(9*time.Minute)); !ok {
			t.Error("that there is none is forgotten before its TTL")
		}
		if _, ok := p.Cached("sip.nowhere.test", time.Now().Add(11*time.Minute)); ok {
			t.Error("that there is none is believed after its TTL")
		}
	})
}

// TestSlowDNSHoldsNobodyUp: a caller gives up at its own deadline, and the answer is there for the next.
func TestSlowDNSHoldsNobodyUp(t *testing.T) {
	inBubble(t, PoliciesConfig{}, func(t *testing.T, z *zone, p *Policies) {
		z.set("bank.test", "v=SIPID1; p=enforce")
		z.delay = time.Second
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		defer cancel()
		start := time.Now()
		if _, err := p.Lookup(ctx, "bank.test", start); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 150*time.Millisecond {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
		time.Sleep(time.Second)
		if got, ok := p.Cached("bank.test", time.Now()); !ok || got.Record == nil {
			t.Errorf("the late answer is lost: %+v, %v", got, ok)
		}
	})
}

func TestSilentDNSIsAskedOncePerPeriod(t *testing.T) {
	inBubble(t, PoliciesConfig{}, func(t *testing.T, z *zone, p *Policies) {
		z.delay = time.Hour
		for range 3 {
			asked, start := z.count(), time.Now()
			if _, err := p.Lookup(t.Context(), "dead.test", start); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 2*time.Second {
				t.Errorf("after %s: %v", time.Since(start), err)
			}
			for range 100 {
				if got := show(p.Lookup(t.Context(), "dead.test", time.Now())); got != "none" {
					t.Errorf("got %s", got)
				}
			}
			if z.count() != asked+1 {
				t.Errorf("%d questions", z.count()-asked)
			}
			time.Sleep(31 * time.Second)
		}
	})
}

func TestLookupsUnderWayAreBounded(t *testing.T) {
	inBubble(t, PoliciesConfig{InFlight: 3}, func(t *testing.T, z *zone, p *Policies) {
		z.delay = time.Second
		var busy, fine int
		var mu sync.Mutex
		var callers sync.WaitGroup
		for i := range 10 {
			callers.Go(func() {
				_, err := p.Lookup(t.Context(), fmt.Sprintf("d%d.test", i), time.Now())
				mu.Lock()
				defer mu.Unlock()
				if errors.Is(err, ErrBusy) {
					busy++
				} else if err == nil {
					fine++
				}
			})
		}
		callers.Wait()
		if busy != 7 || fine != 3 {
			t.Errorf("%d busy, %d fine", busy, fine)
		}
	})
}

// TestFloodOfInventedDomains: neither names without a record nor names with one push out the policy of a domain that proves itself.
func TestFloodOfInventedDomains(t *testing.T) {
	pinned := func(d string) bool { return d == "bank.test" }
	inBubble(t, PoliciesConfig{Names: 100, Pinned: pinned}, func(t *testing.T, z *zone, p *Policies) {
		z.set("bank.test", "v=SIPID1; p=enforce")
		if _, err := p.Lookup(t.Context(), "bank.test", time.Now()); err != nil {
			t.Fatal(err)
		}
		for i := range 2000 {
			d := fmt.Sprintf("d%d.evil%d.test", i, i%3)
			if i%2 == 0 {
				z.set(d, "v=SIPID1; p=enforce; max-age=31557600")
			}
			if _, err := p.Lookup(t.Context(), d, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		z.set("bank.test")
		if got, ok := p.Cached("bank.test", time.Now().Add(time.Hour)); !ok || show(got, nil) != "enforce at bank.test, remembered" {
			t.Errorf("%s, %v", show(got, nil), ok)
		}
		if len(p.names) != 100 || len(p.places) != 100 || p.family["evil0.test"] > mostFamily {
			t.Errorf("%d names, %d places, %d of one family", len(p.names), len(p.places), p.family["evil0.test"])
		}
		lasting := 0
		for _, n := range p.family {
			lasting += n
		}
		for _, n := range p.places {
			if n.lasting {
				lasting--
			}
		}
		if lasting != 0 {
			t.Errorf("families are off by %d", lasting)
		}
	})
}

func TestPoliciesSurviveARestart(t *testing.T) {
	d := newDisk()
	d.policies["broken.test"] = Remembered{Domain: "broken.test", Record: "v=SIPID1; p=?"}
	inBubble(t, PoliciesConfig{Storage: d}, func(t *testing.T, z *zone, p *Policies) {
		z.set("bank.test", "v=SIPID1; p=enforce; sign=stir-uri")
		if err := p.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Lookup(t.Context(), "bank.test", time.Now()); err != nil {
			t.Fatal(err)
		}
		d.broken = errors.New("disk full")
		if err := p.Flush(t.Context()); err == nil || err.Error() != "proof: disk full" {
			t.Errorf("got %v", err)
		}
		d.broken = nil
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(d.policies) != 1 || d.policies["bank.test"].Record != "v=SIPID1; p=enforce; sign=stir-uri" {
			t.Errorf("stored: %+v", d.policies)
		}
		// Without DNS, as in a replay, what is stored is all that is known.
		again := NewPolicies(PoliciesConfig{Storage: d})
		defer again.Close()
		if err := again.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, ok := again.Cached("bank.test", time.Now().Add(time.Hour))
		if _, other := again.Cached("other.test", time.Now()); !ok || !other || show(got, nil) != "enforce at bank.test, remembered" {
			t.Errorf("%s, %v, %v", show(got, nil), ok, other)
		}
		if got, ok := again.Cached("bank.test", time.Now().Add(8*24*time.Hour)); !ok || got.Record != nil {
			t.Errorf("after max-age: %s, %v", show(got, nil), ok)
		}
	})
}

// TestRunRenewsBehindTheCallersBack: stale records and those of domains that have just proven themselves.
func TestRunRenewsBehindTheCallersBack(t *testing.T) {
	d := newDisk()
	inBubble(t, PoliciesConfig{Storage: d}, func(t *testing.T, z *zone, p *Policies) {
		z.set("bank.test", "v=SIPID1; p=enforce")
		z.delay = time.Second
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- p.Run(ctx, func(err error) { t.Error(err) }) }()
		p.Prepare("bank.test", time.Now())
		time.Sleep(2 * time.Second)
		if got, ok := p.Cached("bank.test", time.Now()); !ok || show(got, nil) != "enforce at bank.test" {
			t.Errorf("prepared: %s, %v", show(got, nil), ok)
		}
		time.Sleep(11 * time.Minute)
		for range 5 {
			if got, ok := p.Cached("bank.test", time.Now()); !ok || show(got, nil) != "enforce at bank.test, remembered" {
				t.Errorf("stale: %s, %v", show(got, nil), ok)
			}
		}
		time.Sleep(2 * time.Second)
		if got, ok := p.Cached("bank.test", time.Now()); !ok || show(got, nil) != "enforce at bank.test" || z.count() != 2 {
			t.Errorf("renewed: %s, %v, %d questions", show(got, nil), ok, z.count())
		}
		cancel()
		if err := <-done; err != nil || d.policies["bank.test"].Until.IsZero() {
			t.Errorf("%v, stored %+v", err, d.policies)
		}
	})
}

func TestClosedPoliciesAskNobody(t *testing.T) {
	p := NewPolicies(PoliciesConfig{Texts: &zone{}})
	p.Close()
	if _, err := p.Lookup(t.Context(), "bank.test", time.Now()); !errors.Is(err, errClosed) {
		t.Errorf("got %v", err)
	}
}

func TestCachedAllocatesNothing(t *testing.T) {
	z := &zone{ttl: time.Hour}
	z.set("bank.test", "v=SIPID1; p=enforce; sp=enforce")
	p := NewPolicies(PoliciesConfig{Texts: z})
	defer p.Close()
	now := time.Now()
	if _, err := p.Lookup(t.Context(), "sip.bank.test", now); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"sip.bank.test", "bank.test", "unknown.test", "192.0.2.1"} {
		if n := testing.AllocsPerRun(100, func() { p.Cached(d, now) }); n != 0 {
			t.Errorf("%s: %v allocations", d, n)
		}
	}
}

func TestForget(t *testing.T) {
	inBubble(t, PoliciesConfig{}, func(t *testing.T, z *zone, p *Policies) {
		z.set("bank.test", "v=SIPID1; p=enforce")
		z.set("alpha.test", "v=SIPID1; p=monitor")
		for _, d := range []string{"bank.test", "alpha.test", "nothing.test"} {
			if _, err := p.Lookup(t.Context(), d, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		if all := p.All(); len(all) != 2 || all[0].Domain != "alpha.test" || all[1].Record != "v=SIPID1; p=enforce" || all[1].Until.Sub(all[1].Seen) != policy.DefaultMaxAge {
			t.Errorf("%+v", all)
		}
		z.set("bank.test")
		if !p.Forget("bank.test") || p.Forget("bank.test") || p.Forget("nothing.test") || p.Forget("unknown.test") {
			t.Error("what was forgotten is not what there was")
		}
		if got := show(p.Lookup(t.Context(), "bank.test", time.Now())); got != "none" || len(p.All()) != 1 {
			t.Errorf("afterwards: %s, %+v", got, p.All())
		}
	})
}
