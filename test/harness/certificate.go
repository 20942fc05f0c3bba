package harness

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Certificate is a self-signed certificate in files.
type Certificate struct {
	CertFile, KeyFile string
	pool              *x509.CertPool
}

// NewCertificate makes a certificate for a DNS name and the server's address.
func NewCertificate(t testing.TB, n Net, name string) *Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		DNSNames: []string{name}, IPAddresses: []net.IP{n.Host(ServerHost).AsSlice()},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := &Certificate{CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem"), pool: x509.NewCertPool()}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	c.pool.AppendCertsFromPEM(public)
	for file, data := range map[string][]byte{c.CertFile: public, c.KeyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// Client is the configuration of a client that trusts the certificate.
func (c *Certificate) Client(n Net) *tls.Config {
	return &tls.Config{RootCAs: c.pool, ServerName: n.Host(ServerHost).String()}
}

// SecureListen is the part of a configuration that opens every transport: TLS
// on 5061, WebSocket on 8080, secure WebSocket on 8443.
func (c *Certificate) SecureListen(n Net) string {
	return fmt.Sprintf("listen: [\"udp://%s\", \"tcp://%s\", \"tls://%s\", \"ws://%s\", \"wss://%s\"]\ntls: {cert: %s, key: %s}\n",
		n.Server(), n.Server(), n.Addr(ServerHost, 5061), n.Addr(ServerHost, 8080), n.Addr(ServerHost, 8443), c.CertFile, c.KeyFile)
}
