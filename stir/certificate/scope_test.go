package certificate_test

import (
	"testing"

	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/passport"
	"gatehouse.example/stir/stirtest"
)

// TestDelegateScope: RFC 9060 §4.1. A delegate has at most what its parent has.
func TestDelegateScope(t *testing.T) {
	const inside, outside = certificate.NoReason, certificate.OutOfScope
	number, block := stirtest.Number, stirtest.Range
	for _, c := range []struct {
		name           string
		parent, middle options // no certificate in the middle where it is nil
		leaf           options
		want           certificate.Reason
	}{
		{"number of the parent", options{number("1000", "1001")}, nil, options{number("1001")}, inside},
		{"number of nobody", options{number("1000")}, nil, options{number("1001")}, outside},
		{"number with a star of the parent", options{number("*100")}, nil, options{number("*100")}, inside},
		{"number in the parent's range", options{block("1000", 10)}, nil, options{number("1009")}, inside},
		{"number just past the range", options{block("1000", 10)}, nil, options{number("1010")}, outside},
		{"range in the range", options{block("1000", 10)}, nil, options{block("1002", 8)}, inside},
		{"range beyond the range", options{block("1000", 10)}, nil, options{block("1002", 9)}, outside},
		{"range of other length", options{block("1000", 10)}, nil, options{block("01000", 2)}, outside},
		{"range over two that touch", options{block("1000", 10), block("1010", 10)}, nil, options{block("1005", 10)}, inside},
		{"range over two with a gap", options{block("1000", 10), block("1011", 10)}, nil, options{block("1005", 10)}, outside},
		{"range over a range and a number", options{block("1000", 10), number("1010")}, nil, options{block("1005", 6)}, inside},
		{"number below a provider", options{spc}, nil, options{number("1000")}, inside},
		{"provider below itself", options{spc}, nil, options{spc}, inside},
		{"provider below another", options{spc}, nil, options{stirtest.SPC("5678")}, outside},
		{"provider below numbers", options{number("1000")}, nil, options{spc}, outside},
		{"past a CA without a list", options{number("1000")}, options{}, options{number("1001")}, outside},
		{"widened in the middle", options{number("1000")}, options{number("1000", "1001")}, options{number("1000")}, outside},
		{"no list below a list", options{number("1000")}, nil, options{stirtest.DNS("example.org")}, inside},
	} {
		t.Run(c.name, func(t *testing.T) {
			ca := stirtest.NewRoot().CA(c.parent...)
			if c.middle != nil {
				ca = ca.CA(c.middle...)
			}
			leaf := ca.Leaf(c.leaf...)
			_, err := leaf.Roots().Path(leaf.Chain())
			wantReason(t, err, c.want)
		})
	}
}

// TestCovers: by what a certificate speaks for an identity.
func TestCovers(t *testing.T) {
	named := stirtest.Subject("US", "Example", "example.org")
	numbers := options{stirtest.Number("12155551000", "*611"), stirtest.Range("12155552000", 100), stirtest.Range("08", 3)}
	both := append(options{spc}, numbers...)
	domains := options{named, stirtest.DNS("Example.net", "*.example.com"),
		stirtest.URI("sip:example.edu", "sip:Alice@Example.com", "https://web.example")}
	for _, c := range []struct {
		name string
		leaf options
		tn   string
		uri  string
		want certificate.Coverage
	}{
		{"number itself", numbers, "12155551000", "", certificate.CoversNumber},
		{"number with a star", numbers, "*611", "", certificate.CoversNumber},
		{"number next to it", numbers, "12155551001", "", certificate.CoversNone},
		{"number with plus is not canonical", numbers, "+12155551000", "", certificate.CoversNone},
		{"first of a range", numbers, "12155552000", "", certificate.CoversRange},
		{"last of a range", numbers, "12155552099", "", certificate.CoversRange},
		{"past a range", numbers, "12155552100", "", certificate.CoversNone},
		{"before a range", numbers, "12155551999", "", certificate.CoversNone},
		{"range, fewer digits", numbers, "8", "", certificate.CoversNone},
		{"range, leading zero", numbers, "10", "", certificate.CoversRange},
		{"range, more digits", numbers, "0000012155552050", "", certificate.CoversNone},
		{"provider only", options{spc}, "12155551000", "", certificate.CoversProvider},
		{"provider and number", both, "12155551000", "", certificate.CoversNumber},
		{"provider and range", both, "12155552001", "", certificate.CoversRange},
		{"provider and another number", both, "12155553000", "", certificate.CoversProvider},
		{"provider, not a number", options{spc}, "bob", "", certificate.CoversNone},
		{"no list", options{}, "12155551000", "", certificate.CoversNone},
		{"numbers, a URI", both, "", "sip:12155551000@example.org", certificate.CoversNone},
		{"common name is not believed", options{named}, "", "sip:alice@example.org", certificate.CoversNone},
		{"common name is not believed beside others", domains, "", "sip:alice@example.org", certificate.CoversNone},
		{"DNS name", domains, "", "sip:bob@example.net", certificate.CoversDomain},
		{"DNS name, other case", domains, "", "sip:bob@EXAMPLE.net", certificate.CoversDomain},
		{"DNS name, sips", domains, "", "sips:bob@example.net", certificate.CoversDomain},
		{"DNS name, domain below", domains, "", "sip:bob@a.example.net", certificate.CoversNone},
		{"DNS name, no user", domains, "", "sip:example.net", certificate.CoversDomain},
		{"DNS name, user that holds a domain", domains, "", "sip:example.net@evil.example", certificate.CoversNone},
		{"DNS name, two at signs", domains, "", "sip:bob@example.net@evil.example", certificate.CoversNone},
		{"DNS name, at sign in the end", domains, "", "sip:bob@evil.example;x=@example.net", certificate.CoversNone},
		{"DNS name, Kelvin sign", options{stirtest.DNS("kilo.example")}, "", "sip:bob@\u212Ailo.example", certificate.CoversNone},
		{"wildcards do not count", domains, "", "sip:bob@a.example.com", certificate.CoversNone},
		{"URI without user", domains, "", "sip:bob@example.edu", certificate.CoversDomain},
		{"URI with user", domains, "", "sip:alice@example.com", certificate.CoversURI},
		{"URI with user, another user", domains, "", "sip:bob@example.com", certificate.CoversNone},
		{"URI with user, longer user", domains, "", "sip:xalice@example.com", certificate.CoversNone},
		{"URI of another scheme", domains, "", "sip:bob@web.example", certificate.CoversNone},
		{"not a SIP URI", domains, "", "mailto:bob@example.net", certificate.CoversNone},
		{"both", domains, "12155551000", "sip:bob@example.net", certificate.CoversNone},
		{"neither", both, "", "", certificate.CoversNone},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := stirtest.NewRoot().Leaf(c.leaf...).Path()
			if got := path.Covers(passport.Identity{TN: c.tn, URI: c.uri}); got != c.want {
				t.Fatalf("covers by %v, want %v", got, c.want)
			}
		})
	}
}
