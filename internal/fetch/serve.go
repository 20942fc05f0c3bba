package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Listen opens the address that chains are to be served on; Serve closes it.
func Listen(address string) (net.Listener, error) {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	return ln, nil
}

// Serve answers https on ln until ctx is done, and closes ln. cert is asked for each handshake, so that it may be renewed meanwhile. What a client may cost is
// bounded by short deadlines: a chain is a few kilobytes.
func (p *Publisher) Serve(ctx context.Context, ln net.Listener, cert func() *tls.Certificate) error {
	server := &http.Server{
		Handler: p, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: 30 * time.Second,
		MaxHeaderBytes: 8 << 10,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if c := cert(); c != nil {
				return c, nil
			}
			return nil, errNoServerCertificate
		}},
	}
	done := make(chan error, 1)
	go func() { done <- server.ServeTLS(ln, "", "") }()
	select {
	case err := <-done:
		return fmt.Errorf("fetch: serve certificates: %w", err)
	case <-ctx.Done():
	}
	err := server.Close()
	<-done
	return err
}

var errNoServerCertificate = errors.New("fetch: no certificate to serve with")
