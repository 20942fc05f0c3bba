package wire

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// ClientCerts says what a TLS listener asks of clients.
type ClientCerts uint8

// RequestClientCerts lets clients prove a domain; one that cannot is a stranger
// as any other. RequireClientCerts refuses those that cannot.
const (
	IgnoreClientCerts ClientCerts = iota
	RequestClientCerts
	RequireClientCerts
)

// TLSConfig is the material of TLS. The functions are called at each handshake,
// so that a reload takes effect at once; they load an atomic pointer or the like.
type TLSConfig struct {
	// Certificate is ours, for listeners and, when a server asks, for
	// outgoing connections. Required when Listen has TLS or WSS.
	Certificate func() *tls.Certificate
	// Roots verify servers; nil takes the system's.
	Roots func() *x509.CertPool
	// ClientRoots verify clients; nil takes Roots.
	ClientRoots func() *x509.CertPool
	ClientCerts ClientCerts
}

func (c *TLSConfig) roots() *x509.CertPool {
	if c.Roots == nil {
		return nil
	}
	return c.Roots()
}

func (c *TLSConfig) clientRoots() *x509.CertPool {
	if c.ClientRoots == nil {
		return c.roots()
	}
	return c.ClientRoots()
}

var errNoCertificate = errors.New("wire: no certificate")

// serverTLS is the configuration of listeners. RFC 8996: nothing below TLS 1.2.
func (n *Net) serverTLS() *tls.Config {
	c := &n.cfg.TLS
	t := &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if cert := c.Certificate(); cert != nil {
				return cert, nil
			}
			return nil, errNoCertificate
		},
	}
	switch c.ClientCerts {
	case RequestClientCerts:
		// Not VerifyClientCertIfGiven: a browser with a certificate of its own
		// is still welcome as a stranger.
		t.ClientAuth = tls.RequestClientCert
	case RequireClientCerts:
		t.ClientAuth = tls.RequireAnyClientCert
		t.VerifyConnection = func(s tls.ConnectionState) error { return verifyChain(s, c.clientRoots()) }
	}
	return t
}

// client tells whom a client proved to be, nil when it did not.
func (c *TLSConfig) client(s tls.ConnectionState) *PeerCert {
	if c.ClientCerts == IgnoreClientCerts || verifyChain(s, c.clientRoots()) != nil {
		return nil
	}
	return &PeerCert{Names: identities(s.PeerCertificates[0])}
}

// clientTLS is the configuration of an outgoing connection to domain name, or
// to the address itself when there is no name. Go's own check of the name is
// replaced by that of RFC 5922, which knows SIP URIs and no wildcards.
func (n *Net) clientTLS(name string, addr netip.Addr) *tls.Config {
	c := &n.cfg.TLS
	t := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         name,
		InsecureSkipVerify: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			if err := verifyChain(s, c.roots()); err != nil {
				return err
			}
			return verifyName(s.PeerCertificates[0], name, addr)
		},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if c.Certificate != nil {
				if cert := c.Certificate(); cert != nil {
					return cert, nil
				}
			}
			return &tls.Certificate{}, nil
		},
	}
	return t
}

// verifyChain checks the certificate path (RFC 5922 §6, §7.3).
func verifyChain(s tls.ConnectionState, roots *x509.CertPool) error {
	if len(s.PeerCertificates) == 0 {
		return errNoCertificate
	}
	leaf := s.PeerCertificates[0]
	opts := x509.VerifyOptions{
		Roots:         roots,
		Intermediates: x509.NewCertPool(),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}
	for _, cert := range s.PeerCertificates[1:] {
		opts.Intermediates.AddCert(cert)
	}
	if _, err := leaf.Verify(opts); err != nil {
		return fmt.Errorf("wire: certificate: %w", err)
	}
	if !usableForSIP(leaf) {
		return errors.New("wire: certificate: its extended key usage is not for SIP")
	}
	return nil
}

// usableForSIP obeys RFC 5924 §5: id-kp-sipDomain or anyExtendedKeyUsage, or the
// TLS usages that certificates made for the Web carry, or none at all.
func usableForSIP(cert *x509.Certificate) bool {
	if len(cert.ExtKeyUsage) == 0 && len(cert.UnknownExtKeyUsage) == 0 {
		return true
	}
	for _, u := range cert.ExtKeyUsage {
		if u == x509.ExtKeyUsageAny || u == x509.ExtKeyUsageServerAuth || u == x509.ExtKeyUsageClientAuth {
			return true
		}
	}
	return slices.ContainsFunc(cert.UnknownExtKeyUsage, func(oid asn1.ObjectIdentifier) bool {
		return oid.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 20})
	})
}

// identities are the SIP domains that a certificate names. RFC 5922 §7.1: SIP
// URIs without a user part; DNS names only if there is no such URI. The subject's
// common name is not looked at.
func identities(cert *x509.Certificate) []string {
	var names []string
	for _, u := range cert.URIs {
		if strings.EqualFold(u.Scheme, "sip") && u.Opaque != "" && !strings.ContainsAny(u.Opaque, "@:;?") {
			names = append(names, domain(u.Opaque))
		}
	}
	if len(names) > 0 {
		return names
	}
	for _, d := range cert.DNSNames {
		names = append(names, domain(d))
	}
	return names
}

func domain(s string) string {
	return strings.ToLower(strings.TrimSuffix(s, "."))
}

// verifyName compares whole names, without regard to case and without wildcards
// (RFC 5922 §7.2). An address is only ever named as an address.
func verifyName(cert *x509.Certificate, name string, addr netip.Addr) error {
	if name != "" {
		literal, err := netip.ParseAddr(strings.Trim(name, "[]"))
		if err != nil {
			if !strings.Contains(name, "*") && slices.Contains(identities(cert), domain(name)) {
				return nil
			}
			return fmt.Errorf("%w %q", ErrServerName, name)
		}
		addr = literal
	}
	for _, ip := range cert.IPAddresses {
		if a, ok := netip.AddrFromSlice(ip); ok && a.Unmap() == addr.WithZone("") {
			return nil
		}
	}
	return fmt.Errorf("%w %v", ErrServerName, addr)
}
