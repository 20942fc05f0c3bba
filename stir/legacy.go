package stir

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/passport"
)

// Legacy verifies the signatures of RFC 4474, which RFC 8224 obsoletes: Identity is a signature over parts of the request,
// Identity-Info says where the certificate of the caller's domain is. It proves the domain in From.
//
// Its only algorithm is RSA with SHA-1, which nobody should rely on: who can make collisions could prepare two requests that
// have one signature. Go's crypto/x509 refuses certificates that are themselves signed with SHA-1, crypto/rsa verifies such
// signatures still, but not in FIPS 140-only mode.
type Legacy struct {
	// Roots are those who may issue certificates of domains. They are not the STI roots.
	Roots *x509.CertPool
	// Certificates returns the chain at a URL, leaf first. It has the same duties as a Source.
	Certificates func(ctx context.Context, url string) ([]*x509.Certificate, error)
	// Freshness is how far Date may be from now; 10 minutes if zero, as RFC 4474 §5 has it.
	Freshness time.Duration
}

// LegacyRequest is what RFC 4474 signs, and the signature.
type LegacyRequest struct {
	signature []byte // base64
	info, alg string
	domain    string
	signed    []byte // digest-string, RFC 4474 §9
	bad       bool
}

// legacyRequest reads what RFC 4474 needs. Its Identity is a quoted-string, so that it cannot be taken for a token.
func legacyRequest(m *sip.Message) *LegacyRequest {
	id := bytes.TrimSpace(m.Value(sip.HeaderIdentity))
	if len(id) < 2 || id[0] != '"' || id[len(id)-1] != '"' {
		return nil
	}
	l := &LegacyRequest{signature: id[1 : len(id)-1], alg: "rsa-sha1"}
	l.bad = !l.readInfo(m.Value(sip.HeaderIdentityInfo)) || !l.readSigned(m)
	return l
}

// readInfo reads Identity-Info: a URI in brackets and parameters, of which alg counts.
func (l *LegacyRequest) readInfo(value []byte) bool {
	n := valueLen(value)
	if n < 3 || value[0] != '<' {
		return false
	}
	l.info = string(value[1 : n-1])
	for p := range strings.SplitSeq(string(value[n:]), ";") {
		if name, v, ok := strings.Cut(strings.TrimSpace(p), "="); ok && strings.EqualFold(strings.TrimSpace(name), "alg") {
			l.alg = strings.ToLower(strings.TrimSpace(v))
		}
	}
	return true
}

// readSigned makes the digest-string: the addresses of From and To, Call-ID, CSeq, Date, the address of Contact, the body.
func (l *LegacyRequest) readSigned(m *sip.Message) bool {
	if s := m.FromURI().Scheme; s != uri.SIP && s != uri.SIPS {
		return false
	}
	l.domain = string(uri.AppendHost(nil, m.FromURI().Host))
	date := m.Value(sip.HeaderDate)
	if _, ok := ParseDate(date); !ok {
		return false
	}
	b := append(append([]byte(nil), m.From().URI...), '|')
	b = append(append(b, m.To().URI...), '|')
	b = append(append(b, m.CallID()...), '|')
	b = append(strconv.AppendUint(b, uint64(m.CSeq()), 10), ' ')
	b = append(append(b, m.MethodName()...), '|')
	b = append(append(b, bytes.TrimSpace(date)...), '|')
	if v := m.Values(sip.HeaderContact); v.Next() {
		var a sip.Address
		if a.Parse(v.Text()) == nil {
			b = append(b, a.URI...)
		}
	}
	l.signed = append(append(b, '|'), m.Body()...)
	return true
}

// verifyLegacy verifies a request that is signed by RFC 4474, if that is wanted.
func (v *Verifier) verifyLegacy(ctx context.Context, r *Request) Result {
	if v.c.Legacy == nil {
		return failed(LegacyIgnored)
	}
	leaf, reason, err := v.c.Legacy.verify(ctx, r, v.c.Now())
	if reason != NoReason {
		res := failed(reason)
		if err != nil {
			res.Detail = quote(err.Error())
		}
		return res
	}
	e := certificate.Entity{CommonName: leaf.Subject.CommonName}
	if o := leaf.Subject.Organization; len(o) > 0 {
		e.Organization = o[0]
	}
	if c := leaf.Subject.Country; len(c) > 0 {
		e.Country = c[0]
	}
	return Result{
		Outcome: Valid, Identity: passport.Identity{URI: r.From.URI}, IssuedAt: r.Date, Legacy: true, BodyProven: true,
		SignedBy: Certificate{Entity: e, Coverage: certificate.CoversDomain, URL: r.Legacy.info},
	}
}

// verify obeys RFC 4474 §6.
func (l *Legacy) verify(ctx context.Context, r *Request, now time.Time) (*x509.Certificate, Reason, error) {
	q := r.Legacy
	switch {
	case r.BadFrom:
		return nil, BadFrom, nil
	case q.bad:
		return nil, BadLegacy, nil
	case q.alg != "rsa-sha1":
		return nil, BadAlgParameter, nil
	}
	fresh := l.Freshness
	if fresh == 0 {
		fresh = 10 * time.Minute
	}
	switch age := now.Sub(r.Date); {
	case age > fresh:
		return nil, OldDate, nil
	case -age > fresh:
		return nil, FutureDate, nil
	}
	leaf, err := l.leaf(ctx, q.info, now)
	if err != nil {
		if errors.Is(err, ErrUnreachable) {
			return nil, NoCertificate, err
		}
		return nil, BadCertificate, err
	}
	if !ofDomain(leaf, q.domain) {
		return nil, LegacyDomain, nil
	}
	if err := q.check(leaf); err != nil {
		return nil, BadLegacy, err
	}
	return leaf, NoReason, nil
}

// leaf fetches a certificate and verifies its path.
func (l *Legacy) leaf(ctx context.Context, url string, now time.Time) (*x509.Certificate, error) {
	chain, err := l.Certificates(ctx, url)
	if errors.Is(err, ErrUnreachable) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if len(chain) == 0 {
		return nil, fmt.Errorf("%w: no certificates", ErrUnreachable)
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err = chain[0].Verify(x509.VerifyOptions{
		Roots: l.Roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return chain[0], err
}

// ofDomain says whether a certificate is a domain's. RFC 4474 §13.4, RFC 5922 §7.1: a sip URI of the domain without user
// in subjectAltName, or its DNS name there; no wildcards.
func ofDomain(leaf *x509.Certificate, domain string) bool {
	for _, u := range leaf.URIs {
		if strings.EqualFold(u.Scheme, "sip") && strings.EqualFold(u.Opaque, domain) {
			return true
		}
	}
	return slices.ContainsFunc(leaf.DNSNames, func(n string) bool { return strings.EqualFold(n, domain) })
}

// check verifies the signature.
func (q *LegacyRequest) check(leaf *x509.Certificate) error {
	key, ok := leaf.PublicKey.(*rsa.PublicKey)
	if !ok {
		return errors.New("the certificate's key is not of RSA")
	}
	sig, err := base64.StdEncoding.DecodeString(string(q.signature))
	if err != nil {
		return errors.New("the signature is not base64")
	}
	sum := sha1.Sum(q.signed)
	return rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], sig)
}
