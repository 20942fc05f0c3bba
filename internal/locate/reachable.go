package locate

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// Reachable tells whether any of the DNS servers answers, whatever it says. All
// are asked at once, for what each recursive server knows; nothing is cached.
func (r *Resolver) Reachable(ctx context.Context) error {
	servers := r.cfg.Servers
	if len(servers) == 0 {
		return ErrNoServers
	}
	failures := make(chan error, len(servers))
	for _, s := range servers {
		go func() {
			_, err := r.client.exchange(ctx, "udp", s, question(".", dns.TypeNS, false))
			if err != nil {
				err = fmt.Errorf("locate: the DNS server %s does not answer: %w", s, err)
			}
			failures <- err
		}()
	}
	var err error
	for range servers {
		if err = <-failures; err == nil {
			return nil
		}
	}
	return err
}

// Asks tells whether DNS has to be asked where a host is: it is neither an IP
// address nor in the hosts file.
func (r *Resolver) Asks(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err != nil && len(r.hosts[strings.ToLower(strings.TrimSuffix(host, "."))]) == 0
}
