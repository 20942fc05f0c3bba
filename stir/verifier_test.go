package stir_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse.example/sip/uri"
	"gatehouse.example/stir"
	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/passport"
)

// slow is a Source of which one host never answers.
type slow struct {
	*paths
	dead string
}

func (s slow) Path(ctx context.Context, info string) (*certificate.Path, error) {
	if info == s.dead {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.paths.Path(ctx, info)
}

// TestADeadHostDoesNotUseUpTheTimeOfTheOthers: certificates are asked for at once, so that a header field that points at a
// dead host costs the call its deadline, once, and does not hide the valid field.
func TestADeadHostDoesNotUseUpTheTimeOfTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		dead := elsewhere(w)
		m, c := w.message([]string{dead, dead, w.shaken()})
		c.config.Source = slow{w.paths, certURL + "?gone"}
		v, err := stir.NewVerifier(c.config)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		start := time.Now()
		r := stir.RequestOf(m, stir.RequestOptions{})
		res := v.Verify(ctx, &r)
		if res.Outcome != stir.Valid || time.Since(start) != 2*time.Second {
			t.Errorf("%s after %s", summary(&res), time.Since(start))
		}
		if e := res.Each[0]; e.Outcome != stir.Unreachable || e.Reason != stir.NoCertificate {
			t.Errorf("%+v", e)
		}
	})
}

// TestNothingIsFetchedForWhatCannotBeValid: each kind of fault that can be told without a certificate.
func TestNothingIsFetchedForWhatCannotBeValid(t *testing.T) {
	w := newWorld()
	asked := 0
	source := counting{w.paths, &asked}
	count := config(func(c *stir.VerifierConfig) { c.Source = source })
	for name, id := range map[string]string{
		"stale":         w.shaken(func(c *passport.Claims) { c.IssuedAt -= 1000 }),
		"other caller":  w.shaken(func(c *passport.Claims) { c.Orig.TN = other }),
		"other callee":  w.shaken(func(c *passport.Claims) { c.Dest.TN = []string{other} }),
		"no algorithm":  w.spoilt(`"ES256"`, `"none"`),
		"other info":    strings.Replace(w.shaken(), certURL, certURL+"2", 1),
		"unlinked div":  w.div("12155557777", other),
		"malformed":     "x",
		"unknown":       strings.Replace(w.spoilt(`"ppt":"shaken"`, `"ppt":"foo"`), "ppt=shaken", "ppt=foo", 1),
		"compact, date": compact(w.shaken()),
	} {
		if res := w.verify([]string{id}, count); asked != 0 || res.Outcome == stir.Valid {
			t.Errorf("%s: %d certificates asked for", name, asked)
		}
	}
	if res := w.verify([]string{w.shaken(), w.baseline()}, count); asked != 1 || res.Outcome != stir.Valid {
		t.Errorf("two fields with one certificate: asked for %d times", asked)
	}
}

type counting struct {
	*paths
	n *int
}

func (c counting) Path(ctx context.Context, info string) (*certificate.Path, error) {
	*c.n++
	return c.paths.Path(ctx, info)
}

// TestWhatAResultSaysIsSafeToLog: errors of a Source may hold a stranger's URL.
func TestWhatAResultSaysIsSafeToLog(t *testing.T) {
	w := newWorld()
	w.paths.errs[certURL] = errors.New("no answer from \"evil\"\r\nsecurity event=auth-failure \x1b[31m\u202e" + strings.Repeat("x", 500))
	res := w.verify([]string{w.shaken()})
	if strings.ContainsAny(res.Detail, "\r\n\x1b\u202e") || len(res.Detail) > 500 || !strings.HasPrefix(res.Detail, `"no answer from \"evil\"\r\n`) {
		t.Errorf("%s", res.Detail)
	}
}

