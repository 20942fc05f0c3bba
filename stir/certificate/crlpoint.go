package certificate

import (
	"crypto/x509"
	"slices"
	"strings"
)

// crlPoint is a DistributionPoint. RFC 5280 §4.2.1.13.
type crlPoint struct {
	uris    []string // fullName
	issuers []string // cRLIssuer, comparable; empty: the certificate's issuer
	partial bool     // its CRL tells about some reasons only
}

// parsePoints reads the cRLDistributionPoints of a certificate.
func parsePoints(c *x509.Certificate) (points []crlPoint, ok bool) {
	e, found := ce(c.Extensions, ceCRLPoints)
	if !found {
		return nil, true
	}
	list, ok := readOnly(e.Value, tagSequence)
	for ok && len(list) > 0 {
		var tag byte
		var body []byte
		if tag, body, list, ok = readDER(list); !ok || tag != tagSequence {
			return nil, false
		}
		var p crlPoint
		if p, ok = parsePoint(body); ok {
			points = append(points, p)
		}
	}
	return points, ok && len(points) > 0
}

func parsePoint(body []byte) (p crlPoint, ok bool) {
	for last := byte(0); len(body) > 0; {
		tag, value, rest, ok := readDER(body)
		if !ok || tag <= last {
			return p, false
		}
		switch tag {
		case 0xa0:
			p.uris, ok = pointNames(value)
		case 0x81:
			p.partial = true
		case 0xa2:
			var names []generalName
			if names, ok = parseGeneralNames(value); ok {
				p.issuers, ok = directoryKeys(names)
			}
			ok = ok && len(p.issuers) > 0
		default:
			ok = false
		}
		if !ok {
			return p, false
		}
		last, body = tag, rest
	}
	return p, true
}

// pointNames reads a DistributionPointName. A name relative to the issuer has no URI.
func pointNames(value []byte) (uris []string, ok bool) {
	tag, names, rest, ok := readDER(value)
	if !ok || len(rest) > 0 || tag != 0xa0 && tag != 0xa1 {
		return nil, false
	}
	if tag == 0xa1 {
		return nil, true
	}
	full, ok := parseGeneralNames(names)
	return uriTexts(full), ok
}

// readPoints reads where the CRLs of each link below the root are.
func (p *Path) readPoints() error {
	for i, l := range p.links[:len(p.links)-1] {
		points, ok := parsePoints(l)
		if !ok {
			return fail(Malformed, "CRL distribution points of "+p.describe(i))
		}
		p.points = append(p.points, points)
	}
	return nil
}

// CRLPoints returns the http and https URLs of the CRLs that tell about the path's certificates, each once, the leaf's
// first. They are what certificates say: to be fetched with the same guards as certificates.
func (p *Path) CRLPoints() []string {
	var urls []string
	for _, points := range p.points {
		for _, point := range points {
			for _, u := range point.uris {
				scheme, _, _ := strings.Cut(u, ":")
				if (equalASCII(scheme, "https") || equalASCII(scheme, "http")) && !slices.Contains(urls, u) {
					urls = append(urls, u)
				}
			}
		}
	}
	return urls
}
