package certificate

import (
	"crypto/x509"
	"encoding/asn1"
	"strconv"
)

// isSIPDomain: the extended key usage of RFC 5924.
func isSIPDomain(id asn1.ObjectIdentifier) bool {
	return id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 20})
}

// readNames brings the links' names into the form in which everything after compares them.
func (p *Path) readNames() error {
	for i, l := range p.links {
		n, ok := namesOf(l)
		if !ok {
			return fail(Malformed, "names of "+p.describe(i))
		}
		p.names = append(p.names, n)
	}
	return nil
}

// checkLeaf: the leaf signs tokens. A CA may not, as of ATIS-1000080, unless its key usage says digitalSignature in so many
// words, as that of a delegate that signs both (RFC 9060) does.
func (p *Path) checkLeaf() error {
	leaf := p.links[0]
	if !mayUse(leaf, x509.KeyUsageDigitalSignature) {
		return fail(BadKeyUsage, "the leaf may not sign")
	}
	if isCA(leaf) && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return fail(NotCA, "the leaf is a CA")
	}
	return nil
}

// checkIssuers: RFC 5280 §6.1.4 (k) to (n) for every certificate above the leaf, the root included.
func (p *Path) checkIssuers() error {
	for i := 1; i < len(p.links); i++ {
		c := p.links[i]
		switch {
		case !isCA(c):
			return fail(NotCA, p.describe(i))
		case !mayUse(c, x509.KeyUsageCertSign):
			return fail(BadKeyUsage, p.describe(i))
		case !strongKey(c):
			return fail(BadKey, p.describe(i))
		}
		limited := c.MaxPathLen > 0 || c.MaxPathLen == 0 && c.MaxPathLenZero
		if limited && p.intermediates(i) > c.MaxPathLen {
			return fail(PathTooLong, p.describe(i)+" allows "+strconv.Itoa(c.MaxPathLen))
		}
	}
	return nil
}

// intermediates counts the certificates between link i and the leaf; self-issued ones do not count (RFC 5280 §4.2.1.9).
func (p *Path) intermediates(i int) (n int) {
	for j := 1; j < i; j++ {
		if !p.selfIssued(j) {
			n++
		}
	}
	return n
}

func (p *Path) selfIssued(i int) bool { return p.names[i].subject == p.names[i].issuer }

// checkExtensions refuses what is critical and not understood, and certificates whose extended key usage is for something
// else, such as those of the web PKI. Where it is present it has to be any, or the one for SIP domains (RFC 5924).
func (p *Path) checkExtensions() error {
	for i, c := range p.links {
		if id, unknown := criticalUnknown(c); unknown {
			return fail(CriticalExtension, p.describe(i)+" "+id.String())
		}
		suits := len(c.ExtKeyUsage) == 0 && len(c.UnknownExtKeyUsage) == 0
		for _, u := range c.ExtKeyUsage {
			suits = suits || u == x509.ExtKeyUsageAny
		}
		for _, id := range c.UnknownExtKeyUsage {
			suits = suits || isSIPDomain(id)
		}
		if !suits {
			return fail(BadExtKeyUsage, p.describe(i))
		}
	}
	return nil
}

// checkNames: RFC 5280 §6.1.3 (b) and (c), the constraints of each CA on each certificate below it; self-issued ones are
// exempt unless they are the leaf. It notes what the leaf's own names speak for.
func (p *Path) checkNames() error {
	names := make([][]generalName, len(p.links))
	for i, c := range p.links {
		var ok bool
		if names[i], ok = constrainedNames(c); !ok {
			return fail(Malformed, "subjectAltName of "+p.describe(i))
		}
	}
	for i := 1; i < len(p.links); i++ {
		nc, ok := parseNameConstraints(p.links[i])
		if !ok {
			return fail(Malformed, "name constraints of "+p.describe(i))
		}
		for j := range i {
			if j > 0 && p.selfIssued(j) {
				continue
			}
			if n, ok := nc.allow(names[j]); !ok {
				return fail(NameConstraint, p.describe(j)+" "+n.describe())
			}
		}
	}
	p.domains, p.users = domainIdentities(names[0])
	return nil
}

// describe tells a name in an error.
func (n generalName) describe() string {
	switch n.kind {
	case nameDNS, nameURI:
		return strconv.QuoteToASCII(cut(string(n.value)))
	case nameDirectory:
		return "subject"
	}
	return "name of kind " + strconv.Itoa(int(n.kind&0x1f))
}

// readNumbers reads the TNAuthList of each link and checks that none claims more than the nearest one above it has.
// RFC 9060 §4.1: a relying party verifies that the parent's scope encompasses the delegate's.
func (p *Path) readNumbers() error {
	var parent *tnIndex
	for i := len(p.links) - 1; i >= 0; i-- {
		value, ok := extension(p.links[i], OIDTNAuthList)
		if !ok {
			continue
		}
		l, err := ParseTNAuthList(value)
		if err != nil {
			return err
		}
		own := newTNIndex(l)
		if parent != nil && !parent.encompasses(own) {
			return fail(OutOfScope, p.describe(i))
		}
		parent = own
		if i == 0 {
			p.numbers = own
		}
	}
	return nil
}

// readRules reads the claim constraints of each link below the root.
func (p *Path) readRules() error {
	for _, l := range p.links[:len(p.links)-1] {
		c, err := constraintsOf(l)
		if err != nil {
			return err
		}
		if c != nil {
			p.rules = append(p.rules, compile(c))
		}
	}
	return nil
}
