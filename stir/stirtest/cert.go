package stirtest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"

	"gatehouse.example/stir/certificate"
)

// Cert is a certificate with its key.
type Cert struct {
	*x509.Certificate
	Key    crypto.Signer
	Parent *Cert // nil for a root
}

// NewRoot makes a self-signed CA. The default name is unique.
func NewRoot(opts ...Option) *Cert { return issue(nil, caUsage, opts) }

// CA issues an intermediate CA.
func (c *Cert) CA(opts ...Option) *Cert { return issue(c, caUsage, opts) }

// Leaf issues a certificate that signs tokens. It may be asked of a leaf too, which is then misused as a CA.
func (c *Cert) Leaf(opts ...Option) *Cert { return issue(c, x509.KeyUsageDigitalSignature, opts) }

// SelfSigned makes a certificate that signs tokens and vouches for itself.
func SelfSigned(opts ...Option) *Cert { return issue(nil, x509.KeyUsageDigitalSignature, opts) }

const caUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign

func issue(parent *Cert, usage x509.KeyUsage, opts []Option) *Cert {
	t := newTemplate(usage, parent)
	for _, o := range opts {
		o(t)
	}
	t.finish()
	if t.key == nil {
		t.key = must(ecdsa.GenerateKey(t.curve, rand.Reader))
	}
	signer, issuer := t.key, &t.cert
	if parent != nil {
		signer, issuer = parent.Key, parent.Certificate
	}
	der := must(x509.CreateCertificate(rand.Reader, &t.cert, issuer, t.key.Public(), signer))
	return &Cert{Certificate: must(x509.ParseCertificate(der)), Key: t.key, Parent: parent}
}

// Root returns the certificate at the top.
func (c *Cert) Root() *Cert {
	for c.Parent != nil {
		c = c.Parent
	}
	return c
}

// PEM returns this certificate alone.
func (c *Cert) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// ChainPEM returns this certificate and those above it, without the root: what an x5u serves.
func (c *Cert) ChainPEM() []byte {
	var b bytes.Buffer
	b.Write(c.PEM())
	for p := c.Parent; p != nil && p.Parent != nil; p = p.Parent {
		b.Write(p.PEM())
	}
	return b.Bytes()
}

// KeyPEM returns the private key as PKCS #8, for tests of what must refuse or read it.
func (c *Cert) KeyPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(c.Key))})
}

// Chain is ChainPEM, parsed.
func (c *Cert) Chain() *certificate.Chain { return must(certificate.ParseChain(c.ChainPEM())) }

// Roots trusts the root above this certificate, nothing else.
func (c *Cert) Roots() *certificate.Roots { return must(certificate.ParseRoots(c.Root().PEM())) }

// Path is the path from this certificate to its root.
func (c *Cert) Path() *certificate.Path { return must(c.Roots().Path(c.Chain())) }

func must[T any](v T, err error) T {
	if err != nil {
		panic("stirtest: " + err.Error())
	}
	return v
}

func serial() *big.Int { return must(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))) }

func rsaKey() crypto.Signer { return must(rsa.GenerateKey(rand.Reader, 2048)) }

func defaultCurve() elliptic.Curve { return elliptic.P256() }