func TestMisconfigurationIsRefused(t *testing.T) {
	w := newWorld()
	for name, c := range map[string]stir.VerifierConfig{
		"no source":           {},
		"negative freshness":  {Source: w.paths, Freshness: -1},
		"forgetful memory":    {Source: w.paths, Freshness: time.Hour, Replay: stir.NewReplay(stir.ReplayConfig{})},
		"legacy without root": {Source: w.paths, Legacy: &stir.Legacy{}},
	} {
		if _, err := stir.NewVerifier(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestCanonicalForms(t *testing.T) {
	american := uri.Plan{Country: "1", International: "011", Trunk: "1"}
	german := uri.Plan{Country: "49", International: "00", Trunk: "0"}
	for _, c := range []struct {
		in   string
		plan uri.Plan
		tn   string
		uri  string
	}{
		{"tel:+1-215-555-1000", uri.Plan{}, "12155551000", ""},
		{"tel:+1(215)555.1000;isub=1", uri.Plan{}, "12155551000", ""},
		{"sip:+12155551000@Example.COM:5070;user=phone", uri.Plan{}, "12155551000", "sip:+12155551000@example.com"},
		{"sip:2155551000@example.com", american, "12155551000", "sip:2155551000@example.com"},
		{"sip:01149301234567@example.com", american, "49301234567", "sip:01149301234567@example.com"},
		{"sip:0301234567@example.com", german, "49301234567", "sip:0301234567@example.com"},
		{"sip:1001@example.com", german, "1001", "sip:1001@example.com"},
		{"sip:Alice:pw@EXAMPLE.com;x=1?y=2", german, "", "sip:alice@example.com"},
		{"sips:%41lice@example.com", german, "", "sips:alice@example.com"},
		{"sip:example.com", german, "", "sip:example.com"},
		{"tel:7042;phone-context=example.com", uri.Plan{}, "7042", ""},
		{"tel:abc1;phone-context=example.com", uri.Plan{}, "", "tel:abc1;phone-context=example.com"},
		{"urn:service:SOS.fire", uri.Plan{}, "", "urn:service:sos.fire"},
		{"http://example.com/x", uri.Plan{}, "", ""},
	} {
		u, err := uri.Parse([]byte(c.in))
		if err != nil {
			t.Fatalf("%s: %v", c.in, err)
		}
		want := stir.Party{TN: c.tn, URI: c.uri}
		if got := stir.Canonical(&u, c.plan); got != want {
			t.Errorf("%s: %+v, want %+v", c.in, got, want)
		}
		if got := stir.CanonicalURI(&u); c.uri != "" && got != c.uri {
			t.Errorf("%s: %q", c.in, got)
		}
		if tn, ok := stir.CanonicalTN(&u, c.plan); tn != c.tn || ok != (c.tn != "") {
			t.Errorf("%s: %q, %v", c.in, tn, ok)
		}
	}
}

func TestDatesAreReadStrictly(t *testing.T) {
	at := time.Date(2010, 11, 13, 23, 29, 0, 0, time.UTC)
	if got := string(stir.AppendDate(nil, at)); got != "Sat, 13 Nov 2010 23:29:00 GMT" {
		t.Error(got)
	}
	if got, ok := stir.ParseDate([]byte(" Sat, 13 Nov 2010 23:29:00 GMT\t")); !ok || !got.Equal(at) {
		t.Error(got, ok)
	}
	for _, bad := range []string{
		"", "Sat, 13 Nov 2010 23:29:00 EST", "Sat, 13 Nov 2010 23:29:00 UTC", "Sun, 13 Nov 2010 23:29:00 GMT", "Sat, 31 Feb 2010 23:29:00 GMT",
		"Sat, 13 Nov 2010 25:29:00 GMT", "Saturday, 13-Nov-10 23:29:00 GMT", "2010-11-13T23:29:00Z", "1289690940",
	} {
		if _, ok := stir.ParseDate([]byte(bad)); ok {
			t.Errorf("%q is a date", bad)
		}
	}
}

func TestEveryReasonHasWords(t *testing.T) {
	for r := stir.NoReason; r <= stir.LegacyDomain; r++ {
		if s := r.String(); s == "" || s == "unknown reason" {
			t.Errorf("reason %d: %q", r, s)
		}
		if o := r.Outcome(); (o == stir.Valid) != (r == stir.NoReason) || o.String() == "" {
			t.Errorf("reason %v: %v", r, o)
		}
	}
}
