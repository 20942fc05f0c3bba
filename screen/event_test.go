package screen_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

const contractEvent = `{"id":"e1","time":"2026-01-05T08:00:00Z","direction":"in","kind":"call","from":"sip:+15551230001@carrier.test","display":"Bank",
 "to":"sip:bob@example.test","source":"192.0.2.7:5060","transport":"udp","peer":"","user_agent":"x","proof":"stir-b","text":"",
 "outcome":{"answered":true,"ring_s":12,"duration_s":40,"feedback":"","turing":"pass","consent":"","puzzle":""}}`

func TestEventOfTheContract(t *testing.T) {
	var ev screen.Event
	if err := json.Unmarshal([]byte(contractEvent), &ev); err != nil {
		t.Fatal(err)
	}
	if !ev.Outcome.Answered || ev.Outcome.RingS != 12 || ev.Outcome.Turing != "pass" {
		t.Errorf("outcome %+v", ev.Outcome)
	}
	a, err := ev.Attempt(uri.Plan{})
	if err != nil {
		t.Fatal(err)
	}
	want := verdict.From{Claimed: "sip:+15551230001@carrier.test", Display: "Bank", Identity: "tel:+15551230001", Proof: verdict.StirB}
	if a.From != want || a.FromNumber != "+15551230001" || a.IdentityNumber != "+15551230001" || a.FromDomain != "carrier.test" || a.IdentityDomain != "" {
		t.Errorf("from %+v", a)
	}
	if a.To.Requested != "sip:bob@example.test" || a.ToNumber != "" || a.ToDomain != "example.test" || a.Outbound ||
		a.Source != netip.MustParseAddrPort("192.0.2.7:5060") || !a.Time.Equal(time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("got %+v", a)
	}
	var v verdict.Verdict
	a.Describe(&v)
	if v.ID != "e1" || v.Source.Address != "192.0.2.7:5060" || v.From != want {
		t.Errorf("described as %+v", v)
	}
}

func TestEventKeys(t *testing.T) {
	plan := uri.Plan{Country: "1", International: "011", Trunk: "1"}
	for _, c := range []struct{ from, claimed, number, domain string }{
		{"sip:%62ob@Example.TEST:5061;transport=tcp", "sip:bob@example.test", "", "example.test"},
		{"tel:+1-555-123-0001", "tel:+15551230001", "+15551230001", ""},
		{"sip:5551230001@carrier.test;user=phone", "sip:5551230001@carrier.test", "+15551230001", "carrier.test"},
		{"sip:[2001:DB8::1]", "sip:[2001:db8::1]", "", "[2001:db8::1]"},
	} {
		ev := screen.Event{From: c.from, To: "sip:bob@example.test"}
		a, err := ev.Attempt(plan)
		if err != nil {
			t.Fatal(err)
		}
		if a.From.Claimed != c.claimed || a.FromNumber != c.number || a.FromDomain != c.domain {
			t.Errorf("%s: %q %q %q", c.from, a.From.Claimed, a.FromNumber, a.FromDomain)
		}
	}
}

func TestEventSignature(t *testing.T) {
	stale := &verdict.Signature{Outcome: verdict.SignatureStale, Signer: "1234"}
	for _, c := range []struct {
		ev    screen.Event
		want  verdict.Signature
		shown bool
	}{
		{screen.Event{}, verdict.Signature{Outcome: verdict.SignatureMissing}, false},
		{screen.Event{Proof: verdict.TLS}, verdict.Signature{Outcome: verdict.SignatureMissing}, false},
		{screen.Event{Proof: verdict.StirB}, verdict.Signature{Outcome: verdict.SignatureValid, Attestation: "B"}, false},
		{screen.Event{Proof: verdict.StirURI}, verdict.Signature{Outcome: verdict.SignatureValid}, false},
		{screen.Event{Signature: stale}, *stale, true},
	} {
		c.ev.From, c.ev.To, c.ev.SenderServes = "sip:alice@caller.test", "sip:bob@example.test", screen.No
		a, err := c.ev.Attempt(uri.Plan{})
		if err != nil {
			t.Fatal(err)
		}
		if a.Signature != c.want || a.SenderServes != screen.No {
			t.Errorf("%+v: %+v, sender serves %s", c.ev, a.Signature, a.SenderServes)
		}
		var v verdict.Verdict
		a.Describe(&v)
		if shown := v.From.Signature != nil; shown != c.shown || shown && (*v.From.Signature != c.want || v.From.Signature == c.ev.Signature) {
			t.Errorf("%+v: described as %+v", c.ev, v.From.Signature)
		}
	}
}

func TestTernaryRoundTrip(t *testing.T) {
	for i := range 3 {
		var back screen.Ternary
		b, err := screen.Ternary(i).MarshalText()
		if err != nil || back.UnmarshalText(b) != nil || back != screen.Ternary(i) {
			t.Errorf("%d: %s, %v", i, b, err)
		}
	}
	var answer screen.Ternary
	if err := answer.UnmarshalText([]byte("maybe")); err == nil || err.Error() != `screen: "maybe" is none of unknown, no, yes` {
		t.Errorf("got %v", err)
	}
	if answer = screen.Yes; answer.UnmarshalText(nil) != nil || answer != screen.Unknown {
		t.Errorf("no text is %s", answer)
	}
}

func TestEventErrorsNameTheField(t *testing.T) {
	for _, c := range []struct {
		ev   screen.Event
		want string
	}{
		{screen.Event{From: "bob", To: "sip:a@b.test"}, `screen: event: from: "bob"`},
		{screen.Event{From: "sip:a@b.test", To: "sip:"}, `screen: event: to: "sip:"`},
		{screen.Event{From: "sip:a@b.test", To: "sip:a@b.test", Source: "here"}, `screen: event: source:`},
		{screen.Event{From: "sip:a@b.test", To: "sip:a@b.test", Direction: "up"}, `screen: event: direction: "up"`},
	} {
		if _, err := c.ev.Attempt(uri.Plan{}); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// TestWhoIsNotNamed: a withheld caller is nobody, also where somebody vouches for him; else all of them would be one.
func TestWhoIsNotNamed(t *testing.T) {
	for _, tc := range []struct {
		from     string
		proof    verdict.Proof
		withheld bool
		identity string
	}{
		{"sip:anonymous@anonymous.invalid", verdict.Trunk, true, ""},
		{"sip:Anonymous@Anonymous.Invalid", verdict.StirA, true, ""},
		{"sip:anonymous@carrier.test", verdict.Trunk, true, ""},
		{"sip:unavailable@carrier.test", verdict.TLS, true, ""},
		{"sip:x123@anonymous.invalid", verdict.StirURI, true, ""},
		{"sip:anonymous.invalid", verdict.Trunk, true, ""},
		{"sip:anonymous@example.test", verdict.Digest, true, "sip:anonymous@example.test"},
		{"sip:anonymously@carrier.test", verdict.TLS, false, "sip:anonymously@carrier.test"},
		{"sip:+15551230001@anonymous.invalid", verdict.Trunk, false, "tel:+15551230001"},
		{"sip:ann@carrier.test", verdict.None, false, ""},
	} {
		a, err := (&screen.Event{From: tc.from, To: "sip:bob@example.test", Proof: tc.proof}).Attempt(uri.Plan{})
		if err != nil {
			t.Fatal(err)
		}
		if a.Withheld() != tc.withheld || a.From.Identity != tc.identity || a.From.Proof != tc.proof {
			t.Errorf("%s, %v: withheld %v, identity %q, proof %v", tc.from, tc.proof, a.Withheld(), a.From.Identity, a.From.Proof)
		}
	}
}
