package certificate

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"strconv"
	"sync"
	"time"
)

// CRL is a complete certificate revocation list, direct or indirect. Its signature is verified when a path first asks it.
// Safe for concurrent use.
type CRL struct {
	list    *x509.RevocationList
	issuer  string // comparable
	point   issuingPoint
	entries map[string]crlEntry // by certificate issuer and serial number

	mu      sync.Mutex
	checked map[string]bool // the signature, by the key that was tried
}

// crlEntry is what a CRL tells about one certificate.
type crlEntry struct {
	since  time.Time
	reason int
}

// issuingPoint is the issuingDistributionPoint of a CRL: which certificates it tells about. RFC 5280 §5.2.5.
type issuingPoint struct {
	uris                          []string
	named                         bool // has a name, with URIs or without
	onlyUsers, onlyCAs, onlyAttrs bool
	partial, indirect             bool
}

// ParseCRL reads a CRL, DER or one PEM block. Refused are delta CRLs, CRLs without nextUpdate, with critical extensions
// that are not understood (RFC 5280 §5.2, §5.3), and signatures weaker than ECDSA with SHA-256. The reasons are TooLarge,
// BadCRL, CriticalExtension, WeakAlgorithm.
func ParseCRL(data []byte) (*CRL, error) {
	if len(data) > MaxCRLSize {
		return nil, fail(TooLarge, "more than "+strconv.Itoa(MaxCRLSize)+" octets")
	}
	if bytes.HasPrefix(data, []byte("-----BEGIN")) {
		block, rest := pem.Decode(data)
		if block == nil || block.Type != "X509 CRL" || len(bytes.TrimSpace(rest)) > 0 {
			return nil, fail(BadCRL, "not one PEM block")
		}
		data = block.Bytes
	}
	// crypto/x509 does not mind what follows the CRL.
	_, whole := readOnly(data, tagSequence)
	list, err := x509.ParseRevocationList(data)
	if err != nil || !whole {
		return nil, fail(BadCRL, "not a CRL")
	}
	c := &CRL{list: list, checked: make(map[string]bool)}
	issuer, ok := nameKey(list.RawIssuer)
	switch c.issuer = issuer; {
	case !ok || issuer == "":
		return nil, fail(BadCRL, "issuer")
	case list.NextUpdate.IsZero() || list.NextUpdate.Before(list.ThisUpdate):
		return nil, fail(BadCRL, "nextUpdate")
	case !strongAlgorithm(list.SignatureAlgorithm):
		return nil, fail(WeakAlgorithm, "of the CRL")
	}
	if err := c.readExtensions(); err != nil {
		return nil, err
	}
	if err := c.readEntries(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *CRL) readExtensions() error {
	for _, e := range c.list.Extensions {
		switch {
		case isCE(e.Id, ceDeltaCRL):
			return fail(BadCRL, "a delta CRL")
		case isCE(e.Id, ceIssuingPoint):
			var ok bool
			if c.point, ok = parseIssuingPoint(e.Value); !ok {
				return fail(BadCRL, "issuingDistributionPoint")
			}
		case e.Critical:
			return fail(CriticalExtension, "of the CRL: "+e.Id.String())
		}
	}
	return nil
}

// parseIssuingPoint reads the extension; all its fields have implicit tags.
func parseIssuingPoint(value []byte) (p issuingPoint, ok bool) {
	fields, ok := readOnly(value, tagSequence)
	for last := byte(0); ok && len(fields) > 0; {
		var tag byte
		var body []byte
		if tag, body, fields, ok = readDER(fields); !ok || tag&0x1f <= last && last != 0 {
			return p, false
		}
		isTrue := len(body) == 1 && body[0] == 0xff
		switch tag {
		case 0xa0:
			p.uris, ok = pointNames(body)
			p.named = true
		case 0x81:
			p.onlyUsers, ok = isTrue, isTrue
		case 0x82:
			p.onlyCAs, ok = isTrue, isTrue
		case 0x83:
			p.partial = true
		case 0x84:
			p.indirect, ok = isTrue, isTrue
		case 0x85:
			p.onlyAttrs, ok = isTrue, isTrue
		default:
			return p, false
		}
		last = tag & 0x1f
	}
	return p, ok
}

// readEntries files the entries under the issuer that each belongs to. RFC 5280 §5.3.3: in an indirect CRL an entry without
// certificateIssuer belongs to the issuer of the entry before it, the first to the CRL's own.
func (c *CRL) readEntries() error {
	c.entries = make(map[string]crlEntry, len(c.list.RevokedCertificateEntries))
	issuer := c.issuer
	for i := range c.list.RevokedCertificateEntries {
		e := &c.list.RevokedCertificateEntries[i]
		for _, x := range e.Extensions {
			switch {
			case isCE(x.Id, ceCertificateIssuer):
				named, ok := entryIssuer(x)
				if !ok || !c.point.indirect {
					return fail(BadCRL, "certificateIssuer of entry "+strconv.Itoa(i+1))
				}
				issuer = named
			case x.Critical:
				return fail(CriticalExtension, "of entry "+strconv.Itoa(i+1)+": "+x.Id.String())
			}
		}
		c.entries[entryKey(issuer, e.SerialNumber.Bytes())] = crlEntry{since: e.RevocationTime, reason: e.ReasonCode}
	}
	// Only the index is needed from here on.
	c.list.RevokedCertificateEntries = nil
	return nil
}

func entryIssuer(x pkix.Extension) (issuer string, ok bool) {
	body, ok := readOnly(x.Value, tagSequence)
	if !ok {
		return "", false
	}
	names, ok := parseGeneralNames(body)
	if !ok {
		return "", false
	}
	keys, ok := directoryKeys(names)
	return first(keys), ok && len(keys) == 1
}

// entryKey keeps the two parts apart: a serial number has no fixed length, so its length goes first.
func entryKey(issuer string, serial []byte) string {
	return strconv.Itoa(len(serial)) + ":" + string(serial) + issuer
}

// ThisUpdate is when the CRL was issued.
func (c *CRL) ThisUpdate() time.Time { return c.list.ThisUpdate }

// NextUpdate is when a newer one is due; from then on this one does not tell that anything is good.
func (c *CRL) NextUpdate() time.Time { return c.list.NextUpdate }

// Entries is the number of certificates that the CRL lists.
func (c *CRL) Entries() int { return len(c.entries) }

// signedBy says whether the key of issuer made the CRL's signature. The answer is remembered, for a few keys only: who can
// make us ask for many must not make us remember them.
func (c *CRL) signedBy(issuer *x509.Certificate) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ok, known := c.checked[string(issuer.RawSubjectPublicKeyInfo)]; known {
		return ok && mayUse(issuer, x509.KeyUsageCRLSign)
	}
	ok := strongKey(issuer) &&
		issuer.CheckSignature(c.list.SignatureAlgorithm, c.list.RawTBSRevocationList, c.list.Signature) == nil
	if len(c.checked) >= 16 {
		clear(c.checked)
	}
	c.checked[string(issuer.RawSubjectPublicKeyInfo)] = ok
	return ok && mayUse(issuer, x509.KeyUsageCRLSign)
}
