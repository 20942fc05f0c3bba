package config

import (
	"path"
	"slices"
	"testing"
)

// Pages of our domains connect, by whichever port they are served, and those that are listed.
func TestPagesOfOurDomainsMayConnect(t *testing.T) {
	c, err := Parse("f.yaml", []byte("domains: [{name: example.test, aliases: [sip.example.org, 192.0.2.1], deliver: home}]\nwebsocket: {origins: [phone.test, \"https://*.crm.test\"]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for page, want := range map[string]bool{
		"example.test": true, "example.test:8443": true, "phone.example.test": true, "a.b.example.test:3000": true, "sip.example.org": true, "phone.test": true, "https://a.crm.test": true,
		"example.org": false, "badexample.test": false, "example.test.evil.test": false, "phone.test:8443": false, "http://a.crm.test": false, "192.0.2.1": false, "": false,
	} {
		if got := slices.ContainsFunc(c.WebOrigins(), func(p string) bool { ok, err := path.Match(p, page); return ok && err == nil }); got != want {
			t.Errorf("%q: %v", page, got)
		}
	}
}
