package certificate

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"strconv"
)

// Limits of what is parsed.
const (
	MaxChainSize = 64 << 10 // octets of a chain
	MaxChain     = 8        // certificates of a chain
	MaxCRLSize   = 1 << 20  // octets of a CRL
)

// Chain is a certificate with those that lead from it towards a root, in order, as it was fetched. Nothing of it is
// verified. It is immutable.
type Chain struct{ certs []*x509.Certificate }

// ParseChain reads PEM or DER: only certificates, the leaf first, each issued by the one after it. Text outside the blocks of
// PEM is passed over, as RFC 7468 §2 wants it, although RFC 8555 §9.1 allows none. It does not reorder: what a repository serves wrongly is refused, so that all verifiers
// see the same chain. The reasons are TooLarge, Malformed, PrivateKey, WrongOrder.
func ParseChain(data []byte) (*Chain, error) {
	if len(data) > MaxChainSize {
		return nil, fail(TooLarge, "more than "+strconv.Itoa(MaxChainSize)+" octets")
	}
	der := [][]byte{}
	var err error
	if len(data) > 0 && data[0] == tagSequence {
		der, err = splitDER(data)
	} else {
		der, err = splitPEM(data)
	}
	if err != nil {
		return nil, err
	}
	c := &Chain{}
	for i, d := range der {
		cert, err := x509.ParseCertificate(d)
		if err != nil {
			return nil, fail(Malformed, position(i, len(der)))
		}
		c.certs = append(c.certs, cert)
	}
	if err := c.ordered(); err != nil {
		return nil, err
	}
	return c, nil
}

// position names a certificate of n without repeating what it says of itself.
func position(i, n int) string { return "certificate " + strconv.Itoa(i+1) + " of " + strconv.Itoa(n) }

// splitDER separates certificates that stand one after another.
func splitDER(data []byte) (der [][]byte, err error) {
	for len(data) > 0 {
		tag, _, rest, ok := readDER(data)
		if !ok || tag != tagSequence {
			return nil, fail(Malformed, "neither PEM nor DER")
		}
		if len(der) == MaxChain {
			return nil, fail(TooLarge, "more than "+strconv.Itoa(MaxChain)+" certificates")
		}
		der, data = append(der, data[:len(data)-len(rest)]), rest
	}
	return der, nil
}

// splitPEM separates the blocks of RFC 7468. Every one that begins is to be whole and a certificate: encoding/pem would step over one that is not.
func splitPEM(data []byte) (der [][]byte, err error) {
	if bytes.Contains(data, []byte("PRIVATE KEY-----")) {
		return nil, fail(PrivateKey, "")
	}
	begun := bytes.Count(data, []byte("-----BEGIN"))
	if begun > MaxChain {
		return nil, fail(TooLarge, "more than "+strconv.Itoa(MaxChain)+" certificates")
	}
	for {
		block, rest := pem.Decode(bytes.TrimLeft(data, " \t\r\n"))
		if block == nil || block.Type != "CERTIFICATE" || len(block.Headers) > 0 {
			break
		}
		der, data = append(der, block.Bytes), rest
	}
	switch {
	case begun == 0:
		return nil, fail(Malformed, "no certificate")
	case len(der) < begun:
		return nil, fail(Malformed, "not a PEM block after "+strconv.Itoa(len(der))+" certificates")
	}
	return der, nil
}

// ordered checks by names that each certificate was issued by the next.
func (c *Chain) ordered() error {
	for i, cert := range c.certs {
		issuer, ok := nameKey(cert.RawIssuer)
		if !ok {
			return fail(Malformed, "issuer of "+position(i, len(c.certs)))
		}
		if i+1 < len(c.certs) {
			if subject, ok := nameKey(c.certs[i+1].RawSubject); !ok || subject != issuer {
				return fail(WrongOrder, position(i+1, len(c.certs)))
			}
		}
	}
	return nil
}

// Leaf returns the certificate that signs tokens.
func (c *Chain) Leaf() *x509.Certificate { return c.certs[0] }

// Certificates returns all, leaf first.
func (c *Chain) Certificates() []*x509.Certificate {
	return append([]*x509.Certificate(nil), c.certs...)
}

// PEM writes the chain as ParseChain reads it.
func (c *Chain) PEM() []byte {
	var b bytes.Buffer
	for _, cert := range c.certs {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
	}
	return b.Bytes()
}

// Key returns the leaf's key; it is an error if it is not of P-256, the curve of ES256.
func (c *Chain) Key() (*ecdsa.PublicKey, error) {
	key, ok := c.Leaf().PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, fail(BadKey, "the leaf's is not of P-256")
	}
	return key, nil
}

// TNAuthList returns the leaf's. The reason is NoTNAuthList where it has none, BadTNAuthList where it is malformed.
func (c *Chain) TNAuthList() (TNAuthList, error) {
	value, ok := extension(c.Leaf(), OIDTNAuthList)
	if !ok {
		return TNAuthList{}, fail(NoTNAuthList, "")
	}
	return ParseTNAuthList(value)
}

// Constraints returns the leaf's, nil where it has none.
func (c *Chain) Constraints() (*Constraints, error) { return constraintsOf(c.Leaf()) }

// constraintsOf reads either extension. RFC 9118: never both.
func constraintsOf(cert *x509.Certificate) (*Constraints, error) {
	value, plain := extension(cert, OIDClaimConstraints)
	enhanced, both := extension(cert, OIDEnhancedClaimConstraints)
	switch {
	case plain && both:
		return nil, fail(BadConstraints, "both kinds")
	case both:
		value = enhanced
	case !plain:
		return nil, nil
	}
	c, err := ParseConstraints(value, both)
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// Entity is whom a certificate was issued to, as its CA says. The texts are to be shown quoted.
type Entity struct {
	Organization, CommonName, SPC, Country string
}

// Entity returns whom the leaf was issued to; SPC is the first service provider code of a well-formed TNAuthList.
func (c *Chain) Entity() Entity {
	s := c.Leaf().Subject
	e := Entity{CommonName: s.CommonName, Organization: first(s.Organization), Country: first(s.Country)}
	if l, err := c.TNAuthList(); err == nil {
		e.SPC = first(l.SPC)
	}
	return e
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
