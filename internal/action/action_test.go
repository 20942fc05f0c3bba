package action

import (
	"strings"
	"testing"

	"gatehouse.example/sip"
	"gatehouse.example/verdict"
)

const head = "INVITE sip:bob@example.test SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKa\r\n"
const tail = "To: <sip:bob@example.test>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"

// edited applies do to a request with the given lines in its middle, and returns
// what has become of them.
func edited(t *testing.T, lines string, do func(e *sip.Edit, m *sip.Message)) string {
	t.Helper()
	var m sip.Message
	if err := m.Parse([]byte(head + lines + tail)); err != nil {
		t.Fatalf("%v in %q", err, lines)
	}
	var e sip.Edit
	e.Begin(&m)
	do(&e, &m)
	out := e.AppendTo(nil)
	if err := m.Parse(out); err != nil {
		t.Fatalf("%v in what became of %q:\n%s", err, lines, out)
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(out), head), tail)
}

const from = "From: <sip:alice@elsewhere.test>;tag=a1\r\n"

func TestStripEverySpelling(t *testing.T) {
	const all = "P-Asserted-Identity: <sip:boss@example.test>\r\n" +
		"p-asserted-IDENTITY \t:\r\n <sip:boss@example.test>,\r\n\t<tel:+1555>\r\n" +
		"P-Preferred-Identity: <sip:x@y>\r\nRemote-Party-ID: <sip:x@y>;party=calling\r\nP-Charge-Info: <sip:x@y>\r\n" +
		"P-Attestation-Indicator: A\r\nP-Origination-ID: 1\r\n" +
		"Diversion: <sip:x@y>\r\nHistory-Info: <sip:x@y>;index=1\r\nSpam-Score: 0 ;by=x\r\nX-GATEHOUSE: relay\r\nx-gatehouse\t: again\r\n"
	const kept = "m: <sip:alice@198.51.100.7>\r\nX-Gatehouse-Other: stays\r\nSubject: P-Asserted-Identity: x\r\n"
	none := edited(t, all+from+kept, func(e *sip.Edit, m *sip.Message) { Strip(e, m, Trust{}, "X-Gatehouse") })
	if none != from+kept {
		t.Errorf("left\n%s", none)
	}
	whole := edited(t, all+from+kept, func(e *sip.Edit, m *sip.Message) {
		Strip(e, m, Trust{Identity: true, Verification: true, Others: true}, "X-Gatehouse")
	})
	i := strings.Index(all, "X-GATEHOUSE")
	if whole != all[:i]+from+kept {
		t.Errorf("left of a trusted peer's\n%s", whole)
	}
	// Each kind of trust keeps its own.
	for _, c := range []struct {
		trust Trust
		want  string
	}{
		{Trust{Identity: true}, "P-Asserted-Identity"}, {Trust{Verification: true}, "P-Attestation-Indicator"}, {Trust{Others: true}, "Spam-Score"},
	} {
		got := edited(t, all+from, func(e *sip.Edit, m *sip.Message) { Strip(e, m, c.trust, "") })
		for _, name := range []string{"P-Asserted-Identity", "P-Attestation-Indicator", "Spam-Score"} {
			if strings.Contains(got, name) != (name == c.want) {
				t.Errorf("%+v left\n%s", c.trust, got)
			}
		}
	}
	// Our own header may have a name that is known.
	got := edited(t, all+from, func(e *sip.Edit, m *sip.Message) { Strip(e, m, Trust{Others: true}, "Spam-Score") })
	if strings.Contains(got, "Spam-Score") {
		t.Errorf("left\n%s", got)
	}
}

