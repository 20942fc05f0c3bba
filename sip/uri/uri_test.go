package uri_test

import (
	"testing"

	"gatehouse.example/sip/uri"
)

func parse(t testing.TB, s string) *uri.URI {
	t.Helper()
	u, err := uri.Parse([]byte(s))
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return &u
}

func TestParseFindsTheParts(t *testing.T) {
	for _, c := range []struct {
		in, user, password, host, params, headers string
		scheme                                    uri.Scheme
		port                                      uint16
	}{
		{"sip:alice@atlanta.example", "alice", "", "atlanta.example", "", "", uri.SIP, 0},
		{"SIPS:alice:secret@atlanta.example:5061;transport=tcp;lr?to=bob&x=", "alice", "secret", "atlanta.example",
			"transport=tcp;lr", "to=bob&x=", uri.SIPS, 5061},
		{"sip:user;par=u%40example.net@example.com", "user;par=u%40example.net", "", "example.com", "", "", uri.SIP, 0},
		{"sip:192.0.2.1:5060;lr", "", "", "192.0.2.1", "lr", "", uri.SIP, 5060},
		{"sip:a@[2001:db8::10]:5070", "a", "", "[2001:db8::10]", "", "", uri.SIP, 5070},
		{"sip:a@[2001:db8:::192.0.2.1]", "a", "", "[2001:db8:::192.0.2.1]", "", "", uri.SIP, 0},
		{"sip:*31#0612@example.test", "*31#0612", "", "example.test", "", "", uri.SIP, 0},
		{"sip:a@example.test.", "a", "", "example.test.", "", "", uri.SIP, 0},
		{"sip:a@h?Route=%3Csip:x%3E", "a", "", "h", "", "Route=%3Csip:x%3E", uri.SIP, 0},
		{"sip:a@h;pn-tok=abc==;x=", "a", "", "h", "pn-tok=abc==;x=", "", uri.SIP, 0},
		{"tel:+1-201-555-0123;ext=7", "+1-201-555-0123", "", "", "ext=7", "", uri.TEL, 0},
		{"tel:*67#A;phone-context=example.com", "*67#A", "", "", "phone-context=example.com", "", uri.TEL, 0},
		{"urn:service:sos.police", "", "", "", "", "", uri.URN, 0},
		{"http://www.example.com", "", "", "", "", "", uri.Other, 0},
		{"isbn:2983792873", "", "", "", "", "", uri.Other, 0},
	} {
		u := parse(t, c.in)
		if u.Scheme != c.scheme || string(u.User) != c.user || string(u.Password) != c.password ||
			string(u.Host) != c.host || u.Port != c.port || string(u.Params) != c.params || string(u.Headers) != c.headers {
			t.Errorf("%s: %v user %q password %q host %q port %d params %q headers %q", c.in, u.Scheme, u.User, u.Password,
				u.Host, u.Port, u.Params, u.Headers)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for in, want := range map[string]error{
		"":                                    uri.ErrScheme,
		"alice@example.com":                   uri.ErrScheme,
		"<sip:user@example.com>":              uri.ErrScheme,
		" sip:a@b":                            uri.ErrScheme,
		"1sip:a@b":                            uri.ErrScheme,
		"sip:":                                uri.ErrHost,
		"sip:@example.com":                    uri.ErrUser,
		"sip:a b@example.com":                 uri.ErrUser,
		"sip:a%4@example.com":                 uri.ErrUser,
		"sip:a%zz@example.com":                uri.ErrUser,
		"sip:a\x00@example.com":               uri.ErrUser,
		"sip:a:p:q@example.com":               uri.ErrUser,
		"sip:J\xc3\xb6rg@example.com":         uri.ErrUser,
		"sip:a@b@example.com":                 uri.ErrHost,
		"sip:a@":                              uri.ErrHost,
		"sip:a@ex ample.com":                  uri.ErrHost,
		"sip:a@example..com":                  uri.ErrHost,
		"sip:a@.example.com":                  uri.ErrHost,
		"sip:a@m\xc3\xbcller.example":         uri.ErrHost,
		"sip:2001:db8::10":                    uri.ErrHost,
		"sip:a@[2001:db8::10":                 uri.ErrHost,
		"sip:a@[2001:db8:::10]":               uri.ErrHost,
		"sip:a@[1::2::3]":                     uri.ErrHost,
		"sip:a@[fe80::1%25eth0]":              uri.ErrHost,
		"sip:a@[1:2:3:4:5:6:7]":               uri.ErrHost,
		"sip:a@[1:2:3:4:5:6:7:8:9]":           uri.ErrHost,
		"sip:a@[::1.2.3.4.5]":                 uri.ErrHost,
		"sip:a@[1.2.3.4]":                     uri.ErrHost,
		"sip:a@[]":                            uri.ErrHost,
		"sip:a@256.1.1.1":                     uri.ErrHost,
		"sip:a@010.1.1.1":                     uri.ErrHost,
		"sip:a@1.2.3":                         uri.ErrHost,
		"sip:a@2130706433":                    uri.ErrHost,
		"sip:a@0x7f000001":                    uri.ErrHost,
		"sip:a@h:":                            uri.ErrPort,
		"sip:a@h:0":                           uri.ErrPort,
		"sip:a@h:65536":                       uri.ErrPort,
		"sip:a@h:99999999999999999":           uri.ErrPort,
		"sip:a@h:x":                           uri.ErrPort,
		"sip:a@h;":                            uri.ErrParams,
		"sip:a@h;;lr":                         uri.ErrParams,
		"sip:a@h;=x":                          uri.ErrParams,
		"sip:a@h; lr":                         uri.ErrParams,
		"sip:a@h;lr;%6Cr":                     uri.ErrParams,
		"sip:a@h;transport=udp;Transport=tcp": uri.ErrParams,
		"sip:a@h?":                            uri.ErrHeaders,
		"sip:a@h?x":                           uri.ErrHeaders,
		"sip:a@h?=x":                          uri.ErrHeaders,
		"sip:a@h?a=b&":                        uri.ErrHeaders,
		"sip:a@h?a=<b>":                       uri.ErrHeaders,
		"tel:":                                uri.ErrNumber,
		"tel:+":                               uri.ErrNumber,
		"tel:--":                              uri.ErrNumber,
		"tel:+1*2":                            uri.ErrNumber,
		"tel:%2B1555":                         uri.ErrNumber,
		"tel:+1;":                             uri.ErrParams,
		"urn:x":                               uri.ErrOpaque,
		"http:":                               uri.ErrOpaque,
		"name:a b":                            uri.ErrOpaque,
		"name:a\r\nb":                         uri.ErrOpaque,
	} {
		if _, err := uri.Parse([]byte(in)); err == nil || err != want && !(want == uri.ErrHost && err == uri.ErrPort) {
			t.Errorf("%q: %v, want %v", in, err, want)
		}
	}
}

func TestParseBoundsTheNumberOfParameters(t *testing.T) {
	text := []byte("sip:h")
	for i := range uri.MaxParams {
		text = append(text, ';', byte('a'+i%26), byte('a'+i/26))
	}
	if _, err := uri.Parse(text); err != nil {
		t.Errorf("%d parameters: %v", uri.MaxParams, err)
	}
	if _, err := uri.Parse(append(text, ";one-more"...)); err != uri.ErrParams {
		t.Errorf("one more: %v", err)
	}
}

func TestParamKnowsEscapedNames(t *testing.T) {
	u := parse(t, "sip:h;%6C%72;Transport=TCP;n%61me=v%61lue%25%34%31")
	if _, ok := u.Param("lr"); !ok {
		t.Error("no lr")
	}
	if v, _ := u.Param("name"); string(v) != "v%61lue%25%34%31" {
		t.Errorf("name: %q", v)
	}
	if string(u.Transport()) != "TCP" {
		t.Errorf("transport: %q", u.Transport())
	}
	if _, ok := u.Param("l"); ok {
		t.Error("a prefix is taken for the name")
	}
}

func TestAddrUnmapsAndRefusesNames(t *testing.T) {
	for in, want := range map[string]string{
		"sip:192.0.2.1":               "192.0.2.1",
		"sip:[::ffff:192.0.2.1]":      "192.0.2.1",
		"sip:[::FFFF:c000:201]":       "192.0.2.1",
		"sip:[2001:DB8::10:5070]":     "2001:db8::10:5070",
		"sip:[2001:db8:::192.0.2.1]":  "2001:db8::c000:201",
		"sip:[1:2:3:4:5:6:192.0.2.1]": "1:2:3:4:5:6:c000:201",
		"sip:[::]":                    "::",
		"sip:[1:2:3:4:5:6:7::]":       "1:2:3:4:5:6:7:0",
		"sip:example.com":             "invalid IP",
		"sip:1.example":               "invalid IP",
		"sip:1.2.3.4.example":         "invalid IP",
		"sip:1-2-3-4.dynamic.example": "invalid IP",
		"sip:192.0.2.1x.example":      "invalid IP",
	} {
		a, ok := parse(t, in).Addr()
		if a.String() != want || ok != (want != "invalid IP") {
			t.Errorf("%s: %v, want %s", in, a, want)
		}
	}
}

func TestNothingAllocates(t *testing.T) {
	a := []byte("sip:%61lice;x=1:pw@AtLanTa.CoM:5060;transport=TCP;lr?subject=a&to=b")
	b := []byte("sip:+1-555-123-0001@[2001:db8::1];user=phone")
	bad := []byte("sip:alice@exa mple")
	dst := make([]byte, 0, 256)
	var u, v uri.URI
	allocs := testing.AllocsPerRun(100, func() {
		_ = u.Parse(a)
		_ = v.Parse(b)
		uri.Equal(&u, &v)
		uri.Equal(&u, &u)
		_, _ = v.Addr()
		_, _ = u.Param("lr")
		dst = u.AppendAoR(dst[:0])
		dst = v.AppendAoR(dst)
		dst, _ = v.AppendNumber(dst, uri.Plan{Country: "1", International: "011", Trunk: "1"})
		dst = u.AppendTo(dst)
		_ = v.Parse(bad)
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func BenchmarkParse(b *testing.B) {
	text := []byte("sip:+15551230001@gate.example.test;user=phone")
	var u uri.URI
	b.ReportAllocs()
	for b.Loop() {
		_ = u.Parse(text)
	}
}
