package fetch

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// maxDomain bounds the certificates of one answer.
const maxDomain = 8

var errNoDomainCertificate = errors.New("fetch: no certificate")

// DomainCertificates returns the certificates at an address, leaf first, for signatures of RFC 4474 (§6: Identity-Info): as they came, judged by nobody yet. All
// that Path says about guards, budgets and waiting holds.
func (f *Fetcher) DomainCertificates(ctx context.Context, url string) ([]*x509.Certificate, error) {
	i, err := f.find(ctx, url, Domain)
	if err != nil {
		return nil, err
	}
	return i.domain, nil
}

// parseDomain reads PEM, or the DER of one certificate, which is what RFC 4474 §13.4 (application/pkix-cert) has.
func parseDomain(body []byte) ([]*x509.Certificate, error) {
	if c, err := x509.ParseCertificate(body); err == nil {
		return []*x509.Certificate{c}, nil
	}
	var chain []*x509.Certificate
	for block, rest := pem.Decode(body); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%w, but a %s", errNoDomainCertificate, quoted(block.Type))
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("fetch: %w", err)
		}
		if chain = append(chain, c); len(chain) > maxDomain {
			return nil, fmt.Errorf("%w: more than %d", errNoDomainCertificate, maxDomain)
		}
	}
	if len(chain) == 0 {
		return nil, errNoDomainCertificate
	}
	return chain, nil
}