// Each kind of trust keeps its own fields and no others.
func TestEachTrustKeepsItsOwn(t *testing.T) {
	fields := map[string]func(*Trust){}
	for _, kind := range []struct {
		trust func(*Trust)
		names string
	}{
		{func(t *Trust) { t.Identity = true }, "P-Asserted-Identity P-Preferred-Identity Remote-Party-ID P-Charge-Info P-Served-User P-Called-Party-ID " +
			"P-Asserted-Service P-Preferred-Service Additional-Identity"},
		{func(t *Trust) { t.Verification = true }, "P-Attestation-Indicator P-Origination-ID Attestation-Info Origination-Id Priority-Verstat"},
		{func(t *Trust) { t.Ringing = true }, "Alert-Info Answer-Mode"},
		{func(t *Trust) { t.Itself = true }, "P-Access-Network-Info Cellular-Network-Info Resource-Priority"},
		{func(t *Trust) { t.Others = true }, "P-Access-Network-Info Cellular-Network-Info Resource-Priority Diversion History-Info Spam-Score Priv-Answer-Mode X-AUTH-IP X-AUTH-PORT X-FS-Display-Name X-FS-Display-Number " +
			"P-Visited-Network-ID P-Charging-Vector P-Charging-Function-Addresses P-User-Database P-Profile-Key P-Private-Network-Indication " +
			"P-DCS-Trace-Party-ID P-DCS-OSPS P-DCS-Billing-Info P-DCS-LAES P-DCS-Redirect"},
	} {
		for name := range strings.FieldsSeq(kind.names) {
			last := fields[name]
			fields[name] = func(t *Trust) {
				if last != nil {
					last(t)
				}
				kind.trust(t)
			}
		}
	}
	for name, trusted := range fields {
		var by Trust
		trusted(&by)
		for n := range 1 << 5 {
			have := Trust{n&1 != 0, n&2 != 0, n&4 != 0, n&8 != 0, n&16 != 0}
			keeps := have.Identity && by.Identity || have.Verification && by.Verification || have.Others && by.Others ||
				have.Ringing && by.Ringing || have.Itself && by.Itself
			for _, spelling := range []string{name, strings.ToUpper(name), strings.ToLower(name) + " \t"} {
				got := edited(t, spelling+": Auto\r\n"+from, func(e *sip.Edit, m *sip.Message) { Strip(e, m, have, "") })
				if (got != from) != keeps {
					t.Errorf("%s of %+v: left %q", spelling, have, got)
				}
			}
		}
	}
}

// No telephone is made to answer by itself from outside, however it is asked.
func TestCallInfoThatAnswersIsRemoved(t *testing.T) {
	for _, asks := range []string{
		"<sip:x@y>;answer-after=0", "<sip:x@y> ; Answer-After = 0", ";answer-after=0", "<https://a.test/i.png>;purpose=icon, <sip:x>;answer-after=0",
		"<uri>;info=alert-autoanswer;delay=0", "Auto Answer", "<sip:x>;AUTO-ANSWER", "\"\\\";answer-after=0",
	} {
		for _, name := range []string{"Call-Info", "call-info\t"} {
			got := edited(t, name+": "+asks+"\r\n"+from, func(e *sip.Edit, m *sip.Message) {
				Strip(e, m, Trust{Identity: true, Verification: true, Others: true, Itself: true}, "")
			})
			if got != from {
				t.Errorf("%s: left %q", asks, got)
			}
			kept := edited(t, name+": "+asks+"\r\n"+from, func(e *sip.Edit, m *sip.Message) { Strip(e, m, Trust{Ringing: true}, "") })
			if kept != name+": "+asks+"\r\n"+from {
				t.Errorf("%s: a trusted one became %q", asks, kept)
			}
		}
	}
	for _, other := range []string{"<https://a.test/i.png>;purpose=icon", "<https://answers.test/auto?after=1>;purpose=info", "<sip:a@b>;purpose=jcard;answer=after"} {
		if got := edited(t, "Call-Info: "+other+"\r\n"+from, func(e *sip.Edit, m *sip.Message) { Strip(e, m, Trust{}, "") }); got != "Call-Info: "+other+"\r\n"+from {
			t.Errorf("%s became %q", other, got)
		}
	}
}

