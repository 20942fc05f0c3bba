package publish_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"gatehouse.example/internal/publish"
	"gatehouse.example/sip/uri"
)

func number(t testing.TB, text string) publish.Number {
	t.Helper()
	n, err := publish.ParseNumber(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// asked is where a client gets that has read the line of a zone file and asks for a number, by the steps of RFC 6116: the record of the number's name, flag "u",
// service "E2U+sip", and the substitution applied to the number with its "+".
func asked(t testing.TB, line, number, tree string) string {
	t.Helper()
	rr, err := dns.NewRR(line)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	wire := make([]byte, 1024) // what goes over the wire is what a client sees, without the escapes of the zone file
	n, err := dns.PackRR(rr, wire, 0, nil, false)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	if rr, _, err = dns.UnpackRR(wire[:n], 0); err != nil {
		t.Fatal(err)
	}
	record, ok := rr.(*dns.NAPTR)
	if !ok || record.Flags != "u" || record.Service != "E2U+sip" || record.Replacement != "." || record.Order != 100 || record.Preference != 10 {
		t.Fatalf("%s became %v", line, rr)
	}
	name := tree + "."
	for _, digit := range strings.TrimPrefix(number, "+") {
		name = string(digit) + "." + name
	}
	if record.Hdr.Name != name || record.Hdr.Class != dns.ClassINET {
		t.Fatalf("%s: a client asks for %s", line, name)
	}
	parts := strings.Split(record.Regexp, record.Regexp[:1])
	if len(parts) != 4 || parts[0] != "" || parts[3] != "" || strings.Contains(record.Regexp, `\`) {
		t.Fatalf("the regexp %s has %d parts", record.Regexp, len(parts))
	}
	ere, err := regexp.CompilePOSIX(parts[1])
	if err != nil || !ere.MatchString(number) {
		t.Fatalf("%s does not fit %s: %v", parts[1], number, err)
	}
	return parts[2]
}

func TestRecordLeadsFromNumberToAddress(t *testing.T) {
	for _, c := range []struct{ number, address, tree, line, leads string }{
		{"+4930123456", "bob@example.test", publish.Tree, `6.5.4.3.2.1.0.3.9.4.e164.arpa. IN NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:bob@example.test!" .`, "sip:bob@example.test"},
		{"tel:+1-555-123-0001", "sips:bob@example.test", "E164.Example.NET.", `1.0.0.0.3.2.1.5.5.5.1.e164.example.net. IN NAPTR 100 10 "u" "E2U+sip" "!^.*$!sips:bob@example.test!" .`, "sips:bob@example.test"},
		{"+1 (555) 123.0001", "a!b;c$(x)&y%22%5C1@example.test", "e164", "", "sip:a%21b;c$(x)&y%22%5C1@example.test"},
		{"+15551230001", "bob@[2001:db8::1]", publish.Tree, "", "sip:bob@[2001:db8::1]"},
	} {
		n, a := number(t, c.number), parse(t, c.address)
		r, err := publish.NewRecord(n, a, c.tree)
		if err != nil {
			t.Errorf("%s to %s: %v", c.number, c.address, err)
			continue
		}
		if c.line != "" && r.String() != c.line {
			t.Errorf("got  %s\nwant %s", r, c.line)
		}
		if got := asked(t, r.String(), n.String(), strings.ToLower(strings.TrimSuffix(c.tree, "."))); got != c.leads {
			t.Errorf("%s leads to %s, not to %s", r, got, c.leads)
		}
		if r.Number != n.String() || r.Address != a.String() {
			t.Errorf("%+v", r)
		}
	}
}

func TestWhatMakesNoRecord(t *testing.T) {
	for _, bad := range []string{"", "+", "030123456", "+0301234567", "+1234567890123456", "+15551230001;ext=7", "tel:5550001;phone-context=+1", "bob@example.test", "sip:+15551230001@example.test", "+1555*1"} {
		if n, err := publish.ParseNumber(bad); !errors.Is(err, publish.ErrNumber) {
			t.Errorf("%q became %q, %v", bad, n, err)
		}
	}
	n := number(t, "+15551230001")
	for _, c := range []struct{ address, tree string }{
		{"+15551230002", publish.Tree}, {strings.Repeat("b", 232) + "@example.test", publish.Tree}, {strings.Repeat("!", 100) + "@example.test", publish.Tree},
		{"bob@example.test", ""}, {"bob@example.test", "."}, {"bob@example.test", "e164..arpa"}, {"bob@example.test", "192.0.2.1"}, {"bob@example.test", "e164 arpa"},
		{"bob@example.test", "e164.arpa;x"}, {"bob@example.test", strings.Repeat("e", 64) + ".arpa"}, {"bob@example.test", strings.Repeat("e164.", 45) + "aa.tree"},
	} {
		if r, err := publish.NewRecord(n, parse(t, c.address), c.tree); !errors.Is(err, publish.ErrRecord) {
			t.Errorf("%s below %q became %s, %v", c.address, c.tree, r, err)
		}
	}
	longest, tree := parse(t, strings.Repeat("b", 231)+"@example.test"), strings.Repeat("e164.", 45)+"a.tree" // 255 octets of regexp, 253 of name
	r, err := publish.NewRecord(n, longest, tree)
	if err != nil {
		t.Fatal(err)
	}
	asked(t, r.String(), n.String(), tree)
}

// FuzzRecord: what can be published at all leads, read as a zone file and asked for, to the same address.
func FuzzRecord(f *testing.F) {
	f.Add("+15551230001", "bob@example.test", "e164.arpa")
	f.Add("+49 30 123456", "a!b%21;c\"\\1@example.test", "e164.example.net")
	f.Add("+1", "%5c1%22!@[::1]", "x_y")
	f.Fuzz(func(t *testing.T, digits, address, tree string) {
		n, err := publish.ParseNumber(digits)
		if err != nil {
			return
		}
		a, err := publish.Parse(address)
		if err != nil {
			return
		}
		r, err := publish.NewRecord(n, a, tree)
		if err != nil {
			return
		}
		leads := asked(t, r.String(), n.String(), strings.ToLower(strings.TrimSuffix(tree, ".")))
		var got uri.URI
		if got, err = uri.Parse([]byte(leads)); err != nil {
			t.Fatalf("%s leads to %s: %v", r, leads, err)
		}
		if key := string(got.AppendAoR(nil)); strings.TrimPrefix(strings.TrimPrefix(key, "sips:"), "sip:") != a.String() {
			t.Fatalf("%s leads to %s, not to %s", r, key, a)
		}
	})
}
