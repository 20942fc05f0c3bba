package certificate_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"

	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/stirtest"
)

// options are those of one certificate.
type options []stirtest.Option

// TestNameConstraints: RFC 5280 §4.2.1.10, of a CA on the leaf below it.
func TestNameConstraints(t *testing.T) {
	const inside, outside = certificate.NoReason, certificate.NameConstraint
	dns, uri := stirtest.DNS, stirtest.URI
	permit, exclude := stirtest.PermitDNS, stirtest.ExcludeDNS
	permitURI, excludeURI := stirtest.PermitURI, stirtest.ExcludeURI
	for _, c := range []struct {
		name     string
		ca, leaf options
		want     certificate.Reason
	}{
		{"permitted DNS, itself", options{permit("example.org")}, options{dns("example.org")}, inside},
		{"permitted DNS, below", options{permit("example.org")}, options{dns("A.Example.org")}, inside},
		{"permitted DNS, other", options{permit("example.org")}, options{dns("example.com")}, outside},
		{"permitted DNS, suffix only", options{permit("example.org")}, options{dns("badexample.org")}, outside},
		{"permitted DNS, second name other", options{permit("example.org")}, options{dns("example.org", "example.com")}, outside},
		{"permitted DNS, one of two", options{permit("example.com", "example.org")}, options{dns("example.org")}, inside},
		{"permitted DNS, no name", options{permit("example.org")}, options{spc}, inside},
		{"excluded DNS", options{exclude("example.org")}, options{dns("a.example.org")}, outside},
		{"excluded DNS, other", options{exclude("example.org")}, options{dns("example.com")}, inside},
		{"excluded wins", options{permit("example.org"), exclude("a.example.org")}, options{dns("b.a.example.org")}, outside},
		{"permitted URI host", options{permitURI("example.org")}, options{uri("sip:example.org")}, inside},
		{"permitted URI host, user", options{permitURI("example.org")}, options{uri("sip:alice@example.org")}, inside},
		{"permitted URI host, below", options{permitURI("example.org")}, options{uri("sip:a.example.org")}, outside},
		{"permitted URI domain", options{permitURI(".example.org")}, options{uri("sip:a.example.org")}, inside},
		{"permitted URI domain, itself", options{permitURI(".example.org")}, options{uri("sip:example.org")}, outside},
		{"permitted URI, an address", options{permitURI("example.org")}, options{uri("sip:192.0.2.1")}, outside},
		{"excluded URI", options{excludeURI("example.org")}, options{uri("sip:bob@example.org:5060")}, outside},
		{"excluded URI, no host", options{excludeURI("example.org")}, options{uri("urn:a:b")}, outside},
		{"excluded URI, other", options{excludeURI("example.org")}, options{uri("https://example.com/a")}, inside},
		{"constrained e-mail", options{stirtest.PermitEmail("example.org")}, options{stirtest.Email("a@example.org")}, outside},
		{"constrained e-mail, none", options{stirtest.PermitEmail("example.org")}, options{spc}, inside},
		{"permitted directory", options{directory(t, 0xa0, "EXAMPLE")}, options{spc}, inside},
		{"permitted directory, other", options{directory(t, 0xa0, "Other")}, options{spc}, outside},
		{"excluded directory", options{directory(t, 0xa1, "example")}, options{spc}, outside},
		{"excluded directory, other", options{directory(t, 0xa1, "Other")}, options{spc}, inside},
	} {
		t.Run(c.name, func(t *testing.T) {
			leaf := stirtest.NewRoot().CA(c.ca...).Leaf(c.leaf...)
			_, err := leaf.Roots().Path(leaf.Chain())
			wantReason(t, err, c.want)
		})
	}
}

// directory is a constraint on names: permitted (0xa0) or excluded (0xa1) is the subtree of an organization.
func directory(t *testing.T, field byte, organization string) stirtest.Option {
	t.Helper()
	name, err := asn1.Marshal(pkix.Name{Country: []string{"US"}, Organization: []string{organization}}.ToRDNSequence())
	value := tlv(0x30, tlv(field, tlv(0x30, tlv(0xa4, must(t, name, err)))))
	return stirtest.Extension(pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 30}, Critical: true, Value: value})
}

func tlv(tag byte, body []byte) []byte { return append([]byte{tag, byte(len(body))}, body...) }

// TestNameConstraintsAddUp: those of every CA count, the root's too, and none widens another's.
func TestNameConstraintsAddUp(t *testing.T) {
	org, com := stirtest.PermitDNS("example.org"), stirtest.PermitDNS("example.com")
	leaf := stirtest.DNS("example.com")
	for name, l := range map[string]*stirtest.Cert{
		"of the root":    stirtest.NewRoot(org).Leaf(leaf),
		"two levels up":  stirtest.NewRoot().CA(org).CA().Leaf(leaf),
		"widened below":  stirtest.NewRoot().CA(org).CA(com).Leaf(leaf),
		"narrowed below": stirtest.NewRoot().CA(com).CA(org).Leaf(leaf),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := l.Roots().Path(l.Chain())
			wantReason(t, err, certificate.NameConstraint)
		})
	}
}
