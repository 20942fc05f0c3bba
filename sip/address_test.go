package sip_test

import (
	"testing"

	"gatehouse.example/sip"
)

func TestAddressForms(t *testing.T) {
	for _, c := range []struct {
		in, display, uri, params, tag string
		bracketed                     bool
	}{
		{"sip:a@h", "", "sip:a@h", "", "", false},
		{"sip:a@h;tag=1;x", "", "sip:a@h", "tag=1;x", "1", false},
		{"  sip:a@h ; tag = 1  ", "", "sip:a@h", " tag = 1", "1", false},
		{"tel:+1-555;ext=1", "", "tel:+1-555", "ext=1", "", false},
		{"<sip:a@h;lr?x=y>;TAG=1", "", "sip:a@h;lr?x=y", "TAG=1", "1", true},
		{"Bob <sip:b@h>", "Bob", "sip:b@h", "", "", true},
		{"sip:b@h;tag=a@b", "", "sip:b@h", "tag=a@b", "a@b", false},
		{"<sip:h>;tag=a@b", "", "sip:h", "tag=a@b", "a@b", true},
		{"Bob\r\n B. O'Neil<sip:b@h>", "Bob B. O'Neil", "sip:b@h", "", "", true},
		{`"Bob <sip:bob@example.com>" <sip:spam@evil>`, "Bob <sip:bob@example.com>", "sip:spam@evil", "", "", true},
		{`"a\"b\\c"<sip:b@h>`, `a"b\c`, "sip:b@h", "", "", true},
		{"\"a\r\n\t b\" <sip:b@h>", "a b", "sip:b@h", "", "", true},
		{`"" <sip:b@h>;x="a;b>,\"";tag=2`, "", "sip:b@h", `x="a;b>,\"";tag=2`, "2", true},
		{"J\xc3\xb6rg <sip:b@h>", "J\xc3\xb6rg", "sip:b@h", "", "", true},
		{"<sip:b@h>\r\n ;\r\n tag=3", "", "sip:b@h", "\r\n tag=3", "3", true},
	} {
		var a sip.Address
		if err := a.Parse([]byte(c.in)); err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		if string(a.AppendDisplay(nil)) != c.display || string(a.URI) != c.uri || string(a.Params) != c.params ||
			string(a.Tag) != c.tag || a.Bracketed != c.bracketed {
			t.Errorf("%q: display %q uri %q params %q tag %q bracketed %v", c.in, a.AppendDisplay(nil), a.URI, a.Params, a.Tag, a.Bracketed)
		}
	}
	for _, in := range []string{
		"", " ", "bob", "<>", "<sip:a@h", "sip:a@h>", `"Bob <sip:a@h>`, `"Bob"`, `"Bob" sip:a@h`, "Bell, A <sip:a@h>",
		"sip:a@h, sip:b@h", "sip:a@h?x=y", "<sip:a@h>;", "<sip:a@h>;;x", "<sip:a@h>;=x", "<sip:a@h>x", "<sip:a@h> <sip:b@h>",
		"< sip:a@h >", "<sip:a@h>;tag=1;tag=2", "<sip:a@h>;tag", `<sip:a@h>;x="y`, "<sip:a\"b@h>", "a@b <sip:a@h>",
		"<sip:a@h>;tag=\x00", "sip:a b@h",
		// Others find the user "alice;x" at example.test, or with the whole of what stands before the '@'.
		"sip:alice;x@example.test;tag=1", "sip:h;phone-context=x@example.test", "sip:h;tag=a@b", "SIPS:h ;\r\n x=\"a@b\"",
	} {
		var a sip.Address
		if err := a.Parse([]byte(in)); err == nil {
			t.Errorf("%q: accepted as %q", in, a.URI)
		}
	}
}

func TestAddressParam(t *testing.T) {
	var a sip.Address
	if err := a.Parse([]byte(`<sip:a@h;q=0>;Q=0.5;expires = 60;+sip.instance="<urn:uuid:1>";ob`)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"q": "0.5", "expires": "60", "+sip.instance": `"<urn:uuid:1>"`, "ob": ""} {
		if v, ok := a.Param(name); !ok || string(v) != want {
			t.Errorf("%s: %q %v", name, v, ok)
		}
	}
	if _, ok := a.Param("tag"); ok {
		t.Error("a tag that is not there")
	}
}

func TestViaForms(t *testing.T) {
	var v sip.Via
	const in = "SIP / 2.0 / TLS  first.example.com : 4000 ; ttl=16 ;maddr=224.2.0.1 ;Branch=z9hG4bKa7c6a8dlze.1;rport=9"
	if err := v.Parse([]byte(in)); err != nil {
		t.Fatal(err)
	}
	expect(t, "transport", v.Transport, sip.TLS)
	expect(t, "host", string(v.Host), "first.example.com")
	expect(t, "sent-by", string(v.SentBy), "first.example.com : 4000")
	expect(t, "port", v.Port, 4000)
	expect(t, "maddr", string(v.MAddr), "224.2.0.1")
	expect(t, "branch", string(v.Branch), "z9hG4bKa7c6a8dlze.1")
	expect(t, "rport", v.RPort, 9)
	ttl, _ := v.Param("ttl")
	expect(t, "ttl", string(ttl), "16")
	expect(t, "span", v.Span.Len(), len(in))
	for _, in := range []string{
		"", "SIP/2.0/UDP", "SIP/2.0/UDP ", "SIP/2.0 h", "SIP/2.0/UDPh", "/2.0/UDP h", "SIP/2.0/UDP h:", "SIP/2.0/UDP h:0",
		"SIP/2.0/UDP h:99999", "SIP/2.0/UDP h;", "SIP/2.0/UDP h;;x", "SIP/2.0/UDP h x", "SIP/2.0/UDP h, SIP/2.0/UDP h",
		"SIP/2.0/UDP 2001:db8::1", "SIP/2.0/UDP [2001:db8::1", "SIP/2.0/UDP h;branch", "SIP/2.0/UDP h;branch=",
		"SIP/2.0/UDP h;branch=1;branch=1", "SIP/2.0/UDP h;received=1.1.1.1;received=1.1.1.2", "SIP/2.0/UDP h;rport=x",
		"SIP/2.0/UDP h;rport;rport", "SIP/2.0/UDP h\x00", "SIP/2.0/UDP h;x=\x00",
	} {
		if err := v.Parse([]byte(in)); err == nil {
			t.Errorf("%q: accepted", in)
		}
	}
}
