package fetch

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
)

// ResolverAt returns a Resolver that asks these name servers, each in turn, and not those of the system.
func ResolverAt(servers []netip.AddrPort) Resolver {
	var turn atomic.Uint32
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, servers[int(turn.Add(1))%len(servers)].String())
	}}
}
