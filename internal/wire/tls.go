package wire

import (
	"crypto/tls"
	"crypto/x509"
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
