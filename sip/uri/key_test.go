package uri_test

import (
	"testing"

	"gatehouse.example/sip/uri"
)

// The forms by which an attacker would have one user counted as several, or one list entry missed.
func TestAoRIsOneKeyForAllSpellings(t *testing.T) {
	for in, want := range map[string]string{
		"sip:bob@example.test":                           "sip:bob@example.test",
		"sip:%62ob@example.test":                         "sip:bob@example.test",
		"sip:bob:pw@Example.TEST:5070;transport=tcp?a=b": "sip:bob@example.test",
		"sip:bob@example.test.":                          "sip:bob@example.test",
		"sip:BOB@example.test":                           "sip:BOB@example.test",
		"sip:bob;x=1@example.test":                       "sip:bob;x=1@example.test",
		"sip:bob%3Bx=1@example.test":                     "sip:bob;x=1@example.test",
		"sip:%2562ob@example.test":                       "sip:%2562ob@example.test",
		"sip:bob%00@example.test":                        "sip:bob%00@example.test",
		"sip:a%40b@example.test":                         "sip:a%40b@example.test",
		"sip:a%3ab@example.test":                         "sip:a%3Ab@example.test",
		"sip:J%c3%b6rg@example.test":                     "sip:J%C3%B6rg@example.test",
		"sip:*31#06@example.test":                        "sip:*31%2306@example.test",
		"sip:*31%2306@example.test":                      "sip:*31%2306@example.test",
		"sip:%2B15551230001@example.test;user=phone":     "sip:+15551230001@example.test",
		"sips:bob@example.test":                          "sips:bob@example.test",
		"sip:example.test;lr":                            "sip:example.test",
		"sip:bob@[::FFFF:192.0.2.1]:5060":                "sip:bob@192.0.2.1",
		"sip:bob@[2001:DB8:0::1]":                        "sip:bob@[2001:db8::1]",
		"tel:+1-555-123-0001;isub=7":                     "tel:+15551230001",
		"tel:70-42;phone-context=Example.COM":            "tel:7042;phone-context=example.com",
		"tel:70-42;phone-context=+1-914":                 "tel:7042;phone-context=+1914",
		"tel:911":                                        "tel:911",
		"URN:service:sos":                                "urn:service:sos",
	} {
		got := string(parse(t, in).AppendAoR(nil))
		if got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
		if again := string(parse(t, got).AppendAoR(nil)); again != got {
			t.Errorf("%s: again %s, want %s", in, again, got)
		}
	}
}

func TestUserBaseEndsAtTheFirstParameter(t *testing.T) {
	for in, want := range map[string]string{"sip:bob;x=1@h": "bob", "sip:bob@h": "bob", "sip:h": "", "sip:;x@h": ""} {
		if got := string(parse(t, in).UserBase()); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

var (
	northAmerica = uri.Plan{Country: "1", International: "011", Trunk: "1"}
	germany      = uri.Plan{Country: "49", International: "00", Trunk: "0"}
	spain        = uri.Plan{Country: "34", International: "00"}
)

func TestNumberIsOneKeyForAllSpellings(t *testing.T) {
	for _, c := range []struct {
		in, want string
		plan     uri.Plan
	}{
		{"sip:+12155550100@h", "+12155550100", northAmerica},
		{"sip:0012155550100@h", "+12155550100", northAmerica},
		{"sip:01112155550100@h", "+12155550100", northAmerica},
		{"sip:12155550100@h", "+12155550100", northAmerica},
		{"sip:2155550100@h", "+12155550100", northAmerica},
		{"sip:+1-215-555-0100@h", "+12155550100", northAmerica},
		{"sip:+1.(215).555.0100@h", "+12155550100", northAmerica},
		{"sip:%2B1%20215%205550100@h", "+12155550100", northAmerica},
		{"sip:+12155550100@h;user=phone", "+12155550100", northAmerica},
		{"sip:+12155550100@h;user=ip", "+12155550100", northAmerica},
		{"sip:+12155550100;isub=1@h", "+12155550100", northAmerica},
		{"sip:+12155550100;ext=99@h", "+12155550100", northAmerica},
		{"sip:+12155550100;npdi;rn=+12155550199@h", "+12155550100", northAmerica},
		{"sip:+12155550100;cic=+1234@h", "+12155550100", northAmerica},
		{"sip:+12155550100%3Bisub=1@h", "+12155550100", northAmerica},
		{"sip:2155550100;phone-context=+1@h;user=phone", "+12155550100", northAmerica},
		{"sip:+12155550100:pw@h", "+12155550100", northAmerica},
		{"sip:+12155550100p123%23@h", "+12155550100", northAmerica},
		{"sip:+12155550100,,99@h", "+12155550100", northAmerica},
		{"sip:+0012155550100@h", "+12155550100", northAmerica},
		{"sip:+000012155550100@h", "+12155550100", northAmerica}, // one way out put before another
		{"sip:0110110012155550100@h", "+12155550100", northAmerica},
		{"sip:00000012155550100@h", "+12155550100", germany},
		{"sip:+00000@h", "+00000", germany},
		{"sip:+01112155550100@h", "+12155550100", northAmerica},
		{"tel:+1-215-555-0100", "+12155550100", northAmerica},
		{"tel:215-555-0100;phone-context=+1", "+12155550100", northAmerica},
		{"tel:2155550100;phone-context=example.com", "+12155550100", northAmerica},
		{"sip:5550100@h", "5550100", northAmerica},
		{"sip:911@h;user=phone", "911", northAmerica},
		{"sip:*67#2155@h;user=phone", "*67#2155", northAmerica},
		{"sip:030-1234567@h", "+49301234567", germany},
		{"sip:0044-20-79460000@h", "+442079460000", germany},
		{"sip:110@h;user=phone", "110", germany},
		{"sip:0110@h;user=phone", "0110", germany},
		{"sip:912345678@h", "+34912345678", spain},
		{"tel:112", "112", spain},
		{"sip:0012155550100@h", "+12155550100", uri.Plan{}},
		{"sip:12155550100@h", "12155550100", uri.Plan{}},
		{"tel:7042;phone-context=example.com", "7042", uri.Plan{}},
		{"tel:+12155550100", "+12155550100", uri.Plan{}},
	} {
		got, ok := parse(t, c.in).AppendNumber([]byte("x"), c.plan)
		if !ok || string(got) != "x"+c.want {
			t.Errorf("%s: %s %v, want %s", c.in, got, ok, c.want)
		}
	}
}

func TestWhatIsNoNumber(t *testing.T) {
	for _, in := range []string{
		"sip:bob@h",
		"sip:h",
		"sip:1001@h",
		"sip:555010@h",
		"sip:5550100bob@h",
		"sip:5550100wilson@h",
		"sip:++15551230001@h",
		"sip:1+5551230001@h",
		"sip:+@h",
		"sip:bob@h;user=phone",
		"sip:%EF%BC%8B15551230001@h",     // fullwidth plus
		"sip:%D9%A1%D9%A2%D9%A3%D9%A4@h", // Arabic-Indic digits
		"sip:%2515551230001@h",           // doubly escaped
		"sip:15551230001%00@h",           // NUL
		"sip:*675551230001@h",            // a service code, but nothing says telephone
		"sip:12345678901234567890123456789012345678901@h",
		"urn:service:sos",
		"http://15551230001",
	} {
		if got, ok := parse(t, in).AppendNumber(nil, northAmerica); ok || got != nil {
			t.Errorf("%s: %s", in, got)
		}
	}
}
