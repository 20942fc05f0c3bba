package stir_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"time"

	"gatehouse.example/stir"
)

// domain is a domain's RSA certificate, with the CA above it, as RFC 4474 wants them.
type domain struct {
	key   *rsa.PrivateKey
	leaf  *x509.Certificate
	roots *x509.CertPool
}

func newDomain(name string, now time.Time) domain {
	caKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name, Organization: []string{"Example"}}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		DNSNames: []string{name}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	issue := func(t, parent *x509.Certificate, public crypto.PublicKey) *x509.Certificate {
		der, err := x509.CreateCertificate(rand.Reader, t, parent, public, caKey)
		if err != nil {
			panic(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			panic(err)
		}
		return c
	}
	d := domain{key: key, roots: x509.NewCertPool()}
	d.roots.AddCert(issue(ca, ca, &caKey.PublicKey))
	d.leaf = issue(leaf, ca, &key.PublicKey)
	return d
}

// sign makes the two header fields for the request that message writes.
func (d domain) sign(w *world, text string) []string {
	from, to, contact := "sip:alice@carrier.example", "sip:bob@example.com", "sip:alice@pc33.example"
	signed := fmt.Sprintf("%s|%s|a84b4c76e66710@pc33|314159 MESSAGE|%s|%s|%s", from, to, stir.AppendDate(nil, w.now), contact, text)
	sum := sha1.Sum([]byte(signed))
	sig, err := rsa.SignPKCS1v15(rand.Reader, d.key, crypto.SHA1, sum[:])
	if err != nil {
		panic(err)
	}
	return []string{
		`Identity: "` + base64.StdEncoding.EncodeToString(sig) + `"`,
		"Identity-Info: <https://carrier.example/carrier.cer>;alg=rsa-sha1",
	}
}

// legacy verifies a MESSAGE that is signed by RFC 4474; change may replace anything in its text.
func legacy(w *world, of string, sent string, opts ...option) string {
	d := newDomain(of, w.now)
	opts = append([]option{
		method("MESSAGE"), from("<sip:alice@carrier.example>"), to("<sip:bob@example.com>"), body(sent), header("Content-Type: text/plain"),
		header(d.sign(w, "hello")...),
		config(func(c *stir.VerifierConfig) {
			c.Legacy = &stir.Legacy{Roots: d.roots, Certificates: func(context.Context, string) ([]*x509.Certificate, error) {
				return []*x509.Certificate{d.leaf}, nil
			}}
		}),
	}, opts...)
	res := w.verify(nil, opts...)
	return summary(&res)
}

func legacyRows() []row {
	const name = "carrier.example"
	return []row{
		{"signed by RFC 4474, verifier off", "RFC 8224 §10", "428 Use Identity Header: signed by RFC 4474 only", func(w *world) string {
			return legacy(w, name, "hello", config(func(c *stir.VerifierConfig) { c.Legacy = nil }))
		}},
		{"signed by RFC 4474, verifier on", "RFC 4474 §6", "valid, of a domain", func(w *world) string { return legacy(w, name, "hello") }},
		{"RFC 4474 beside a token: the token counts", "RFC 8224 §6.2", "valid, attestation A", func(w *world) string {
			res := w.verify([]string{`"YWJj"`, w.shaken()}, header("Identity-Info: <https://carrier.example/carrier.cer>"))
			return summary(&res)
		}},
		{"RFC 4474, body changed", "RFC 4474 §6", "438 Invalid Identity Header: RFC 4474 signature refused", func(w *world) string { return legacy(w, name, "buy now") }},
		{"RFC 4474, From of another domain", "RFC 4474 §6 step 2", "437 Unsupported Credential: certificate is not of the caller's domain", func(w *world) string {
			return legacy(w, name, "hello", from("<sip:alice@bank.example>"))
		}},
		{"RFC 4474, certificate of another domain", "RFC 4474 §6 step 2", "437 Unsupported Credential: certificate is not of the caller's domain", func(w *world) string {
			return legacy(w, "bank.example", "hello")
		}},
		{"RFC 4474, Date too old", "RFC 4474 §6 step 4", "403 Stale Date: Date is too old", func(w *world) string {
			return legacy(w, name, "hello", date(w.now.Add(-time.Hour)))
		}},
		{"RFC 4474, no certificate", "RFC 4474 §6 step 1", "436 Bad Identity Info: certificate could not be had", func(w *world) string {
			return legacy(w, name, "hello", config(func(c *stir.VerifierConfig) {
				c.Legacy.Certificates = func(context.Context, string) ([]*x509.Certificate, error) { return nil, stir.ErrUnreachable }
			}))
		}},
		{"RFC 4474, certificate of a CA that is not trusted", "RFC 4474 §6 step 1", "437 Unsupported Credential: certificate refused", func(w *world) string {
			return legacy(w, name, "hello", config(func(c *stir.VerifierConfig) { c.Legacy.Roots = newDomain(name, w.now).roots }))
		}},
		{"RFC 4474, another algorithm", "RFC 4474 §9", "437 Unsupported Credential: unsupported alg parameter", func(w *world) string {
			return legacy(w, name, "hello", func(c *call) {
				for i, h := range c.headers {
					c.headers[i] = strings.Replace(h, "rsa-sha1", "rsa-md5", 1)
				}
			})
		}},
	}
}