func TestVerstatIsCut(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"<sip:+1555;verstat=TN-Validation-Passed@e.test;user=phone>;tag=a", "<sip:+1555@e.test;user=phone>;tag=a"},
		{"<sip:+1555;npdi;VerStat=TN-Validation-Passed;x=y@e.test>;tag=a", "<sip:+1555;npdi;x=y@e.test>;tag=a"},
		{"<sip:a@e.test;verstat=x;lr>;tag=a", "<sip:a@e.test;lr>;tag=a"},
		{"<tel:+1555;verstat;ext=1>;tag=a", "<tel:+1555;ext=1>;tag=a"},
		{"<tel:+1555;verstat=TN-Validation-Passed>;tag=a", "<tel:+1555>;tag=a"},
		{"<tel:+1555;%76%45rstat=TN-Validation-Passed>;tag=a", "<tel:+1555>;tag=a"},
		{"<sip:a@e.test>;tag=a;verstat=x", "<sip:a@e.test>;tag=a"},
		{"<sip:a@e.test> ;\r\n verstat \t= \"a;b\\\";c\" ;tag=a", "<sip:a@e.test>;tag=a"},
		{"sip:a@e.test;verstat=x;tag=a", "sip:a@e.test;tag=a"},
		{"sip:a@e.test ; verstat;tag=a;verstat=y", "sip:a@e.test;tag=a"},
		{"\"A\" <sip:a;verstat;verstat=2@e.test>;verstat;tag=a", "\"A\" <sip:a@e.test>;tag=a"},
		// What only looks like it stays.
		{"\"x;verstat=y\" <sip:a@e.test>;tag=a", "\"x;verstat=y\" <sip:a@e.test>;tag=a"},
		{"<sip:a;verstatus=1@e.test;xverstat=2>;tag=a;verstat2", "<sip:a;verstatus=1@e.test;xverstat=2>;tag=a;verstat2"},
		{"<sip:verstat@e.test;x=verstat>;tag=verstat;q=\";verstat=1\"", "<sip:verstat@e.test;x=verstat>;tag=verstat;q=\";verstat=1\""},
	} {
		got := edited(t, "f:"+c.in+"\r\n", func(e *sip.Edit, m *sip.Message) { Strip(e, m, Trust{}, "") })
		if got != "f:"+c.want+"\r\n" {
			t.Errorf("%q became %q, want %q", c.in, got, c.want)
		}
		if got := edited(t, "f:"+c.in+"\r\n", func(e *sip.Edit, m *sip.Message) { Strip(e, m, Trust{Verification: true}, "") }); got != "f:"+c.in+"\r\n" {
			t.Errorf("a trusted %q became %q", c.in, got)
		}
	}
	// Who may say who calls may not for that reason say that it was verified.
	const pai = "P-Asserted-Identity: \"B;verstat\" <sip:+1555;verstat=x@e.test>, <tel:+1555;verstat=y>\r\n"
	got := edited(t, from+pai, func(e *sip.Edit, m *sip.Message) { Strip(e, m, Trust{Identity: true}, "") })
	if want := from + "P-Asserted-Identity: \"B;verstat\" <sip:+1555@e.test>, <tel:+1555>\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A response repeats the From of its request (RFC 3261 §8.2.6.2): what stands there has been looked at.
func TestResponseKeepsItsFrom(t *testing.T) {
	const text = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKa\r\nFrom: <sip:+1555;verstat=x@e.test>;tag=a\r\nP-Asserted-Identity: <sip:+1666;verstat=x@e.test>\r\n" + tail
	var m sip.Message
	if err := m.Parse([]byte(text)); err != nil {
		t.Fatal(err)
	}
	var e sip.Edit
	e.Begin(&m)
	Strip(&e, &m, Trust{Identity: true}, "")
	if got := string(e.AppendTo(nil)); got != strings.Replace(text, "+1666;verstat=x", "+1666", 1) {
		t.Errorf("got\n%s", got)
	}
}

