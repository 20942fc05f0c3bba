package history

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestKey(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"+15551230001", "+15551230001"},
		{" +1 (555) 123-0001 ", "+15551230001"},
		{"tel:+1-555-123.0001;ext=7", "+15551230001"},
		{"TEL:5551230001;phone-context=+1", "5551230001"},
		{"sip:+15551230001@carrier.test", "+15551230001"},
		{"sips:+15551230001@carrier.test;user=phone", "+15551230001"},
		{"sip:bob@example.test", "bob@example.test"},
		{"SIP:Bob@Example.Test:5061;transport=tcp?Subject=x", "Bob@example.test:5061"},
		{"bob@EXAMPLE.test", "bob@example.test"},
		{"sip:1000@example.test", "1000@example.test"},
		{"1000", "1000"},
		{"sip:example.test", "example.test"},
		{"urn:service:sos", "urn:service:sos"},
		{"+", "+"},
		{"++1", "++1"},
		{"a\x00b\xff@x", "ab\uFFFD@x"},
		{strings.Repeat("ä", 200), strings.Repeat("ä", 128)},
	}
	for _, test := range tests {
		if got := Key(test.in); got != test.want {
			t.Errorf("Key(%q) = %q, want %q", test.in, got, test.want)
		}
	}
}

// FuzzKey: a key is text that any database takes, bounded, and its own key.
func FuzzKey(f *testing.F) {
	for _, s := range []string{"sip:+1555@x", "tel:+1-5", "bob@X", "a\x00\xff", ":@;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k := Key(s)
		if !utf8.ValidString(k) || strings.Contains(k, "\x00") || len(k) > keyLimit {
			t.Errorf("Key(%q) = %q", s, k)
		}
	})
}
