package fetch

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"gatehouse.example/stir/certificate"
)

// Config says what may be fetched and how much of it is kept. The zero value of each field stands for the default in its comment.
type Config struct {
	// Roots are the STI roots: only chains that lead to one of them are kept. Default: none, so that no chain is.
	Roots *certificate.Roots

	// Allow lists special addresses that names of strangers may lead to, and addresses that may stand in a URL themselves. Default: none.
	Allow []netip.Prefix
	// Ports are those that may be asked. Default: 443 and 8443 (ATIS-1000080).
	Ports []uint16
	// WebRoots are the web PKI's, for the transport. Default: the system's.
	WebRoots *x509.CertPool
	// Resolver finds the addresses of names. Default: the system's DNS.
	Resolver Resolver
	// Dial makes a connection to an address that the guard has let pass. Default: TCP, with the guard asked again by the kernel's ear.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Deadline bounds one fetch, DNS to last octet. Default: 2 s.
	Deadline time.Duration
	// MaxSize and MaxCRL bound a chain and a CRL in octets. Default: 64 KiB and 1 MiB.
	MaxSize, MaxCRL int
	// Concurrent bounds how many fetches are under way at once: three quarters of it for strangers, half of one host and for one peer, a
	// quarter for one stranger. Default: 64.
	Concurrent int
	// Waiting bounds how many callers with a deadline wait at once, so that there are workers left for others: two thirds of it strangers,
	// half of it for one peer, a quarter for one host, a sixth for one stranger. Default: 48.
	Waiting int
	// Stranger is the budget of each stranger. Default: 16 at once, 30 a minute.
	Stranger Budget
	// Strangers is the budget of all strangers together. Default: 200 at once, 1200 a minute.
	Strangers Budget
	// Peer is the budget of each known peer. Default: 256 at once, 600 a minute.
	Peer Budget
	// Host is how often one host is asked on behalf of all. Default: 200 at once, 600 a minute.
	Host Budget

	// MinTTL and MaxTTL bound what Cache-Control and Expires ask for. Default: 1 min and 24 h.
	MinTTL, MaxTTL time.Duration
	// DefaultTTL is how long an answer is fresh that says nothing of it. Default: 1 h.
	DefaultTTL time.Duration
	// MaxStale is how long after that a chain may stand in while its host cannot be reached, unless the answer forbade it. Default: 24 h.
	MaxStale time.Duration
	// NegativeTTL is how long a host that failed is left alone, and an address that gave nothing. Default: 1 min.
	NegativeTTL time.Duration
	// Size bounds the number of chains, CRLs that of CRLs, Failed that of remembered failures. Default: 4096, 64, 8192.
	Size, CRLs, Failed int

	// Storage keeps what was fetched over a restart. Default: nothing does.
	Storage Storage
	// Now is the clock of the cache. Default: time.Now.
	Now func() time.Time
	// Log is told when the storage fails. Default: nobody is.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Ports == nil {
		c.Ports = []uint16{443, 8443}
	}
	if c.Resolver == nil {
		c.Resolver = &net.Resolver{PreferGo: true} // that one can be cancelled
	}
	if c.Dial == nil {
		c.Dial = dialer(c.Allow)
	}
	or(&c.Deadline, 2*time.Second)
	or(&c.MaxSize, certificate.MaxChainSize)
	or(&c.MaxCRL, certificate.MaxCRLSize)
	or(&c.Concurrent, 64)
	or(&c.Waiting, 48)
	or(&c.Stranger, Budget{16, 30})
	or(&c.Strangers, Budget{200, 1200})
	or(&c.Peer, Budget{256, 600})
	or(&c.Host, Budget{200, 600})
	or(&c.MinTTL, time.Minute)
	or(&c.MaxTTL, 24*time.Hour)
	or(&c.DefaultTTL, time.Hour)
	or(&c.MaxStale, 24*time.Hour)
	or(&c.NegativeTTL, time.Minute)
	or(&c.Size, 4096)
	or(&c.CRLs, 64)
	or(&c.Failed, 8192)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// or sets v to def where it is zero.
func or[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}
