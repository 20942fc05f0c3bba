package locate

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"

	"gatehouse.example/sip"
)

// Config says how to ask DNS and what to believe. The zero value of each field
// but Servers stands for the default named in its comment.
type Config struct {
	// Servers are the recursive DNS servers, asked in this order; a server that
	// did not answer lately is asked last. See Servers for resolv.conf.
	Servers []netip.AddrPort
	// Hosts is text in the format of /etc/hosts. Its names need no DNS.
	Hosts string
	// Transports are those that we can send over, most preferred first. The
	// order decides where a domain has SRV but no NAPTR records. Default: TLS,
	// TCP, UDP, WSS, WS.
	Transports []sip.Transport

	// QueryTimeout bounds one question to one server. Default: 1 s.
	QueryTimeout time.Duration
	// Timeout bounds a look-up with all of its questions. Default: 5 s.
	Timeout time.Duration
	// StaleWait is how long a caller waits for fresh answers while an expired
	// one is at hand. Default: 400 ms, less than Timer A's first firing.
	StaleWait time.Duration
	// MaxStale is how long after its expiry an answer may stand in while DNS
	// does not answer (RFC 8767). Default: 24 h; negative: never.
	MaxStale time.Duration
	// MinTTL and MaxTTL bound how long answers are believed. Default: 1 s and 1 h.
	MinTTL, MaxTTL time.Duration
	// MaxNegativeTTL bounds how long "does not exist" is believed; the SOA
	// record may say less (RFC 2308 §5). Default: 60 s.
	MaxNegativeTTL time.Duration
	// CacheSize bounds the number of targets in the cache, and of hops whose
	// failures are remembered. Default: 4096.
	CacheSize int
	// MaxHops bounds the places tried for one request. Default: 8.
	MaxHops int
	// FailedFor is how long a failed hop comes last. Default: 30 s.
	FailedFor time.Duration
	// MaxBusy caps what a Retry-After can ask for. Default: 5 min.
	MaxBusy time.Duration

	// Allow lists special addresses that names of strangers may lead to.
	Allow []netip.Prefix
	// Own says whether an address is one of our listeners. No hop leads there.
	// Default: none is.
	Own func(netip.AddrPort) bool
	// Source returns the address that packets to dst leave from; false when dst
	// cannot be reached. It drives the address order of RFC 6724. Default: ask
	// the kernel's routing table.
	Source func(dst netip.Addr) (src netip.Addr, ok bool)
	// RandomCase varies the case of the letters in each question and wants it
	// back in the answer (draft-vixie-dnsext-dns0x20), against forged answers.
	// Some old servers do not play along.
	RandomCase bool
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Servers reads the name servers out of the text of a resolv.conf file.
func Servers(resolvConf string) ([]netip.AddrPort, error) {
	c, err := dns.ClientConfigFromReader(strings.NewReader(resolvConf))
	if err != nil {
		return nil, fmt.Errorf("locate: resolv.conf: %w", err)
	}
	var servers []netip.AddrPort
	for _, s := range c.Servers {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return nil, fmt.Errorf("locate: resolv.conf: %w", err)
		}
		servers = append(servers, netip.AddrPortFrom(a, 53))
	}
	return servers, nil
}

func (c Config) withDefaults() Config {
	if c.Transports == nil {
		c.Transports = []sip.Transport{sip.TLS, sip.TCP, sip.UDP, sip.WSS, sip.WS}
	}
	or(&c.QueryTimeout, time.Second)
	or(&c.Timeout, 5*time.Second)
	or(&c.StaleWait, 400*time.Millisecond)
	or(&c.MaxStale, 24*time.Hour)
	or(&c.MinTTL, time.Second)
	or(&c.MaxTTL, time.Hour)
	or(&c.MaxNegativeTTL, time.Minute)
	or(&c.CacheSize, 4096)
	or(&c.MaxHops, 8)
	or(&c.FailedFor, 30*time.Second)
	or(&c.MaxBusy, 5*time.Minute)
	if c.Own == nil {
		c.Own = func(netip.AddrPort) bool { return false }
	}
	if c.Source == nil {
		c.Source = routeSource
	}
	if c.Now == nil {
		c.Now = time.Now
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

// parseHosts reads text in the format of hosts(5).
func parseHosts(text string) map[string][]netip.Addr {
	hosts := make(map[string][]netip.Addr)
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		a, err := netip.ParseAddr(f[0])
		if err != nil {
			continue
		}
		for _, name := range f[1:] {
			name = strings.ToLower(strings.TrimSuffix(name, "."))
			hosts[name] = append(hosts[name], a.Unmap().WithZone(""))
		}
	}
	return hosts
}
