package action

import (
	"strings"
	"testing"

	"gatehouse.example/sip"
)

// proven is edited, with what was added at the end beside what was there before.
func proven(t *testing.T, lines string, edit func(*sip.Edit, *sip.Message)) string {
	t.Helper()
	got := strings.Replace(edited(t, lines, edit), strings.TrimSuffix(tail, "\r\n"), "", 1)
	return strings.Replace(got, "\r\n\r\n", "\r\n", 1)
}

func TestAssert(t *testing.T) {
	const pai = "P-Asserted-Identity: \"B\" <sip:+1555@e.test;user=phone>, <tel:+1556>\r\n"
	from := "From: \"A\" <sip:+15551230001@carrier.test;user=phone>;tag=a\r\n"
	for what, c := range map[string]struct {
		lines string
		proof Proof
		kept  bool
		want  string
	}{
		"a proven number":             {from, Proof{Identity: "tel:+1555", Verstat: "TN-Validation-Passed"}, false, from + "P-Asserted-Identity: <tel:+1555;verstat=TN-Validation-Passed>\r\n"},
		"a proven address":            {from, Proof{Identity: "sip:a@b.test", Verstat: "X"}, false, from + "P-Asserted-Identity: <sip:a;verstat=X@b.test>\r\n"},
		"with a name":                 {from, Proof{Identity: "tel:+1555", Name: "A \"B\"\r\nX: y"}, false, from + "P-Asserted-Identity: \"A \\\"B\\\"X: y\" <tel:+1555>\r\n"},
		"nothing proven":              {from, Proof{Verstat: "TN-Validation-Failed"}, false, from},
		"a trusted peer's stays":      {from + pai, Proof{Identity: "tel:+1555", Verstat: "V"}, true, from + "P-Asserted-Identity: \"B\" <sip:+1555;verstat=V@e.test;user=phone>, <tel:+1556;verstat=V>\r\n"},
		"… without a value as it was": {from + pai, Proof{Identity: "tel:+1555"}, true, from + pai},
	} {
		if got := proven(t, c.lines, func(e *sip.Edit, m *sip.Message) { Assert(e, m, &c.proof, c.kept) }); got != c.want {
			t.Errorf("%s: got\n%swant\n%s", what, got, c.want)
		}
	}
}

func TestFromVerstat(t *testing.T) {
	for from, want := range map[string]string{
		"\"A;B\" <sip:+1555:pw@b.test;user=phone>;tag=a": "\"A;B\" <sip:+1555;verstat=V:pw@b.test;user=phone>;tag=a",
		"<tel:+1555;phone-context=x>;tag=a":              "<tel:+1555;phone-context=x;verstat=V>;tag=a",
		"sip:+1555@b.test;tag=a":                         "sip:+1555@b.test;tag=a",
		"<sip:b.test>;tag=a":                             "<sip:b.test>;tag=a",
	} {
		got := proven(t, "From: "+from+"\r\n", func(e *sip.Edit, m *sip.Message) { FromVerstat(e, m, "V") })
		if got != "From: "+want+"\r\n" {
			t.Errorf("%s: got %s", from, got)
		}
	}
}

func TestIntroduce(t *testing.T) {
	from := "From: <sip:a@b.test>;tag=a\r\n"
	for url, want := range map[string]string{
		"https://x.test/i.png":       "Call-Info: <https://x.test/i.png>;purpose=icon;verified=\"true\";call-reason=\"a \\\"b\\\"\"\r\n",
		"http://x.test/i.png":        "",
		"https://x.test/>\r\nEvil: ": "",
		"":                           "",
	} {
		p := Proof{CallInfo: url, Purpose: "icon", CallReason: "a \"b\"\r\n"}
		if got := proven(t, from, func(e *sip.Edit, m *sip.Message) { Introduce(e, m, &p) }); got != from+want {
			t.Errorf("%q: got %s", url, got)
		}
	}
}

func TestPrivacy(t *testing.T) {
	from := "From: <sip:anonymous@anonymous.invalid>;tag=a\r\n"
	for value, want := range map[string]bool{"id": true, "user; ID ;critical": true, "none": false, "identity": false, "header": false, "user\r\nPrivacy: id": true, "none\r\nPrivacy: user": false} {
		lines := from + "Privacy: " + value + "\r\nP-Asserted-Identity: <tel:+1555>\r\nRemote-Party-ID: <sip:x@y>\r\n"
		got := proven(t, lines, func(e *sip.Edit, m *sip.Message) {
			if WantsPrivacy(m) != want {
				t.Errorf("%q: want %v", value, want)
			}
			Withhold(e, m)
		})
		if got != from+"Privacy: "+value+"\r\n" {
			t.Errorf("got %s", got)
		}
	}
}