// What a stranger says about himself stays; that somebody has checked it does not.
func TestVerifiedIsCut(t *testing.T) {
	for in, want := range map[string]string{
		"<https://a.test/i.png>;purpose=icon;verified=\"true\"":                 "<https://a.test/i.png>;purpose=icon",
		"<data:,x;verified=true>;VERIFIED = true ;purpose=jcard":                "<data:,x;verified=true>;purpose=jcard",
		"<https://a.test>;verified, <https://b.test/?x,y>;verified=1;a=\">;,\"": "<https://a.test>, <https://b.test/?x,y>;a=\">;,\"",
		"<https://a.test>;call-reason=\"x;verified=true\"":                      "<https://a.test>;call-reason=\"x;verified=true\"",
		"https://a.test;verified":                                               "https://a.test;verified",
	} {
		got := edited(t, "Call-Info: "+in+"\r\n"+from, func(e *sip.Edit, m *sip.Message) { Strip(e, m, Trust{Identity: true}, "") })
		if got != "Call-Info: "+want+"\r\n"+from {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
		kept := edited(t, "Call-Info: "+in+"\r\n"+from, func(e *sip.Edit, m *sip.Message) { Strip(e, m, Trust{Verification: true}, "") })
		if kept != "Call-Info: "+in+"\r\n"+from {
			t.Errorf("a trusted %q became %q", in, kept)
		}
	}
}

func TestLabel(t *testing.T) {
	v := &verdict.Verdict{ID: "01ABC", Action: verdict.Label, Score: 5.5, Signals: []verdict.Signal{{Name: "RATE_CALLER"}, {Name: "LISTS_BLOCKED"}}}
	for _, c := range []struct{ prefix, in, want string }{
		{"[SPAM?] ", `"Alice" <sip:a@e.test>;tag=a`, `"[SPAM?] Alice" <sip:a@e.test>;tag=a`},
		{"[SPAM?] ", `Alice Smith <sip:a@e.test>;tag=a`, `"[SPAM?] Alice Smith" <sip:a@e.test>;tag=a`},
		{"[SPAM?] ", `<sip:a@e.test>;tag=a`, `"[SPAM?] " <sip:a@e.test>;tag=a`},
		{"[SPAM?] ", `sip:a@e.test;tag=a`, `"[SPAM?] " <sip:a@e.test>;tag=a`},
		{"[SPAM?] ", `sip:a@e.test ;x=y; tag=a`, `"[SPAM?] " <sip:a@e.test> ;x=y; tag=a`},
		{"[SPAM?] ", `"A \"B\" \\ <sip:x@y>" <sip:a@e.test>;tag=a`, `"[SPAM?] A \"B\" \\ <sip:x@y>" <sip:a@e.test>;tag=a`},
		{"⚠ ", `"Zoë 日本"   <sip:a@e.test>;tag=a`, `"⚠ Zoë 日本" <sip:a@e.test>;tag=a`},
		{`"\`, `"A"<sip:a@e.test>;tag=a`, `"\"\\A" <sip:a@e.test>;tag=a`},
		{"x", "\"A\r\n B\" <sip:a@e.test>;tag=a", `"xA B" <sip:a@e.test>;tag=a`},
		{"", `Alice <sip:a@e.test>;tag=a`, `Alice <sip:a@e.test>;tag=a`},
	} {
		got := edited(t, "From: "+c.in+"\r\n", func(e *sip.Edit, m *sip.Message) { Label(e, m, LabelStyle{Prefix: c.prefix}, v) })
		if got != "From: "+c.want+"\r\n" {
			t.Errorf("%q became %q, want %q", c.in, got, c.want)
		}
	}
	var m sip.Message
	var e sip.Edit
	if err := m.Parse([]byte(head + from + tail)); err != nil {
		t.Fatal(err)
	}
	e.Begin(&m)
	Label(&e, &m, LabelStyle{Header: "X-Gatehouse"}, v)
	if got, want := string(e.AppendTo(nil)), "X-Gatehouse: label;score=5.5;signals=\"RATE_CALLER LISTS_BLOCKED\";id=01ABC\r\n\r\n"; !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s", got)
	}
	// Label and Strip meet on one From.
	got := edited(t, "From: Alice <sip:+1;verstat=x@e.test>;tag=a\r\n", func(e *sip.Edit, m *sip.Message) {
		Label(e, m, LabelStyle{Prefix: "! "}, v)
		Strip(e, m, Trust{}, "")
	})
	if want := "From: \"! Alice\" <sip:+1@e.test>;tag=a\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A PBX that believes a trunk's P-Asserted-Identity shows the name there.
func TestLabelMarksAssertedNamesToo(t *testing.T) {
	v := &verdict.Verdict{Action: verdict.Label}
	const pai = "P-Asserted-Identity: \"My, \\\"Bank\" <sip:+1555;verstat=x@e.test>;p=q,\r\n <tel:+1555>, tel:+1556;verstat=x\r\nRemote-Party-ID: Bank <sip:b@e.test>;party=calling\r\n"
	const marked = "P-Asserted-Identity: \"! My, \\\"Bank\" <sip:+1555@e.test>;p=q,\r\n \"! \" <tel:+1555>, \"! \" <tel:+1556>\r\nRemote-Party-ID: \"! Bank\" <sip:b@e.test>;party=calling\r\n"
	for trust, want := range map[Trust]string{{}: "", {Identity: true}: marked} {
		got := edited(t, "From: \"A\" <sip:a@e.test>;tag=a\r\n"+pai, func(e *sip.Edit, m *sip.Message) {
			Label(e, m, LabelStyle{Prefix: "! "}, v)
			Strip(e, m, trust, "")
		})
		if want = "From: \"! A\" <sip:a@e.test>;tag=a\r\n" + want; got != want {
			t.Errorf("%+v: got\n%s\nwant\n%s", trust, got, want)
		}
	}
	plain := edited(t, "From: <sip:a@e.test>;tag=a\r\n"+pai, func(e *sip.Edit, m *sip.Message) { Label(e, m, LabelStyle{Header: ""}, v) })
	if !strings.HasSuffix(plain, pai) {
		t.Errorf("without a prefix: %s", plain)
	}
}

func TestRejections(t *testing.T) {
	full := Redress{JCard: "https://block.example.test/card?x=<\r\nEvil: 1>", URL: "https://block.example.test/\"\\\r\nEvil: 1", Tel: "+15551230001", Email: "a@b.test"}
	for _, c := range []struct {
		profile, status, reason, headers string
		redress                          Redress
	}{
		{"us-603plus", "603", "Network Blocked", `Reason: SIP;cause=603;text="v=analytics1;url=https://block.example.test/\"\\Evil: 1;tel=+15551230001;email=a@b.test";location=LN`, full},
		{"us-603plus", "603", "Network Blocked", `Reason: SIP;cause=603;text="v=analytics1";location=LN`, Redress{}},
		{"", "603", "Network Blocked", `Reason: SIP;cause=603;text="v=analytics1";location=LN`, Redress{}},
		{"607", "607", "Unwanted", `Call-Info: <https://block.example.test/card?x=Evil: 1>;purpose=jcard`, full},
		{"608", "608", "Rejected", `Call-Info: <https://block.example.test/card?x=Evil: 1>;purpose=jwscard`, full},
		{"608", "608", "Rejected", "", Redress{}},
		{"603", "603", "Decline", "", full},
		{"486", "486", "Busy Here", "", full},
		{"404", "404", "Not Found", "", full},
	} {
		r := NewRejection(c.profile, c.redress)
		var m, resp sip.Message
		if err := m.Parse([]byte(head + from + tail)); err != nil {
			t.Fatal(err)
		}
		b := sip.AppendResponse(nil, &m, &sip.Response{Status: r.Status, Reason: r.Reason, Headers: []byte(r.Headers), ToTag: "x"})
		if err := resp.Parse(b); err != nil {
			t.Fatalf("%s: %v in\n%s", c.profile, err, b)
		}
		if !strings.HasPrefix(string(b), "SIP/2.0 "+c.status+" "+c.reason+"\r\n") {
			t.Errorf("%s: %.60s", c.profile, b)
		}
		if strings.TrimSuffix(r.Headers, "\r\n") != c.headers || strings.Count(string(b), "\r\nEvil") != 0 {
			t.Errorf("%s: headers %q, want %q", c.profile, r.Headers, c.headers)
		}
		if v := r.Response(); v.Code != r.Status || v.Reason != r.Reason {
			t.Errorf("%s: %+v", c.profile, v)
		}
	}
}

func TestStripCredentialsTakesOurRealmOnly(t *testing.T) {
	const ours = "proxy-authorization:\tDigest username=\"a\",\r\n realm=\"example.test\", nonce=\"n\", uri=\"sip:b@example.test\", response=\"00000000000000000000000000000000\"\r\n"
	theirs := strings.Replace(ours, "realm=\"example.test\"", "realm=\"other.test\"", 1)
	const user = "Authorization: Digest username=\"a\", realm=\"example.test\", nonce=\"n\", uri=\"sip:b@example.test\", response=\"00000000000000000000000000000000\"\r\n"
	const odd = "Proxy-Authorization: Bearer x\r\n"
	got := edited(t, ours+from+theirs+user+odd+ours, func(e *sip.Edit, m *sip.Message) { StripCredentials(e, m, "example.test") })
	if got != from+theirs+user+odd {
		t.Errorf("left\n%s", got)
	}
}

func TestStripAllocatesNothing(t *testing.T) {
	var m sip.Message
	var e sip.Edit
	text := []byte(head + "From: \"A\" <sip:+1;verstat=x@e.test>;tag=a\r\nP-Asserted-Identity: <sip:a@b;verstat=1>\r\nRemote-Party-ID: <sip:a@b>\r\n" + tail)
	if n := testing.AllocsPerRun(1000, func() {
		if m.Parse(text) != nil {
			t.Fatal("cannot be parsed")
		}
		e.Begin(&m)
		Strip(&e, &m, Trust{Identity: true}, "X-Gatehouse")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
