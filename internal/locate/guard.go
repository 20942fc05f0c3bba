package locate

import (
	"fmt"
	"net/netip"
)

// Prefixes with a meaning of their own (RFC 6890 and the IANA registries of
// special-purpose addresses).
var (
	prefix6to4      = netip.MustParsePrefix("2002::/16")
	prefixNAT64     = netip.MustParsePrefix("64:ff9b::/96")
	prefixTeredo    = netip.MustParsePrefix("2001::/32")
	prefixULA       = netip.MustParsePrefix("fc00::/7")
	prefixSiteLocal = netip.MustParsePrefix("fec0::/10")

	special = [...]netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("100.64.0.0/10"),
		netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"),
		netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("64:ff9b:1::/48"),
		netip.MustParsePrefix("100::/64"),
		prefixTeredo, prefixULA, prefixSiteLocal,
	}
)

// Permitted says whether a request that a stranger steers may go to an address:
// not to one that is ours, private, loopback, link-local, multicast or
// unspecified, in whatever way it is written, unless Config.Allow holds it. The
// guard applies it to each address that a name resolves to. Literals that come
// out of received messages are the caller's to ask about.
func (r *Resolver) Permitted(a netip.AddrPort) error {
	if err := r.possible(a); err != nil {
		return err
	}
	addr := a.Addr().Unmap()
	for _, p := range r.cfg.Allow {
		if p.Contains(addr) {
			return nil
		}
	}
	if inner, ok := embedded(addr); ok {
		return r.Permitted(netip.AddrPortFrom(inner, a.Port()))
	}
	if addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() {
		return fmt.Errorf("%w: %s is private", ErrDenied, addr)
	}
	for _, p := range special {
		if p.Contains(addr) {
			return fmt.Errorf("%w: %s is in %s", ErrDenied, addr, p)
		}
	}
	return nil
}

// possible refuses what no server can have, and ourselves.
func (r *Resolver) possible(a netip.AddrPort) error {
	addr := a.Addr().Unmap()
	switch {
	case addr.IsUnspecified(), addr.IsMulticast(), addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return ErrDenied
	case r.cfg.Own(netip.AddrPortFrom(addr, a.Port())):
		return ErrDenied
	}
	return nil
}

// embedded returns the IPv4 address that an IPv6 address of a translator leads
// to: 6to4 (RFC 3056) and NAT64 (RFC 6052).
func embedded(a netip.Addr) (netip.Addr, bool) {
	b := a.As16()
	switch {
	case !a.Is6():
	case prefix6to4.Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	case prefixNAT64.Contains(a):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	}
	return netip.Addr{}, false
}
