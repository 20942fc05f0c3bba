package main

import (
	"crypto/x509"
	"slices"
	"strings"

	"gatehouse.example/stir/certificate"
)

// authority is what a certificate may be signed with for, as it stands in it. Whether its CA had that to give is for a path to say.
type authority struct {
	numbers certificate.TNAuthList
	domains []string // in lower case
}

// authorityOf reads a chain's first certificate. A TNAuthList that is missing or malformed gives no numbers.
func authorityOf(chain *certificate.Chain) authority {
	list, _ := chain.TNAuthList() // the reason stands in what NewSigner says
	return authority{list, domainsOf(chain.Leaf())}
}

// domainsOf are the domains that a certificate speaks for. RFC 5922 §7.1: DNS names and sip URIs without a user; no wildcards.
func domainsOf(c *x509.Certificate) []string {
	var out []string
	for _, n := range c.DNSNames {
		if !strings.Contains(n, "*") {
			out = append(out, strings.ToLower(n))
		}
	}
	for _, u := range c.URIs {
		if strings.EqualFold(u.Scheme, "sip") && u.Opaque != "" && !strings.ContainsAny(u.Opaque, "@;?:") {
			out = append(out, strings.ToLower(u.Opaque))
		}
	}
	return out
}

// covers tells whether the certificate speaks for a number, or, where it ends in "*", for each that begins so.
func (a *authority) covers(number string) bool {
	if len(a.numbers.SPC) > 0 {
		return true // RFC 8226 §9: any number of the provider; which those are stands elsewhere
	}
	prefix, many := strings.CutSuffix(number, "*")
	if !many && slices.Contains(a.numbers.Numbers, number) {
		return true
	}
	return slices.ContainsFunc(a.numbers.Ranges, func(r certificate.TNRange) bool {
		if many && len(r.Start) > len(prefix) {
			fill := len(r.Start) - len(prefix)
			return inRange(r, prefix+strings.Repeat("0", fill)) && inRange(r, prefix+strings.Repeat("9", fill))
		}
		return !many && inRange(r, number)
	})
}

// inRange compares numbers of one length, digit by digit; they have at most fifteen.
func inRange(r certificate.TNRange, number string) bool {
	if len(number) != len(r.Start) {
		return false
	}
	start, ok := digits(r.Start)
	n, valid := digits(number)
	return ok && valid && n >= start && n-start < r.Count
}

// digits reads a number of at most fifteen digits.
func digits(s string) (n uint64, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + uint64(s[i]-'0')
	}
	return n, len(s) <= 18
}
